//! People, lifetimes and applications, which every server keeps in memory, and how
//! they come up to date.

use crate::IdentityError;
use crate::identity::{Identity, Sessions};
use crate::memory::lock;
use chancery_store::users::User;
use std::sync::atomic::Ordering;

impl Identity {
    /// Reads them anew. What is older never comes last.
    pub(crate) fn load_facts(&self) -> Result<(), IdentityError> {
        let _one = lock(&self.facts);
        // The number first: what changes while it is read is read again.
        let version = self.store.facts_version()?;
        let users = self.store.users()?;
        let lifetimes = self.store.lifetimes()?;
        let clients = self.store.clients()?;
        let before = self.lifetimes.all();
        self.people.load(users);
        self.lifetimes.replace(&lifetimes);
        self.clients.load(clients);
        let is_first = self.facts_version.swap(version, Ordering::AcqRel) == 0;
        if let Sessions::Shared(shared) = &self.sessions
            && !is_first
        {
            for old in before {
                let now = self.lifetimes.find(&old.name);
                let longer = now.filter(|now| {
                    let settings = now.settings();
                    settings.idle_seconds > old.idle_seconds
                        || settings.absolute_seconds > old.absolute_seconds
                });
                if let Some(longer) = longer {
                    shared.lengthen(longer);
                }
            }
        }
        Ok(())
    }

    /// Somebody was read from the database just now: where that is news, everything
    /// is read anew.
    pub(crate) fn meet(&self, user: &User) -> Result<(), IdentityError> {
        let known = self.people.get(&user.key());
        if known.is_some_and(|known| *known.facts() == *user) {
            return Ok(());
        }
        self.load_facts()
    }

    /// The facts have changed here: every server has to look at them anew.
    pub(crate) fn facts_changed(&self) -> Result<(), IdentityError> {
        if let Sessions::Shared(shared) = &self.sessions {
            shared.tell_facts();
        }
        self.load_facts()
    }
}
