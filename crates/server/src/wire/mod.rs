//! How things look on the wire: names and shapes of the Work API.

pub(crate) mod container;
pub(crate) mod document;
pub(crate) mod fields;
pub(crate) mod log;
pub(crate) mod profile;
pub(crate) mod projection;
pub(crate) mod security;
pub(crate) mod types;
