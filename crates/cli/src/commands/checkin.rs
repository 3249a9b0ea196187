//! `chancery checkin`: a changed document on its way back.

use crate::arguments::Checkin;
use crate::context::Context;
use crate::desk::{Record, SEND_IT_YOURSELF, checksum_of, gone, is_still};
use crate::download::profile;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::sign_in::signed_in;
use crate::upload::{Sending, key, name_and_extension};
use crate::wording::size;
use crate::work::Work;
use chancery_client::local::{Agent, FileToSend, empty_body};
use chancery_proto::ids::DocumentId;
use http::{HeaderMap, Method};
use serde_json::{Map, Value, json};
use std::path::Path;

pub(super) async fn checkin(context: &Context, arguments: &Checkin) -> Result<Exit, Failure> {
    let path = arguments.file.as_path();
    let file = FileToSend::look_at(path)?;
    let record = Record::read(path)?.ok_or_else(|| no_record(path))?;
    let own = checksum_of(path).await?;
    let context = &at_its_server(context, &record).await?;
    let work = Work::open(context).await?;
    let checking = CheckingIn {
        context,
        work: &work,
        arguments,
        file: &file,
        record,
    };
    if own == checking.record.checksum {
        return checking.unchanged().await;
    }
    checking.changed(&own).await
}

fn no_record(path: &Path) -> Failure {
    Failure::new(
        Exit::Failed,
        "RECORD",
        format!(
            "“{}” was not fetched with “chancery checkout” or “chancery open”, or was renamed or moved since: nothing says where it belongs.",
            path.display()
        ),
    )
    .with_hint(SEND_IT_YOURSELF)
}

/// Looks at the server that the file came from, whichever is active now.
async fn at_its_server(context: &Context, record: &Record) -> Result<Context, Failure> {
    let agent = context.own_agent().await?;
    let entry = agent
        .servers()
        .await?
        .into_iter()
        .find(|entry| entry.id == record.server && entry.address == record.address)
        .ok_or_else(|| {
            Failure::new(
                Exit::NotFound,
                "CHANCERY_UNKNOWN_SERVER",
                format!(
                    "The file came from {}, which is not in the list of servers any more.",
                    record.address
                ),
            )
            .with_hint(format!(
                "Connect to it with “chancery connect {}”.",
                record.address
            ))
        })?;
    let named = context.viewed(&agent).await?;
    if named.is_some_and(|named| named.id != entry.id) {
        return Err(Failure::usage(format!(
            "The file came from “{}”. Leave out “--server”.",
            entry.name
        )));
    }
    Ok(context.at(&entry.id))
}

struct CheckingIn<'a> {
    context: &'a Context,
    work: &'a Work,
    arguments: &'a Checkin,
    file: &'a FileToSend,
    record: Record,
}

impl CheckingIn<'_> {
    fn path(&self) -> &Path {
        self.file.path()
    }

    /// Nothing to send: others may change it again.
    async fn unchanged(self) -> Result<Exit, Failure> {
        let id = self.record.document.clone();
        self.unlock(&id).await?;
        self.put_away(self.record.clone())?;
        let unlocked = if self.record.checked_out {
            " It is not checked out any more."
        } else {
            ""
        };
        self.report(
            &id,
            false,
            &format!(
                "“{}” was not changed, so nothing was sent.{unlocked}",
                self.path().display()
            ),
        )
    }

    /// Sends what hashes to `own`.
    async fn changed(self, own: &str) -> Result<Exit, Failure> {
        self.nobody_was_faster().await?;
        let document = self.work.document(&self.record.document);
        let (method, path) = if self.arguments.replace {
            (Method::PUT, format!("{document}/file"))
        } else {
            (Method::POST, format!("{document}/versions"))
        };
        let sending = Sending {
            context: self.context,
            work: self.work,
            method,
            path: &path,
            file: self.file,
            profile: self.profile(),
            key: key()?,
            bar: None,
        };
        let told = sending.go().await?;
        let id = told.get("id").and_then(Value::as_str);
        let id: DocumentId = match id.map(str::parse) {
            Some(Ok(id)) => id,
            _ => self.record.document.clone(),
        };
        let mut record = self.record.clone();
        record.document = id.clone();
        record.checksum = own.to_owned();
        if let Err(failure) = self.unlock(&self.record.document).await {
            // What was sent is there: the next check-in only unlocks.
            record.document = self.record.document.clone();
            record.write(self.path())?;
            return Err(failure.with_hint(format!(
                "The server has your changes as {id}, but the document stays checked out to you. Run the command again to end that."
            )));
        }
        if checksum_of(self.path()).await? == own {
            self.put_away(record)?;
        } else {
            // Saved once more meanwhile: that is not on the server yet.
            record.checked_out = false;
            record.write(self.path())?;
            self.context.output.note(
                "The file was changed again while it was sent, so it stays here. Check it in once more.",
            );
        }
        self.report(
            &id,
            true,
            &format!(
                "“{}” is now {id} ({}).",
                self.path().display(),
                size(self.file.size())
            ),
        )
    }

    /// Whether the server still has what this file was made from.
    async fn nobody_was_faster(&self) -> Result<(), Failure> {
        let id = &self.record.document;
        let newest = self
            .work
            .named_document(&format!("{}!{}", id.library, id.number))
            .await?;
        let moved_on = if newest.version > id.version {
            format!("There is a newer version of the document now, {newest}.")
        } else {
            let now = profile(self.context, self.work, id, &id.to_string()).await?;
            if is_still(&now, &self.record.checksum) {
                return Ok(());
            }
            format!("{id} was replaced on the server meanwhile.")
        };
        Err(Failure::new(
            Exit::Failed,
            "MOVED_ON",
            format!("{moved_on} Your changes were made to what was there before, so nothing was sent."),
        )
        .with_hint(format!(
            "Compare with “chancery get {newest}”. To send yours all the same, write “chancery put {:?} --new-version-of {newest}”.",
            self.path()
        )))
    }

    fn profile(&self) -> Value {
        let (_, extension) = name_and_extension(self.path());
        let mut document = Map::new();
        document.insert("extension".to_owned(), json!(extension));
        document.insert("size".to_owned(), json!(self.file.size()));
        if let Some(time) = self.file.modified() {
            document.insert("file_edit_date".to_owned(), json!(time));
        }
        if let Some(comment) = &self.arguments.comment {
            document.insert("comment".to_owned(), json!(comment));
        }
        json!({
            "warnings_for_required_and_disabled_fields": true,
            "doc_profile": document,
        })
    }

    async fn unlock(&self, id: &DocumentId) -> Result<(), Failure> {
        if !self.record.checked_out {
            return Ok(());
        }
        let path = format!("{}/lock", self.work.document(id));
        signed_in(self.context, self.work.agent(), async |agent: &Agent| {
            agent
                .call(Method::DELETE, &path, HeaderMap::new(), empty_body())
                .await?
                .success()
                .await
        })
        .await
        .map(drop)
    }

    /// The file goes, or stays with a note of what the server now has.
    fn put_away(&self, mut record: Record) -> Result<(), Failure> {
        if self.arguments.keep {
            record.checked_out = false;
            return record.write(self.path());
        }
        gone(self.path())?;
        Record::remove(self.path())
    }

    fn report(&self, id: &DocumentId, sent: bool, sentence: &str) -> Result<Exit, Failure> {
        if self.context.output.json {
            self.context.output.json(&json!({
                "id": id,
                "sent": sent,
                "kept": self.path().exists(),
                "path": self.path().to_string_lossy(),
            }))?;
        } else {
            self.context.output.confirm(sentence)?;
        }
        Ok(Exit::Done)
    }
}
