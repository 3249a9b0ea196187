//! Who calls: every connection to the agent belongs to a process, by the word
//! of the operating system, and the person can stop any of them.

use crate::core::callers::{Entered, LineId, Table, Who};
use crate::grant::Administered;
use bytes::Bytes;
use chancery_client::local::{Body, BoxError};
use chancery_platform::socket::Peer;
use chancery_proto::clock::{SharedClock, Timestamp};
use chancery_proto::headers::APPLICATION;
use chancery_proto::label;
use chancery_proto::local::Uses;
use http::{HeaderMap, Response};
use http_body_util::BodyExt as _;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use tokio::sync::Notify;

/// More connections than that are never open at a time.
const MOST: u64 = 2_048;
/// With so many file handles, whoever calls can still be answered.
const LEAST: u64 = 64;
/// File handles that are needed whether anybody calls or not.
const OWN_FILES: u64 = 128;

/// All who call the agent.
#[derive(Debug)]
pub(crate) struct Callers {
    clock: SharedClock,
    inside: Mutex<Inside>,
    /// Told when there may be room again.
    room: Notify,
}

#[derive(Debug)]
struct Inside {
    table: Table,
    lines: HashMap<LineId, Arc<Line>>,
}

/// One connection to the agent.
#[derive(Debug)]
pub(crate) struct Line {
    id: LineId,
    /// The person stopped the process that it belongs to.
    stopped: AtomicBool,
    hang_up: Notify,
    pub(crate) administered: Mutex<Administered>,
}

impl Callers {
    /// For a process that may have so many files open.
    pub(crate) fn new(open_files: u64, clock: SharedClock) -> Self {
        // A call on its way has one handle here and one toward the server.
        let most = (open_files.saturating_sub(OWN_FILES) / 2).clamp(LEAST, MOST);
        Self {
            clock,
            inside: Mutex::new(Inside {
                table: Table::new(usize::try_from(most).unwrap_or(usize::MAX)),
                lines: HashMap::new(),
            }),
            room: Notify::new(),
        }
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Resolves when another connection can be let in.
    pub(crate) async fn room(&self) {
        loop {
            let told = self.room.notified();
            if self.inside().table.has_room() {
                return;
            }
            told.await;
        }
    }

    /// Lets a connection in. When there are too many, one that lies idle is
    /// closed instead.
    pub(crate) fn enter(&self, peer: &Peer) -> Arc<Line> {
        let who = Who {
            pid: peer.pid,
            started: peer.started,
        };
        let program = peer.program.as_deref();
        let program = program.map(|path| path.to_string_lossy().into_owned());
        let (now, wall) = (self.clock.monotonic(), self.clock.now());
        let mut inside = self.inside();
        let Entered {
            line,
            stopped,
            instead_of,
        } = inside.table.enter(who, program, now, wall);
        if let Some(closed) = instead_of.and_then(|id| inside.lines.remove(&id)) {
            closed.hang_up.notify_one();
        }
        let entered = Arc::new(Line {
            id: line,
            stopped: AtomicBool::new(stopped),
            hang_up: Notify::new(),
            administered: Mutex::default(),
        });
        inside.lines.insert(line, Arc::clone(&entered));
        entered
    }

    /// A connection ended.
    pub(crate) fn leave(&self, line: &Line) {
        let mut inside = self.inside();
        inside.table.leave(line.id);
        inside.lines.remove(&line.id);
        drop(inside);
        self.room.notify_one();
    }

    /// A request came. It is under way until what this gives is dropped.
    pub(crate) fn begin(self: &Arc<Self>, line: &Line, is_call: bool) -> UnderWay {
        let wall = self.clock.now();
        let mut inside = self.inside();
        let process = inside.table.process_of(line.id);
        inside.table.begin(line.id, is_call, wall);
        UnderWay {
            callers: Arc::clone(self),
            line: line.id,
            process,
            is_call,
        }
    }

    /// What the caller calls itself, if this is the first time it does.
    pub(crate) fn first_named(&self, line: &Line, headers: &HeaderMap) -> Option<String> {
        let name = called(headers)?;
        self.inside().table.name(line.id, &name).then_some(name)
    }

    /// Until when a connection administers, for whoever looks.
    pub(crate) fn administers(&self, line: &Line, until: Option<Timestamp>) {
        self.inside().table.administers(line.id, until);
    }

    /// Every connection there is.
    pub(crate) fn lines(&self) -> Vec<Arc<Line>> {
        self.inside().lines.values().cloned().collect()
    }

    /// Who uses the connection.
    pub(crate) fn uses(&self) -> Uses {
        let lives = |who: Who| {
            let peer = Peer {
                pid: who.pid,
                started: who.started,
                program: None,
            };
            peer.lives()
        };
        self.inside().table.uses(lives)
    }

    /// Closes a process's connections and refuses it from now on. The
    /// connection on which that is asked is answered first. False where there
    /// is no such process.
    pub(crate) fn stop(&self, id: &str, asking: &Line) -> bool {
        let mut inside = self.inside();
        let Some(lines) = inside.table.stop(id) else {
            return false;
        };
        for line in lines.iter().filter_map(|id| inside.lines.get(id)) {
            line.stopped.store(true, Ordering::Relaxed);
            if line.id != asking.id {
                line.hang_up.notify_one();
            }
        }
        true
    }
}

impl Line {
    /// Whether the person stopped the process that calls.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// Resolves when the connection has to be closed at once.
    pub(crate) async fn hung_up(&self) {
        self.hang_up.notified().await;
    }
}

/// What the caller calls itself. Untrusted.
pub(crate) fn called(headers: &HeaderMap) -> Option<String> {
    let said = headers.get(APPLICATION)?;
    label::shown(std::str::from_utf8(said.as_bytes()).ok()?)
}

/// A request that was begun.
#[derive(Debug)]
pub(crate) struct UnderWay {
    callers: Arc<Callers>,
    line: LineId,
    process: Option<u64>,
    is_call: bool,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let Some(process) = self.process else {
            return;
        };
        let now = self.callers.clock.monotonic();
        let mut inside = self.callers.inside();
        inside.table.end(self.line, process, self.is_call, now);
        drop(inside);
        self.callers.room.notify_one();
    }
}

/// An answer that is under way until its last byte is sent.
pub(crate) fn tracked(answer: Response<Body>, under_way: UnderWay) -> Response<Body> {
    answer.map(|body| {
        Tracked {
            body,
            _under_way: under_way,
        }
        .boxed_unsync()
    })
}

struct Tracked {
    body: Body,
    _under_way: UnderWay,
}

impl HttpBody for Tracked {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Pin::new(&mut self.get_mut().body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
