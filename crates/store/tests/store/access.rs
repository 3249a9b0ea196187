use crate::{House, NOW, container_id, document_id, entry, named, person};
use chancery_proto::work::DefaultSecurity;
use chancery_store::StoreError;
use chancery_store::access::{Access, Because, Principal};
use chancery_store::containers::Container;
use chancery_store::documents::Version;
use chancery_store::entries::{Entries, Trustee};
use chancery_store::events::{Event, EventFilter};
use chancery_store::filing::Profile;
use chancery_store::groups::{Group, GroupChanges};
use chancery_store::listing::{Child, ContainerFilter, DocumentFilter, Page};
use chancery_store::security::SecurityChanges;
use chancery_store::walls::WallChanges;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const PEOPLE: [&str; 3] = ["ann", "bob", "eve"];
const GROUPS: [&str; 2] = ["litigation", "partners"];
const SECURITIES: [DefaultSecurity; 4] = [
    DefaultSecurity::Inherit,
    DefaultSecurity::Public,
    DefaultSecurity::View,
    DefaultSecurity::Private,
];
const LEVELS: [Access; 4] = [Access::None, Access::Read, Access::ReadWrite, Access::Full];

/// One item of the written model.
#[derive(Debug, Clone, Default)]
struct Item {
    security: usize,
    own: BTreeMap<Trustee, Access>,
    owner: &'static str,
}

/// The written model: what the sentences in the guide say, once more and in
/// other words. Nothing is kept that can be worked out.
#[derive(Debug, Clone, Default)]
struct Model {
    workspace: Item,
    folder: Item,
    document: Item,
    /// Another workspace, and whether the document is in it.
    other: Item,
    is_away: bool,
    members: BTreeSet<(usize, &'static str)>,
    disabled: BTreeSet<usize>,
    /// None where there is no wall.
    insiders: Option<BTreeSet<Trustee>>,
}

impl Model {
    fn groups_of(&self, user: &str) -> Vec<Trustee> {
        let counts = |group: &usize| !self.disabled.contains(group);
        let all = (0..GROUPS.len()).filter(counts);
        let mine = all.filter(|group| self.members.iter().any(|one| *one == (*group, user)));
        mine.map(|group| Trustee::Group(GROUPS[group].to_owned()))
            .collect()
    }

    /// To the document, wherever it is.
    fn to_document(&self, who: &Principal) -> Access {
        if self.is_away {
            let outside = Self {
                insiders: None,
                ..self.clone()
            };
            return outside.access(&[&self.other, &self.document], who);
        }
        self.access(&[&self.workspace, &self.folder, &self.document], who)
    }

    fn access(&self, chain: &[&Item], who: &Principal) -> Access {
        let me = Trustee::User(who.user.clone());
        let groups = self.groups_of(&who.user);
        let is_inside = self.insiders.as_ref().is_none_or(|inside| {
            inside.contains(&me) || groups.iter().any(|one| inside.contains(one))
        });
        if !is_inside {
            return Access::None;
        }
        let Some(item) = chain.last() else {
            return Access::None;
        };
        if who.administrator || item.owner == who.user {
            return Access::ChangeSecurity;
        }
        // From the first one that says something of its own down to the item,
        // whatever is nearer wins.
        let first = chain.iter().rposition(|one| one.security != 0).unwrap_or(0);
        let mut entries = BTreeMap::new();
        for one in &chain[first..] {
            entries.extend(one.own.clone());
        }
        if let Some(own) = entries.get(&me) {
            return *own;
        }
        let of_groups = groups.iter().filter_map(|group| entries.get(group)).max();
        if let Some(most) = of_groups {
            return *most;
        }
        match SECURITIES[chain[first].security] {
            _ if who.external => Access::None,
            DefaultSecurity::Public => Access::Full,
            DefaultSecurity::View => Access::Read,
            DefaultSecurity::Private | DefaultSecurity::Inherit => Access::None,
        }
    }
}

/// Something that somebody does to who may see what.
#[derive(Debug, Clone)]
enum Step {
    Default(usize, usize),
    Include(usize, Trustee, Access),
    Remove(usize, Trustee),
    Join(usize, &'static str),
    Leave(usize, &'static str),
    Switch(usize, bool),
    Build,
    Admit(Trustee),
    Expel(Trustee),
    TearDown,
    NewVersion,
    Move,
}

fn trustee() -> impl Strategy<Value = Trustee> {
    prop_oneof![
        (0..PEOPLE.len()).prop_map(|one| Trustee::User(PEOPLE[one].to_owned())),
        (0..GROUPS.len()).prop_map(|one| Trustee::Group(GROUPS[one].to_owned())),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let somebody = || (0..PEOPLE.len()).prop_map(|one| PEOPLE[one]);
    prop_oneof![
        3 => (0usize..3, 0usize..4).prop_map(|(item, security)| Step::Default(item, security)),
        4 => (0usize..3, trustee(), 0usize..4).prop_map(|(item, who, level)| Step::Include(item, who, LEVELS[level])),
        2 => (0usize..3, trustee()).prop_map(|(item, who)| Step::Remove(item, who)),
        3 => (0..GROUPS.len(), somebody()).prop_map(|(group, who)| Step::Join(group, who)),
        1 => (0..GROUPS.len(), somebody()).prop_map(|(group, who)| Step::Leave(group, who)),
        1 => (0..GROUPS.len(), any::<bool>()).prop_map(|(group, on)| Step::Switch(group, on)),
        1 => Just(Step::Build),
        2 => trustee().prop_map(Step::Admit),
        1 => trustee().prop_map(Step::Expel),
        1 => Just(Step::TearDown),
        1 => Just(Step::NewVersion),
        2 => Just(Step::Move),
    ]
}

/// How it is at first: who is in which group, and what whom is given of what.
fn beginning(joined: &[bool], given: &[Option<usize>]) -> Vec<Step> {
    let mut steps = Vec::new();
    for (place, _) in joined.iter().enumerate().filter(|(_, joined)| **joined) {
        let (group, who) = (place / PEOPLE.len(), PEOPLE[place % PEOPLE.len()]);
        steps.push(Step::Join(group, who));
    }
    let trustees = PEOPLE.len() + GROUPS.len();
    for (place, level) in given.iter().enumerate() {
        let Some(level) = level else { continue };
        let one = place % trustees;
        let who = match PEOPLE.get(one) {
            Some(user) => Trustee::User((*user).to_owned()),
            None => Trustee::Group(GROUPS[one - PEOPLE.len()].to_owned()),
        };
        steps.push(Step::Include(place / trustees, who, LEVELS[*level]));
    }
    steps
}

/// The same, in the model and in the store.
pub(crate) struct Twins {
    pub(crate) house: House,
    model: Model,
    pub(crate) workspace: Container,
    folder: Container,
    /// In a workspace of its own.
    elsewhere: Container,
    pub(crate) document: Version,
}

impl Twins {
    pub(crate) async fn new(author: &'static str) -> Self {
        let house = House::new().await;
        for id in GROUPS {
            let group = Group {
                id: id.to_uppercase(),
                full_name: id.to_owned(),
                enabled: true,
                is_external: false,
            };
            house
                .store
                .add_group(group, NOW, entry())
                .await
                .expect("a group");
        }
        let root = Principal::system("root");
        let workspace = house.workspace(&root, DefaultSecurity::Public).await;
        let folder = house
            .folder(&workspace, &root, DefaultSecurity::Inherit)
            .await;
        let other = house.workspace(&root, DefaultSecurity::View).await;
        let elsewhere = house.folder(&other, &root, DefaultSecurity::Inherit).await;
        let profile = Profile {
            author: Some(author.to_owned()),
            operator: Some(author.to_owned()),
            ..named("Letter")
        };
        let document = house.document(&folder, &root, profile).await;
        let item = |security, owner| Item {
            security,
            owner,
            own: BTreeMap::new(),
        };
        Self {
            house,
            model: Model {
                workspace: item(1, "root"),
                folder: item(0, "root"),
                document: item(0, author),
                other: item(2, "root"),
                ..Model::default()
            },
            workspace,
            folder,
            elsewhere,
            document,
        }
    }

    async fn secure(&mut self, item: usize, changes: SecurityChanges) -> Result<(), StoreError> {
        let (store, root) = (&self.house.store, Principal::system("root"));
        match item {
            0 => {
                let id = container_id(&self.workspace);
                store.set_container_security(id, changes, root, NOW).await
            }
            1 => {
                let id = container_id(&self.folder);
                store.set_container_security(id, changes, root, NOW).await
            }
            _ => {
                let id = document_id(&self.document);
                store.set_document_security(id, changes, root, NOW).await
            }
        }
    }

    fn item(&mut self, item: usize) -> &mut Item {
        match item {
            0 => &mut self.model.workspace,
            1 => &mut self.model.folder,
            _ => &mut self.model.document,
        }
    }

    async fn wall(&self, changes: WallChanges) -> Result<(), StoreError> {
        self.house
            .store
            .change_wall("Merger", changes, entry())
            .await
    }

    async fn take(&mut self, step: Step) {
        match step {
            Step::Default(item, security) => {
                let changes = SecurityChanges {
                    default_security: Some(SECURITIES[security]),
                    ..SecurityChanges::default()
                };
                let done = self.secure(item, changes).await;
                // A workspace has nothing to inherit.
                let is_refused = item == 0 && security == 0;
                assert_eq!(done.is_err(), is_refused, "{done:?}");
                if !is_refused {
                    self.item(item).security = security;
                }
            }
            Step::Include(item, who, access) => {
                let changes = SecurityChanges {
                    include: Entries::from([(who.clone(), access)]),
                    ..SecurityChanges::default()
                };
                self.secure(item, changes).await.expect("included");
                self.item(item).own.insert(who, access);
            }
            Step::Remove(item, who) => {
                let changes = SecurityChanges {
                    remove: vec![who.clone()],
                    ..SecurityChanges::default()
                };
                let done = self.secure(item, changes).await;
                let was_there = self.item(item).own.remove(&who).is_some();
                assert_eq!(done.is_ok(), was_there, "{done:?}");
            }
            Step::Join(group, who) => {
                let store = &self.house.store;
                let done =
                    store.change_members(GROUPS[group], vec![who.to_uppercase()], vec![], entry());
                done.await.expect("joined");
                self.model.members.insert((group, who));
            }
            Step::Leave(group, who) => {
                let store = &self.house.store;
                let done =
                    store.change_members(GROUPS[group], vec![], vec![who.to_owned()], entry());
                done.await.expect("left");
                self.model.members.remove(&(group, who));
            }
            Step::Switch(group, on) => {
                let changes = GroupChanges {
                    enabled: Some(on),
                    ..GroupChanges::default()
                };
                let done = self
                    .house
                    .store
                    .set_group(GROUPS[group], changes, NOW, entry());
                done.await.expect("switched");
                if on {
                    self.model.disabled.remove(&group);
                } else {
                    self.model.disabled.insert(group);
                }
            }
            Step::Build => {
                let done = self
                    .house
                    .store
                    .add_wall("Merger".to_owned(), NOW, entry())
                    .await;
                assert_eq!(done.is_err(), self.model.insiders.is_some(), "{done:?}");
                let enclose = WallChanges {
                    enclose: vec![container_id(&self.workspace)],
                    ..WallChanges::default()
                };
                self.wall(enclose).await.expect("enclosed");
                self.model.insiders.get_or_insert_default();
            }
            Step::Admit(who) => {
                let done = self
                    .wall(WallChanges {
                        admit: vec![who.clone()],
                        ..WallChanges::default()
                    })
                    .await;
                assert_eq!(done.is_ok(), self.model.insiders.is_some(), "{done:?}");
                if let Some(inside) = &mut self.model.insiders {
                    inside.insert(who);
                }
            }
            Step::Expel(who) => {
                let _ = self
                    .wall(WallChanges {
                        expel: vec![who.clone()],
                        ..WallChanges::default()
                    })
                    .await;
                if let Some(inside) = &mut self.model.insiders {
                    inside.remove(&who);
                }
            }
            Step::TearDown => {
                let done = self.house.store.remove_wall("merger", entry()).await;
                assert_eq!(done.is_ok(), self.model.insiders.is_some(), "{done:?}");
                self.model.insiders = None;
            }
            Step::Move => {
                let (here, there) = (container_id(&self.folder), container_id(&self.elsewhere));
                let (from, to) = if self.model.is_away {
                    (there, here)
                } else {
                    (here, there)
                };
                let id = document_id(&self.document);
                let root = Principal::system("root");
                let moved = self.house.store.move_document(id, from, to, root, NOW);
                moved.await.expect("moved");
                self.model.is_away = !self.model.is_away;
            }
            Step::NewVersion => {
                let author = self.model.document.owner;
                let profile = Profile {
                    operator: Some(author.to_owned()),
                    ..Profile::default()
                };
                let id = document_id(&self.document);
                let root = Principal::system("root");
                let store = &self.house.store;
                let made = store.add_version(id, profile, crate::content(2), None, root, NOW);
                self.document = made.await.expect("a version");
            }
        }
    }

    /// Every way to read agrees with the model.
    fn compare(&self) {
        for user in PEOPLE {
            for administrator in [false, true] {
                let who = Principal {
                    administrator,
                    ..person(user)
                };
                self.compare_for(&who);
            }
            self.explanations(user);
        }
    }

    fn compare_for(&self, who: &Principal) {
        let (store, model) = (&self.house.store, &self.model);
        let to_workspace = model.access(&[&model.workspace], who);
        let to_folder = model.access(&[&model.workspace, &model.folder], who);
        let to_document = model.to_document(who);
        let by = format!("{} (administrator: {})", who.user, who.administrator);
        let page = Page {
            total: true,
            ..Page::default()
        };

        // One by one.
        let id = document_id(&self.document);
        let point = store.version(&id, who);
        let found = point.as_ref().map_or(Access::None, |one| one.access(who));
        assert_eq!(found, to_document, "the document by {by}");
        assert_eq!(
            point.is_ok(),
            to_document >= Access::Read,
            "it is there for {by}"
        );
        let versions = store.versions(&id, who);
        assert_eq!(
            versions.is_ok(),
            to_document >= Access::Read,
            "versions by {by}"
        );
        assert_eq!(
            store.may_change(&id, who).is_ok(),
            to_document >= Access::ReadWrite
        );
        assert_eq!(
            store.document_security(&id, who).is_ok(),
            to_document >= Access::Read
        );
        for (container, expected) in [(&self.workspace, to_workspace), (&self.folder, to_folder)] {
            let id = container_id(container);
            let found = store.container(&id, who);
            let access = found.as_ref().map_or(Access::None, |one| one.access(who));
            assert_eq!(access, expected, "{} by {by}", container.name);
            assert_eq!(
                store.container_security(&id, who).is_ok(),
                expected >= Access::Read
            );
        }
        let path = store.container_path(&container_id(&self.folder), who);
        let whole = to_folder >= Access::Read && to_workspace >= Access::Read;
        assert_eq!(path.is_ok(), whole, "the path by {by}");
        let files = store.may_file_into(&container_id(&self.folder), who);
        assert_eq!(
            files.is_ok(),
            to_folder >= Access::ReadWrite,
            "filing by {by}"
        );

        // In lists, and in their counts.
        let reads = |access: Access| usize::from(access >= Access::Read);
        let here = if model.is_away { 0 } else { reads(to_document) };
        let others = Model {
            insiders: None,
            ..model.clone()
        };
        let to_other = others.access(&[&model.other], who);
        let everything = DocumentFilter::default();
        let listed = store.documents(who, &everything, &page).expect("a list");
        assert_eq!(listed.items.len(), reads(to_document), "the list by {by}");
        assert_eq!(
            listed.total,
            Some(reads(to_document) as u64),
            "the count by {by}"
        );
        if let Some(one) = listed.items.first() {
            assert_eq!(one.access(who), to_document, "in the list by {by}");
        }
        let filters = [
            (&self.folder, false, to_folder),
            (&self.workspace, true, to_workspace),
        ];
        for (container, subtree, expected) in filters {
            let filter = DocumentFilter {
                container: Some(container_id(container)),
                subtree,
                ..DocumentFilter::default()
            };
            let listed = store.documents(who, &filter, &page);
            assert_eq!(
                listed.is_ok(),
                expected >= Access::Read,
                "what is in it by {by}"
            );
            if let Ok(listed) = listed {
                assert_eq!(listed.items.len(), here);
            }
        }
        let folder = container_id(&self.folder);
        let children = store.children(&folder, who, &everything, (true, true), &page);
        assert_eq!(
            children.is_ok(),
            to_folder >= Access::Read,
            "children by {by}"
        );
        if let Ok(listed) = children {
            let is_document = |child: &&Child| matches!(child, Child::Document(_));
            let documents = listed.items.iter().filter(is_document).count();
            assert_eq!(documents, here);
        }
        let all = ContainerFilter::default();
        let workspaces = store.workspaces(who, &all, &page).expect("a list");
        assert_eq!(
            workspaces.items.len(),
            reads(to_workspace) + reads(to_other),
            "workspaces by {by}"
        );
        assert_eq!(
            workspaces.total,
            Some((reads(to_workspace) + reads(to_other)) as u64)
        );
        let folders = store.folders(who, &all, None, &page).expect("a list");
        assert_eq!(
            folders.items.len(),
            reads(to_folder) + reads(to_other),
            "folders by {by}"
        );
        let workspace = container_id(&self.workspace);
        let below = store.folders(who, &all, Some(&workspace), &page);
        assert_eq!(below.is_ok(), to_workspace >= Access::Read);
        if let Ok(listed) = below {
            assert_eq!(listed.items.len(), reads(to_folder));
        }
        let below = store.subfolders(&workspace, who, &page);
        assert_eq!(below.is_ok(), to_workspace >= Access::Read);
        if let Ok(listed) = below {
            assert_eq!(listed.items.len(), reads(to_folder));
        }

        // Of what may be seen now every change is told, and of nothing else.
        let library = workspace.library;
        let fed = store.events(&library, None, &EventFilter::default(), who, 9_999);
        let fed = fed.expect("a feed");
        let told = |number: u64, version: u32| {
            let of = |event: &&Event| (event.number, event.version) == (number, version);
            fed.events.iter().filter(of).count()
        };
        for (number, version, expected) in [
            (self.workspace.number, 0, to_workspace),
            (self.folder.number, 0, to_folder),
            (self.elsewhere.number, 0, to_other),
            (self.document.number, self.document.version, to_document),
        ] {
            let is_told = told(number, version) > 0;
            assert_eq!(
                is_told,
                reads(expected) > 0,
                "changes of {number}.{version} by {by}"
            );
        }
        let leads_to_folder = |event: &Event| event.related == Some(self.folder.number);
        if reads(to_folder) == 0 {
            assert!(
                !fed.events.iter().any(leads_to_folder),
                "the folder by {by}"
            );
        }
    }

    /// The explanation says what holds.
    fn explanations(&self, user: &str) {
        let (store, model) = (&self.house.store, &self.model);
        let (who, root) = (person(user), Principal::system("root"));
        let explained = store.explain_document(&document_id(&self.document), user, &root);
        let explained = explained.expect("explained");
        let expected = model.to_document(&who);
        assert_eq!(explained.access, expected, "explained for {user}");
        assert_eq!(
            explained.walls.is_empty(),
            explained.because != Because::Wall
        );
        assert_eq!(
            explained.entry.is_some(),
            explained.because == Because::Entry
        );
        let explained = store.explain_container(&container_id(&self.folder), user, &root);
        let expected = model.access(&[&model.workspace, &model.folder], &who);
        assert_eq!(explained.expect("explained").access, expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn every_way_to_read_agrees_with_the_written_model(
        author in 0..PEOPLE.len(),
        joined in proptest::collection::vec(any::<bool>(), PEOPLE.len() * GROUPS.len()),
        given in proptest::collection::vec(proptest::option::weighted(0.4, 0..LEVELS.len()), 3 * (PEOPLE.len() + GROUPS.len())),
        steps in proptest::collection::vec(step(), 0..10),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let mut twins = Twins::new(PEOPLE[author]).await;
            for step in beginning(&joined, &given) {
                twins.take(step).await;
            }
            twins.compare();
            for step in steps {
                twins.take(step).await;
                twins.compare();
            }
        });
    }
}
