//! The answer to a call, as it is or as JSON.

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Failure, of_status};
use bytes::Bytes;
use chancery_client::local::{Answer, LocalError, RefusalKind};
use http::HeaderMap;
use serde_json::{Map, Value, json};
use std::io::{self, IsTerminal, Write};

/// The server's own refusals are printed as they are; the agent's are errors
/// of this command.
pub(super) async fn refused_by_the_agent(answer: Answer) -> Result<Printed, LocalError> {
    if answer.status().is_success() || answer.status().is_redirection() {
        return Ok(Printed::Streamed(Box::new(answer)));
    }
    let (status, headers) = (answer.status(), answer.headers().clone());
    let body = answer.bytes().await?;
    let refusal = chancery_client::local::Refusal::read(status, &headers, &body);
    match refusal.kind {
        RefusalKind::Server => Ok(Printed::Whole {
            status,
            headers,
            body,
            code: refusal.code,
        }),
        _ => Err(LocalError::Refused(Box::new(refusal))),
    }
}

pub(super) enum Printed {
    Streamed(Box<Answer>),
    Whole {
        status: http::StatusCode,
        headers: HeaderMap,
        body: Bytes,
        code: String,
    },
}

pub(super) async fn print(
    context: &Context,
    answer: Printed,
    include: bool,
) -> Result<Exit, Failure> {
    if context.output.json {
        return as_json(context, answer).await;
    }
    let written = |result: io::Result<()>| result.map_err(|error| Failure::output(&error));
    let mut out = io::stdout();
    let mut last = None;
    let (status, code) = match answer {
        Printed::Streamed(mut answer) => {
            let status = answer.status();
            if include {
                written(head(&mut out, status, answer.headers()))?;
            }
            while let Some(piece) = answer.chunk().await? {
                written(out.write_all(&piece))?;
                last = piece.last().copied().or(last);
            }
            (status, String::new())
        }
        Printed::Whole {
            status,
            headers,
            body,
            code,
        } => {
            if include {
                written(head(&mut out, status, &headers))?;
            }
            written(out.write_all(&body))?;
            last = body.last().copied();
            (status, code)
        }
    };
    // A body stays as it is, but the shell's next line begins a new one.
    if last.is_some_and(|byte| byte != b'\n') && out.is_terminal() {
        written(writeln!(out))?;
    }
    written(out.flush())?;
    if !status.is_success() && !include {
        context
            .output
            .note(&format!("The server answered {status}."));
    }
    Ok(of_status(status, &code))
}

fn head(out: &mut impl Write, status: http::StatusCode, headers: &HeaderMap) -> io::Result<()> {
    writeln!(out, "HTTP/1.1 {status}")?;
    for (name, value) in headers {
        write!(out, "{name}: ")?;
        out.write_all(value.as_bytes())?;
        writeln!(out)?;
    }
    writeln!(out)
}

/// Status, headers and body as one document.
async fn as_json(context: &Context, answer: Printed) -> Result<Exit, Failure> {
    let (status, headers, body, code) = match answer {
        Printed::Streamed(answer) => {
            let (status, headers) = (answer.status(), answer.headers().clone());
            (status, headers, answer.bytes().await?, String::new())
        }
        Printed::Whole {
            status,
            headers,
            body,
            code,
        } => (status, headers, body, code),
    };
    let body = match (serde_json::from_slice(&body), std::str::from_utf8(&body)) {
        (Ok(value), _) => value,
        (_, Ok("")) => Value::Null,
        (_, Ok(text)) => Value::from(text),
        _ => {
            return Err(Failure::usage(
                "The answer is no text, so it cannot stand in JSON. Leave out “--json”.",
            ));
        }
    };
    let mut named: Map<String, Value> = Map::new();
    for (name, value) in &headers {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        if let Some(list) = named
            .entry(name.as_str())
            .or_insert_with(|| json!([]))
            .as_array_mut()
        {
            list.push(value.into());
        }
    }
    context
        .output
        .json(&json!({"status": status.as_u16(), "headers": named, "body": body}))?;
    Ok(of_status(status, &code))
}
