//! What a caller allows, and what it calls itself.

use crate::callers::called;
use crate::core::keeper::Purpose;
use crate::refusal::Refusal;
use crate::said;
use chancery_proto::headers::INTERACTION;
use chancery_proto::local::Interaction;
use http::HeaderMap;

/// What a caller allows, and what is shown to the person if it comes to that.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wish {
    said: Option<Interaction>,
    background: bool,
    /// What the caller calls itself. Untrusted.
    pub(crate) application: Option<String>,
    /// Who is to sign in, where the caller says.
    pub(crate) user: Option<String>,
}

impl Wish {
    /// What a request's headers say. A header that is not understood is
    /// refused, so that nobody waits for a prompt that never comes.
    pub(crate) fn read(headers: &HeaderMap) -> Result<Self, Refusal> {
        let said = match said::once(headers, INTERACTION)? {
            None => None,
            Some("never") => Some(Interaction::Never),
            Some("if-needed") => Some(Interaction::IfNeeded),
            Some("force") => Some(Interaction::Force),
            Some(_) => {
                return Err(Refusal::bad_request(
                    "The header Chancery-Interaction is “never”, “if-needed” or “force”. Send one of these, or leave it out.",
                ));
            }
        };
        Ok(Self {
            said,
            background: said::is_background(headers)?,
            application: called(headers),
            user: None,
        })
    }

    /// The same for an explicit sign-in, which may prompt unless it says
    /// otherwise: in its body, else in the header.
    pub(crate) fn for_sign_in(self, asked: Option<Interaction>, user: Option<String>) -> Self {
        let said = if self.background {
            Interaction::Never
        } else {
            asked.or(self.said).unwrap_or(Interaction::IfNeeded)
        };
        // To sign in is to begin a session, whoever asks for it.
        Self {
            said: Some(said),
            background: false,
            user,
            ..self
        }
    }

    /// The same once it has its session: what was forced is not forced twice.
    pub(crate) fn fulfilled(self) -> Self {
        let said = self.said.map(|said| match said {
            Interaction::Force => Interaction::IfNeeded,
            other => other,
        });
        Self { said, ..self }
    }

    /// What the session is for.
    pub(crate) fn purpose(&self) -> Purpose {
        if self.background {
            Purpose::Background
        } else {
            Purpose::Use
        }
    }

    /// What is allowed: nothing at all in the background.
    pub(crate) fn interaction(&self) -> Interaction {
        if self.background {
            Interaction::Never
        } else {
            self.said.unwrap_or_default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Wish;
    use chancery_proto::local::Interaction;
    use http::{HeaderMap, HeaderName, HeaderValue};

    fn read(lines: &[(&'static str, &str)]) -> Option<Wish> {
        let headers: HeaderMap = lines
            .iter()
            .map(|(name, value)| {
                let value = HeaderValue::from_bytes(value.as_bytes()).expect("a value");
                (HeaderName::from_static(name), value)
            })
            .collect();
        Wish::read(&headers).ok()
    }

    fn allowed(lines: &[(&'static str, &str)]) -> Option<Interaction> {
        read(lines).map(|wish| wish.interaction())
    }

    #[test]
    fn a_caller_that_says_nothing_allows_nothing() {
        assert_eq!(allowed(&[]), Some(Interaction::Never));
        for (word, interaction) in [
            ("never", Interaction::Never),
            ("if-needed", Interaction::IfNeeded),
            ("force", Interaction::Force),
        ] {
            assert_eq!(
                allowed(&[("chancery-interaction", word)]),
                Some(interaction)
            );
        }
    }

    #[test]
    fn a_word_that_is_none_is_refused_and_the_background_allows_nothing() {
        assert_eq!(allowed(&[("chancery-interaction", "always")]), None);
        let background = [
            ("chancery-interaction", "force"),
            ("chancery-background", "1"),
        ];
        assert_eq!(allowed(&background), Some(Interaction::Never));
        let wish = read(&background).expect("read");
        let wish = wish.for_sign_in(Some(Interaction::Force), None);
        assert_eq!(wish.interaction(), Interaction::Never);
    }

    #[test]
    fn a_sign_in_may_prompt_unless_it_says_otherwise() {
        let said = |header: &[(&'static str, &str)], body| {
            let wish = read(header).expect("read").for_sign_in(body, None);
            wish.interaction()
        };
        assert_eq!(said(&[], None), Interaction::IfNeeded);
        let never = [("chancery-interaction", "never")];
        assert_eq!(said(&never, None), Interaction::Never);
        assert_eq!(said(&never, Some(Interaction::Force)), Interaction::Force);
    }

    #[test]
    fn what_was_forced_is_not_forced_twice() {
        let wish = read(&[("chancery-interaction", "force")]).expect("read");
        assert_eq!(wish.fulfilled().interaction(), Interaction::IfNeeded);
    }

    #[test]
    fn a_name_is_as_long_as_somebody_reads() {
        let name = "é".repeat(200);
        let wish = read(&[("chancery-application", &name)]).expect("read");
        assert_eq!(wish.application, Some("é".repeat(80)));
        let nameless = read(&[("chancery-application", "  ")]).expect("read");
        assert_eq!(nameless.application, None);
    }
}
