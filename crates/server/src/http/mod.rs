//! The way in and out, the same for every route.

pub(crate) mod body;
pub(crate) mod caller;
pub(crate) mod cookies;
pub(crate) mod counters;
pub(crate) mod entry;
pub(crate) mod error;
pub(crate) mod host;
pub(crate) mod ids;
pub(crate) mod limits;
pub(crate) mod listener;
pub(crate) mod origin;
pub(crate) mod paths;
pub(crate) mod query;
pub(crate) mod respond;
