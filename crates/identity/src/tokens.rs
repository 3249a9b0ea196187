//! Tokens: 256 random bits, kept only as their SHA-256.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chancery_proto::secret::Secret;
use chancery_store::grants::TokenHash;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

/// A new token in base64url.
pub(crate) fn random_token() -> Result<Secret, getrandom::Error> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes)?;
    Ok(Secret::from(URL_SAFE_NO_PAD.encode(bytes)))
}

/// A name for a session or grant: not secret, not guessable.
pub(crate) fn random_id() -> Result<String, getrandom::Error> {
    let mut bytes = [0_u8; 12];
    getrandom::fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// What is kept of a token.
pub(crate) fn hash_of(token: &str) -> TokenHash {
    Sha256::digest(token.as_bytes()).into()
}

/// The one successor that a refresh token has, for that purpose. A lost answer
/// can so be given once more without keeping the tokens themselves.
pub(crate) fn successor(key: &[u8], purpose: &str, token: &str) -> Secret {
    let mut mac = match Hmac::<Sha256>::new_from_slice(key) {
        Ok(mac) => mac,
        // HMAC takes keys of any length (RFC 2104, section 2).
        Err(_) => unreachable!("HMAC takes a key of any length"),
    };
    mac.update(purpose.as_bytes());
    mac.update(&[0]);
    mac.update(token.as_bytes());
    Secret::from(URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

/// A name as [`random_id`] makes them, of what is a secret: the hash of it, cut.
pub(crate) fn id_of(secret: &Secret) -> String {
    URL_SAFE_NO_PAD.encode(&hash_of(secret.reveal())[..12])
}

/// A password for somebody to type once: five groups of four letters and
/// digits that are not mistaken for each other, 100 random bits.
///
/// # Errors
/// When the machine gives no random numbers.
///
/// ```
/// assert_eq!(chancery_identity::random_password()?.reveal().len(), 24);
/// # Ok::<(), chancery_identity::IdentityError>(())
/// ```
pub fn random_password() -> Result<Secret, crate::IdentityError> {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut bytes = [0_u8; 20];
    getrandom::fill(&mut bytes)?;
    let mut text = String::with_capacity(24);
    for (index, byte) in bytes.iter().enumerate() {
        if index > 0 && index % 4 == 0 {
            text.push('-');
        }
        text.push(char::from(LETTERS[usize::from(byte % 32)]));
    }
    Ok(Secret::from(text))
}
