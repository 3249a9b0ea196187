#![doc = include_str!("../README.md")]

pub mod agent_process;
pub mod alarm;
pub mod autostart;
#[cfg(target_os = "linux")]
mod bus;
pub mod clock;
#[cfg(unix)]
mod descriptor;
pub mod desktop_program;
pub mod directories;
pub mod directory_watch;
pub mod drop_target;
pub mod file_names;
pub mod keyring;
pub mod limits;
pub mod logon;
pub mod machine;
pub mod mozilla;
pub mod network;
pub mod notification;
pub mod opener;
pub mod private_file;
pub mod process_end;
pub mod programs;
pub mod proxy;
pub mod screen;
pub mod singleton;
pub mod socket;
pub mod status_icon;
pub mod tcp;
pub mod terminal;
#[cfg(windows)]
mod windows;
pub mod wording;
