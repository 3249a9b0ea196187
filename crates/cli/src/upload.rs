//! Uploads: one file with its profile, once more where that is harmless.

use crate::checksum::{Hasher, agrees};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::outage;
use crate::progress::Bar;
use crate::sign_in::signed_in;
use crate::work::Work;
use chancery_client::local::{Agent, FileToSend, LocalError, Progress, RefusalKind, multipart};
use chancery_proto::headers::IDEMPOTENCY_KEY;
use chancery_proto::level::Capability;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use serde_json::Value;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// Name and extension of a file, as a profile has them apart.
pub(crate) fn name_and_extension(path: &Path) -> (String, String) {
    let part = |part: Option<&std::ffi::OsStr>| {
        part.map(|text| text.to_string_lossy().into_owned())
            .unwrap_or_default()
    };
    (part(path.file_stem()), part(path.extension()))
}

/// 128 bits that nobody guesses, for a boundary or a key.
pub(crate) fn key() -> Result<String, Failure> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| {
        Failure::new(
            Exit::Failed,
            "RANDOM",
            format!("The system gives no random numbers: {error}."),
        )
    })?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

/// One file on its way.
pub(crate) struct Sending<'a> {
    pub(crate) context: &'a Context,
    pub(crate) work: &'a Work,
    /// POST makes something new, PUT replaces what is there.
    pub(crate) method: Method,
    pub(crate) path: &'a str,
    pub(crate) file: &'a FileToSend,
    pub(crate) profile: Value,
    pub(crate) key: String,
    /// The bar of all that is sent; without it the file has one of its own.
    pub(crate) bar: Option<Bar>,
}

impl Sending<'_> {
    /// Sends it, once more where that cannot make two documents of it.
    pub(crate) async fn go(&self) -> Result<Value, Failure> {
        let answer = signed_in(
            self.context,
            self.work.agent(),
            async |agent: &Agent| match self.once(agent).await {
                Err(error) if self.may_repeat(&error) => {
                    if !outage::is_over(self.context, agent, &error).await {
                        return Err(error);
                    }
                    self.context
                        .output
                        .note("The connection broke on the way; the file is sent again.");
                    self.once(agent).await
                }
                other => other,
            },
        )
        .await?;
        let (answer, own) = answer;
        let document = answer.get("data").cloned().unwrap_or_default();
        let told = document.get("checksum").and_then(Value::as_str);
        if !told.is_none_or(|told| agrees(told, &own)) {
            return Err(Failure::new(
                Exit::Failed,
                "CHECKSUM",
                format!(
                    "The server keeps something else as “{}” than what was sent: its checksum differs. Delete that document and send the file again.",
                    document
                        .get("id")
                        .and_then(Value::as_str)
                        .unwrap_or_default()
                ),
            ));
        }
        for warning in answer
            .get("warnings")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let part = |name: &str| {
                warning
                    .get(name)
                    .and_then(Value::as_str)
                    .unwrap_or_default()
            };
            self.context
                .output
                .note(&format!("{}: {}", part("field"), part("error")));
        }
        Ok(document)
    }

    fn may_repeat(&self, error: &LocalError) -> bool {
        match error {
            LocalError::Refused(refusal) if refusal.kind == RefusalKind::SendAgain => true,
            // The answer may be lost and the document there: only the key
            // keeps a second one from being made.
            LocalError::Broken(_) => self.is_harmless_twice(),
            other => outage::is_offline(other) && self.is_harmless_twice(),
        }
    }

    fn is_harmless_twice(&self) -> bool {
        self.method == Method::PUT || self.work.can(Capability::Idempotency)
    }

    /// The answer, and the checksum of what was sent.
    async fn once(&self, agent: &Agent) -> Result<(Value, String), LocalError> {
        let name = self
            .file
            .path()
            .file_name()
            .unwrap_or_default()
            .to_string_lossy();
        let own = || Bar::new(self.context.output, &name, Some(self.file.size()));
        let bar = self.bar.clone().unwrap_or_else(own);
        let hasher = Arc::new(Mutex::new(Hasher::default()));
        let progress: Progress = {
            let (bar, hasher) = (bar.clone(), Arc::clone(&hasher));
            Arc::new(move |piece| {
                hasher
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .add(piece);
                bar.add(piece.len());
            })
        };
        let boundary = format!("chancery-{}", self.key);
        let (content_type, body) = multipart(&self.profile, self.file, &name, &boundary, progress);
        let header = |text: &str| {
            HeaderValue::from_str(text).map_err(|error| LocalError::Request(error.to_string()))
        };
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, header(&content_type)?);
        headers.insert(HeaderName::from_static(IDEMPOTENCY_KEY), header(&self.key)?);
        let answer = async {
            let answer = agent
                .call(self.method.clone(), self.path, headers, body)
                .await?;
            answer.success().await?.json().await
        }
        .await;
        if self.bar.is_none() {
            bar.end();
        }
        let own = hasher
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        answer.map(|answer| (answer, own.checksum()))
    }
}

#[cfg(test)]
mod tests {
    use super::name_and_extension;
    use std::path::Path;

    #[test]
    fn a_name_and_its_extension_are_told_apart() {
        for (path, name, extension) in [
            ("/a/Letter.final.docx", "Letter.final", "docx"),
            ("README", "README", ""),
            (".profile", ".profile", ""),
        ] {
            let told = name_and_extension(Path::new(path));
            assert_eq!((told.0.as_str(), told.1.as_str()), (name, extension));
        }
    }
}
