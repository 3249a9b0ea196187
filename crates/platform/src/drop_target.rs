//! What a person drags onto a window of ours: files, and what a mail client
//! makes into files when it is let go.
//!
//! Linux with X11: the toolkit's window names a window of a connection of our
//! own as its proxy (XDND 4 and later), so that sources speak to us and the
//! toolkit is left as it is. On Wayland drops reach the connection alone that
//! the window belongs to, which is the toolkit's: there is no such door there.

use std::fmt;
use std::path::PathBuf;

#[cfg(any(windows, test))]
mod group_descriptor;
#[cfg(target_os = "linux")]
mod uri_list;
#[cfg(windows)]
mod windows;
#[cfg(target_os = "linux")]
mod x11;

#[cfg(not(any(target_os = "linux", windows)))]
use nowhere as system;
#[cfg(windows)]
use windows as system;
#[cfg(target_os = "linux")]
use x11 as system;

/// A window, by the number that its system knows it by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RawWindow {
    /// An X11 window id.
    X11(u32),
    /// A window handle of Windows.
    Win32(isize),
    /// A surface of Wayland, which has no number.
    Wayland,
}

/// What happens to something that is dragged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Drag {
    /// It is over the window, there. It may be told again and again.
    Over {
        /// In physical pixels, from the window's upper left corner.
        at: (i32, i32),
    },
    /// It has left the window, or nothing came of it.
    Left,
    /// It was let go there.
    Dropped {
        /// In physical pixels, from the window's upper left corner.
        at: (i32, i32),
        /// What was dropped; at least one. They may be files that the other
        /// program made for this, and takes away again: sure to stay only until
        /// this is answered.
        files: Vec<PathBuf>,
    },
}

/// Why nothing can be dropped there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Nothing can be dropped on this window: {why}.")]
pub struct Unavailable {
    /// What the system said, for the log.
    pub why: String,
}

impl Unavailable {
    fn because(why: impl fmt::Display) -> Self {
        Self {
            why: why.to_string(),
        }
    }
}

/// Takes drops on a window, until it is dropped itself.
pub struct DropTarget {
    _taken: system::Taken,
}

impl fmt::Debug for DropTarget {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.debug_struct("DropTarget").finish_non_exhaustive()
    }
}

impl DropTarget {
    /// Takes drops on `window` from now on. To be called by the thread that the
    /// window belongs to. `answer` says whether it would be taken there
    /// ([`Drag::Over`]) and whether it was ([`Drag::Dropped`]); the other program
    /// waits for it, so it has to return soon.
    ///
    /// # Errors
    /// [`Unavailable`]: this system, or this window, has no drops to give.
    pub fn on(
        window: RawWindow,
        answer: impl Fn(Drag) -> bool + Send + 'static,
    ) -> Result<Self, Unavailable> {
        system::Taken::on(window, Box::new(answer)).map(|_taken| Self { _taken })
    }
}

/// Who says what is taken.
type Answer = Box<dyn Fn(Drag) -> bool + Send>;

#[cfg(not(any(target_os = "linux", windows)))]
mod nowhere {
    use super::{Answer, RawWindow, Unavailable};

    /// There is none.
    pub(super) enum Taken {}

    impl Taken {
        pub(super) fn on(_window: RawWindow, _answer: Answer) -> Result<Self, Unavailable> {
            Err(Unavailable::because(
                "drops of this system are not spoken to yet",
            ))
        }
    }
}
