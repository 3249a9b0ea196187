//! API levels and what a server of a level can do: the **one** table.
//!
//! Every feature asks [`capabilities_of`] or a server's own announcement;
//! nothing else in the code compares versions.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The first three numbers of a server's version, for example 10.4.0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiLevel(pub u32, pub u32, pub u32);

impl ApiLevel {
    /// The level that Chancery's own server speaks.
    pub const CURRENT: Self = Self(10, 4, 5);
    /// From here on everything works.
    pub const FULL: Self = Self(10, 4, 0);
    /// The oldest level that a client still connects to.
    pub const OLDEST: Self = Self(10, 3, 3);

    /// Reads the first three numbers of a version such as `10.4.5.112`.
    ///
    /// ```
    /// use chancery_proto::level::ApiLevel;
    /// assert_eq!(ApiLevel::parse("10.3.4.12"), Some(ApiLevel(10, 3, 4)));
    /// assert_eq!(ApiLevel::parse("ten"), None);
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.trim().split('.').map(|part| {
            let plain = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            if plain {
                part.parse::<u32>().ok()
            } else {
                None
            }
        });
        let first = numbers.next()??;
        let second = numbers.next()??;
        let third = match numbers.next() {
            Some(number) => number?,
            None => 0,
        };
        Some(Self(first, second, third))
    }
}

impl fmt::Display for ApiLevel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// Something that a server may or may not be able to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Capability {
    /// Every authenticated answer tells how long the session still lives.
    #[serde(rename = "session.lifetime_headers")]
    SessionLifetimeHeaders,
    /// A request can be marked as background, so that it does not count as use.
    #[serde(rename = "session.background")]
    SessionBackground,
    /// `Idempotency-Key` makes a repeated upload one document.
    #[serde(rename = "idempotency")]
    Idempotency,
    /// Changes are pushed as server-sent events.
    #[serde(rename = "events.stream")]
    EventsStream,
    /// A message in the mailbox shows that it is filed.
    #[serde(rename = "mail.filing_status")]
    MailFilingStatus,
    /// A part of a document can be fetched by range.
    #[serde(rename = "documents.ranges")]
    DocumentsRanges,
}

impl Capability {
    /// The name that travels.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SessionLifetimeHeaders => "session.lifetime_headers",
            Self::SessionBackground => "session.background",
            Self::Idempotency => "idempotency",
            Self::EventsStream => "events.stream",
            Self::MailFilingStatus => "mail.filing_status",
            Self::DocumentsRanges => "documents.ranges",
        }
    }

    /// The capability of that name, if this version knows it.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        TABLE
            .iter()
            .map(|row| row.capability)
            .find(|capability| capability.name() == name)
    }

    /// What a person misses where it is absent.
    #[must_use]
    pub fn missing_means(self) -> &'static str {
        match self {
            Self::SessionLifetimeHeaders => {
                "The server does not tell how long a session still lives."
            }
            Self::SessionBackground => {
                "Nothing is refreshed in the background, so that an idle session can end."
            }
            Self::Idempotency => {
                "If an answer is lost, an upload may have to be checked before it is sent again."
            }
            Self::EventsStream => "Changes made elsewhere show after a refresh.",
            Self::MailFilingStatus => "Messages in the mailbox do not show that they are filed.",
            Self::DocumentsRanges => "A broken download starts again from the beginning.",
        }
    }
}

/// Who has a capability that a server does not announce itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Derived {
    /// Any server of this level or later.
    From(ApiLevel),
    /// Only a server that announces it.
    Announced,
}

struct Row {
    capability: Capability,
    derived: Derived,
}

const TABLE: &[Row] = &[
    Row {
        capability: Capability::SessionLifetimeHeaders,
        derived: Derived::Announced,
    },
    Row {
        capability: Capability::SessionBackground,
        derived: Derived::Announced,
    },
    Row {
        capability: Capability::Idempotency,
        derived: Derived::Announced,
    },
    Row {
        capability: Capability::EventsStream,
        derived: Derived::Announced,
    },
    Row {
        capability: Capability::MailFilingStatus,
        derived: Derived::From(ApiLevel::FULL),
    },
    Row {
        capability: Capability::DocumentsRanges,
        derived: Derived::Announced,
    },
];

/// Every capability this version knows, in the order they are shown.
pub fn all_capabilities() -> impl Iterator<Item = Capability> {
    TABLE.iter().map(|row| row.capability)
}

/// What a server can do, from its level and what it announces.
///
/// A server below [`ApiLevel::FULL`] has none of them, whatever it says.
///
/// ```
/// use chancery_proto::level::{ApiLevel, Capability, capabilities_of};
/// assert!(capabilities_of(Some(ApiLevel(10, 3, 4)), None).is_empty());
/// assert_eq!(capabilities_of(Some(ApiLevel(10, 4, 0)), None), [Capability::MailFilingStatus]);
/// ```
#[must_use]
pub fn capabilities_of(level: Option<ApiLevel>, announced: Option<&[String]>) -> Vec<Capability> {
    if level.is_some_and(|level| level < ApiLevel::FULL) {
        return Vec::new();
    }
    TABLE
        .iter()
        .filter(|row| match (announced, row.derived) {
            (Some(names), _) => names.iter().any(|name| name == row.capability.name()),
            (None, Derived::From(from)) => level.is_some_and(|level| level >= from),
            (None, Derived::Announced) => false,
        })
        .map(|row| row.capability)
        .collect()
}

/// What the version at the door means for a client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Gate {
    /// 10.4.0 or later: everything.
    Full,
    /// From 10.3.3 up to below 10.4.0: connects, and these will not work.
    Limited {
        /// What the server cannot do.
        missing: Vec<Capability>,
    },
    /// Older than 10.3.3: no connection.
    Refused {
        /// The version it gave.
        version: String,
    },
    /// The version could not be read: connects with a warning.
    Unreadable {
        /// What it gave instead.
        version: String,
    },
}

/// Decides at the door, by the first three numbers of `version`.
///
/// ```
/// use chancery_proto::level::{Gate, gate};
/// assert_eq!(gate("10.4.0", None), Gate::Full);
/// assert_eq!(gate("10.3.2", None), Gate::Refused { version: "10.3.2".into() });
/// assert!(matches!(gate("10.3.4", None), Gate::Limited { .. }));
/// assert!(matches!(gate("next", None), Gate::Unreadable { .. }));
/// ```
#[must_use]
pub fn gate(version: &str, announced: Option<&[String]>) -> Gate {
    match ApiLevel::parse(version) {
        None => Gate::Unreadable {
            version: version.to_owned(),
        },
        Some(level) if level < ApiLevel::OLDEST => Gate::Refused {
            version: version.to_owned(),
        },
        Some(level) if level < ApiLevel::FULL => {
            let present = capabilities_of(Some(level), announced);
            Gate::Limited {
                missing: all_capabilities()
                    .filter(|one| !present.contains(one))
                    .collect(),
            }
        }
        Some(_) => Gate::Full,
    }
}

#[cfg(test)]
mod tests {
    use super::{ApiLevel, Capability, all_capabilities, capabilities_of};

    #[test]
    fn names_and_serialised_names_agree() {
        for capability in all_capabilities() {
            let json = serde_json::to_string(&capability).expect("serialises");
            assert_eq!(json, format!("\"{}\"", capability.name()));
            assert_eq!(Capability::from_name(capability.name()), Some(capability));
        }
    }

    #[test]
    fn a_server_below_the_full_level_has_no_capability_whatever_it_announces() {
        let announced = vec!["documents.ranges".to_owned()];
        assert!(capabilities_of(Some(ApiLevel(10, 3, 9)), Some(&announced)).is_empty());
        assert_eq!(
            capabilities_of(Some(ApiLevel(10, 4, 0)), Some(&announced)),
            [Capability::DocumentsRanges]
        );
    }

    #[test]
    fn only_the_first_three_numbers_count() {
        assert_eq!(ApiLevel::parse("10.4"), Some(ApiLevel(10, 4, 0)));
        assert_eq!(ApiLevel::parse("10.4.5.99-beta"), Some(ApiLevel(10, 4, 5)));
        assert_eq!(ApiLevel::parse("10"), None);
        assert_eq!(ApiLevel::parse("10.x.1"), None);
        assert_eq!(ApiLevel::parse("99999999999.1.1"), None);
    }
}
