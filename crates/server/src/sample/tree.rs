//! The folders, and the documents that lie in them.

use super::calendar::Day;
use super::{SampleDocument, SampleVersion};
use chancery_proto::clock::Timestamp;

/// A folder's place: names from below the workspace down.
pub(super) type Path = &'static [&'static str];

pub(super) const LETTERS: Path = &["01 Correspondence"];
pub(super) const CLIENT: Path = &["01 Correspondence", "Client"];
pub(super) const OPPONENT: Path = &["01 Correspondence", "Opponent"];
pub(super) const COURT: Path = &["01 Correspondence", "Court"];
pub(super) const PLEADINGS: Path = &["02 Pleadings"];
pub(super) const EXHIBITS: Path = &["02 Pleadings", "Exhibits"];
pub(super) const CONTRACT: Path = &["03 Contract"];
pub(super) const EVIDENCE: Path = &["04 Evidence"];
pub(super) const EXPERT: Path = &["04 Evidence", "Expert opinion"];
pub(super) const MONEY: Path = &["05 Damages and costs"];
pub(super) const INTERNAL: Path = &["06 Internal"];

/// A document of one version, which says when it was made.
pub(super) fn single(
    folder: Path,
    name: impl Into<String>,
    extension: &'static str,
    author: &'static str,
    made: Timestamp,
    bytes: Vec<u8>,
) -> SampleDocument {
    SampleDocument {
        folder,
        name: name.into(),
        extension,
        author,
        comment: String::new(),
        created: made,
        versions: vec![SampleVersion {
            bytes,
            comment: "",
            edited: made,
        }],
    }
}

impl SampleDocument {
    /// The same document with a comment on its profile.
    pub(super) fn commented(mut self, comment: &str) -> Self {
        comment.clone_into(&mut self.comment);
        self
    }

    /// The same document with one more version.
    pub(super) fn then(mut self, day: Day, comment: &'static str, bytes: Vec<u8>) -> Self {
        self.versions.push(SampleVersion {
            bytes,
            comment,
            edited: day.at(16, 20),
        });
        self
    }
}
