//! Why somebody may do what they may.

use crate::access::{Access, Because, Facts, Principal, Via, decide, granted};
use crate::entries::{self, Trustee};
use crate::inheritance::Held;
use crate::{Store, StoreError, containers, documents, libraries, users};
use chancery_proto::ids::{ContainerId, DocumentId};
use chancery_proto::work::DefaultSecurity;
use rusqlite::{Connection, params};

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
}
