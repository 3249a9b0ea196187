//! One add-on's conversation: requests side by side, and events between the
//! answers.

use super::carrying_out::carry_out;
use super::framing::FrameError;
use super::reply::{Reply, Told};
use super::request::{self, NoRequest, Wanted};
use super::watching::watch;
use std::sync::Arc;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;

/// More than a menu can ask for at once.
const AT_ONCE: usize = 32;

/// Serves until the add-on hangs up, or says what is no message.
pub(super) async fn serve(
    application: &'static str,
    mut incoming: mpsc::Receiver<Result<Vec<u8>, FrameError>>,
    outgoing: mpsc::Sender<Reply>,
) -> Result<(), FrameError> {
    let mut under_way = JoinSet::new();
    let mut watcher = JoinSet::new();
    let agent_used = Arc::new(Notify::new());
    loop {
        let message = tokio::select! {
            message = incoming.recv() => message,
            Some(_) = under_way.join_next() => continue,
            () = outgoing.closed() => return Ok(()),
        };
        let request = match message {
            None => return Ok(()),
            Some(Err(error)) => {
                tell(&outgoing, no_request(None, &error.to_string())).await;
                return Err(error);
            }
            Some(Ok(message)) => request::read(&message),
        };
        match request {
            Err(NoRequest { id, why }) => tell(&outgoing, no_request(id, why)).await,
            Ok(request) if under_way.len() >= AT_ONCE => {
                let why = "Too much was asked for at once. Try again.";
                tell(&outgoing, no_request(Some(request.id), why)).await;
            }
            Ok(request) => {
                if request.wanted == Wanted::Watch && watcher.is_empty() {
                    watcher.spawn(watch(
                        application,
                        outgoing.clone(),
                        Arc::clone(&agent_used),
                    ));
                }
                let (outgoing, agent_used) = (outgoing.clone(), Arc::clone(&agent_used));
                under_way.spawn(async move {
                    let id = request.id;
                    let reply = match carry_out(application, request.wanted).await {
                        Ok(done) => Reply::Done { id, done },
                        Err(error) => Reply::Error {
                            id: Some(id),
                            error,
                        },
                    };
                    // Whatever it was, an agent may run now.
                    agent_used.notify_one();
                    tell(&outgoing, reply).await;
                });
            }
        }
    }
}

/// Nobody is told anything any more when the add-on has hung up.
async fn tell(outgoing: &mpsc::Sender<Reply>, reply: Reply) {
    let _gone = outgoing.send(reply).await;
}

fn no_request(id: Option<u32>, why: &str) -> Reply {
    Reply::Error {
        id,
        error: Told {
            code: "BAD_REQUEST".to_owned(),
            message: why.to_owned(),
        },
    }
}
