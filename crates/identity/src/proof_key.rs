//! Proof keys (RFC 7636): whoever began an authorization is who finishes it.
//! Only the method S256.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

/// SHA-256 of a verifier, as an application sends it ahead.
///
/// ```
/// use chancery_identity::Challenge;
/// // RFC 7636, appendix B.
/// let challenge = Challenge::read("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
/// assert!(challenge.is_some_and(|one| one.is_met_by("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Challenge(pub(crate) [u8; 32]);

impl Challenge {
    /// Reads it: 32 bytes in base64url without padding (section 4.2).
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        Some(Self(bytes.try_into().ok()?))
    }

    /// Whether that verifier is the one it was made of: 43 to 128 letters,
    /// digits and `-._~` (section 4.1).
    #[must_use]
    pub fn is_met_by(&self, verifier: &str) -> bool {
        (43..=128).contains(&verifier.len())
            && verifier
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
            && <[u8; 32]>::from(Sha256::digest(verifier)) == self.0
    }
}

#[cfg(test)]
mod tests {
    use super::Challenge;

    #[test]
    fn what_is_no_challenge_and_no_verifier_is_refused() {
        let good = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        for bad in [
            "",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM=",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c",
            "dBjftJeZ4CVP mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        ] {
            assert_eq!(Challenge::read(bad), None, "{bad}");
        }
        let challenge = Challenge::read(good).expect("a challenge");
        for bad in ["", "dBjftJeZ4CVP", good, &"a".repeat(129)] {
            assert!(!challenge.is_met_by(bad), "{bad}");
        }
    }
}
