//! As what somebody signs in.

/// As what somebody signs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Persona {
    /// As anybody else.
    User,
    /// As an administrator: sees everything, changes settings.
    Administrator,
}

impl Persona {
    /// The word that is kept and travels.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Administrator => "admin",
        }
    }

    /// The persona of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "user" => Some(Self::User),
            "admin" => Some(Self::Administrator),
            _ => None,
        }
    }
}
