//! Keeps the connection to Redis: makes it, catches up with what ended before it
//! is used, listens, and makes another one when it is of no use any more.

use super::messages::Message;
use super::redis::{self, Connection, Gone, Heard, RedisFacts, RedisSettings};
use super::{ENDS_AT_ONCE, Inner, Up};
use crate::memory::lock;
use chancery_proto::clock::Timestamp;
use chancery_store::grants::TokenHash;
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{MissedTickBehavior, interval, sleep};

/// Whether Redis is still there and the master is asked so often.
const HEARTBEAT: Duration = Duration::from_millis(250);
/// How long to wait before the next try to connect: at first, and at most.
const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// Why ends could not be carried out.
#[derive(Debug)]
pub(super) enum CannotCarryOut {
    Gone(Gone),
    Database(chancery_store::StoreError),
}

impl From<Gone> for CannotCarryOut {
    fn from(why: Gone) -> Self {
        Self::Gone(why)
    }
}

impl Inner {
    pub(super) fn up(&self) -> Option<Up> {
        let up = self.up.read().unwrap_or_else(PoisonError::into_inner);
        up.clone()
    }

    pub(super) fn set_up(&self, up: Option<Up>) {
        *self.up.write().unwrap_or_else(PoisonError::into_inner) = up;
    }

    pub(super) fn drop_ended(&self, hashes: &[TokenHash]) {
        let now = self.clock.monotonic();
        for hash in hashes {
            self.ended.add(*hash, now);
            self.copies.remove(hash);
        }
    }

    /// Others took over from those: they end then, whatever Redis says.
    pub(super) fn drop_dying(&self, dying: &[(TokenHash, Timestamp)]) {
        let now = self.clock.monotonic();
        for (hash, at) in dying {
            self.ended.add_dying(*hash, *at, now);
            if let Some(copy) = self.copies.get(hash) {
                copy.session.dies_at(*at);
            }
        }
    }

    /// Carries out every end after that one; answers the last.
    pub(super) async fn carry_out(
        &self,
        connection: &Connection,
        from: i64,
    ) -> Result<i64, CannotCarryOut> {
        let mut last = from;
        loop {
            let ends = self.store.ends_after(last, ENDS_AT_ONCE);
            let ends = ends.map_err(CannotCarryOut::Database)?;
            let Some(end) = ends.last() else { break };
            let now = self.clock.now();
            let (mut over, mut dying) = (Vec::new(), Vec::new());
            for end in &ends {
                match end.dies {
                    Some(at) if at > now => dying.push((end.hash, at)),
                    Some(_) | None => over.push(end.hash),
                }
            }
            // Every server reads the same ends: there is nothing to tell.
            connection.forget(&over, |_| None).await?;
            connection.let_die(&dying, now).await?;
            last = end.seq;
        }
        if last != from {
            match connection.set_heard_of(last).await {
                Err(Gone::Away) => return Err(Gone::Away.into()),
                // It takes nothing new, as when its memory is full: it is told
                // next time, and what was deleted is deleted once more.
                Err(Gone::Refused) | Ok(()) => {}
            }
        }
        Ok(last)
    }

    pub(super) fn tell(&self, message: &Message) {
        // The keeper lives as long as this does.
        let _ = self.told.send(message.write(&self.name));
    }

    pub(super) fn hear(&self, text: &str) {
        match Message::read(text) {
            Some((name, _)) if name == self.name => {}
            Some((_, Message::Ended(hashes))) => self.drop_ended(&hashes),
            Some((_, Message::Facts)) => self.heard_of_facts.notify_one(),
            Some((_, Message::Tried(account, address, is_right))) => {
                let now = self.clock.now();
                lock(&self.attempts).note(&account, &address, is_right, now);
            }
            None => tracing::warn!("another server told something that cannot be understood"),
        }
    }

    /// Connects, and catches up with what ended meanwhile.
    async fn come_up(
        &self,
        settings: &RedisSettings,
        heard: UnboundedSender<Heard>,
    ) -> Result<(Up, RedisFacts), String> {
        let connected = redis::connect(settings, &self.keys, &self.trips, heard).await;
        let (connection, facts) = connected.map_err(|trouble| trouble.to_string())?;
        let gone = |why| match why {
            Gone::Away => format!("{} went away again", facts.address),
            Gone::Refused => format!(
                "{} refuses what has to be done first; the line before this one has what it said",
                facts.address
            ),
        };
        let heard_of = connection.heard_of().await.map_err(gone)?.unwrap_or(0);
        // A database that was put back from a backup counts from an earlier number.
        let last = self.store.last_end().map_err(|error| error.to_string())?;
        let from = if heard_of > last { 0 } else { heard_of };
        let carried_out = match self.carry_out(&connection, from).await {
            Ok(carried_out) => carried_out,
            Err(CannotCarryOut::Gone(why)) => return Err(gone(why)),
            Err(CannotCarryOut::Database(error)) => return Err(error.to_string()),
        };
        let up = Up {
            connection,
            carried_out: Arc::new(AtomicI64::new(carried_out)),
        };
        Ok((up, facts))
    }

    /// Stays connected; ends when the connection is of no use any more.
    async fn stay(
        &self,
        connection: &Connection,
        heard: &mut UnboundedReceiver<Heard>,
        telling: &mut UnboundedReceiver<String>,
    ) {
        let mut beat = interval(HEARTBEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                heard = heard.recv() => match heard {
                    Some(Heard::Message(text)) => self.hear(&text),
                    Some(Heard::Gone) | None => return,
                },
                _ = beat.tick() => if !connection.is_master().await { return },
                () = self.trouble.notified() => {
                    if connection.is_broken() || !connection.is_master().await {
                        return;
                    }
                }
                Some(message) = telling.recv() => {
                    // Whatever is not told is found in the database, or forgotten.
                    let _ = connection.tell(&message).await;
                }
            }
        }
    }
}

/// Keeps a connection as long as the server lives.
pub(super) async fn keep(
    inner: Arc<Inner>,
    settings: RedisSettings,
    mut telling: UnboundedReceiver<String>,
) {
    let mut wait = FIRST_WAIT;
    let mut said = String::new();
    loop {
        let (hearing, mut heard) = unbounded_channel();
        match inner.come_up(&settings, hearing).await {
            Ok((up, facts)) => {
                tracing::info!(
                    address = %facts.address,
                    version = %facts.version,
                    "sessions are kept in the session store"
                );
                if let Some(warning) = facts.warning() {
                    tracing::warn!("{warning}");
                }
                (wait, said) = (FIRST_WAIT, String::new());
                let connection = up.connection.clone();
                inner.set_up(Some(up));
                inner.came_up.notify_waiters();
                inner.stay(&connection, &mut heard, &mut telling).await;
                inner.set_up(None);
                inner.copies.retain(|_| false);
                tracing::error!(
                    "the session store is gone; whoever needs a session is told to come back (503) until it is there again"
                );
            }
            Err(trouble) => {
                if said != trouble {
                    tracing::error!("the session store cannot be used: {trouble}");
                    said = trouble;
                }
                sleep(wait).await;
                wait = (wait * 2).min(LONGEST_WAIT);
            }
        }
    }
}
