//! What the administrator decided for everybody on the machine, what the
//! person prefers, and what follows from both.
//!
//! The policy wins over the preferences, and those over the default. A file
//! with a mistake in it is not used at all: half of what somebody meant is
//! something that nobody meant.

mod explained;
mod fields;
mod reading;
mod settings;

#[cfg(test)]
mod tests;

pub(crate) use chancery_client::remote::ProxyRule as Way;
pub(crate) use chancery_proto::local::Theme;
pub(crate) use reading::{read_policy, read_preferences};
pub(crate) use settings::{Keeping, Settings};

/// The longest file that is read.
pub(crate) const LONGEST: u64 = 1024 * 1024;

/// When somebody is signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum When {
    /// Delayed sign-in: with the first call that needs the server.
    #[default]
    FirstUse,
    /// As soon as the agent, or that application, starts.
    AtStart,
}

/// A server that everybody has in their list from the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Provided {
    /// The name to show; the host where there is none.
    pub(crate) name: Option<String>,
    /// Scheme, host and port.
    pub(crate) address: String,
}

/// What holds for one application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Application {
    /// As it calls itself; upper and lower case are the same.
    pub(crate) name: String,
    pub(crate) sign_in: When,
}

/// What either file may say about signing in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct SigningIn {
    pub(crate) when: Option<When>,
    pub(crate) applications: Vec<Application>,
}

impl SigningIn {
    fn of(&self, application: &str) -> Option<When> {
        self.applications
            .iter()
            .find(|one| one.name.eq_ignore_ascii_case(application))
            .map(|one| one.sign_in)
    }
}

/// What either file may say about the desktop program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Desktop {
    pub(crate) theme: Option<Theme>,
    /// Whether it starts when the person logs on.
    pub(crate) start: Option<bool>,
}

/// The administrator's file. What it does not say is left to others.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Policy {
    pub(crate) servers: Vec<Provided>,
    pub(crate) others: Option<bool>,
    pub(crate) signing_in: SigningIn,
    pub(crate) refresh_token: Option<bool>,
    pub(crate) file: Option<bool>,
    pub(crate) way: Option<Way>,
    pub(crate) desktop: Desktop,
}

/// The person's own file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Preferences {
    pub(crate) signing_in: SigningIn,
    pub(crate) desktop: Desktop,
}
