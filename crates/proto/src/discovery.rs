//! What `GET /api` and `GET /work/api` answer, with and without a session.

use crate::clock::Timestamp;
use serde::{Deserialize, Serialize};

/// The `data` of discovery.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Discovery {
    /// `authenticated` or `unauthenticated`.
    #[serde(default)]
    pub auth_status: String,
    /// What answers there; only Chancery says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<Product>,
    /// The API level, for instance `10.4.5`.
    #[serde(default)]
    pub dms_version: String,
    /// The server's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_time: Option<Timestamp>,
    /// What the server can do beyond its level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capabilities: Option<Vec<String>>,
    /// How to sign in, in the server's order of preference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sign_in_methods: Option<Vec<SignInMethod>>,
    /// How long a session of the caller's kind lives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionLifetimes>,
    /// Who is signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<DiscoveryUser>,
    /// The APIs and where they are.
    #[serde(default)]
    pub versions: Vec<ApiVersion>,
    /// The libraries, for somebody signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work: Option<DiscoveryWork>,
}

/// A product and its own version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// For instance `Chancery`.
    pub name: String,
    /// The product's own version.
    #[serde(default)]
    pub version: String,
}

/// One way to sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInMethod {
    /// `kerberos`, `browser` or `password`.
    pub kind: String,
    /// Where the browser goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorize_url: Option<String>,
}

/// How long a session lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionLifetimes {
    /// Seconds without use.
    pub idle_seconds: u64,
    /// Seconds in all.
    pub absolute_seconds: u64,
    /// Whether a refresh token is given.
    pub refresh: bool,
}

/// The person a session belongs to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiscoveryUser {
    /// Always an integer.
    #[serde(default)]
    pub customer_id: i64,
    /// The user's id.
    pub id: String,
    /// The name to show.
    #[serde(default)]
    pub name: String,
    /// Where mail reaches the person.
    #[serde(default)]
    pub email: String,
    /// `internal` or `external`.
    #[serde(default)]
    pub user_type: String,
}

/// One API and where it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiVersion {
    /// For instance `v2`.
    pub name: String,
    /// The level.
    #[serde(default)]
    pub version: String,
    /// The base of every later address; echoes the caller's scheme, host and port.
    pub url: String,
}

/// The libraries in discovery.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiscoveryWork {
    /// The library to begin with.
    #[serde(default)]
    pub preferred_library: String,
    /// Every library the person may see.
    #[serde(default)]
    pub libraries: Vec<DiscoveryLibrary>,
}

/// One library in discovery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiscoveryLibrary {
    /// For instance `ACTIVE`.
    pub alias: String,
    /// Always `worksite`.
    #[serde(rename = "type", default)]
    pub kind: String,
    /// Always `near`.
    #[serde(default)]
    pub region: String,
    /// Left out of lists by clients.
    #[serde(default)]
    pub is_hidden: bool,
}
