//! Windows' own library, called by its own rules: SSPI with the package
//! “Kerberos” and no other, for whoever is logged on. Everything it gives is
//! given back when its value ends.
#![allow(unsafe_code)]

use crate::{LONGEST_TOKEN, NoTicket};
use std::ptr::{null, null_mut};
use windows_sys::Win32::Foundation::{
    SEC_E_CONTEXT_EXPIRED, SEC_E_NO_AUTHENTICATING_AUTHORITY, SEC_E_NO_CREDENTIALS, SEC_E_OK,
    SEC_E_TARGET_UNKNOWN, SEC_E_TIME_SKEW, SEC_E_WRONG_PRINCIPAL, SEC_I_CONTINUE_NEEDED,
};
use windows_sys::Win32::Security::Authentication::Identity::{
    AcquireCredentialsHandleW, DeleteSecurityContext, FreeContextBuffer, FreeCredentialsHandle,
    ISC_REQ_MUTUAL_AUTH, ISC_RET_MUTUAL_AUTH, InitializeSecurityContextW,
    QueryCredentialsAttributesW, SECBUFFER_TOKEN, SECPKG_CRED_ATTR_NAMES, SECPKG_CRED_OUTBOUND,
    SECURITY_NATIVE_DREP, SecBuffer, SecBufferDesc, SecPkgCredentials_NamesW,
};
use windows_sys::Win32::Security::Credentials::SecHandle;

/// No name is longer, in units.
const LONGEST_NAME: usize = 1024;
/// 100 nanoseconds, in which Windows counts.
const TICKS: i64 = 10_000_000;

/// What a call answered, when it did not do it.
#[derive(Debug)]
pub(crate) struct Status {
    code: i32,
    pub(crate) words: String,
}

impl Status {
    fn of(code: i32) -> Self {
        Self {
            code,
            words: format!("Windows says {code:#010x}"),
        }
    }

    pub(crate) fn no_ticket(self, service: &str) -> NoTicket {
        match self.code {
            SEC_E_NO_CREDENTIALS => NoTicket::NoCredentials,
            SEC_E_CONTEXT_EXPIRED => NoTicket::Expired,
            SEC_E_TARGET_UNKNOWN | SEC_E_WRONG_PRINCIPAL => {
                NoTicket::UnknownService(service.to_owned())
            }
            SEC_E_NO_AUTHENTICATING_AUTHORITY => NoTicket::Unreachable,
            SEC_E_TIME_SKEW => NoTicket::ClockSkew,
            _ => NoTicket::Other(self.words),
        }
    }
}

/// It belongs to the system.
pub(crate) fn is_here() -> Result<(), String> {
    Ok(())
}

fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}

const NOTHING: SecHandle = SecHandle {
    dwLower: 0,
    dwUpper: 0,
};

/// What the person who is logged on has to prove who they are.
pub(crate) struct Credential {
    handle: SecHandle,
    /// When it ends, in Windows' local time; beyond all time where it does not.
    ends: i64,
}

impl Credential {
    pub(crate) fn own() -> Result<Self, Status> {
        let package = wide("Kerberos");
        let mut credential = Self {
            handle: NOTHING,
            ends: 0,
        };
        // SAFETY: every pointer is to a value that lives for the call, or null
        // where the function takes null: this person, with what they have.
        let code = unsafe {
            AcquireCredentialsHandleW(
                null(),
                package.as_ptr(),
                SECPKG_CRED_OUTBOUND,
                null(),
                null(),
                None,
                null(),
                &raw mut credential.handle,
                &raw mut credential.ends,
            )
        };
        if code == SEC_E_OK {
            Ok(credential)
        } else {
            // Nothing was given.
            std::mem::forget(credential);
            Err(Status::of(code))
        }
    }

    /// Whose it is, and for how many seconds it still holds.
    pub(crate) fn facts(&self) -> Result<(String, u32), Status> {
        let mut names = SecPkgCredentials_NamesW {
            sUserName: null_mut(),
        };
        // SAFETY: the handle is ours, and this attribute writes such a struct.
        let code = unsafe {
            QueryCredentialsAttributesW(
                &raw const self.handle,
                SECPKG_CRED_ATTR_NAMES,
                (&raw mut names).cast(),
            )
        };
        if code != SEC_E_OK || names.sUserName.is_null() {
            return Err(Status::of(code));
        }
        let mut name = Vec::new();
        for place in 0..LONGEST_NAME {
            // SAFETY: Windows ends the name with a zero, where this ends too.
            let unit = unsafe { *names.sUserName.add(place) };
            if unit == 0 {
                break;
            }
            name.push(unit);
        }
        // SAFETY: Windows made it, and nobody has it besides.
        unsafe { FreeContextBuffer(names.sUserName.cast()) };
        // How long its own ticket holds Windows renews by itself; what it tells
        // as an end is mostly none.
        let seconds = u32::try_from(self.ends / TICKS).unwrap_or(u32::MAX);
        Ok((String::from_utf16_lossy(&name), seconds))
    }
}

impl Drop for Credential {
    fn drop(&mut self) {
        // SAFETY: it was given by Windows, and nobody has it besides.
        unsafe { FreeCredentialsHandle(&raw const self.handle) };
    }
}

/// A service on a machine.
pub(crate) struct Name(Vec<u16>);

impl Name {
    pub(crate) fn service(service: &str, host: &str) -> Result<Self, Status> {
        Ok(Self(wide(&format!("{service}/{host}"))))
    }
}

/// A sign-in under way, or done.
pub(crate) struct Context(Option<SecHandle>);

/// Where a sign-in stands after a message.
pub(crate) struct Step {
    /// To be sent to the other side; empty when there is nothing.
    pub(crate) token: Vec<u8>,
    pub(crate) is_done: bool,
}

impl Context {
    pub(crate) fn none() -> Self {
        Self(None)
    }

    /// The next message of whoever signs in. The server has to prove who it is;
    /// no ticket is handed on.
    pub(crate) fn initiate(
        &mut self,
        credential: &Credential,
        server: &Name,
        answer: &[u8],
    ) -> Result<Step, Status> {
        let mut given = SecBuffer {
            cbBuffer: u32::try_from(answer.len()).unwrap_or(u32::MAX),
            BufferType: SECBUFFER_TOKEN,
            // Windows only reads it.
            pvBuffer: answer.as_ptr().cast_mut().cast(),
        };
        let taken_in = SecBufferDesc {
            ulVersion: 0,
            cBuffers: 1,
            pBuffers: &raw mut given,
        };
        let mut token = vec![0_u8; LONGEST_TOKEN];
        let mut made = SecBuffer {
            cbBuffer: u32::try_from(token.len()).unwrap_or(u32::MAX),
            BufferType: SECBUFFER_TOKEN,
            pvBuffer: token.as_mut_ptr().cast(),
        };
        let mut given_out = SecBufferDesc {
            ulVersion: 0,
            cBuffers: 1,
            pBuffers: &raw mut made,
        };
        let before = self.0;
        let mut after = before.unwrap_or(NOTHING);
        let mut flags = 0;
        // SAFETY: every pointer is to a value that lives for the call, or null
        // where the function takes null: no context and no answer at first.
        let code = unsafe {
            InitializeSecurityContextW(
                &raw const credential.handle,
                before.as_ref().map_or(null(), |handle| handle),
                server.0.as_ptr(),
                ISC_REQ_MUTUAL_AUTH,
                0,
                SECURITY_NATIVE_DREP,
                before.map_or(null(), |_| &raw const taken_in),
                0,
                &raw mut after,
                &raw mut given_out,
                &raw mut flags,
                null_mut(),
            )
        };
        token.truncate(made.cbBuffer as usize);
        if code != SEC_E_OK && code != SEC_I_CONTINUE_NEEDED {
            return Err(Status::of(code));
        }
        self.0 = Some(after);
        let is_done = code == SEC_E_OK;
        if is_done && flags & ISC_RET_MUTUAL_AUTH == 0 {
            return Err(Status {
                code: 0,
                words: "its answer proves nothing".to_owned(),
            });
        }
        Ok(Step { token, is_done })
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        if let Some(handle) = &self.0 {
            // SAFETY: it was given by Windows, and nobody has it besides.
            unsafe { DeleteSecurityContext(handle) };
        }
    }
}
