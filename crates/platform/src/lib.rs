#![doc = include_str!("../README.md")]

pub mod agent_process;
pub mod directories;
pub mod keyring;
pub mod machine;
pub mod private_file;
pub mod singleton;
pub mod socket;
