//! Web addresses that people type.

use chancery_client::remote::{Address, AddressError};
use http::Uri;

pub(crate) fn hold(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let names_somebody = authority(text).contains('@');
    let address: Address = match text.parse() {
        Ok(address) => address,
        Err(error) => {
            let told = error.to_string();
            assert!(told.ends_with('.') || told.ends_with('?'), "{told}");
            if names_somebody && error != AddressError::Person {
                panic!("what may be a password is repeated: {told}");
            }
            return;
        }
    };
    assert!(!names_somebody, "{text} names somebody");
    let whole = address.to_string();
    let again = whole.parse::<Address>();
    assert_eq!(again.as_ref(), Ok(&address), "{whole} reads the same");
    assert_eq!(again.map(|again| again.to_string()), Ok(whole.clone()));
    assert_eq!(
        whole,
        format!("{}://{}", address.scheme(), address.authority())
    );
    assert!(address.is_encrypted() || address.is_loopback(), "{whole}");
    assert_eq!(address.is_encrypted(), address.scheme() == "https");
    if !address.is_encrypted() {
        let typed = text.trim().to_ascii_lowercase();
        assert!(
            typed.starts_with("http://") || !typed.starts_with("https:"),
            "{text} was meant to be encrypted"
        );
    }
    let uri: Uri = format!("{whole}/api")
        .parse()
        .expect("an address that can be called");
    assert_eq!(uri.host(), Some(address.host()));
}

/// The part in which a user's name may stand: after a scheme if there is one,
/// however many slashes stand between, and before whatever ends it.
fn authority(text: &str) -> &str {
    let typed = text.trim();
    let (before, after) = typed.split_once(':').unwrap_or(("", typed));
    let web = matches!(before.to_ascii_lowercase().as_str(), "http" | "https");
    let scheme = before
        .chars()
        .all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '+' | '-' | '.'));
    let rest = match (web, scheme && after.starts_with("//")) {
        (false, false) => typed,
        _ => after,
    };
    rest.trim_start_matches(['/', '\\'])
        .split(['/', '\\', '?', '#'])
        .next()
        .unwrap_or_default()
}
