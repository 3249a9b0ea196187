//! A named pipe that only this user's own programs open.
//!
//! Its list of rights names this user alone, its label shuts out programs of
//! low integrity, it takes no callers from other machines, and its first
//! instance is made as the first: whoever took the name before is noticed.

#![expect(unsafe_code, reason = "the system's own calls")]

use super::{ConnectError, ListenError, Peer};
use crate::windows::process::{Process, own_sid};
use crate::windows::security::{Descriptor, owner_of};
use crate::windows::{checked, text};
use std::io;
use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::net::windows::named_pipe::{
    ClientOptions, NamedPipeClient, NamedPipeServer, ServerOptions,
};
use tokio::sync::Mutex;
use windows_sys::Win32::Foundation::{
    ERROR_ACCESS_DENIED, ERROR_FILE_NOT_FOUND, ERROR_NO_DATA, ERROR_PIPE_BUSY, ERROR_SEM_TIMEOUT,
};
use windows_sys::Win32::System::Pipes::{
    GetNamedPipeClientProcessId, GetNamedPipeServerProcessId, WaitNamedPipeW,
};

pub(super) mod peer {
    use crate::windows::process::Process;

    /// When the process was started.
    pub(in crate::socket) fn started(pid: u32) -> Option<u64> {
        Process::with_id(pid).ok()?.started()
    }
}
mod stream;

use stream::End;
pub use stream::Stream;

/// How long a caller waits for its turn at a pipe that is busy.
const TURN: Duration = Duration::from_secs(10);

/// A pipe that lets only one user in.
#[derive(Debug)]
pub struct OwnListener {
    path: PathBuf,
    sid: String,
    descriptor: Descriptor,
    /// The instance that waits for the next caller.
    waiting: Mutex<NamedPipeServer>,
}

impl OwnListener {
    /// Opens the pipe.
    ///
    /// # Errors
    /// [`ListenError::Answered`] when somebody has a pipe of that name.
    pub async fn open(path: &Path) -> Result<Self, ListenError> {
        let io = |source| ListenError::Io {
            path: path.to_owned(),
            source,
        };
        let sid = own_sid().map_err(io)?;
        // All for this user, nothing for anybody else, nothing for whoever has
        // less than medium integrity, to read neither.
        let descriptor = Descriptor::parse(&format!(
            "O:{sid}G:{sid}D:P(A;;GA;;;{sid})S:(ML;;NRNWNX;;;ME)"
        ))
        .map_err(io)?;
        let waiting = instance(path, &descriptor, true).map_err(|source| {
            if is(&source, ERROR_ACCESS_DENIED) || is(&source, ERROR_PIPE_BUSY) {
                ListenError::Answered(path.to_owned())
            } else {
                io(source)
            }
        })?;
        Ok(Self {
            path: path.to_owned(),
            sid,
            descriptor,
            waiting: Mutex::new(waiting),
        })
    }

    /// Nobody hands over a pipe on this system.
    ///
    /// # Errors
    /// None.
    pub fn handed_over(_path: &Path) -> Result<Option<Self>, ListenError> {
        Ok(None)
    }

    /// Whether callers still find it: a pipe's name cannot be taken away.
    #[must_use]
    pub fn is_in_place(&self) -> bool {
        true
    }

    /// The next caller of this user, and which program it is.
    ///
    /// # Errors
    /// The system cannot accept, for example because no memory is left.
    pub async fn accept_peer(&self) -> io::Result<(Stream, Peer)> {
        loop {
            // Whoever stops waiting here leaves the instance where it is.
            let mut waiting = self.waiting.lock().await;
            if let Err(error) = waiting.connect().await {
                waiting.disconnect()?;
                if is(&error, ERROR_NO_DATA) {
                    // A caller has come and left: the instance is free again.
                    continue;
                }
                return Err(error);
            }
            let next = instance(&self.path, &self.descriptor, false)?;
            let stream = std::mem::replace(&mut *waiting, next);
            drop(waiting);
            match peer_of(&stream, &self.sid) {
                Ok(peer) => return Ok((Stream(End::Agent(stream)), peer)),
                Err(error) => tracing::warn!(%error, "a caller was refused"),
            }
        }
    }
}

fn instance(path: &Path, descriptor: &Descriptor, is_first: bool) -> io::Result<NamedPipeServer> {
    let mut attributes = descriptor.attributes();
    // SAFETY: the attributes and their descriptor outlive the call.
    unsafe {
        ServerOptions::new()
            .first_pipe_instance(is_first)
            .reject_remote_clients(true)
            .create_with_security_attributes_raw(path, (&raw mut attributes).cast())
    }
}

/// The list of rights has let nobody else in; this is the second look.
fn peer_of(stream: &NamedPipeServer, own: &str) -> io::Result<Peer> {
    let mut pid = 0;
    // SAFETY: the pipe is open; the number may be written.
    checked(unsafe { GetNamedPipeClientProcessId(stream.as_raw_handle(), &raw mut pid) })?;
    let process = Process::with_id(pid)?;
    if process.sid()? != own {
        return Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            "it belongs to another user",
        ));
    }
    Ok(Peer {
        pid: Some(pid),
        program: process.program(),
        started: process.started(),
    })
}

/// Opens a connection to this user's own agent.
///
/// # Errors
/// [`ConnectError`]; a [`ConnectError::Stranger`] has been told nothing, and
/// cannot act in this user's name.
pub async fn connect(socket: &Path) -> Result<Stream, ConnectError> {
    let unusable = |source| ConnectError::Unusable {
        socket: socket.to_owned(),
        source,
    };
    let opened = tokio::time::timeout(TURN, open(socket)).await;
    let client = match opened {
        Ok(Ok(client)) => client,
        Ok(Err(source)) if is(&source, ERROR_FILE_NOT_FOUND) => {
            return Err(ConnectError::NotRunning {
                socket: socket.to_owned(),
                source,
            });
        }
        Ok(Err(source)) => return Err(unusable(source)),
        Err(_) => return Err(unusable(io::ErrorKind::TimedOut.into())),
    };
    let own = own_sid().map_err(unusable)?;
    if !is_served_by(&client, &own).map_err(unusable)? {
        return Err(ConnectError::Stranger {
            why: "it belongs to another user".to_owned(),
        });
    }
    Ok(Stream(End::Caller(client)))
}

async fn open(socket: &Path) -> io::Result<NamedPipeClient> {
    loop {
        // The other side may learn who calls, and no more: it cannot act as
        // this user. That is how the options begin.
        match ClientOptions::new().open(socket) {
            Err(error) if is(&error, ERROR_PIPE_BUSY) => {}
            outcome => return outcome,
        }
        let name = text::wide(socket);
        let turn = tokio::task::spawn_blocking(move || {
            // SAFETY: the name ends in a zero.
            checked(unsafe { WaitNamedPipeW(name.as_ptr(), 1000) })
        });
        match turn.await.map_err(io::Error::other)? {
            Err(error) if !is(&error, ERROR_SEM_TIMEOUT) => return Err(error),
            _ => {}
        }
    }
}

/// Nobody can give an object of theirs to another user.
fn is_served_by(client: &NamedPipeClient, own: &str) -> io::Result<bool> {
    let handle = client.as_raw_handle();
    // SAFETY: the pipe is open as long as `client` is borrowed.
    let borrowed = unsafe { BorrowedHandle::borrow_raw(handle) };
    if owner_of(borrowed.as_handle())? != own {
        return Ok(false);
    }
    let mut pid = 0;
    // SAFETY: the pipe is open; the number may be written.
    checked(unsafe { GetNamedPipeServerProcessId(handle, &raw mut pid) })?;
    Ok(Process::with_id(pid)?.sid()? == own)
}

fn is(error: &io::Error, code: u32) -> bool {
    error
        .raw_os_error()
        .is_some_and(|found| found.cast_unsigned() == code)
}

#[cfg(test)]
mod tests {
    use super::{OwnListener, connect, instance, is};
    use crate::directories::Directories;
    use crate::socket::{ConnectError, ListenError};
    use crate::windows::process::own_sid;
    use crate::windows::security::{Descriptor, allowed_on, owner_of};
    use std::os::windows::io::{AsRawHandle, BorrowedHandle};
    use std::path::PathBuf;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::windows::named_pipe::ClientOptions;
    use windows_sys::Win32::Foundation::ERROR_INVALID_OWNER;

    fn pipe() -> (tempfile::TempDir, PathBuf) {
        let home = tempfile::tempdir().expect("made");
        let path = Directories::under(home.path()).expect("found").socket();
        (home, path)
    }

    #[tokio::test]
    async fn a_caller_is_known_by_its_program_and_heard_when_it_speaks() {
        let (_home, path) = pipe();
        let error = connect(&path).await.expect_err("nobody is there");
        assert!(
            matches!(error, ConnectError::NotRunning { .. }),
            "{error:?}"
        );
        let listener = OwnListener::open(&path).await.expect("opened");
        let mut caller = connect(&path).await.expect("connected");
        let (mut stream, peer) = listener.accept_peer().await.expect("a caller");
        assert_eq!(peer.pid, Some(std::process::id()));
        let program = peer.program.expect("a program");
        let own = std::env::current_exe().expect("this test");
        assert_eq!(program.file_name(), own.file_name());
        assert!(peer.started.is_some_and(|at| at > 0));

        caller.write_all(b"hello").await.expect("sent");
        stream.readable().await.expect("something was said");
        let mut heard = [0_u8; 5];
        stream.read_exact(&mut heard).await.expect("all of it");
        assert_eq!(&heard, b"hello");
        stream.write_all(b"good bye").await.expect("sent");
        stream.shutdown().await.expect("sent");
        drop(stream);
        let mut answer = String::new();
        caller.read_to_string(&mut answer).await.expect("the end");
        assert_eq!(answer, "good bye");
    }

    #[tokio::test]
    async fn the_pipe_is_this_users_and_lets_nobody_else_in() {
        let (_home, path) = pipe();
        let _listener = OwnListener::open(&path).await.expect("opened");
        let caller = ClientOptions::new().open(&path).expect("connected");
        // SAFETY: the pipe is open as long as `caller` lives.
        let handle = unsafe { BorrowedHandle::borrow_raw(caller.as_raw_handle()) };
        let own = own_sid().expect("a user");
        assert_eq!(owner_of(handle).expect("an owner"), own);
        let everything = u32::MAX;
        let allowed = allowed_on(handle, everything).expect("a list");
        assert_eq!(allowed, Some(vec![own]));
    }

    #[tokio::test]
    async fn nothing_is_told_to_a_pipe_of_somebody_else() {
        let (_home, path) = pipe();
        let descriptor = Descriptor::parse("O:SYG:SYD:(A;;GA;;;WD)").expect("a list");
        let strangers = match instance(&path, &descriptor, true) {
            Ok(strangers) => strangers,
            // Windows lets nobody make what belongs to another; Wine does.
            Err(error) if is(&error, ERROR_INVALID_OWNER) => return,
            Err(error) => panic!("{error}"),
        };
        let error = connect(&path).await.expect_err("somebody else's");
        assert!(matches!(error, ConnectError::Stranger { .. }), "{error:?}");
        drop(strangers);
    }

    #[tokio::test]
    async fn a_pipe_that_is_taken_is_left_alone() {
        // Wine 8 takes a second first instance, which Windows refuses.
        if std::env::var_os("WINEUSERNAME").is_some() {
            return;
        }
        let (_home, path) = pipe();
        let _listener = OwnListener::open(&path).await.expect("opened");
        let error = OwnListener::open(&path).await.expect_err("taken");
        assert!(matches!(error, ListenError::Answered(_)), "{error:?}");
    }

    #[tokio::test]
    async fn many_callers_get_in_each_in_turn() {
        let (_home, path) = pipe();
        let listener = OwnListener::open(&path).await.expect("opened");
        let serve = async {
            for _ in 0..8 {
                let (mut stream, _) = listener.accept_peer().await.expect("a caller");
                let byte = stream.read_u8().await.expect("a byte");
                stream.write_u8(byte + 1).await.expect("sent");
                stream.flush().await.expect("sent");
            }
        };
        let call = async {
            for number in 0..8 {
                let mut caller = connect(&path).await.expect("its turn");
                caller.write_u8(number).await.expect("sent");
                assert_eq!(caller.read_u8().await.expect("an answer"), number + 1);
            }
        };
        tokio::join!(serve, call);
        drop(listener);
        let error = connect(&path).await.expect_err("nobody is there");
        assert!(
            matches!(error, ConnectError::NotRunning { .. }),
            "{error:?}"
        );
    }

    #[tokio::test]
    async fn a_caller_that_leaves_at_once_keeps_nobody_else_out() {
        let (_home, path) = pipe();
        let listener = OwnListener::open(&path).await.expect("opened");
        for _ in 0..3 {
            drop(connect(&path).await.expect("connected"));
            let mut caller = tokio::spawn({
                let path = path.clone();
                async move {
                    let mut caller = connect(&path).await.expect("its turn");
                    caller.write_u8(7).await.expect("sent");
                    caller
                }
            });
            loop {
                let (mut stream, _) = listener.accept_peer().await.expect("a caller");
                // The first has left, and nothing can be read from it.
                if stream.read_u8().await.is_ok_and(|byte| byte == 7) {
                    break;
                }
            }
            (&mut caller).await.expect("sent");
        }
    }

    #[tokio::test]
    async fn waiting_for_a_caller_may_be_given_up_and_begun_again() {
        let (_home, path) = pipe();
        let listener = OwnListener::open(&path).await.expect("opened");
        for _ in 0..3 {
            tokio::select! {
                biased;
                _ = listener.accept_peer() => panic!("nobody has called"),
                () = tokio::task::yield_now() => {}
            }
        }
        let (caller, accepted) = tokio::join!(connect(&path), listener.accept_peer());
        let mut caller = caller.expect("connected");
        let (mut stream, _) = accepted.expect("a caller");
        caller.write_u8(9).await.expect("sent");
        assert_eq!(stream.read_u8().await.expect("heard"), 9);
    }
}
