//! Fetching what was let go: a list of files, a file that the source makes for
//! it, or what is in one; in one piece or in many.

use super::direct_save::{Filling, Promised};
use super::offer::Offer;
use super::{Names, Peer, answered};
use crate::drop_target::uri_list;
use crate::machine;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use x11rb::connection::Connection;
use x11rb::errors::ConnectionError;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    Atom, AtomEnum, ConnectionExt, Property, SelectionNotifyEvent, Timestamp, Window,
};
use x11rb::rust_connection::RustConnection;
use x11rb::{CURRENT_TIME, NONE};

/// So long a source has for all of it. A mail client writes whole messages
/// meanwhile.
const PATIENCE: Duration = Duration::from_secs(60);
/// The most that is read at once of what becomes a file, in bytes; more comes in
/// pieces.
const PIECE: usize = 16 * 1024 * 1024;

/// What was let go and is being fetched.
pub(super) struct Transfer {
    pub(super) peer: Peer,
    /// Where it was let go.
    pub(super) at: (i32, i32),
    pub(super) until: Instant,
    time: Timestamp,
    /// Whether the source can make a file, if its list names none.
    promises: bool,
    /// Whether it gives what is in the file, if it does not make it.
    has_content: bool,
    step: Step,
    /// Whether it comes in pieces.
    in_pieces: bool,
}

/// What the source was asked for last.
enum Step {
    /// Files that are there, and the text that names them.
    List(Vec<u8>),
    /// To make a file, and what it says to that.
    Save(Promised, Vec<u8>),
    /// What is in the file, which is made here.
    Content(Filling),
}

/// How far it is.
pub(super) enum Progress {
    Waits,
    Done(Vec<PathBuf>),
    Failed(&'static str),
}

/// What came.
enum Told {
    /// Nothing that matters here.
    Nothing,
    /// A part of it.
    Part(Vec<u8>),
    /// The rest of it.
    Last(Vec<u8>),
    Failed(&'static str),
}

/// The display, and our window on it.
#[derive(Clone, Copy)]
pub(super) struct Ours<'a> {
    pub(super) display: &'a RustConnection,
    pub(super) names: &'a Names,
    pub(super) proxy: Window,
}

impl Transfer {
    /// Asks for the list, or for a file where the source has none to list.
    pub(super) fn begin(
        ours: Ours<'_>,
        offer: &Offer,
        peer: Peer,
        at: (i32, i32),
        time: Timestamp,
    ) -> Result<(Self, Progress), ConnectionError> {
        let mut transfer = Self {
            peer,
            at,
            until: Instant::now() + PATIENCE,
            time,
            promises: offer.promises,
            has_content: offer.has_content,
            step: Step::List(Vec::new()),
            in_pieces: false,
        };
        let progress = if offer.has_list {
            ours.ask(ours.names.URI_LIST, time)?;
            Progress::Waits
        } else {
            transfer.promise(ours)?
        };
        Ok((transfer, progress))
    }

    pub(super) fn goes_on(
        &mut self,
        ours: Ours<'_>,
        event: &Event,
    ) -> Result<Progress, ConnectionError> {
        let told = match event {
            Event::SelectionNotify(told) if self.is_meant(ours, told) => {
                if told.property == ours.names.CHANCERY_DROP {
                    self.first(ours)?
                } else {
                    Told::Failed("the source has refused")
                }
            }
            Event::PropertyNotify(told)
                if told.atom == ours.names.CHANCERY_DROP
                    && told.state == Property::NEW_VALUE
                    && self.in_pieces =>
            {
                self.piece(ours)?
            }
            _ => return Ok(Progress::Waits),
        };
        let (part, is_last) = match told {
            Told::Nothing => return Ok(Progress::Waits),
            Told::Part(part) => (part, false),
            Told::Last(part) => (part, true),
            Told::Failed(why) => return self.other_way(ours, why),
        };
        if let Err(why) = self.keep(&part) {
            return self.other_way(ours, why);
        }
        if is_last {
            self.whole(ours)
        } else {
            Ok(Progress::Waits)
        }
    }

    /// Whether it answers what was asked last. One that comes late is of
    /// something that was given up.
    fn is_meant(&self, ours: Ours<'_>, told: &SelectionNotifyEvent) -> bool {
        let wanted = match self.step {
            Step::List(_) => ours.names.URI_LIST,
            Step::Save(..) => ours.names.XdndDirectSave0,
            Step::Content(_) => ours.names.CONTENT,
        };
        !self.in_pieces
            && told.selection == ours.names.XdndSelection
            && told.target == wanted
            && [self.time, CURRENT_TIME].contains(&told.time)
    }

    fn keep(&mut self, part: &[u8]) -> Result<(), &'static str> {
        match &mut self.step {
            Step::List(text) | Step::Save(_, text) => {
                if text.len() + part.len() > uri_list::LONGEST {
                    return Err("it is too long");
                }
                text.extend(part);
                Ok(())
            }
            Step::Content(file) => file.write(part),
        }
    }

    /// All of it is there.
    fn whole(&mut self, ours: Ours<'_>) -> Result<Progress, ConnectionError> {
        let files = match &self.step {
            Step::List(text) => uri_list::files(text, &machine::device_name()),
            Step::Save(promised, said) => promised.kept(said).into_iter().collect(),
            Step::Content(file) => vec![file.path()],
        };
        if files.is_empty() {
            self.other_way(ours, "no file is there")
        } else {
            Ok(Progress::Done(files))
        }
    }

    /// A source that names no file may make one, and one that makes none may
    /// say what would be in it.
    fn other_way(
        &mut self,
        ours: Ours<'_>,
        why: &'static str,
    ) -> Result<Progress, ConnectionError> {
        self.in_pieces = false;
        match std::mem::replace(&mut self.step, Step::List(Vec::new())) {
            Step::List(_) if self.promises => self.promise(ours),
            Step::Save(promised, said) if said.first() == Some(&b'F') && self.has_content => {
                let Some(file) = promised.filling() else {
                    return Ok(Progress::Failed("there is no room"));
                };
                self.step = Step::Content(file);
                ours.ask(ours.names.CONTENT, self.time)?;
                Ok(Progress::Waits)
            }
            _ => Ok(Progress::Failed(why)),
        }
    }

    /// Asks for a file in a place of ours.
    fn promise(&mut self, ours: Ours<'_>) -> Result<Progress, ConnectionError> {
        let Some(promised) = Promised::of(ours.display, ours.names, self.peer.source)? else {
            return Ok(Progress::Failed("the source names no file"));
        };
        self.step = Step::Save(promised, Vec::new());
        ours.ask(ours.names.XdndDirectSave0, self.time)?;
        Ok(Progress::Waits)
    }

    fn first(&mut self, ours: Ours<'_>) -> Result<Told, ConnectionError> {
        Ok(match ours.take(self.most())? {
            None => Told::Failed("it is too long, or of another form"),
            Some((NONE, _)) => Told::Failed("there is nothing"),
            Some((kind, _)) if kind == ours.names.INCR => {
                self.in_pieces = true;
                Told::Nothing
            }
            Some((_, value)) => Told::Last(value),
        })
    }

    /// A piece; an empty one is the end.
    fn piece(&self, ours: Ours<'_>) -> Result<Told, ConnectionError> {
        Ok(match ours.take(self.most())? {
            None => Told::Failed("a piece is too long, or of another form"),
            // Two pieces were taken at once, and this was told of the second.
            Some((NONE, _)) => Told::Nothing,
            Some((_, value)) if value.is_empty() => Told::Last(value),
            Some((_, value)) => Told::Part(value),
        })
    }

    /// The most that is read at once.
    fn most(&self) -> usize {
        match self.step {
            Step::List(_) | Step::Save(..) => uri_list::LONGEST,
            Step::Content(_) => PIECE,
        }
    }
}

impl Ours<'_> {
    fn ask(self, kind: Atom, time: Timestamp) -> Result<(), ConnectionError> {
        let (selection, place) = (self.names.XdndSelection, self.names.CHANCERY_DROP);
        self.display.delete_property(self.proxy, place)?;
        self.display
            .convert_selection(self.proxy, selection, kind, place, time)?;
        self.display.flush()
    }

    /// What stands in the property, with its kind, and takes it away, which asks
    /// for the next piece.
    fn take(self, most: usize) -> Result<Option<(Atom, Vec<u8>)>, ConnectionError> {
        let (place, any) = (self.names.CHANCERY_DROP, AtomEnum::ANY);
        // In units of four bytes, and one more to see that it was too much.
        let units = u32::try_from(most / 4).unwrap_or(u32::MAX - 1) + 1;
        let asked = self
            .display
            .get_property(true, self.proxy, place, any, 0, units)?;
        let Some(told) = answered(asked.reply())? else {
            return Ok(None);
        };
        if told.bytes_after > 0 || told.value.len() > most {
            // It was not taken away, since there is more of it.
            self.display.delete_property(self.proxy, place)?;
            return Ok(None);
        }
        let is_text = told.format == 8 || [NONE, self.names.INCR].contains(&told.type_);
        Ok(is_text.then_some((told.type_, told.value)))
    }
}
