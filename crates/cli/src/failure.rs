//! Why a command failed: a sentence for the person, a code for the script.

mod refusal;

pub(crate) use refusal::of_status;

use crate::exit::Exit;
use chancery_client::local::{LocalError, RefusalKind, UploadError};
use chancery_platform::agent_process::StartError;
use chancery_platform::directories::DirectoryError;
use chancery_platform::wording::plainly;
use chancery_proto::error::{FieldMessage, agent_codes, codes};
use http::StatusCode;
use serde::Serialize;
use std::io;
use std::path::Path;

/// A failed command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// The exit code.
    pub(crate) exit: Exit,
    /// A stable code, for `--json`.
    pub(crate) code: Box<str>,
    /// What happened.
    pub(crate) sentence: String,
    /// What to do next, where the sentence does not say it.
    pub(crate) hint: Option<Box<str>>,
    /// The fields at fault, as the server named them.
    pub(crate) fields: Box<[FieldMessage]>,
    /// The request's id in the server's log.
    pub(crate) transaction: Option<Box<str>>,
    /// Nobody reads the output any more: say nothing.
    pub(crate) silent: bool,
}

/// As `--json` shows it.
#[derive(Serialize)]
struct Shown<'a> {
    error: ShownBody<'a>,
}

#[derive(Serialize)]
struct ShownBody<'a> {
    code: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
    exit: u8,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    messages: &'a [FieldMessage],
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction: Option<&'a str>,
}

impl Failure {
    /// A failure with a sentence that says everything.
    pub(crate) fn new(exit: Exit, code: &str, sentence: impl Into<String>) -> Self {
        Self {
            exit,
            code: code.into(),
            sentence: sentence.into(),
            hint: None,
            fields: Box::default(),
            transaction: None,
            silent: false,
        }
    }

    /// A command that was not written as it has to be.
    pub(crate) fn usage(sentence: impl Into<String>) -> Self {
        Self::new(Exit::Usage, "USAGE", sentence)
    }

    /// Something that went wrong with a file here.
    pub(crate) fn file(path: &Path, what: &str, error: &io::Error) -> Self {
        let exit = match error.kind() {
            io::ErrorKind::NotFound => Exit::NotFound,
            _ => Exit::Failed,
        };
        Self::new(
            exit,
            "FILE",
            format!("“{}” cannot be {what}: {}.", path.display(), plainly(error)),
        )
    }

    /// The output's reader has gone; nothing is wrong.
    pub(crate) fn output(error: &io::Error) -> Self {
        let mut failure = Self::new(
            Exit::Failed,
            "OUTPUT",
            format!("The output cannot be written: {}.", plainly(error)),
        );
        if error.kind() == io::ErrorKind::BrokenPipe {
            failure.exit = Exit::Done;
            failure.silent = true;
        }
        failure
    }

    /// A refusal of one of the agent's newer routes: where the agent that runs
    /// does not know it, that is what is said.
    pub(crate) fn of_newer_route(error: LocalError) -> Self {
        match error.refusal() {
            Some(refusal) if refusal.code == agent_codes::NO_ROUTE => Self::new(
                Exit::Agent,
                agent_codes::NO_ROUTE,
                "The agent that runs is older than this command and does not know this yet.",
            )
            .with_hint("End it with “chancery agent stop” and run the command again: a new one is started."),
            _ => error.into(),
        }
    }

    /// A call that not every server serves; `what` is a name for it, for
    /// example “search”.
    pub(crate) fn of_rare_route(error: LocalError, what: &str) -> Self {
        if is_not_served(&error) {
            return Self::new(
                Exit::ServerRefused,
                "NOT_SERVED",
                format!("This server does not serve {what}."),
            );
        }
        error.into()
    }

    /// The same with what to do next.
    pub(crate) fn with_hint(mut self, hint: impl Into<Box<str>>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same with one more thing to know, before what to do next.
    pub(crate) fn with_more(mut self, more: &str) -> Self {
        self.sentence = format!("{} {more}", self.sentence.trim_end());
        self
    }

    /// One line of JSON, in the shape of the Work API's errors.
    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(&Shown {
            error: ShownBody {
                code: &self.code,
                message: &self.sentence,
                hint: self.hint.as_deref(),
                exit: self.exit as u8,
                messages: &self.fields,
                transaction: self.transaction.as_deref(),
            },
        })
        .unwrap_or_default()
    }

    /// The lines a person reads.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut lines = vec![self.sentence.clone()];
        for field in self.fields.iter() {
            if !field.code_message.is_empty() && !self.sentence.contains(&field.code_message) {
                lines.push(format!("  {}: {}", field.field, field.code_message));
            }
        }
        lines.extend(self.hint.as_deref().map(str::to_owned));
        if let Some(transaction) = self.transaction.as_deref() {
            lines.push(format!("The server's log has this under “{transaction}”."));
        }
        lines
    }
}

impl From<DirectoryError> for Failure {
    fn from(error: DirectoryError) -> Self {
        Self::new(Exit::Agent, "DIRECTORY", error.to_string())
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        Self::new(Exit::Agent, "AGENT_START", error.to_string()).with_hint(
            "Look there for the reason, or run “chancery agent run” in a terminal to see it.",
        )
    }
}

impl From<UploadError> for Failure {
    fn from(error: UploadError) -> Self {
        let failed = |sentence: String| Self::new(Exit::Failed, "FILE", sentence);
        match error {
            UploadError::Read { path, source } => Self::file(&path, "read", &source),
            UploadError::NotAFile { path } => failed(format!(
                "“{}” is not a file. Name one or more files.",
                path.display()
            )),
            UploadError::Changed { path } => failed(format!(
                "“{}” changed while it was being sent, so the server kept nothing of it. Close it elsewhere and send it again.",
                path.display()
            )),
        }
    }
}

impl From<LocalError> for Failure {
    fn from(error: LocalError) -> Self {
        let agent = |sentence: String| Self::new(Exit::Agent, "AGENT", sentence);
        match error {
            LocalError::NotRunning { .. } => agent("No agent is running.".to_owned())
                .with_hint("Run the command again: the agent is started when it is needed."),
            LocalError::Socket { socket, source } => agent(format!(
                "The agent's socket “{}” cannot be used: {}.",
                socket.display(),
                plainly(&source)
            ))
            .with_hint(
                "Check that it belongs to you, or set CHANCERY_HOME to a directory of your own.",
            ),
            LocalError::Stranger { socket, why } => agent(format!(
                "What answers at “{}” is no agent that this version can talk to: {why}.",
                socket.display()
            ))
            .with_hint("End it and run the command again."),
            LocalError::Silent { waited } => agent(format!(
                "The agent did not answer within {} seconds.",
                waited.as_secs()
            ))
            .with_hint("Try again. If it stays silent, end it with “chancery agent stop”."),
            LocalError::Broken(error) => agent(format!(
                "The connection to the agent ended before its answer did ({}).",
                innermost(&error)
            ))
            .with_hint("Try again."),
            LocalError::Upload(error) => error.into(),
            LocalError::Request(why) => Self::usage(format!("The request cannot be sent: {why}.")),
            LocalError::BadAnswer(why) => Self::new(
                Exit::Failed,
                "BAD_ANSWER",
                format!("The answer cannot be understood: {why}."),
            ),
            LocalError::Refused(refusal) => Self::from(*refusal),
        }
    }
}

/// Whether the server has nothing at that path, where what the path names is
/// known to be there.
pub(crate) fn is_not_served(error: &LocalError) -> bool {
    error.refusal().is_some_and(|refusal| {
        let no_such = matches!(
            refusal.status,
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED
        );
        refusal.kind == RefusalKind::Server && no_such && refusal.code != codes::NO_RECORD
    })
}

fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}
