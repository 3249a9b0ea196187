//! The workspace as a whole: what it is about, its folders, and all documents.

use super::calendar::Calendar;
use super::facts::Facts;
use super::tree::{
    CLIENT, CONTRACT, COURT, EVIDENCE, EXHIBITS, EXPERT, INTERNAL, LETTERS, MONEY, OPPONENT,
    PLEADINGS, Path,
};
use super::{SampleCustom, SampleFolder, SampleMatter};
use super::{matter_contract, matter_evidence, matter_letters, matter_money, matter_pleadings};
use chancery_proto::clock::Timestamp;

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
