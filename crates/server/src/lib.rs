#![doc = include_str!("../README.md")]

mod app;
pub mod commands;
mod config;
mod config_error;
mod data_directory;
mod feed;
#[doc(hidden)]
pub mod fuzzing;
mod http;
mod pages;
mod routes;
pub mod sample;
mod session_store;
mod trusted;
mod wire;
