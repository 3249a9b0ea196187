//! Who may do what: one pure function, and the same rule as a condition of a query.

use crate::StoreError;
use chancery_proto::work::DefaultSecurity;

/// What somebody may do with an item. Each level includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Access {
    /// Not even know that it is there.
    None,
    /// See it and fetch it.
    Read,
    /// Change it.
    ReadWrite,
    /// Delete it.
    Full,
    /// Say who else may.
    ChangeSecurity,
}

impl Access {
    /// The word that travels.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "no_access",
            Self::Read => "read",
            Self::ReadWrite => "read_write",
            Self::Full => "full_access",
            Self::ChangeSecurity => "change_security",
        }
    }

    /// The number that travels beside the word.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Read => 1,
            Self::ReadWrite => 2,
            Self::Full => 3,
            Self::ChangeSecurity => 4,
        }
    }
}

/// Whoever asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The user's key (see [`crate::users::key_of`]).
    pub user: String,
    /// A session of an administrator that was signed in as one.
    pub administrator: bool,
    /// From outside the firm: no access by default.
    pub external: bool,
}

impl Principal {
    /// The server itself, for its own commands.
    #[must_use]
    pub fn system(user: &str) -> Self {
        Self {
            user: crate::users::key_of(user),
            administrator: true,
            external: false,
        }
    }
}

/// What of an item decides: security is never `inherit` here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts<'a> {
    /// The security that holds, after inheritance.
    pub security: DefaultSecurity,
    /// Keys of the people it belongs to: author and operator, or owner.
    pub owners: [&'a str; 2],
}

/// The effective access: administrators, then owners, then the default.
///
/// ```
/// use chancery_proto::work::DefaultSecurity;
/// use chancery_store::access::{Access, Facts, Principal, effective};
/// let ann = Principal { user: "ann".into(), administrator: false, external: false };
/// let private = Facts { security: DefaultSecurity::Private, owners: ["bob", "bob"] };
/// assert_eq!(effective(&ann, private), Access::None);
/// ```
#[must_use]
pub fn effective(who: &Principal, item: Facts<'_>) -> Access {
    if who.administrator || item.owners.contains(&who.user.as_str()) {
        return Access::ChangeSecurity;
    }
    match item.security {
        _ if who.external => Access::None,
        DefaultSecurity::Public => Access::Full,
        DefaultSecurity::View => Access::Read,
        DefaultSecurity::Private | DefaultSecurity::Inherit => Access::None,
    }
}

/// What somebody is told who may see an item but not do that much with it.
pub(crate) fn refusal(needed: Access) -> StoreError {
    StoreError::NoAccess(match needed {
        Access::ReadWrite => "You may look at this but not change it. Ask its owner for access.",
        Access::Full => "You may not delete this. Ask its owner for access.",
        _ => "You may not change who has access to this. Ask its owner.",
    })
}

pub(crate) fn security_number(security: DefaultSecurity) -> i64 {
    match security {
        DefaultSecurity::Inherit => 0,
        DefaultSecurity::Public => 1,
        DefaultSecurity::View => 2,
        DefaultSecurity::Private => 3,
    }
}

pub(crate) fn security_of(number: i64) -> DefaultSecurity {
    match number {
        0 => DefaultSecurity::Inherit,
        1 => DefaultSecurity::Public,
        2 => DefaultSecurity::View,
        _ => DefaultSecurity::Private,
    }
}

/// The same rule for a version `v` in a query. `?1` is the user, `?2` whether
/// the default counts for nothing (external), `?3` whether everything is seen.
pub(crate) const VERSION_IS_READABLE: &str =
    "(?3 OR v.author = ?1 OR v.operator = ?1 OR (NOT ?2 AND v.effective_security IN (1, 2)))";

/// The same for a container `c`.
pub(crate) const CONTAINER_IS_READABLE: &str =
    "(?3 OR c.owner = ?1 OR (NOT ?2 AND c.effective_security IN (1, 2)))";
