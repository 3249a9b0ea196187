//! A small picture in the desktop's panel: the state at a glance, and a menu.
//!
//! Linux: StatusNotifierItem with a menu by `com.canonical.dbusmenu`, as KDE
//! speaks it and the other panels do. Windows: the notification area. Others
//! have none yet.

use std::fmt;

mod label;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(windows)]
mod windows;

#[cfg(target_os = "linux")]
use linux as system;
#[cfg(not(any(target_os = "linux", windows)))]
use nowhere as system;
#[cfg(windows)]
use windows as system;

/// The longest side of a picture, in pixels; larger ones are left out.
const LARGEST: u32 = 512;
/// So many entries of one menu are shown, and so deep may menus lie in menus.
const ENTRIES: usize = 100;
const DEPTH: u32 = 4;

/// A picture in one size: square, row by row from the top, four bytes (red,
/// green, blue, alpha) for each pixel, the colours not multiplied by alpha.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    /// The side, in pixels: at least 1 and at most 512.
    pub size: u32,
    /// `size * size * 4` bytes.
    pub rgba: Vec<u8>,
}

impl fmt::Debug for Picture {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "Picture({0}x{0})", self.size)
    }
}

impl Picture {
    fn is_whole(&self) -> bool {
        (1..=LARGEST).contains(&self.size)
            && self.rgba.len() as u64 == u64::from(self.size) * u64::from(self.size) * 4
    }
}

/// An entry of the menu. Texts are plain: nothing in them is a mnemonic or
/// markup, and what could upset a panel is taken out of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// A line between two groups.
    Separator,
    /// A line that only says something.
    Note(String),
    /// Something that can be done.
    Command {
        /// What is told when it is chosen.
        id: String,
        /// What it is called.
        label: String,
        /// Whether it can be chosen now.
        enabled: bool,
    },
    /// One of several, of which one is marked. Those that stand side by side
    /// belong together.
    Choice {
        /// What is told when it is chosen.
        id: String,
        /// What it is called.
        label: String,
        /// Whether it is the one.
        marked: bool,
        /// Whether it can be chosen now.
        enabled: bool,
    },
    /// A menu in the menu.
    Menu {
        /// What it is called.
        label: String,
        /// What is in it.
        items: Vec<Item>,
    },
}

/// What the icon shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// A name that an icon theme may have a picture for, as
    /// `chancery-connected`. Where it has none, `pictures` are taken.
    pub name: &'static str,
    /// The same picture in the sizes there are; the panel takes what fits.
    pub pictures: Vec<Picture>,
    /// What the icon stands for.
    pub title: String,
    /// What is shown when the pointer rests on it: one line.
    pub tooltip: String,
    /// Whether the person is asked to look.
    pub needs_attention: bool,
    /// What is offered.
    pub menu: Vec<Item>,
}

impl Shown {
    /// The same, as it may be given to a panel.
    fn made_safe(mut self) -> Self {
        self.pictures.retain(Picture::is_whole);
        self.title = label::safe(&self.title);
        self.tooltip = label::without_markup(&label::safe(&self.tooltip));
        made_safe(&mut self.menu, DEPTH);
        self
    }
}

fn made_safe(items: &mut Vec<Item>, depth: u32) {
    items.truncate(ENTRIES);
    items.retain(|item| depth > 1 || !matches!(item, Item::Menu { .. }));
    for item in items {
        match item {
            Item::Separator => {}
            Item::Note(label) | Item::Command { label, .. } | Item::Choice { label, .. } => {
                *label = label::safe(label);
            }
            Item::Menu { label, items } => {
                *label = label::safe(label);
                made_safe(items, depth - 1);
            }
        }
    }
}

/// What the person did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chosen {
    /// Pressed the icon itself.
    Activated,
    /// Chose the command or the choice with this id.
    Command(String),
}

/// Why there can be no icon here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("This desktop shows no status icons: {why}.")]
pub struct Unavailable {
    /// What the system said, for the log.
    pub why: String,
}

/// An icon that was put on; it is taken away with this value.
pub struct StatusIcon {
    icon: system::Icon,
}

impl fmt::Debug for StatusIcon {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.debug_struct("StatusIcon")
            .field("is_seen", &self.is_seen())
            .finish_non_exhaustive()
    }
}

impl StatusIcon {
    /// Puts an icon on. Where there is no panel yet, or the panel goes and comes
    /// again, the icon appears as soon as there is one: see
    /// [`is_seen`](Self::is_seen). `told` is called by a thread of its own,
    /// which serves the icon meanwhile no further: it has to return soon.
    ///
    /// Blocks for at most two seconds.
    ///
    /// # Errors
    /// [`Unavailable`]: there is nothing that could ever show one.
    pub fn show(
        shown: Shown,
        told: impl Fn(Chosen) + Send + Sync + 'static,
    ) -> Result<Self, Unavailable> {
        system::Icon::put_on(shown.made_safe(), Box::new(told)).map(|icon| Self { icon })
    }

    /// Shows this from now on. Returns at once; of several in one go the last
    /// one counts, and what is the same as before is not sent again.
    pub fn update(&self, shown: Shown) {
        self.icon.update(shown.made_safe());
    }

    /// Whether a panel has taken the icon. A window that is closed while nobody
    /// sees the icon could not be found again.
    #[must_use]
    pub fn is_seen(&self) -> bool {
        self.icon.is_seen()
    }
}

/// Who is told what was chosen.
type Told = Box<dyn Fn(Chosen) + Send + Sync>;

#[cfg(not(any(target_os = "linux", windows)))]
mod nowhere {
    use super::{Shown, Told, Unavailable};

    /// There is none.
    pub(super) enum Icon {}

    impl Icon {
        pub(super) fn put_on(_shown: Shown, _told: Told) -> Result<Self, Unavailable> {
            Err(Unavailable {
                why: "those of this system are not spoken to yet".to_owned(),
            })
        }

        pub(super) fn update(&self, _shown: Shown) {
            match *self {}
        }

        pub(super) fn is_seen(&self) -> bool {
            match *self {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ENTRIES, Item, Picture, Shown};

    fn picture(size: u32, bytes: usize) -> Picture {
        let rgba = vec![0; bytes];
        Picture { size, rgba }
    }

    #[test]
    fn what_a_panel_could_stumble_over_is_left_out() {
        let mut deep = vec![Item::Note("the bottom".to_owned())];
        for depth in 0..100 {
            deep = vec![Item::Menu {
                label: format!("{depth}\n"),
                items: deep,
            }];
        }
        let shown = Shown {
            name: "chancery-connected",
            pictures: vec![
                picture(0, 0),
                picture(1, 4),
                picture(2, 15),
                picture(513, 513 * 513 * 4),
                picture(u32::MAX, 4),
            ],
            title: "two\nlines".to_owned(),
            tooltip: "<b>R&D</b>".to_owned(),
            needs_attention: false,
            menu: deep,
        }
        .made_safe();
        assert_eq!(shown.pictures, [picture(1, 4)]);
        assert_eq!(shown.title, "two lines");
        assert_eq!(shown.tooltip, "‹b›R&D‹/b›");
        let mut depth = 0;
        let mut items = &shown.menu;
        while let Some(Item::Menu {
            label,
            items: inner,
        }) = items.first()
        {
            assert!(!label.contains('\n'), "{label:?}");
            items = inner;
            depth += 1;
        }
        assert_eq!((depth, items.len()), (3, 0));
    }

    #[test]
    fn a_menu_has_an_end() {
        let shown = Shown {
            name: "chancery-connected",
            pictures: Vec::new(),
            title: String::new(),
            tooltip: String::new(),
            needs_attention: false,
            menu: vec![Item::Separator; 10_000],
        };
        assert_eq!(shown.made_safe().menu.len(), ENTRIES);
    }
}
