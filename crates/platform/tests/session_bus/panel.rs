//! A panel of our own: the watcher that icons register with, and what a panel
//! reads, hears and clicks.

use dbus::arg::{PropMap, RefArg, Variant, prop_cast};
use dbus::blocking::Connection;
use dbus::blocking::stdintf::org_freedesktop_dbus::Properties;
use dbus::channel::{MatchingReceiver, Sender as _};
use dbus::message::{MatchRule, MessageType};
use dbus::{Message, Path};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

const WATCHER: &str = "org.kde.StatusNotifierWatcher";
const ITEM: &str = "org.kde.StatusNotifierItem";
const MENU: &str = "com.canonical.dbusmenu";
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// How a panel takes icons.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    Takes,
    Refuses,
    Hangs,
}

/// Owns the watcher's name as long as it lives.
pub(crate) struct Panel {
    registered: Receiver<String>,
    signals: Receiver<String>,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Panel {
    pub(crate) fn start(manner: Manner) -> Self {
        let (to_registered, registered) = mpsc::channel();
        let (to_signals, signals) = mpsc::channel();
        let (ready, is_ready) = mpsc::channel();
        let ends = Arc::new(AtomicBool::new(false));
        let end = Arc::clone(&ends);
        let thread = std::thread::spawn(move || {
            let connection = Connection::new_session().expect("the bus answers");
            serve(&connection, manner, to_registered);
            listen(&connection, &to_signals);
            connection
                .request_name(WATCHER, false, true, true)
                .expect("the name is free");
            ready.send(()).expect("somebody waits");
            while !end.load(Ordering::Acquire) {
                connection
                    .process(Duration::from_millis(20))
                    .expect("the bus lives");
            }
        });
        is_ready.recv().expect("the panel is there");
        Self {
            registered,
            signals,
            ends,
            thread: Some(thread),
        }
    }

    /// The next icon that registers.
    pub(crate) fn icon(&self) -> Seen {
        let name = self.registered.recv_timeout(PATIENCE).expect("an icon");
        let connection = Connection::new_session().expect("the bus answers");
        Seen { connection, name }
    }

    /// Every signal of icons up to the one called `last`, which is not told.
    pub(crate) fn heard_before(&self, last: &str) -> Vec<String> {
        let mut heard = Vec::new();
        loop {
            let signal = self.signals.recv_timeout(PATIENCE).expect("a signal");
            if signal == last {
                return heard;
            }
            heard.push(signal);
        }
    }

    /// Whether no signal of an icon comes for this long.
    pub(crate) fn is_silent_for(&self, long: Duration) -> bool {
        self.signals.recv_timeout(long) == Err(RecvTimeoutError::Timeout)
    }
}

impl Drop for Panel {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}

fn serve(connection: &Connection, manner: Manner, registered: Sender<String>) {
    connection.start_receive(
        MatchRule::new_method_call(),
        Box::new(move |call, connection| {
            let reply = match manner {
                Manner::Takes => Some(call.method_return()),
                Manner::Refuses => Some(call.error(&"org.example.Busy".into(), c"not now")),
                Manner::Hangs => None,
            };
            if let Some(reply) = reply {
                connection.send(reply).expect("sent");
            }
            if let Some(name) = call.read1::<&str>().ok().filter(|_| is_registration(&call)) {
                let _gone = registered.send(name.to_owned());
            }
            true
        }),
    );
}

fn is_registration(call: &Message) -> bool {
    call.member().as_deref() == Some("RegisterStatusNotifierItem")
}

fn listen(connection: &Connection, signals: &Sender<String>) {
    for interface in [ITEM, MENU, "org.freedesktop.DBus.Properties"] {
        let mut rule = MatchRule::new().with_type(MessageType::Signal);
        rule.interface = Some(interface.into());
        connection
            .add_match_no_cb(&rule.match_str())
            .expect("a match");
        let signals = signals.clone();
        connection.start_receive(
            rule.static_clone(),
            Box::new(move |signal, _| {
                let _gone = signals.send(told(&signal));
                true
            }),
        );
    }
}

/// A signal's name, and of changed entries how many.
fn told(signal: &Message) -> String {
    let name = signal.member().expect("a signal").to_string();
    match signal.read2::<Vec<(i32, PropMap)>, Vec<(i32, Vec<String>)>>() {
        Ok((changed, gone)) => format!("{name} {}", changed.len() + gone.len()),
        Err(_) => name,
    }
}

/// An entry as the panel has read it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) number: i32,
    pub(crate) label: String,
    pub(crate) enabled: bool,
    /// What stands before it: nothing, or whether it is marked.
    pub(crate) marked: Option<bool>,
    pub(crate) separates: bool,
    pub(crate) inner: Vec<Entry>,
}

/// An icon as the panel sees it.
pub(crate) struct Seen {
    connection: Connection,
    pub(crate) name: String,
}

impl Seen {
    fn item(&self) -> dbus::blocking::Proxy<'_, &Connection> {
        self.connection
            .with_proxy(&self.name, "/StatusNotifierItem", PATIENCE)
    }

    fn menu_at(&self) -> dbus::blocking::Proxy<'_, &Connection> {
        let path: Path<'static> = self.item().get(ITEM, "Menu").expect("a menu");
        self.connection.with_proxy(&self.name, path, PATIENCE)
    }

    pub(crate) fn text(&self, property: &str) -> String {
        self.item().get(ITEM, property).expect("a text")
    }

    /// The side and the bytes of every picture.
    pub(crate) fn pictures(&self, property: &str) -> Vec<(i32, i32, Vec<u8>)> {
        self.item().get(ITEM, property).expect("pictures")
    }

    /// The name of its icon, its title and its text.
    pub(crate) fn tooltip(&self) -> (String, String, String) {
        type ToolTip = (String, Vec<(i32, i32, Vec<u8>)>, String, String);
        let (icon, _, title, text): ToolTip = self.item().get(ITEM, "ToolTip").expect("one");
        (icon, title, text)
    }

    /// Whether the icon still has its name on the bus.
    pub(crate) fn is_there(&self) -> bool {
        let bus = "org.freedesktop.DBus";
        let proxy = self
            .connection
            .with_proxy(bus, "/org/freedesktop/DBus", PATIENCE);
        let (is_there,): (bool,) = proxy
            .method_call(bus, "NameHasOwner", (&self.name,))
            .expect("an answer");
        is_there
    }

    pub(crate) fn activate(&self) {
        let () = self
            .item()
            .method_call(ITEM, "Activate", (3_i32, 4_i32))
            .expect("taken");
    }

    pub(crate) fn click(&self, number: i32) {
        let nothing = Variant(0_i32);
        let () = self
            .menu_at()
            .method_call(MENU, "Event", (number, "clicked", nothing, 0_u32))
            .expect("taken");
    }

    pub(crate) fn menu(&self) -> Vec<Entry> {
        type Layout = (i32, PropMap, Vec<Variant<Box<dyn RefArg>>>);
        let (_, root): (u32, Layout) = self
            .menu_at()
            .method_call(MENU, "GetLayout", (0_i32, -1_i32, Vec::<String>::new()))
            .expect("a menu");
        root.2.iter().map(|inner| entry(&inner.0)).collect()
    }
}

fn entry(layout: &dyn RefArg) -> Entry {
    let mut parts = layout.as_iter().expect("three parts");
    let number = parts.next().and_then(RefArg::as_i64).expect("a number");
    let properties = parts.next().expect("properties");
    let mut known = PropMap::new();
    let mut each = properties.as_iter().expect("a map");
    while let (Some(name), Some(value)) = (each.next(), each.next()) {
        let name = name.as_str().expect("a name").to_owned();
        known.insert(name, Variant(value.box_clone()));
    }
    let text = |name: &str| {
        let value = known.get(name)?;
        value
            .0
            .as_str()
            .or_else(|| prop_cast::<String>(&known, name).map(String::as_str))
            .map(str::to_owned)
            .or_else(|| Some(value.0.as_iter()?.next()?.as_str()?.to_owned()))
    };
    let number_of = |name: &str| {
        let value = known.get(name)?;
        value
            .0
            .as_i64()
            .or_else(|| value.0.as_iter()?.next()?.as_i64())
    };
    Entry {
        number: i32::try_from(number).expect("small"),
        label: text("label").unwrap_or_default(),
        enabled: number_of("enabled") != Some(0),
        marked: text("toggle-type").map(|kind| {
            assert_eq!(kind, "radio");
            number_of("toggle-state") == Some(1)
        }),
        separates: text("type").as_deref() == Some("separator"),
        inner: parts
            .next()
            .and_then(RefArg::as_iter)
            .into_iter()
            .flatten()
            .map(|inner| {
                let mut inside = inner.as_iter().expect("a variant");
                entry(inside.next().expect("an entry"))
            })
            .collect(),
    }
}
