//! What changed, told in its order to whoever may know.

use crate::{House, NOW, container_id, document_id, named, person};
use chancery_proto::clock::Timestamp;
use chancery_proto::ids::LibraryAlias;
use chancery_proto::work::DefaultSecurity;
use chancery_store::StoreError;
use chancery_store::access::Principal;
use chancery_store::containers::ContainerKind;
use chancery_store::events::{Action, EventFilter, Fed, ItemKind};
use chancery_store::filing::Profile;

fn active() -> LibraryAlias {
    "ACTIVE".parse().expect("an alias")
}

fn feed(house: &House, who: &Principal, cursor: Option<i64>) -> Fed {
    let all = EventFilter::default();
    house
        .store
        .events(&active(), cursor, &all, who, 500)
        .expect("a feed")
}

fn told(fed: &Fed) -> Vec<(Action, u64, u32, Option<u64>)> {
    let line = |event: &chancery_store::events::Event| {
        (
            event.action.expect("known"),
            event.number,
            event.version,
            event.related,
        )
    };
    fed.events.iter().map(line).collect()
}

#[tokio::test]
async fn every_change_is_told_once_in_its_order() {
    let house = House::new().await;
    let (ann, store) = (person("ann"), &house.store);
    let workspace = house.workspace(&ann, DefaultSecurity::Public).await;
    let one = house
        .folder(&workspace, &ann, DefaultSecurity::Inherit)
        .await;
    let two = house
        .folder(&workspace, &ann, DefaultSecurity::Inherit)
        .await;
    let begun = store.newest_event().expect("a number");
    let letter = house.document(&one, &ann, named("Letter")).await;
    let (id, n) = (document_id(&letter), letter.number);
    let profile = Profile {
        comment: Some("read".to_owned()),
        ..Profile::default()
    };
    store
        .update_profile(id.clone(), profile, ann.clone(), NOW)
        .await
        .expect("changed");
    store
        .move_document(
            id.clone(),
            container_id(&one),
            container_id(&two),
            ann.clone(),
            NOW,
        )
        .await
        .expect("moved");
    let second = store
        .add_version(
            id.clone(),
            Profile::default(),
            crate::content(2),
            None,
            ann.clone(),
            NOW,
        )
        .await
        .expect("a version");
    // Looking changes nothing.
    assert_eq!(second.version, 2);
    store
        .delete_version(document_id(&second), ann.clone(), NOW)
        .await
        .expect("deleted");
    let into = container_id(&two);
    store
        .move_folder(container_id(&one), into, ann.clone(), NOW)
        .await
        .expect("moved");
    let fed = feed(&house, &ann, Some(begun));
    let (one, two) = (Some(one.number), Some(two.number));
    assert_eq!(
        told(&fed),
        [
            (Action::Insert, n, 1, None),
            (Action::DocumentLink, n, 1, one),
            (Action::ProfileUpdate, n, 1, None),
            (Action::DocumentUnlink, n, 1, one),
            (Action::DocumentLink, n, 1, two),
            (Action::Insert, n, 2, None),
            (Action::Delete, n, 2, None),
            (Action::ContainerMove, one.expect("a number"), 0, two),
        ]
    );
    assert!(!fed.overflow);
    assert_eq!(fed.cursor, store.newest_event().expect("a number"));
    // A page at a time is the same feed.
    let (mut cursor, mut pages) = (begun, Vec::new());
    loop {
        let all = EventFilter::default();
        let fed = store
            .events(&active(), Some(cursor), &all, &ann, 3)
            .expect("a page");
        pages.extend(told(&fed));
        cursor = fed.cursor;
        if !fed.overflow {
            break;
        }
    }
    assert_eq!(pages, told(&fed));
    let only = EventFilter {
        actions: vec![Action::Insert, Action::ContainerMove],
        kinds: vec![ItemKind::Document],
    };
    let fed = store
        .events(&active(), Some(begun), &only, &ann, 500)
        .expect("a feed");
    assert_eq!(fed.events.len(), 2);
}

#[tokio::test]
async fn what_is_gone_is_told_to_whoever_could_have_seen_it() {
    let house = House::new().await;
    let (ann, bob, store) = (person("ann"), person("bob"), &house.store);
    let workspace = house.workspace(&ann, DefaultSecurity::Public).await;
    let folder = house
        .folder(&workspace, &ann, DefaultSecurity::Inherit)
        .await;
    let begun = store.newest_event().expect("a number");
    let open = house.document(&folder, &ann, named("Letter")).await;
    let private = Profile {
        default_security: Some(DefaultSecurity::Private),
        ..named("Secret")
    };
    let secret = house.document(&folder, &ann, private).await;
    let root = Principal {
        administrator: true,
        ..person("root")
    };
    for version in [&open, &secret] {
        let id = document_id(version);
        store
            .delete_version(id.clone(), ann.clone(), NOW)
            .await
            .expect("deleted");
        store.purge(id, root.clone(), NOW).await.expect("purged");
    }
    let id = container_id(&folder);
    let gone = store.delete_container(id, ContainerKind::Folder, ann.clone(), NOW);
    gone.await.expect("deleted");
    let numbers = |who: &Principal| {
        let fed = feed(&house, who, Some(begun));
        let mut numbers: Vec<u64> = fed.events.iter().map(|event| event.number).collect();
        numbers.dedup();
        numbers
    };
    assert_eq!(
        numbers(&ann),
        [
            open.number,
            secret.number,
            open.number,
            secret.number,
            folder.number
        ]
    );
    assert_eq!(numbers(&bob), [open.number, folder.number]);
    // The folder that is gone leads nobody anywhere.
    let fed = feed(&house, &bob, Some(begun));
    assert!(
        fed.events
            .iter()
            .all(|event| event.related != Some(folder.number))
    );
    // A wall that is built afterwards hides the past too.
    store
        .add_wall("Merger".to_owned(), NOW, crate::entry())
        .await
        .expect("built");
    let enclose = chancery_store::walls::WallChanges {
        enclose: vec![container_id(&workspace)],
        ..Default::default()
    };
    store
        .change_wall("Merger", enclose, crate::entry())
        .await
        .expect("enclosed");
    assert_eq!(numbers(&ann), Vec::<u64>::new());
}

#[tokio::test]
async fn a_cursor_from_before_what_is_kept_is_refused_with_the_reason() {
    let house = House::new().await;
    let (ann, store) = (person("ann"), &house.store);
    let old = house.workspace(&ann, DefaultSecurity::Public).await;
    let newest = store.newest_event().expect("a number");
    let later = Timestamp(NOW.0 + 1_000);
    assert!(!store.forget_old_events(NOW).await.expect("looked"));
    assert!(!store.forget_old_events(later).await.expect("forgotten"));
    assert!(feed(&house, &ann, None).events.is_empty());
    assert!(feed(&house, &ann, Some(newest)).events.is_empty());
    let all = EventFilter::default();
    for cursor in [0, newest + 1, i64::MAX] {
        let refused = store.events(&active(), Some(cursor), &all, &ann, 1);
        assert!(
            matches!(
                refused,
                Err(StoreError::Invalid {
                    field: "cursor",
                    ..
                })
            ),
            "{cursor}: {refused:?}"
        );
    }
    // Numbers are not given again.
    house.folder(&old, &ann, DefaultSecurity::Inherit).await;
    let fed = feed(&house, &ann, Some(newest));
    assert_eq!((fed.events.len(), fed.cursor), (1, newest + 1));
}
