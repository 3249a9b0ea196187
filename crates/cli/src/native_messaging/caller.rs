//! Which add-on asks.

use std::ffi::OsString;

/// The add-ons that may ask, and how each is called at the agent.
const KNOWN: [(&str, &str); 1] = [(crate::commands::addons::thunderbird::ID, "Thunderbird")];

/// How the application is called that started this program with these
/// arguments: the path of the manifest, then the add-on's id.
pub(super) fn application(
    arguments: impl IntoIterator<Item = OsString>,
) -> Result<&'static str, String> {
    let id = arguments.into_iter().nth(1).unwrap_or_default();
    KNOWN
        .iter()
        .find(|(known, _)| id == *known)
        .map(|(_, name)| *name)
        .ok_or_else(|| {
            "Add-ons of Chancery start this program, and nobody else needs to. To connect from a terminal, use “chancery”.".to_owned()
        })
}

#[cfg(test)]
mod tests {
    use super::application;

    #[test]
    fn only_our_own_add_ons_are_served() {
        let asked = |words: &[&str]| application(words.iter().map(Into::into));
        assert_eq!(
            asked(&["/x/chancery.json", "thunderbird@addons.chancery"]),
            Ok("Thunderbird")
        );
        for words in [
            &[][..],
            &["/x/chancery.json"],
            &["thunderbird@addons.chancery"],
            &["/x/chancery.json", "other@example.com"],
            &["chrome-extension://abcdefgh/"],
        ] {
            assert!(asked(words).is_err(), "{words:?}");
        }
    }
}
