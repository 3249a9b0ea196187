//! Fetching what was let go: a list of files, or a file that the source makes
//! for it; in one piece or in many.

use super::direct_save::Promised;
use super::offer::Offer;
use super::{Names, answered};
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
/// The most that is read of a property, in units of four bytes, and a little
/// more to see that it was too much.
const UNITS: u32 = (uri_list::LONGEST / 4) as u32 + 1;

/// What was let go and is being fetched.
pub(super) struct Transfer {
    pub(super) source: Window,
    /// Where it was let go.
    pub(super) at: (i32, i32),
    pub(super) until: Instant,
    time: Timestamp,
    /// Whether the source can make a file, if its list names none.
    promises: bool,
    /// The file that it was asked to make.
    promised: Option<Promised>,
    /// What came so far, where it comes in pieces.
    pieces: Option<Vec<u8>>,
}

/// How far it is.
pub(super) enum Progress {
    Waits,
    Done(Vec<PathBuf>),
    Failed(&'static str),
}

/// What an answer to a question for data was.
enum Told {
    /// Of nothing that matters here.
    Nothing,
    Whole(Vec<u8>),
    InPieces,
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
        at: (i32, i32),
        time: Timestamp,
    ) -> Result<(Self, Progress), ConnectionError> {
        let mut transfer = Self {
            source: offer.source,
            at,
            until: Instant::now() + PATIENCE,
            time,
            promises: offer.promises,
            promised: None,
            pieces: None,
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
                    ours.first()?
                } else {
                    Told::Failed("the source has refused")
                }
            }
            Event::PropertyNotify(told)
                if told.atom == ours.names.CHANCERY_DROP && told.state == Property::NEW_VALUE =>
            {
                self.piece(ours)?
            }
            _ => return Ok(Progress::Waits),
        };
        match told {
            Told::Nothing => Ok(Progress::Waits),
            Told::InPieces => {
                self.pieces.get_or_insert_default();
                Ok(Progress::Waits)
            }
            Told::Whole(data) => {
                self.pieces = None;
                self.whole(ours, &data)
            }
            Told::Failed(_) if self.promised.is_none() && self.promises => self.promise(ours),
            Told::Failed(why) => Ok(Progress::Failed(why)),
        }
    }

    /// Whether it answers what was asked last. One that comes late is of
    /// something that was given up.
    fn is_meant(&self, ours: Ours<'_>, told: &SelectionNotifyEvent) -> bool {
        let wanted = match self.promised {
            Some(_) => ours.names.XdndDirectSave0,
            None => ours.names.URI_LIST,
        };
        self.pieces.is_none()
            && told.selection == ours.names.XdndSelection
            && told.target == wanted
            && [self.time, CURRENT_TIME].contains(&told.time)
    }

    /// All of it is there.
    fn whole(&mut self, ours: Ours<'_>, data: &[u8]) -> Result<Progress, ConnectionError> {
        let files = match &self.promised {
            Some(promised) => promised.kept(data).into_iter().collect(),
            None => uri_list::files(data, &machine::device_name()),
        };
        if !files.is_empty() {
            return Ok(Progress::Done(files));
        }
        if self.promised.is_none() && self.promises {
            return self.promise(ours);
        }
        Ok(Progress::Failed("no file is there"))
    }

    /// Asks for a file in a place of ours.
    fn promise(&mut self, ours: Ours<'_>) -> Result<Progress, ConnectionError> {
        self.pieces = None;
        self.promised = Promised::of(ours.display, ours.names, self.source)?;
        if self.promised.is_none() {
            return Ok(Progress::Failed("the source names no file"));
        }
        ours.ask(ours.names.XdndDirectSave0, self.time)?;
        Ok(Progress::Waits)
    }

    /// A piece; an empty one is the end.
    fn piece(&mut self, ours: Ours<'_>) -> Result<Told, ConnectionError> {
        let Some(pieces) = &mut self.pieces else {
            return Ok(Told::Nothing);
        };
        let Some((kind, value)) = ours.take()? else {
            return Ok(Told::Failed("a piece is too long, or of another form"));
        };
        // Two pieces were taken at once, and this was told of the second.
        if kind == NONE {
            return Ok(Told::InPieces);
        }
        if value.is_empty() {
            return Ok(Told::Whole(std::mem::take(pieces)));
        }
        if pieces.len() + value.len() > uri_list::LONGEST {
            return Ok(Told::Failed("it is too long"));
        }
        pieces.extend(value);
        Ok(Told::InPieces)
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

    fn first(self) -> Result<Told, ConnectionError> {
        Ok(match self.take()? {
            None => Told::Failed("it is too long, or of another form"),
            Some((NONE, _)) => Told::Failed("there is nothing"),
            Some((kind, _)) if kind == self.names.INCR => Told::InPieces,
            Some((_, value)) => Told::Whole(value),
        })
    }

    /// What stands in the property, with its kind, and takes it away, which asks
    /// for the next piece.
    fn take(self) -> Result<Option<(Atom, Vec<u8>)>, ConnectionError> {
        let (place, any) = (self.names.CHANCERY_DROP, AtomEnum::ANY);
        let asked = self
            .display
            .get_property(true, self.proxy, place, any, 0, UNITS)?;
        let Some(told) = answered(asked.reply())? else {
            return Ok(None);
        };
        if told.bytes_after > 0 || told.value.len() > uri_list::LONGEST {
            // It was not taken away, since there is more of it.
            self.display.delete_property(self.proxy, place)?;
            return Ok(None);
        }
        let is_text = told.format == 8 || [NONE, self.names.INCR].contains(&told.type_);
        Ok(is_text.then_some((told.type_, told.value)))
    }
}
