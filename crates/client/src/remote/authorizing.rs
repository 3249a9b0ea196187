//! Signing in on the server's own page: with a code that the browser brings
//! back (RFC 6749, section 4.1; RFC 7636; RFC 8252), or one that the person
//! types elsewhere (RFC 8628).

use super::sign_in::{form, refused, tokens};
use super::{CLIENT_ID, Obtained, Remote, RemoteError, RemoteErrorKind};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chancery_proto::secret::Secret;
use chancery_proto::session::{DEVICE_GRANT, DeviceAuthorization, OAuthError};
use http::StatusCode;
use sha2::{Digest as _, Sha256};
use url::form_urlencoded::Serializer;

/// Where the page is.
const PAGE: &str = "/auth/oauth2/authorize";
/// Where browsers come back to.
const BACK: &str = "/signed-in";
/// No code and no address that is shown or typed is longer.
const LONGEST: usize = 500;

/// What is kept while the person is at the page.
#[derive(Debug, Clone)]
pub struct Authorizing {
    state: Secret,
    verifier: Secret,
    redirect: String,
    issuer: String,
}

/// What a browser that came back brought.
#[derive(Debug, Clone)]
pub enum Asked {
    /// A code for this sign-in.
    Code(Secret),
    /// The person did not want to.
    Declined,
    /// The server could not do it, for that reason.
    Failed(String),
    /// It is not about this sign-in: somebody else's, or made up.
    Foreign,
}

impl Authorizing {
    /// Begins: for a server, with the loopback port that the browser comes back
    /// to, and random bytes that nobody else knows.
    #[must_use]
    pub fn new(server: &Remote, port: u16, random: &[u8; 64]) -> Self {
        let (state, verifier) = random.split_at(32);
        Self {
            state: Secret::from(URL_SAFE_NO_PAD.encode(state)),
            verifier: Secret::from(URL_SAFE_NO_PAD.encode(verifier)),
            redirect: format!("http://127.0.0.1:{port}{BACK}"),
            issuer: server.address().to_string(),
        }
    }

    /// Where the browser goes.
    #[must_use]
    pub fn page(&self) -> String {
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(self.verifier.reveal()));
        let mut query = Serializer::new(String::new());
        query.extend_pairs([
            ("response_type", "code"),
            ("client_id", CLIENT_ID),
            ("redirect_uri", &self.redirect),
            ("scope", "user"),
            ("state", self.state.reveal()),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ]);
        format!("{}{PAGE}?{}", self.issuer, query.finish())
    }

    /// Reads where a browser came back to: the path with its query. What does
    /// not carry this sign-in's state is somebody else's (RFC 6749, section
    /// 10.12), and what another server says is none of this one's (RFC 9207).
    #[must_use]
    pub fn came_back(&self, path_and_query: &str) -> Asked {
        let Some((BACK, query)) = path_and_query.split_once('?') else {
            return Asked::Foreign;
        };
        let fields: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect();
        let once = |name: &str| {
            let mut found = fields.iter().filter(|(key, _)| key == name);
            let first = found.next().map(|(_, value)| value.as_str());
            first.filter(|_| found.next().is_none())
        };
        let is_ours = once("state")
            .is_some_and(|state| Sha256::digest(state) == Sha256::digest(self.state.reveal()));
        if !is_ours || once("iss").is_some_and(|issuer| issuer != self.issuer) {
            return Asked::Foreign;
        }
        match (once("code"), once("error")) {
            (Some(code), None) if !code.is_empty() => Asked::Code(Secret::from(code)),
            (None, Some("access_denied")) => Asked::Declined,
            (None, Some(error)) => {
                let why = once("error_description").unwrap_or(error);
                Asked::Failed(
                    why.chars()
                        .filter(|one| !one.is_control())
                        .take(LONGEST)
                        .collect(),
                )
            }
            _ => Asked::Foreign,
        }
    }
}

/// A sign-in that waits for the person at another device.
#[derive(Debug, Clone)]
pub struct BeginsDevice {
    /// What the application asks with.
    pub device_code: Secret,
    /// What the person types.
    pub code: String,
    /// Where they type it.
    pub address: String,
    /// Seconds until it is too late.
    pub seconds: u64,
    /// Seconds between two questions.
    pub pace: u64,
}

/// Whether a person at another device has decided.
#[derive(Debug)]
pub enum Decided {
    /// They let this device in.
    Obtained(Obtained),
    /// Not yet.
    NotYet {
        /// By how many seconds longer to wait between two questions from now on.
        slower: u64,
    },
}

impl Remote {
    /// Begins the session that a code stands for.
    ///
    /// # Errors
    /// [`RemoteErrorKind::Refused`] where the code is no longer good;
    /// `Unreachable`, `Busy`.
    pub async fn redeem(
        &self,
        authorizing: &Authorizing,
        code: &Secret,
        device: &str,
    ) -> Result<Obtained, RemoteError> {
        let form = form(&[
            ("grant_type", "authorization_code"),
            ("client_id", CLIENT_ID),
            ("redirect_uri", &authorizing.redirect),
            ("code", code.reveal()),
            ("code_verifier", authorizing.verifier.reveal()),
        ]);
        let (status, bytes) = self.post_form("/auth/oauth2/token", form, device).await?;
        tokens(status, &bytes)?.ok_or_else(|| refused(status))
    }

    /// Begins a sign-in at another device (RFC 8628, section 3.1).
    ///
    /// # Errors
    /// [`RemoteErrorKind::Refused`] where the server does not offer it;
    /// `Unreachable`, `Busy`.
    pub async fn begin_device(&self, device: &str) -> Result<BeginsDevice, RemoteError> {
        let form = form(&[("client_id", CLIENT_ID)]);
        let (status, bytes) = self.post_form("/auth/oauth2/device", form, device).await?;
        if status != StatusCode::OK {
            return Err(refused(status));
        }
        let told: DeviceAuthorization = serde_json::from_slice(&bytes)
            .map_err(|error| RemoteError::nonsense(format!("the code cannot be read: {error}")))?;
        let can_be_shown =
            |text: &str| text.len() <= LONGEST && !text.chars().any(char::is_control);
        let own = self.address().to_string();
        // A page elsewhere could ask the person for anything.
        let leads_here = told
            .verification_uri
            .strip_prefix(&own)
            .is_some_and(|rest| rest.starts_with('/'));
        if !leads_here || !can_be_shown(&told.verification_uri) || !can_be_shown(&told.user_code) {
            return Err(RemoteError::nonsense(
                "the server names a page that is not its own",
            ));
        }
        Ok(BeginsDevice {
            device_code: told.device_code,
            code: told.user_code,
            address: told.verification_uri,
            seconds: told.expires_in.clamp(1, 1800),
            pace: told.interval.unwrap_or(5).clamp(1, 60),
        })
    }

    /// Asks whether the person has decided.
    ///
    /// # Errors
    /// [`RemoteErrorKind::Refused`] where they did not want to or it is too
    /// late; `Unreachable`, `Busy`.
    pub async fn ask_device(
        &self,
        device_code: &Secret,
        device: &str,
    ) -> Result<Decided, RemoteError> {
        let form = form(&[
            ("grant_type", DEVICE_GRANT),
            ("client_id", CLIENT_ID),
            ("device_code", device_code.reveal()),
        ]);
        let (status, bytes) = self.post_form("/auth/oauth2/token", form, device).await?;
        if status == StatusCode::OK {
            return match tokens(status, &bytes)? {
                Some(obtained) => Ok(Decided::Obtained(obtained)),
                None => Err(refused(status)),
            };
        }
        let told: Option<OAuthError> = serde_json::from_slice(&bytes).ok();
        match told.as_ref().map(|told| told.error.as_str()) {
            Some("authorization_pending") => Ok(Decided::NotYet { slower: 0 }),
            Some("slow_down") => Ok(Decided::NotYet { slower: 5 }),
            Some("access_denied") => Err(RemoteError::new(
                RemoteErrorKind::Refused { status },
                "access_denied",
            )),
            _ => Err(refused(status)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Asked, Authorizing};
    use crate::remote::{HttpClient, Remote};

    fn begun() -> Authorizing {
        let address = "https://work.example.com".parse().expect("an address");
        let mut random = [7; 64];
        random[40] = 9;
        Authorizing::new(&Remote::at(HttpClient::new(), address), 4711, &random)
    }

    #[test]
    fn the_page_is_the_servers_own_and_the_proof_key_stays_here() {
        let begun = begun();
        let page = begun.page();
        assert!(
            page.starts_with("https://work.example.com/auth/oauth2/authorize?"),
            "{page}"
        );
        assert!(page.contains("redirect_uri=http%3A%2F%2F127.0.0.1%3A4711%2Fsigned-in"));
        assert!(!page.contains(begun.verifier.reveal()));
        assert!(!format!("{begun:?}").contains(begun.verifier.reveal()));
    }

    #[test]
    fn only_the_answer_to_this_question_counts() {
        let begun = begun();
        let state = begun.state.reveal();
        let code = |query: String| begun.came_back(&format!("/signed-in?{query}"));
        assert!(matches!(
            code(format!("code=x&state={state}&iss=https%3A%2F%2Fwork.example.com")),
            Asked::Code(code) if code.reveal() == "x"
        ));
        assert!(matches!(
            code(format!("error=access_denied&state={state}")),
            Asked::Declined
        ));
        assert!(matches!(
            code(format!("error=server_error&state={state}")),
            Asked::Failed(_)
        ));
        for foreign in [
            "code=x".to_owned(),
            "code=x&state=other".to_owned(),
            format!("code=x&state={state}&iss=https%3A%2F%2Fevil.example"),
            format!("code=x&code=y&state={state}"),
            format!("code=x&state={state}&state={state}"),
            format!("code=&state={state}"),
            format!("state={state}"),
            String::new(),
        ] {
            assert!(matches!(code(foreign.clone()), Asked::Foreign), "{foreign}");
        }
        assert!(matches!(
            begun.came_back(&format!("/?code=x&state={state}")),
            Asked::Foreign
        ));
        assert!(matches!(begun.came_back("/signed-in"), Asked::Foreign));
    }
}
