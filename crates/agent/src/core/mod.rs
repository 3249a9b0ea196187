//! What is decided without asking anything: pure, and tested by itself.

pub(crate) mod derive;
pub(crate) mod life;
pub(crate) mod paths;
pub(crate) mod wording;
