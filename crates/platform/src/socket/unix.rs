//! A Unix socket with mode 0600 and the peer's user id from the kernel.

use super::{ConnectError, ListenError, Peer, peer};
use crate::machine::own_uid;
use crate::private_file::same_file;
use rustix::net::{SocketAddrUnix, listen};
use std::fs::Metadata;
use std::io;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::{UnixListener, UnixStream};

/// So many callers may wait to be let in, if the system allows as many.
const QUEUE: i32 = 4_096;
/// How long a caller waits for its turn when there are more.
const TURN: Duration = Duration::from_secs(10);

/// A socket that lets only one user in.
#[derive(Debug)]
pub struct OwnListener {
    listener: UnixListener,
    /// Removed at the end; none where it is the service manager's.
    own: Option<Own>,
    uid: u32,
}

/// A socket's file that this process has made.
#[derive(Debug)]
struct Own {
    path: PathBuf,
    file: Metadata,
}

impl Own {
    fn is_in_place(&self) -> bool {
        std::fs::symlink_metadata(&self.path).is_ok_and(|found| same_file(&self.file, &found))
    }
}

impl OwnListener {
    /// Opens the socket with mode 0600. A stale one is tried first and then
    /// removed. The caller holds the singleton lock, so nobody else does this
    /// at the same time; the directory is private, so nobody else can.
    ///
    /// # Errors
    /// [`ListenError`].
    pub async fn open(path: &Path) -> Result<Self, ListenError> {
        let io = |source| ListenError::Io {
            path: path.to_owned(),
            source,
        };
        match std::fs::symlink_metadata(path) {
            Ok(found) => {
                if !found.file_type().is_socket() {
                    return Err(ListenError::InTheWay(path.to_owned()));
                }
                if UnixStream::connect(path).await.is_ok() {
                    return Err(ListenError::Answered(path.to_owned()));
                }
                tracing::info!("a socket that nobody answers was removed");
                std::fs::remove_file(path).map_err(io)?;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(io(source)),
        }
        let listener = bound(path).map_err(io)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).map_err(io)?;
        let file = std::fs::symlink_metadata(path).map_err(io)?;
        Ok(Self {
            listener,
            own: Some(Own {
                path: path.to_owned(),
                file,
            }),
            uid: own_uid(),
        })
    }

    /// The socket that the service manager has opened and handed over to this
    /// process (`sd_listen_fds(3)`, protocol of systemd); none where it handed
    /// over nothing. It listens on when this process ends.
    ///
    /// # Errors
    /// [`ListenError::Elsewhere`] when it is not the one at `path`.
    pub fn handed_over(path: &Path) -> Result<Option<Self>, ListenError> {
        let Some(socket) = handed_over() else {
            return Ok(None);
        };
        let io = |source| ListenError::Io {
            path: path.to_owned(),
            source,
        };
        let at = rustix::net::getsockname(&socket)
            .ok()
            .and_then(|address| SocketAddrUnix::try_from(address).ok())
            .and_then(|address| Some(address.path()?.to_string_lossy().into_owned()));
        if at.as_deref() != Some(&*path.to_string_lossy()) {
            return Err(ListenError::Elsewhere {
                found: at.unwrap_or_else(|| "no path".to_owned()),
                expected: path.to_owned(),
            });
        }
        let listener = std::os::unix::net::UnixListener::from(socket);
        listener.set_nonblocking(true).map_err(io)?;
        Ok(Some(Self {
            listener: UnixListener::from_std(listener).map_err(io)?,
            own: None,
            uid: own_uid(),
        }))
    }

    /// Whether callers still find it: nobody has removed or replaced its file.
    /// Of a service manager's socket it is assumed.
    #[must_use]
    pub fn is_in_place(&self) -> bool {
        self.own.as_ref().is_none_or(Own::is_in_place)
    }

    /// The next caller of this user, and which program it is. Callers of any
    /// other user, root included, are hung up on and never seen.
    ///
    /// # Errors
    /// The system cannot accept, for example because no file handle is left.
    pub async fn accept_peer(&self) -> io::Result<(Stream, Peer)> {
        loop {
            let (stream, _) = self.listener.accept().await?;
            match stream.peer_cred() {
                Ok(peer) if is_admitted(self.uid, peer.uid()) => {
                    let pid = peer.pid().and_then(|pid| u32::try_from(pid).ok());
                    // 0 is a process that this one's namespace does not show.
                    let pid = pid.filter(|pid| *pid != 0);
                    return Ok((Stream(stream), peer::of(pid)));
                }
                Ok(peer) => {
                    tracing::warn!(uid = peer.uid(), "a caller of another user was refused");
                }
                Err(error) => tracing::warn!(%error, "a caller without a name was refused"),
            }
        }
    }
}

impl Drop for OwnListener {
    fn drop(&mut self) {
        // Another agent's socket may stand there by now.
        if let Some(own) = self.own.as_ref().filter(|own| own.is_in_place()) {
            // One that stays behind is tried and removed by the next agent.
            let _gone = std::fs::remove_file(&own.path);
        }
    }
}

/// The first of the handles that were handed over, taken once.
#[expect(unsafe_code, reason = "a handle is known by its number alone")]
fn handed_over() -> Option<OwnedFd> {
    const FIRST: RawFd = 3;
    static TAKEN: AtomicBool = AtomicBool::new(false);
    let told = |name| std::env::var(name).ok()?.parse::<u32>().ok();
    // Meant for this very process, and not for one that started it.
    if told("LISTEN_PID") != Some(std::process::id()) || told("LISTEN_FDS")? == 0 {
        return None;
    }
    if TAKEN.swap(true, Ordering::Relaxed) {
        return None;
    }
    // SAFETY: that there is a handle was told to this process, nothing else
    // uses it, and it is taken once.
    let socket = unsafe { OwnedFd::from_raw_fd(FIRST) };
    // Programs that this one starts do not get it.
    rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC).ok()?;
    Some(socket)
}

/// A socket at which many may wait for their turn: whoever finds the queue full
/// and does not wait is turned away.
fn bound(path: &Path) -> io::Result<UnixListener> {
    let listener = UnixListener::bind(path)?;
    // Once more, with the longer queue.
    listen(&listener, QUEUE)?;
    Ok(listener)
}

/// Only the same user: root is somebody else.
fn is_admitted(own: u32, peer: u32) -> bool {
    own == peer
}

/// Opens a connection to this user's own agent.
///
/// # Errors
/// [`ConnectError`]; a [`ConnectError::Stranger`] has been told nothing.
pub async fn connect(socket: &Path) -> Result<Stream, ConnectError> {
    let stream = patiently(socket)
        .await
        .map_err(|source| unreachable(socket, source))?;
    let peer = stream
        .peer_cred()
        .map_err(|source| unreachable(socket, source))?;
    if !is_admitted(own_uid(), peer.uid()) {
        return Err(ConnectError::Stranger {
            why: "it belongs to another user".to_owned(),
        });
    }
    Ok(Stream(stream))
}

/// Waits for its turn when the agent's queue is full.
async fn patiently(socket: &Path) -> io::Result<UnixStream> {
    let begun = Instant::now();
    let mut wait = Duration::from_millis(1);
    loop {
        match UnixStream::connect(socket).await {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && begun.elapsed() < TURN => {}
            outcome => return outcome,
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(Duration::from_millis(50));
    }
}

fn unreachable(socket: &Path, source: io::Error) -> ConnectError {
    let socket = socket.to_owned();
    match source.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
            ConnectError::NotRunning { socket, source }
        }
        _ => ConnectError::Unusable { socket, source },
    }
}

/// One connection between a caller and the agent.
#[derive(Debug)]
pub struct Stream(UnixStream);

impl Stream {
    /// Resolves when the first byte can be read or the other side hung up, so
    /// that a connection that lies idle needs no buffer. Takes nothing away.
    ///
    /// # Errors
    /// The connection is broken.
    pub async fn readable(&self) -> io::Result<()> {
        self.0
            .async_io(Interest::READABLE, || {
                // Readiness may be reported for nothing: a look tells.
                let mut byte = [0_u8; 1];
                rustix::net::recv(&self.0, &mut byte, rustix::net::RecvFlags::PEEK)?;
                Ok(())
            })
            .await
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().0).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().0).poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::{ConnectError, ListenError, OwnListener, connect, is_admitted};
    use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, bind, listen, socket};
    use std::os::unix::fs::PermissionsExt;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[test]
    fn root_and_everybody_else_are_refused() {
        assert!(is_admitted(1000, 1000));
        assert!(!is_admitted(1000, 0));
        assert!(!is_admitted(1000, 1001));
        assert!(!is_admitted(0, 1000));
    }

    #[tokio::test]
    async fn a_stale_socket_is_tried_and_removed() {
        let place = tempfile::tempdir().expect("made");
        let path = place.path().join("agent.sock");
        // It never listens: a program that another test is starting just now
        // may have it open a moment longer than this one.
        let stale = socket(AddressFamily::UNIX, SocketType::STREAM, None).expect("made");
        bind(&stale, &SocketAddrUnix::new(&path).expect("short")).expect("bound");
        drop(stale);
        let error = connect(&path).await.expect_err("nobody is there");
        assert!(matches!(error, ConnectError::NotRunning { .. }), "{error}");
        let listener = OwnListener::open(&path).await.expect("opened");
        let mode = std::fs::metadata(&path)
            .expect("there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        drop(listener);
        assert!(!path.exists());
        let error = connect(&path).await.expect_err("nothing is there");
        assert!(matches!(error, ConnectError::NotRunning { .. }), "{error}");
    }

    #[tokio::test]
    async fn a_socket_that_answers_is_left_alone() {
        let place = tempfile::tempdir().expect("made");
        let path = place.path().join("agent.sock");
        let _first = OwnListener::open(&path).await.expect("opened");
        let error = OwnListener::open(&path).await.expect_err("answered");
        assert!(matches!(error, ListenError::Answered(_)));
    }

    #[tokio::test]
    async fn a_file_in_the_way_is_not_removed() {
        let place = tempfile::tempdir().expect("made");
        let path = place.path().join("agent.sock");
        std::fs::write(&path, b"mine").expect("written");
        let error = OwnListener::open(&path).await.expect_err("in the way");
        assert!(matches!(error, ListenError::InTheWay(_)));
        assert_eq!(std::fs::read(&path).expect("there"), b"mine");
    }

    #[tokio::test]
    async fn a_caller_is_known_by_its_program_and_heard_when_it_speaks() {
        let place = tempfile::tempdir().expect("made");
        let path = place.path().join("agent.sock");
        let listener = OwnListener::open(&path).await.expect("opened");
        let mut caller = connect(&path).await.expect("connected");
        let (mut stream, peer) = listener.accept_peer().await.expect("a caller");
        assert_eq!(peer.pid, Some(std::process::id()));
        assert_eq!(peer.program, std::env::current_exe().ok());
        assert!(peer.started.is_some());

        let mut silence = asked_once(stream.readable());
        assert!(silence.is_pending(), "nothing was said yet");
        caller.write_all(b"hello").await.expect("sent");
        stream.readable().await.expect("something was said");
        let mut heard = [0_u8; 5];
        stream.read_exact(&mut heard).await.expect("all of it");
        assert_eq!(&heard, b"hello");
        silence = asked_once(stream.readable());
        assert!(silence.is_pending(), "nothing more was said");
        drop(caller);
        stream.readable().await.expect("hanging up is told too");
        assert_eq!(stream.read(&mut heard).await.expect("the end"), 0);
    }

    #[tokio::test]
    async fn whoever_finds_the_queue_full_waits_for_their_turn() {
        let place = tempfile::tempdir().expect("made");
        let path = place.path().join("agent.sock");
        let narrow = socket(AddressFamily::UNIX, SocketType::STREAM, None).expect("made");
        bind(&narrow, &SocketAddrUnix::new(&path).expect("short")).expect("bound");
        listen(&narrow, 0).expect("listens");
        let first = connect(&path).await.expect("the queue has one place");
        let full = tokio::net::UnixStream::connect(&path).await;
        let error = full.expect_err("the queue is full");
        assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
        let mut second = std::pin::pin!(connect(&path));
        assert!(asked_once(second.as_mut()).is_pending());
        let _accepted = rustix::net::accept(&narrow).expect("a caller");
        second.await.expect("its turn came");
        drop(first);
    }

    fn asked_once<F: Future>(asked: F) -> std::task::Poll<F::Output> {
        let mut asked = std::pin::pin!(asked);
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        asked.as_mut().poll(&mut context)
    }
}
