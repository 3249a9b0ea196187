//! All seats, which one is active, and the state that everybody sees.

use crate::begun::Begun;
use crate::callers::Callers;
use crate::core::derive::{Facts, Intent, derive};
use crate::core::policy::{Keeping, Settings};
use crate::core::wording;
use crate::list::{Entry, List, ListError};
use crate::prompting::board::Prompting;
use crate::refusal::Refusal;
use crate::seat::{Seat, SeatView, Surroundings};
use crate::settings::SettingsFiles;
use crate::tickets::Tickets;
use crate::vault::Vault;
use crate::window::board::Windows;
use chancery_client::remote::{Address, HttpClient, Remote};
use chancery_platform::directories::Directories;
use chancery_platform::{limits, machine};
use chancery_proto::clock::{SharedClock, Timestamp};
use chancery_proto::level::{ApiLevel, capabilities_of, gate};
use chancery_proto::local::{KeyringState, Person, ServerEntry, SessionLife, State, Status};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};

/// The agent.
#[derive(Debug)]
pub(crate) struct Agent {
    pub(crate) http: HttpClient,
    pub(crate) surroundings: Arc<Surroundings>,
    pub(crate) settings: SettingsFiles,
    list_path: PathBuf,
    list: Mutex<List>,
    seats: Mutex<HashMap<String, Arc<Seat>>>,
    status: watch::Sender<Status>,
    /// Counts what may have changed the state of any server.
    pub(crate) changes: watch::Sender<u64>,
    /// When it began, by the clock of the surroundings.
    pub(crate) began: Duration,
    pub(crate) callers: Arc<Callers>,
    pub(crate) prompting: Prompting,
    pub(crate) windows: Windows,
    /// Sign-ins that were begun in a browser.
    pub(crate) begun: Begun,
    pub(crate) stopping: watch::Sender<bool>,
    /// The person knows that nothing is kept when the agent ends.
    pub(crate) warned_of_keyring: AtomicBool,
}

/// How everything holds it.
pub(crate) type SharedAgent = Arc<Agent>;

impl Agent {
    pub(crate) fn open(directories: &Directories, clock: SharedClock) -> Result<Self, ListError> {
        Self::with(directories, SettingsFiles::open(directories), clock)
    }

    pub(crate) fn with(
        directories: &Directories,
        files: SettingsFiles,
        clock: SharedClock,
    ) -> Result<Self, ListError> {
        let list_path = directories.config().join("servers.toml");
        let mut list = List::read(&list_path)?;
        let settings = files.settings();
        adapt(&mut list, &settings);
        let callers = Callers::new(limits::raise_open_files(), Arc::clone(&clock));
        let callers = Arc::new(callers);
        let surroundings = Arc::new(Surroundings {
            vault: Vault::new(directories, settings.keeping()),
            clock,
            device: machine::device_name(),
            tickets: Tickets::default(),
            changed: Notify::new(),
        });
        let starting = Status {
            state: State::Starting,
            reason: None,
            sentence: wording::sentence(State::Starting, None, "", ""),
            server: None,
            user: None,
            session: None,
            next_probe: None,
            keyring: KeyringState::Unknown,
            warnings: Vec::new(),
        };
        let began = surroundings.clock.monotonic();
        let http = HttpClient::new();
        http.set_proxy_rule(settings.leads());
        let agent = Self {
            http,
            surroundings,
            settings: files,
            list_path,
            list: Mutex::new(list),
            seats: Mutex::default(),
            status: watch::channel(starting).0,
            changes: watch::channel(0).0,
            began,
            callers,
            prompting: Prompting::default(),
            windows: Windows::default(),
            begun: Begun::default(),
            stopping: watch::channel(false).0,
            warned_of_keyring: AtomicBool::new(false),
        };
        agent.publish();
        Ok(agent)
    }

    pub(crate) fn list(&self) -> MutexGuard<'_, List> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn seats(&self) -> MutexGuard<'_, HashMap<String, Arc<Seat>>> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the list: on disk first, so that nothing is shown that a
    /// restart would take back.
    pub(crate) fn change_list(&self, change: impl FnOnce(&mut List)) -> Result<(), Refusal> {
        let mut list = self.list();
        let changed = self.changed(&list, change);
        if *list != changed {
            changed
                .write(&self.list_path)
                .map_err(|error| Refusal::unwritten(&error))?;
            *list = changed;
        }
        drop(list);
        self.surroundings.changed.notify_one();
        Ok(())
    }

    /// Changes the list, whether it can be written or not.
    ///
    /// # Errors
    /// A restart would take it back.
    pub(crate) fn change_list_at_once(
        &self,
        change: impl FnOnce(&mut List),
    ) -> Result<(), ListError> {
        let mut list = self.list();
        *list = self.changed(&list, change);
        let written = list.write(&self.list_path);
        drop(list);
        self.surroundings.changed.notify_one();
        written
    }

    fn changed(&self, list: &List, change: impl FnOnce(&mut List)) -> List {
        let mut changed = list.clone();
        change(&mut changed);
        changed.note_used();
        adapt(&mut changed, &self.settings.settings());
        changed
    }

    /// Keeps to what holds from now on.
    pub(crate) fn follow(&self, settings: &Settings) {
        self.surroundings.vault.keep_only(settings.keeping());
        self.http.set_proxy_rule(settings.leads());
        adapt(&mut self.list(), settings);
        self.publish();
    }

    /// Whether the policy lets the person use the server at that address.
    pub(crate) fn permit(&self, address: &str) -> Result<(), Refusal> {
        let settings = self.settings.settings();
        if settings.permits(address) {
            return Ok(());
        }
        let list = self.list();
        let provided = list.servers.iter().filter(|one| one.origin.is_provided());
        let names: Vec<&str> = provided.map(|one| one.name.as_str()).collect();
        Err(Refusal::other_server(address, &names))
    }

    /// Resolves when the agent is told to end.
    pub(crate) async fn stops(&self) {
        let mut stopping = self.stopping.subscribe();
        // Without a sender there is no agent.
        let _ended = stopping.wait_for(|stopping| *stopping).await.is_ok();
    }

    /// The seat of a known server.
    pub(crate) fn seat(&self, entry: &Entry) -> Result<Arc<Seat>, Refusal> {
        let mut seats = self.seats();
        if let Some(seat) = seats.get(&entry.id)
            && seat.remote.address().to_string() == entry.address
        {
            seat.rename(&entry.name);
            return Ok(Arc::clone(seat));
        }
        let address: Address =
            entry
                .address
                .parse()
                .map_err(|error: chancery_client::remote::AddressError| {
                    Refusal::internal(&format!(
                        "the list has a server without an address: {error}"
                    ))
                })?;
        let seat = Arc::new(self.new_seat(Remote::at(self.http.clone(), address), entry));
        seats.insert(entry.id.clone(), Arc::clone(&seat));
        Ok(seat)
    }

    /// A seat that nobody finds before it is put into its place.
    pub(crate) fn new_seat(&self, remote: Remote, entry: &Entry) -> Seat {
        let level = entry.version.as_deref().and_then(ApiLevel::parse);
        Seat::new(
            remote,
            Arc::clone(&self.surroundings),
            entry.name.clone(),
            (entry.user.clone(), entry.user_name.clone()),
            capabilities_of(level, entry.announced.as_deref()),
            entry.methods(),
        )
    }

    pub(crate) fn put_seat(&self, id: &str, seat: Arc<Seat>) {
        self.seats().insert(id.to_owned(), seat);
    }

    pub(crate) fn take_seat(&self, id: &str) -> Option<Arc<Seat>> {
        self.seats().remove(id)
    }

    /// The seat of a server that has one already.
    pub(crate) fn seat_of(&self, id: &str) -> Option<Arc<Seat>> {
        self.seats().get(id).cloned()
    }

    pub(crate) fn all_seats(&self) -> Vec<Arc<Seat>> {
        self.seats().values().cloned().collect()
    }

    /// The active server's entry.
    pub(crate) fn active(&self) -> Option<Entry> {
        self.list().active_entry().cloned()
    }

    /// The server that a call means: the one named, else the active one.
    pub(crate) fn meant(&self, named: Option<&str>) -> Result<Entry, Refusal> {
        match named {
            Some(name) => self
                .list()
                .find(name)
                .cloned()
                .ok_or_else(|| Refusal::unknown_server(name)),
            None => self
                .active()
                .ok_or_else(|| Refusal::no_server(self.no_server())),
        }
    }

    pub(crate) fn wants_connection(&self) -> bool {
        self.list().wants_connection
    }

    /// An entry as it is shown.
    pub(crate) fn shown(&self, entry: &Entry) -> ServerEntry {
        let active = self.list().active.as_deref() == Some(&entry.id);
        shown(entry, active)
    }

    pub(crate) fn entries(&self) -> Vec<ServerEntry> {
        let list = self.list();
        list.servers
            .iter()
            .map(|entry| shown(entry, list.active.as_deref() == Some(&entry.id)))
            .collect()
    }

    /// What is so where there is no server to work with, and what to do.
    pub(crate) fn no_server(&self) -> &'static str {
        wording::no_server(self.list().servers.is_empty())
    }

    /// The whole state as it is now.
    pub(crate) fn status(&self) -> Status {
        let (entry, wants_connection) = (self.active(), self.wants_connection());
        let view = entry
            .as_ref()
            .and_then(|entry| self.seat(entry).ok())
            .map(|seat| seat.view());
        let intent = Intent {
            has_server: entry.is_some(),
            wants_connection,
        };
        self.status_of(entry.as_ref(), view.as_ref(), intent, true)
    }

    /// The state as it would be shown if that server were the active one.
    pub(crate) fn status_at(&self, entry: &Entry, seat: &Seat) -> Status {
        let intent = Intent {
            has_server: true,
            wants_connection: true,
        };
        let active = self.active().is_some_and(|active| active.id == entry.id);
        self.status_of(Some(entry), Some(&seat.view()), intent, active)
    }

    fn status_of(
        &self,
        entry: Option<&Entry>,
        view: Option<&SeatView>,
        intent: Intent,
        active: bool,
    ) -> Status {
        let is_asked = entry.is_some_and(|entry| self.prompting.is_open_at(&entry.id));
        let (state, reason) = match view {
            Some(view) => derive(Facts {
                known: true,
                intent,
                link: view.link,
                auth: view.auth,
                signing_in: view.signing_in || is_asked,
            }),
            None if entry.is_none() => (State::NoServer, None),
            None => (State::Disconnected, None),
        };
        let view = view.filter(|_| state != State::Disconnected);
        let person = view.and_then(|view| {
            view.user.clone().map(|id| Person {
                name: view.name.clone(),
                id,
            })
        });
        let session = view.and_then(|view| {
            let life = view.life?;
            Some(SessionLife {
                idle_expires: life.idle_end().map(|end| self.wall(end)),
                absolute_expires: life.absolute_end().map(|end| self.wall(end)),
                renewable: view.renewable,
            })
        });
        let server = entry.map(|entry| entry.name.as_str()).unwrap_or_default();
        let name = person.as_ref().map(|person| person.name.as_str());
        let keyring = view.map_or(KeyringState::Unknown, |view| view.keyring);
        Status {
            state,
            reason,
            sentence: if state == State::NoServer {
                self.no_server().to_owned()
            } else {
                wording::sentence(state, reason, server, name.unwrap_or_default())
            },
            server: entry.map(|entry| shown(entry, active)),
            user: person,
            session,
            next_probe: view
                .and_then(|view| view.next_probe)
                .map(|probe| self.wall(probe)),
            keyring,
            // That there is no keyring is said once, by whoever connects: see
            // `connecting`.
            warnings: self.warnings(keyring),
        }
    }

    /// What everybody should know of the policy and the preferences.
    fn warnings(&self, keyring: KeyringState) -> Vec<String> {
        let mut warnings = self.settings.warnings();
        let nothing = self.surroundings.vault.keeping() == Keeping::Nothing;
        if nothing && keyring == KeyringState::Unavailable {
            warnings.push(wording::NOTHING_KEPT.to_owned());
        }
        warnings
    }

    /// A time of the monotonic clock on the wall.
    fn wall(&self, monotonic: Duration) -> Timestamp {
        let clock = &self.surroundings.clock;
        let (now, ahead) = (clock.now(), monotonic.saturating_sub(clock.monotonic()));
        now.plus(ahead)
    }

    /// Follows the state from now on.
    pub(crate) fn watch(&self) -> watch::Receiver<Status> {
        self.publish();
        self.status.subscribe()
    }

    /// Tells everybody who watches what changed, if it did.
    pub(crate) fn publish(&self) {
        let now = self.status();
        self.status.send_if_modified(|before| {
            let differs = !same_to_a_person(before, &now);
            if differs {
                before.clone_from(&now);
            }
            differs
        });
        self.changes
            .send_modify(|count| *count = count.wrapping_add(1));
    }
}

/// Every call pushes the end of the session: that alone is no news.
pub(crate) fn same_to_a_person(one: &Status, two: &Status) -> bool {
    let still = |status: &Status| Status {
        session: status.session.as_ref().map(|session| SessionLife {
            idle_expires: None,
            absolute_expires: None,
            renewable: session.renewable,
        }),
        ..status.clone()
    };
    still(one) == still(two)
}

/// The list as the settings want it.
fn adapt(list: &mut List, settings: &Settings) {
    list.provide(settings.provided());
    let is_permitted = |entry: &Entry| settings.permits(&entry.address);
    if list
        .active_entry()
        .is_some_and(|entry| !is_permitted(entry))
    {
        list.active = None;
        list.provide(settings.provided());
    }
}

fn shown(entry: &Entry, active: bool) -> ServerEntry {
    let announced = entry.announced.as_deref();
    ServerEntry {
        id: entry.id.clone(),
        name: entry.name.clone(),
        address: entry.address.clone(),
        active,
        provided: entry.origin.is_provided(),
        user: entry.user.clone(),
        version: entry.version.clone(),
        product: entry.product.clone(),
        capabilities: capabilities_of(
            entry.version.as_deref().and_then(ApiLevel::parse),
            announced,
        ),
        gate: entry
            .version
            .as_deref()
            .map(|version| gate(version, announced)),
        asks: entry.asks(),
    }
}
