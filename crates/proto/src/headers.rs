//! Names of the headers that carry meaning between the parts.

/// The session token of the Work API; `Authorization: Bearer` means the same.
pub const X_AUTH_TOKEN: &str = "x-auth-token";
/// Seconds until the session would end for lack of use.
pub const SESSION_IDLE: &str = "chancery-session-idle";
/// Seconds until the session ends whatever happens.
pub const SESSION_ABSOLUTE: &str = "chancery-session-absolute";
/// How many more requests are taken at once.
pub const RATE_REMAINING: &str = "x-ratelimit-remaining";
/// Seconds until as many are taken as at most.
pub const RATE_RESET: &str = "x-ratelimit-reset";
/// Seconds until the next one is taken; 0 when it is now.
pub const RATE_RETRY_AFTER: &str = "x-ratelimit-retryafter";
/// `1` on a request that must not count as use of the session.
pub const BACKGROUND: &str = "chancery-background";
/// Names the known server that a dialog's server view looks at.
pub const SERVER: &str = "chancery-server";
/// What a caller of the agent allows: `never`, `if-needed` or `force`.
pub const INTERACTION: &str = "chancery-interaction";
/// The caller's own name, for the lists. Untrusted.
pub const APPLICATION: &str = "chancery-application";
/// Makes a repeated upload one document.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// The device's name, shown in the list of sessions. Untrusted.
pub const DEVICE: &str = "chancery-device";
