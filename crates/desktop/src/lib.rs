#![doc = include_str!("../README.md")]

pub mod fonts;
pub mod link;
pub mod model;
pub mod painter;
pub mod picture;
pub mod program;
pub mod script;
pub mod theme;
pub mod time;
pub mod trouble;
pub mod view;
pub mod words;
