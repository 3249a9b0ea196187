//! The agent as an application sees it.

use super::answer::Answer;
use super::connection::{Body, Door, empty_body, full_body};
use super::error::LocalError;
use super::watch::Watch;
use chancery_proto::headers;
use chancery_proto::local::{
    BeginRequest, BegunSignIn, ConnectRequest, HOST, Hello, Interaction, OLDEST_PROTOCOL, PROTOCOL,
    ServerEntry, ServerList, ServerRequest, SignInRequest, Status,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, header};
use hyper::client::conn::http1::SendRequest;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// An agent that lives answers this fast, whatever the network does.
pub(super) const PROMPT_ANSWER: Duration = Duration::from_secs(10);
/// Longer than the agent waits for a person in a browser, at most half an hour
/// and whatever the server's answers take besides.
const IN_BROWSER: Duration = Duration::from_secs(1900);
/// Longer than the agent's own longest wait, which is 120 s for a person.
pub(super) const PATIENT_ANSWER: Duration = Duration::from_secs(150);

/// What stays as it is inside one segment of a path.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!');

/// The agent behind one socket.
///
/// Cheap to clone; clones share an idle connection.
#[derive(Clone, Debug)]
pub struct Agent {
    door: Door,
    own_headers: HeaderMap,
}

impl Agent {
    /// The agent that listens at `socket`. Nothing is sent yet.
    #[must_use]
    pub fn at(socket: impl Into<PathBuf>) -> Self {
        Self {
            door: Door::at(socket.into()),
            own_headers: HeaderMap::new(),
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn socket(&self) -> &Path {
        self.door.socket()
    }

    /// A connection that no other call shares.
    pub(super) async fn open_another(&self) -> Result<SendRequest<Body>, LocalError> {
        self.door.open().await
    }

    /// Tells the agent who calls, for its list of applications.
    ///
    /// # Errors
    /// [`LocalError::Request`] for a label that cannot stand in a header.
    pub fn as_application(self, label: &str) -> Result<Self, LocalError> {
        self.with_header(headers::APPLICATION, label)
    }

    /// Looks at the known server `name` instead of the active one: the server
    /// view. Nothing but the calls of this value changes.
    ///
    /// # Errors
    /// [`LocalError::Request`] for a name that cannot stand in a header.
    pub fn viewing(self, name: &str) -> Result<Self, LocalError> {
        self.with_header(headers::SERVER, name)
    }

    /// What the calls of this value allow; without it, never a prompt.
    #[must_use]
    pub fn allowing(mut self, interaction: Interaction) -> Self {
        let word = match interaction {
            Interaction::Never => "never",
            Interaction::IfNeeded => "if-needed",
            Interaction::Force => "force",
        };
        self.own_headers.insert(
            HeaderName::from_static(headers::INTERACTION),
            HeaderValue::from_static(word),
        );
        self
    }

    fn with_header(mut self, name: &'static str, value: &str) -> Result<Self, LocalError> {
        let value = HeaderValue::from_bytes(value.as_bytes())
            .map_err(|_| LocalError::Request(format!("“{value}” cannot stand in a header")))?;
        self.own_headers
            .insert(HeaderName::from_static(name), value);
        Ok(self)
    }

    /// Asks who is there, and whether a protocol is spoken by both.
    ///
    /// # Errors
    /// [`LocalError::NotRunning`] when nobody listens, [`LocalError::Stranger`]
    /// when it is no agent or one too old or too new.
    pub async fn hello(&self) -> Result<Hello, LocalError> {
        let stranger = |why: String| LocalError::Stranger {
            socket: self.socket().to_owned(),
            why,
        };
        let hello: Hello = self
            .ask(Method::GET, "/agent/v1/hello", NOTHING, PROMPT_ANSWER)
            .await
            .map_err(|error| match error {
                LocalError::BadAnswer(why) => stranger(why),
                other => other,
            })?;
        if hello.name != "chancery-agent" {
            return Err(stranger(format!("it calls itself “{}”", hello.name)));
        }
        if hello.protocol < OLDEST_PROTOCOL || hello.oldest_protocol > PROTOCOL {
            return Err(stranger(format!(
                "it is version {} and speaks protocol {} to {}, this one speaks {OLDEST_PROTOCOL} to {PROTOCOL}",
                hello.version, hello.oldest_protocol, hello.protocol
            )));
        }
        Ok(hello)
    }

    /// The whole state.
    ///
    /// # Errors
    /// As every call.
    pub async fn status(&self) -> Result<Status, LocalError> {
        self.ask(Method::GET, "/agent/v1/status", NOTHING, PROMPT_ANSWER)
            .await
    }

    /// Watches the state: the whole state first, then every change.
    ///
    /// # Errors
    /// As every call.
    pub async fn watch(&self) -> Result<Watch, LocalError> {
        let answer = self
            .call(
                Method::GET,
                "/agent/v1/watch",
                HeaderMap::new(),
                empty_body(),
            )
            .await?;
        Ok(Watch::new(answer.success().await?))
    }

    /// Proves a server, signs in where that is possible, makes it the active one.
    ///
    /// # Errors
    /// [`LocalError::Refused`]: among others a person is needed, the address
    /// leads to another host, or it is no work server.
    pub async fn connect(&self, request: &ConnectRequest) -> Result<Status, LocalError> {
        self.ask(
            Method::POST,
            "/agent/v1/connect",
            Some(request),
            patience_for(request.begun),
        )
        .await
    }

    /// Begins a sign-in in a browser, where that is how it goes; it is finished
    /// with its number in [`Agent::connect`].
    ///
    /// # Errors
    /// As [`Agent::connect`]; an older agent does not know it.
    pub async fn begin_sign_in(&self, request: &BeginRequest) -> Result<BegunSignIn, LocalError> {
        self.ask(
            Method::POST,
            "/agent/v1/begin-sign-in",
            Some(request),
            PATIENT_ANSWER,
        )
        .await
    }

    /// Signs in to the active server, or to the one viewed.
    ///
    /// # Errors
    /// [`LocalError::Refused`]: among others a person is needed, or the
    /// server does not know that user or password.
    pub async fn sign_in(&self, request: &SignInRequest) -> Result<Status, LocalError> {
        self.ask(
            Method::POST,
            "/agent/v1/sign-in",
            Some(request),
            patience_for(request.begun),
        )
        .await
    }

    /// Ends the session, on the server too, and stays away until asked.
    ///
    /// # Errors
    /// As every call.
    pub async fn disconnect(&self) -> Result<Status, LocalError> {
        self.ask(
            Method::POST,
            "/agent/v1/disconnect",
            NOTHING,
            PATIENT_ANSWER,
        )
        .await
    }

    /// Proves another known server and makes it the active one; a switch that
    /// fails leaves the old connection as it was.
    ///
    /// # Errors
    /// As [`Agent::connect`].
    pub async fn switch(&self, request: &ConnectRequest) -> Result<Status, LocalError> {
        self.ask(
            Method::POST,
            "/agent/v1/switch",
            Some(request),
            patience_for(request.begun),
        )
        .await
    }

    /// The Connect list.
    ///
    /// # Errors
    /// As every call.
    pub async fn servers(&self) -> Result<Vec<ServerEntry>, LocalError> {
        let list: ServerList = self
            .ask(Method::GET, "/agent/v1/servers", NOTHING, PROMPT_ANSWER)
            .await?;
        Ok(list.servers)
    }

    /// Adds a server to the list, or renames one, without connecting.
    ///
    /// # Errors
    /// [`LocalError::Refused`] for an address that cannot be one.
    pub async fn add_server(
        &self,
        request: &ServerRequest,
    ) -> Result<Vec<ServerEntry>, LocalError> {
        let list: ServerList = self
            .ask(
                Method::POST,
                "/agent/v1/servers",
                Some(request),
                PATIENT_ANSWER,
            )
            .await?;
        Ok(list.servers)
    }

    /// Takes a server off the list and ends its session.
    ///
    /// # Errors
    /// [`LocalError::Refused`] for a server that is not in the list.
    pub async fn remove_server(&self, id: &str) -> Result<Vec<ServerEntry>, LocalError> {
        let path = format!("/agent/v1/servers/{}", segment(id));
        let list: ServerList = self
            .ask(Method::DELETE, &path, NOTHING, PATIENT_ANSWER)
            .await?;
        Ok(list.servers)
    }

    /// Asks the agent to end. It finishes what it is doing first.
    ///
    /// # Errors
    /// [`LocalError::NotRunning`] when none runs.
    pub async fn stop(&self) -> Result<(), LocalError> {
        self.tell(Method::POST, "/agent/v1/stop", NOTHING, PATIENT_ANSWER)
            .await
    }

    /// Sends any call through the agent as if it were the server, and gives
    /// the answer whatever its status is.
    ///
    /// `path` begins with `/` and may carry a query. There is no deadline
    /// here: the agent keeps its own, and a large file takes its time.
    ///
    /// # Errors
    /// When the agent cannot be reached, or the connection or the body breaks.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        call_headers: HeaderMap,
        body: Body,
    ) -> Result<Answer, LocalError> {
        let request = self.request(method, path, call_headers, body)?;
        Ok(Answer::new(self.door.send(request).await?))
    }

    /// A request with everything that the calls of this value carry.
    pub(super) fn request(
        &self,
        method: Method,
        path: &str,
        call_headers: HeaderMap,
        body: Body,
    ) -> Result<Request<Body>, LocalError> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .body(body)
            .map_err(|error| LocalError::Request(format!("“{path}” is no path: {error}")))?;
        *request.headers_mut() = call_headers;
        for (name, value) in &self.own_headers {
            request.headers_mut().insert(name.clone(), value.clone());
        }
        request
            .headers_mut()
            .insert(header::HOST, HeaderValue::from_static(HOST));
        Ok(request)
    }

    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
        wait: Duration,
    ) -> Result<T, LocalError> {
        in_time(wait, async {
            let (headers, body) = as_json(body)?;
            let answer = self.call(method, path, headers, body).await?;
            answer.success().await?.json().await
        })
        .await
    }

    /// A call whose answer says nothing but that it was done.
    pub(super) async fn tell(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
        wait: Duration,
    ) -> Result<(), LocalError> {
        in_time(wait, async {
            let (headers, body) = as_json(body)?;
            let answer = self.call(method, path, headers, body).await?;
            answer.success().await.map(drop)
        })
        .await
    }
}

/// No body, with a type.
pub(super) const NOTHING: Option<&()> = None;

/// A body of JSON and what says so.
pub(super) fn as_json(body: Option<&impl Serialize>) -> Result<(HeaderMap, Body), LocalError> {
    let mut headers = HeaderMap::new();
    let Some(body) = body else {
        return Ok((headers, empty_body()));
    };
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    let bytes = serde_json::to_vec(body).map_err(|error| LocalError::Request(error.to_string()))?;
    Ok((headers, full_body(bytes)))
}

/// Gives up after `wait`.
pub(super) async fn in_time<T>(
    wait: Duration,
    work: impl Future<Output = Result<T, LocalError>>,
) -> Result<T, LocalError> {
    tokio::time::timeout(wait, work)
        .await
        .unwrap_or(Err(LocalError::Silent { waited: wait }))
}

/// One segment of a path, encoded.
pub(super) fn segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

/// A person in a browser has minutes.
fn patience_for(begun: Option<u64>) -> Duration {
    match begun {
        Some(_) => IN_BROWSER,
        None => PATIENT_ANSWER,
    }
}
