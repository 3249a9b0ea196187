#![doc = include_str!("../README.md")]

pub mod caller;
pub mod chaos;
pub mod home;
pub mod http;
pub mod keyring;
pub mod lying;
pub mod memory;
pub mod metrics;
pub mod papers;
pub mod pattern;
pub mod programs;
pub mod screen;
pub mod server;
pub mod waiting;
pub mod web_proxy;
pub mod wine;

pub use chaos::ChaosProxy;
pub use home::TestHome;
pub use http::{Answer, Request, Target};
pub use pattern::Pattern;
pub use screen::Screen;
pub use server::TestServer;
pub use wine::WindowsHome;
