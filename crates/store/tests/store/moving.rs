//! Moving, copying, the trash, and name-value pairs.

use crate::{House, NOW, container_id, document_id, entry, named, person};
use chancery_proto::work::DefaultSecurity;
use chancery_store::StoreError;
use chancery_store::access::Principal;
use chancery_store::containers::{Container, ContainerKind};
use chancery_store::documents::Version;
use chancery_store::entries::Trustee;
use chancery_store::filing::Profile;
use chancery_store::holds::HoldChanges;
use chancery_store::listing::{DocumentFilter, Page};
use chancery_store::walls::WallChanges;
use std::collections::BTreeMap;

fn root() -> Principal {
    Principal::system("root")
}

/// Two workspaces of Ann's, one of them private, each with a folder.
struct Two {
    house: House,
    public: Container,
    private: Container,
    letter: Version,
}

impl Two {
    async fn new() -> Self {
        let house = House::new().await;
        let ann = person("ann");
        let mut folders = Vec::new();
        for security in [DefaultSecurity::Public, DefaultSecurity::Private] {
            let workspace = house.workspace(&ann, security).await;
            folders.push(
                house
                    .folder(&workspace, &ann, DefaultSecurity::Inherit)
                    .await,
            );
        }
        let private = folders.pop().expect("two");
        let public = folders.pop().expect("two");
        let letter = house.document(&public, &ann, named("Letter")).await;
        Self {
            house,
            public,
            private,
            letter,
        }
    }

    fn sees(&self, user: &str) -> usize {
        let filter = DocumentFilter::default();
        let listed = self
            .house
            .store
            .documents(&person(user), &filter, &Page::default());
        listed.expect("a list").items.len()
    }

    fn filed(&self, folder: &Container) -> usize {
        let filter = DocumentFilter {
            container: Some(container_id(folder)),
            ..DocumentFilter::default()
        };
        let listed = self
            .house
            .store
            .documents(&root(), &filter, &Page::default());
        listed.expect("a list").items.len()
    }

    async fn shift(
        &self,
        from: &Container,
        to: &Container,
        who: &str,
    ) -> Result<Version, StoreError> {
        let (from, to) = (container_id(from), container_id(to));
        let id = document_id(&self.letter);
        let store = &self.house.store;
        store.move_document(id, from, to, person(who), NOW).await
    }
}

#[tokio::test]
async fn a_document_that_moves_inherits_from_where_it_is_and_belongs_to_that_workspace() {
    let two = Two::new().await;
    assert_eq!(two.sees("bob"), 1);
    let moved = two
        .shift(&two.public, &two.private, "ann")
        .await
        .expect("moved");
    assert_eq!(moved.workspace, two.private.workspace);
    assert_eq!((two.sees("bob"), two.sees("ann")), (0, 1));
    assert_eq!((two.filed(&two.public), two.filed(&two.private)), (0, 1));
    let paths = two
        .house
        .store
        .document_paths(&document_id(&moved), &person("ann"));
    let paths = paths.expect("paths");
    assert_eq!(paths.len(), 1);
    assert_eq!(
        paths[0].last().map(|folder| folder.number),
        Some(two.private.number)
    );
    // It is not there any more to be moved from there.
    let again = two.shift(&two.public, &two.private, "ann").await;
    assert!(matches!(again, Err(StoreError::NotFound(_))), "{again:?}");
    // Moving takes as much as deleting.
    let view = two.house.store.update_profile(
        document_id(&moved),
        Profile {
            default_security: Some(DefaultSecurity::View),
            ..Profile::default()
        },
        person("ann"),
        NOW,
    );
    view.await.expect("to look at");
    let refused = two.shift(&two.private, &two.public, "bob").await;
    assert!(
        matches!(refused, Err(StoreError::NoAccess(_))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn what_is_behind_a_wall_stays_behind_it() {
    let two = Two::new().await;
    let store = &two.house.store;
    store
        .add_wall("Merger".to_owned(), NOW, entry())
        .await
        .expect("a wall");
    let walled = format!("ACTIVE!{}", two.public.workspace);
    let changes = WallChanges {
        admit: vec![Trustee::User("ann".to_owned())],
        enclose: vec![walled.parse().expect("an id")],
        ..WallChanges::default()
    };
    store
        .change_wall("merger", changes, entry())
        .await
        .expect("enclosed");
    let refused = two.shift(&two.public, &two.private, "ann").await;
    assert!(
        matches!(refused, Err(StoreError::NoAccess(_))),
        "{refused:?}"
    );
    let id = document_id(&two.letter);
    let copied = store.copy_document(id, container_id(&two.private), person("ann"), NOW);
    assert!(matches!(copied.await, Err(StoreError::NoAccess(_))));
    let (from, to) = (container_id(&two.public), container_id(&two.private));
    let moved = store
        .move_folder(from, to.clone(), person("ann"), NOW)
        .await;
    assert!(matches!(moved, Err(StoreError::NoAccess(_))), "{moved:?}");
    // Into it is another matter.
    let letter = two
        .house
        .document(&two.private, &person("ann"), named("In"))
        .await;
    let inside = container_id(&two.public);
    let moved = store.move_document(document_id(&letter), to, inside, person("ann"), NOW);
    moved.await.expect("moved");
    assert_eq!((two.sees("ann"), two.sees("bob")), (2, 0));
}

#[tokio::test]
async fn a_copy_is_a_document_of_its_own_that_inherits_from_where_it_is() {
    let two = Two::new().await;
    let store = &two.house.store;
    let id = document_id(&two.letter);
    let copy = store.copy_document(id.clone(), container_id(&two.private), person("ann"), NOW);
    let copy = copy.await.expect("copied");
    assert_ne!(copy.number, two.letter.number);
    assert_eq!((copy.hash, copy.version), (two.letter.hash, 1));
    assert_eq!(copy.workspace, two.private.workspace);
    assert_eq!((two.sees("ann"), two.sees("bob")), (2, 1));
    store
        .delete_version(id, person("ann"), NOW)
        .await
        .expect("deleted");
    let needed = store.content_is_needed(&"ACTIVE".parse().expect("an alias"), &copy.hash);
    assert!(needed.expect("answers"));
    let refused = store.copy_document(
        document_id(&copy),
        container_id(&two.public),
        person("bob"),
        NOW,
    );
    assert!(matches!(refused.await, Err(StoreError::NotFound(_))));
}

#[tokio::test]
async fn a_folder_moves_with_all_that_is_in_it_and_never_into_itself() {
    let two = Two::new().await;
    let (store, ann) = (&two.house.store, person("ann"));
    let inner = two
        .house
        .folder(&two.public, &ann, DefaultSecurity::Inherit)
        .await;
    let deep = two.house.document(&inner, &ann, named("Deep")).await;
    for into in [&two.public, &inner] {
        let (id, to) = (container_id(&two.public), container_id(into));
        let refused = store.move_folder(id, to, ann.clone(), NOW).await;
        assert!(
            matches!(refused, Err(StoreError::Invalid { .. })),
            "{refused:?}"
        );
    }
    assert_eq!(two.sees("bob"), 2);
    let (id, to) = (container_id(&two.public), container_id(&two.private));
    let moved = store
        .move_folder(id, to, ann.clone(), NOW)
        .await
        .expect("moved");
    assert_eq!(moved.parent, Some(two.private.number));
    assert_eq!((two.sees("bob"), two.sees("ann")), (0, 2));
    let deep = store.version(&document_id(&deep), &ann).expect("there");
    assert_eq!(deep.workspace, two.private.workspace);
    let path = store
        .container_path(&container_id(&inner), &ann)
        .expect("a path");
    assert_eq!(path.len(), 4);
    // To a workspace too, and back to what that gives.
    let workspace = format!("ACTIVE!{}", two.public.workspace);
    let to = workspace.parse().expect("an id");
    let moved = store.move_folder(container_id(&two.public), to, ann, NOW);
    moved.await.expect("moved");
    assert_eq!(two.sees("bob"), 2);
}

#[tokio::test]
async fn a_document_out_of_its_last_folder_is_its_owners_alone() {
    let two = Two::new().await;
    let (store, id) = (&two.house.store, document_id(&two.letter));
    let from = container_id(&two.public);
    let out = store.unfile_document(id.clone(), from.clone(), person("ann"), NOW);
    out.await.expect("out");
    assert_eq!(
        (two.sees("ann"), two.sees("bob"), two.filed(&two.public)),
        (1, 0, 0)
    );
    assert!(
        store
            .document_paths(&id, &person("ann"))
            .expect("paths")
            .is_empty()
    );
    let again = store.unfile_document(id, from, person("ann"), NOW).await;
    assert!(matches!(again, Err(StoreError::NotFound(_))), "{again:?}");
}

#[tokio::test]
async fn what_was_deleted_comes_back_and_where_its_folder_is_gone_it_asks_where_to() {
    let two = Two::new().await;
    let (store, ann, id) = (&two.house.store, person("ann"), document_id(&two.letter));
    let library = "ACTIVE".parse().expect("an alias");
    let deleted = store.delete_version(id.clone(), ann.clone(), NOW);
    deleted.await.expect("deleted");
    let trash = |who: &str| {
        let found = store.trash(&library, None, &person(who), 10);
        found.expect("a list").len()
    };
    assert_eq!((trash("ann"), trash("bob"), trash("eve")), (1, 1, 0));
    let restored = store.restore(id.clone(), vec![], String::new(), ann.clone(), NOW);
    restored.await.expect("restored");
    assert_eq!(
        (two.sees("bob"), two.filed(&two.public), trash("ann")),
        (1, 1, 0)
    );
    let twice = store.restore(id.clone(), vec![], String::new(), ann.clone(), NOW);
    assert!(matches!(twice.await, Err(StoreError::NotFound(_))));

    let deleted = store.delete_version(id.clone(), ann.clone(), NOW);
    deleted.await.expect("deleted");
    let gone = store.delete_container(
        container_id(&two.public),
        ContainerKind::Folder,
        ann.clone(),
        NOW,
    );
    gone.await.expect("gone");
    let asked = store.restore(id.clone(), vec![], String::new(), ann.clone(), NOW);
    let asked = asked.await.expect_err("where to").to_string();
    assert!(asked.contains("name one to restore it to"), "{asked}");
    assert_eq!(trash("ann"), 1, "nothing was done");
    let there = vec![container_id(&two.private)];
    let restored = store.restore(id, there, "found again".to_owned(), ann, NOW);
    let restored = restored.await.expect("restored");
    assert_eq!(restored.workspace, two.private.workspace);
    assert_eq!(
        (two.sees("ann"), two.sees("bob"), two.filed(&two.private)),
        (1, 0, 1)
    );
}

#[tokio::test]
async fn only_an_administrator_deletes_for_good_and_then_nobody_needs_the_bytes() {
    let two = Two::new().await;
    let (store, id) = (&two.house.store, document_id(&two.letter));
    let library: chancery_proto::ids::LibraryAlias = "ACTIVE".parse().expect("an alias");
    let alive = store.purge(id.clone(), root(), NOW).await;
    assert!(matches!(alive, Err(StoreError::NotFound(_))), "{alive:?}");
    let deleted = store.delete_version(id.clone(), person("ann"), NOW);
    deleted.await.expect("deleted");
    let refused = store.purge(id.clone(), person("ann"), NOW).await;
    assert!(
        matches!(refused, Err(StoreError::NoAccess(_))),
        "{refused:?}"
    );
    assert!(
        store
            .content_is_needed(&library, &two.letter.hash)
            .expect("answers")
    );
    store.purge(id.clone(), root(), NOW).await.expect("purged");
    let purged = store.purged_content().expect("answers");
    assert_eq!(purged, [(library.clone(), two.letter.hash)]);
    store
        .forget_purged(&library, two.letter.hash)
        .await
        .expect("forgotten");
    assert!(store.purged_content().expect("answers").is_empty());
    assert!(
        !store
            .content_is_needed(&library, &two.letter.hash)
            .expect("answers")
    );
    assert!(
        store
            .trash(&library, None, &root(), 10)
            .expect("a list")
            .is_empty()
    );
    let back = store.restore(id, vec![], String::new(), root(), NOW).await;
    assert!(matches!(back, Err(StoreError::NotFound(_))), "{back:?}");
}

#[tokio::test]
async fn pairs_are_set_and_taken_away_beside_what_they_belong_to() {
    let two = Two::new().await;
    let (store, id) = (&two.house.store, document_id(&two.letter));
    let set = |name: &str, value: Option<&str>| {
        let changes = BTreeMap::from([(name.to_owned(), value.map(str::to_owned))]);
        store.set_document_pairs(id.clone(), changes, person("ann"))
    };
    set("TemplateId", Some("17")).await.expect("set");
    let pairs = set("État", Some("prêt")).await.expect("set");
    assert_eq!(pairs.len(), 2);
    let pairs = set("TemplateId", None).await.expect("taken away");
    assert_eq!(
        pairs,
        BTreeMap::from([("État".to_owned(), "prêt".to_owned())])
    );
    for (name, value) in [
        ("", "x"),
        ("a\nb", "x"),
        ("n", "a\0b"),
        (&*"n".repeat(256), "x"),
    ] {
        let refused = set(name, Some(value)).await;
        assert!(
            matches!(refused, Err(StoreError::Invalid { .. })),
            "{name:?}"
        );
    }
    let seen = store.document_pairs(&id, &person("bob")).expect("pairs");
    assert_eq!(seen.len(), 1);
    let folder = container_id(&two.private);
    let hidden = store.container_pairs(&folder, &person("bob"));
    assert!(matches!(hidden, Err(StoreError::NotFound(_))));
    let changes = BTreeMap::from([("a".to_owned(), Some("b".to_owned()))]);
    let set = store.set_container_pairs(folder.clone(), changes, person("ann"));
    set.await.expect("set");
    assert_eq!(
        store
            .container_pairs(&folder, &root())
            .expect("pairs")
            .len(),
        1
    );
    assert_eq!(store.document_pairs(&id, &root()).expect("pairs").len(), 1);
}

#[tokio::test]
async fn what_was_in_a_workspace_that_is_gone_is_there_and_stays_behind_its_walls() {
    let two = Two::new().await;
    let (store, ann) = (&two.house.store, person("ann"));
    let (letter, out) = (document_id(&two.letter), {
        let out = two.house.document(&two.public, &ann, named("Out")).await;
        document_id(&out)
    });
    let workspace: chancery_proto::ids::ContainerId = format!("ACTIVE!{}", two.public.workspace)
        .parse()
        .expect("an id");
    store
        .add_wall("Merger".to_owned(), NOW, entry())
        .await
        .expect("a wall");
    let changes = WallChanges {
        admit: vec![Trustee::User("ann".to_owned())],
        enclose: vec![workspace.clone()],
        ..WallChanges::default()
    };
    store
        .change_wall("merger", changes, entry())
        .await
        .expect("enclosed");
    let deleted = store.delete_version(letter.clone(), ann.clone(), NOW);
    deleted.await.expect("deleted");
    let folder = container_id(&two.public);
    let unfiled = store.unfile_document(out.clone(), folder.clone(), ann.clone(), NOW);
    unfiled.await.expect("out");
    for (id, kind) in [
        (folder, ContainerKind::Folder),
        (workspace, ContainerKind::Workspace),
    ] {
        let gone = store.delete_container(id, kind, ann.clone(), NOW).await;
        gone.expect("gone");
    }
    let library = "ACTIVE".parse().expect("an alias");
    let administrator = Principal {
        administrator: true,
        ..person("bob")
    };
    let seen = |who: &Principal| {
        let trash = store.trash(&library, None, who, 10).expect("a list").len();
        (trash, store.version(&out, who).is_ok())
    };
    assert_eq!(seen(&ann), (1, true));
    assert_eq!(seen(&administrator), (0, false));
    assert_eq!(store.version(&out, &ann).expect("there").workspace_name, "");
    let there = vec![container_id(&two.private)];
    let refused = store.restore(
        letter.clone(),
        there.clone(),
        String::new(),
        ann.clone(),
        NOW,
    );
    assert!(
        matches!(refused.await, Err(StoreError::NoAccess(_))),
        "out of the wall"
    );
    store.remove_wall("merger", entry()).await.expect("down");
    let restored = store.restore(letter, there, String::new(), ann, NOW).await;
    assert_eq!(restored.expect("restored").workspace, two.private.workspace);
}

/// Deletes the letter and tries to do so for good: whether that was refused.
async fn stays(two: &Two) -> bool {
    let (store, id) = (&two.house.store, document_id(&two.letter));
    // It is in the trash already where it stayed before.
    let _ = store.delete_version(id.clone(), root(), NOW).await;
    match store.purge(id, root(), NOW).await {
        Ok(()) => false,
        Err(StoreError::Conflict(why)) => {
            assert!(why.contains("legal hold “Smith”"), "{why}");
            true
        }
        Err(error) => panic!("{error:?}"),
    }
}

async fn hold(two: &Two, enclose: &[&str]) {
    let store = &two.house.store;
    let added = store.add_hold("Smith".to_owned(), String::new(), NOW, entry());
    added.await.expect("added");
    let changes = HoldChanges {
        enclose: enclose
            .iter()
            .map(|id| id.parse().expect("an id"))
            .collect(),
        free: Vec::new(),
    };
    let changed = store.change_hold("smith", changes, entry()).await;
    changed.expect("changed");
}

#[tokio::test]
async fn what_is_under_a_hold_is_deleted_for_good_by_nobody_until_it_is_lifted() {
    let two = Two::new().await;
    let store = &two.house.store;
    hold(&two, &[&format!("ACTIVE!{}", two.letter.number)]).await;
    assert!(stays(&two).await);
    // Nor by the server's own command, and another hold keeps it too.
    let id = document_id(&two.letter);
    let refused = store.purge(id, Principal::system(""), NOW).await;
    assert!(
        matches!(refused, Err(StoreError::Conflict(_))),
        "{refused:?}"
    );
    assert!(store.purged_content().expect("answers").is_empty());
    store.lift_hold("SMITH", entry()).await.expect("lifted");
    assert!(store.holds().expect("holds").is_empty());
    assert!(!stays(&two).await);
}

#[tokio::test]
async fn a_document_that_leaves_a_workspace_under_a_hold_stays_under_it() {
    for whole_folder in [false, true] {
        let two = Two::new().await;
        let store = &two.house.store;
        hold(&two, &[&format!("ACTIVE!{}", two.public.workspace)]).await;
        if whole_folder {
            let to = container_id(&two.private);
            let moved = store.move_folder(container_id(&two.public), to, root(), NOW);
            moved.await.expect("moved");
        } else {
            let moved = store.move_document(
                document_id(&two.letter),
                container_id(&two.public),
                container_id(&two.private),
                root(),
                NOW,
            );
            let moved = moved.await.expect("moved");
            assert_ne!(moved.workspace, two.public.workspace);
        }
        let items: Vec<String> = store.holds().expect("holds")[0]
            .items
            .iter()
            .map(ToString::to_string)
            .collect();
        let letter = format!("ACTIVE!{}", two.letter.number);
        assert!(items.contains(&letter), "{items:?}");
        assert!(stays(&two).await, "whole folder: {whole_folder}");
        let changes = HoldChanges {
            enclose: Vec::new(),
            free: vec![letter.parse().expect("an id")],
        };
        store
            .change_hold("Smith", changes, entry())
            .await
            .expect("freed");
        assert!(!stays(&two).await);
    }
}

#[tokio::test]
async fn a_hold_names_what_is_not_there_and_changes_nothing() {
    let two = Two::new().await;
    let store = &two.house.store;
    hold(&two, &[]).await;
    let changes = HoldChanges {
        enclose: vec![
            format!("ACTIVE!{}", two.letter.number)
                .parse()
                .expect("an id"),
            "ACTIVE!99999".parse().expect("an id"),
        ],
        free: Vec::new(),
    };
    let refused = store.change_hold("Smith", changes, entry()).await;
    assert!(
        matches!(refused, Err(StoreError::NotFound(_))),
        "{refused:?}"
    );
    assert!(store.holds().expect("holds")[0].items.is_empty());
    let again = store.add_hold("SMITH".to_owned(), String::new(), NOW, entry());
    assert!(matches!(again.await, Err(StoreError::Conflict(_))));
    let none = store.lift_hold("Jones", entry()).await;
    assert!(matches!(none, Err(StoreError::NotFound("hold"))));
}
