//! Fetching what was let go: the list of files, in one piece or in many.

use super::{Names, answered};
use crate::drop_target::uri_list;
use std::time::{Duration, Instant};
use x11rb::connection::Connection;
use x11rb::errors::ConnectionError;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{AtomEnum, ConnectionExt, Property, Timestamp, Window};
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
    /// What came so far, where it comes in pieces.
    pieces: Option<Vec<u8>>,
}

/// How far it is.
pub(super) enum Progress {
    Waits,
    Done(Vec<u8>),
    Failed(&'static str),
}

impl Transfer {
    pub(super) fn begin(
        display: &RustConnection,
        names: &Names,
        proxy: Window,
        source: Window,
        at: (i32, i32),
        time: Timestamp,
    ) -> Result<Self, ConnectionError> {
        display.delete_property(proxy, names.CHANCERY_DROP)?;
        display.convert_selection(
            proxy,
            names.XdndSelection,
            names.URI_LIST,
            names.CHANCERY_DROP,
            time,
        )?;
        display.flush()?;
        Ok(Self {
            source,
            at,
            until: Instant::now() + PATIENCE,
            time,
            pieces: None,
        })
    }

    pub(super) fn goes_on(
        &mut self,
        display: &RustConnection,
        names: &Names,
        proxy: Window,
        event: &Event,
    ) -> Result<Progress, ConnectionError> {
        match event {
            Event::SelectionNotify(told)
                if told.selection == names.XdndSelection && self.pieces.is_none() =>
            {
                // One that comes late is of something that was given up.
                if ![self.time, CURRENT_TIME].contains(&told.time) {
                    return Ok(Progress::Waits);
                }
                if told.property != names.CHANCERY_DROP {
                    return Ok(Progress::Failed("the source has refused"));
                }
                self.first(display, names, proxy)
            }
            Event::PropertyNotify(told)
                if told.atom == names.CHANCERY_DROP && told.state == Property::NEW_VALUE =>
            {
                self.piece(display, names, proxy)
            }
            _ => Ok(Progress::Waits),
        }
    }

    fn first(
        &mut self,
        display: &RustConnection,
        names: &Names,
        proxy: Window,
    ) -> Result<Progress, ConnectionError> {
        let Some((kind, value)) = take(display, names, proxy)? else {
            return Ok(Progress::Failed("it is too long, or of another form"));
        };
        if kind == NONE {
            return Ok(Progress::Failed("there is nothing"));
        }
        if kind == names.INCR {
            self.pieces = Some(Vec::new());
            return Ok(Progress::Waits);
        }
        Ok(Progress::Done(value))
    }

    /// A piece; an empty one is the end.
    fn piece(
        &mut self,
        display: &RustConnection,
        names: &Names,
        proxy: Window,
    ) -> Result<Progress, ConnectionError> {
        let Some(pieces) = &mut self.pieces else {
            return Ok(Progress::Waits);
        };
        let Some((kind, value)) = take(display, names, proxy)? else {
            return Ok(Progress::Failed("a piece is too long, or of another form"));
        };
        if kind == NONE {
            // Two pieces were taken at once, and this was told of the second.
            return Ok(Progress::Waits);
        }
        if value.is_empty() {
            return Ok(Progress::Done(std::mem::take(pieces)));
        }
        if pieces.len() + value.len() > uri_list::LONGEST {
            return Ok(Progress::Failed("it is too long"));
        }
        pieces.extend(value);
        Ok(Progress::Waits)
    }
}

/// What stands in the property, with its kind, and takes it away, which asks
/// for the next piece.
fn take(
    display: &RustConnection,
    names: &Names,
    proxy: Window,
) -> Result<Option<(u32, Vec<u8>)>, ConnectionError> {
    let (place, any) = (names.CHANCERY_DROP, AtomEnum::ANY);
    let asked = display.get_property(true, proxy, place, any, 0, UNITS)?;
    let Some(told) = answered(asked.reply())? else {
        return Ok(None);
    };
    if told.bytes_after > 0 || told.value.len() > uri_list::LONGEST {
        // It was not taken away, since there is more of it.
        display.delete_property(proxy, place)?;
        return Ok(None);
    }
    let is_text = told.format == 8 || told.type_ == names.INCR || told.type_ == NONE;
    Ok(is_text.then_some((told.type_, told.value)))
}
