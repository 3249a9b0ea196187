//! The agent's local API: what travels between an application and the agent.
//!
//! HTTP/1.1 over the agent's socket, `Host: chancery`. Unknown fields are
//! ignored on both sides, so that neighbouring versions work together.

use crate::clock::Timestamp;
use crate::level::{Capability, Gate};
use crate::secret::Secret;
use serde::{Deserialize, Serialize};

/// The fixed `Host` of the local API.
pub const HOST: &str = "chancery";
/// The newest protocol this version speaks.
pub const PROTOCOL: u32 = 1;
/// The oldest protocol this version still speaks.
pub const OLDEST_PROTOCOL: u32 = 1;

/// Answer of `GET /agent/v1/hello`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// Always `chancery-agent`.
    pub name: String,
    /// The agent's version.
    pub version: String,
    /// The newest protocol it speaks.
    pub protocol: u32,
    /// The oldest protocol it speaks.
    pub oldest_protocol: u32,
    /// Its process id, for people who look.
    pub pid: u32,
}

/// The state shown to everybody. Derived, never assigned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Not known yet; never shown as signed out.
    Starting,
    /// Nothing in the list.
    NoServer,
    /// The person disconnected; nothing connects until asked.
    Disconnected,
    /// A server is chosen, nothing is tried until first use.
    Deferred,
    /// Silent or interactive.
    SigningIn,
    /// Connected and authenticated.
    Connected,
    /// Network or server cannot be reached.
    Offline,
    /// A person has to do something; the reason says what.
    NeedsUser,
}

impl State {
    /// The word that travels, for example `needs-user`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::NoServer => "no-server",
            Self::Disconnected => "disconnected",
            Self::Deferred => "deferred",
            Self::SigningIn => "signing-in",
            Self::Connected => "connected",
            Self::Offline => "offline",
            Self::NeedsUser => "needs-user",
        }
    }
}

/// Why a person is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NeedsUserReason {
    /// The session ran out and there is no silent way to a new one.
    Expired,
    /// Nobody has signed in to this server yet.
    NeverSignedIn,
    /// The person signed out here.
    SignedOut,
    /// The server ended the session: the person elsewhere, or an administrator, did it.
    Ended,
    /// The server refused the user or the password.
    LoginFailed,
    /// The keyring is locked.
    KeyringLocked,
    /// The server is too old.
    VersionRefused,
    /// The server's certificate cannot be verified.
    Certificate,
}

/// How the keyring was last found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyringState {
    /// Not looked at yet.
    Unknown,
    /// There, with something for this server.
    Found,
    /// There, with nothing for this server.
    Absent,
    /// There, but locked.
    Locked,
    /// There is none: the session lives in memory.
    Unavailable,
}

/// The whole state: answer of `GET /agent/v1/status` and of every call that changes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The state.
    pub state: State,
    /// Only with `needs-user`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<NeedsUserReason>,
    /// One sentence for a person: what is so, and what to do next.
    pub sentence: String,
    /// The active server, if one is chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<ServerEntry>,
    /// Who is signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Person>,
    /// How long the session still lives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionLife>,
    /// When an offline server is tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_probe: Option<Timestamp>,
    /// How the keyring was last found.
    pub keyring: KeyringState,
    /// Things a person should know once, for example that there is no keyring.
    #[serde(default)]
    pub warnings: Vec<String>,
}

/// A person as shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The user's id on the server.
    pub id: String,
    /// The name to show; the id where there is none.
    pub name: String,
}

/// How long a session still lives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionLife {
    /// Ends then unless it is used before; absent where the server never told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_expires: Option<Timestamp>,
    /// Ends then in any case; absent where the server never told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub absolute_expires: Option<Timestamp>,
    /// Whether it can be renewed without a person.
    pub renewable: bool,
}

/// A known server: an entry of the Connect list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerEntry {
    /// Stable name of the entry, for `Chancery-Server` and `--server`.
    pub id: String,
    /// The name shown; the host at first.
    pub name: String,
    /// Scheme, host and port, for example `https://work.example.com`.
    pub address: String,
    /// Whether it is the active one.
    #[serde(default)]
    pub active: bool,
    /// Who last signed in there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Its version, as far as it was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Its product, as far as it was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// What it can do.
    #[serde(default)]
    pub capabilities: Vec<Capability>,
    /// What its version means for this client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<Gate>,
}

/// Body of `POST /agent/v1/connect`: prove a server, sign in, make it the active one.
///
/// Without an address the active server is meant, or the only one.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ConnectRequest {
    /// A web address, or the id or name of a known server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Who signs in, where the server asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The password, where the server asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
    /// The other host that a redirect led to, confirmed by the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed_host: Option<String>,
    /// Keep the refresh token in a file of the user's own where there is no
    /// keyring: only when the person asked for it in words.
    #[serde(default)]
    pub store_in_file: bool,
}

/// Body of `POST /agent/v1/sign-in`: sign in to the active server.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct SignInRequest {
    /// What is allowed; `if-needed` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interaction: Option<Interaction>,
    /// Who signs in; the last one when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The password, once the person gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
}

/// What a caller allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Interaction {
    /// Never a prompt.
    #[default]
    Never,
    /// A prompt when no silent way is left.
    IfNeeded,
    /// Straight to the prompt.
    Force,
}

/// Body of `POST /agent/v1/servers`: add to the list, or rename.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ServerRequest {
    /// The web address.
    pub address: String,
    /// The name to show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Answer of `GET /agent/v1/servers`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerList {
    /// The Connect list, in its order.
    pub servers: Vec<ServerEntry>,
}

/// One line of `GET /agent/v1/watch`: newline-delimited JSON, the whole state
/// first (number 0), then each change with the next number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatchEvent {
    /// 0 for the first line of a stream, then one more each.
    pub number: u64,
    /// The whole state as it now is.
    pub status: Status,
}
