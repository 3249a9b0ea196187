//! What every route shares.

use crate::config::{Config, Method};
use crate::feed::Feed;
use crate::http::counters::Counters;
use crate::http::error::ApiError;
use crate::http::limits::Limits;
use crate::trusted::Trusted;
use chancery_content::{Content, ContentError, Discarded};
use chancery_identity::Identity;
use chancery_proto::clock::{SharedClock, Timestamp};
use chancery_proto::level::{ApiLevel, Capability, capabilities_of};
use chancery_store::{Store, StoreError};
use std::sync::Arc;

/// What this server can do beyond its level. What is not built is not announced.
const BUILT: [Capability; 5] = [
    Capability::SessionLifetimeHeaders,
    Capability::SessionBackground,
    Capability::Idempotency,
    Capability::EventsStream,
    Capability::DocumentsRanges,
];

/// The one customer of this server.
pub(crate) const CUSTOMER: i64 = 1;

/// What every route shares.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) store: Store,
    pub(crate) content: Content,
    pub(crate) identity: Identity,
    /// Accepts tickets, where that is configured.
    pub(crate) trusted: Option<Trusted>,
    pub(crate) clock: SharedClock,
    pub(crate) level: ApiLevel,
    /// What this server can do at that level.
    pub(crate) capabilities: Vec<Capability>,
    pub(crate) counters: Counters,
    /// Who listens to what changes.
    pub(crate) feed: Feed,
    /// How many requests one person may make.
    pub(crate) limits: Limits,
    /// A proxy in front says where callers come from.
    pub(crate) is_behind_proxy: bool,
    /// The ways to sign in that are offered, the preferred one first.
    pub(crate) methods: Vec<Method>,
    /// `http` or `https`: how callers reach this server.
    pub(crate) scheme: &'static str,
}

/// How routes hold it.
pub(crate) type SharedApp = Arc<App>;

impl App {
    pub(crate) fn new(
        store: Store,
        content: Content,
        identity: Identity,
        trusted: Option<Trusted>,
        clock: SharedClock,
        config: &Config,
    ) -> Self {
        let level = config.compat.api_level.0;
        let built: Vec<String> = BUILT.iter().map(|one| one.name().to_owned()).collect();
        Self {
            store,
            content,
            identity,
            trusted,
            clock,
            level,
            capabilities: capabilities_of(Some(level), Some(&built)),
            counters: Counters::default(),
            feed: Feed::default(),
            limits: Limits::new(config.limits.requests_per_minute),
            methods: config.sign_in.methods.clone(),
            is_behind_proxy: config.tls.terminated_in_front,
            scheme: if config.is_encrypted() {
                "https"
            } else {
                "http"
            },
        }
    }

    pub(crate) fn can(&self, capability: Capability) -> bool {
        self.capabilities.contains(&capability)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The name to show for a person's key.
    pub(crate) fn name_of(&self, key: &str) -> (String, String) {
        match self.identity.person(key) {
            Some(user) => (user.id.clone(), user.full_name.clone()),
            None => (key.to_owned(), String::new()),
        }
    }

    /// Takes bytes that were purged off the disk, as far as that can be done now.
    pub(crate) async fn discard_purged(&self) {
        if let Err(error) = self.try_discard_purged().await {
            tracing::error!(%error, "purged bytes are still on the disk; it is tried again");
        }
    }

    async fn try_discard_purged(&self) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        for (library, hash) in self.store.purged_content()? {
            let (store, content, alias) =
                (self.store.clone(), self.content.clone(), library.clone());
            let discarding = tokio::task::spawn_blocking(move || {
                content.discard(&alias, &hash, || {
                    store
                        .content_is_needed(&alias, &hash)
                        .map_err(|error| ContentError::from(std::io::Error::other(error)))
                })
            });
            if discarding.await?? != Discarded::Later {
                self.store.forget_purged(&library, hash).await?;
            }
        }
        Ok(())
    }

    /// Runs a longer read where it does not hold up other requests.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let store = self.store.clone();
        let outcome = tokio::task::spawn_blocking(move || work(&store)).await;
        match outcome {
            Ok(outcome) => Ok(outcome?),
            Err(error) => Err(ApiError::internal(&error)),
        }
    }
}
