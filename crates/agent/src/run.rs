//! The agent's process: the only one of its user, until it is told to end.

use crate::administration;
use crate::agent::{Agent, SharedAgent};
use crate::callers::Line;
use crate::door::Door;
use crate::run_error::RunError;
use crate::{ahead, local_api, upkeep};
use chancery_client::local::Agent as OtherAgent;
use chancery_platform::agent_process::{announce_ready, is_on_demand};
use chancery_platform::clock;
use chancery_platform::directories::Directories;
use chancery_platform::machine;
use chancery_platform::singleton::{SingletonError, SingletonLock};
use chancery_platform::socket::{OwnListener, Peer, Stream};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinSet;

/// Headers have to come within that time.
const HEADERS: Duration = Duration::from_secs(30);
/// When the agent ends, calls under way get so long.
const GRACE: Duration = Duration::from_secs(10);
/// An agent that is just starting answers within that time, and one that is
/// ending has ended.
const OTHER: Duration = Duration::from_secs(15);
/// After a failed accept the next is tried after so long.
const BREATH: Duration = Duration::from_millis(50);

/// How the agent runs.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// Whose agent it is.
    pub directories: Directories,
}

/// Is the agent until it is told to end, by a signal or by `stop`.
///
/// Started on demand while another agent of this user runs, it waits until
/// that one answers and is content.
///
/// # Errors
/// [`RunError`]; its text is a sentence for a person.
pub fn run_blocking(options: RunOptions) -> Result<(), RunError> {
    let directories = options.directories;
    start_log();
    directories.prepare_runtime()?;
    directories.prepare_kept()?;
    if is_on_demand() {
        machine::leave_terminal();
    }
    // One thread: what passes through is handed from one connection to another
    // all the time, and between threads that takes longer than the work does.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .max_blocking_threads(16)
        .thread_keep_alive(Duration::from_secs(5))
        .enable_all()
        .build()?;
    let outcome = runtime.block_on(async {
        match SingletonLock::acquire(&directories.lock()) {
            Ok(lock) => run(&directories, lock).await,
            Err(SingletonError::Held { .. }) if is_on_demand() => {
                match wait_for_other(&directories).await? {
                    None => Ok(()),
                    Some(lock) => run(&directories, lock).await,
                }
            }
            Err(error) => Err(error.into()),
        }
    });
    runtime.shutdown_timeout(Duration::from_secs(1));
    outcome
}

fn start_log() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("CHANCERY_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    let started = tracing_subscriber::fmt()
        .compact()
        .with_ansi(false)
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .try_init();
    // A log that is there already stays.
    drop(started);
}

/// Two programs that start the agent at once both end up with the same one.
/// The other one may also be just about to end: then its place is taken.
async fn wait_for_other(directories: &Directories) -> Result<Option<SingletonLock>, RunError> {
    let other = OtherAgent::at(directories.socket());
    let settled = async {
        loop {
            if other.hello().await.is_ok() {
                announce_ready();
                return Ok(None);
            }
            match SingletonLock::acquire(&directories.lock()) {
                Ok(lock) => return Ok(Some(lock)),
                Err(SingletonError::Held { .. }) => tokio::time::sleep(BREATH).await,
                Err(error) => return Err(error.into()),
            }
        }
    };
    match tokio::time::timeout(OTHER, settled).await {
        Ok(outcome) => outcome,
        Err(_) => Err(RunError::Running(SingletonError::Held { pid: None })),
    }
}

async fn run(directories: &Directories, lock: SingletonLock) -> Result<(), RunError> {
    let mut door = Door::open(directories, lock).await?;
    let agent = Arc::new(Agent::open(directories, clock::system())?);
    let upkeep = tokio::spawn(upkeep::run(Arc::clone(&agent)));
    ahead::start(&agent);
    tracing::info!("the agent answers");
    announce_ready();
    serve(&agent, &mut door).await;
    // Nobody new gets in from here on; another agent may start.
    let lock = door.close();
    agent.stopping.send_replace(true);
    for seat in agent.all_seats() {
        seat.close().await;
    }
    upkeep.abort();
    drop(lock);
    tracing::info!("the agent ends");
    Ok(())
}

async fn serve(agent: &SharedAgent, door: &mut Door<'_>) {
    let mut stopping = agent.stopping.subscribe();
    let mut connections = JoinSet::new();
    let asked_to_end = machine::asked_to_end();
    tokio::pin!(asked_to_end);
    loop {
        tokio::select! {
            // What has ended is cleared away before anybody new comes.
            biased;
            _ = stopping.changed() => break,
            outcome = &mut asked_to_end => {
                if let Err(error) = outcome {
                    tracing::warn!(%error, "signals cannot be listened to");
                }
                agent.stopping.send_replace(true);
                break;
            }
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            () = door.lost() => {
                if let Err(error) = door.restore().await {
                    tracing::warn!(%error, "callers cannot find this agent any more, so it ends");
                    agent.stopping.send_replace(true);
                    break;
                }
                tracing::warn!("somebody had removed the agent's socket or its lock");
                tokio::time::sleep(BREATH).await;
            }
            accepted = next(agent, &door.listener) => match accepted {
                Ok((stream, peer)) => {
                    let line = agent.callers.enter(&peer);
                    connections.spawn(connection(Arc::clone(agent), line, stream));
                }
                Err(error) => {
                    tracing::warn!(%error, "a caller could not be let in");
                    tokio::time::sleep(BREATH).await;
                }
            },
        }
    }
    let finish = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(GRACE, finish).await.is_err() {
        tracing::warn!("calls were still under way when the agent ended");
    }
}

/// The next caller, as soon as there is room for one.
async fn next(agent: &SharedAgent, listener: &OwnListener) -> io::Result<(Stream, Peer)> {
    agent.callers.room().await;
    listener.accept_peer().await
}

/// One caller's connection, to its end.
async fn connection(agent: SharedAgent, line: Arc<Line>, stream: Stream) {
    tokio::select! {
        () = converse(&agent, &line, stream) => {}
        () = line.hung_up() => {}
    }
    agent.callers.leave(&line);
    administration::gone(&agent, &line).await;
}

async fn converse(agent: &SharedAgent, line: &Arc<Line>, stream: Stream) {
    // Whoever connects and says nothing costs a handle and no buffer.
    tokio::select! {
        readable = stream.readable() => if readable.is_err() { return },
        () = agent.stops() => return,
    }
    // Only a conversation needs room for one.
    Box::pin(talk(agent, line, stream)).await;
}

pub(crate) async fn talk(
    agent: &SharedAgent,
    line: &Arc<Line>,
    stream: impl AsyncRead + AsyncWrite + Unpin,
) {
    let service = service_fn(|request| {
        let (agent, line) = (Arc::clone(agent), Arc::clone(line));
        async move { Ok::<_, Infallible>(local_api::answer(agent, line, request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS)
        .max_buf_size(256 * 1024)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let outcome = tokio::select! {
        outcome = connection.as_mut() => outcome,
        () = agent.stops() => {
            connection.as_mut().graceful_shutdown();
            connection.as_mut().await
        }
    };
    if let Err(error) = outcome {
        tracing::debug!(%error, "a caller's connection broke");
    }
}
