//! What holds: the policy over the preferences over the default.

use super::{Policy, Preferences, Provided, Theme, Way, When};
use chancery_proto::local::SettingSource;

/// Both files as far as they can be used.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Settings {
    pub(crate) policy: Policy,
    pub(crate) preferences: Preferences,
    /// The policy file has a mistake: none of it is in `policy`.
    pub(crate) policy_is_mistaken: bool,
}

/// What of a session outlives the agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keeping {
    /// In the keyring, or where the person asks for it in a file of their own.
    InKeyringOrFile,
    /// In the keyring.
    InKeyring,
    /// Nothing more from now on, because nobody knows what was meant. What is
    /// there from before is used up.
    NothingMore,
    /// Nothing; what is there from before is removed.
    Nothing,
}

impl Settings {
    /// What holds for everybody.
    pub(crate) fn sign_in(&self) -> (When, SettingSource) {
        first(
            self.policy.signing_in.when,
            self.preferences.signing_in.when,
        )
    }

    /// When the agent signs in.
    pub(crate) fn signs_in(&self) -> When {
        self.sign_in().0
    }

    /// What holds for one application. What the administrator said for
    /// everybody stands above what the person said for that application.
    pub(crate) fn sign_in_for(&self, application: &str) -> (When, SettingSource) {
        let (policy, preferences) = (&self.policy.signing_in, &self.preferences.signing_in);
        first(
            policy.of(application).or(policy.when),
            preferences.of(application).or(preferences.when),
        )
    }

    /// When that application signs in.
    pub(crate) fn signs_in_for(&self, application: &str) -> When {
        self.sign_in_for(application).0
    }

    pub(super) fn refresh_token(&self) -> (bool, SettingSource) {
        if self.policy_is_mistaken {
            return (false, SettingSource::Default);
        }
        of_policy(self.policy.refresh_token, true)
    }

    pub(super) fn file(&self) -> (bool, SettingSource) {
        let (refresh_token, source) = self.refresh_token();
        if refresh_token {
            of_policy(self.policy.file, true)
        } else {
            (false, source)
        }
    }

    /// What of a session may outlive the agent.
    pub(crate) fn keeping(&self) -> Keeping {
        match (self.refresh_token().0, self.file().0) {
            _ if self.policy_is_mistaken => Keeping::NothingMore,
            (true, true) => Keeping::InKeyringOrFile,
            (true, false) => Keeping::InKeyring,
            (false, _) => Keeping::Nothing,
        }
    }

    pub(super) fn others(&self) -> (bool, SettingSource) {
        of_policy(self.policy.others, true)
    }

    pub(super) fn way(&self) -> (Way, SettingSource) {
        of_policy(self.policy.way.clone(), Way::System)
    }

    pub(crate) fn theme(&self) -> (Theme, SettingSource) {
        first(self.policy.desktop.theme, self.preferences.desktop.theme)
    }

    /// Whether the desktop program starts when the person logs on; it does not
    /// unless somebody said so.
    pub(crate) fn desktop_starts(&self) -> (bool, SettingSource) {
        match (self.policy.desktop.start, self.preferences.desktop.start) {
            (Some(said), _) => (said, SettingSource::Policy),
            (None, Some(said)) => (said, SettingSource::Preferences),
            (None, None) => (false, SettingSource::Default),
        }
    }

    /// Which proxy leads to servers on other machines.
    pub(crate) fn leads(&self) -> Way {
        self.way().0
    }

    /// The servers that everybody has.
    pub(crate) fn provided(&self) -> &[Provided] {
        &self.policy.servers
    }

    /// Whether everybody has the server at that address.
    pub(crate) fn provides(&self, address: &str) -> bool {
        self.provided().iter().any(|one| one.address == address)
    }

    /// Whether the person may use the server at that address.
    pub(crate) fn permits(&self, address: &str) -> bool {
        self.others().0 || self.provides(address)
    }
}

fn first<T: Default>(policy: Option<T>, preferences: Option<T>) -> (T, SettingSource) {
    match (policy, preferences) {
        (Some(said), _) => (said, SettingSource::Policy),
        (None, Some(said)) => (said, SettingSource::Preferences),
        (None, None) => (T::default(), SettingSource::Default),
    }
}

fn of_policy<T>(said: Option<T>, default: T) -> (T, SettingSource) {
    match said {
        Some(said) => (said, SettingSource::Policy),
        None => (default, SettingSource::Default),
    }
}
