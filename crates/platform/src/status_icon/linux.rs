//! StatusNotifierItem, by a thread of its own that sleeps while nothing happens.
//!
//! The protocol is ksni's. Added here: an icon whose panel was not there at the
//! start and came in just that moment, a panel that refuses or hangs, and texts
//! and pictures that were looked at.

use super::label::with_mark_doubled;
use super::{Chosen, Item, Picture, Shown, Told, Unavailable};
use crate::bus::{self, BusError};
use ksni::menu::{RadioGroup, RadioItem, StandardItem, SubMenu};
use ksni::{Category, Handle, MenuItem, OfflineReason, Status, ToolTip, TrayMethods};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc::{self, SyncSender};
use std::time::Duration;
use tokio::sync::{oneshot, watch};

const PATIENCE: Duration = Duration::from_secs(2);
/// The pauses, in seconds, after which a panel that refused is asked again. It
/// is asked as well whenever there is a new one.
const PAUSES: [u64; 6] = [1, 2, 4, 8, 16, 32];

// Whether a panel has the icon.
const ASKED: u8 = 0;
const SEEN: u8 = 1;
const UNSEEN: u8 = 2;

pub(super) struct Icon {
    wish: watch::Sender<Shown>,
    seen: Arc<AtomicU8>,
    /// The thread ends when this is dropped, whatever the panel does.
    _alive: oneshot::Sender<()>,
}

impl Icon {
    pub(super) fn put_on(shown: Shown, told: Told) -> Result<Self, Unavailable> {
        let unavailable = |why: &str| Unavailable {
            why: why.to_owned(),
        };
        if !bus::is_there() {
            return Err(unavailable("there is no session bus"));
        }
        let seen = Arc::new(AtomicU8::new(ASKED));
        let tray = Tray {
            shown: shown.clone(),
            told: Arc::from(told),
            seen: Arc::clone(&seen),
        };
        let (wish, wishes) = watch::channel(shown);
        let (_alive, ended) = oneshot::channel();
        let (first, said) = mpsc::sync_channel(1);
        std::thread::Builder::new()
            .name("status-icon".to_owned())
            .spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build();
                match runtime {
                    Ok(runtime) => runtime.block_on(async {
                        tokio::select! {
                            () = serve(tray, wishes, first) => {}
                            _ = ended => {}
                        }
                    }),
                    Err(error) => {
                        let _late = first.send(Err(error.to_string()));
                    }
                }
                // The connection ends with the runtime, and the icon with it.
            })
            .map_err(|error| unavailable(&error.to_string()))?;
        match said.recv_timeout(PATIENCE) {
            Ok(Err(why)) => Err(Unavailable { why }),
            // A panel that takes its time will have it later.
            Ok(Ok(())) | Err(_) => Ok(Self { wish, seen, _alive }),
        }
    }

    pub(super) fn update(&self, shown: Shown) {
        self.wish.send_if_modified(|last| {
            let differs = *last != shown;
            *last = shown;
            differs
        });
    }

    pub(super) fn is_seen(&self) -> bool {
        self.seen.load(Ordering::Acquire) == SEEN
    }
}

async fn serve(
    tray: Tray,
    mut wishes: watch::Receiver<Shown>,
    first: SyncSender<Result<(), String>>,
) {
    let handle = match begin(&tray, &first).await {
        Ok(handle) => handle,
        Err(why) => {
            tracing::debug!(why, "no status icon");
            let _late = first.try_send(Err(why));
            return;
        }
    };
    let _late = first.try_send(Ok(()));
    while wishes.changed().await.is_ok() {
        let shown = wishes.borrow_and_update().clone();
        handle.update(|tray| tray.shown = shown).await;
    }
}

/// Puts the icon on, or leaves it waiting for a panel.
async fn begin(
    tray: &Tray,
    first: &SyncSender<Result<(), String>>,
) -> Result<Handle<Tray>, String> {
    let mut pauses = PAUSES.into_iter();
    loop {
        tray.seen.store(ASKED, Ordering::Release);
        let asked = tray.clone().assume_sni_available(true).spawn().await;
        let why = match asked {
            Ok(handle) if tray.has_been_taken() => return Ok(handle),
            Ok(handle) => {
                // A panel that came between the question and the beginning of
                // the watch for one would never be asked.
                if there_is_a_panel() != Ok(true) {
                    return Ok(handle);
                }
                handle.shutdown().await;
                "the panel came just now".to_owned()
            }
            Err(error) => {
                // Where the bus is out of reach there is nothing to wait for.
                there_is_a_panel().map_err(|_| error.to_string())?;
                error.to_string()
            }
        };
        tracing::debug!(why, "the panel has not taken the icon");
        // Whoever waits is told that it may come later.
        let _told_already = first.try_send(Ok(()));
        let Some(seconds) = pauses.next() else {
            return Err(why);
        };
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }
}

fn there_is_a_panel() -> Result<bool, BusError> {
    bus::ask(PATIENCE, |connection| {
        let bus = "org.freedesktop.DBus";
        let proxy = connection.with_proxy(bus, "/org/freedesktop/DBus", PATIENCE);
        let panel = "org.kde.StatusNotifierWatcher";
        let (is_there,): (bool,) = proxy.method_call(bus, "NameHasOwner", (panel,))?;
        Ok(is_there)
    })
}

#[derive(Clone)]
struct Tray {
    shown: Shown,
    told: Arc<dyn Fn(Chosen) + Send + Sync>,
    seen: Arc<AtomicU8>,
}

impl Tray {
    /// Whether nothing spoke against it since the panel was asked.
    fn has_been_taken(&self) -> bool {
        let (order, otherwise) = (Ordering::AcqRel, Ordering::Acquire);
        let now = self.seen.compare_exchange(ASKED, SEEN, order, otherwise);
        matches!(now, Ok(_) | Err(SEEN))
    }
}

impl ksni::Tray for Tray {
    fn id(&self) -> String {
        "chancery".to_owned()
    }

    fn category(&self) -> Category {
        Category::Communications
    }

    fn title(&self) -> String {
        self.shown.title.clone()
    }

    fn status(&self) -> Status {
        if self.shown.needs_attention {
            Status::NeedsAttention
        } else {
            Status::Active
        }
    }

    fn icon_name(&self) -> String {
        self.shown.name.to_owned()
    }

    fn icon_pixmap(&self) -> Vec<ksni::Icon> {
        self.shown.pictures.iter().filter_map(pixmap).collect()
    }

    // A panel that is told to draw attention shows this one instead; the state
    // is in the picture already.
    fn attention_icon_name(&self) -> String {
        if self.shown.needs_attention {
            self.icon_name()
        } else {
            String::new()
        }
    }

    fn attention_icon_pixmap(&self) -> Vec<ksni::Icon> {
        if self.shown.needs_attention {
            self.icon_pixmap()
        } else {
            Vec::new()
        }
    }

    fn tool_tip(&self) -> ToolTip {
        // The description may be markup, the title may not.
        ToolTip {
            title: self.shown.tooltip.clone(),
            ..ToolTip::default()
        }
    }

    fn menu(&self) -> Vec<MenuItem<Self>> {
        entries(&self.shown.menu)
    }

    fn activate(&mut self, _x: i32, _y: i32) {
        (self.told)(Chosen::Activated);
    }

    fn watcher_online(&self) {
        self.seen.store(SEEN, Ordering::Release);
    }

    fn watcher_offline(&self, reason: OfflineReason) -> bool {
        tracing::debug!(?reason, "no panel takes the icon");
        self.seen.store(UNSEEN, Ordering::Release);
        true
    }
}

/// Network byte order with alpha in front.
fn pixmap(picture: &Picture) -> Option<ksni::Icon> {
    let side = i32::try_from(picture.size).ok()?;
    let mut data = picture.rgba.clone();
    for pixel in data.chunks_exact_mut(4) {
        pixel.rotate_right(1);
    }
    Some(ksni::Icon {
        width: side,
        height: side,
        data,
    })
}

fn entries(items: &[Item]) -> Vec<MenuItem<Tray>> {
    // Choices that stand side by side are one group.
    let is_choice = |item: &Item| matches!(item, Item::Choice { .. });
    items
        .chunk_by(|one, next| is_choice(one) && is_choice(next))
        .filter_map(|group| match group {
            [Item::Separator] => Some(MenuItem::Separator),
            [Item::Note(label)] => Some(note(label)),
            [Item::Command { id, label, enabled }] => Some(command(id, label, *enabled)),
            [Item::Menu { label, items }] => Some(
                SubMenu {
                    label: with_mark_doubled(label, '_'),
                    submenu: entries(items),
                    ..SubMenu::default()
                }
                .into(),
            ),
            choices => choice(choices),
        })
        .collect()
}

fn note(label: &str) -> MenuItem<Tray> {
    StandardItem {
        label: with_mark_doubled(label, '_'),
        enabled: false,
        ..StandardItem::default()
    }
    .into()
}

fn command(id: &str, label: &str, enabled: bool) -> MenuItem<Tray> {
    let id = id.to_owned();
    StandardItem {
        label: with_mark_doubled(label, '_'),
        enabled,
        // A panel may say so of one that cannot be chosen.
        activate: Box::new(move |tray: &mut Tray| {
            if enabled {
                (tray.told)(Chosen::Command(id.clone()));
            }
        }),
        ..StandardItem::default()
    }
    .into()
}

fn choice(choices: &[Item]) -> Option<MenuItem<Tray>> {
    let mut ids = Vec::new();
    let mut options = Vec::new();
    let mut selected = usize::MAX;
    for item in choices {
        let Item::Choice {
            id,
            label,
            marked,
            enabled,
        } = item
        else {
            return None;
        };
        if *marked {
            selected = ids.len();
        }
        ids.push((id.clone(), *enabled));
        options.push(RadioItem {
            label: with_mark_doubled(label, '_'),
            enabled: *enabled,
            ..RadioItem::default()
        });
    }
    let select = move |tray: &mut Tray, at: usize| {
        if let Some((id, true)) = ids.get(at) {
            (tray.told)(Chosen::Command(id.clone()));
        }
    };
    Some(
        RadioGroup {
            selected,
            select: Box::new(select),
            options,
        }
        .into(),
    )
}
