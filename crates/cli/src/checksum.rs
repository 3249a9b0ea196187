//! The hash that goes with a document: `SHA256:` and 64 hexadecimal digits.

use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// Hashes what passes by.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hasher(Sha256);

impl Hasher {
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// As a profile carries it.
    pub(crate) fn checksum(self) -> String {
        let mut text = String::from("SHA256:");
        for byte in self.0.finalize() {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02X}");
        }
        text
    }
}

/// Whether a server's checksum says the same. One of another kind says nothing.
pub(crate) fn agrees(told: &str, own: &str) -> bool {
    let is_ours = told
        .get(..7)
        .is_some_and(|kind| kind.eq_ignore_ascii_case("SHA256:"));
    !is_ours || told.eq_ignore_ascii_case(own)
}

#[cfg(test)]
mod tests {
    use super::{Hasher, agrees};

    #[test]
    fn a_checksum_is_compared_without_regard_to_case_and_another_kind_is_left_alone() {
        let mut hasher = Hasher::default();
        hasher.add(b"ab");
        hasher.add(b"c");
        let own = hasher.checksum();
        assert_eq!(
            own,
            "SHA256:BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"
        );
        assert!(agrees(&own.to_lowercase(), &own));
        assert!(agrees("", &own));
        assert!(agrees("MD5:00", &own));
        assert!(!agrees("SHA256:00", &own));
    }
}
