//! What the system is told about a TCP connection.

use std::io;
use std::time::Duration;
use tokio::net::TcpStream;

/// Lets the system give up a connection when nobody acknowledged what was sent
/// for so long (RFC 793, section 3.8; `TCP_USER_TIMEOUT`). Without it a
/// machine that vanished in the middle of a call is noticed after a quarter of
/// an hour. Linux only; elsewhere this does nothing and the system's own
/// patience holds.
///
/// # Errors
/// When the system refuses.
pub fn give_up_after(stream: &TcpStream, silence: Duration) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        let millis = u32::try_from(silence.as_millis()).unwrap_or(u32::MAX);
        rustix::net::sockopt::set_tcp_user_timeout(stream, millis)?;
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (stream, silence);
    Ok(())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::give_up_after;
    use std::time::Duration;
    use tokio::net::{TcpListener, TcpStream};

    #[tokio::test]
    async fn the_system_keeps_what_it_is_told() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let stream = TcpStream::connect(address).await.expect("connected");
        give_up_after(&stream, Duration::from_secs(30)).expect("told");
        let kept = rustix::net::sockopt::tcp_user_timeout(&stream);
        assert_eq!(kept, Ok(30_000));
    }
}
