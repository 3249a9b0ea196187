//! Ids as they travel: `LIB!12.3` for a document, `LIB!12` for a container.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Why a text is no id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// There is no `!`, or nothing before it.
    #[error("an id begins with its library and “!”, for example ACTIVE!12")]
    NoLibrary,
    /// The library's name has characters that no library has.
    #[error("a library's name has 1 to 64 letters, digits, “_” or “-”")]
    BadLibrary,
    /// The number is missing, not a number, zero or too large.
    #[error("the number after “!” must be between 1 and 9007199254740991")]
    BadNumber,
    /// The version is missing, not a number, zero or too large.
    #[error("the version after “.” must be between 1 and 2147483647")]
    BadVersion,
}

/// The largest number that a JavaScript client can hold exactly.
const MAX_NUMBER: u64 = 9_007_199_254_740_991;

/// A library's alias, for example `ACTIVE`. Compared without regard to case
/// and kept in upper case.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LibraryAlias(String);

impl LibraryAlias {
    /// The alias in upper case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for LibraryAlias {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let fits = (1..=64).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
        if fits {
            Ok(Self(text.to_ascii_uppercase()))
        } else {
            Err(IdError::BadLibrary)
        }
    }
}

impl TryFrom<String> for LibraryAlias {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<LibraryAlias> for String {
    fn from(alias: LibraryAlias) -> Self {
        alias.0
    }
}

impl fmt::Display for LibraryAlias {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// One version of one document: `LIB!12.3`.
///
/// ```
/// use chancery_proto::ids::DocumentId;
/// let id: DocumentId = "active!12.3".parse()?;
/// assert_eq!((id.number, id.version), (12, 3));
/// assert_eq!(id.to_string(), "ACTIVE!12.3");
/// assert!("ACTIVE!12".parse::<DocumentId>().is_err());
/// # Ok::<(), chancery_proto::ids::IdError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DocumentId {
    /// The library that keeps it.
    pub library: LibraryAlias,
    /// The document's number in the library.
    pub number: u64,
    /// The version, from 1.
    pub version: u32,
}

/// A workspace, folder, tab, search folder or shortcut: `LIB!12`.
///
/// ```
/// use chancery_proto::ids::ContainerId;
/// let id: ContainerId = "ACTIVE!7".parse()?;
/// assert_eq!(id.to_string(), "ACTIVE!7");
/// # Ok::<(), chancery_proto::ids::IdError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ContainerId {
    /// The library that keeps it.
    pub library: LibraryAlias,
    /// The container's number in the library.
    pub number: u64,
}

fn split_library(text: &str) -> Result<(LibraryAlias, &str), IdError> {
    let (library, rest) = text.split_once('!').ok_or(IdError::NoLibrary)?;
    if library.is_empty() {
        return Err(IdError::NoLibrary);
    }
    Ok((library.parse()?, rest))
}

/// Only plain digits: `+1`, ` 1` and `１` are no numbers here.
fn digits(text: &str) -> Option<u64> {
    let plain = (1..=16).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

fn number(text: &str) -> Result<u64, IdError> {
    digits(text)
        .filter(|number| (1..=MAX_NUMBER).contains(number))
        .ok_or(IdError::BadNumber)
}

impl FromStr for DocumentId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let (library, rest) = split_library(text)?;
        let (number_text, version_text) = rest.split_once('.').ok_or(IdError::BadVersion)?;
        let version = digits(version_text)
            .and_then(|version| i32::try_from(version).ok())
            .and_then(|version| u32::try_from(version).ok())
            .filter(|version| *version >= 1)
            .ok_or(IdError::BadVersion)?;
        Ok(Self {
            library,
            number: number(number_text)?,
            version,
        })
    }
}

impl FromStr for ContainerId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let (library, rest) = split_library(text)?;
        Ok(Self {
            library,
            number: number(rest)?,
        })
    }
}

impl fmt::Display for DocumentId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{}!{}.{}",
            self.library, self.number, self.version
        )
    }
}

impl fmt::Display for ContainerId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}!{}", self.library, self.number)
    }
}

macro_rules! text_conversions {
    ($($id:ty),*) => {$(
        impl TryFrom<String> for $id {
            type Error = IdError;

            fn try_from(text: String) -> Result<Self, IdError> {
                text.parse()
            }
        }

        impl From<$id> for String {
            fn from(id: $id) -> Self {
                id.to_string()
            }
        }
    )*};
}
text_conversions!(DocumentId, ContainerId);

#[cfg(test)]
mod tests {
    use super::{ContainerId, DocumentId, IdError};
    use proptest::prelude::*;

    #[test]
    fn an_id_that_is_none_says_why() {
        let reason = |text: &str| text.parse::<DocumentId>().expect_err("must be refused");
        assert_eq!(reason("12.1"), IdError::NoLibrary);
        assert_eq!(reason("!12.1"), IdError::NoLibrary);
        assert_eq!(reason("A/B!12.1"), IdError::BadLibrary);
        assert_eq!(reason("A!0.1"), IdError::BadNumber);
        assert_eq!(reason("A!-1.1"), IdError::BadNumber);
        assert_eq!(reason("A!9007199254740992.1"), IdError::BadNumber);
        assert_eq!(reason("A!1"), IdError::BadVersion);
        assert_eq!(reason("A!1.0"), IdError::BadVersion);
        assert_eq!(reason("A!1.2147483648"), IdError::BadVersion);
        assert_eq!(reason("A!1.1.1"), IdError::BadVersion);
    }

    proptest! {
        #[test]
        fn every_id_reads_back_as_itself(library in "[A-Z0-9_-]{1,64}", number in 1u64..=9_007_199_254_740_991, version in 1u32..=2_147_483_647) {
            let document = format!("{library}!{number}.{version}");
            prop_assert_eq!(document.parse::<DocumentId>().expect("an id").to_string(), document);
            let container = format!("{library}!{number}");
            prop_assert_eq!(container.parse::<ContainerId>().expect("an id").to_string(), container);
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in "\\PC*") {
            let _ = text.parse::<DocumentId>();
            let _ = text.parse::<ContainerId>();
        }
    }
}
