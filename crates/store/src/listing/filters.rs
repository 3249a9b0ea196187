//! What is asked for, and how the database is asked for it.

use super::query::{Query, number_value};
use crate::access::{CONTAINER_IS_READABLE, Principal, VERSION_IS_READABLE};
use chancery_proto::clock::Timestamp;
use chancery_proto::ids::{ContainerId, LibraryAlias};
use rusqlite::types::Value;

/// What a further profile field has to be like. Its name is one of the contract's.
#[derive(Debug, Clone, PartialEq)]
pub struct ExtraFilter {
    /// For example `custom1`.
    pub name: String,
    /// What it is to be.
    pub wanted: Wanted,
}

/// What a value is to be.
#[derive(Debug, Clone, PartialEq)]
pub enum Wanted {
    /// This text, in any case.
    Text(String),
    /// This number.
    Number(f64),
    /// So; what was never set is not so.
    Flag(bool),
    /// At or after.
    From(Timestamp),
    /// At or before.
    To(Timestamp),
}

/// Numbers from one to another, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first.
    pub from: u64,
    /// The last.
    pub to: u64,
}

/// What documents have to be like. Absent means anything.
#[derive(Debug, Clone, Default, PartialEq)]
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
    /// Within any of these numbers.
    pub numbers: Vec<Span>,
    /// This version.
    pub version: Option<u32>,
    /// The subclass.
    pub subclass: Option<String>,
    /// Further profile fields.
    pub extras: Vec<ExtraFilter>,
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
    /// Only what somebody has, or only what nobody has.
    pub in_use: Option<bool>,
    /// Only what somebody has checked out, or only what nobody has.
    pub checked_out: Option<bool>,
    /// Only what this person has: a key.
    pub in_use_by: Option<String>,
}

/// What workspaces and folders have to be like. Absent means anything.
#[derive(Debug, Clone, Default, PartialEq)]
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
    /// Part of the name of the workspace it is in.
    pub workspace_name: Option<String>,
    /// Changed at or after.
    pub edited_from: Option<Timestamp>,
    /// Changed at or before.
    pub edited_to: Option<Timestamp>,
    /// Made at or after.
    pub created_from: Option<Timestamp>,
    /// Made at or before.
    pub created_to: Option<Timestamp>,
    /// Further profile fields.
    pub extras: Vec<ExtraFilter>,
}

pub(super) fn document_query(who: &Principal, filter: &DocumentFilter) -> Query {
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
    let spans: Vec<String> = filter
        .numbers
        .iter()
        .map(|span| {
            let from = query.value(number_value(span.from));
            let to = query.value(number_value(span.to));
            format!("v.number BETWEEN {from} AND {to}")
        })
        .collect();
    if !spans.is_empty() {
        query.add(format!("({})", spans.join(" OR ")));
    }
    if let Some(version) = filter.version {
        let place = query.value(i64::from(version));
        query.add(format!("v.version = {place}"));
    }
    query.same_letters("v.subclass", filter.subclass.as_deref());
    extras(&mut query, "v.extra", &filter.extras);
    if let Some(mail) = filter.mail {
        let not = if mail { "" } else { "NOT " };
        query.add(format!("v.extension {not}IN ('eml', 'msg')"));
    }
    if let Some(in_use) = filter.in_use {
        query.add(if in_use {
            "k.user IS NOT NULL"
        } else {
            "k.user IS NULL"
        });
    }
    if let Some(checked_out) = filter.checked_out {
        query.add(if checked_out {
            "k.kind = 2"
        } else {
            "k.kind IS NOT 2"
        });
    }
    query.equal("k.user", filter.in_use_by.as_deref());
    query.between("v.edited", filter.edited_from, filter.edited_to);
    query.between("v.created", filter.created_from, filter.created_to);
    query
}

/// Further fields are in a JSON object.
fn extras(query: &mut Query, column: &str, filters: &[ExtraFilter]) {
    for filter in filters {
        let path = query.value(format!("$.{}", filter.name));
        let value = format!("json_extract({column}, {path})");
        match &filter.wanted {
            Wanted::Text(text) => {
                let place = query.value(text.clone());
                query.add(format!("{value} = {place} COLLATE NOCASE"));
            }
            Wanted::Number(number) => {
                let place = query.value(*number);
                query.add(format!("{value} = {place}"));
            }
            Wanted::Flag(flag) => {
                let place = query.value(i64::from(*flag));
                query.add(format!("COALESCE({value}, 0) = {place}"));
            }
            // Written alike, so that their letters are in the order of time.
            Wanted::From(time) => {
                let place = query.value(time.to_rfc3339());
                query.add(format!("{value} >= {place}"));
            }
            Wanted::To(time) => {
                let place = query.value(time.to_rfc3339());
                query.add(format!("{value} <= {place}"));
            }
        }
    }
}

pub(super) fn container_query(who: &Principal, filter: &ContainerFilter) -> Query {
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
    query.part_of(&["w.name"], filter.workspace_name.as_deref());
    query.between("c.edited", filter.edited_from, filter.edited_to);
    query.between("c.created", filter.created_from, filter.created_to);
    extras(&mut query, "c.extra", &filter.extras);
    query
}
