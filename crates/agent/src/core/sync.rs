//! The locks that the single flight is built on; its model check puts others
//! in their place.

pub(crate) use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
