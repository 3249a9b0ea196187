//! What servers tell each other, through a channel of Redis.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chancery_store::grants::TokenHash;

/// One message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Message {
    /// Sessions ended.
    Ended(Vec<TokenHash>),
    /// People, applications or lifetimes changed.
    Facts,
    /// A password was tried: of an account, from an address, and whether it was right.
    Tried(String, String, bool),
}

impl Message {
    pub(super) fn write(&self, name: &str) -> String {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match self {
            Self::Ended(hashes) => {
                let hashes: Vec<_> = hashes.iter().map(|hash| encode(hash)).collect();
                format!("{name} ended {}", hashes.join(" "))
            }
            Self::Facts => format!("{name} facts"),
            Self::Tried(account, address, is_right) => format!(
                "{name} tried {} {} {}",
                if *is_right { "right" } else { "wrong" },
                encode(account.as_bytes()),
                encode(address.as_bytes())
            ),
        }
    }

    /// Who told what, if it can be understood.
    pub(super) fn read(text: &str) -> Option<(&str, Self)> {
        let mut words = text.split(' ');
        let name = words.next()?;
        let text_of = |word: &str| String::from_utf8(URL_SAFE_NO_PAD.decode(word).ok()?).ok();
        let message = match words.next()? {
            "ended" => {
                let hash = |word: &str| URL_SAFE_NO_PAD.decode(word).ok()?.try_into().ok();
                Self::Ended(words.map(hash).collect::<Option<_>>()?)
            }
            "facts" => Self::Facts,
            "tried" => {
                let is_right = match words.next()? {
                    "right" => true,
                    "wrong" => false,
                    _ => return None,
                };
                Self::Tried(text_of(words.next()?)?, text_of(words.next()?)?, is_right)
            }
            _ => return None,
        };
        Some((name, message))
    }
}

#[cfg(test)]
mod tests {
    use super::Message;

    #[test]
    fn what_is_told_is_understood() {
        for message in [
            Message::Ended(vec![[1; 32], [250; 32]]),
            Message::Facts,
            Message::Tried("ann example".to_owned(), "::1".to_owned(), true),
            Message::Tried(String::new(), "x\0y\nz".to_owned(), false),
        ] {
            let text = message.write("me");
            assert_eq!(Message::read(&text), Some(("me", message)), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_understood_is_nothing() {
        for text in [
            "",
            "me",
            "me sings",
            "me ended x",
            "me ended AAAA",
            "me tried",
            "me tried left YQ YQ",
            "me tried right YQ",
            "me tried right !! YQ",
            "\u{0}",
        ] {
            assert_eq!(Message::read(text), None, "{text}");
        }
    }
}
