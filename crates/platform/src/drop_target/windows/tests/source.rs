//! A program from which something is dragged.

use crate::drop_target::group_descriptor::{Described, tests::written};
use crate::drop_target::windows::medium::wish;
use ::windows::Win32::Foundation::{
    DRAGDROP_S_CANCEL, DRAGDROP_S_DROP, DRAGDROP_S_USEDEFAULTCURSORS, DV_E_FORMATETC, E_NOTIMPL,
    OLE_E_ADVISENOTSUPPORTED, S_OK,
};
use ::windows::Win32::System::Com::StructuredStorage::StgCreateDocfile;
use ::windows::Win32::System::Com::{
    DATADIR_GET, FORMATETC, IAdviseSink, IDataObject, IDataObject_Impl, IEnumFORMATETC,
    IEnumSTATDATA, STGC_DEFAULT, STGM_CREATE, STGM_DELETEONRELEASE, STGM_READWRITE,
    STGM_SHARE_EXCLUSIVE, STGMEDIUM, STGMEDIUM_0, TYMED_HGLOBAL, TYMED_ISTORAGE, TYMED_ISTREAM,
};
use ::windows::Win32::System::DataExchange::RegisterClipboardFormatW;
use ::windows::Win32::System::Memory::{GHND, GlobalAlloc, GlobalLock, GlobalUnlock};
use ::windows::Win32::System::Ole::{
    CF_HDROP, CF_UNICODETEXT, DROPEFFECT, DROPEFFECT_NONE, DoDragDrop, IDropSource,
    IDropSource_Impl,
};
use ::windows::Win32::System::SystemServices::MODIFIERKEYS_FLAGS;
use ::windows::Win32::UI::Shell::{
    CFSTR_FILECONTENTS, CFSTR_FILEDESCRIPTORW, SHCreateMemStream, SHCreateStdEnumFmtEtc,
};
use std::cell::Cell;
use std::mem::ManuallyDrop;
use std::path::PathBuf;
use windows_core::{BOOL, Error, HRESULT, HSTRING, PCWSTR, Ref, Result, implement};

/// What a thing is handed over as.
#[derive(Clone)]
pub(super) enum Content {
    Memory(Vec<u8>),
    Stream(Vec<u8>),
    /// A storage with one stream of that name in it.
    Storage(&'static str),
}

/// What is dragged.
#[implement(IDataObject, Agile = false)]
#[derive(Default)]
pub(super) struct Offer {
    pub(super) things: Vec<(Described, Content)>,
    pub(super) files: Vec<PathBuf>,
    pub(super) text: bool,
    /// A description in the place of one of the things.
    pub(super) description: Option<Vec<u8>>,
}

fn number(name: PCWSTR) -> u16 {
    // SAFETY: the name ends in a zero.
    u16::try_from(unsafe { RegisterClipboardFormatW(name) }).expect("a number")
}

fn memory(bytes: &[u8]) -> STGMEDIUM {
    // SAFETY: the memory is as long as what is copied to it.
    let hglobal = unsafe {
        let memory = GlobalAlloc(GHND, bytes.len().max(1)).expect("memory");
        let start = GlobalLock(memory);
        std::ptr::copy_nonoverlapping(bytes.as_ptr(), start.cast(), bytes.len());
        let _unlocked = GlobalUnlock(memory);
        memory
    };
    medium(TYMED_HGLOBAL.0, STGMEDIUM_0 { hGlobal: hglobal })
}

fn medium(kind: i32, u: STGMEDIUM_0) -> STGMEDIUM {
    STGMEDIUM {
        tymed: kind.cast_unsigned(),
        u,
        pUnkForRelease: ManuallyDrop::new(None),
    }
}

impl Offer {
    fn formats(&self) -> Vec<FORMATETC> {
        let mut formats = Vec::new();
        if !self.things.is_empty() || self.description.is_some() {
            formats.push(wish(number(CFSTR_FILEDESCRIPTORW), -1, TYMED_HGLOBAL.0));
        }
        if !self.files.is_empty() {
            formats.push(wish(CF_HDROP.0, -1, TYMED_HGLOBAL.0));
        }
        if self.text {
            formats.push(wish(CF_UNICODETEXT.0, -1, TYMED_HGLOBAL.0));
        }
        formats
    }

    /// `DROPFILES`, and the names, each with a zero behind it and one more.
    fn list(&self) -> Vec<u8> {
        use std::os::windows::ffi::OsStrExt;
        let mut bytes = 20_u32.to_le_bytes().to_vec();
        bytes.extend([0; 12]);
        bytes.extend(1_u32.to_le_bytes());
        for file in &self.files {
            let units = file.as_os_str().encode_wide().chain([0]);
            bytes.extend(units.flat_map(u16::to_le_bytes));
        }
        bytes.extend([0; 2]);
        bytes
    }
}

impl IDataObject_Impl for Offer_Impl {
    fn GetData(&self, wanted: *const FORMATETC) -> Result<STGMEDIUM> {
        // SAFETY: OLE hands over a format.
        let wanted = unsafe { *wanted };
        let offered = |format: &FORMATETC| format.cfFormat == wanted.cfFormat;
        if wanted.cfFormat == number(CFSTR_FILECONTENTS) {
            let index = usize::try_from(wanted.lindex).unwrap_or(usize::MAX);
            let (_, content) = self.things.get(index).ok_or(Error::from(DV_E_FORMATETC))?;
            return Ok(match content {
                Content::Memory(bytes) => memory(bytes),
                Content::Stream(bytes) => {
                    // SAFETY: the bytes are copied.
                    let stream = unsafe { SHCreateMemStream(Some(bytes)) };
                    let pstm = ManuallyDrop::new(stream);
                    medium(TYMED_ISTREAM.0, STGMEDIUM_0 { pstm })
                }
                Content::Storage(name) => {
                    let mode =
                        STGM_CREATE | STGM_READWRITE | STGM_SHARE_EXCLUSIVE | STGM_DELETEONRELEASE;
                    // SAFETY: a file of the system's choice is made; names end in zeros.
                    let storage = unsafe {
                        let storage = StgCreateDocfile(PCWSTR::null(), mode, None)?;
                        let mode = STGM_CREATE | STGM_READWRITE | STGM_SHARE_EXCLUSIVE;
                        let stream = storage.CreateStream(&HSTRING::from(*name), mode, 0, 0)?;
                        stream.Write(name.as_ptr().cast(), 5, None).ok()?;
                        storage.Commit(STGC_DEFAULT.0.cast_unsigned())?;
                        storage
                    };
                    let pstg = ManuallyDrop::new(Some(storage));
                    medium(TYMED_ISTORAGE.0, STGMEDIUM_0 { pstg })
                }
            });
        }
        if !self.formats().iter().any(offered) {
            return Err(DV_E_FORMATETC.into());
        }
        if wanted.cfFormat == CF_HDROP.0 {
            return Ok(memory(&self.list()));
        }
        let things: Vec<Described> = self.things.iter().map(|(thing, _)| thing.clone()).collect();
        let told = self.description.clone();
        Ok(memory(&told.unwrap_or_else(|| written(&things))))
    }

    fn GetDataHere(&self, _: *const FORMATETC, _: *mut STGMEDIUM) -> Result<()> {
        Err(E_NOTIMPL.into())
    }

    fn QueryGetData(&self, wanted: *const FORMATETC) -> HRESULT {
        // SAFETY: OLE hands over a format.
        let wanted = unsafe { (*wanted).cfFormat };
        let mut formats = self.formats().into_iter();
        if formats.any(|format| format.cfFormat == wanted) {
            S_OK
        } else {
            DV_E_FORMATETC
        }
    }

    fn GetCanonicalFormatEtc(&self, _: *const FORMATETC, _: *mut FORMATETC) -> HRESULT {
        E_NOTIMPL
    }

    fn SetData(&self, _: *const FORMATETC, _: *const STGMEDIUM, _: BOOL) -> Result<()> {
        Err(E_NOTIMPL.into())
    }

    fn EnumFormatEtc(&self, direction: u32) -> Result<IEnumFORMATETC> {
        if direction != DATADIR_GET.0.cast_unsigned() {
            return Err(E_NOTIMPL.into());
        }
        // SAFETY: the formats are copied.
        unsafe { SHCreateStdEnumFmtEtc(&self.formats()) }
    }

    fn DAdvise(&self, _: *const FORMATETC, _: u32, _: Ref<'_, IAdviseSink>) -> Result<u32> {
        Err(OLE_E_ADVISENOTSUPPORTED.into())
    }

    fn DUnadvise(&self, _: u32) -> Result<()> {
        Err(OLE_E_ADVISENOTSUPPORTED.into())
    }

    fn EnumDAdvise(&self) -> Result<IEnumSTATDATA> {
        Err(OLE_E_ADVISENOTSUPPORTED.into())
    }
}

/// A hand that holds for some looks, and then lets go or gives up.
#[implement(IDropSource, Agile = false)]
struct Hand {
    looks: Cell<u32>,
    lets_go: bool,
}

impl IDropSource_Impl for Hand_Impl {
    fn QueryContinueDrag(&self, _escape: BOOL, _keys: MODIFIERKEYS_FLAGS) -> HRESULT {
        match self.looks.get() {
            0 if self.lets_go => DRAGDROP_S_DROP,
            0 => DRAGDROP_S_CANCEL,
            left => {
                self.looks.set(left - 1);
                S_OK
            }
        }
    }

    fn GiveFeedback(&self, _: DROPEFFECT) -> HRESULT {
        DRAGDROP_S_USEDEFAULTCURSORS
    }
}

pub(super) fn thing(name: &str, content: Content) -> (Described, Content) {
    let size = match &content {
        Content::Memory(bytes) => Some(bytes.len() as u64),
        _ => None,
    };
    let described = Described {
        name: name.to_owned(),
        is_directory: false,
        size,
    };
    (described, content)
}

/// Holds that until it has been looked at some times, where the mouse is, and
/// lets go of it or gives up; what became of it.
pub(super) fn drag(offer: Offer, lets_go: bool, allowed: DROPEFFECT) -> DROPEFFECT {
    let data: IDataObject = offer.into();
    let looks = Cell::new(3);
    let hand: IDropSource = Hand { looks, lets_go }.into();
    let mut effect = DROPEFFECT_NONE;
    // SAFETY: all of it stays on this thread; the effect may be written.
    let ended = unsafe { DoDragDrop(&data, &hand, allowed, &raw mut effect) };
    if lets_go && effect != DROPEFFECT_NONE {
        assert_eq!(ended, DRAGDROP_S_DROP);
    }
    effect
}
