//! Sign-in requests and answers: the v1 session API and OAuth 2 (RFC 6749, RFC 7009).

use crate::secret::Secret;
use serde::{Deserialize, Serialize};

/// The `grant_type` of a sign-in with a Kerberos ticket, which is in the header
/// `Authorization: Negotiate`: an extension grant (RFC 6749, section 4.5).
pub const TICKET_GRANT: &str = "urn:chancery:oauth:grant-type:kerberos";

/// The `grant_type` of an application that waits for a person at another
/// device (RFC 8628, section 3.4).
pub const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// Answer of `POST /auth/oauth2/device` (RFC 8628, section 3.2).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeviceAuthorization {
    /// For the application.
    pub device_code: Secret,
    /// For the person to type.
    pub user_code: String,
    /// Where to type it.
    pub verification_uri: String,
    /// The same with the code in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verification_uri_complete: Option<String>,
    /// Seconds until it is too late.
    pub expires_in: u64,
    /// Seconds to wait between two questions.
    #[serde(default)]
    pub interval: Option<u64>,
}

/// Body of `PUT /api/v1/session/login` and `network-login`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct LoginRequest {
    /// Who signs in; old clients spell it `userid`.
    #[serde(alias = "userid")]
    pub user_id: String,
    /// The password.
    pub password: Secret,
    /// `user` or `admin`; `user` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub persona: Option<String>,
    /// The application's name; desktop lifetimes when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application_name: Option<String>,
    /// The domain, for directory users.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
}

/// Answer of the v1 login, at root. The token stands first because a client
/// reads the first property.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LoginResponse {
    /// The session's token.
    #[serde(rename = "X-Auth-Token")]
    pub x_auth_token: Secret,
    /// Always an integer.
    pub customer_id: i64,
    /// Seconds until the session ends for lack of use.
    #[serde(default)]
    pub max_age: u64,
    /// `user` or `admin`.
    #[serde(default)]
    pub persona: String,
    /// Who signed in.
    pub user: LoginUser,
}

/// The person in a [`LoginResponse`].
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct LoginUser {
    /// The user's id.
    #[serde(default)]
    pub user_id: String,
    /// Where mail reaches the person.
    #[serde(default)]
    pub email: String,
    /// The name to show.
    #[serde(default)]
    pub full_name: String,
    /// The library to begin with.
    #[serde(default)]
    pub preferred_database: String,
    /// The same again: both spellings are read.
    #[serde(default)]
    pub preferred_library: String,
}

/// Answer of the OAuth 2 token endpoint (RFC 6749, section 5.1).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TokenResponse {
    /// The session's token.
    pub access_token: Secret,
    /// Always `Bearer`.
    pub token_type: String,
    /// Seconds until the session ends for lack of use.
    #[serde(default)]
    pub expires_in: u64,
    /// Renews the session once; empty where there is none.
    #[serde(default)]
    pub refresh_token: Secret,
    /// `user` or `admin`.
    #[serde(default)]
    pub scope: String,
}

/// Error of the OAuth 2 endpoints, at root (RFC 6749, section 5.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OAuthError {
    /// For instance `invalid_grant`.
    pub error: String,
    /// What happened and what to do next.
    #[serde(default)]
    pub error_description: String,
}
