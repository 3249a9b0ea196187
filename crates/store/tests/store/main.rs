//! The store against a real database file.

mod access;
mod events;
mod filing;
mod grants;
mod logs;
mod moving;
mod security;
mod upgrade;

use chancery_proto::clock::Timestamp;
use chancery_proto::ids::{ContainerId, DocumentId};
use chancery_proto::work::DefaultSecurity;
use chancery_store::Store;
use chancery_store::access::{Principal, Via};
use chancery_store::audit::AuditEntry;
use chancery_store::containers::{Container, NewContainer};
use chancery_store::documents::Version;
use chancery_store::filing::{Profile, StoredContent};
use chancery_store::users::NewUser;

const PUBLIC: DefaultSecurity = DefaultSecurity::Public;
const NOW: Timestamp = Timestamp(1_700_000_000_000);

/// A store of its own, with a library `ACTIVE` and a few people.
struct House {
    store: Store,
    directory: tempfile::TempDir,
}

impl House {
    async fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let store = Store::open(&directory.path().join("chancery.db")).expect("a store");
        store
            .add_library(
                "ACTIVE".parse().expect("an alias"),
                String::new(),
                NOW,
                entry(),
            )
            .await
            .expect("a library");
        for id in ["Ann", "Bob", "Eve"] {
            let new = NewUser {
                id: id.to_owned(),
                full_name: format!("{id} Example"),
                email: String::new(),
                password_hash: None,
                is_admin: false,
                is_external: id == "Eve",
            };
            store.add_user(new, NOW, entry()).await.expect("a user");
        }
        Self { store, directory }
    }

    async fn workspace(&self, who: &Principal, security: DefaultSecurity) -> Container {
        let alias = "ACTIVE".parse().expect("an alias");
        self.store
            .add_workspace(alias, container("Matter", who, security), who.clone(), NOW)
            .await
            .expect("a workspace")
    }

    async fn folder(
        &self,
        parent: &Container,
        who: &Principal,
        security: DefaultSecurity,
    ) -> Container {
        self.store
            .add_folder(
                container_id(parent),
                container("Folder", who, security),
                who.clone(),
                NOW,
            )
            .await
            .expect("a folder")
    }

    async fn document(&self, folder: &Container, who: &Principal, profile: Profile) -> Version {
        self.store
            .add_document(
                container_id(folder),
                profile,
                content(1),
                None,
                who.clone(),
                NOW,
            )
            .await
            .expect("a document")
    }
}

fn person(user: &str) -> Principal {
    Principal {
        user: user.to_owned(),
        administrator: false,
        external: user == "eve",
        server: false,
        via: Via::default(),
    }
}

fn content(byte: u8) -> StoredContent {
    StoredContent {
        hash: [byte; 32],
        size: 10,
    }
}

fn named(name: &str) -> Profile {
    Profile {
        name: Some(name.to_owned()),
        ..Profile::default()
    }
}

fn container(name: &str, owner: &Principal, security: DefaultSecurity) -> NewContainer {
    NewContainer {
        name: name.to_owned(),
        description: String::new(),
        owner: owner.user.clone(),
        default_security: security,
        extra: "{}".to_owned(),
    }
}

fn container_id(container: &Container) -> ContainerId {
    container.id().parse().expect("an id")
}

fn document_id(version: &Version) -> DocumentId {
    format!("{}!{}.{}", version.library, version.number, version.version)
        .parse()
        .expect("an id")
}

/// A line of the audit.
fn entry() -> AuditEntry {
    AuditEntry {
        at: NOW,
        user: "ann".into(),
        activity: "sign-in".into(),
        outcome: "success".into(),
        method: "password".into(),
        application: "desktop".into(),
        address: "127.0.0.1".into(),
    }
}
