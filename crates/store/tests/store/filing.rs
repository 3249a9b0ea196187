use crate::{House, NOW, container_id, content, document_id, named, person};
use chancery_proto::work::DefaultSecurity;
use chancery_store::containers::ContainerKind;
use chancery_store::filing::Profile;
use chancery_store::listing::{DocumentFilter, Page};
use chancery_store::once::{OnceKey, REMEMBERED};
use chancery_store::{Store, StoreError};
use std::time::Duration;

#[tokio::test]
async fn what_was_filed_is_there_after_the_store_is_opened_again() {
    let house = House::new().await;
    let ann = person("ann");
    let workspace = house.workspace(&ann, DefaultSecurity::Public).await;
    let folder = house
        .folder(&workspace, &ann, DefaultSecurity::Inherit)
        .await;
    let filed = house.document(&folder, &ann, named("Letter")).await;
    let path = house.directory.path().join("chancery.db");
    drop(house.store);
    let again = Store::open(&path).expect("opens");
    let found = again
        .version(&document_id(&filed), &ann)
        .expect("still there");
    assert_eq!(found, filed);
}

#[tokio::test]
async fn a_deleted_versions_number_is_not_given_again_and_the_one_before_becomes_the_latest() {
    let house = House::new().await;
    let ann = person("ann");
    let workspace = house.workspace(&ann, DefaultSecurity::Public).await;
    let folder = house
        .folder(&workspace, &ann, DefaultSecurity::Inherit)
        .await;
    let first = house.document(&folder, &ann, named("Letter")).await;
    let add = || {
        house.store.add_version(
            document_id(&first),
            Profile::default(),
            content(2),
            None,
            ann.clone(),
            NOW,
        )
    };
    let second = add().await.expect("a version");
    assert_eq!((second.version, second.latest), (2, 2));
    house
        .store
        .delete_version(document_id(&second), ann.clone(), NOW)
        .await
        .expect("deleted");
    let left = house
        .store
        .version(&document_id(&first), &ann)
        .expect("there");
    assert_eq!(left.latest, 1);
    let third = add().await.expect("a version");
    assert_eq!(third.version, 3);
}

#[tokio::test]
async fn a_workspace_with_something_in_it_is_not_deleted() {
    let house = House::new().await;
    let ann = person("ann");
    let workspace = house.workspace(&ann, DefaultSecurity::Public).await;
    house
        .folder(&workspace, &ann, DefaultSecurity::Inherit)
        .await;
    let refused = house
        .store
        .delete_container(
            container_id(&workspace),
            ContainerKind::Workspace,
            ann.clone(),
            NOW,
        )
        .await;
    assert!(
        matches!(refused, Err(StoreError::Conflict(_))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_refused_job_undoes_itself_and_leaves_its_neighbours_in_the_same_commit() {
    let house = House::new().await;
    let ann = person("ann");
    let workspace = house.workspace(&ann, DefaultSecurity::Public).await;
    let folder = house
        .folder(&workspace, &ann, DefaultSecurity::Inherit)
        .await;
    let file = |name: &str| {
        house.store.add_document(
            container_id(&folder),
            named(name),
            content(1),
            None,
            ann.clone(),
            NOW,
        )
    };
    let missing = house.store.add_folder(
        "ACTIVE!999".parse().expect("an id"),
        crate::container("Lost", &ann, DefaultSecurity::Inherit),
        ann.clone(),
        NOW,
    );
    let (one, refused, two) = tokio::join!(file("One"), missing, file("Two"));
    assert!(matches!(refused, Err(StoreError::NotFound(_))));
    let numbers = [one.expect("filed").number, two.expect("filed").number];
    let filter = DocumentFilter {
        container: Some(container_id(&folder)),
        ..DocumentFilter::default()
    };
    let listed = house
        .store
        .documents(&ann, &filter, &Page::default())
        .expect("a list");
    let found: Vec<u64> = listed.items.iter().map(|version| version.number).collect();
    assert_eq!(found, numbers);
}

#[tokio::test]
async fn a_list_in_pages_by_cursor_and_by_offset_is_the_whole_list() {
    let house = House::new().await;
    let ann = person("ann");
    let workspace = house.workspace(&ann, DefaultSecurity::Public).await;
    let folder = house
        .folder(&workspace, &ann, DefaultSecurity::Inherit)
        .await;
    for index in 0..23 {
        house
            .document(&folder, &ann, named(&format!("Same {}", index % 5)))
            .await;
    }
    let filter = DocumentFilter {
        container: Some(container_id(&folder)),
        ..DocumentFilter::default()
    };
    let list = |page: Page| house.store.documents(&ann, &filter, &page).expect("a page");
    let whole: Vec<u64> = list(Page::default())
        .items
        .iter()
        .map(|v| v.number)
        .collect();
    assert_eq!(whole.len(), 23);
    let (mut by_cursor, mut cursor) = (Vec::new(), None);
    loop {
        let page = list(Page {
            limit: 4,
            cursor,
            ..Page::default()
        });
        by_cursor.extend(page.items.iter().map(|v| v.number));
        cursor = page.cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(by_cursor, whole);
    let mut by_offset = Vec::new();
    for offset in (0..28).step_by(4) {
        let page = list(Page {
            limit: 4,
            offset,
            total: true,
            ..Page::default()
        });
        assert_eq!(page.total, Some(23));
        by_offset.extend(page.items.iter().map(|v| v.number));
    }
    assert_eq!(by_offset, whole);
}

#[tokio::test]
async fn names_that_no_file_could_have_are_refused_with_field_and_reason() {
    let house = House::new().await;
    let ann = person("ann");
    let workspace = house.workspace(&ann, DefaultSecurity::Public).await;
    let folder = house
        .folder(&workspace, &ann, DefaultSecurity::Inherit)
        .await;
    for name in ["", "   ", "..", ".", "a\0b", "a\nb"] {
        let refused = house
            .store
            .add_document(
                container_id(&folder),
                named(name),
                content(1),
                None,
                ann.clone(),
                NOW,
            )
            .await;
        assert!(
            matches!(refused, Err(StoreError::Invalid { field: "name", .. })),
            "{name:?}"
        );
    }
}

#[tokio::test]
async fn a_request_sent_again_with_its_key_makes_nothing_twice() {
    let house = House::new().await;
    let ann = person("ann");
    let workspace = house.workspace(&ann, DefaultSecurity::Public).await;
    let folder = house
        .folder(&workspace, &ann, DefaultSecurity::Inherit)
        .await;
    let file = |byte: u8, who: &str, later: Duration| {
        let key = OnceKey::new("9b2f").expect("a key");
        let (id, who) = (container_id(&folder), person(who));
        let now = NOW.plus(later);
        house
            .store
            .add_document(id, named("Letter"), content(byte), Some(key), who, now)
    };
    let first = file(1, "ann", Duration::ZERO).await.expect("filed");
    let again = file(1, "ann", Duration::from_secs(60))
        .await
        .expect("filed");
    assert_eq!(first.number, again.number);
    let other_bytes = file(2, "ann", Duration::from_secs(60)).await;
    assert!(
        matches!(other_bytes, Err(StoreError::Conflict(_))),
        "{other_bytes:?}"
    );
    let somebody_else = file(1, "bob", Duration::from_secs(60))
        .await
        .expect("filed");
    assert_ne!(first.number, somebody_else.number);
    let next_day = file(1, "ann", REMEMBERED + Duration::from_secs(1))
        .await
        .expect("filed");
    assert_ne!(first.number, next_day.number);
    assert!(OnceKey::new("").is_err() && OnceKey::new("a b").is_err());
}
