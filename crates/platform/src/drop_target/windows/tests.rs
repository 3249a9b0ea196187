//! Drags by OLE itself: a real window, the real loop of `DoDragDrop`, and a
//! source that offers what Explorer and mail clients offer. They need a display.

use super::contents;
use super::medium::wish;
use crate::drop_target::group_descriptor::{Described, tests::written};
use crate::drop_target::{Drag, DropTarget, RawWindow};
use ::windows::Win32::Foundation::{
    DRAGDROP_S_CANCEL, DRAGDROP_S_DROP, DRAGDROP_S_USEDEFAULTCURSORS, DV_E_FORMATETC, E_NOTIMPL,
    OLE_E_ADVISENOTSUPPORTED, S_OK,
};
use ::windows::Win32::System::Com::StructuredStorage::{StgCreateDocfile, StgOpenStorage};
use ::windows::Win32::System::Com::{
    DATADIR_GET, FORMATETC, IAdviseSink, IDataObject, IDataObject_Impl, IEnumFORMATETC,
    IEnumSTATDATA, STGC_DEFAULT, STGM_CREATE, STGM_DELETEONRELEASE, STGM_READ, STGM_READWRITE,
    STGM_SHARE_EXCLUSIVE, STGMEDIUM, STGMEDIUM_0, TYMED_HGLOBAL, TYMED_ISTORAGE, TYMED_ISTREAM,
};
use ::windows::Win32::System::DataExchange::RegisterClipboardFormatW;
use ::windows::Win32::System::Memory::{GHND, GlobalAlloc, GlobalLock, GlobalUnlock};
use ::windows::Win32::System::Ole::{
    CF_HDROP, CF_UNICODETEXT, DROPEFFECT, DROPEFFECT_COPY, DROPEFFECT_LINK, DROPEFFECT_NONE,
    DoDragDrop, IDropSource, IDropSource_Impl, OleInitialize,
};
use ::windows::Win32::System::SystemServices::{MODIFIERKEYS_FLAGS, SS_NOTIFY};
use ::windows::Win32::UI::Shell::{
    CFSTR_FILECONTENTS, CFSTR_FILEDESCRIPTORW, SHCreateMemStream, SHCreateStdEnumFmtEtc,
};
use ::windows::Win32::UI::WindowsAndMessaging::{
    CreateWindowExW, DestroyWindow, SetCursorPos, WINDOW_STYLE, WS_EX_TOPMOST, WS_POPUP, WS_VISIBLE,
};
use std::cell::Cell;
use std::mem::ManuallyDrop;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use windows_core::{BOOL, Error, HRESULT, HSTRING, PCWSTR, Ref, Result, implement, w};

/// One test at a time has the mouse.
static MOUSE: Mutex<()> = Mutex::new(());

/// What a thing is handed over as.
#[derive(Clone)]
enum Content {
    Memory(Vec<u8>),
    Stream(Vec<u8>),
    /// A storage with one stream of that name in it.
    Storage(&'static str),
}

/// What is dragged.
#[implement(IDataObject, Agile = false)]
#[derive(Default)]
struct Offer {
    things: Vec<(Described, Content)>,
    files: Vec<PathBuf>,
    text: bool,
    /// A description in the place of one of the things.
    description: Option<Vec<u8>>,
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

/// What the target said, and what lay in the files while it did.
#[derive(Default)]
struct Heard {
    drags: Vec<Drag>,
    contents: Vec<(String, Vec<u8>)>,
}

/// Drags that over a window of ours at (100, 100) to its point (50, 60).
fn drag(offer: Offer, lets_go: bool, allowed: DROPEFFECT, wanted: bool) -> (Heard, DROPEFFECT) {
    let _mouse = MOUSE.lock().unwrap_or_else(PoisonError::into_inner);
    let heard = Arc::new(Mutex::new(Heard::default()));
    let answer = {
        let heard = Arc::clone(&heard);
        move |drag: Drag| {
            let mut heard = heard.lock().expect("one thread");
            if let Drag::Dropped { files, .. } = &drag {
                for file in files {
                    let name = file.file_name().expect("a name");
                    let bytes = std::fs::read(file).expect("it can be read");
                    let name = name.to_string_lossy().into_owned();
                    heard.contents.push((name, bytes));
                }
            }
            heard.drags.push(drag);
            wanted
        }
    };
    // SAFETY: names end in zeros; all stays on this thread.
    let effect = unsafe {
        OleInitialize(None).expect("OLE");
        // Text that takes the mouse, and does not let it fall through.
        let style = WS_POPUP | WS_VISIBLE | WINDOW_STYLE(SS_NOTIFY.0);
        let window = CreateWindowExW(
            WS_EX_TOPMOST,
            w!("STATIC"),
            w!("A window that takes drops"),
            style,
            100,
            100,
            200,
            200,
            None,
            None,
            None,
            None,
        )
        .expect("a window; it needs a display");
        let raw = RawWindow::Win32(window.0.expose_provenance().cast_signed());
        let target = DropTarget::on(raw, answer).expect("a target");
        // A window has one.
        let second = DropTarget::on(raw, |_| true);
        assert!(second.is_err());
        SetCursorPos(150, 160).expect("the mouse is moved");
        let data: IDataObject = offer.into();
        let looks = Cell::new(3);
        let hand: IDropSource = Hand { looks, lets_go }.into();
        let mut effect = DROPEFFECT_NONE;
        let ended = DoDragDrop(&data, &hand, allowed, &raw mut effect);
        let expected = if lets_go && effect != DROPEFFECT_NONE {
            DRAGDROP_S_DROP
        } else {
            ended
        };
        assert_eq!(ended, expected);
        drop(target);
        DestroyWindow(window).expect("gone");
        effect
    };
    let heard = std::mem::take(&mut *heard.lock().expect("one thread"));
    (heard, effect)
}

fn thing(name: &str, content: Content) -> (Described, Content) {
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

/// What is left over from drops.
fn left() -> usize {
    let entries = std::fs::read_dir(std::env::temp_dir()).expect("a directory");
    entries
        .filter_map(std::result::Result::ok)
        .filter(|entry| {
            entry
                .file_name()
                .to_string_lossy()
                .starts_with("chancery-drop-")
        })
        .count()
}

fn last(heard: &Heard) -> (i32, i32) {
    match heard.drags.last() {
        Some(Drag::Dropped { at, .. }) => *at,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_message_and_its_attachments_are_dropped_without_being_files() {
    let large: Vec<u8> = (0..200_000_u32)
        .map(|number| (number % 251) as u8)
        .collect();
    let directory = Described {
        name: "Anlage".to_owned(),
        is_directory: true,
        size: None,
    };
    let offer = Offer {
        things: vec![
            thing("Second letter.eml", Content::Memory(b"From: ada".to_vec())),
            thing("..\\..\\Grüße 律.pdf", Content::Stream(large.clone())),
            (directory, Content::Memory(Vec::new())),
            thing("NUL", Content::Stream(Vec::new())),
            thing("Second letter.eml", Content::Stream(b"again".to_vec())),
            thing("Report: Q3.msg", Content::Storage("hello")),
        ],
        ..Offer::default()
    };
    let (heard, effect) = drag(offer, true, DROPEFFECT_COPY, true);
    assert_eq!(effect, DROPEFFECT_COPY);
    assert_eq!(last(&heard), (50, 60));
    assert_eq!(heard.drags.first(), Some(&Drag::Over { at: (50, 60) }));
    let names: Vec<&str> = heard
        .contents
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "Second letter.eml",
            "Grüße 律.pdf",
            "NUL_",
            "Second letter.eml",
            "Report_ Q3.msg"
        ]
    );
    assert_eq!(heard.contents[0].1, b"From: ada");
    assert!(heard.contents[1].1 == large);
    assert_eq!(heard.contents[3].1, b"again");
    // A storage is a file of its own kind: it is opened as one again.
    let place = tempfile::tempdir().expect("made");
    let path = place.path().join("again.msg");
    std::fs::write(&path, &heard.contents[4].1).expect("written");
    // SAFETY: names end in zeros; nothing outlives the block.
    let mut bytes = [0_u8; 5];
    unsafe {
        let mode = STGM_READ | STGM_SHARE_EXCLUSIVE;
        let name = HSTRING::from(path.as_os_str());
        let storage = StgOpenStorage(&name, None, mode, None, 0).expect("a storage");
        let stream = storage.OpenStream(w!("hello"), None, mode, 0);
        let stream = stream.expect("its stream");
        let read = stream.Read(bytes.as_mut_ptr().cast(), 5, None);
        read.ok().expect("read");
    }
    assert_eq!(&bytes, b"hello");
    // All of them are gone when the answer is given.
    let Some(Drag::Dropped { files, .. }) = heard.drags.last() else {
        panic!("{:?}", heard.drags);
    };
    assert!(files.iter().all(|file| !file.exists()), "{files:?}");
    assert_eq!(left(), 0);
}

#[test]
fn files_are_left_where_they_are() {
    let place = tempfile::tempdir().expect("made");
    let files = ["Brief 律.docx", "b.txt"].map(|name| place.path().join(name));
    for file in &files {
        std::fs::write(file, b"content").expect("written");
    }
    let offer = Offer {
        files: files.to_vec(),
        ..Offer::default()
    };
    let (heard, effect) = drag(offer, true, DROPEFFECT_COPY, true);
    assert_eq!(effect, DROPEFFECT_COPY);
    let Some(Drag::Dropped { files: told, at }) = heard.drags.last() else {
        panic!("{:?}", heard.drags);
    };
    assert_eq!((told.as_slice(), *at), (files.as_slice(), (50, 60)));
    assert!(files.iter().all(|file| file.exists()));
}

#[test]
fn what_is_not_wanted_or_not_let_go_is_not_dropped() {
    let offer = || Offer {
        things: vec![thing("a.eml", Content::Memory(b"a".to_vec()))],
        ..Offer::default()
    };
    // Given up over the window.
    let (heard, effect) = drag(offer(), false, DROPEFFECT_COPY, true);
    assert_eq!(effect, DROPEFFECT_NONE);
    assert_eq!(heard.drags.last(), Some(&Drag::Left));
    assert!(heard.contents.is_empty());
    // Not wanted there.
    let (heard, effect) = drag(offer(), true, DROPEFFECT_COPY, false);
    assert_eq!(effect, DROPEFFECT_NONE);
    assert!(heard.contents.is_empty());
    // The source does not let it be copied.
    let (heard, effect) = drag(offer(), true, DROPEFFECT_LINK, true);
    assert_eq!(effect, DROPEFFECT_NONE);
    assert!(heard.contents.is_empty());
    // Nothing that files can be made of.
    let text = Offer {
        text: true,
        ..Offer::default()
    };
    let (heard, effect) = drag(text, true, DROPEFFECT_COPY, true);
    assert_eq!((effect, heard.drags), (DROPEFFECT_NONE, Vec::new()));
    assert_eq!(left(), 0);
}

#[test]
fn a_source_that_says_one_thing_and_does_another_leaves_nothing_behind() {
    // It describes two things and has one.
    let described = [
        thing("a.eml", Content::Memory(b"a".to_vec())),
        thing("b.eml", Content::Memory(b"b".to_vec())),
    ];
    let descriptions: Vec<Described> = described.iter().map(|(thing, _)| thing.clone()).collect();
    let [first, _] = described;
    let whole = written(&descriptions);
    for description in [
        whole.clone(),
        whole[..700].to_vec(),
        vec![0xff; 4],
        Vec::new(),
    ] {
        let offer = Offer {
            things: vec![first.clone()],
            description: Some(description),
            ..Offer::default()
        };
        let (heard, effect) = drag(offer, true, DROPEFFECT_COPY, true);
        assert_eq!(effect, DROPEFFECT_NONE);
        assert_eq!(heard.drags.last(), Some(&Drag::Left));
        assert!(heard.contents.is_empty());
        assert_eq!(left(), 0);
    }
}

#[test]
fn a_size_that_is_told_never_reads_past_what_is_there() {
    let (mut described, content) = thing("a.bin", Content::Memory(b"four".to_vec()));
    described.size = Some(1 << 40);
    let data: IDataObject = Offer {
        things: vec![(described, content)],
        ..Offer::default()
    }
    .into();
    // SAFETY: it stays on this thread.
    unsafe { OleInitialize(None) }.expect("OLE");
    let taken = contents::take(&data).expect("taken");
    let bytes = std::fs::read(&taken.files[0]).expect("read");
    assert!(bytes.starts_with(b"four") && bytes.len() < 4096);
    drop(taken);
    assert_eq!(left(), 0);
}

#[test]
fn only_a_window_of_this_system_has_drops() {
    for window in [RawWindow::X11(7), RawWindow::Wayland, RawWindow::Win32(7)] {
        assert!(DropTarget::on(window, |_| true).is_err(), "{window:?}");
    }
}
