use crate::{House, container_id, document_id, named, person};
use chancery_proto::work::DefaultSecurity;
use chancery_store::access::{Access, Principal};
use chancery_store::filing::Profile;
use chancery_store::listing::{Child, ContainerFilter, DocumentFilter, Page};
use proptest::prelude::*;

const SECURITIES: [DefaultSecurity; 4] = [
    DefaultSecurity::Inherit,
    DefaultSecurity::Public,
    DefaultSecurity::View,
    DefaultSecurity::Private,
];

/// The written model: what the sentence in the guide says, once more.
fn may_read(who: &Principal, owner: &str, chain: &[DefaultSecurity]) -> bool {
    let holds = chain
        .iter()
        .rev()
        .find(|security| **security != DefaultSecurity::Inherit);
    who.administrator
        || who.user == owner
        || (!who.external && matches!(holds, Some(DefaultSecurity::Public | DefaultSecurity::View)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn every_way_to_read_a_document_agrees_with_the_written_model(
        workspace_security in 1usize..4,
        folder_security in 0usize..4,
        document_security in 0usize..4,
        later_security in 1usize..4,
        author in 0usize..3,
        admin in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let house = House::new().await;
            let root = Principal::system("root");
            let workspace = house.workspace(&root, SECURITIES[workspace_security]).await;
            let folder = house.folder(&workspace, &root, SECURITIES[folder_security]).await;
            let author = ["ann", "bob", "eve"][author];
            let profile = Profile {
                author: Some(author.to_owned()),
                operator: Some(author.to_owned()),
                default_security: Some(SECURITIES[document_security]),
                ..named("Letter")
            };
            let filed = house.document(&folder, &root, profile).await;
            for changed in [false, true] {
                let above = if changed { later_security } else { workspace_security };
                if changed {
                    let changes = chancery_store::containers::ContainerChanges {
                        default_security: Some(SECURITIES[above]),
                        ..Default::default()
                    };
                    house.store.update_container(container_id(&workspace), changes, root.clone(), crate::NOW).await.expect("changed");
                }
                for user in ["ann", "bob", "eve"] {
                    let who = Principal { administrator: admin && user == "bob", ..person(user) };
                    let to_folder = [SECURITIES[above], SECURITIES[folder_security]];
                    let to_document = [SECURITIES[above], SECURITIES[folder_security], SECURITIES[document_security]];
                    let expected = may_read(&who, author, &to_document);
                    let folder_expected = may_read(&who, "root", &to_folder);
                    let point = house.store.version(&document_id(&filed), &who);
                    assert_eq!(point.is_ok(), expected, "point read by {user}");
                    assert_eq!(house.store.versions(&document_id(&filed), &who).is_ok(), expected, "versions by {user}");
                    if let Ok(version) = point {
                        assert!(version.access(&who) >= Access::Read);
                    }
                    let page = Page { total: true, ..Page::default() };
                    let all = house.store.documents(&who, &DocumentFilter::default(), &page).expect("a list");
                    assert_eq!(all.items.len(), usize::from(expected), "list by {user}");
                    assert_eq!(all.total, Some(u64::from(expected)), "count by {user}");
                    let filter = DocumentFilter { container: Some(container_id(&folder)), ..DocumentFilter::default() };
                    let filed_here = house.store.documents(&who, &filter, &page);
                    assert_eq!(filed_here.is_ok(), folder_expected, "folder by {user}");
                    if let Ok(listed) = filed_here {
                        assert_eq!(listed.items.len(), usize::from(expected));
                    }
                    let children = house.store.children(&container_id(&folder), &who, &DocumentFilter::default(), (true, true), &page);
                    assert_eq!(children.is_ok(), folder_expected, "children by {user}");
                    if let Ok(listed) = children {
                        let documents = listed.items.iter().filter(|child| matches!(child, Child::Document(_))).count();
                        assert_eq!(documents, usize::from(expected));
                    }
                    let workspaces = house.store.workspaces(&who, &ContainerFilter::default(), &page).expect("a list");
                    assert_eq!(workspaces.items.len(), usize::from(may_read(&who, "root", &[SECURITIES[above]])));
                    let folders = house.store.folders(&who, &ContainerFilter::default(), None, &page).expect("a list");
                    assert_eq!(folders.items.len(), usize::from(folder_expected));
                }
            }
        });
    }
}
