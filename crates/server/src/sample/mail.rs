//! Messages as they lie in a mailbox: RFC 5322 with MIME (RFC 2045 to 2047,
//! RFC 2231 for names of files).

/// Longest line of an encoded body (RFC 2045, section 6.7).
const LINE: usize = 76;

/// One message.
pub(super) struct Message<'a> {
    /// Name and address.
    pub(super) from: Person,
    /// To whom.
    pub(super) to: &'a [Person],
    /// Copies.
    pub(super) cc: &'a [Person],
    /// The subject.
    pub(super) subject: &'a str,
    /// When it was sent, as RFC 5322 writes it.
    pub(super) date: String,
    /// Its own id, without the angle brackets.
    pub(super) id: String,
    /// The ids of the messages it answers, oldest first.
    pub(super) answers: &'a [String],
    /// The text; a line for each paragraph.
    pub(super) body: &'a str,
    /// What is attached.
    pub(super) attachments: Vec<Attachment>,
}

/// A name and an address.
#[derive(Debug, Clone, Copy)]
pub(super) struct Person {
    /// As shown.
    pub(super) name: &'static str,
    /// Where mail reaches the person.
    pub(super) address: &'static str,
}

/// A file that goes with a message.
pub(super) struct Attachment {
    /// Its name.
    pub(super) name: String,
    /// Its media type.
    pub(super) kind: &'static str,
    /// Its bytes.
    pub(super) bytes: Vec<u8>,
}

/// The message as bytes, lines ended by CR LF.
pub(super) fn mail(message: &Message<'_>) -> Vec<u8> {
    let mut head = vec![
        format!("Message-ID: <{}>", message.id),
        format!("Date: {}", message.date),
        format!("From: {}", mailbox(&message.from)),
        format!("To: {}", mailboxes(message.to)),
    ];
    if !message.cc.is_empty() {
        head.push(format!("Cc: {}", mailboxes(message.cc)));
    }
    head.push(format!("Subject: {}", words(message.subject)));
    if let Some(last) = message.answers.last() {
        let all: Vec<String> = message.answers.iter().map(|id| format!("<{id}>")).collect();
        head.push(format!("In-Reply-To: <{last}>"));
        head.push(format!("References: {}", all.join("\r\n ")));
    }
    head.push("MIME-Version: 1.0".to_owned());
    let text = format!(
        "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{}",
        quoted_printable(message.body)
    );
    let rest = if message.attachments.is_empty() {
        text
    } else {
        // The id is unique, so no body can contain the boundary by accident.
        let local = message.id.split('@').next().unwrap_or_default();
        let boundary = format!("part-{local}");
        let mut out = format!(
            "Content-Type: multipart/mixed; boundary=\"{boundary}\"\r\n\r\n--{boundary}\r\n{text}"
        );
        for attachment in &message.attachments {
            let name = percent(&attachment.name);
            out.push_str(&format!(
                "\r\n--{boundary}\r\nContent-Type: {}\r\nContent-Transfer-Encoding: base64\r\n\
                 Content-Disposition: attachment;\r\n filename*=UTF-8''{name}\r\n\r\n",
                attachment.kind
            ));
            let encoded = base64(&attachment.bytes);
            for chunk in encoded.as_bytes().chunks(LINE) {
                out.push_str(&String::from_utf8_lossy(chunk));
                out.push_str("\r\n");
            }
        }
        out.push_str(&format!("--{boundary}--\r\n"));
        out
    };
    format!("{}\r\n{rest}", head.join("\r\n")).into_bytes()
}

fn mailboxes(people: &[Person]) -> String {
    let all: Vec<String> = people.iter().map(mailbox).collect();
    all.join(",\r\n ")
}

fn mailbox(person: &Person) -> String {
    if person.name.is_ascii() {
        format!("\"{}\" <{}>", person.name, person.address)
    } else {
        format!("{} <{}>", words(person.name), person.address)
    }
}

/// Words of a header; what is not ASCII goes into encoded words, each of which
/// holds whole characters and stays below 75 letters.
fn words(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let mut pieces = Vec::new();
    let mut piece = String::new();
    for character in text.chars() {
        if piece.len() + character.len_utf8() > 42 {
            pieces.push(std::mem::take(&mut piece));
        }
        piece.push(character);
    }
    pieces.push(piece);
    let encoded: Vec<String> = pieces
        .iter()
        .map(|piece| format!("=?utf-8?B?{}?=", base64(piece.as_bytes())))
        .collect();
    encoded.join("\r\n ")
}

fn percent(name: &str) -> String {
    let mut out = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn quoted_printable(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let mut column = 0;
        for byte in line.bytes() {
            let piece = match byte {
                b'=' => "=3D".to_owned(),
                b' '..=b'~' => char::from(byte).to_string(),
                other => format!("={other:02X}"),
            };
            // One place is kept for the `=` that joins the lines again.
            if column + piece.len() >= LINE {
                out.push_str("=\r\n");
                column = 0;
            }
            column += piece.len();
            out.push_str(&piece);
        }
        if out.ends_with(' ') {
            out.pop();
            out.push_str("=20");
        }
        out.push_str("\r\n");
    }
    out
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let mut bits = 0_u32;
        for index in 0..3 {
            bits = bits << 8 | u32::from(chunk.get(index).copied().unwrap_or(0));
        }
        for index in 0..4 {
            let sextet = usize::try_from(bits >> (18 - 6 * index) & 63).unwrap_or(0);
            let letter = if index > chunk.len() {
                b'='
            } else {
                LETTERS.get(sextet).copied().unwrap_or(b'=')
            };
            out.push(char::from(letter));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_written_as_rfc_4648_writes_them() {
        for (plain, encoded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(plain.as_bytes()), encoded);
        }
    }

    #[test]
    fn no_encoded_line_is_too_long() {
        let text = "Grüße aus der Speicherstraße, = und so weiter. ".repeat(20);
        for line in quoted_printable(&text).lines() {
            assert!(line.len() <= LINE, "{line}");
        }
    }
}
