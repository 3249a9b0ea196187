//! Pages, filters and searches.

use chancery_proto::clock::Timestamp;
use chancery_proto::ids::ContainerId;
use chancery_proto::work::DefaultSecurity;
use chancery_server::fuzzing::{Asked, Found, Kind, list};
use chancery_store::Store;
use chancery_store::access::{Principal, Via};
use chancery_store::audit::AuditEntry;
use chancery_store::containers::{Container, NewContainer};
use chancery_store::filing::{Profile, StoredContent};
use chancery_store::users::NewUser;
use std::collections::BTreeSet;
use tempfile::TempDir;

const NOW: Timestamp = Timestamp(1_700_000_000_000);
/// So many pages are turned.
const PAGES: usize = 12;

struct House {
    store: Store,
    /// What the one who asks must not see.
    hidden: BTreeSet<String>,
    _directory: TempDir,
}

thread_local! {
    static HOUSE: House = House::new();
}

/// `documents?limit=1`, `folders?…`, `workspaces?…`, or one of these words and
/// the JSON of a search.
pub(crate) fn hold(bytes: &[u8]) {
    let Some(mark) = bytes.iter().position(|byte| matches!(byte, b'?' | b'{')) else {
        return;
    };
    let (kind, rest) = bytes.split_at(mark);
    let kind = match kind.trim_ascii() {
        b"documents" => Kind::Documents,
        b"workspaces" => Kind::Workspaces,
        b"folders" => Kind::Folders,
        _ => return,
    };
    HOUSE.with(|house| {
        if rest.starts_with(b"{") {
            house.asked(kind, Asked::Body(rest));
        } else if let Ok(query) = std::str::from_utf8(rest) {
            house.turns_pages(kind, query.trim_start_matches('?'));
        }
    });
}

impl House {
    fn asked(&self, kind: Kind, asked: Asked<'_>) -> Option<Found> {
        match list(&self.store, &person("ann"), kind, asked) {
            Ok(found) => {
                let here: BTreeSet<&String> = found.ids.iter().collect();
                assert_eq!(here.len(), found.ids.len(), "an item stands there twice");
                assert!(found.ids.len() <= found.limit as usize);
                assert!(
                    found
                        .total
                        .is_none_or(|total| total >= found.ids.len() as u64)
                );
                assert!(
                    found.ids.iter().all(|id| !self.hidden.contains(id)),
                    "{:?} shows what it must not",
                    found.ids
                );
                Some(found)
            }
            Err(status) => {
                assert!(status.is_client_error(), "{status}");
                None
            }
        }
    }

    fn turns_pages(&self, kind: Kind, query: &str) {
        let Some(mut found) = self.asked(kind, Asked::Query(query)) else {
            return;
        };
        let mut seen: BTreeSet<String> = found.ids.iter().cloned().collect();
        for _ in 0..PAGES {
            let Some(cursor) = &found.cursor else { return };
            let query = format!("cursor={cursor}&paging_mode=standard_cursor&{query}");
            let Some(next) = self.asked(kind, Asked::Query(&query)) else {
                panic!("the list's own cursor {cursor} is refused");
            };
            for id in &next.ids {
                assert!(seen.insert(id.clone()), "{id} is on two pages");
            }
            found = next;
        }
    }

    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime");
        runtime.block_on(Self::filled())
    }

    async fn filled() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let store = Store::open(&directory.path().join("chancery.db")).expect("a store");
        let library = store.add_library(
            "ACTIVE".parse().expect("an alias"),
            String::new(),
            NOW,
            AuditEntry::of_command("library added", NOW),
        );
        library.await.expect("a library");
        for id in ["Ann", "Bob"] {
            let new = NewUser {
                id: id.to_owned(),
                full_name: format!("{id} Example"),
                email: String::new(),
                password_hash: None,
                is_admin: false,
                is_external: false,
            };
            store
                .add_user(new, NOW, AuditEntry::of_command("user added", NOW))
                .await
                .expect("a user");
        }
        let mut house = Self {
            store,
            hidden: BTreeSet::new(),
            _directory: directory,
        };
        house.fill("ann", DefaultSecurity::Public).await;
        house.fill("bob", DefaultSecurity::Private).await;
        house
    }

    async fn fill(&mut self, owner: &str, security: DefaultSecurity) {
        let new = |name: &str| NewContainer {
            name: name.to_owned(),
            description: format!("What {owner} works on"),
            owner: owner.to_owned(),
            default_security: security,
            extra: "{}".to_owned(),
        };
        let library = "ACTIVE".parse().expect("an alias");
        let (store, who) = (self.store.clone(), person(owner));
        let matter = store
            .add_workspace(library, new("Matter"), who.clone(), NOW)
            .await
            .expect("a workspace");
        let mut ids = vec![matter.id()];
        for name in ["Letters", "Évidence", "50%_a\\b"] {
            let folder = store
                .add_folder(id(&matter), new(name), who.clone(), NOW)
                .await
                .expect("a folder");
            ids.push(folder.id());
            for extension in ["docx", "eml"] {
                let profile = Profile {
                    name: Some(format!("Brief {name}")),
                    extension: Some(extension.to_owned()),
                    comment: Some("second draft".to_owned()),
                    ..Profile::default()
                };
                let content = StoredContent {
                    hash: [1; 32],
                    size: 10,
                };
                let version = store
                    .add_document(id(&folder), profile, content, None, who.clone(), NOW)
                    .await
                    .expect("a document");
                ids.push(format!(
                    "{}!{}.{}",
                    version.library, version.number, version.version
                ));
            }
        }
        if security == DefaultSecurity::Private {
            self.hidden.extend(ids);
        }
    }
}

fn id(container: &Container) -> ContainerId {
    container.id().parse().expect("an id")
}

fn person(user: &str) -> Principal {
    Principal {
        user: user.to_owned(),
        administrator: false,
        external: false,
        server: false,
        via: Via::default(),
    }
}
