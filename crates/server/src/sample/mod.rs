//! A realistic matter, made by us: a workspace with folders and documents for
//! a first look and for tests.
//!
//! Pure: the same time gives the same bytes. Nothing here knows the store;
//! `chancery-server sample` hands what [`matter`] returns to the same doors
//! that every upload goes through. People, firms and figures are invented, and
//! mail addresses end in `.example` (RFC 2606).

mod archive;
mod calendar;
mod excel;
mod facts;
mod mail;
mod matter;
mod matter_contract;
mod matter_evidence;
mod matter_letters;
mod matter_money;
mod matter_pleadings;
mod package;
mod pdf;
mod slides;
mod text;
mod tree;
mod word;

#[cfg(test)]
mod tests;

pub use matter::matter;

use chancery_proto::clock::Timestamp;

/// A workspace with everything in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleMatter {
    /// The workspace's name.
    pub name: String,
    /// The workspace's description.
    pub description: String,
    /// Its custom fields; a child comes after its parent.
    pub customs: Vec<SampleCustom>,
    /// The tree of folders, every parent before its children.
    pub folders: Vec<SampleFolder>,
    /// The documents, oldest first.
    pub documents: Vec<SampleDocument>,
}

/// One custom field of the workspace and its look-up entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleCustom {
    /// `custom1` to `custom12`, `custom29` to `custom31`.
    pub field: &'static str,
    /// The look-up entry's alias.
    pub alias: &'static str,
    /// What the alias stands for.
    pub description: &'static str,
}

/// One folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleFolder {
    /// Names from below the workspace down to this folder.
    pub path: &'static [&'static str],
    /// What belongs there.
    pub description: &'static str,
}

/// One document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleDocument {
    /// The `path` of its folder.
    pub folder: &'static [&'static str],
    /// Its name, without the extension.
    pub name: String,
    /// Its extension, without the dot and in lower case.
    pub extension: &'static str,
    /// Who wrote it, as shown.
    pub author: &'static str,
    /// The profile's comment; may be empty.
    pub comment: String,
    /// When the file was made.
    pub created: Timestamp,
    /// Its versions, first to last; never empty.
    pub versions: Vec<SampleVersion>,
}

/// One version of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleVersion {
    /// The file itself.
    pub bytes: Vec<u8>,
    /// What changed; empty for a first version.
    pub comment: &'static str,
    /// When the file was last changed.
    pub edited: Timestamp,
}
