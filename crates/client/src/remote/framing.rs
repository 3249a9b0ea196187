//! What an answer's head says about its own length, made one thing: whoever
//! passes the head on must not say something else than what was read.

use super::RemoteError;
use http::{HeaderMap, HeaderValue, header};

/// Leaves one word about the length in the head of an answer, the one by which
/// its body is read (RFC 9112, section 6.3).
///
/// # Errors
/// The body is coded in a way that was not asked for and is not undone.
pub(super) fn settle(answer: &mut HeaderMap) -> Result<(), RemoteError> {
    let codings: Vec<_> = answer.get_all(header::TRANSFER_ENCODING).iter().collect();
    match codings.as_slice() {
        [] => {}
        [only] if only.as_bytes().eq_ignore_ascii_case(b"chunked") => {
            answer.remove(header::CONTENT_LENGTH);
            return Ok(());
        }
        _ => {
            return Err(RemoteError::nonsense(
                "its answer is coded in a way that nobody asked for",
            ));
        }
    }
    // Said twice, it was the same twice, or the answer would not have been read.
    let first = answer
        .get(header::CONTENT_LENGTH)
        .and_then(|said| said.as_bytes().split(|byte| *byte == b',').next())
        .and_then(|said| HeaderValue::from_bytes(said.trim_ascii()).ok());
    if let Some(first) = first {
        answer.insert(header::CONTENT_LENGTH, first);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::settle;
    use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
    use http::{HeaderMap, HeaderName, HeaderValue};

    /// What is left of the length.
    fn settled(lines: &[(HeaderName, &'static str)]) -> Option<Vec<String>> {
        let mut answer = HeaderMap::new();
        for (name, value) in lines {
            answer.append(name, HeaderValue::from_static(value));
        }
        settle(&mut answer).ok()?;
        let lengths = answer.get_all(CONTENT_LENGTH).iter();
        let text = |value: &HeaderValue| value.to_str().expect("text").to_owned();
        Some(lengths.map(text).collect())
    }

    #[test]
    fn one_word_about_the_length_is_left_or_none() {
        let none = Some(Vec::new());
        let five = Some(vec!["5".to_owned()]);
        assert_eq!(settled(&[]), none);
        assert_eq!(settled(&[(CONTENT_LENGTH, "5")]), five);
        assert_eq!(settled(&[(CONTENT_LENGTH, "5, 5")]), five);
        let twice = [(CONTENT_LENGTH, "5"), (CONTENT_LENGTH, "5")];
        assert_eq!(settled(&twice), five);
        let both = [(CONTENT_LENGTH, "5"), (TRANSFER_ENCODING, "Chunked")];
        assert_eq!(settled(&both), none);
    }

    #[test]
    fn a_coding_that_is_not_undone_is_refused() {
        for odd in ["gzip", "gzip, chunked", "identity", "chunked, chunked", ""] {
            assert_eq!(settled(&[(TRANSFER_ENCODING, odd)]), None, "{odd}");
        }
        let twice = [
            (TRANSFER_ENCODING, "chunked"),
            (TRANSFER_ENCODING, "chunked"),
        ];
        assert_eq!(settled(&twice), None);
    }
}
