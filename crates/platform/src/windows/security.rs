//! Who may do what with an object, and whose it is.

#![expect(unsafe_code, reason = "the system's own calls")]

use super::{checked, text, told};
use std::ffi::c_void;
use std::io;
use std::os::windows::io::{AsRawHandle, BorrowedHandle};
use std::path::Path;
use windows_sys::Win32::Foundation::LocalFree;
use windows_sys::Win32::Security::Authorization::{
    ConvertSidToStringSidW, ConvertStringSecurityDescriptorToSecurityDescriptorW,
    GetNamedSecurityInfoW, GetSecurityInfo, SDDL_REVISION_1, SE_FILE_OBJECT, SE_KERNEL_OBJECT,
    SetNamedSecurityInfoW,
};
use windows_sys::Win32::Security::{
    ACCESS_ALLOWED_ACE, ACE_HEADER, ACL, DACL_SECURITY_INFORMATION, GetAce,
    GetSecurityDescriptorDacl, OWNER_SECURITY_INFORMATION, PROTECTED_DACL_SECURITY_INFORMATION,
    PSID, SECURITY_ATTRIBUTES,
};

/// The system, the group of administrators, and the installer of Windows.
pub(crate) const ADMINISTRATORS: [&str; 3] = [
    "S-1-5-18",
    "S-1-5-32-544",
    "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464",
];

/// Memory that the system has given.
#[derive(Debug)]
struct Given(*mut c_void);

impl Drop for Given {
    fn drop(&mut self) {
        // SAFETY: the system's calls say to free it so, and it happens once.
        let _freed = unsafe { LocalFree(self.0) };
    }
}

/// A security descriptor, as an object is made with it.
#[derive(Debug)]
pub(crate) struct Descriptor(Given);

// SAFETY: the memory belongs to this value alone and is never changed.
unsafe impl Send for Descriptor {}
// SAFETY: as above; reading it from two threads is no harm.
unsafe impl Sync for Descriptor {}

impl Descriptor {
    /// Reads the security descriptor definition language.
    pub(crate) fn parse(definition: &str) -> io::Result<Self> {
        let definition = text::wide(definition);
        let mut descriptor = std::ptr::null_mut();
        // SAFETY: the text ends in a zero; the descriptor may be written.
        checked(unsafe {
            ConvertStringSecurityDescriptorToSecurityDescriptorW(
                definition.as_ptr(),
                SDDL_REVISION_1,
                &raw mut descriptor,
                std::ptr::null_mut(),
            )
        })?;
        Ok(Self(Given(descriptor)))
    }

    /// For a call that makes an object; it must not outlive this descriptor.
    pub(crate) fn attributes(&self) -> SECURITY_ATTRIBUTES {
        SECURITY_ATTRIBUTES {
            nLength: u32::try_from(size_of::<SECURITY_ATTRIBUTES>()).unwrap_or(0),
            lpSecurityDescriptor: self.0.0,
            bInheritHandle: 0,
        }
    }
}

/// Lets those that `descriptor` names use the file or directory, and what lies
/// in it, and nobody else.
pub(crate) fn keep_to(path: &Path, descriptor: &Descriptor) -> io::Result<()> {
    let (mut is_there, mut is_default) = (0, 0);
    let mut list: *mut ACL = std::ptr::null_mut();
    // SAFETY: the descriptor is one; all three may be written.
    checked(unsafe {
        GetSecurityDescriptorDacl(
            descriptor.0.0,
            &raw mut is_there,
            &raw mut list,
            &raw mut is_default,
        )
    })?;
    if is_there == 0 || list.is_null() {
        // Without a list everybody may do everything.
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let name = text::wide(path);
    // SAFETY: the name ends in a zero; the list lies in the descriptor, which
    // outlives the call.
    told(unsafe {
        SetNamedSecurityInfoW(
            name.as_ptr(),
            SE_FILE_OBJECT,
            DACL_SECURITY_INFORMATION | PROTECTED_DACL_SECURITY_INFORMATION,
            std::ptr::null_mut(),
            std::ptr::null_mut(),
            list,
            std::ptr::null(),
        )
    })
}

/// A security id as text.
///
/// # Safety
/// `sid` leads to a security id.
pub(crate) unsafe fn sid_text(sid: PSID) -> io::Result<String> {
    let mut start = std::ptr::null_mut();
    // SAFETY: as promised by the caller; the pointer may be written.
    checked(unsafe { ConvertSidToStringSidW(sid, &raw mut start) })?;
    let given = Given(start.cast());
    // SAFETY: the call has made a text that ends in a zero; it lives on.
    let text = unsafe { text::at(start) };
    drop(given);
    Ok(text)
}

/// Who owns the kernel's object behind `handle`.
pub(crate) fn owner_of(handle: BorrowedHandle<'_>) -> io::Result<String> {
    let mut owner = std::ptr::null_mut();
    let mut descriptor = std::ptr::null_mut();
    // SAFETY: the handle is open; both pointers may be written.
    told(unsafe {
        GetSecurityInfo(
            handle.as_raw_handle(),
            SE_KERNEL_OBJECT,
            OWNER_SECURITY_INFORMATION,
            &raw mut owner,
            std::ptr::null_mut(),
            std::ptr::null_mut(),
            std::ptr::null_mut(),
            &raw mut descriptor,
        )
    })?;
    let given = Given(descriptor);
    // SAFETY: the owner lies in the descriptor, which lives on.
    let owner = unsafe { sid_text(owner) };
    drop(given);
    owner
}

/// The security ids of those who are allowed any of the rights `wanted` with
/// the kernel's object behind `handle`; none where everybody may.
#[cfg(test)]
pub(crate) fn allowed_on(
    handle: BorrowedHandle<'_>,
    wanted: u32,
) -> io::Result<Option<Vec<String>>> {
    let mut list: *mut ACL = std::ptr::null_mut();
    let mut descriptor = std::ptr::null_mut();
    // SAFETY: the handle is open; both pointers may be written.
    told(unsafe {
        GetSecurityInfo(
            handle.as_raw_handle(),
            SE_KERNEL_OBJECT,
            DACL_SECURITY_INFORMATION,
            std::ptr::null_mut(),
            std::ptr::null_mut(),
            &raw mut list,
            std::ptr::null_mut(),
            &raw mut descriptor,
        )
    })?;
    let given = Given(descriptor);
    // SAFETY: the list lies in the descriptor, which lives on.
    let allowed = unsafe { allowed(list, wanted) };
    drop(given);
    allowed
}

/// Who owns a file or directory, and who may change it.
#[derive(Debug)]
pub(crate) struct Rights {
    /// The owner's security id.
    pub(crate) owner: String,
    /// The security ids of those who are allowed any of what was asked for;
    /// none where everybody may.
    pub(crate) allowed: Option<Vec<String>>,
}

/// Rights with which a file can be changed, replaced or given away: to write,
/// append, delete (in it), change its rights or its owner, and all of them.
pub(crate) const WRITING: u32 =
    0x2 | 0x4 | 0x40 | 0x1_0000 | 0x4_0000 | 0x8_0000 | 0x1000_0000 | 0x4000_0000;
/// Rights with which it can be read, and those above.
pub(crate) const USING: u32 = WRITING | 0x1 | 0x8000_0000;
/// An entry that allows, and one that counts for what is made below alone.
const ALLOWS: u8 = 0;
const BELOW_ONLY: u8 = 8;

/// The owner, and whoever is allowed any right of `wanted`.
pub(crate) fn rights_of(path: &Path, wanted: u32) -> io::Result<Rights> {
    let name = text::wide(path);
    let mut owner = std::ptr::null_mut();
    let mut list: *mut ACL = std::ptr::null_mut();
    let mut descriptor = std::ptr::null_mut();
    // SAFETY: the name ends in a zero; the three pointers may be written.
    told(unsafe {
        GetNamedSecurityInfoW(
            name.as_ptr(),
            SE_FILE_OBJECT,
            OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION,
            &raw mut owner,
            std::ptr::null_mut(),
            &raw mut list,
            std::ptr::null_mut(),
            &raw mut descriptor,
        )
    })?;
    let given = Given(descriptor);
    // SAFETY: owner and list lie in the descriptor, which lives on.
    let rights = unsafe {
        sid_text(owner).and_then(|owner| {
            let allowed = allowed(list, wanted)?;
            Ok(Rights { owner, allowed })
        })
    };
    drop(given);
    rights
}

/// # Safety
/// `list` is null or leads to an access control list.
unsafe fn allowed(list: *const ACL, wanted: u32) -> io::Result<Option<Vec<String>>> {
    // No list at all lets everybody do everything.
    if list.is_null() {
        return Ok(None);
    }
    let mut allowed = Vec::new();
    // SAFETY: as promised by the caller.
    let count = unsafe { (*list).AceCount };
    for index in 0..u32::from(count) {
        let mut entry = std::ptr::null_mut();
        // SAFETY: the list has that many entries; the pointer may be written.
        checked(unsafe { GetAce(list, index, &raw mut entry) })?;
        // SAFETY: every entry begins with its header.
        let header = unsafe { *entry.cast::<ACE_HEADER>() };
        if header.AceFlags & BELOW_ONLY != 0 {
            continue;
        }
        if header.AceType != ALLOWS {
            // One that denies takes rights away. Any other kind could allow
            // something in a way that is not understood here.
            if header.AceType != 1 {
                return Ok(None);
            }
            continue;
        }
        let entry = entry.cast::<ACCESS_ALLOWED_ACE>();
        // SAFETY: the header says that it is an entry of this kind.
        if unsafe { (*entry).Mask } & wanted != 0 {
            // SAFETY: the security id begins at that field of the entry.
            allowed.push(unsafe { sid_text((&raw mut (*entry).SidStart).cast()) }?);
        }
    }
    Ok(Some(allowed))
}
