//! Lists: filtered by right and by wish in the database, a page at a time.

use crate::access::{CONTAINER_IS_READABLE, Principal, VERSION_IS_READABLE};
use crate::containers::{self, Container};
use crate::documents::{self, Version};
use crate::names::name_key;
use crate::{Store, StoreError, libraries};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chancery_proto::clock::Timestamp;
use chancery_proto::ids::{ContainerId, LibraryAlias};
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};

/// Which part of a list is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// At most so many, 1 to 9,999.
    pub limit: u32,
    /// Left out at the beginning; past the end is an empty page.
    pub offset: u64,
    /// Where to go on, as [`Listed::cursor`] told; wins over the offset.
    pub cursor: Option<String>,
    /// The other way round.
    pub descending: bool,
    /// Whether to count them all.
    pub total: bool,
}

impl Default for Page {
    fn default() -> Self {
        Self {
            limit: 500,
            offset: 0,
            cursor: None,
            descending: false,
            total: false,
        }
    }
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<T> {
    /// The items.
    pub items: Vec<T>,
    /// How many there are in all, where it was asked.
    pub total: Option<u64>,
    /// Where the next page begins, where there is one.
    pub cursor: Option<String>,
}

/// What documents have to be like. Absent means anything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DocumentFilter {
    /// In these libraries; empty for every one.
    pub libraries: Vec<LibraryAlias>,
    /// Filed in this container, below it too with `subtree`.
    pub container: Option<ContainerId>,
    /// Below the container too.
    pub subtree: bool,
    /// Part of the name, or all of it with `exact_name`.
    pub name: Option<String>,
    /// The name as a whole.
    pub exact_name: bool,
    /// Part of name, comment or extension.
    pub anywhere: Option<String>,
    /// Key of the author.
    pub author: Option<String>,
    /// Key of the operator.
    pub operator: Option<String>,
    /// Key of whoever last changed it.
    pub last_user: Option<String>,
    /// The class.
    pub class: Option<String>,
    /// Any of these types.
    pub kinds: Vec<String>,
    /// The extension.
    pub extension: Option<String>,
    /// Any of these numbers.
    pub numbers: Vec<u64>,
    /// Changed at or after.
    pub edited_from: Option<Timestamp>,
    /// Changed at or before.
    pub edited_to: Option<Timestamp>,
    /// Made at or after.
    pub created_from: Option<Timestamp>,
    /// Made at or before.
    pub created_to: Option<Timestamp>,
    /// Only mail, or only what is not mail.
    pub mail: Option<bool>,
    /// Every version and not only the latest.
    pub all_versions: bool,
}

/// What workspaces and folders have to be like. Absent means anything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContainerFilter {
    /// In these libraries; empty for every one.
    pub libraries: Vec<LibraryAlias>,
    /// Part of the name, or all of it with `exact_name`.
    pub name: Option<String>,
    /// The name as a whole.
    pub exact_name: bool,
    /// Part of the description.
    pub description: Option<String>,
    /// Part of name or description.
    pub anywhere: Option<String>,
    /// Key of the owner.
    pub owner: Option<String>,
    /// Any of these numbers.
    pub numbers: Vec<u64>,
}

/// An item of a mixed list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Child {
    /// A folder.
    Folder(Box<Container>),
    /// A document's latest version.
    Document(Box<Version>),
}

/// A query as it grows. `?1` to `?3` are always the principal.
struct Query {
    conditions: Vec<String>,
    values: Vec<Value>,
}

impl Query {
    fn by(who: &Principal, readable: &str) -> Self {
        Self {
            conditions: vec![readable.to_owned()],
            values: vec![
                Value::from(who.user.clone()),
                Value::from(i64::from(who.external)),
                Value::from(i64::from(who.administrator)),
            ],
        }
    }

    fn value(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("?{}", self.values.len())
    }

    fn add(&mut self, condition: impl Into<String>) {
        self.conditions.push(condition.into());
    }

    fn equal(&mut self, column: &str, value: Option<&str>) {
        if let Some(value) = value {
            let place = self.value(value.to_owned());
            self.add(format!("{column} = {place}"));
        }
    }

    fn same_letters(&mut self, column: &str, value: Option<&str>) {
        if let Some(value) = value {
            let place = self.value(value.to_owned());
            self.add(format!("{column} = {place} COLLATE NOCASE"));
        }
    }

    /// A part of any of the columns, without regard to case; `*` stands for anything.
    fn part_of(&mut self, columns: &[&str], value: Option<&str>) {
        if let Some(value) = value {
            let place = self.value(like_pattern(value));
            let any: Vec<String> = columns
                .iter()
                .map(|column| format!("{column} LIKE {place} ESCAPE '\\'"))
                .collect();
            self.add(format!("({})", any.join(" OR ")));
        }
    }

    fn any_of(&mut self, column: &str, values: Vec<Value>) {
        if !values.is_empty() {
            let places: Vec<String> = values.into_iter().map(|value| self.value(value)).collect();
            self.add(format!("{column} IN ({})", places.join(",")));
        }
    }

    fn libraries(&mut self, column: &str, aliases: &[LibraryAlias]) {
        self.any_of(
            column,
            aliases
                .iter()
                .map(|alias| Value::from(alias.as_str().to_owned()))
                .collect(),
        );
    }

    fn between(&mut self, column: &str, from: Option<Timestamp>, to: Option<Timestamp>) {
        for (time, sign) in [(from, ">="), (to, "<=")] {
            if let Some(time) = time {
                let place = self.value(time.0);
                self.add(format!("{column} {sign} {place}"));
            }
        }
    }

    /// Carries it out. `keys` are the columns of the order, which must name
    /// every row once; `key_of` gives their values for a row that was read.
    fn page<T>(
        mut self,
        connection: &Connection,
        select: (&str, &str),
        keys: &[&str],
        page: &Page,
        read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
        key_of: impl Fn(&T) -> Vec<Value>,
    ) -> Result<Listed<T>, StoreError> {
        let (columns, from) = select;
        let total = if page.total {
            let sql = format!(
                "SELECT COUNT(*) FROM {from} WHERE {}",
                self.conditions.join(" AND ")
            );
            let count: i64 = connection
                .prepare_cached(&sql)?
                .query_row(params_from_iter(self.values.iter()), |row| row.get(0))?;
            u64::try_from(count).ok()
        } else {
            None
        };
        if let Some(cursor) = &page.cursor {
            let values = read_cursor(cursor, keys.len())?;
            let places: Vec<String> = values.into_iter().map(|value| self.value(value)).collect();
            let sign = if page.descending { "<" } else { ">" };
            self.add(format!(
                "({}) {sign} ({})",
                keys.join(","),
                places.join(",")
            ));
        }
        let direction = if page.descending { " DESC" } else { "" };
        let order: Vec<String> = keys.iter().map(|key| format!("{key}{direction}")).collect();
        let limit = self.value(i64::from(page.limit) + 1);
        let offset = if page.cursor.is_some() {
            0
        } else {
            i64::try_from(page.offset).unwrap_or(i64::MAX)
        };
        let offset = self.value(offset);
        let sql = format!(
            "SELECT {columns} FROM {from} WHERE {} ORDER BY {} LIMIT {limit} OFFSET {offset}",
            self.conditions.join(" AND "),
            order.join(",")
        );
        let mut statement = connection.prepare_cached(&sql)?;
        let mut items: Vec<T> = statement
            .query_map(params_from_iter(self.values.iter()), read)?
            .collect::<Result<_, _>>()?;
        let wanted = usize::try_from(page.limit).unwrap_or(usize::MAX);
        let more = items.len() > wanted;
        items.truncate(wanted);
        let cursor = if more {
            items.last().map(|last| write_cursor(key_of(last)))
        } else {
            None
        };
        Ok(Listed {
            items,
            total,
            cursor,
        })
    }
}

fn like_pattern(text: &str) -> String {
    let mut pattern = String::from("%");
    for character in text.chars() {
        match character {
            '*' => pattern.push('%'),
            '%' | '_' | '\\' => {
                pattern.push('\\');
                pattern.push(character);
            }
            other => pattern.extend(other.to_lowercase()),
        }
    }
    pattern.push('%');
    pattern
}

fn write_cursor(values: Vec<Value>) -> String {
    let parts: Vec<String> = values
        .into_iter()
        .map(|value| match value {
            Value::Integer(number) => format!("i{number}"),
            Value::Text(text) => format!("t{text}"),
            _ => String::new(),
        })
        .collect();
    URL_SAFE_NO_PAD.encode(parts.join("\0"))
}

fn read_cursor(cursor: &str, count: usize) -> Result<Vec<Value>, StoreError> {
    let wrong = || {
        StoreError::invalid(
            "cursor",
            "it is not one that this list gave; begin again without it",
        )
    };
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| wrong())?;
    let text = String::from_utf8(bytes).map_err(|_| wrong())?;
    let values: Vec<Value> = text
        .split('\0')
        .map(|part| match part.split_at_checked(1) {
            Some(("i", number)) => number.parse::<i64>().map(Value::from).map_err(|_| wrong()),
            Some(("t", text)) => Ok(Value::from(text.to_owned())),
            _ => Err(wrong()),
        })
        .collect::<Result<_, _>>()?;
    if values.len() == count {
        Ok(values)
    } else {
        Err(wrong())
    }
}

fn number_value(number: u64) -> Value {
    Value::from(i64::try_from(number).unwrap_or(i64::MAX))
}

fn document_query(who: &Principal, filter: &DocumentFilter) -> Query {
    let mut query = Query::by(who, VERSION_IS_READABLE);
    query.add("v.deleted IS NULL");
    if !filter.all_versions {
        query.add("v.version = d.latest");
    }
    query.libraries("l.alias", &filter.libraries);
    if filter.exact_name {
        query.equal("v.name", filter.name.as_deref());
    } else {
        query.part_of(&["v.name"], filter.name.as_deref());
    }
    query.part_of(
        &["v.name", "v.comment", "v.extension"],
        filter.anywhere.as_deref(),
    );
    query.equal("v.author", filter.author.as_deref());
    query.equal("v.operator", filter.operator.as_deref());
    query.equal("v.last_user", filter.last_user.as_deref());
    query.same_letters("v.class", filter.class.as_deref());
    query.same_letters("v.extension", filter.extension.as_deref());
    query.any_of(
        "v.type",
        filter
            .kinds
            .iter()
            .map(|kind| Value::from(kind.to_ascii_uppercase()))
            .collect(),
    );
    query.any_of(
        "v.number",
        filter
            .numbers
            .iter()
            .map(|number| number_value(*number))
            .collect(),
    );
    if let Some(mail) = filter.mail {
        let not = if mail { "" } else { "NOT " };
        query.add(format!("v.extension {not}IN ('eml', 'msg')"));
    }
    query.between("v.edited", filter.edited_from, filter.edited_to);
    query.between("v.created", filter.created_from, filter.created_to);
    query
}

fn container_query(who: &Principal, filter: &ContainerFilter) -> Query {
    let mut query = Query::by(who, CONTAINER_IS_READABLE);
    query.libraries("l.alias", &filter.libraries);
    if filter.exact_name {
        query.equal("c.name", filter.name.as_deref());
    } else {
        query.part_of(&["c.name"], filter.name.as_deref());
    }
    query.part_of(&["c.description"], filter.description.as_deref());
    query.part_of(&["c.name", "c.description"], filter.anywhere.as_deref());
    query.equal("c.owner", filter.owner.as_deref());
    query.any_of(
        "c.number",
        filter
            .numbers
            .iter()
            .map(|number| number_value(*number))
            .collect(),
    );
    query
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
    query.page(
        connection,
        (containers::COLUMNS, containers::FROM),
        &["c.name_key", "c.number", "l.alias"],
        page,
        containers::of_row,
        container_keys,
    )
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
    let from = format!("filings f CROSS JOIN {}", documents::FROM);
    query.add("v.library = f.library AND v.number = f.number");
    query.page(
        connection,
        (documents::COLUMNS, &from),
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
    )
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
                (documents::COLUMNS, documents::FROM),
                &["v.library", "v.number", "v.version"],
                page,
                |row| Ok((documents::of_row(row)?, row.get::<_, i64>(25)?)),
                |(version, library)| {
                    vec![
                        Value::from(*library),
                        number_value(version.number),
                        Value::from(i64::from(version.version)),
                    ]
                },
            )?;
            let items = listed
                .items
                .into_iter()
                .map(|(version, _)| version)
                .collect();
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
            query.page(
                connection,
                (containers::COLUMNS, containers::FROM),
                &["c.name_key", "c.number", "l.alias"],
                page,
                containers::of_row,
                container_keys,
            )
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
            query.page(
                connection,
                (containers::COLUMNS, containers::FROM),
                &["c.name_key", "c.number", "l.alias"],
                page,
                containers::of_row,
                container_keys,
            )
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
