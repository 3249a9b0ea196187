//! `chancery checkout`: a document to be changed, locked for others meanwhile.

use crate::arguments::Checkout;
use crate::context::Context;
use crate::desk::{Record, gone, named_server};
use crate::download::{Profile, fetch, file_name, profile, take};
use crate::exit::Exit;
use crate::failure::{Failure, is_not_served};
use crate::sign_in::signed_in;
use crate::sink::{Done, Sink};
use crate::wording::size;
use crate::work::Work;
use chancery_client::local::{Agent, Answer, LocalError, full_body};
use chancery_platform::machine::device_name;
use chancery_proto::ids::DocumentId;
use http::{HeaderMap, HeaderValue, Method, header};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

pub(super) async fn checkout(context: &Context, arguments: &Checkout) -> Result<Exit, Failure> {
    let directory = directory(arguments)?;
    let work = Work::open(context).await?;
    let id = work.named_document(&arguments.id).await?;
    let profile = profile(context, &work, &id, &arguments.id).await?;
    let server = named_server(context.looked_at(work.agent()).await?)?;
    let path = directory.join(file_name(&profile, &id.to_string()));
    for taken in [&path, &Record::path(&path)] {
        if taken.symlink_metadata().is_ok() {
            return Err(Failure::new(
                Exit::Failed,
                "FILE",
                format!(
                    "“{}” is there already. Check it in, move it away, or name another directory with “--to”.",
                    taken.display()
                ),
            ));
        }
    }
    // Whether anything can be written there shows before anybody is kept out.
    let sink = Sink::beside(&path)?;
    let asked = json!({
        "appname": "chancery",
        "comments": arguments.comment.as_deref().unwrap_or_default(),
        "location": device_name(),
        "path": path.to_string_lossy(),
    });
    let checking = CheckingOut {
        context,
        work: &work,
        id: &id,
    };
    let (done, received) = checking.go(&asked, &profile, sink).await?;
    let mut record = Record::new(&server, &id, &done.checksum);
    record.checked_out = true;
    done.keep_as(&path, false)?;
    if let Err(failure) = record.write(&path) {
        gone(&path)?;
        return Err(failure);
    }
    context.undo.clear();
    report(context, &id, &path, received)
}

fn report(context: &Context, id: &DocumentId, path: &Path, received: u64) -> Result<Exit, Failure> {
    if context.output.json {
        context
            .output
            .json(&json!({"id": id, "path": path.to_string_lossy(), "size": received}))?;
    } else {
        context.output.confirm(&format!(
            "{id} is checked out to you as “{0}” ({1}). When you are done: chancery checkin {0:?}",
            path.display(),
            size(received)
        ))?;
    }
    Ok(Exit::Done)
}

/// The directory, in full: the server tells others where the file is.
fn directory(arguments: &Checkout) -> Result<PathBuf, Failure> {
    let named = arguments.to.as_deref().unwrap_or(Path::new("."));
    let directory = named
        .canonicalize()
        .map_err(|error| Failure::file(named, "used", &error))?;
    if directory.is_dir() {
        return Ok(directory);
    }
    Err(Failure::usage(format!(
        "“{}” is no directory. Name one with “--to”.",
        named.display()
    )))
}

struct CheckingOut<'a> {
    context: &'a Context,
    work: &'a Work,
    id: &'a DocumentId,
}

impl CheckingOut<'_> {
    /// Locks it and fetches it. From the lock on, whatever goes wrong ends
    /// with unlocking it.
    async fn go(
        &self,
        asked: &Value,
        profile: &Profile,
        sink: Sink,
    ) -> Result<(Done, u64), Failure> {
        let document = self.work.document(self.id);
        let lock = format!("{document}/lock");
        let made = signed_in(
            self.context,
            self.work.agent(),
            async |agent: &Agent| match post(agent, &format!("{document}/checkout"), asked).await {
                Ok(answer) => Ok(Some(answer)),
                Err(error) if is_not_served(&error) => Ok(None),
                Err(error) => Err(error),
            },
        )
        .await?;
        if let Some(answer) = made {
            self.context.undo.set(self.work.agent(), &lock);
            return take(self.context, self.id, profile, answer, sink).await;
        }
        let locked = post(self.work.agent(), &lock, asked).await;
        let answer = locked.map_err(|error| Failure::of_rare_route(error, "check-out"))?;
        self.context.undo.set(self.work.agent(), &lock);
        answer.bytes().await?;
        // What it was before the lock may be something else by now.
        let typed = self.id.to_string();
        let profile = crate::download::profile(self.context, self.work, self.id, &typed).await?;
        fetch(self.context, self.work, self.id, &profile, sink).await
    }
}

async fn post(agent: &Agent, path: &str, body: &Value) -> Result<Answer, LocalError> {
    let mut headers = HeaderMap::new();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    agent
        .call(Method::POST, path, headers, full_body(body.to_string()))
        .await?
        .success()
        .await
}
