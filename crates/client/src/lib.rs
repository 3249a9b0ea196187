#![doc = include_str!("../README.md")]

pub mod local;
pub mod remote;
