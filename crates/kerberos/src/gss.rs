//! The library, called by its own rules: GSS-API (RFC 2743, RFC 2744) with MIT
//! Kerberos' extensions. Everything it gives is given back when its value ends.
#![allow(unsafe_code)]

pub(crate) use crate::status::Status;
use libloading::Library;
use std::ffi::{CString, c_char, c_int, c_void};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::ptr::{null, null_mut};
use std::sync::OnceLock;

/// The name under which MIT Kerberos has its library on Linux.
const LIBRARY: &str = "libgssapi_krb5.so.2";

/// `gss_buffer_desc`.
#[repr(C)]
struct Buffer {
    length: usize,
    value: *mut c_void,
}

/// `gss_OID_desc`.
#[repr(C)]
#[derive(Clone, Copy)]
struct Oid {
    length: u32,
    elements: *const c_void,
}

// SAFETY: those made here point to constants.
unsafe impl Sync for Oid {}

/// `gss_OID_set_desc`.
#[repr(C)]
struct OidSet {
    count: usize,
    elements: *const Oid,
}

/// `gss_key_value_element_desc`.
#[repr(C)]
struct KeyValue {
    key: *const c_char,
    value: *const c_char,
}

/// `gss_key_value_set_desc`.
#[repr(C)]
struct KeyValues {
    count: u32,
    elements: *const KeyValue,
}

type Handle = *mut c_void;

const fn oid(bytes: &'static [u8]) -> Oid {
    Oid {
        length: bytes.len() as u32,
        elements: bytes.as_ptr().cast(),
    }
}

static KERBEROS: Oid = oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02]);
/// `GSS_C_NT_HOSTBASED_SERVICE`.
static SERVICE: Oid = oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x01, 0x04]);

const INITIATE: c_int = 1;
const ACCEPT: c_int = 2;
/// `GSS_C_MUTUAL_FLAG`: the server proves who it is too.
const MUTUAL: u32 = 2;
const CONTINUE_NEEDED: u32 = 1;
/// Calling and routine errors; the rest is information.
const ERRORS: u32 = 0xffff_0000;
const INDEFINITE: u32 = 0xffff_ffff;
/// `GSS_C_GSS_CODE` and `GSS_C_MECH_CODE`.
const CODES: [c_int; 2] = [1, 2];

macro_rules! functions {
    ($($name:ident: fn($($argument:ty),* $(,)?);)*) => {
        /// The library's functions. It stays open as long as the process lives.
        struct Functions {
            $($name: unsafe extern "C" fn($($argument),*) -> u32,)*
        }

        impl Functions {
            fn open() -> Result<Self, String> {
                // SAFETY: opening it runs its initialisation, which asks nothing
                // of the process; the name is the ABI's, which is stable.
                let library = unsafe { Library::new(LIBRARY) };
                let library = library.map_err(|error| error.to_string())?;
                let functions = Self {
                    $($name: {
                        let name = concat!(stringify!($name), "\0").as_bytes();
                        // SAFETY: the type is the one that RFC 2744, or the
                        // library's header for its extensions, gives that name.
                        let found = unsafe { library.get(name) };
                        *found.map_err(|error| error.to_string())?
                    },)*
                };
                std::mem::forget(library);
                Ok(functions)
            }
        }
    };
}

functions! {
    gss_import_name: fn(*mut u32, *const Buffer, *const Oid, *mut Handle);
    gss_display_name: fn(*mut u32, Handle, *mut Buffer, *mut *const Oid);
    gss_release_name: fn(*mut u32, *mut Handle);
    gss_release_buffer: fn(*mut u32, *mut Buffer);
    gss_acquire_cred_from: fn(*mut u32, Handle, u32, *const OidSet, c_int, *const KeyValues, *mut Handle, *mut *const OidSet, *mut u32);
    gss_inquire_cred: fn(*mut u32, Handle, *mut Handle, *mut u32, *mut c_int, *mut *const OidSet);
    gss_release_cred: fn(*mut u32, *mut Handle);
    gss_init_sec_context: fn(*mut u32, Handle, *mut Handle, Handle, *const Oid, u32, u32, *const c_void, *const Buffer, *mut *const Oid, *mut Buffer, *mut u32, *mut u32);
    gss_accept_sec_context: fn(*mut u32, *mut Handle, Handle, *const Buffer, *const c_void, *mut Handle, *mut *const Oid, *mut Buffer, *mut u32, *mut u32, *mut Handle);
    gss_inquire_context: fn(*mut u32, Handle, *mut Handle, *mut Handle, *mut u32, *mut *const Oid, *mut u32, *mut c_int, *mut c_int);
    gss_delete_sec_context: fn(*mut u32, *mut Handle, *mut Buffer);
    gss_display_status: fn(*mut u32, u32, c_int, *const Oid, *mut u32, *mut Buffer);
}

/// The library, opened with the first call.
fn functions() -> Result<&'static Functions, String> {
    static FUNCTIONS: OnceLock<Result<Functions, String>> = OnceLock::new();
    FUNCTIONS
        .get_or_init(Functions::open)
        .as_ref()
        .map_err(Clone::clone)
}

/// Whether the library is here.
pub(crate) fn is_here() -> Result<(), String> {
    functions().map(drop)
}

/// Only to be called where something of the library is there already.
fn opened() -> &'static Functions {
    match functions() {
        Ok(functions) => functions,
        Err(error) => unreachable!("a value of a library that is not there: {error}"),
    }
}

fn status(major: u32, minor: u32) -> Result<u32, Status> {
    if major & ERRORS == 0 {
        return Ok(major);
    }
    let mut words = Vec::new();
    for (kind, value) in CODES.into_iter().zip([major, minor]) {
        if value == 0 {
            continue;
        }
        let (mut ignored, mut more) = (0, 0);
        let mut text = Taken::none();
        // SAFETY: every pointer is to a value that lives for the call; the
        // library writes a buffer of its own, which `Taken` gives back.
        unsafe {
            (opened().gss_display_status)(
                &raw mut ignored,
                value,
                kind,
                null(),
                &raw mut more,
                &raw mut text.0,
            );
        }
        let text = String::from_utf8_lossy(text.bytes()).trim().to_owned();
        if !text.is_empty() {
            words.push(text);
        }
    }
    Err(Status {
        major,
        minor,
        // Those of Kerberos say more than those of the interface.
        words: words.pop().unwrap_or_default(),
    })
}

/// A buffer that the library made.
struct Taken(Buffer);

impl Taken {
    fn none() -> Self {
        Self(Buffer {
            length: 0,
            value: null_mut(),
        })
    }

    fn bytes(&self) -> &[u8] {
        if self.0.value.is_null() {
            return &[];
        }
        // SAFETY: the library wrote both, and the memory is its until it is
        // given back with this value.
        unsafe { std::slice::from_raw_parts(self.0.value.cast(), self.0.length) }
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        if !self.0.value.is_null() {
            let mut minor = 0;
            // SAFETY: the library made it, and nobody has it besides.
            unsafe { (opened().gss_release_buffer)(&raw mut minor, &raw mut self.0) };
        }
    }
}

/// The library only reads it.
fn lent(bytes: &[u8]) -> Buffer {
    Buffer {
        length: bytes.len(),
        value: bytes.as_ptr().cast_mut().cast(),
    }
}

macro_rules! handles {
    ($($(#[$words:meta])* $name:ident, $release:ident $(, $more:expr)?;)*) => {$(
        $(#[$words])*
        pub(crate) struct $name(Handle);

        // SAFETY: MIT Kerberos' handles may be used on any thread, one at a time.
        unsafe impl Send for $name {}

        impl Drop for $name {
            fn drop(&mut self) {
                if !self.0.is_null() {
                    let mut minor = 0;
                    // SAFETY: the library made it, and nobody has it besides.
                    unsafe { (opened().$release)(&raw mut minor, &raw mut self.0 $(, $more)?) };
                }
            }
        }
    )*};
}

handles! {
    /// A principal.
    Name, gss_release_name;
    /// What somebody has to prove who they are.
    Credential, gss_release_cred;
    /// A sign-in under way, or done.
    Context, gss_delete_sec_context, null_mut();
}

// SAFETY: a credential is only read by several threads at a time, for which MIT
// Kerberos holds a lock of its own.
unsafe impl Sync for Credential {}

impl Name {
    /// `HTTP@host`: a service on a machine.
    pub(crate) fn service(service: &str, host: &str) -> Result<Self, Status> {
        let text = format!("{service}@{host}");
        let mut name = Self(null_mut());
        let mut minor = 0;
        // SAFETY: every pointer is to a value that lives for the call.
        let major = unsafe {
            (opened().gss_import_name)(
                &raw mut minor,
                &lent(text.as_bytes()),
                &raw const SERVICE,
                &raw mut name.0,
            )
        };
        status(major, minor).map(|_| name)
    }

    /// As it is written: `ann@EXAMPLE.COM`, `HTTP/host@EXAMPLE.COM`.
    fn text(&self) -> Result<String, Status> {
        let mut text = Taken::none();
        let mut minor = 0;
        // SAFETY: the name is the library's; the buffer is given back.
        let major = unsafe {
            (opened().gss_display_name)(&raw mut minor, self.0, &raw mut text.0, null_mut())
        };
        status(major, minor)?;
        Ok(String::from_utf8_lossy(text.bytes()).into_owned())
    }
}

impl Credential {
    /// What this process' person has.
    pub(crate) fn own() -> Result<Self, Status> {
        Self::acquire(INITIATE, None)
    }

    /// The keys of a keytab, any of them.
    pub(crate) fn of_keytab(keytab: &Path) -> Result<Self, Status> {
        let path = keytab.as_os_str().as_bytes();
        let value = [b"FILE:", path].concat();
        // No path has a NUL in it that could be opened.
        let value = CString::new(value).unwrap_or_default();
        let element = KeyValue {
            key: c"keytab".as_ptr(),
            value: value.as_ptr(),
        };
        let store = KeyValues {
            count: 1,
            elements: &raw const element,
        };
        Self::acquire(ACCEPT, Some(&store))
    }

    fn acquire(usage: c_int, store: Option<&KeyValues>) -> Result<Self, Status> {
        // Kerberos alone: nothing else is ever talked, whatever is installed.
        let set = OidSet {
            count: 1,
            elements: &raw const KERBEROS,
        };
        let mut credential = Self(null_mut());
        let mut minor = 0;
        // SAFETY: every pointer is to a value that lives for the call, or null
        // where the function takes null.
        let major = unsafe {
            (opened().gss_acquire_cred_from)(
                &raw mut minor,
                null_mut(),
                INDEFINITE,
                &raw const set,
                usage,
                store.map_or(null(), |store| store),
                &raw mut credential.0,
                null_mut(),
                null_mut(),
            )
        };
        status(major, minor).map(|_| credential)
    }

    /// Whose it is, and for how many seconds it still holds.
    pub(crate) fn facts(&self) -> Result<(String, u32), Status> {
        let mut name = Name(null_mut());
        let (mut minor, mut seconds) = (0, 0);
        // SAFETY: the credential is the library's; the name is given back.
        let major = unsafe {
            (opened().gss_inquire_cred)(
                &raw mut minor,
                self.0,
                &raw mut name.0,
                &raw mut seconds,
                null_mut(),
                null_mut(),
            )
        };
        status(major, minor)?;
        Ok((name.text()?, seconds))
    }
}

/// Where a sign-in stands after a message.
pub(crate) struct Step {
    /// To be sent to the other side; empty when there is nothing.
    pub(crate) token: Vec<u8>,
    pub(crate) is_done: bool,
}

impl Context {
    pub(crate) fn none() -> Self {
        Self(null_mut())
    }

    /// The next message of whoever signs in. The server has to prove who it is;
    /// no ticket is handed on.
    pub(crate) fn initiate(
        &mut self,
        credential: &Credential,
        server: &Name,
        answer: &[u8],
    ) -> Result<Step, Status> {
        let mut token = Taken::none();
        let (mut minor, mut flags) = (0, 0);
        // SAFETY: the handles are the library's, every other pointer is to a
        // value that lives for the call, or null where it takes null.
        let major = unsafe {
            (opened().gss_init_sec_context)(
                &raw mut minor,
                credential.0,
                &raw mut self.0,
                server.0,
                &raw const KERBEROS,
                MUTUAL,
                0,
                null(),
                &lent(answer),
                null_mut(),
                &raw mut token.0,
                &raw mut flags,
                null_mut(),
            )
        };
        let major = status(major, minor)?;
        let is_done = major & CONTINUE_NEEDED == 0;
        if is_done && flags & MUTUAL == 0 {
            return Err(Status {
                major: 0,
                minor: 0,
                words: "its answer proves nothing".to_owned(),
            });
        }
        Ok(Step {
            token: token.bytes().to_vec(),
            is_done,
        })
    }

    /// Takes in the message of whoever signs in. A ticket that is handed on
    /// with it is not taken.
    pub(crate) fn accept(&mut self, keys: &Credential, message: &[u8]) -> Result<Step, Status> {
        let mut token = Taken::none();
        let mut minor = 0;
        // SAFETY: as above.
        let major = unsafe {
            (opened().gss_accept_sec_context)(
                &raw mut minor,
                &raw mut self.0,
                keys.0,
                &lent(message),
                null(),
                null_mut(),
                null_mut(),
                &raw mut token.0,
                null_mut(),
                null_mut(),
                null_mut(),
            )
        };
        let major = status(major, minor)?;
        Ok(Step {
            token: token.bytes().to_vec(),
            is_done: major & CONTINUE_NEEDED == 0,
        })
    }

    /// Who signed in, and to which service.
    pub(crate) fn sides(&self) -> Result<(String, String), Status> {
        let (mut who, mut service) = (Name(null_mut()), Name(null_mut()));
        let mut minor = 0;
        // SAFETY: the context is the library's; the names are given back.
        let major = unsafe {
            (opened().gss_inquire_context)(
                &raw mut minor,
                self.0,
                &raw mut who.0,
                &raw mut service.0,
                null_mut(),
                null_mut(),
                null_mut(),
                null_mut(),
                null_mut(),
            )
        };
        status(major, minor)?;
        Ok((who.text()?, service.text()?))
    }
}
