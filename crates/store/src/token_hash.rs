//! What is kept of a token.

/// SHA-256 of a token: what is kept of it.
pub type TokenHash = [u8; 32];
