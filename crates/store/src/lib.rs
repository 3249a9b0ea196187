#![doc = include_str!("../README.md")]

pub mod access;
pub mod applications;
pub mod audit;
pub mod clients;
pub mod codes;
pub mod containers;
pub mod device_codes;
pub mod documents;
pub mod ends;
mod engine;
pub mod entries;
pub mod error;
pub mod explaining;
pub mod filing;
pub mod grants;
pub mod groups;
pub mod history;
mod inheritance;
pub mod libraries;
pub mod listing;
pub mod locks;
mod moving;
mod names;
pub mod once;
pub mod pairs;
pub mod recent;
pub mod renewals;
mod schema;
pub mod security;
mod token_hash;
pub mod trash;
pub mod users;
pub mod walls;

pub use engine::Store;
pub use error::StoreError;
