//! The security of workspaces, folders and documents: reading it and changing it.

use crate::access::{Access, Principal, security_number};
use crate::audit;
use crate::entries::{self, Entries, MOST_ENTRIES, Trustee};
use crate::events::{self, Action};
use crate::history::{self, Activity};
use crate::inheritance::{Held, above_document, pass_on};
use crate::{Store, StoreError, containers, documents, groups, libraries, users};
use chancery_proto::clock::Timestamp;
use chancery_proto::ids::{ContainerId, DocumentId};
use chancery_proto::work::DefaultSecurity;
use rusqlite::{Connection, params};

/// The security of one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Security {
    /// As it was set.
    pub default_security: DefaultSecurity,
    /// As it holds, after inheritance.
    pub effective_security: DefaultSecurity,
    /// The entries that hold: its own, and those it inherits.
    pub entries: Entries,
    /// Those of its own.
    pub own: Entries,
}

/// What is to change about an item's security; what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SecurityChanges {
    /// A new default.
    pub default_security: Option<DefaultSecurity>,
    /// Entries to add, or to set anew.
    pub include: Entries,
    /// Whose own entries are to go.
    pub remove: Vec<Trustee>,
}

impl SecurityChanges {
    /// The entries that an item has of its own from now on.
    fn applied(&self, connection: &Connection, own: &Entries) -> Result<Entries, StoreError> {
        let mut after = own.clone();
        for trustee in &self.remove {
            if after.remove(trustee).is_none() {
                return Err(StoreError::invalid(
                    "remove",
                    format!(
                        "“{}” has no entry of its own here; an inherited one is changed where it comes from, or overruled by one of its own",
                        shown(trustee)
                    ),
                ));
            }
        }
        for (trustee, access) in &self.include {
            if *access == Access::ChangeSecurity {
                return Err(StoreError::invalid(
                    "access_level",
                    "an entry gives no_access, read, read_write or full_access",
                ));
            }
            let is_there = match trustee {
                Trustee::User(key) => users::find(connection, key)?.is_some(),
                Trustee::Group(key) => groups::find(connection, key)?.is_some(),
            };
            if !is_there {
                let what = match trustee {
                    Trustee::User(_) => "user",
                    Trustee::Group(_) => "group",
                };
                return Err(StoreError::invalid(
                    "include",
                    format!("there is no {what} “{}”", shown(trustee)),
                ));
            }
            after.insert(trustee.clone(), *access);
        }
        if after.len() > MOST_ENTRIES {
            return Err(StoreError::invalid(
                "include",
                format!("an item has at most {MOST_ENTRIES} entries; give access to a group"),
            ));
        }
        Ok(after)
    }
}

/// The set that an item's own entries are with some more, or with others for the
/// same people.
pub(crate) fn with(connection: &Connection, own: i64, include: Entries) -> Result<i64, StoreError> {
    if include.is_empty() {
        return Ok(own);
    }
    let changes = SecurityChanges {
        include,
        ..SecurityChanges::default()
    };
    let own = entries::read(connection, own)?;
    entries::keep(connection, &changes.applied(connection, &own)?)
}

fn shown(trustee: &Trustee) -> &str {
    match trustee {
        Trustee::User(key) | Trustee::Group(key) => key,
    }
}

impl Store {
    /// The security of a workspace or folder.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when it is not there for `who`.
    pub fn container_security(
        &self,
        id: &ContainerId,
        who: &Principal,
    ) -> Result<Security, StoreError> {
        self.read(|connection| {
            let found = containers::find(connection, id, who)?;
            Ok(Security {
                default_security: found.default_security,
                effective_security: found.effective_security,
                entries: entries::read(connection, found.entries)?,
                own: entries::read(connection, found.own_entries)?,
            })
        })
    }

    /// The security of a document's version.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when it is not there for `who`.
    pub fn document_security(
        &self,
        id: &DocumentId,
        who: &Principal,
    ) -> Result<Security, StoreError> {
        self.read(|connection| {
            let found = documents::find(connection, id, who)?;
            Ok(Security {
                default_security: found.default_security,
                effective_security: found.effective_security,
                entries: entries::read(connection, found.entries)?,
                own: entries::read(connection, found.own_entries)?,
            })
        })
    }

    /// Changes the security of a workspace or folder, and of all that inherits it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::NoAccess`], [`StoreError::Invalid`].
    pub async fn set_container_security(
        &self,
        id: ContainerId,
        changes: SecurityChanges,
        who: Principal,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(move |connection| {
            let kept = containers::find_for(connection, &id, &who, Access::ChangeSecurity)?;
            let library = libraries::find(connection, &id.library)?.id;
            let security = changes.default_security.unwrap_or(kept.default_security);
            let own = entries::read(connection, kept.own_entries)?;
            let own = entries::keep(connection, &changes.applied(connection, &own)?)?;
            let above = containers::above(connection, library, kept.parent, security)?;
            let held = Held::below(connection, above, security, own)?;
            connection
                .prepare_cached(
                    "UPDATE containers SET default_security = ?3, effective_security = ?4, own_entries = ?5,
                     entries = ?6, last_user = ?7, edited = ?8 WHERE library = ?1 AND number = ?2",
                )?
                .execute(params![
                    library,
                    id.number,
                    security_number(security),
                    security_number(held.security),
                    own,
                    held.entries,
                    who.user,
                    now.0
                ])?;
            if held != kept.held() {
                pass_on(connection, library, id.number, held)?;
            }
            events::of_container(connection, library, &kept, Action::SecurityUpdate, now)?;
            audit::did(connection, format!("security changed of {id}"), &who, now)
        })
        .await
    }

    /// Changes the security of a document's version.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::NoAccess`], [`StoreError::Invalid`].
    pub async fn set_document_security(
        &self,
        id: DocumentId,
        changes: SecurityChanges,
        who: Principal,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(move |connection| {
            let kept = documents::find_for(connection, &id, &who, Access::ChangeSecurity)?;
            let library = libraries::find(connection, &id.library)?.id;
            let security = changes.default_security.unwrap_or(kept.default_security);
            let own = entries::read(connection, kept.own_entries)?;
            let own = entries::keep(connection, &changes.applied(connection, &own)?)?;
            let above = above_document(connection, library, id.number)?;
            let held = Held::below(connection, above, security, own)?;
            connection
                .prepare_cached(
                    "UPDATE versions SET default_security = ?4, effective_security = ?5, own_entries = ?6,
                     entries = ?7, last_user = ?8, profile_edited = ?9
                     WHERE library = ?1 AND number = ?2 AND version = ?3",
                )?
                .execute(params![
                    library,
                    id.number,
                    id.version,
                    security_number(security),
                    security_number(held.security),
                    own,
                    held.entries,
                    who.user,
                    now.0
                ])?;
            history::add(connection, library, &kept, Activity::Security, "", &who, now)
        })
        .await
    }
}
