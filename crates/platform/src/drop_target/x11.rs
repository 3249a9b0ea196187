//! XDND 5, spoken by a window of our own in the place of the toolkit's.
//!
//! A thread of its own sleeps until the display says something. Whoever drags
//! is another program and may be anything: it is asked for little, all of it
//! bounded, and one that goes away or falls silent is given up.

mod direct_save;
mod offer;
mod transfer;

use super::{Answer, Drag, RawWindow, Unavailable};
use offer::Offer;
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::time::Instant;
use transfer::{Ours, Progress, Transfer};
use x11rb::NONE;
use x11rb::connection::Connection;
use x11rb::errors::{ConnectionError, ReplyError, ReplyOrIdError};
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    AtomEnum, ChangeWindowAttributesAux, ClientMessageEvent, ConnectionExt, CreateWindowAux,
    EventMask, PropMode, Timestamp, Window, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

/// The version that is spoken, and the oldest that is understood.
const VERSION: u32 = 5;
const OLDEST: u32 = 3;

x11rb::atom_manager! {
    /// What things are called on a display.
    Names: NamesCookie {
        XdndAware,
        XdndProxy,
        XdndEnter,
        XdndPosition,
        XdndStatus,
        XdndLeave,
        XdndDrop,
        XdndFinished,
        XdndSelection,
        XdndTypeList,
        XdndActionCopy,
        XdndDirectSave0,
        INCR,
        URI_LIST: b"text/uri-list",
        PLAIN_TEXT: b"text/plain",
        CONTENT: b"application/octet-stream",
        CHANCERY_DROP,
    }
}

/// Ends the thread when it goes.
pub(super) struct Taken {
    end: OwnedFd,
}

impl Taken {
    pub(super) fn on(window: RawWindow, answer: Answer) -> Result<Self, Unavailable> {
        let RawWindow::X11(window) = window else {
            return Err(Unavailable::because("it is no window of X11"));
        };
        let (display, _) = x11rb::connect(None).map_err(Unavailable::because)?;
        let target = Target::new(display, window, answer).map_err(Unavailable::because)?;
        let end = eventfd(0, EventfdFlags::CLOEXEC).map_err(Unavailable::because)?;
        let ended = end.try_clone().map_err(Unavailable::because)?;
        std::thread::Builder::new()
            .name("drop-target".to_owned())
            .spawn(move || {
                let mut target = target;
                if let Err(error) = target.serve(&ended) {
                    tracing::debug!(%error, "nothing can be dropped any more");
                }
                target.leave();
            })
            .map_err(Unavailable::because)?;
        Ok(Self { end })
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        if let Err(error) = rustix::io::write(&self.end, &1_u64.to_ne_bytes()) {
            tracing::debug!(%error, "the drop target stays");
        }
    }
}

/// Whoever drags, and the window that it thinks it speaks to.
#[derive(Clone, Copy)]
struct Peer {
    source: Window,
    named: Window,
}

/// A window that takes drops, and what is going on there.
struct Target {
    display: RustConnection,
    names: Names,
    /// The toolkit's.
    window: Window,
    root: Window,
    /// Ours, to which everything is sent.
    proxy: Window,
    answer: Answer,
    /// What is dragged over it.
    offer: Option<Offer>,
    /// What was let go and is being fetched.
    transfer: Option<Transfer>,
    is_gone: bool,
}

impl Target {
    fn new(
        display: RustConnection,
        window: Window,
        answer: Answer,
    ) -> Result<Self, ReplyOrIdError> {
        let names = Names::new(&display)?.reply()?;
        let root = display.get_geometry(window)?.reply()?.root;
        let proxy = display.generate_id()?;
        let wanted = CreateWindowAux::new().event_mask(EventMask::PROPERTY_CHANGE);
        let (depth, visual) = (0, x11rb::COPY_FROM_PARENT);
        display.create_window(
            depth,
            proxy,
            root,
            -1,
            -1,
            1,
            1,
            0,
            WindowClass::INPUT_ONLY,
            visual,
            &wanted,
        )?;
        // That it leads to itself shows that it is no leftover of a program that
        // has gone.
        for place in [proxy, window] {
            let (mode, to) = (PropMode::REPLACE, [proxy]);
            display.change_property32(mode, place, names.XdndProxy, AtomEnum::WINDOW, &to)?;
            let version = [VERSION];
            display.change_property32(mode, place, names.XdndAware, AtomEnum::ATOM, &version)?;
        }
        watch(&display, window)?.check()?;
        Ok(Self {
            display,
            names,
            window,
            root,
            proxy,
            answer,
            offer: None,
            transfer: None,
            is_gone: false,
        })
    }

    /// Until the end is told, the window is gone, or the display is.
    fn serve(&mut self, ended: &OwnedFd) -> Result<(), ConnectionError> {
        loop {
            while let Some(event) = self.display.poll_for_event()? {
                self.hears(&event)?;
            }
            if self.is_gone {
                return Ok(());
            }
            let patience = self
                .transfer
                .as_ref()
                .map(|transfer| transfer.until.saturating_duration_since(Instant::now()));
            if patience.is_some_and(|patience| patience.is_zero()) {
                tracing::debug!("what was dropped did not come in time");
                self.finish(Vec::new())?;
                continue;
            }
            self.display.flush()?;
            // What came while that was written wakes nobody.
            if let Some(event) = self.display.poll_for_event()? {
                self.hears(&event)?;
                continue;
            }
            let patience = patience.and_then(|patience| Timespec::try_from(patience).ok());
            let mut waiting = [
                PollFd::new(ended, PollFlags::IN),
                PollFd::from_borrowed_fd(self.display.stream().as_fd(), PollFlags::IN),
            ];
            match poll(&mut waiting, patience.as_ref()) {
                Err(rustix::io::Errno::INTR) | Ok(_) => {}
                Err(error) => return Err(std::io::Error::from(error).into()),
            }
            if !waiting[0].revents().is_empty() {
                return Ok(());
            }
        }
    }

    /// Gives the window back to the toolkit. What is under way is refused, so
    /// that nobody waits for an answer.
    fn leave(&mut self) {
        let left = self.finish(Vec::new()).and_then(|()| {
            self.forget()?;
            self.display
                .delete_property(self.window, self.names.XdndProxy)?;
            self.display.sync().or(Ok::<_, ConnectionError>(()))
        });
        if let Err(error) = left {
            tracing::debug!(%error, "the display has gone");
        }
    }

    fn hears(&mut self, event: &Event) -> Result<(), ConnectionError> {
        match event {
            Event::ClientMessage(message) if message.format == 32 => self.told(message),
            Event::DestroyNotify(gone) if gone.window == self.window => {
                self.is_gone = true;
                Ok(())
            }
            Event::DestroyNotify(gone) => self.lost(gone.window),
            Event::SelectionNotify(_) | Event::PropertyNotify(_) => {
                let ours = Ours {
                    display: &self.display,
                    names: &self.names,
                    proxy: self.proxy,
                };
                let Some(transfer) = &mut self.transfer else {
                    return Ok(());
                };
                let progress = transfer.goes_on(ours, event)?;
                self.come(progress)
            }
            _ => Ok(()),
        }
    }

    fn told(&mut self, message: &ClientMessageEvent) -> Result<(), ConnectionError> {
        let data = message.data.as_data32();
        // Most name the window in it, as the protocol says, some the proxy; each
        // knows only what it has named.
        let peer = Peer {
            source: data[0],
            named: message.window,
        };
        let (kind, source) = (message.type_, data[0]);
        if kind == self.names.XdndEnter {
            self.enter(data)
        } else if kind == self.names.XdndPosition {
            self.position(peer, data[2])
        } else if kind == self.names.XdndLeave {
            if self.is_from(source) {
                self.forget()
            } else {
                Ok(())
            }
        } else if kind == self.names.XdndDrop {
            self.dropped(peer, data[2])
        } else {
            Ok(())
        }
    }

    fn is_from(&self, source: Window) -> bool {
        self.offer
            .as_ref()
            .is_some_and(|offer| offer.source == source)
    }

    /// Whoever enters last is the one: there is one pointer, and who did not
    /// leave has gone away otherwise.
    fn enter(&mut self, data: [u32; 5]) -> Result<(), ConnectionError> {
        self.forget()?;
        let is_known = (OLDEST..=VERSION).contains(&(data[1] >> 24)) && data[0] != NONE;
        // That it goes away is told as well; it may have gone already.
        if is_known && answered(watch(&self.display, data[0])?.check())?.is_some() {
            self.offer = Some(Offer::of(&self.display, &self.names, data)?);
        }
        Ok(())
    }

    fn position(&mut self, peer: Peer, place: u32) -> Result<(), ConnectionError> {
        let source = peer.source;
        let at = if self.is_from(source) {
            self.inside(place)?
        } else {
            None
        };
        let mut takes = false;
        if let Some(offer) = self.offer.as_mut().filter(|offer| offer.source == source) {
            offer.at = at.filter(|_| offer.has_files());
            if let Some(at) = offer.at {
                offer.is_told = true;
                takes = (self.answer)(Drag::Over { at });
            } else if std::mem::take(&mut offer.is_told) {
                (self.answer)(Drag::Left);
            }
            offer.is_taken = takes;
        }
        // A source waits for it before it says anything else. The empty
        // rectangle asks for every further place.
        let flags = u32::from(takes) | 2;
        let action = if takes {
            self.names.XdndActionCopy
        } else {
            NONE
        };
        self.say(peer, self.names.XdndStatus, [flags, 0, 0, action])
    }

    /// A place of the screen, as one inside the window; none where it is not.
    fn inside(&self, place: u32) -> Result<Option<(i32, i32)>, ConnectionError> {
        let part = |number: u32| (number & 0xffff) as u16;
        let (x, y) = (part(place >> 16).cast_signed(), part(place).cast_signed());
        let display = &self.display;
        // Both at once: it is asked at every move.
        let asked = display.translate_coordinates(self.root, self.window, x, y)?;
        let size = display.get_geometry(self.window)?;
        let (Some(told), Some(size)) = (answered(asked.reply())?, answered(size.reply())?) else {
            return Ok(None);
        };
        let (x, y) = (i32::from(told.dst_x), i32::from(told.dst_y));
        let is_inside = (0..size.width.into()).contains(&x) && (0..size.height.into()).contains(&y);
        Ok(is_inside.then_some((x, y)))
    }

    fn dropped(&mut self, peer: Peer, time: Timestamp) -> Result<(), ConnectionError> {
        if !self.is_from(peer.source) {
            return self.say_finished(peer, false);
        }
        let Some(offer) = self
            .offer
            .take_if(|offer| offer.is_taken && self.transfer.is_none())
        else {
            self.forget()?;
            return self.say_finished(peer, false);
        };
        let Some(at) = offer.at else {
            return self.say_finished(peer, false);
        };
        let ours = Ours {
            display: &self.display,
            names: &self.names,
            proxy: self.proxy,
        };
        let (transfer, progress) = Transfer::begin(ours, &offer, peer, at, time)?;
        self.transfer = Some(transfer);
        self.come(progress)
    }

    /// So far it has come.
    fn come(&mut self, progress: Progress) -> Result<(), ConnectionError> {
        match progress {
            Progress::Waits => Ok(()),
            Progress::Done(files) => self.finish(files),
            Progress::Failed(why) => {
                tracing::debug!(why, "what was dropped did not come");
                self.finish(Vec::new())
            }
        }
    }

    /// What was let go is there, or will not come.
    fn finish(&mut self, files: Vec<PathBuf>) -> Result<(), ConnectionError> {
        // What was made for it goes with it, at the end.
        let Some(transfer) = self.transfer.take() else {
            return Ok(());
        };
        let taken = if files.is_empty() {
            (self.answer)(Drag::Left);
            false
        } else {
            let at = transfer.at;
            (self.answer)(Drag::Dropped { at, files })
        };
        self.say_finished(transfer.peer, taken)
    }

    /// A program has gone away.
    fn lost(&mut self, window: Window) -> Result<(), ConnectionError> {
        if self.is_from(window) {
            self.forget()?;
        }
        let fetches = |transfer: &Transfer| transfer.peer.source == window;
        if self.transfer.as_ref().is_some_and(fetches) {
            self.finish(Vec::new())?;
        }
        Ok(())
    }

    /// Nothing is over the window any more.
    fn forget(&mut self) -> Result<(), ConnectionError> {
        if let Some(offer) = self.offer.take()
            && offer.is_told
        {
            (self.answer)(Drag::Left);
        }
        Ok(())
    }

    fn say_finished(&self, peer: Peer, taken: bool) -> Result<(), ConnectionError> {
        let action = if taken {
            self.names.XdndActionCopy
        } else {
            NONE
        };
        let data = [u32::from(taken), action, 0, 0];
        self.say(peer, self.names.XdndFinished, data)
    }

    /// To a window that may not be there any more.
    fn say(&self, peer: Peer, kind: u32, data: [u32; 4]) -> Result<(), ConnectionError> {
        let [one, two, three, four] = data;
        let Peer { source, named } = peer;
        let message = ClientMessageEvent::new(32, source, kind, [named, one, two, three, four]);
        self.display
            .send_event(false, source, EventMask::NO_EVENT, message)?
            .ignore_error();
        Ok(())
    }
}

/// Asks to be told when a window of somebody else's goes.
fn watch(
    display: &RustConnection,
    window: Window,
) -> Result<x11rb::cookie::VoidCookie<'_, RustConnection>, ConnectionError> {
    let wanted = ChangeWindowAttributesAux::new().event_mask(EventMask::STRUCTURE_NOTIFY);
    display.change_window_attributes(window, &wanted)
}

/// An error of the display means that a window of somebody else's has gone.
fn answered<T>(asked: Result<T, ReplyError>) -> Result<Option<T>, ConnectionError> {
    match asked {
        Ok(told) => Ok(Some(told)),
        Err(ReplyError::X11Error(_)) => Ok(None),
        Err(ReplyError::ConnectionError(error)) => Err(error),
    }
}
