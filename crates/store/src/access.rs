//! Who may do what: one pure function, and the same rule as a condition of a query.

use crate::StoreError;
use crate::entries::{Entries, Trustee};
use chancery_proto::work::DefaultSecurity;
use std::sync::Arc;

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

    /// The access of that word.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let all = [
            Self::None,
            Self::Read,
            Self::ReadWrite,
            Self::Full,
            Self::ChangeSecurity,
        ];
        all.into_iter().find(|access| access.as_str() == name)
    }

    /// The access of that number; whatever is none of them gives none.
    #[must_use]
    pub fn from_number(number: i64) -> Self {
        match number {
            1 => Self::Read,
            2 => Self::ReadWrite,
            3 => Self::Full,
            4 => Self::ChangeSecurity,
            _ => Self::None,
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

/// With what and from where somebody asks, for the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Via {
    /// Their application.
    pub application: Arc<str>,
    /// Their address.
    pub address: Arc<str>,
}

impl Default for Via {
    fn default() -> Self {
        Self {
            application: Arc::from(""),
            address: Arc::from(""),
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
    /// The server itself, for its own commands: no wall holds it back.
    pub server: bool,
    /// With what and from where.
    pub via: Via,
}

impl Principal {
    /// The server itself, for its own commands.
    #[must_use]
    pub fn system(user: &str) -> Self {
        Self {
            user: crate::users::key_of(user),
            administrator: true,
            external: false,
            server: true,
            via: Via::default(),
        }
    }

    /// The same person, for the answer to what they have just done.
    pub(crate) fn beyond_walls(self) -> Self {
        Self {
            administrator: true,
            server: true,
            ..self
        }
    }

    /// What a query is told of it, as `?3`: 2 for the server, 1 for an
    /// administrator.
    pub(crate) fn standing(&self) -> i64 {
        match (self.server, self.administrator) {
            (true, _) => 2,
            (false, true) => 1,
            (false, false) => 0,
        }
    }
}

/// What of an item decides, for whoever asks: security is never `inherit` here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts<'a> {
    /// Whether it is behind a wall that they are not inside of.
    pub walled: bool,
    /// Keys of the people it belongs to: author and operator, or owner.
    pub owners: [&'a str; 2],
    /// What an entry gives them: their own one, else the most that one of a group
    /// of theirs gives.
    pub granted: Option<Access>,
    /// The security that holds, after inheritance.
    pub security: DefaultSecurity,
}

/// Which part of the rule decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Because {
    /// The server does it itself.
    Server,
    /// A wall is before it.
    Wall,
    /// They signed in as an administrator.
    Administrator,
    /// It is theirs.
    Owner,
    /// An entry gives or denies it.
    Entry,
    /// No entry, and they are from outside.
    Outside,
    /// No entry, and so the default.
    Default,
}

/// The effective access, and why. Walls come first and stop everybody, then
/// administrators, then owners, then entries, then the default, which counts for
/// nobody from outside.
///
/// ```
/// use chancery_proto::work::DefaultSecurity;
/// use chancery_store::access::{Access, Because, Facts, Principal, Via, decide};
/// let ann = Principal {
///     user: "ann".into(),
///     administrator: false,
///     external: false,
///     server: false,
///     via: Via::default(),
/// };
/// let private = Facts {
///     walled: false,
///     owners: ["bob", "bob"],
///     granted: None,
///     security: DefaultSecurity::Private,
/// };
/// assert_eq!(decide(&ann, private), (Access::None, Because::Default));
/// let granted = Facts { granted: Some(Access::Read), ..private };
/// assert_eq!(decide(&ann, granted), (Access::Read, Because::Entry));
/// ```
#[must_use]
pub fn decide(who: &Principal, item: Facts<'_>) -> (Access, Because) {
    if who.server {
        return (Access::ChangeSecurity, Because::Server);
    }
    if item.walled {
        return (Access::None, Because::Wall);
    }
    if who.administrator {
        return (Access::ChangeSecurity, Because::Administrator);
    }
    if item.owners.contains(&who.user.as_str()) {
        return (Access::ChangeSecurity, Because::Owner);
    }
    if let Some(granted) = item.granted {
        return (granted, Because::Entry);
    }
    if who.external {
        return (Access::None, Because::Outside);
    }
    let access = match item.security {
        DefaultSecurity::Public => Access::Full,
        DefaultSecurity::View => Access::Read,
        DefaultSecurity::Private | DefaultSecurity::Inherit => Access::None,
    };
    (access, Because::Default)
}

/// As [`decide`], without the reason.
#[must_use]
pub fn effective(who: &Principal, item: Facts<'_>) -> Access {
    decide(who, item).0
}

/// What entries give somebody who is in those groups, and which ones: their own
/// entry, whatever it says; else the most that one of a group of theirs gives.
#[must_use]
pub fn granted<'a>(
    user: &str,
    groups: &[String],
    entries: &'a Entries,
) -> Option<(Access, &'a Trustee)> {
    let own = Trustee::User(user.to_owned());
    if let Some((trustee, access)) = entries.get_key_value(&own) {
        return Some((*access, trustee));
    }
    let groups = groups.iter().filter_map(|group| {
        let (trustee, access) = entries.get_key_value(&Trustee::Group(group.clone()))?;
        Some((*access, trustee))
    });
    groups.max_by_key(|(access, _)| *access)
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

/// The groups of the user `?1`, as entries name them.
macro_rules! my_groups {
    () => {
        "SELECT 'g:' || m.grp FROM members m JOIN groups gr ON gr.key = m.grp WHERE m.user = ?1 AND gr.enabled"
    };
}

/// What an entry gives the user `?1` of that item: a number, or NULL.
macro_rules! granted {
    ($item:literal) => {
        concat!(
            "CASE WHEN ",
            $item,
            ".entries = 0 THEN NULL ELSE COALESCE(\
             (SELECT en.level FROM entries en WHERE en.set_id = ",
            $item,
            ".entries AND en.trustee = 'u:' || ?1), \
             (SELECT MAX(en.level) FROM entries en WHERE en.set_id = ",
            $item,
            ".entries AND en.trustee IN (",
            my_groups!(),
            "))) END"
        )
    };
}

/// Whether that workspace is behind a wall that the user `?1` is not inside of.
macro_rules! walled {
    ($library:literal, $workspace:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM walled wa WHERE wa.library = ",
            $library,
            " AND wa.workspace = ",
            $workspace,
            " AND NOT EXISTS (SELECT 1 FROM insiders i WHERE i.wall = wa.wall AND (i.trustee = 'u:' || ?1 OR i.trustee IN (",
            my_groups!(),
            "))))"
        )
    };
}

/// The rule of [`effective`], as far as reading goes, as a condition: `?1` is
/// the user, `?2` whether they are from outside, `?3` their standing.
macro_rules! readable {
    ($item:literal, $owned:literal, $library:literal, $workspace:literal) => {
        concat!(
            "(?3 > 1 OR (NOT ",
            walled!($library, $workspace),
            " AND (?3 > 0 OR ",
            $owned,
            " OR CASE WHEN ",
            $item,
            ".entries = 0 THEN NOT ?2 AND ",
            $item,
            ".effective_security IN (1, 2) ELSE COALESCE(",
            granted!($item),
            ", NOT ?2 AND ",
            $item,
            ".effective_security IN (1, 2)) > 0 END)))"
        )
    };
}

/// For a version `v` of a document `d`: what is granted, and whether a wall is
/// before it.
pub(crate) const VERSION_FACTS: &str =
    concat!(granted!("v"), ", ", walled!("v.library", "d.workspace"));

/// The same for a container `c`.
pub(crate) const CONTAINER_FACTS: &str =
    concat!(granted!("c"), ", ", walled!("c.library", "c.workspace"));

/// Whether a version `v` of a document `d` may be read.
pub(crate) const VERSION_IS_READABLE: &str = readable!(
    "v",
    "v.author = ?1 OR v.operator = ?1",
    "v.library",
    "d.workspace"
);

/// The same for the line `e` of an item that is gone.
pub(crate) const GONE_IS_READABLE: &str = readable!(
    "e",
    "e.owner = ?1 OR e.operator = ?1",
    "e.library",
    "e.root"
);

/// The same for a container `c`.
pub(crate) const CONTAINER_IS_READABLE: &str =
    readable!("c", "c.owner = ?1", "c.library", "c.workspace");
