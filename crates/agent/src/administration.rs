//! Administration: a sign-in of its own, for one connection to the agent.
//!
//! The agent's session is an ordinary user's, whoever that user is. Whoever
//! administers signs in for that, on a connection of their own: it lasts 15
//! minutes, nothing renews it, no other connection has it, and it ends with
//! the connection. What is left of it on a connection that stays open is that
//! nothing is done there any more by mistake with the ordinary session.

use crate::agent::SharedAgent;
use crate::callers::Line;
use crate::list::Entry;
use crate::refusal::Refusal;
use crate::seat::Seat;
use chancery_client::remote::RemoteErrorKind;
use chancery_proto::error::agent_codes;
use chancery_proto::local::{Administration, AdministrationRequest, Person};
use chancery_proto::secret::Secret;
use http::StatusCode;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

/// It ends after so long, used or not.
const LENGTH: Duration = Duration::from_secs(15 * 60);

/// Whether a connection administers.
#[derive(Debug, Default)]
pub(crate) enum Administered {
    /// It never did.
    #[default]
    No,
    /// It does.
    As(Arc<Grant>),
    /// Its time ran out, or the server ended it.
    Over,
    /// The connection is closed.
    Gone,
}

/// What somebody who administers has been given.
#[derive(Debug)]
pub(crate) struct Grant {
    pub(crate) entry: Entry,
    pub(crate) seat: Arc<Seat>,
    pub(crate) token: Secret,
    until: Duration,
}

/// Signs in for administration on that connection.
pub(crate) async fn begin(
    agent: &SharedAgent,
    line: &Arc<Line>,
    viewed: Option<&str>,
    asked: AdministrationRequest,
) -> Result<Administration, Refusal> {
    if asked.user.trim().is_empty() {
        return Err(Refusal::bad_request("“user” is missing: who administers?"));
    }
    if asked.password.reveal().is_empty() {
        return Err(Refusal::bad_request(
            "“password” is missing. Administration always needs one.",
        ));
    }
    let entry = agent.meant(viewed)?;
    agent.permit(&entry.address)?;
    refuse_disconnected(agent, &entry)?;
    // The sign-in is carried to its end even when the caller leaves meanwhile:
    // what the server granted has to be given back.
    let work = tokio::spawn(grant(Arc::clone(agent), Arc::clone(line), entry, asked));
    work.await
        .unwrap_or_else(|error| Err(Refusal::internal(&error)))
}

async fn grant(
    agent: SharedAgent,
    line: Arc<Line>,
    entry: Entry,
    asked: AdministrationRequest,
) -> Result<Administration, Refusal> {
    let seat = agent.seat(&entry)?;
    let device = &agent.surroundings.device;
    let granted = seat
        .remote
        .sign_in_to_administer(asked.user.trim(), &asked.password, device)
        .await
        .map_err(|error| match error.kind {
            RemoteErrorKind::Refused {
                status: StatusCode::FORBIDDEN,
            } => {
                seat.reached();
                Refusal::forbidden(format!(
                    "{} is no administrator of {}. Sign in as one.",
                    asked.user.trim(),
                    entry.name
                ))
            }
            _ => seat.failed(&error),
        })?;
    seat.reached();
    let clock = &agent.surroundings.clock;
    let length = granted.idle.map_or(LENGTH, |idle| idle.min(LENGTH));
    let until = clock.now().plus(length);
    let grant = Arc::new(Grant {
        entry: entry.clone(),
        seat,
        token: granted.token,
        until: clock.monotonic() + length,
    });
    let before = {
        let mut administered = state(&line);
        match &*administered {
            Administered::Gone => Administered::As(Arc::clone(&grant)),
            _ => std::mem::replace(&mut *administered, Administered::As(Arc::clone(&grant))),
        }
    };
    agent.callers.administers(&line, Some(until));
    agent.surroundings.changed.notify_one();
    tracing::info!(server = %entry.name, "a caller administers");
    give_back(before).await;
    Ok(Administration {
        user: Person {
            id: granted.user_id,
            name: granted.name,
        },
        server: agent.shown(&entry),
        until,
    })
}

/// With what a call on that connection is made: none is the ordinary session.
pub(crate) fn granted(agent: &SharedAgent, line: &Line) -> Result<Option<Arc<Grant>>, Refusal> {
    let grant = match &*state(line) {
        Administered::No | Administered::Gone => return Ok(None),
        Administered::Over => return Err(over()),
        Administered::As(grant) => Arc::clone(grant),
    };
    if grant.until <= agent.surroundings.clock.monotonic() {
        end_due(agent);
        return Err(over());
    }
    agent.permit(&grant.entry.address)?;
    refuse_disconnected(agent, &grant.entry)?;
    Ok(Some(grant))
}

/// The server does not know that sign-in any more.
pub(crate) fn refused(agent: &SharedAgent, line: &Line) -> Refusal {
    replace(agent, line, Administered::Over);
    over()
}

/// The person ends it: the connection is an ordinary one again.
pub(crate) async fn end(agent: &SharedAgent, line: &Line) {
    give_back(replace(agent, line, Administered::No)).await;
}

/// The connection is closed.
pub(crate) async fn gone(agent: &SharedAgent, line: &Line) {
    give_back(replace(agent, line, Administered::Gone)).await;
}

/// Ends all of them at a server that the person leaves.
pub(crate) fn end_at(agent: &SharedAgent, server: &str) {
    end_those(agent, |grant| grant.entry.id == server);
}

/// Ends those whose time has come.
pub(crate) fn end_due(agent: &SharedAgent) {
    let now = agent.surroundings.clock.monotonic();
    end_those(agent, |grant| grant.until <= now);
}

/// When the next one ends by itself.
pub(crate) fn next_end(agent: &SharedAgent) -> Option<Duration> {
    let lines = agent.callers.lines();
    let ends = lines.iter().filter_map(|line| match &*state(line) {
        Administered::As(grant) => Some(grant.until),
        _ => None,
    });
    ends.min()
}

fn end_those(agent: &SharedAgent, meant: impl Fn(&Grant) -> bool) {
    for line in agent.callers.lines() {
        let is_meant = matches!(&*state(&line), Administered::As(grant) if meant(grant));
        if is_meant {
            let before = replace(agent, &line, Administered::Over);
            tokio::spawn(give_back(before));
        }
    }
}

fn state(line: &Line) -> MutexGuard<'_, Administered> {
    line.administered
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
}

fn replace(agent: &SharedAgent, line: &Line, now: Administered) -> Administered {
    let before = std::mem::replace(&mut *state(line), now);
    agent.callers.administers(line, None);
    before
}

async fn give_back(before: Administered) {
    if let Administered::As(grant) = before {
        grant.seat.say_farewell(Some(&grant.token), None).await;
    }
}

fn refuse_disconnected(agent: &SharedAgent, entry: &Entry) -> Result<(), Refusal> {
    let is_active = agent.active().is_some_and(|active| active.id == entry.id);
    if is_active && !agent.wants_connection() {
        return Err(Refusal::disconnected(&entry.name));
    }
    Ok(())
}

fn over() -> Refusal {
    Refusal::new(
        StatusCode::UNAUTHORIZED,
        agent_codes::ADMINISTRATION_OVER,
        "The administration on this connection is over; it lasts 15 minutes at most. Nothing was sent. Sign in for it again.",
    )
}
