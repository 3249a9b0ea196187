//! What a source says that it drags.

use super::{Names, answered};
use x11rb::errors::ConnectionError;
use x11rb::protocol::xproto::{Atom, AtomEnum, ConnectionExt, Window};
use x11rb::rust_connection::RustConnection;

/// So many kinds of data are looked at of one source.
const KINDS: u32 = 4096;

/// Something that is dragged over the window.
pub(super) struct Offer {
    pub(super) source: Window,
    /// Whether files are among what it can be had as. A mail client makes its
    /// message into one when it is asked for the list.
    pub(super) has_list: bool,
    /// Whether the source makes a file where it is told to.
    pub(super) promises: bool,
    /// Whether it gives what is in the file, where it does not make it.
    pub(super) has_content: bool,
    pub(super) at: Option<(i32, i32)>,
    /// Whether it would be taken where it is.
    pub(super) is_taken: bool,
    /// Whether anybody was told of it.
    pub(super) is_told: bool,
}

impl Offer {
    /// Whether there are files in it, now or when they are asked for.
    pub(super) fn has_files(&self) -> bool {
        self.has_list || self.promises
    }

    /// By what `XdndEnter` says: three kinds, or that there is a list of them.
    pub(super) fn of(
        display: &RustConnection,
        names: &Names,
        data: [u32; 5],
    ) -> Result<Self, ConnectionError> {
        let [source, flags, first @ ..] = data;
        let kinds = if flags & 1 == 0 {
            first.to_vec()
        } else {
            listed(display, names, source)?
        };
        Ok(Self {
            source,
            has_list: kinds.contains(&names.URI_LIST),
            promises: kinds.contains(&names.XdndDirectSave0),
            has_content: kinds.contains(&names.CONTENT),
            at: None,
            is_taken: false,
            is_told: false,
        })
    }
}

fn listed(
    display: &RustConnection,
    names: &Names,
    source: Window,
) -> Result<Vec<Atom>, ConnectionError> {
    let (list, kind) = (names.XdndTypeList, AtomEnum::ATOM);
    let asked = display.get_property(false, source, list, kind, 0, KINDS)?;
    let told = answered(asked.reply())?;
    Ok(told
        .and_then(|told| Some(told.value32()?.collect()))
        .unwrap_or_default())
}
