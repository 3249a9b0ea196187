//! `chancery api`: any call of the Work API, its answer as it is.

use crate::arguments::Api;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Failure, of_status, plainly};
use crate::sign_in::signed_in;
use bytes::Bytes;
use chancery_client::local::{
    Agent, Answer, Body, FileToSend, LocalError, RefusalKind, empty_body, file_body, full_body,
};
use http::{HeaderMap, HeaderValue, Method, header};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use std::io::{self, IsTerminal, Read, Write};
use std::sync::Arc;

/// What cannot stand in a request line; what is encoded already stays.
const NOT_IN_A_PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// Where the body comes from; it can be sent more than once.
enum Data {
    None,
    Bytes(Bytes),
    File(FileToSend),
}

impl Data {
    fn body(&self) -> Body {
        match self {
            Self::None => empty_body(),
            Self::Bytes(bytes) => full_body(bytes.clone()),
            Self::File(file) => file_body(file, Arc::new(|_| {})),
        }
    }
}

pub(super) async fn api(context: &Context, arguments: &Api) -> Result<Exit, Failure> {
    let (method, path) = method_and_path(&arguments.call, arguments.data.is_some())?;
    let data = data_of(arguments.data.as_deref())?;
    let mut headers = HeaderMap::new();
    if arguments.data.is_some() {
        let value = HeaderValue::from_str(&arguments.content_type).map_err(|_| {
            Failure::usage(format!(
                "“{}” is no media type. Write one like application/json.",
                arguments.content_type
            ))
        })?;
        headers.insert(header::CONTENT_TYPE, value);
    }
    let agent = context.agent().await?;
    let answer = signed_in(context, &agent, async |agent: &Agent| {
        let answer = agent
            .call(method.clone(), &path, headers.clone(), data.body())
            .await?;
        refused_by_the_agent(answer).await
    })
    .await?;
    print(context, answer, arguments.include).await
}

/// The server's own refusals are printed as they are; the agent's are errors
/// of this command.
async fn refused_by_the_agent(answer: Answer) -> Result<Printed, LocalError> {
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

enum Printed {
    Streamed(Box<Answer>),
    Whole {
        status: http::StatusCode,
        headers: HeaderMap,
        body: Bytes,
        code: String,
    },
}

async fn print(context: &Context, answer: Printed, include: bool) -> Result<Exit, Failure> {
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

fn method_and_path(call: &[String], has_data: bool) -> Result<(Method, String), Failure> {
    let (method, path) = match call {
        [path] => (if has_data { Method::POST } else { Method::GET }, path),
        [method, path] => {
            let upper = method.to_ascii_uppercase();
            let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
            let method = known
                .contains(&upper.as_str())
                .then(|| Method::from_bytes(upper.as_bytes()).ok())
                .flatten()
                .ok_or_else(|| {
                    Failure::usage(format!(
                        "“{method}” is no method. The methods are {}.",
                        known.join(", ")
                    ))
                })?;
            (method, path)
        }
        _ => {
            return Err(Failure::usage(
                "A call needs a path, for example /work/api.",
            ));
        }
    };
    // What discovery gives as the base of every address is the agent.
    let path = path.strip_prefix("http://chancery").unwrap_or(path);
    if path.starts_with("http://") || path.starts_with("https://") {
        return Err(Failure::usage(format!(
            "“{path}” names a server. Write only the path, beginning with “/”, and choose the server with “--server”."
        )));
    }
    let slash = if path.starts_with('/') { "" } else { "/" };
    let encoded = utf8_percent_encode(path, NOT_IN_A_PATH);
    Ok((method, format!("{slash}{encoded}")))
}

fn data_of(data: Option<&str>) -> Result<Data, Failure> {
    match data {
        None => Ok(Data::None),
        Some("-") => {
            let mut bytes = Vec::new();
            io::stdin()
                .lock()
                .read_to_end(&mut bytes)
                .map_err(|error| {
                    Failure::new(
                        Exit::Failed,
                        "INPUT",
                        format!("The standard input cannot be read: {}.", plainly(&error)),
                    )
                })?;
            Ok(Data::Bytes(bytes.into()))
        }
        Some(text) => match text.strip_prefix('@') {
            Some(path) => Ok(Data::File(FileToSend::look_at(path)?)),
            None => Ok(Data::Bytes(Bytes::from(text.to_owned()))),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::method_and_path;
    use http::Method;

    fn call(words: &[&str], data: bool) -> Result<(Method, String), String> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        method_and_path(&words, data).map_err(|failure| failure.sentence)
    }

    #[test]
    fn a_method_may_be_left_out_and_a_path_may_be_written_as_people_do() {
        assert_eq!(
            call(&["work/api"], false),
            Ok((Method::GET, "/work/api".to_owned()))
        );
        assert_eq!(
            call(&["/work/api"], true),
            Ok((Method::POST, "/work/api".to_owned()))
        );
        assert_eq!(
            call(&["delete", "/a?name=Büro Ω&x=%20"], false),
            Ok((
                Method::DELETE,
                "/a?name=B%C3%BCro%20%CE%A9&x=%20".to_owned()
            ))
        );
        assert!(
            call(&["FETCH", "/a"], false)
                .expect_err("no method")
                .contains("no method")
        );
        assert!(
            call(&["https://x/a"], false)
                .expect_err("a server")
                .contains("--server")
        );
    }
}
