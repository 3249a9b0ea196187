//! Lists: filtered by right and by wish in the database, a page at a time.

mod filters;
mod query;

pub use filters::{ContainerFilter, DocumentFilter, ExtraFilter, Span, Wanted};
pub use query::{Listed, Page};

use self::filters::{container_query, document_query};
pub(crate) use self::query::like_pattern;
use self::query::{Query, number_value};
use crate::access::{CONTAINER_IS_READABLE, Principal};
use crate::containers::{self, Container};
use crate::documents::{self, Version};
use crate::names::name_key;
use crate::{Store, StoreError, libraries, lookups};
use chancery_proto::ids::ContainerId;
use rusqlite::Connection;
use rusqlite::types::Value;

/// An item of a mixed list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Child {
    /// A folder.
    Folder(Box<Container>),
    /// A document's latest version.
    Document(Box<Version>),
}

fn container_keys(container: &Container) -> Vec<Value> {
    vec![
        Value::from(name_key(&container.name)),
        number_value(container.number),
        Value::from(container.library.clone()),
    ]
}

fn page_of_folders(
    connection: &Connection,
    who: &Principal,
    above: &ContainerId,
    page: &Page,
) -> Result<Listed<Container>, StoreError> {
    let library = libraries::find(connection, &above.library)?;
    let mut query = Query::by(who, CONTAINER_IS_READABLE);
    let place = query.value(library.id);
    query.add(format!("c.library = {place}"));
    let place = query.value(number_value(above.number));
    query.add(format!("c.parent = {place}"));
    page_of_containers(connection, query, page)
}

fn page_of_containers(
    connection: &Connection,
    query: Query,
    page: &Page,
) -> Result<Listed<Container>, StoreError> {
    let mut listed = query.page(
        connection,
        (&containers::columns(), containers::FROM),
        &["c.name_key", "c.number", "l.alias"],
        page,
        containers::of_row,
        container_keys,
    )?;
    lookups::describe(connection, &mut listed.items)?;
    Ok(listed)
}

fn page_of_filed(
    connection: &Connection,
    who: &Principal,
    folder: &ContainerId,
    filter: &DocumentFilter,
    page: &Page,
) -> Result<Listed<Version>, StoreError> {
    let library = libraries::find(connection, &folder.library)?;
    let mut query = document_query(who, filter);
    let place = query.value(library.id);
    query.add(format!("f.library = {place}"));
    let place = query.value(number_value(folder.number));
    if filter.subtree {
        query.add(format!(
            "f.folder IN (WITH RECURSIVE below(number) AS (SELECT {place} UNION ALL SELECT x.number FROM containers x
             JOIN below ON x.parent = below.number WHERE x.library = {}) SELECT number FROM below)",
            library.id
        ));
    } else {
        query.add(format!("f.folder = {place}"));
    }
    let from = format!("filings f CROSS JOIN {}", documents::from());
    query.add("v.library = f.library AND v.number = f.number");
    let mut listed = query.page(
        connection,
        (&documents::columns(), &from),
        &["f.name_key", "f.number", "v.version"],
        page,
        documents::of_row,
        |version| {
            vec![
                Value::from(name_key(&version.name)),
                number_value(version.number),
                Value::from(i64::from(version.version)),
            ]
        },
    )?;
    lookups::describe(connection, &mut listed.items)?;
    Ok(listed)
}

impl Store {
    /// Documents that `who` may see and the filter asks for.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a library or container, [`StoreError::Invalid`] for a cursor.
    pub fn documents(
        &self,
        who: &Principal,
        filter: &DocumentFilter,
        page: &Page,
    ) -> Result<Listed<Version>, StoreError> {
        self.read(|connection| {
            for alias in &filter.libraries {
                libraries::find(connection, alias)?;
            }
            if let Some(container) = &filter.container {
                containers::find(connection, container, who)?;
                return page_of_filed(connection, who, container, filter, page);
            }
            let listed = document_query(who, filter).page(
                connection,
                (&documents::columns(), &documents::from()),
                &["v.library", "v.number", "v.version"],
                page,
                |row| {
                    Ok((
                        documents::of_row(row)?,
                        row.get::<_, i64>(documents::LIBRARY)?,
                    ))
                },
                |(version, library)| {
                    vec![
                        Value::from(*library),
                        number_value(version.number),
                        Value::from(i64::from(version.version)),
                    ]
                },
            )?;
            let mut items: Vec<Version> = listed
                .items
                .into_iter()
                .map(|(version, _)| version)
                .collect();
            lookups::describe(connection, &mut items)?;
            Ok(Listed {
                items,
                total: listed.total,
                cursor: listed.cursor,
            })
        })
    }

    /// Workspaces that `who` may see and the filter asks for, by name.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a library, [`StoreError::Invalid`] for a cursor.
    pub fn workspaces(
        &self,
        who: &Principal,
        filter: &ContainerFilter,
        page: &Page,
    ) -> Result<Listed<Container>, StoreError> {
        self.containers_of_kind(who, filter, "c.kind = 1", page)
    }

    /// Folders that `who` may see and the filter asks for; with `within` all below that container.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a library or container, [`StoreError::Invalid`] for a cursor.
    pub fn folders(
        &self,
        who: &Principal,
        filter: &ContainerFilter,
        within: Option<&ContainerId>,
        page: &Page,
    ) -> Result<Listed<Container>, StoreError> {
        let Some(within) = within else {
            return self.containers_of_kind(who, filter, "c.kind = 2", page);
        };
        self.read(|connection| {
            containers::find(connection, within, who)?;
            let library = libraries::find(connection, &within.library)?;
            let mut query = container_query(who, filter);
            let place = query.value(number_value(within.number));
            query.add(format!(
                "c.library = {0} AND c.number IN (WITH RECURSIVE below(number) AS (
                 SELECT number FROM containers WHERE library = {0} AND parent = {place}
                 UNION ALL SELECT x.number FROM containers x JOIN below ON x.parent = below.number
                 WHERE x.library = {0}) SELECT number FROM below)",
                library.id
            ));
            page_of_containers(connection, query, page)
        })
    }

    fn containers_of_kind(
        &self,
        who: &Principal,
        filter: &ContainerFilter,
        kind: &str,
        page: &Page,
    ) -> Result<Listed<Container>, StoreError> {
        self.read(|connection| {
            for alias in &filter.libraries {
                libraries::find(connection, alias)?;
            }
            let mut query = container_query(who, filter);
            query.add(kind);
            page_of_containers(connection, query, page)
        })
    }

    /// The folders directly in a container, by name.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the container is not there for `who`.
    pub fn subfolders(
        &self,
        above: &ContainerId,
        who: &Principal,
        page: &Page,
    ) -> Result<Listed<Container>, StoreError> {
        self.read(|connection| {
            containers::find(connection, above, who)?;
            page_of_folders(connection, who, above, page)
        })
    }

    /// What is directly in a container: folders first, then documents, each by
    /// name. `wanted` says whether folders and whether documents are.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the container is not there for `who`.
    pub fn children(
        &self,
        above: &ContainerId,
        who: &Principal,
        filter: &DocumentFilter,
        wanted: (bool, bool),
        page: &Page,
    ) -> Result<Listed<Child>, StoreError> {
        self.read(|connection| {
            containers::find(connection, above, who)?;
            let (mut items, mut total) = (Vec::new(), 0);
            let (folders_wanted, documents_wanted) = wanted;
            if folders_wanted {
                let counted = Page {
                    total: true,
                    ..page.clone()
                };
                let folders = page_of_folders(connection, who, above, &counted)?;
                total = folders.total.unwrap_or(0);
                items.extend(
                    folders
                        .items
                        .into_iter()
                        .map(|folder| Child::Folder(Box::new(folder))),
                );
            }
            let taken = u32::try_from(items.len()).unwrap_or(u32::MAX);
            let left = page.limit.saturating_sub(taken);
            if documents_wanted && (left > 0 || page.total) {
                let rest = Page {
                    limit: left.max(1),
                    offset: page.offset.saturating_sub(total),
                    cursor: None,
                    descending: page.descending,
                    total: page.total,
                };
                let documents = page_of_filed(connection, who, above, filter, &rest)?;
                total += documents.total.unwrap_or(0);
                if left > 0 {
                    items.extend(
                        documents
                            .items
                            .into_iter()
                            .map(|version| Child::Document(Box::new(version))),
                    );
                }
            }
            Ok(Listed {
                items,
                total: page.total.then_some(total),
                cursor: None,
            })
        })
    }
}
