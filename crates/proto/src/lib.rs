#![doc = include_str!("../README.md")]

pub mod clock;
pub mod discovery;
pub mod error;
pub mod headers;
pub mod ids;
pub mod label;
pub mod level;
pub mod local;
pub mod secret;
pub mod session;
pub mod work;
