//! What a caller says to the agent itself, in headers.

use crate::refusal::Refusal;
use chancery_proto::headers::BACKGROUND;
use http::HeaderMap;

/// A header's value as text, if it is there.
///
/// # Errors
/// It is no text, or there twice: nobody can tell which one is meant.
pub(crate) fn once<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Refusal> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(Refusal::bad_request(format!(
            "The header {name} is there twice. Send it once."
        )));
    }
    std::str::from_utf8(value.as_bytes())
        .map(Some)
        .map_err(|_| Refusal::bad_request(format!("The header {name} is not text.")))
}

/// Whether the call is a poll or a probe, which must not count as use.
///
/// # Errors
/// It says so in another way than is understood: it would count.
pub(crate) fn is_background(headers: &HeaderMap) -> Result<bool, Refusal> {
    match once(headers, BACKGROUND)? {
        None => Ok(false),
        Some("1") => Ok(true),
        Some(_) => Err(Refusal::bad_request(
            "The header Chancery-Background is “1” for a call that is not to count as use. Send that, or leave it out.",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::{is_background, once};
    use http::{HeaderMap, HeaderName, HeaderValue};

    fn headers(values: &[&[u8]]) -> HeaderMap {
        let name = HeaderName::from_static("chancery-background");
        let values = values.iter().map(|value| {
            let value = HeaderValue::from_bytes(value).expect("a value");
            (name.clone(), value)
        });
        values.collect()
    }

    #[test]
    fn what_is_said_twice_or_is_no_text_is_refused() {
        let read = |values: &[&[u8]]| {
            let headers = headers(values);
            let said = once(&headers, "chancery-background").ok()?;
            Some(said.map(str::to_owned))
        };
        assert_eq!(read(&[]), Some(None));
        assert_eq!(read(&[b"a"]), Some(Some("a".to_owned())));
        assert_eq!(read(&[b"a", b"a"]), None);
        assert_eq!(read(&[b"\xff"]), None);
    }

    #[test]
    fn nobody_counts_as_use_by_a_word_that_was_not_understood() {
        let read = |values: &[&[u8]]| is_background(&headers(values)).ok();
        assert_eq!(read(&[]), Some(false));
        assert_eq!(read(&[b"1"]), Some(true));
        for odd in ["0", "yes", "true", "", "1 1"] {
            assert_eq!(read(&[odd.as_bytes()]), None, "{odd}");
        }
        assert_eq!(read(&[b"1", b"0"]), None);
    }
}
