//! Changing who may do what: who may, what is refused, and what it reaches.

use crate::access::Twins;
use crate::{NOW, container_id, document_id, entry, named, person};
use chancery_proto::work::DefaultSecurity;
use chancery_store::StoreError;
use chancery_store::access::{Access, Because, Principal};
use chancery_store::containers::ContainerChanges;
use chancery_store::entries::{Entries, Trustee};
use chancery_store::listing::{DocumentFilter, Page};
use chancery_store::security::SecurityChanges;

#[tokio::test]
async fn an_entry_for_nobody_is_refused_and_nothing_changes() {
    let twins = Twins::new("ann").await;
    let (store, root) = (&twins.house.store, Principal::system("root"));
    let id = container_id(&twins.workspace);
    let both = Entries::from([
        (Trustee::User("bob".to_owned()), Access::Read),
        (Trustee::Group("nobody".to_owned()), Access::Read),
    ]);
    let changes = SecurityChanges {
        default_security: Some(DefaultSecurity::Private),
        include: both,
        ..SecurityChanges::default()
    };
    let refused = store.set_container_security(id.clone(), changes, root.clone(), NOW);
    let refused = refused.await.expect_err("refused");
    assert_eq!(refused.to_string(), "include: there is no group “nobody”");
    let kept = store.container_security(&id, &root).expect("security");
    assert_eq!(kept.default_security, DefaultSecurity::Public);
    assert!(kept.entries.is_empty());
}

#[tokio::test]
async fn who_may_not_change_security_may_not_and_asks_for_their_own_access_only() {
    let twins = Twins::new("ann").await;
    let (store, bob) = (&twins.house.store, person("bob"));
    let id = document_id(&twins.document);
    let changes = SecurityChanges {
        default_security: Some(DefaultSecurity::Private),
        ..SecurityChanges::default()
    };
    // Full access is not that of an owner.
    let refused = store.set_document_security(id.clone(), changes.clone(), bob.clone(), NOW);
    assert!(matches!(refused.await, Err(StoreError::NoAccess(_))));
    let own = store.explain_document(&id, "Bob", &bob).expect("explained");
    assert_eq!((own.access, own.because), (Access::Full, Because::Default));
    let others = store.explain_document(&id, "ann", &bob);
    assert!(matches!(others, Err(StoreError::NoAccess(_))));
    let ann = person("ann");
    let set = store.set_document_security(id.clone(), changes, ann.clone(), NOW);
    set.await.expect("changed");
    let explained = store.explain_document(&id, "bob", &ann).expect("explained");
    assert_eq!(explained.access, Access::None);
    let unknown = store.explain_document(&id, "nobody", &ann);
    assert!(matches!(unknown, Err(StoreError::NotFound("user"))));
}

#[tokio::test]
async fn what_many_items_inherit_is_kept_once() {
    let twins = Twins::new("ann").await;
    let (store, root) = (&twins.house.store, Principal::system("root"));
    for _ in 0..20 {
        let folder = twins
            .house
            .folder(&twins.workspace, &root, DefaultSecurity::Inherit);
        let folder = folder.await;
        twins.house.document(&folder, &root, named("Letter")).await;
    }
    for level in [Access::Read, Access::Full, Access::Read] {
        let changes = SecurityChanges {
            include: Entries::from([(Trustee::Group("partners".to_owned()), level)]),
            ..SecurityChanges::default()
        };
        let id = container_id(&twins.workspace);
        let set = store.set_container_security(id, changes, root.clone(), NOW);
        set.await.expect("changed");
    }
    let path = twins.house.directory.path().join("chancery.db");
    let database = rusqlite::Connection::open(path).expect("opens");
    let sets: i64 = database
        .query_row("SELECT COUNT(*) FROM entry_sets", [], |row| row.get(0))
        .expect("a count");
    assert_eq!(sets, 2);
    let page = Page::default();
    let joined = store.change_members("partners", vec!["eve".to_owned()], vec![], entry());
    joined.await.expect("joined");
    let listed = store.documents(&person("eve"), &DocumentFilter::default(), &page);
    assert_eq!(listed.expect("a list").items.len(), 21);
}

#[tokio::test]
async fn a_change_of_owner_or_default_through_the_profile_reaches_what_inherits() {
    let twins = Twins::new("ann").await;
    let (store, root) = (&twins.house.store, Principal::system("root"));
    let changes = ContainerChanges {
        default_security: Some(DefaultSecurity::Private),
        ..ContainerChanges::default()
    };
    let changed = store.update_container(container_id(&twins.workspace), changes, root, NOW);
    changed.await.expect("changed");
    let id = document_id(&twins.document);
    assert!(store.version(&id, &person("bob")).is_err());
    assert!(store.version(&id, &person("ann")).is_ok());
}
