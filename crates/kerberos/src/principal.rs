//! Whose ticket is which user's.

use crate::Refused;

/// No id of a user is longer, in characters.
const LONGEST: usize = 64;

/// The realms whose people are this server's users of the same name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Realms(Vec<String>);

/// Why a list of realms cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RealmsError {
    /// It is empty.
    #[error(
        "no realm is named. Name the one whose people may sign in, for example \"EXAMPLE.COM\""
    )]
    None,
    /// One of them cannot be one.
    #[error("“{0}” is no realm. A realm is written in capitals, like EXAMPLE.COM")]
    Bad(String),
}

impl Realms {
    /// These realms. A realm's case counts (RFC 4120, section 6.1), and those
    /// of this kind are capitals: one in small letters would never match, so it
    /// is a mistake.
    ///
    /// # Errors
    /// [`RealmsError`].
    pub fn new(realms: Vec<String>) -> Result<Self, RealmsError> {
        if realms.is_empty() {
            return Err(RealmsError::None);
        }
        let is_realm = |realm: &String| {
            let allowed = |character: char| {
                character.is_ascii_uppercase()
                    || character.is_ascii_digit()
                    || ".-_".contains(character)
            };
            !realm.is_empty() && realm.chars().all(allowed)
        };
        match realms.iter().find(|realm| !is_realm(realm)) {
            Some(bad) => Err(RealmsError::Bad(bad.clone())),
            None => Ok(Self(realms)),
        }
    }

    /// The user that a principal is: `NAME@REALM` of one of the realms is the
    /// user `NAME`. A name of several parts (`host/a.example.com`,
    /// `ann/admin`) is a machine, a service or another role, and no person
    /// here; a name with an escape in it is none either. Nothing is cut off or
    /// rewritten, so no principal can be made to look like somebody else's.
    ///
    /// ```
    /// use chancery_kerberos::Realms;
    ///
    /// let realms = Realms::new(vec!["EXAMPLE.COM".to_owned()])?;
    /// assert_eq!(realms.user("ann@EXAMPLE.COM").unwrap(), "ann");
    /// assert!(realms.user("ann@OTHER.ORG").is_err());
    /// assert!(realms.user("ann/admin@EXAMPLE.COM").is_err());
    /// # Ok::<(), chancery_kerberos::RealmsError>(())
    /// ```
    ///
    /// # Errors
    /// [`Refused::NoPerson`].
    pub fn user<'a>(&self, principal: &'a str) -> Result<&'a str, Refused> {
        let nobody = || {
            let shown = principal.chars().filter(|one| !one.is_control());
            Refused::NoPerson(format!("“{}”", shown.take(80).collect::<String>()))
        };
        let (name, realm) = principal.rsplit_once('@').ok_or_else(nobody)?;
        let is_name = !name.is_empty()
            && name.chars().count() <= LONGEST
            && name.trim() == name
            && !name
                .chars()
                .any(|character| character.is_control() || "/\\@:!$".contains(character));
        if is_name && self.0.iter().any(|known| known == realm) {
            Ok(name)
        } else {
            Err(nobody())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Realms, RealmsError};
    use proptest::prelude::*;

    fn realms() -> Realms {
        Realms::new(vec!["EXAMPLE.COM".to_owned(), "B.TEST".to_owned()]).expect("realms")
    }

    #[test]
    fn only_a_person_of_a_realm_that_is_named_is_a_user() {
        let realms = realms();
        assert_eq!(realms.user("ann@EXAMPLE.COM"), Ok("ann"));
        assert_eq!(realms.user("Ann.O'Neil@B.TEST"), Ok("Ann.O'Neil"));
        for nobody in [
            "",
            "ann",
            "@EXAMPLE.COM",
            "ann@",
            "ann@example.com",
            "ann@EVIL.COM",
            "ann@EXAMPLE.COM@EVIL.COM",
            "ann\\@EXAMPLE.COM@B.TEST",
            "host/a.example.com@EXAMPLE.COM",
            "ann/admin@EXAMPLE.COM",
            "WORKSTATION$@EXAMPLE.COM",
            " ann@EXAMPLE.COM",
            "an\0n@EXAMPLE.COM",
            "WELLKNOWN/ANONYMOUS@WELLKNOWN:ANONYMOUS",
        ] {
            assert!(realms.user(nobody).is_err(), "{nobody:?}");
        }
    }

    #[test]
    fn realms_that_could_never_match_are_mistakes() {
        assert_eq!(Realms::new(Vec::new()), Err(RealmsError::None));
        for bad in ["", "example.com", "EXAMPLE COM", "A@B"] {
            let one = Realms::new(vec![bad.to_owned()]);
            assert_eq!(one, Err(RealmsError::Bad(bad.to_owned())));
        }
    }

    proptest! {
        #[test]
        fn a_user_is_the_very_name_before_the_realm(principal in ".{0,40}(@EXAMPLE\\.COM)?") {
            if let Ok(user) = realms().user(&principal) {
                let whole = [format!("{user}@EXAMPLE.COM"), format!("{user}@B.TEST")];
                prop_assert!(whole.contains(&principal));
            }
        }
    }
}
