//! The product as people use it: real server, real agent, real command line.
//!
//! What moves much or kills much is in modules named `heavy`, which run one
//! after the other (`.config/nextest.toml`).

mod access;
mod activation;
mod administration;
mod authorization;
mod backpressure;
mod backup;
mod bad_uploads;
mod bad_words;
mod browser;
mod browser_sign_in;
mod changes;
mod command_line;
mod connecting;
mod crash;
mod desktop;
mod doctor;
mod encrypted;
mod expiry;
mod guessing;
mod hostile_callers;
mod kerberos;
mod libreoffice;
mod lists;
mod logs;
mod lying_servers;
mod lying_sessions;
mod moving;
mod native_messaging;
mod one_connection;
mod one_reading;
mod packages;
mod policy;
mod prompts;
mod rates;
mod real_use;
mod restart;
mod sample_matter;
mod screen_reader;
mod servers;
mod sessions;
mod several_servers;
mod sign_in_page;
mod signing_in;
mod soak;
mod tables;
mod through_a_proxy;
mod thunderbird;
mod transfer;
mod uses;
mod weather;
mod window;
mod windows;
mod working;
