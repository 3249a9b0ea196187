//! `chancery-server sample`: works whether the server runs or not.

use super::{CommandError, Place, output};
use crate::sample::{self, SampleDocument, SampleMatter, SampleVersion};
use crate::wire::types;
use chancery_content::Content;
use chancery_proto::clock::{SystemClock, Timestamp};
use chancery_proto::ids::{ContainerId, DocumentId, LibraryAlias};
use chancery_proto::work::DefaultSecurity;
use chancery_store::access::Principal;
use chancery_store::containers::{Container, NewContainer};
use chancery_store::documents::Version;
use chancery_store::filing::{Profile, StoredContent};
use chancery_store::{Store, StoreError};
use clap::Args;
use serde_json::{Map, Value};
use std::collections::HashMap;

#[derive(Debug, Args)]
pub(super) struct Sample {
    #[command(flatten)]
    place: Place,
    /// The library to add it to [default: the first one]
    #[arg(long, value_name = "ALIAS")]
    library: Option<LibraryAlias>,
    /// Whose it is [default: the first administrator]
    #[arg(long, value_name = "ID")]
    owner: Option<String>,
}

/// What the matter is put into.
struct Target {
    store: Store,
    content: Content,
    library: LibraryAlias,
    who: Principal,
    now: Timestamp,
}

impl Sample {
    pub(super) async fn run(self) -> Result<(), CommandError> {
        let directory = self.place.open()?;
        let (store, content) = (directory.store()?, directory.content()?);
        let library = match self.library {
            Some(library) => store.library(&library)?.alias,
            None => store
                .libraries()?
                .into_iter()
                .next()
                .map(|library| library.alias)
                .ok_or(StoreError::NotFound("library"))?,
        };
        let everybody = store.users()?;
        let owner = match &self.owner {
            Some(id) => store.user(id)?,
            None => everybody.into_iter().find(|user| user.is_admin),
        };
        let owner = owner.ok_or_else(|| {
            CommandError::Plain(
                "There is nobody to own the matter. Name a user that is there with --owner."
                    .to_owned(),
            )
        })?;
        let target = Target {
            store,
            content,
            library,
            who: Principal::system(&owner.key()),
            now: SystemClock::shared().now(),
        };
        let matter = sample::matter(target.now);
        let workspace = target.fill(&matter).await?;
        output::line(&format!(
            "Added “{}” ({}) with {} folders and {} documents.",
            matter.name,
            workspace.id(),
            matter.folders.len(),
            matter.documents.len()
        ));
        Ok(())
    }
}

impl Target {
    async fn fill(&self, matter: &SampleMatter) -> Result<Container, CommandError> {
        let extra: Map<String, Value> = matter
            .customs
            .iter()
            .map(|custom| (custom.field.to_owned(), Value::from(custom.alias)))
            .collect();
        let new = NewContainer {
            name: matter.name.clone(),
            description: matter.description.clone(),
            owner: self.who.user.clone(),
            default_security: DefaultSecurity::Public,
            extra: Value::Object(extra).to_string(),
        };
        let workspace = self
            .store
            .add_workspace(self.library.clone(), new, self.who.clone(), self.now)
            .await?;
        let mut folders: HashMap<&[&str], Container> = HashMap::new();
        for folder in &matter.folders {
            let Some((name, above)) = folder.path.split_last() else {
                continue;
            };
            let parent = folders.get(above).unwrap_or(&workspace);
            let new = NewContainer {
                name: (*name).to_owned(),
                description: folder.description.to_owned(),
                owner: self.who.user.clone(),
                default_security: DefaultSecurity::Inherit,
                extra: "{}".to_owned(),
            };
            let made = self
                .store
                .add_folder(self.id_of(parent), new, self.who.clone(), self.now)
                .await?;
            folders.insert(folder.path, made);
        }
        for document in &matter.documents {
            let folder = folders
                .get(document.folder)
                .ok_or(StoreError::NotFound("folder"))?;
            self.file(document, folder).await?;
        }
        Ok(workspace)
    }

    fn id_of(&self, container: &Container) -> ContainerId {
        ContainerId {
            library: self.library.clone(),
            number: container.number,
        }
    }

    async fn file(
        &self,
        document: &SampleDocument,
        folder: &Container,
    ) -> Result<(), CommandError> {
        let mut filed: Option<Version> = None;
        for version in &document.versions {
            let made = self.add(document, version, folder, filed.as_ref()).await?;
            filed = Some(made);
        }
        Ok(())
    }

    async fn add(
        &self,
        document: &SampleDocument,
        version: &SampleVersion,
        folder: &Container,
        before: Option<&Version>,
    ) -> Result<Version, CommandError> {
        let mut upload = self.content.begin(&self.library);
        upload.write(version.bytes.clone().into()).await?;
        let landed = upload.finish().await?;
        let content = StoredContent {
            hash: landed.hash(),
            size: landed.size(),
        };
        let comment = if version.comment.is_empty() {
            document.comment.clone()
        } else {
            version.comment.to_owned()
        };
        let profile = Profile {
            name: Some(document.name.clone()),
            extension: Some(document.extension.to_owned()),
            kind: Some(types::corrected(None, document.extension)),
            comment: Some(comment),
            file_created: Some(document.created),
            file_edited: Some(version.edited),
            ..Profile::default()
        };
        let who = self.who.clone();
        let made = match before {
            None => {
                let folder = self.id_of(folder);
                self.store
                    .add_document(folder, profile, content, None, who, self.now)
                    .await?
            }
            Some(before) => {
                let id = DocumentId {
                    library: self.library.clone(),
                    number: before.number,
                    version: before.version,
                };
                self.store
                    .add_version(id, profile, content, None, who, self.now)
                    .await?
            }
        };
        landed.settle();
        Ok(made)
    }
}
