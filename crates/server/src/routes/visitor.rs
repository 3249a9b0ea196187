//! Who is at the browser: the session in its cookie, and the mark on forms.
//!
//! A form counts when it comes from this server's own page, from the browser
//! that the page was sent to, for the person it was shown to, within ten
//! minutes. Otherwise a page of somebody else could sign a person in as
//! somebody else, or say yes in their name.

use crate::app::SharedApp;
use crate::http::body::Form;
use crate::http::cookies;
use crate::http::error::ApiError;
use crate::http::origin::is_from_elsewhere;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chancery_identity::{Kind, Live, NoSession, Persona, Proof, SignIn, SignedIn};
use chancery_proto::secret::Secret;
use chancery_store::users::User;
use http::HeaderMap;
use http::header::SET_COOKIE;
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use std::time::Duration;

const SESSION: &str = "chancery-session";
const FORM: &str = "chancery-form";
/// How long a page may stand open before its form counts for nothing.
const FORM_LIFE: Duration = Duration::from_secs(600);
/// What the browser's own session is listed as.
const CLIENT: &str = "browser";

/// Whoever is at the browser.
#[derive(Debug)]
pub(crate) struct Visitor {
    live: Option<Box<Live>>,
    /// Whether nobody knows: the browser has a session, and the store of sessions
    /// cannot be reached.
    is_unknown: bool,
    /// The session that the browser has, for the mark on forms; empty where it has
    /// none.
    mine: String,
    nonce: String,
    /// What the browser is to keep from now on.
    session: Option<Secret>,
    forgets: bool,
}

impl Visitor {
    /// Finds out who it is. That counts as use of their session.
    pub(crate) async fn of(app: &SharedApp, headers: &HeaderMap) -> Result<Self, ApiError> {
        let visitor = Self::known_or_not(app, headers).await?;
        if visitor.is_unknown {
            return Err(ApiError::sessions_unavailable());
        }
        Ok(visitor)
    }

    /// As [`Visitor::of`], for what can be done though nobody knows who it is.
    pub(crate) async fn known_or_not(
        app: &SharedApp,
        headers: &HeaderMap,
    ) -> Result<Self, ApiError> {
        let is_encrypted = app.scheme == "https";
        let token = cookies::get(headers, SESSION, is_encrypted);
        let (live, is_unknown) = match token {
            Some(token) => match app.identity.check(token, false).await {
                Ok(live) => (Some(Box::new(live)), false),
                Err(NoSession::Unavailable) => (None, true),
                Err(NoSession::Unknown | NoSession::Expired) => (None, false),
            },
            None => (None, false),
        };
        let mine = token.filter(|_| live.is_some() || is_unknown);
        let nonce = match cookies::get(headers, FORM, is_encrypted) {
            Some(nonce) if nonce.len() == 22 => nonce.to_owned(),
            _ => fresh_nonce()?,
        };
        Ok(Self {
            live,
            is_unknown,
            mine: mine.map(named).unwrap_or_default(),
            nonce,
            session: None,
            forgets: false,
        })
    }

    /// Whether somebody may be signed in, and nobody knows.
    pub(crate) fn is_unknown(&self) -> bool {
        self.is_unknown
    }

    /// The person whose session this browser has.
    pub(crate) fn person(&self) -> Option<&Arc<User>> {
        self.live.as_ref().map(|live| &live.user)
    }

    fn mark(&self, app: &SharedApp, expires: i64) -> Secret {
        let text = format!("{} {expires} {}", self.nonce, self.mine);
        app.identity.seal("form", &text)
    }

    /// The mark for a form that is sent to this browser now.
    pub(crate) fn form(&self, app: &SharedApp) -> String {
        let expires = app.now().plus(FORM_LIFE).0;
        format!("{expires}.{}", self.mark(app, expires).reveal())
    }

    /// Whether a form that came is one that was sent to this browser.
    pub(crate) fn sent(&self, app: &SharedApp, headers: &HeaderMap, form: &Form) -> bool {
        if is_from_elsewhere(headers) {
            return false;
        }
        let Some((expires, mark)) = form.get("form").and_then(|mark| mark.split_once('.')) else {
            return false;
        };
        let Ok(expires) = expires.parse::<i64>() else {
            return false;
        };
        // Hashed before they are compared, so that time tells nothing.
        let same = Sha256::digest(mark) == Sha256::digest(self.mark(app, expires).reveal());
        same && app.now().0 < expires
    }

    /// Signs somebody in at this browser. Whoever was here before is out.
    pub(crate) async fn sign_in(
        &mut self,
        app: &SharedApp,
        headers: &HeaderMap,
        form: &Form,
        address: &str,
    ) -> Result<Arc<User>, ApiError> {
        let user = form.get("username").unwrap_or_default();
        let password = form.get("password").unwrap_or_default();
        let sign_in = SignIn {
            user: user.to_owned(),
            proof: Proof::Password(password.into()),
            persona: Persona::User,
            application: Kind::Web.as_str().to_owned(),
            client: CLIENT.to_owned(),
            device: String::new(),
            address: address.to_owned(),
        };
        let SignedIn { token, user, .. } = app.identity.sign_in(sign_in).await?;
        self.leave(app, headers, address).await?;
        // A form that is sent now comes back with the new session.
        let live = app.identity.check(token.reveal(), true).await;
        self.live = live.ok().map(Box::new);
        self.mine = named(token.reveal());
        self.session = Some(token);
        self.forgets = false;
        self.nonce = fresh_nonce()?;
        Ok(user)
    }

    /// Ends the session that this browser has.
    pub(crate) async fn leave(
        &mut self,
        app: &SharedApp,
        headers: &HeaderMap,
        address: &str,
    ) -> Result<(), ApiError> {
        if let Some(token) = cookies::get(headers, SESSION, app.scheme == "https") {
            app.identity.end(token, address).await?;
        }
        self.live = None;
        self.is_unknown = false;
        self.mine.clear();
        self.forgets = true;
        Ok(())
    }

    /// Has the browser keep what it needs for the next step.
    pub(crate) fn remember(&self, app: &SharedApp, mut response: Response) -> Response {
        let is_encrypted = app.scheme == "https";
        let session = match &self.session {
            Some(token) => cookies::set(SESSION, token.reveal(), is_encrypted),
            None if self.forgets => cookies::set(SESSION, "", is_encrypted),
            None => None,
        };
        let nonce = cookies::set(FORM, &self.nonce, is_encrypted);
        for cookie in [session, nonce].into_iter().flatten() {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
        response
    }
}

/// What stands for a session in the mark on forms: known of its token alone.
fn named(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(token))
}

fn fresh_nonce() -> Result<String, ApiError> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| ApiError::internal(&error))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
