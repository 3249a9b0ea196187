//! What a source hands over: memory, a stream or a storage, freed in the end.

use ::windows::Win32::Foundation::HGLOBAL;
use ::windows::Win32::System::Com::StructuredStorage::IStorage;
use ::windows::Win32::System::Com::{
    DVASPECT_CONTENT, FORMATETC, IDataObject, IStream, STGMEDIUM, TYMED_HGLOBAL, TYMED_ISTORAGE,
    TYMED_ISTREAM,
};
use ::windows::Win32::System::Memory::{GlobalLock, GlobalSize, GlobalUnlock};
use ::windows::Win32::System::Ole::ReleaseStgMedium;
use std::io;

/// One answer of a source.
pub(super) struct Medium(STGMEDIUM);

/// What is in it.
pub(super) enum Kind<'a> {
    Memory(HGLOBAL),
    Stream(&'a IStream),
    Storage(&'a IStorage),
}

impl Medium {
    /// Asks the source for `format`, of that thing among several (else -1), by
    /// any of these means.
    pub(super) fn of(data: &IDataObject, format: u16, index: i32, means: i32) -> io::Result<Self> {
        let wish = wish(format, index, means);
        // SAFETY: the wish outlives the call.
        let medium = unsafe { data.GetData(&raw const wish) }.map_err(io::Error::other)?;
        Ok(Self(medium))
    }

    pub(super) fn kind(&self) -> io::Result<Kind<'_>> {
        let nothing = || io::Error::other("the source handed nothing over");
        let told = i32::try_from(self.0.tymed).unwrap_or(0);
        // SAFETY: `tymed` says which of the union's fields was written, and
        // the reference lives no longer than the medium.
        unsafe {
            if told == TYMED_HGLOBAL.0 {
                Ok(Kind::Memory(self.0.u.hGlobal))
            } else if told == TYMED_ISTREAM.0 {
                (*self.0.u.pstm)
                    .as_ref()
                    .map(Kind::Stream)
                    .ok_or_else(nothing)
            } else if told == TYMED_ISTORAGE.0 {
                (*self.0.u.pstg)
                    .as_ref()
                    .map(Kind::Storage)
                    .ok_or_else(nothing)
            } else {
                Err(io::Error::other(format!(
                    "the source handed something else over ({told})"
                )))
            }
        }
    }

    /// The memory, where it is that.
    pub(super) fn memory(&self) -> io::Result<HGLOBAL> {
        match self.kind()? {
            Kind::Memory(memory) => Ok(memory),
            _ => Err(io::Error::other("the source handed no memory over")),
        }
    }
}

impl Drop for Medium {
    fn drop(&mut self) {
        // SAFETY: the medium was filled in by the source and is freed once.
        unsafe { ReleaseStgMedium(&raw mut self.0) };
    }
}

/// What a source is asked for.
pub(super) fn wish(format: u16, index: i32, means: i32) -> FORMATETC {
    FORMATETC {
        cfFormat: format,
        ptd: std::ptr::null_mut(),
        dwAspect: DVASPECT_CONTENT.0,
        lindex: index,
        tymed: means.cast_unsigned(),
    }
}

/// Looks at memory while it stays where it is.
pub(super) fn look<T>(memory: HGLOBAL, see: impl FnOnce(&[u8]) -> T) -> io::Result<T> {
    // SAFETY: memory that is none is refused.
    let (start, size) = unsafe { (GlobalLock(memory), GlobalSize(memory)) };
    if start.is_null() {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the memory is `size` bytes long and stays there until unlocked.
    // Another program may have had it, but has given it away.
    let seen = see(unsafe { std::slice::from_raw_parts(start.cast(), size) });
    // SAFETY: it was locked above. An error says that it is not locked any more.
    let _unlocked = unsafe { GlobalUnlock(memory) };
    Ok(seen)
}
