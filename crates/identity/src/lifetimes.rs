//! How long sessions live, shared by all sessions of a kind of application, or
//! of a registered one.

use chancery_proto::clock::Timestamp;
use chancery_store::applications::{ApplicationSettings, Lapsed};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
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

/// The lifetimes of one kind or one registered application; read at every
/// check, changed while sessions live.
#[derive(Debug)]
pub(crate) struct Lifetimes {
    name: Arc<str>,
    idle_seconds: AtomicU64,
    absolute_seconds: AtomicU64,
    refresh: AtomicBool,
    refresh_seconds: AtomicU64,
    used_after: AtomicI64,
    signed_in_after: AtomicI64,
}

impl Lifetimes {
    fn new(settings: &ApplicationSettings, lapsed: Lapsed) -> Self {
        let lifetimes = Self {
            name: Arc::from(settings.name.as_str()),
            idle_seconds: AtomicU64::default(),
            absolute_seconds: AtomicU64::default(),
            refresh: AtomicBool::default(),
            refresh_seconds: AtomicU64::default(),
            used_after: AtomicI64::default(),
            signed_in_after: AtomicI64::default(),
        };
        lifetimes.set(settings, lapsed);
        lifetimes
    }

    fn set(&self, settings: &ApplicationSettings, lapsed: Lapsed) {
        // First what stays over: no session comes back between two of these.
        self.used_after.store(lapsed.used.0, Ordering::Release);
        self.signed_in_after
            .store(lapsed.signed_in.0, Ordering::Release);
        self.idle_seconds
            .store(settings.idle_seconds, Ordering::Release);
        self.absolute_seconds
            .store(settings.absolute_seconds, Ordering::Release);
        self.refresh.store(settings.refresh, Ordering::Relaxed);
        self.refresh_seconds
            .store(settings.refresh_seconds, Ordering::Relaxed);
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }

    pub(crate) fn idle(&self) -> Duration {
        Duration::from_secs(self.idle_seconds.load(Ordering::Acquire))
    }

    pub(crate) fn absolute(&self) -> Duration {
        Duration::from_secs(self.absolute_seconds.load(Ordering::Acquire))
    }

    /// Whether a session had run out before the lifetimes were changed: it
    /// stays so, however long they are now.
    pub(crate) fn had_run_out(&self, last_use: Timestamp, signed_in: Timestamp) -> bool {
        last_use.0 <= self.used_after.load(Ordering::Acquire)
            || signed_in.0 <= self.signed_in_after.load(Ordering::Acquire)
    }

    pub(crate) fn refresh(&self) -> Option<Duration> {
        let allowed = self.refresh.load(Ordering::Relaxed);
        allowed.then(|| Duration::from_secs(self.refresh_seconds.load(Ordering::Relaxed)))
    }

    /// A use is written down when it moves the end by so much.
    pub(crate) fn worthwhile(&self) -> Duration {
        (self.idle() / 60).min(Duration::from_secs(60))
    }

    pub(crate) fn settings(&self) -> ApplicationSettings {
        ApplicationSettings {
            name: self.name.to_string(),
            idle_seconds: self.idle_seconds.load(Ordering::Relaxed),
            absolute_seconds: self.absolute_seconds.load(Ordering::Relaxed),
            refresh: self.refresh.load(Ordering::Relaxed),
            refresh_seconds: self.refresh_seconds.load(Ordering::Relaxed),
        }
    }
}

/// The lifetimes of every kind, and of every registered application.
#[derive(Debug)]
pub(crate) struct AllLifetimes {
    desktop: Arc<Lifetimes>,
    /// In the order in which they are listed.
    named: RwLock<Vec<Arc<Lifetimes>>>,
}

impl Default for AllLifetimes {
    fn default() -> Self {
        let named: Vec<_> = chancery_store::applications::defaults()
            .iter()
            .map(|settings| Arc::new(Lifetimes::new(settings, Lapsed::default())))
            .collect();
        let desktop = named
            .iter()
            .find(|one| &**one.name() == Kind::Desktop.as_str());
        let desktop = desktop.or(named.first()).map(Arc::clone);
        Self {
            desktop: match desktop {
                Some(desktop) => desktop,
                None => unreachable!("there are defaults"),
            },
            named: RwLock::new(named),
        }
    }
}

impl AllLifetimes {
    fn named(&self) -> RwLockReadGuard<'_, Vec<Arc<Lifetimes>>> {
        self.named.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those of that name; whoever has no name of their own counts as desktop.
    pub(crate) fn of(&self, name: &str) -> Arc<Lifetimes> {
        Arc::clone(self.find(name).as_ref().unwrap_or(&self.desktop))
    }

    pub(crate) fn find(&self, name: &str) -> Option<Arc<Lifetimes>> {
        self.named()
            .iter()
            .find(|one| &**one.name() == name)
            .map(Arc::clone)
    }

    pub(crate) fn load(&self, settings: &[(ApplicationSettings, Lapsed)]) {
        for (one, lapsed) in settings {
            match self.find(&one.name) {
                Some(known) => known.set(one, *lapsed),
                None => self
                    .named
                    .write()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(Arc::new(Lifetimes::new(one, *lapsed))),
            }
        }
    }

    /// Takes over all there are; others are forgotten.
    pub(crate) fn replace(&self, settings: &[(ApplicationSettings, Lapsed)]) {
        self.load(settings);
        self.named
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|one| settings.iter().any(|kept| kept.0.name == **one.name()));
    }

    pub(crate) fn all(&self) -> Vec<ApplicationSettings> {
        self.named().iter().map(|one| one.settings()).collect()
    }
}
