//! Signing in with a password, renewing, and signing out.

use super::http_client::whole;
use super::lifetimes::told_life;
use super::prove::{busy, token_value};
use super::{CLIENT_ID, Remote, RemoteError, RemoteErrorKind};
use crate::local::{Body, full_body};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use chancery_proto::headers;
use chancery_proto::secret::Secret;
use chancery_proto::session::{
    LoginRequest, LoginResponse, OAuthError, TICKET_GRANT, TokenResponse,
};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use std::time::Duration;
use url::form_urlencoded::Serializer;

/// A sign-in that takes longer has failed. Hashing a password is slow on
/// purpose, and a server may have a queue of them.
const PATIENCE: Duration = Duration::from_secs(25);
/// The scheme of RFC 4559.
const NEGOTIATE: &str = "Negotiate";
/// The longest token that is taken.
const LONGEST_TOKEN: usize = 16 * 1024;

/// A session that was obtained.
#[derive(Debug, Clone)]
pub struct Obtained {
    /// The session's token.
    pub token: Secret,
    /// Renews it once, where the server gives one.
    pub refresh: Option<Secret>,
    /// How long it lives without use, as the answer told.
    pub idle: Option<Duration>,
}

/// Somebody who administers.
#[derive(Debug, Clone)]
pub struct Administrator {
    /// The token of the session that administers.
    pub token: Secret,
    /// How long it lives without use, as the answer told.
    pub idle: Option<Duration>,
    /// The user's id on the server.
    pub user_id: String,
    /// The name to show.
    pub name: String,
}

/// A session that a ticket gave.
#[derive(Debug, Clone)]
pub struct ByTicket {
    /// The session.
    pub obtained: Obtained,
    /// What the server proves itself with; empty where it sent nothing.
    pub answer: Vec<u8>,
}

/// How a renewal ended, when it did not fail for lack of a connection.
#[derive(Debug, Clone)]
pub enum Renewal {
    /// A new session.
    Obtained(Obtained),
    /// The refresh token is no longer accepted: a person has to sign in.
    Refused,
}

impl Remote {
    /// Signs in with a password, by OAuth 2 (RFC 6749, section 4.3) where the
    /// server is one of Chancery's own, else by the v1 session API.
    ///
    /// # Errors
    /// [`RemoteErrorKind::WrongPassword`], `Unreachable`, `Busy`, `Refused`.
    pub async fn sign_in(
        &self,
        user: &str,
        password: &Secret,
        device: &str,
        by_oauth: bool,
    ) -> Result<Obtained, RemoteError> {
        if by_oauth {
            let form = form(&[
                ("grant_type", "password"),
                ("client_id", CLIENT_ID),
                ("username", user),
                ("password", password.reveal()),
            ]);
            let sent = self.post_form("/auth/oauth2/token", form, device).await;
            let (status, bytes) = sent.map_err(too_often)?;
            return match tokens(status, &bytes)? {
                Some(obtained) => Ok(obtained),
                None => Err(wrong_password()),
            };
        }
        let login = self.login(user, password, "user", device).await?;
        Ok(Obtained {
            idle: idle(&login),
            token: login.x_auth_token,
            refresh: None,
        })
    }

    /// Signs in as an administrator, by the v1 session API. What it gives is
    /// ended with [`Remote::sign_out`].
    ///
    /// # Errors
    /// As [`Remote::sign_in`]; `Refused` with 403 for somebody who is none.
    pub async fn sign_in_to_administer(
        &self,
        user: &str,
        password: &Secret,
        device: &str,
    ) -> Result<Administrator, RemoteError> {
        let login = self.login(user, password, "admin", device).await?;
        if login.persona != "admin" {
            // An ordinary session would be mistaken for what it is not.
            let _ended = self.sign_out(Some(&login.x_auth_token), None).await;
            return Err(refused(StatusCode::FORBIDDEN));
        }
        let id = Some(login.user.user_id.clone()).filter(|id| !id.is_empty());
        let user_id = id.unwrap_or_else(|| user.to_owned());
        let name = Some(login.user.full_name.clone()).filter(|name| !name.is_empty());
        Ok(Administrator {
            idle: idle(&login),
            name: name.unwrap_or_else(|| user_id.clone()),
            user_id,
            token: login.x_auth_token,
        })
    }

    async fn login(
        &self,
        user: &str,
        password: &Secret,
        persona: &str,
        device: &str,
    ) -> Result<LoginResponse, RemoteError> {
        let login = LoginRequest {
            user_id: user.to_owned(),
            password: password.clone(),
            persona: Some(persona.to_owned()),
            application_name: Some(CLIENT_ID.to_owned()),
            domain: None,
        };
        let body =
            serde_json::to_vec(&login).map_err(|error| RemoteError::nonsense(error.to_string()))?;
        let request = Request::builder()
            .method(Method::PUT)
            .uri("/api/v1/session/login")
            .header(header::CONTENT_TYPE, "application/json");
        let request = with_device(request, device)
            .body(full_body(body))
            .map_err(|error| RemoteError::nonsense(error.to_string()))?;
        let (status, bytes) = self.ask(request).await.map_err(too_often)?;
        match status {
            StatusCode::OK => {
                let told: LoginResponse = serde_json::from_slice(&bytes)
                    .map_err(|error| RemoteError::nonsense(error.to_string()))?;
                usable(&told.x_auth_token)?;
                Ok(told)
            }
            StatusCode::UNAUTHORIZED => Err(wrong_password()),
            status => Err(refused(status)),
        }
    }

    /// Signs in with a token that a Kerberos ticket gave (RFC 4559), as an
    /// extension grant of OAuth 2. What the server answered to prove itself has
    /// to be looked at before the session is used.
    ///
    /// # Errors
    /// [`RemoteErrorKind::Refused`] with 400 where the ticket lets nobody in,
    /// `Unreachable`, `Busy`.
    pub async fn sign_in_by_ticket(
        &self,
        token: &[u8],
        device: &str,
    ) -> Result<ByTicket, RemoteError> {
        let form = form(&[("grant_type", TICKET_GRANT), ("client_id", CLIENT_ID)]);
        let request = Request::builder()
            .method(Method::POST)
            .uri("/auth/oauth2/token")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(
                header::AUTHORIZATION,
                format!("{NEGOTIATE} {}", STANDARD.encode(token)),
            );
        let request = with_device(request, device)
            .body(full_body(form))
            .map_err(|error| RemoteError::nonsense(error.to_string()))?;
        let work = async {
            let response = self.send(request).await?;
            let status = response.status();
            if let Some(error) = busy(status, response.headers()) {
                return Err(error);
            }
            let answer = negotiated(response.headers());
            Ok((status, answer, whole(response).await?))
        };
        let late = |_| Err(RemoteError::late(PATIENCE));
        let (status, answer, bytes) = tokio::time::timeout(PATIENCE, work)
            .await
            .unwrap_or_else(late)?;
        let Some(obtained) = tokens(status, &bytes)? else {
            let told: Option<OAuthError> = serde_json::from_slice(&bytes).ok();
            let why = told.map(|error| error.error_description);
            return Err(RemoteError::new(
                RemoteErrorKind::Refused { status },
                why.unwrap_or_default(),
            ));
        };
        Ok(ByTicket { obtained, answer })
    }

    /// Renews a session (RFC 6749, section 6).
    ///
    /// # Errors
    /// When no answer came or it makes no sense; the token is then still good.
    pub async fn renew(&self, refresh: &Secret, device: &str) -> Result<Renewal, RemoteError> {
        let form = form(&[
            ("grant_type", "refresh_token"),
            ("client_id", CLIENT_ID),
            ("refresh_token", refresh.reveal()),
        ]);
        let (status, bytes) = self.post_form("/auth/oauth2/token", form, device).await?;
        Ok(match tokens(status, &bytes)? {
            // A server that gives no other one lets this be used again.
            Some(obtained) => Renewal::Obtained(Obtained {
                refresh: obtained.refresh.or_else(|| Some(refresh.clone())),
                ..obtained
            }),
            None => Renewal::Refused,
        })
    }

    /// Ends a sign-in on the server: by revocation (RFC 7009) where there is a
    /// refresh token, else by signing the session out.
    ///
    /// # Errors
    /// When the server could not be told.
    pub async fn sign_out(
        &self,
        token: Option<&Secret>,
        refresh: Option<&Secret>,
    ) -> Result<(), RemoteError> {
        let status = if let Some(refresh) = refresh {
            let mut fields = vec![("token", refresh.reveal())];
            if let Some(token) = token {
                fields.push(("access_token", token.reveal()));
            }
            self.post_form("/auth/oauth2/revoke-token", form(&fields), "")
                .await?
                .0
        } else if let Some(token) = token {
            let request = Request::builder()
                .method(Method::PUT)
                .uri("/api/v1/session/logout")
                .header(headers::X_AUTH_TOKEN, token_value(token)?)
                .body(full_body(Bytes::new()))
                .map_err(|error| RemoteError::nonsense(error.to_string()))?;
            self.ask(request).await?.0
        } else {
            return Ok(());
        };
        // A session that is over already is as good as ended.
        if status.is_success() || status == StatusCode::UNAUTHORIZED {
            Ok(())
        } else {
            Err(refused(status))
        }
    }

    pub(super) async fn post_form(
        &self,
        path: &str,
        form: String,
        device: &str,
    ) -> Result<(StatusCode, Bytes), RemoteError> {
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let request = with_device(request, device)
            .body(full_body(form))
            .map_err(|error| RemoteError::nonsense(error.to_string()))?;
        self.ask(request).await
    }

    async fn ask(&self, request: Request<Body>) -> Result<(StatusCode, Bytes), RemoteError> {
        let work = async {
            let response = self.send(request).await?;
            let status = response.status();
            if let Some(error) = busy(status, response.headers()) {
                return Err(error);
            }
            Ok((status, whole(response).await?))
        };
        tokio::time::timeout(PATIENCE, work)
            .await
            .unwrap_or_else(|_| Err(RemoteError::late(PATIENCE)))
    }
}

/// The token in an answer's head.
fn negotiated(headers: &HeaderMap) -> Vec<u8> {
    let values = headers.get_all(header::WWW_AUTHENTICATE).iter();
    let mut tokens = values.filter_map(|value| {
        let (scheme, encoded) = value.to_str().ok()?.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case(NEGOTIATE) {
            return None;
        }
        STANDARD.decode(encoded.trim()).ok()
    });
    tokens.next().unwrap_or_default()
}

fn idle(login: &LoginResponse) -> Option<Duration> {
    (login.max_age > 0).then(|| told_life(login.max_age))
}

fn with_device(request: http::request::Builder, device: &str) -> http::request::Builder {
    match HeaderValue::from_str(device) {
        Ok(value) if !device.is_empty() => request.header(headers::DEVICE, value),
        _ => request,
    }
}

pub(super) fn form(fields: &[(&str, &str)]) -> String {
    let mut serializer = Serializer::new(String::new());
    for (name, value) in fields {
        serializer.append_pair(name, value);
    }
    serializer.finish()
}

/// A token that a call can be made with.
fn usable(token: &Secret) -> Result<(), RemoteError> {
    if token.is_empty() {
        return Err(RemoteError::nonsense("the token is empty"));
    }
    token_value(token)?;
    short(token)
}

fn short(token: &Secret) -> Result<(), RemoteError> {
    if token.reveal().len() > LONGEST_TOKEN {
        return Err(RemoteError::nonsense(format!(
            "a token is longer than {LONGEST_TOKEN} bytes"
        )));
    }
    Ok(())
}

/// The tokens of an answer, or none when the grant was refused.
pub(super) fn tokens(status: StatusCode, bytes: &Bytes) -> Result<Option<Obtained>, RemoteError> {
    if status == StatusCode::OK {
        let tokens: TokenResponse = serde_json::from_slice(bytes).map_err(|error| {
            RemoteError::nonsense(format!("the tokens cannot be read: {error}"))
        })?;
        let refresh = Some(tokens.refresh_token).filter(|refresh| !refresh.is_empty());
        usable(&tokens.access_token)?;
        if let Some(refresh) = &refresh {
            short(refresh)?;
        }
        return Ok(Some(Obtained {
            token: tokens.access_token,
            refresh,
            idle: (tokens.expires_in > 0).then(|| told_life(tokens.expires_in)),
        }));
    }
    let error: Option<OAuthError> = serde_json::from_slice(bytes).ok();
    match error.as_ref().map(|error| error.error.as_str()) {
        Some("invalid_grant") => Ok(None),
        Some(other) => Err(RemoteError::new(
            RemoteErrorKind::Refused { status },
            format!("the server refused the sign-in: {other}"),
        )),
        None => Err(refused(status)),
    }
}

/// Says of a password that is not even looked at why, and what to do.
fn too_often(mut error: RemoteError) -> RemoteError {
    if let RemoteErrorKind::Busy { retry_after } = error.kind
        && error.is_too_often
    {
        let wait = match retry_after.map(|wait| wait.as_secs()) {
            Some(1) => "a second".to_owned(),
            Some(seconds) if seconds > 1 => format!("{seconds} seconds"),
            _ => "a moment".to_owned(),
        };
        error.sentence = Some(format!(
            "Too many wrong passwords came there, so none is looked at now. Wait {wait}, then try again."
        ));
    }
    error
}

fn wrong_password() -> RemoteError {
    RemoteError::new(
        RemoteErrorKind::WrongPassword,
        "the server does not know that user or that password",
    )
}

pub(super) fn refused(status: StatusCode) -> RemoteError {
    RemoteError::new(
        RemoteErrorKind::Refused { status },
        format!("the server answered {status}"),
    )
}
