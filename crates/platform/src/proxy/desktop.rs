//! What the person chose in the desktop's settings, through its portal.

use super::{Said, variables, written};
use crate::bus;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_millis(500);

pub(super) fn look(scheme: &str, host: &str, port: u16) -> Said {
    let address = format!("{scheme}://{}:{port}/", written(host));
    let asked = bus::ask(PATIENCE, move |connection| {
        let (proxies,): (Vec<String>,) = connection
            .with_proxy(
                "org.freedesktop.portal.Desktop",
                "/org/freedesktop/portal/desktop",
                PATIENCE,
            )
            .method_call("org.freedesktop.portal.ProxyResolver", "Lookup", (address,))?;
        Ok(proxies)
    });
    match asked {
        Ok(proxies) => first(&proxies),
        Err(error) => {
            tracing::debug!(?error, "the desktop names no proxy");
            Said::Nothing
        }
    }
}

/// They are in the order in which they are to be tried.
fn first(proxies: &[String]) -> Said {
    match proxies.iter().find_map(|proxy| variables::parse(proxy)) {
        Some(proxy) if proxy.scheme == "direct" => Said::Direct,
        Some(proxy) => Said::Through(proxy),
        None => Said::Nothing,
    }
}
