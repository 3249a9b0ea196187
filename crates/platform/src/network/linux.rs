//! The kernel's own news of the network, by a routing socket.

use crate::descriptor;
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, bind, recv, socket_with};
use std::io;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// The groups of `rtnetlink(7)`: links, addresses and routes.
const LINKS: u32 = 0x1;
const IPV4_ADDRESSES: u32 = 0x10;
const IPV4_ROUTES: u32 = 0x40;
const IPV6_ADDRESSES: u32 = 0x100;
const IPV6_ROUTES: u32 = 0x400;

#[derive(Debug)]
pub(super) struct Messages {
    socket: AsyncFd<OwnedFd>,
}

impl Messages {
    pub(super) fn open() -> io::Result<Self> {
        // No protocol is the routing one.
        let socket = socket_with(
            AddressFamily::NETLINK,
            SocketType::RAW,
            SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
            None,
        )?;
        let groups = LINKS | IPV4_ADDRESSES | IPV4_ROUTES | IPV6_ADDRESSES | IPV6_ROUTES;
        bind(&socket, &SocketAddrNetlink::new(0, groups))?;
        descriptor::readable(socket).map(|socket| Self { socket })
    }

    pub(super) async fn next(&mut self) {
        if let Err(error) = self.socket.async_io(Interest::READABLE, drain).await {
            tracing::debug!(%error, "the network cannot be watched");
            std::future::pending::<()>().await;
        }
    }
}

/// Takes every message that is there. What they say does not matter: a message
/// is cut to one byte, and one that was lost for lack of room counts as well.
fn drain(socket: &OwnedFd) -> io::Result<()> {
    let mut told = false;
    loop {
        let mut byte = [0_u8; 1];
        match recv(socket, &mut byte, RecvFlags::DONTWAIT) {
            Ok(_) | Err(Errno::NOBUFS) => told = true,
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) if told => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
#[expect(clippy::print_stderr, reason = "a test that cannot run says so")]
mod tests {
    use crate::network::NetworkWatch;
    use std::future::Future;
    use std::pin::pin;
    use std::process::Command;
    use std::task::{Context, Waker};
    use std::time::Duration;

    /// In a network namespace of its own, so that nothing outside changes and
    /// nothing outside is heard.
    #[test]
    fn a_link_an_address_and_a_route_are_told_each() {
        const INSIDE: &str = "CHANCERY_TEST_NETWORK_INSIDE";
        if std::env::var_os(INSIDE).is_none() {
            let may = Command::new("unshare").args(["--net", "true"]).output();
            if !may.is_ok_and(|output| output.status.success()) {
                eprintln!("skipped, this user may not make a network namespace");
                return;
            }
            let output = Command::new("unshare")
                .arg("--net")
                .arg(std::env::current_exe().expect("this test"))
                .args(["--exact", "--nocapture"])
                .arg("network::linux::tests::a_link_an_address_and_a_route_are_told_each")
                .env(INSIDE, "1")
                .output()
                .expect("run");
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success(), "{said}");
            assert!(said.contains("1 passed"), "{said}");
            return;
        }
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime")
            .block_on(inside());
    }

    async fn inside() {
        let mut watch = NetworkWatch::new().expect("news");
        assert!(is_silent(watch.changed()), "nothing changed yet");
        for change in [
            &["link", "set", "lo", "up"][..],
            &["address", "add", "192.0.2.7/32", "dev", "lo"],
            &["route", "add", "198.51.100.0/24", "dev", "lo"],
            &["address", "del", "192.0.2.7/32", "dev", "lo"],
        ] {
            let status = Command::new("ip").args(change).status().expect("ip runs");
            assert!(status.success(), "ip {change:?}");
            tokio::time::timeout(Duration::from_secs(30), watch.changed())
                .await
                .unwrap_or_else(|_| panic!("ip {change:?} was not told"));
            assert!(is_silent(watch.changed()), "ip {change:?} is told once");
        }
    }

    fn is_silent(told: impl Future<Output = ()>) -> bool {
        pin!(told)
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    }
}
