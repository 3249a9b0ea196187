//! The people, in memory: a check and a list need their facts, and a change
//! has to hold at the next check of every session they have.

use chancery_store::users::{User, key_of};
use std::collections::HashMap;
use std::sync::{Arc, RwLock};

/// One person, shared by all their sessions.
#[derive(Debug)]
pub(crate) struct Person {
    facts: RwLock<Arc<User>>,
}

impl Person {
    fn new(user: User) -> Self {
        Self {
            facts: RwLock::new(Arc::new(user)),
        }
    }

    pub(crate) fn facts(&self) -> Arc<User> {
        match self.facts.read() {
            Ok(facts) => Arc::clone(&facts),
            // Only a whole value is ever put there.
            Err(poisoned) => Arc::clone(&poisoned.into_inner()),
        }
    }

    fn set(&self, user: User) {
        let mut facts = match self.facts.write() {
            Ok(facts) => facts,
            Err(poisoned) => poisoned.into_inner(),
        };
        if **facts != user {
            *facts = Arc::new(user);
        }
    }
}

/// Everybody.
#[derive(Debug, Default)]
pub(crate) struct People {
    by_key: RwLock<HashMap<String, Arc<Person>>>,
}

impl People {
    pub(crate) fn get(&self, key: &str) -> Option<Arc<Person>> {
        match self.by_key.read() {
            Ok(people) => people.get(key).cloned(),
            Err(poisoned) => poisoned.into_inner().get(key).cloned(),
        }
    }

    /// Brings everybody up to date.
    pub(crate) fn load(&self, users: Vec<User>) {
        let mut people = match self.by_key.write() {
            Ok(people) => people,
            Err(poisoned) => poisoned.into_inner(),
        };
        for user in users {
            let key = key_of(&user.id);
            match people.get(&key) {
                Some(person) => person.set(user),
                None => {
                    people.insert(key, Arc::new(Person::new(user)));
                }
            }
        }
    }
}
