//! Inputs near those that are known, the same ones in every run.

/// Bytes that are made of others: some changed, left out, doubled, or put in
/// from another input or from a list of words.
#[derive(Debug)]
pub struct Mutations<'a> {
    state: u64,
    words: &'a [Vec<u8>],
    others: &'a [Vec<u8>],
}

impl<'a> Mutations<'a> {
    /// Out of these inputs and words.
    #[must_use]
    pub fn of(others: &'a [Vec<u8>], words: &'a [Vec<u8>]) -> Self {
        Self {
            state: 0x9e37_79b9_7f4a_7c15,
            words,
            others,
        }
    }

    /// xorshift64 (Marsaglia, 2003).
    fn below(&mut self, end: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        usize::try_from(self.state % (end.max(1) as u64)).unwrap_or(0)
    }

    fn one(&mut self, of: &'a [Vec<u8>]) -> &'a [u8] {
        let index = self.below(of.len());
        of.get(index).map(Vec::as_slice).unwrap_or_default()
    }

    /// The next one.
    pub fn next_input(&mut self) -> Vec<u8> {
        let others = self.others;
        let mut bytes = self.one(others).to_vec();
        for _ in 0..=self.below(4) {
            self.change(&mut bytes);
        }
        bytes
    }

    fn change(&mut self, bytes: &mut Vec<u8>) {
        let (words, others) = (self.words, self.others);
        let start = self.below(bytes.len() + 1);
        let end = (start + self.below(16)).min(bytes.len());
        match self.below(7) {
            0 => {
                let byte = u8::try_from(self.below(256)).unwrap_or(0);
                match bytes.get_mut(start) {
                    Some(there) => *there = byte,
                    None => bytes.push(byte),
                }
            }
            1 => {
                let bit = self.below(8);
                if let Some(there) = bytes.get_mut(start) {
                    *there ^= 1 << bit;
                }
            }
            2 => drop(bytes.drain(start..end)),
            3 => {
                let part = bytes.get(start..end).unwrap_or_default().to_vec();
                bytes.splice(start..start, part);
            }
            4 => bytes.truncate(start),
            5 => {
                let other = self.one(others);
                let from = self.below(other.len() + 1);
                bytes.truncate(start);
                bytes.extend_from_slice(other.get(from..).unwrap_or_default());
            }
            _ => {
                let word = self.one(words).to_vec();
                bytes.splice(start..end, word);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Mutations;

    #[test]
    fn the_same_inputs_come_in_every_run_and_are_not_all_the_same() {
        let others = [b"GET / HTTP/1.1".to_vec(), b"name=value".to_vec()];
        let words = [b"session".to_vec()];
        let row = || {
            let mut mutations = Mutations::of(&others, &words);
            (0..200)
                .map(move |_| mutations.next_input())
                .collect::<Vec<_>>()
        };
        let (first, mut second) = (row(), row());
        assert_eq!(first, second);
        second.sort_unstable();
        second.dedup();
        assert!(second.len() > 100, "{}", second.len());
        assert!(
            second
                .iter()
                .any(|one| one.windows(7).any(|part| part == b"session"))
        );
    }
}
