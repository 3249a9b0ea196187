//! Bytes that can be made again and again, so that a large transfer is checked
//! byte for byte without keeping it.

use std::io::{self, Read, Write};

/// A stream of `length` bytes that only its seed decides. Incompressible.
#[derive(Debug, Clone)]
pub struct Pattern {
    state: u64,
    word: [u8; 8],
    used: usize,
    left: u64,
}

impl Pattern {
    /// The stream of `seed`.
    #[must_use]
    pub fn new(seed: u64, length: u64) -> Self {
        Self {
            state: seed ^ 0x9e37_79b9_7f4a_7c15,
            word: [0; 8],
            used: 8,
            left: length,
        }
    }

    /// The whole stream. For small ones.
    #[must_use]
    pub fn bytes(seed: u64, length: u64) -> Vec<u8> {
        let mut out = Vec::new();
        let mut pattern = Self::new(seed, length);
        // Reading from memory into memory cannot fail.
        let _ = pattern.read_to_end(&mut out);
        out
    }

    /// The next eight bytes (splitmix64, by Sebastiano Vigna).
    fn next_word(&mut self) -> [u8; 8] {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)).to_le_bytes()
    }
}

impl Read for Pattern {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = usize::try_from(self.left)
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        let mut done = 0;
        while done < room {
            if self.used == self.word.len() {
                self.word = self.next_word();
                self.used = 0;
            }
            let piece = (room - done).min(self.word.len() - self.used);
            buffer[done..done + piece].copy_from_slice(&self.word[self.used..self.used + piece]);
            self.used += piece;
            done += piece;
        }
        self.left -= u64::try_from(done).unwrap_or(0);
        Ok(done)
    }
}

/// Takes what comes and compares it with a [`Pattern`].
#[derive(Debug)]
pub struct Checker {
    expected: Pattern,
    position: u64,
    buffer: Vec<u8>,
}

impl Checker {
    /// Expects the stream of `seed`.
    #[must_use]
    pub fn new(seed: u64, length: u64) -> Self {
        Self {
            expected: Pattern::new(seed, length),
            position: 0,
            buffer: Vec::new(),
        }
    }

    /// Whether everything came, and nothing more.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.expected.left == 0
    }
}

impl Write for Checker {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.resize(bytes.len(), 0);
        let expected = self.expected.read(&mut self.buffer)?;
        let same = expected == bytes.len() && self.buffer == bytes;
        if !same {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("other bytes than expected after {}", self.position),
            ));
        }
        self.position += u64::try_from(bytes.len()).unwrap_or(0);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Checker, Pattern};
    use std::io::Write;

    #[test]
    fn the_same_seed_gives_the_same_bytes_and_another_does_not() {
        assert_eq!(Pattern::bytes(7, 1001), Pattern::bytes(7, 1001));
        assert_ne!(Pattern::bytes(7, 1001), Pattern::bytes(8, 1001));
    }

    #[test]
    fn one_wrong_byte_is_found() {
        let mut bytes = Pattern::bytes(7, 1000);
        let mut checker = Checker::new(7, 1000);
        checker.write_all(&bytes[..600]).expect("the same");
        assert!(!checker.is_complete());
        checker.write_all(&bytes[600..]).expect("the same");
        assert!(checker.is_complete());
        bytes[999] ^= 1;
        assert!(Checker::new(7, 1000).write_all(&bytes).is_err());
        assert!(
            Checker::new(7, 999)
                .write_all(&Pattern::bytes(7, 1000))
                .is_err()
        );
    }
}
