//! The agent's socket: only this user, by the word of the kernel.

use crate::machine::own_uid;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tokio::net::{UnixListener, UnixStream};

/// A socket that lets only one user in.
#[derive(Debug)]
pub struct OwnListener {
    listener: UnixListener,
    path: PathBuf,
    uid: u32,
}

/// Why the socket could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Something answers there already.
    #[error("Something already answers at “{}”.", .0.display())]
    Answered(PathBuf),
    /// Something that is no socket stands there.
    #[error("“{}” is in the way and is no socket. Remove it and start again.", .0.display())]
    InTheWay(PathBuf),
    /// The system refused.
    #[error("The socket “{}” cannot be opened: {source}.", path.display())]
    Io {
        /// The socket's path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
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
                use std::os::unix::fs::FileTypeExt;
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
        let listener = UnixListener::bind(path).map_err(io)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).map_err(io)?;
        Ok(Self {
            listener,
            path: path.to_owned(),
            uid: own_uid(),
        })
    }

    /// The next caller of this user. Callers of any other user, root
    /// included, are hung up on and never seen.
    ///
    /// # Errors
    /// The system cannot accept, for example because no file handle is left.
    pub async fn accept(&self) -> io::Result<UnixStream> {
        loop {
            let (stream, _) = self.listener.accept().await?;
            match stream.peer_cred() {
                Ok(peer) if is_admitted(self.uid, peer.uid()) => return Ok(stream),
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
        // A socket that stays behind is tried and removed by the next agent.
        let _gone = std::fs::remove_file(&self.path);
    }
}

/// Only the same user: root is somebody else.
fn is_admitted(own: u32, peer: u32) -> bool {
    own == peer
}

#[cfg(test)]
mod tests {
    use super::{ListenError, OwnListener, is_admitted};
    use std::os::unix::fs::PermissionsExt;

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
        let stale = std::os::unix::net::UnixListener::bind(&path).expect("bound");
        drop(stale);
        let listener = OwnListener::open(&path).await.expect("opened");
        let mode = std::fs::metadata(&path)
            .expect("there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        drop(listener);
        assert!(!path.exists());
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
}
