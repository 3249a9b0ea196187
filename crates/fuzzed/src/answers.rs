//! A caller's view of what came back: one answer behind the other, each with
//! an end that everybody finds in the same place (RFC 9112, section 6).

/// The status of every answer.
///
/// # Panics
/// What came is not a row of answers.
pub(crate) fn statuses(mut bytes: &[u8]) -> Vec<u16> {
    let mut statuses = Vec::new();
    while !bytes.is_empty() {
        let end = find(bytes, b"\r\n\r\n");
        let Some(end) = end else {
            // Hung up in the middle of a head.
            assert!(b"HTTP/1.1 ".starts_with(bytes) || bytes.starts_with(b"HTTP/1.1 "));
            break;
        };
        let (head, rest) = bytes.split_at(end);
        let head = std::str::from_utf8(head).expect("a head is text");
        let status: u16 = head
            .strip_prefix("HTTP/1.1 ")
            .or_else(|| head.strip_prefix("HTTP/1.0 "))
            .and_then(|rest| rest.get(..3))
            .and_then(|status| status.parse().ok())
            .expect("a status line");
        statuses.push(status);
        bytes = behind(head, rest.get(4..).unwrap_or_default());
    }
    statuses
}

/// What stands behind a body.
fn behind<'a>(head: &str, body: &'a [u8]) -> &'a [u8] {
    // The answer to HEAD has none, whatever its length says.
    if body.starts_with(b"HTTP/1.1 ") {
        return body;
    }
    let value = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(':'));
        lines
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
    };
    if let Some(length) = value("content-length") {
        let length: usize = length.parse().expect("a length");
        return body.get(length..).unwrap_or_default();
    }
    if value("transfer-encoding") == Some("chunked") {
        return behind_chunks(body);
    }
    // To the end of the connection, or nothing at all.
    if value("connection") == Some("close") {
        return &[];
    }
    body
}

fn behind_chunks(mut body: &[u8]) -> &[u8] {
    loop {
        let Some(end) = find(body, b"\r\n") else {
            return &[];
        };
        let length = body
            .get(..end)
            .and_then(|line| std::str::from_utf8(line).ok());
        let length = length.and_then(|line| usize::from_str_radix(line, 16).ok());
        let length = length.expect("a chunk's length");
        body = body.get(end + 2 + length + 2..).unwrap_or_default();
        if length == 0 {
            return body;
        }
    }
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::statuses;

    #[test]
    fn answers_are_told_apart_by_their_lengths() {
        let row = b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nHTTP/1.1 \
            HTTP/1.1 404 Not Found\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n\
            HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n\
            HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";
        // The first body looks like the next answer: that is what is left open
        // for the sake of HEAD.
        assert_eq!(statuses(&row[47..]), [404, 200, 400]);
    }

    #[test]
    #[should_panic(expected = "a status line")]
    fn what_is_no_answer_is_noticed() {
        statuses(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nab\r\n\r\n");
    }
}
