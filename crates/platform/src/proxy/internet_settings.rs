//! What the person, or the firm for them, chose in Windows's settings: a script
//! that is asked, or else a proxy and its exceptions.

#![expect(unsafe_code, reason = "the system's own calls")]

use super::{Exceptions, Said, variables, written};
use crate::windows::{checked, text};
use std::ffi::c_void;
use std::io;
use windows_sys::Win32::Foundation::GlobalFree;
use windows_sys::Win32::Networking::WinHttp::{
    WINHTTP_ACCESS_TYPE_NAMED_PROXY, WINHTTP_ACCESS_TYPE_NO_PROXY, WINHTTP_AUTOPROXY_CONFIG_URL,
    WINHTTP_AUTOPROXY_OPTIONS, WINHTTP_CURRENT_USER_IE_PROXY_CONFIG, WINHTTP_PROXY_INFO,
    WinHttpCloseHandle, WinHttpGetIEProxyConfigForCurrentUser, WinHttpGetProxyForUrl, WinHttpOpen,
    WinHttpSetTimeouts,
};

/// How long the script may take to come, in milliseconds.
const PATIENCE: i32 = 500;

/// A proxy that is looked for by its name in the network is not looked for:
/// that takes seconds where there is none, and anybody there may answer.
pub(super) fn look(scheme: &str, host: &str, port: u16) -> Said {
    let mut found = WINHTTP_CURRENT_USER_IE_PROXY_CONFIG::default();
    // SAFETY: the settings may be written.
    if let Err(error) = checked(unsafe { WinHttpGetIEProxyConfigForCurrentUser(&raw mut found) }) {
        tracing::debug!(%error, "the settings name no proxy");
        return Said::Nothing;
    }
    let script = taken(found.lpszAutoConfigUrl);
    let proxy = taken(found.lpszProxy);
    let bypass = taken(found.lpszProxyBypass);
    if !script.is_empty() {
        let address = format!("{scheme}://{}:{port}/", written(host));
        match ask(&script, &address) {
            Ok(answer) => return answer.map_or(Said::Direct, |answer| choose(&answer, scheme)),
            Err(error) => tracing::debug!(%error, "the proxy's script does not answer"),
        }
    }
    if proxy.is_empty() || is_bypassed(&bypass, host, port) {
        return Said::Nothing;
    }
    choose(&proxy, scheme)
}

/// The text at `start`, which is freed.
fn taken(start: *mut u16) -> String {
    // SAFETY: the system's calls answer null or a text that ends in a zero.
    let text = unsafe { text::at(start) };
    if !start.is_null() {
        // SAFETY: the calls say to free it so, and it happens once.
        unsafe { GlobalFree(start.cast()) };
    }
    text
}

/// `<local>` stands for every name without a dot.
fn is_bypassed(list: &str, host: &str, port: u16) -> bool {
    let is_local =
        list.split([';', ' ']).any(|entry| entry == "<local>") && !host.contains(['.', ':']);
    is_local || Exceptions::parse(list).cover(host, port)
}

/// The settings name one proxy for all, or one for each scheme:
/// `http=one:3128;https=two:3128`.
fn choose(list: &str, scheme: &str) -> Said {
    let mut for_all = None;
    for entry in list.split([';', ' ']).filter(|entry| !entry.is_empty()) {
        match entry.split_once('=') {
            Some((of, proxy)) if of.eq_ignore_ascii_case(scheme) => {
                for_all = Some(proxy);
                break;
            }
            Some(_) => {}
            None => for_all = for_all.or(Some(entry)),
        }
    }
    match for_all.and_then(variables::parse) {
        Some(proxy) => Said::Through(proxy),
        None => Said::Nothing,
    }
}

/// A session of the system's web library.
struct Session(*mut c_void);

impl Drop for Session {
    fn drop(&mut self) {
        // SAFETY: it was opened, and this happens once.
        unsafe { WinHttpCloseHandle(self.0) };
    }
}

/// What the script at `script` answers for `address`: none is no proxy.
fn ask(script: &str, address: &str) -> io::Result<Option<String>> {
    let agent = text::wide("Chancery");
    let (script, address) = (text::wide(script), text::wide(address));
    // SAFETY: the text ends in a zero; the other two may be null.
    let session = Session(unsafe {
        WinHttpOpen(
            agent.as_ptr(),
            WINHTTP_ACCESS_TYPE_NO_PROXY,
            std::ptr::null(),
            std::ptr::null(),
            0,
        )
    });
    if session.0.is_null() {
        return Err(io::Error::last_os_error());
    }
    let mut options = WINHTTP_AUTOPROXY_OPTIONS {
        dwFlags: WINHTTP_AUTOPROXY_CONFIG_URL,
        lpszAutoConfigUrl: script.as_ptr(),
        ..WINHTTP_AUTOPROXY_OPTIONS::default()
    };
    let mut answer = WINHTTP_PROXY_INFO::default();
    // SAFETY: the session is open, the texts end in a zero and outlive the
    // calls, and the answer may be written.
    unsafe {
        checked(WinHttpSetTimeouts(
            session.0, PATIENCE, PATIENCE, PATIENCE, PATIENCE,
        ))?;
        checked(WinHttpGetProxyForUrl(
            session.0,
            address.as_ptr(),
            &raw mut options,
            &raw mut answer,
        ))?;
    }
    let (proxy, _bypass) = (taken(answer.lpszProxy), taken(answer.lpszProxyBypass));
    Ok((answer.dwAccessType == WINHTTP_ACCESS_TYPE_NAMED_PROXY).then_some(proxy))
}

#[cfg(test)]
mod tests {
    use super::{choose, is_bypassed, look};
    use crate::proxy::Said;

    fn chosen(list: &str, scheme: &str) -> Option<(String, u16)> {
        match choose(list, scheme) {
            Said::Through(proxy) => Some((proxy.host, proxy.port)),
            Said::Nothing | Said::Direct => None,
        }
    }

    #[test]
    fn one_proxy_for_all_and_one_for_each_scheme_are_understood() {
        let all = Some(("proxy.example.com".to_owned(), 3128));
        assert_eq!(chosen("proxy.example.com:3128", "https"), all);
        let each = "http=one:80;HTTPS=two:81;socks=three:82";
        assert_eq!(chosen(each, "https"), Some(("two".to_owned(), 81)));
        assert_eq!(chosen(each, "ftp"), None);
        assert_eq!(chosen("", "https"), None);
    }

    #[test]
    fn local_names_and_listed_ones_need_no_proxy() {
        let list = "<local>;*.example.com;10.0.0.0/8";
        assert!(is_bypassed(list, "intranet", 443));
        assert!(is_bypassed(list, "work.example.com", 443));
        assert!(!is_bypassed(list, "work.example.net", 443));
        assert!(!is_bypassed("*.example.com", "intranet", 443));
    }

    #[test]
    fn the_settings_of_this_user_can_be_asked() {
        let said = look("https", "work.example.com", 443);
        assert!(!matches!(said, Said::Direct), "no script is set: {said:?}");
    }
}
