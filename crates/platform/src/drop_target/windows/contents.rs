//! Making files of what is dropped.

use super::medium::{Kind, Medium, look, wish};
use crate::drop_target::group_descriptor::{self, Described};
use crate::{directories, file_names};
use ::windows::Win32::System::Com::StructuredStorage::{IStorage, StgCreateDocfile};
use ::windows::Win32::System::Com::{
    IDataObject, IStream, STGC_DEFAULT, STGM_CREATE, STGM_READWRITE, STGM_SHARE_EXCLUSIVE,
    STREAM_SEEK_SET, TYMED_HGLOBAL, TYMED_ISTORAGE, TYMED_ISTREAM,
};
use ::windows::Win32::System::DataExchange::RegisterClipboardFormatW;
use ::windows::Win32::System::Ole::CF_HDROP;
use ::windows::Win32::UI::Shell::{
    CFSTR_FILECONTENTS, CFSTR_FILEDESCRIPTORW, DragQueryFileW, HDROP,
};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::windows::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use windows_core::{HSTRING, PCWSTR};

/// What is taken at once has that many bytes at most.
const MOST_BYTES: u64 = 4 << 30;
/// What is called nothing is called that.
const NAMELESS: &str = "Dropped file";
/// Every number but this is a file's.
const HOW_MANY: u32 = u32::MAX;
/// All things together.
const WHOLE: i32 = -1;
/// By which means a thing's content is taken.
const ANY: i32 = TYMED_ISTREAM.0 | TYMED_HGLOBAL.0 | TYMED_ISTORAGE.0;

/// What was dropped, as files.
pub(super) struct Taken {
    pub(super) files: Vec<PathBuf>,
    /// Where those were made that were none; removed with this value.
    _made: Option<tempfile::TempDir>,
}

/// Whether there is something that files can be made of.
pub(super) fn is_offered(data: &IDataObject) -> bool {
    [CF_HDROP.0, format(CFSTR_FILEDESCRIPTORW)]
        .into_iter()
        .any(|format| has(data, format))
}

fn has(data: &IDataObject, format: u16) -> bool {
    let wish = wish(format, WHOLE, TYMED_HGLOBAL.0);
    // SAFETY: the wish outlives the call.
    unsafe { data.QueryGetData(&raw const wish) }.0 == 0
}

/// The number of a format that goes by its name.
fn format(name: PCWSTR) -> u16 {
    // SAFETY: the name is one of the system's and ends in a zero. Numbers of
    // formats with names lie between 0xC000 and 0xFFFF.
    u16::try_from(unsafe { RegisterClipboardFormatW(name) }).unwrap_or(0)
}

/// Files that are there are left where they are; what is described only is
/// written down.
pub(super) fn take(data: &IDataObject) -> io::Result<Taken> {
    if has(data, CF_HDROP.0) {
        let medium = Medium::of(data, CF_HDROP.0, WHOLE, TYMED_HGLOBAL.0)?;
        let files = named(HDROP(medium.memory()?.0))?;
        return Ok(Taken { files, _made: None });
    }
    let described = Medium::of(data, format(CFSTR_FILEDESCRIPTORW), WHOLE, TYMED_HGLOBAL.0)?;
    let things = look(described.memory()?, group_descriptor::parse)?.map_err(io::Error::other)?;
    drop(described);
    let made = tempfile::Builder::new()
        .prefix("chancery-drop-")
        .tempdir()?;
    // Whatever the directory for what is passing lets others do.
    let own = made.path().join("files");
    directories::make_own(&own).map_err(io::Error::other)?;
    let mut room = MOST_BYTES;
    let mut files = Vec::new();
    for (index, thing) in (0..).zip(&things) {
        if thing.is_directory {
            continue;
        }
        // Each in a directory of its own: two may have one name.
        let directory = own.join(index.to_string());
        fs::create_dir(&directory)?;
        let name = file_names::portable(&thing.name).unwrap_or_else(|| NAMELESS.to_owned());
        let path = directory.join(name);
        let medium = Medium::of(data, format(CFSTR_FILECONTENTS), index, ANY)?;
        write(&medium, thing, &path, &mut room)?;
        files.push(path);
    }
    Ok(Taken {
        files,
        _made: Some(made),
    })
}

fn named(drop: HDROP) -> io::Result<Vec<PathBuf>> {
    // SAFETY: the memory belongs to a medium that lives on; nothing is written.
    let count = unsafe { DragQueryFileW(drop, HOW_MANY, None) };
    if count > group_descriptor::MOST {
        return Err(io::Error::other(group_descriptor::Fault::TooMany(count)));
    }
    let mut files = Vec::new();
    for number in 0..count {
        // SAFETY: as above.
        let length = unsafe { DragQueryFileW(drop, number, None) };
        let mut name = vec![0; usize::try_from(length).unwrap_or(0) + 1];
        // SAFETY: as above; at most the length of `name` is written.
        let length = unsafe { DragQueryFileW(drop, number, Some(&mut name)) };
        name.truncate(usize::try_from(length).unwrap_or(0));
        if !name.is_empty() {
            files.push(OsString::from_wide(&name).into());
        }
    }
    Ok(files)
}

fn write(medium: &Medium, thing: &Described, path: &Path, room: &mut u64) -> io::Result<()> {
    match medium.kind()? {
        Kind::Memory(memory) => look(memory, |bytes| {
            // Memory is given in larger pieces than were asked for.
            let told = thing.size.and_then(|size| usize::try_from(size).ok());
            let bytes = &bytes[..told.unwrap_or(bytes.len()).min(bytes.len())];
            take_room(room, bytes.len())?;
            File::create_new(path)?.write_all(bytes)
        })?,
        Kind::Stream(stream) => {
            let mut file = File::create_new(path)?;
            copy(stream, &mut file, room)?;
            file.flush()
        }
        Kind::Storage(storage) => {
            copy_storage(storage, path)?;
            let size = fs::metadata(path)?.len();
            take_room(room, usize::try_from(size).unwrap_or(usize::MAX))
        }
    }
}

fn copy(stream: &IStream, to: &mut File, room: &mut u64) -> io::Result<()> {
    // SAFETY: nothing is written. It may stand anywhere, and some that stand at
    // their begin cannot be moved.
    let _unmoved = unsafe { stream.Seek(0, STREAM_SEEK_SET, None) };
    let mut piece = vec![0_u8; 64 * 1024];
    let most = u32::try_from(piece.len()).unwrap_or(0);
    loop {
        let mut read = 0;
        // SAFETY: at most the length of `piece` is written to it.
        let outcome = unsafe { stream.Read(piece.as_mut_ptr().cast(), most, Some(&raw mut read)) };
        outcome.ok().map_err(io::Error::other)?;
        let read = usize::try_from(read).unwrap_or(0).min(piece.len());
        if read == 0 {
            return Ok(());
        }
        take_room(room, read)?;
        to.write_all(&piece[..read])?;
    }
}

/// A message of Outlook's is a storage, which as a file is a `.msg`.
fn copy_storage(storage: &IStorage, path: &Path) -> io::Result<()> {
    let name = HSTRING::from(path.as_os_str());
    let mode = STGM_CREATE | STGM_READWRITE | STGM_SHARE_EXCLUSIVE;
    // SAFETY: the name lives on; nothing is left out of the copy.
    unsafe {
        let file = StgCreateDocfile(&name, mode, None).map_err(io::Error::other)?;
        storage
            .CopyTo(None, None, &file)
            .and_then(|()| file.Commit(STGC_DEFAULT.0.cast_unsigned()))
            .map_err(io::Error::other)
    }
}

fn take_room(room: &mut u64, bytes: usize) -> io::Result<()> {
    let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
    *room = room
        .checked_sub(bytes)
        .ok_or_else(|| io::Error::other("what was dropped is larger than 4 GiB"))?;
    Ok(())
}
