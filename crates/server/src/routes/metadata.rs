//! What this server's OAuth 2 can do, for clients that look it up (RFC 8414).

use crate::http::host::Host;
use crate::http::respond;
use axum::response::Response;
use chancery_proto::session::{DEVICE_GRANT, TICKET_GRANT};
use http::StatusCode;
use serde_json::json;

/// `GET /.well-known/oauth-authorization-server`.
pub(crate) async fn metadata(host: Host) -> Response {
    let document = json!({
        "issuer": host.url(""),
        "authorization_endpoint": host.url("/auth/oauth2/authorize"),
        "token_endpoint": host.url("/auth/oauth2/token"),
        "revocation_endpoint": host.url("/auth/oauth2/revoke-token"),
        "device_authorization_endpoint": host.url("/auth/oauth2/device"),
        "scopes_supported": ["user", "admin"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": [
            "authorization_code",
            "refresh_token",
            "password",
            DEVICE_GRANT,
            TICKET_GRANT,
        ],
        "token_endpoint_auth_methods_supported": ["none", "client_secret_post", "client_secret_basic"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
    });
    respond::json(StatusCode::OK, &document)
}
