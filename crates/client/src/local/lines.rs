//! Streams of newline-delimited JSON.

use super::answer::Answer;
use super::error::LocalError;
use serde::de::DeserializeOwned;
use std::marker::PhantomData;

/// A line longer than this is nothing that the agent says: 1 MiB.
const LONGEST_LINE: usize = 1024 * 1024;

/// An answer that is read line by line, as it comes.
#[derive(Debug)]
pub(super) struct JsonLines<T> {
    answer: Answer,
    lines: Lines,
    kind: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> JsonLines<T> {
    pub(super) fn new(answer: Answer) -> Self {
        Self {
            answer,
            lines: Lines::default(),
            kind: PhantomData,
        }
    }

    /// The next line; `None` at the end of the stream.
    pub(super) async fn next(&mut self) -> Result<Option<T>, LocalError> {
        loop {
            if let Some(line) = self.lines.take_line() {
                if line.is_empty() {
                    continue;
                }
                return serde_json::from_slice(&line)
                    .map(Some)
                    .map_err(|error| LocalError::BadAnswer(error.to_string()));
            }
            match self.answer.chunk().await? {
                None => return Ok(None),
                Some(bytes) => self.lines.push(&bytes)?,
            }
        }
    }
}

/// Cuts a stream of bytes into lines, however the pieces fall.
#[derive(Debug, Default)]
struct Lines {
    pending: Vec<u8>,
}

impl Lines {
    fn push(&mut self, bytes: &[u8]) -> Result<(), LocalError> {
        self.pending.extend_from_slice(bytes);
        if self.pending.len() > LONGEST_LINE && !self.pending.contains(&b'\n') {
            return Err(LocalError::BadAnswer(
                "a line of the stream is longer than 1 MiB".to_owned(),
            ));
        }
        Ok(())
    }

    fn take_line(&mut self) -> Option<Vec<u8>> {
        let end = self.pending.iter().position(|byte| *byte == b'\n')?;
        let mut line: Vec<u8> = self.pending.drain(..=end).collect();
        line.pop();
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::{LONGEST_LINE, Lines};

    #[test]
    fn lines_come_out_whole_however_the_pieces_fall() {
        let mut lines = Lines::default();
        lines.push(b"{\"a\"").expect("short");
        assert_eq!(lines.take_line(), None);
        lines.push(b":1}\n\n{\"b").expect("short");
        assert_eq!(lines.take_line().as_deref(), Some(&b"{\"a\":1}"[..]));
        assert_eq!(lines.take_line().as_deref(), Some(&b""[..]));
        assert_eq!(lines.take_line(), None);
    }

    #[test]
    fn a_line_without_end_is_refused_before_it_fills_the_memory() {
        let mut lines = Lines::default();
        assert!(lines.push(&vec![b'x'; LONGEST_LINE + 1]).is_err());
    }
}
