//! The security of workspaces, folders and documents: reading it, changing it,
//! and bringing what inherits in line, in the same step.

use crate::access::{
    Access, Because, Facts, Principal, Via, decide, granted, security_number, security_of,
};
use crate::entries::{self, Entries, MOST_ENTRIES, Trustee};
use crate::history::{self, Activity};
use crate::{Store, StoreError, containers, documents, groups, libraries, users};
use chancery_proto::clock::Timestamp;
use chancery_proto::ids::{ContainerId, DocumentId};
use chancery_proto::work::DefaultSecurity;
use rusqlite::{Connection, OptionalExtension, params};

/// What holds of an item, or of the container that it inherits from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Held {
    /// Never `inherit`.
    pub(crate) security: DefaultSecurity,
    /// The set of entries.
    pub(crate) entries: i64,
}

impl Held {
    /// What holds of an item with these settings below `above`.
    pub(crate) fn below(
        connection: &Connection,
        above: Self,
        security: DefaultSecurity,
        own_entries: i64,
    ) -> Result<Self, StoreError> {
        Ok(match security {
            DefaultSecurity::Inherit => Self {
                security: above.security,
                entries: entries::laid_over(connection, above.entries, own_entries)?,
            },
            security => Self {
                security,
                entries: own_entries,
            },
        })
    }
}

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

fn shown(trustee: &Trustee) -> &str {
    match trustee {
        Trustee::User(key) | Trustee::Group(key) => key,
    }
}

/// What holds of a container, in whatever way it is kept.
pub(crate) fn held_by_container(
    connection: &Connection,
    library: i64,
    number: u64,
) -> Result<Held, StoreError> {
    let found = connection
        .prepare_cached(
            "SELECT effective_security, entries FROM containers WHERE library = ?1 AND number = ?2",
        )?
        .query_row(params![library, number], |row| {
            Ok(Held {
                security: security_of(row.get(0)?),
                entries: row.get(1)?,
            })
        })
        .optional()?;
    found.ok_or(StoreError::NotFound("container"))
}

/// What a document inherits: what holds of its home. One without a home is
/// private.
pub(crate) fn above_document(
    connection: &Connection,
    library: i64,
    number: u64,
) -> Result<Held, StoreError> {
    let found = connection
        .prepare_cached(
            "SELECT c.effective_security, c.entries FROM documents d
             JOIN containers c ON c.library = d.library AND c.number = d.home
             WHERE d.library = ?1 AND d.number = ?2",
        )?
        .query_row(params![library, number], |row| {
            Ok(Held {
                security: security_of(row.get(0)?),
                entries: row.get(1)?,
            })
        })
        .optional()?;
    Ok(found.unwrap_or(Held {
        security: DefaultSecurity::Private,
        entries: entries::NONE,
    }))
}

/// Brings what inherits from a container in line with what holds of it.
pub(crate) fn pass_on(
    connection: &Connection,
    library: i64,
    number: u64,
    held: Held,
) -> Result<(), StoreError> {
    let mut waiting = vec![(number, held)];
    while let Some((number, held)) = waiting.pop() {
        pass_on_to_documents(connection, library, number, held)?;
        let children: Vec<(u64, i64, i64, i64)> = connection
            .prepare_cached(
                "SELECT number, own_entries, effective_security, entries FROM containers
                 WHERE library = ?1 AND parent = ?2 AND default_security = 0",
            )?
            .query_map(params![library, number], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            })?
            .collect::<Result<_, _>>()?;
        for (child, own, security, entries) in children {
            let now = Held::below(connection, held, DefaultSecurity::Inherit, own)?;
            let before = Held {
                security: security_of(security),
                entries,
            };
            if now == before {
                continue;
            }
            connection
                .prepare_cached(
                    "UPDATE containers SET effective_security = ?3, entries = ?4 WHERE library = ?1 AND number = ?2",
                )?
                .execute(params![library, child, security_number(now.security), now.entries])?;
            waiting.push((child, now));
        }
    }
    Ok(())
}

/// Versions of the documents whose home is that folder.
const AT_HOME: &str =
    "number IN (SELECT d.number FROM documents d WHERE d.library = ?1 AND d.home = ?2)";

fn pass_on_to_documents(
    connection: &Connection,
    library: i64,
    folder: u64,
    held: Held,
) -> Result<(), StoreError> {
    let owns: Vec<i64> = connection
        .prepare_cached(&format!(
            "SELECT DISTINCT own_entries FROM versions WHERE library = ?1 AND default_security = 0 AND {AT_HOME}"
        ))?
        .query_map(params![library, folder], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for own in owns {
        let now = Held::below(connection, held, DefaultSecurity::Inherit, own)?;
        connection
            .prepare_cached(&format!(
                "UPDATE versions SET effective_security = ?3, entries = ?4
                 WHERE library = ?1 AND default_security = 0 AND own_entries = ?5 AND {AT_HOME}"
            ))?
            .execute(params![
                library,
                folder,
                security_number(now.security),
                now.entries,
                own
            ])?;
    }
    Ok(())
}

/// Why somebody has the access that they have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// What they may do, signed in as a user and not as an administrator.
    pub access: Access,
    /// What decides it.
    pub because: Because,
    /// The entry that does, where one does.
    pub entry: Option<Trustee>,
    /// The walls that they are not inside of.
    pub walls: Vec<String>,
    /// The default that holds.
    pub security: DefaultSecurity,
    /// Whether they may sign in at all.
    pub enabled: bool,
}

/// What decides about one item.
struct Item {
    library: i64,
    workspace: u64,
    owners: [String; 2],
    held: Held,
}

fn explain(connection: &Connection, item: &Item, user: &str) -> Result<Explanation, StoreError> {
    let person = users::find(connection, user)?.ok_or(StoreError::NotFound("user"))?;
    let groups: Vec<String> = connection
        .prepare_cached(
            "SELECT key FROM members JOIN groups ON key = grp WHERE user = ?1 AND enabled ORDER BY key",
        )?
        .query_map([user], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let walls: Vec<(i64, String)> = connection
        .prepare_cached(
            "SELECT walls.id, name FROM walled JOIN walls ON walls.id = wall
             WHERE library = ?1 AND workspace = ?2 ORDER BY name_key",
        )?
        .query_map(params![item.library, item.workspace], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect::<Result<_, _>>()?;
    let mut before = Vec::new();
    for (wall, name) in walls {
        let insiders: Vec<String> = connection
            .prepare_cached("SELECT trustee FROM insiders WHERE wall = ?1")?
            .query_map([wall], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let is_inside = insiders
            .iter()
            .filter_map(|text| Trustee::of_text(text))
            .any(|trustee| match trustee {
                Trustee::User(key) => key == user,
                Trustee::Group(key) => groups.contains(&key),
            });
        if !is_inside {
            before.push(name);
        }
    }
    let entries = entries::read(connection, item.held.entries)?;
    let granted = granted(user, &groups, &entries);
    let who = Principal {
        user: user.to_owned(),
        administrator: false,
        external: person.is_external,
        server: false,
        via: Via::default(),
    };
    let facts = Facts {
        walled: !before.is_empty(),
        owners: [&item.owners[0], &item.owners[1]],
        granted: granted.map(|(access, _)| access),
        security: item.held.security,
    };
    let (access, because) = decide(&who, facts);
    Ok(Explanation {
        access,
        because,
        entry: granted
            .filter(|_| because == Because::Entry)
            .map(|(_, trustee)| trustee.clone()),
        walls: before,
        security: item.held.security,
        enabled: person.enabled,
    })
}

/// Of oneself everybody may ask who may see the item; of others who may say who
/// else may.
fn may_ask(who: &Principal, access: Access, user: &str) -> Result<(), StoreError> {
    if who.user == user || access >= Access::ChangeSecurity {
        return Ok(());
    }
    Err(StoreError::NoAccess(
        "You may ask for your own access only. Ask the owner about that of others.",
    ))
}

impl Store {
    /// What somebody may do with a workspace or folder, and why.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for the container or the user; [`StoreError::NoAccess`].
    pub fn explain_container(
        &self,
        id: &ContainerId,
        user: &str,
        who: &Principal,
    ) -> Result<Explanation, StoreError> {
        let user = users::key_of(user);
        self.read(|connection| {
            let found = containers::find(connection, id, who)?;
            may_ask(who, found.access(who), &user)?;
            let item = Item {
                library: libraries::find(connection, &id.library)?.id,
                workspace: found.workspace,
                held: found.held(),
                owners: [found.owner.clone(), found.owner],
            };
            explain(connection, &item, &user)
        })
    }

    /// What somebody may do with a document's version, and why.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for the document or the user; [`StoreError::NoAccess`].
    pub fn explain_document(
        &self,
        id: &DocumentId,
        user: &str,
        who: &Principal,
    ) -> Result<Explanation, StoreError> {
        let user = users::key_of(user);
        self.read(|connection| {
            let found = documents::find(connection, id, who)?;
            may_ask(who, found.access(who), &user)?;
            let item = Item {
                library: libraries::find(connection, &id.library)?.id,
                workspace: found.workspace,
                held: Held {
                    security: found.effective_security,
                    entries: found.entries,
                },
                owners: [found.author, found.operator],
            };
            explain(connection, &item, &user)
        })
    }

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
            Ok(())
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
