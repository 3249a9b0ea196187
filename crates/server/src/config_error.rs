//! Why a configuration cannot be used.

use std::path::PathBuf;

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// The file cannot be read.
    #[error(
        "The configuration {0} cannot be read: {1}. Give the path of a file that is there and readable."
    )]
    Unreadable(PathBuf, #[source] std::io::Error),
    /// The file is no configuration.
    #[error("The configuration {0} has a mistake:\n{1}")]
    Mistake(PathBuf, #[source] Box<toml::de::Error>),
    /// Two settings do not go together.
    #[error("{0}")]
    Contradiction(String),
}
