//! The agent's local API: what travels between an application and the agent.
//!
//! HTTP/1.1 over the agent's socket, `Host: chancery`. Unknown fields are
//! ignored on both sides, so that neighbouring versions work together.

use crate::clock::Timestamp;
use crate::level::{Capability, Gate};
use crate::secret::Secret;
use serde::{Deserialize, Serialize};

mod desktop;

pub use desktop::{PreferencesRequest, Show, SignInWhen, Theme, WindowEvent, WindowRequest};

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
    /// The administrator's policy put it there: it can be neither renamed nor
    /// removed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub provided: bool,
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
    /// How it would have people sign in who have to be asked, as far as it was
    /// seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asks: Option<SignInWay>,
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
    /// The sign-in that was begun in a browser: waits until the person is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun: Option<u64>,
}

/// Body of `POST /agent/v1/begin-sign-in`: the person is to sign in elsewhere
/// than in the program that asks. It is finished with `begun` in a
/// [`ConnectRequest`], which waits for them.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct BeginRequest {
    /// A web address, or the id or name of a known server; the active one, or
    /// the only one, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The other host that a redirect led to, confirmed by the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed_host: Option<String>,
    /// How; what the server prefers when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub way: Option<SignInWay>,
    /// The person has no browser on this machine.
    #[serde(default)]
    pub no_browser: bool,
}

/// How a person signs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignInWay {
    /// With a password in the program that asks.
    Password,
    /// On the server's page, in the browser of this machine (RFC 8252).
    Browser,
    /// On the server's page, in any browser, with a code to type (RFC 8628).
    Device,
}

/// Answer of `POST /agent/v1/begin-sign-in`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BegunSignIn {
    /// How it goes on. With `password` nothing was begun.
    pub way: SignInWay,
    /// Names what was begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u64>,
    /// Where the browser goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// What the person types there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// After so many seconds it is too late.
    #[serde(default)]
    pub seconds: u64,
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
    /// The prompt that this answers; its server is meant then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<u64>,
    /// The sign-in that was begun in a browser: waits until the person is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun: Option<u64>,
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

/// Body of `POST /agent/v1/servers`: add to the list, rename, or move. Also of
/// `DELETE /agent/v1/servers`: take off the list, where `DELETE
/// /agent/v1/servers/ID` is another way to say it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ServerRequest {
    /// The web address; for what is in the list its id or name will do.
    pub address: String,
    /// The name to show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The place in the list that it is to have, counted from 0; a place
    /// behind the end is the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<usize>,
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

/// One line of `GET /agent/v1/prompts`: whoever reads that stream is the
/// prompter, and asks the person.
///
/// It answers with `POST /agent/v1/sign-in` (with `prompt` and a password), as
/// often as the person likes to try, or with `DELETE /agent/v1/prompts/NUMBER`
/// when the person declines. A prompt that is over (answered elsewhere, out of
/// time) comes again with `over`; an answer to it is `409 CHANCERY_PROMPT_OVER`,
/// and one while another is being tried is `409 CHANCERY_PROMPT_BUSY`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prompt {
    /// Names the prompt.
    pub number: u64,
    /// The server that wants somebody to sign in.
    pub server: ServerEntry,
    /// Who signed in there last, to be offered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Why a person is needed; absent when a caller asked for a new sign-in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<NeedsUserReason>,
    /// The application that asks, as it calls itself. Untrusted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<String>,
    /// One sentence for the person.
    pub sentence: String,
    /// After so many seconds nobody waits for an answer any more.
    pub seconds: u64,
    /// The prompt is over: take it off the screen.
    #[serde(default)]
    pub over: bool,
}

/// What asks the person, in the order in which it is preferred.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PrompterKind {
    /// The desktop's window. `GET /agent/v1/prompts?kind=window`.
    Window,
    /// A terminal that offered itself. `GET /agent/v1/prompts?kind=terminal`.
    Terminal,
}

/// One process that uses the connection: an element of `GET /agent/v1/uses`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Use {
    /// For `DELETE /agent/v1/uses/ID`: closes the process's connections and
    /// lets it open no more until the agent ends.
    pub id: String,
    /// The process, as the operating system tells it.
    pub pid: u32,
    /// The program's file, as the operating system tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// What it calls itself (`Chancery-Application`). Untrusted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<String>,
    /// Since when.
    pub since: Timestamp,
    /// Its last call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_call: Option<Timestamp>,
    /// How many calls it made.
    pub calls: u64,
    /// How many of them are under way.
    pub under_way: u64,
    /// How many connections it has.
    pub connections: u64,
    /// It was stopped by the person.
    #[serde(default)]
    pub stopped: bool,
    /// Until when one of its connections administers, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub administers_until: Option<Timestamp>,
}

/// Answer of `GET /agent/v1/uses`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uses {
    /// Who uses the connection, the newest first.
    pub uses: Vec<Use>,
}

/// Body of `POST /agent/v1/administration`: a sign-in of its own, for
/// administration, for this connection to the agent alone. It lasts 15 minutes
/// at most and ends with the connection or with `DELETE` of the same path.
/// Until then every Work API call on this connection is made with it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct AdministrationRequest {
    /// Who signs in.
    pub user: String,
    /// The password.
    pub password: Secret,
}

/// Answer of `POST /agent/v1/administration`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Administration {
    /// Who administers.
    pub user: Person,
    /// The server.
    pub server: ServerEntry,
    /// Until when.
    pub until: Timestamp,
}

/// Answer of `GET /agent/v1/policy`: what holds, and who said so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyReport {
    /// The administrator's file, whether it is there or not.
    pub path: String,
    /// Whether it is there.
    pub present: bool,
    /// What is wrong with it; none of it is used then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mistakes: Vec<String>,
    /// The person's own preferences, whether the file is there or not.
    pub preferences: String,
    /// What is wrong with them; none of them is used then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub preference_mistakes: Vec<String>,
    /// Every setting, as it holds.
    pub settings: Vec<Setting>,
}

/// One setting as it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    /// Its name in the file, for example `sign_in.when`.
    pub name: String,
    /// Its value, as it would stand in the file.
    pub value: String,
    /// Who said so.
    pub from: SettingSource,
    /// What that means, for a person.
    pub meaning: String,
}

/// Where a setting comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SettingSource {
    /// The administrator's policy file; the person cannot change it.
    Policy,
    /// The person's own preferences.
    Preferences,
    /// Nobody said anything else.
    Default,
}

/// Answer of `GET /agent/v1/doctor`: what the agent finds when it looks
/// around. Holds no secrets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Examination {
    /// One line each, in the order in which to read them.
    pub findings: Vec<Finding>,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What: `agent`, `clock`, `tls`, `proxy`, `keyring`, `server`, `version`, `policy` …
    pub check: String,
    /// How it was found.
    pub outcome: FindingOutcome,
    /// What was found and what to do, for a person.
    pub sentence: String,
}

/// How something was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingOutcome {
    /// As it should be.
    Good,
    /// Works, but a person should know.
    Warning,
    /// Does not work.
    Bad,
    /// Could not be looked at, for example because there is no server yet.
    Skipped,
}
