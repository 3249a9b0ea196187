//! Administration: a sign-in of its own, for one connection to the agent.
//!
//! The agent's session is an ordinary user's, whoever that user is. Whoever
//! administers signs in for that, on a connection of their own: it lasts 15
//! minutes, nothing renews it, no other connection has it, and it ends with
//! the connection. What is left of it on a connection that stays open is that
//! nothing is done there any more by mistake with the ordinary session.

use crate::agent::SharedAgent;
use crate::callers::Line;
use crate::grant::{Administered, Grant};
use crate::list::Entry;
use crate::refusal::Refusal;
use chancery_client::remote::RemoteErrorKind;
use chancery_proto::error::agent_codes;
use chancery_proto::label::shown;
use chancery_proto::local::{Administration, AdministrationRequest, Person};
use http::StatusCode;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

/// It ends after so long, used or not.
const LENGTH: Duration = Duration::from_secs(15 * 60);

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
            name: shown(&granted.name).unwrap_or_else(|| granted.user_id.clone()),
            id: granted.user_id,
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
        // Seldom, so that every other connection is smaller without it.
        Box::pin(grant.seat.say_farewell(Some(&grant.token), None)).await;
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

#[cfg(test)]
mod tests {
    use super::{LENGTH, granted, next_end, state};
    use crate::agent::{Agent, SharedAgent};
    use crate::callers::Line;
    use crate::grant::{Administered, Grant};
    use crate::list::Entry;
    use crate::upkeep;
    use chancery_platform::directories::Directories;
    use chancery_platform::socket::Peer;
    use chancery_proto::clock::{ManualClock, Timestamp};
    use chancery_proto::error::agent_codes;
    use std::sync::Arc;
    use std::time::Duration;
    use tempfile::TempDir;

    /// A connection that administers from now on, at a server that is away.
    fn administering() -> (SharedAgent, Arc<Line>, Arc<ManualClock>, TempDir) {
        let home = tempfile::tempdir().expect("made");
        let directories = Directories::under(home.path()).expect("found");
        directories.prepare_kept().expect("made");
        let clock = ManualClock::starting_at(Timestamp(0));
        let agent = Arc::new(Agent::open(&directories, clock.clone()).expect("opened"));
        let entry = Entry {
            id: "work".to_owned(),
            name: "Work".to_owned(),
            address: "http://127.0.0.1:9".to_owned(),
            ..Entry::default()
        };
        agent
            .change_list(|list| {
                list.put(entry.clone());
                list.active = Some(entry.id.clone());
                list.wants_connection = true;
            })
            .expect("kept");
        let line = agent.callers.enter(&Peer::default());
        *state(&line) = Administered::As(Arc::new(Grant {
            seat: agent.seat(&entry).expect("a seat"),
            entry,
            token: "token".to_owned().into(),
            until: LENGTH,
        }));
        (agent, line, clock, home)
    }

    #[tokio::test]
    async fn it_ends_after_fifteen_minutes_and_nothing_else_takes_its_place() {
        let (agent, line, clock, _home) = administering();
        clock.advance(LENGTH - Duration::from_millis(1));
        assert!(granted(&agent, &line).expect("it lives").is_some());
        assert_eq!(next_end(&agent), Some(LENGTH));
        clock.advance(Duration::from_millis(1));
        for _ in 0..2 {
            let refusal = granted(&agent, &line).expect_err("it is over");
            assert_eq!(refusal.body.code, agent_codes::ADMINISTRATION_OVER);
        }
        assert_eq!(next_end(&agent), None);
    }

    #[tokio::test]
    async fn it_ends_by_itself_when_nobody_asks_any_more() {
        let (agent, line, clock, _home) = administering();
        clock.advance(LENGTH);
        let upkeep = tokio::spawn(upkeep::run(Arc::clone(&agent)));
        while !matches!(&*state(&line), Administered::Over) {
            tokio::task::yield_now().await;
        }
        upkeep.abort();
    }

    #[tokio::test]
    async fn one_connection_has_it_and_another_one_has_the_ordinary_session() {
        let (agent, line, _clock, _home) = administering();
        let other = agent.callers.enter(&Peer::default());
        assert!(granted(&agent, &line).expect("it lives").is_some());
        assert!(granted(&agent, &other).expect("ordinary").is_none());
    }
}
