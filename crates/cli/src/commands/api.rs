//! `chancery api`: any call of the Work API, its answer as it is.

mod printing;

use self::printing::{print, refused_by_the_agent};
use crate::arguments::Api;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::sign_in::{ask_and_try, signed_in};
use crate::terminal::password_from_stdin;
use bytes::Bytes;
use chancery_client::local::{
    Administering, Agent, Body, FileToSend, LocalError, empty_body, file_body, full_body,
};
use chancery_platform::wording::plainly;
use chancery_proto::error::agent_codes;
use chancery_proto::local::AdministrationRequest;
use chancery_proto::secret::Secret;
use http::{HeaderMap, HeaderValue, Method, header};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use std::io::{self, Read};
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

pub(super) async fn api(context: &Context, arguments: Api) -> Result<Exit, Failure> {
    let (method, path) = method_and_path(&arguments.call, arguments.data.is_some())?;
    // The first line of the standard input, before a body that comes from there.
    let password = match arguments.password_stdin {
        true => Some(password_from_stdin().await?),
        false => None,
    };
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
    if arguments.admin {
        let mut administering =
            administer(context, &agent, arguments.user.as_deref(), password).await?;
        let answer = administering
            .call(method, &path, headers, data.body())
            .await?;
        let answer = refused_by_the_agent(answer).await?;
        let ended = print(context, answer, arguments.include).await;
        // It ends with the connection at the latest.
        let _ = administering.end().await;
        return ended;
    }
    let answer = signed_in(context, &agent, async |agent: &Agent| {
        let answer = agent
            .call(method.clone(), &path, headers.clone(), data.body())
            .await?;
        refused_by_the_agent(answer).await
    })
    .await?;
    print(context, answer, arguments.include).await
}

/// A sign-in for administration, with the user and password that were given
/// or that somebody is asked for.
async fn administer(
    context: &Context,
    agent: &Agent,
    user: Option<&str>,
    password: Option<Secret>,
) -> Result<Administering, Failure> {
    let attempt = async |user: &str, password: Secret| {
        let request = AdministrationRequest {
            user: user.to_owned(),
            password,
        };
        match agent.administer(&request).await {
            Ok(administering) => Ok(Ok(administering)),
            Err(error) if is_no_route(&error) => Ok(Err(error)),
            Err(error) => Err(error),
        }
    };
    let administering = match (user, password, context.person) {
        (Some(user), Some(password), _) => attempt(user, password).await?,
        (_, None, Some(person)) => {
            let server = context.looked_at(agent).await?;
            let at = server.map_or_else(|| "the server".to_owned(), |entry| entry.name);
            ask_and_try(context, person, &at, user, attempt).await?
        }
        _ => {
            return Err(Failure::new(
                Exit::NeedsUser,
                "CHANCERY_NEEDS_USER",
                "Administration needs a user and a password of its own.",
            )
            .with_hint(
                "Run the command in a terminal, or give them with “--user USER --password-stdin”.",
            ));
        }
    };
    let administering = administering.map_err(Failure::of_newer_route)?;
    let told = administering.administration();
    context.output.note(&format!(
        "This call is made by {} as an administrator of {}.",
        told.user.name, told.server.name
    ));
    Ok(administering)
}

fn is_no_route(error: &LocalError) -> bool {
    error
        .refusal()
        .is_some_and(|refusal| refusal.code == agent_codes::NO_ROUTE)
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
