//! How long sessions live, shared by all sessions of a kind of application.

use chancery_store::applications::ApplicationSettings;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// The kinds of application that lifetimes are set for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Installed programs; also whoever does not say.
    Desktop,
    /// Browsers.
    Web,
    /// Telephones and tablets.
    Mobile,
    /// Programs that nobody sits in front of.
    Service,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Desktop, Self::Web, Self::Mobile, Self::Service];

    /// The word that is kept and travels.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Desktop => "desktop",
            Self::Web => "web",
            Self::Mobile => "mobile",
            Self::Service => "service",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str().eq_ignore_ascii_case(name))
    }
}

/// The lifetimes of one kind; read at every check, changed while sessions live.
#[derive(Debug, Default)]
pub(crate) struct Lifetimes {
    idle_seconds: AtomicU64,
    absolute_seconds: AtomicU64,
    refresh: AtomicBool,
    refresh_seconds: AtomicU64,
}

impl Lifetimes {
    pub(crate) fn set(&self, settings: &ApplicationSettings) {
        self.idle_seconds
            .store(settings.idle_seconds, Ordering::Relaxed);
        self.absolute_seconds
            .store(settings.absolute_seconds, Ordering::Relaxed);
        self.refresh.store(settings.refresh, Ordering::Relaxed);
        self.refresh_seconds
            .store(settings.refresh_seconds, Ordering::Relaxed);
    }

    pub(crate) fn idle(&self) -> Duration {
        Duration::from_secs(self.idle_seconds.load(Ordering::Relaxed))
    }

    pub(crate) fn absolute(&self) -> Duration {
        Duration::from_secs(self.absolute_seconds.load(Ordering::Relaxed))
    }

    pub(crate) fn refresh(&self) -> Option<Duration> {
        let allowed = self.refresh.load(Ordering::Relaxed);
        allowed.then(|| Duration::from_secs(self.refresh_seconds.load(Ordering::Relaxed)))
    }

    /// A use is written down when it moves the end by so much.
    pub(crate) fn worthwhile(&self) -> Duration {
        (self.idle() / 60).min(Duration::from_secs(60))
    }

    pub(crate) fn settings(&self, kind: Kind) -> ApplicationSettings {
        ApplicationSettings {
            name: kind.as_str().to_owned(),
            idle_seconds: self.idle_seconds.load(Ordering::Relaxed),
            absolute_seconds: self.absolute_seconds.load(Ordering::Relaxed),
            refresh: self.refresh.load(Ordering::Relaxed),
            refresh_seconds: self.refresh_seconds.load(Ordering::Relaxed),
        }
    }
}

/// The lifetimes of every kind.
#[derive(Debug, Clone, Default)]
pub(crate) struct AllLifetimes {
    kinds: [Arc<Lifetimes>; 4],
}

impl AllLifetimes {
    pub(crate) fn of(&self, kind: Kind) -> &Arc<Lifetimes> {
        match kind {
            Kind::Desktop => &self.kinds[0],
            Kind::Web => &self.kinds[1],
            Kind::Mobile => &self.kinds[2],
            Kind::Service => &self.kinds[3],
        }
    }

    pub(crate) fn load(&self, settings: &[ApplicationSettings]) {
        for one in settings {
            if let Some(kind) = Kind::from_name(&one.name) {
                self.of(kind).set(one);
            }
        }
    }

    pub(crate) fn all(&self) -> Vec<ApplicationSettings> {
        Kind::ALL
            .into_iter()
            .map(|kind| self.of(kind).settings(kind))
            .collect()
    }
}
