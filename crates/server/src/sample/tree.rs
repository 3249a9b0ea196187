//! The workspace, its folders, and which document lies where.

use super::calendar::{Calendar, Day};
use super::facts::Facts;
use super::{SampleCustom, SampleDocument, SampleFolder, SampleMatter, SampleVersion};
use super::{matter_contract, matter_evidence, matter_letters, matter_money, matter_pleadings};
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

/// A realistic matter that is being worked on at `now`.
///
/// Times that lie in the future of `now` appear in texts only: every document
/// was made and edited before it.
#[must_use]
pub fn matter(now: Timestamp) -> SampleMatter {
    let facts = Facts::of(Calendar::ending(now));
    let mut documents = matter_contract::documents(facts);
    documents.extend(matter_letters::documents(facts));
    documents.extend(matter_evidence::documents(facts));
    documents.extend(matter_pleadings::documents(facts));
    documents.extend(matter_money::documents(facts));
    documents.sort_by(|one, other| (one.created, &one.name).cmp(&(other.created, &other.name)));
    SampleMatter {
        name: "Nordkai Logistik – Roof of warehouse 7 (20417-003)".to_owned(),
        description: "Claim against Castellan Dachbau AG for a leaking roof: defects, spoiled stock, loss of use"
            .to_owned(),
        customs: vec![
            custom("custom1", "20417", "Nordkai Logistik GmbH"),
            custom("custom2", "003", "Roof of warehouse 7"),
            custom("custom3", "DISPUTES", "Dispute resolution"),
            custom("custom4", "HAMBURG", "Hamburg office"),
        ],
        folders: vec![
            folder(LETTERS, "Letters and mail, by who wrote"),
            folder(CLIENT, "With Nordkai Logistik GmbH"),
            folder(OPPONENT, "With Castellan Dachbau AG and its counsel"),
            folder(COURT, "With the court"),
            folder(PLEADINGS, "What was filed, and drafts of what will be"),
            folder(EXHIBITS, "Exhibits K 1 to K 9"),
            folder(CONTRACT, "The works contract and what belongs to it"),
            folder(EVIDENCE, "Readings, notes, photographs"),
            folder(EXPERT, "The engineer's opinion and what it rests on"),
            folder(MONEY, "What is claimed, and what the case costs"),
            folder(INTERNAL, "Our own notes; not for the client"),
        ],
        documents,
    }
}

fn custom(field: &'static str, alias: &'static str, description: &'static str) -> SampleCustom {
    SampleCustom {
        field,
        alias,
        description,
    }
}

fn folder(path: Path, description: &'static str) -> SampleFolder {
    SampleFolder { path, description }
}

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
