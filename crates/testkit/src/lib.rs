#![doc = include_str!("../README.md")]

pub mod caller;
pub mod chaos;
pub mod directory;
pub mod display;
pub mod framebuffer;
pub mod home;
pub mod http;
pub mod keyring;
pub mod lying;
pub mod marionette;
pub mod memory;
pub mod metrics;
pub mod papers;
pub mod pattern;
pub mod programs;
pub mod realm;
pub mod screen;
pub mod server;
pub mod thunderbird;
pub mod waiting;
pub mod web_driver;
pub mod web_proxy;
pub mod wine;

pub use chaos::ChaosProxy;
pub use directory::Directory;
pub use display::Display;
pub use home::TestHome;
pub use http::{Answer, Request, Target};
pub use pattern::Pattern;
pub use realm::Realm;
pub use screen::Screen;
pub use server::TestServer;
pub use thunderbird::Thunderbird;
pub use web_driver::WebDriver;
pub use wine::WindowsHome;
