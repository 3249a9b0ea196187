//! From the first released schema to this one: everything is there, and the new
//! rules hold for it.

use crate::{NOW, entry, person};
use chancery_proto::work::DefaultSecurity;
use chancery_store::access::Principal;
use chancery_store::audit::Log;
use chancery_store::containers::ContainerChanges;
use chancery_store::{Store, StoreError};

#[tokio::test]
async fn an_old_database_is_brought_forward_with_all_that_is_in_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("chancery.db");
    let old = rusqlite::Connection::open(&path).expect("opens");
    old.execute_batch(include_str!("schema_3.sql"))
        .expect("an old database");
    drop(old);
    let store = Store::open(&path).expect("brought forward");
    let id = "ACTIVE!3.2".parse().expect("an id");
    let found = store.version(&id, &person("ann")).expect("the letter");
    assert_eq!(
        (found.name.as_str(), found.latest, found.size),
        ("Letter", 2, 16)
    );
    assert_eq!(
        store.versions(&id, &person("ann")).expect("versions").len(),
        2
    );
    assert!(store.version(&id, &person("bob")).is_err());
    // It has found its home: what holds of the folder reaches it.
    let changes = ContainerChanges {
        default_security: Some(DefaultSecurity::View),
        ..ContainerChanges::default()
    };
    let matter = "ACTIVE!1".parse().expect("an id");
    let changed = store.update_container(matter, changes, Principal::system("root"), NOW);
    changed.await.expect("changed");
    assert!(store.version(&id, &person("bob")).is_ok());
    let paths = store.document_paths(&id, &person("bob")).expect("paths");
    assert_eq!(paths[0].len(), 2);
    // What happened is still there, and stays.
    store.add_audit(entry()).await.expect("added");
    // The old line, the change of security, and this one.
    assert_eq!(store.audit(10).expect("audit").len(), 3);
    for log in [Log::Audit, Log::History] {
        let looked = store.look_through(log, |_| {}).expect("looked");
        assert_eq!(looked.broken, None, "{log:?}");
    }
    drop(store);
    let database = rusqlite::Connection::open(&path).expect("opens");
    for change in [
        "DELETE FROM audit",
        "UPDATE audit SET user = 'bob'",
        "UPDATE audit SET mark = NULL",
    ] {
        let refused = database.execute(change, []);
        refused.expect_err("it is only added to");
    }
    // A second opening finds nothing to do; a newer one is left alone.
    drop(Store::open(&path).expect("opens again"));
    database
        .pragma_update(None, "user_version", 1_000)
        .expect("set");
    let refused = Store::open(&path);
    assert!(matches!(
        refused,
        Err(StoreError::NewerSchema { found: 1_000, .. })
    ));
}
