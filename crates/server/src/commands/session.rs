//! `chancery-server session …`.

use super::{CommandError, Place, by_command, output};
use chancery_identity::{Identity, IdentityError, Passwords, SessionInfo, Whose as Of};
use chancery_proto::clock::{SystemClock, Timestamp};
use clap::{Args, Subcommand};
use std::time::Duration;

#[derive(Debug, Subcommand)]
pub(super) enum Session {
    /// List the living sessions, the last used first
    List(List),
    /// End one session, every session of one person, or everybody's
    End(End),
}

#[derive(Debug, Args)]
pub(super) struct List {
    /// Those of the user with this id
    #[arg(long, value_name = "ID")]
    user: Option<String>,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
pub(super) struct End {
    #[command(flatten)]
    whose: Whose,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Whose {
    /// The session's id, as lists show it; its whole sign-in ends
    // It may begin with a hyphen.
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    id: Option<String>,
    /// The user's id
    #[arg(long, value_name = "ID")]
    user: Option<String>,
    /// Everybody's: each person has to sign in again
    #[arg(long)]
    all: bool,
}

fn no_such_user(id: &str) -> CommandError {
    CommandError::Plain(format!(
        "There is no user “{id}”. See who there is with “chancery-server user list”."
    ))
}

/// `3 d 4 h`, `2 h 5 min`, `12 min`: cut, never more than there is.
fn roughly(left: Duration) -> String {
    let minutes = left.as_secs() / 60;
    match (minutes / 60 / 24, minutes / 60 % 24, minutes % 60) {
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

/// `2026-02-28T09:30:00Z`.
fn seconds(time: Timestamp) -> String {
    let text = time.to_rfc3339();
    text.split_once('.')
        .map_or(text.clone(), |(seconds, _)| format!("{seconds}Z"))
}

fn row(session: SessionInfo) -> Vec<String> {
    let device = match (session.device.is_empty(), session.address.is_empty()) {
        (true, _) => session.address,
        (false, true) => session.device,
        (false, false) => format!("{} ({})", session.device, session.address),
    };
    vec![
        session.id,
        session.user,
        session.persona,
        session.client,
        session.method,
        device,
        seconds(session.last_use),
        roughly(session.idle_left),
    ]
}

impl List {
    async fn run(self) -> Result<(), CommandError> {
        let config = self.place.config()?;
        config.check()?;
        let store = self.place.open()?.store()?;
        let whose = match self.user {
            Some(id) => Of::Of(store.user(&id)?.ok_or_else(|| no_such_user(&id))?.id),
            None => Of::Everybodys,
        };
        let clock = SystemClock::shared();
        let one = Passwords::start(1)
            .map_err(|error| CommandError::system("A thread cannot be started", error))?;
        let keeping = config.sessions.keeping()?;
        let identity = Identity::beside(store, clock, one, keeping).await?;
        let sessions = identity.sessions(&whose).await.map_err(|error| match error {
            IdentityError::SessionsUnavailable => CommandError::Plain(
                "Redis cannot be reached, and which sessions live is known there alone. See why with “chancery-server check”.".to_owned(),
            ),
            error => error.into(),
        })?;
        if sessions.is_empty() {
            output::line("There is no living session.");
            return Ok(());
        }
        let rows: Vec<_> = sessions.into_iter().map(row).collect();
        let head = [
            "ID",
            "USER",
            "AS",
            "APPLICATION",
            "METHOD",
            "DEVICE",
            "LAST USE",
            "ENDS IN",
        ];
        output::table(&head, &rows);
        Ok(())
    }
}

impl Session {
    pub(super) async fn run(self) -> Result<(), CommandError> {
        let end = match self {
            Self::List(list) => return list.run().await,
            Self::End(end) => end,
        };
        let store = end.place.open()?.store()?;
        let now = SystemClock::shared().now();
        if let Some(id) = &end.whose.id {
            let grant = store.grant_of_session(id)?.ok_or_else(|| {
                CommandError::Plain(format!(
                    "There is no session “{id}”, or it was ended before."
                ))
            })?;
            let entry = by_command(format!("session ended of {}", grant.user), now);
            store.end_grant(&grant.id, now, entry).await?;
            output::line(&format!(
                "Ended a sign-in of {}. Every running server follows within a second.",
                grant.user
            ));
            return Ok(());
        }
        let (users, whose) = match &end.whose.user {
            Some(id) => {
                let user = store.user(id)?.ok_or_else(|| no_such_user(id))?;
                let id = user.id.clone();
                (vec![user], id)
            }
            None => (store.users()?, "everybody".to_owned()),
        };
        let mut grants = 0;
        for user in users {
            let entry = by_command(format!("sessions ended of {}", user.key()), now);
            grants += store.end_grants_of(&user.id, now, entry).await?.grants;
        }
        output::line(&format!(
            "Ended {grants} sign-in{} of {whose}. Every running server follows within a second.",
            if grants == 1 { "" } else { "s" },
        ));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{roughly, seconds};
    use chancery_proto::clock::Timestamp;
    use std::time::Duration;

    #[test]
    fn what_is_left_is_never_told_as_more() {
        let told = |seconds| roughly(Duration::from_secs(seconds));
        assert_eq!(told(59), "0 min");
        assert_eq!(told(3_599), "59 min");
        assert_eq!(told(7_259), "2 h 0 min");
        assert_eq!(told(30 * 86_400 - 1), "29 d 23 h");
    }

    #[test]
    fn a_time_is_told_to_the_second() {
        assert_eq!(seconds(Timestamp(0)), "1970-01-01T00:00:00Z");
        assert_eq!(seconds(Timestamp(999)), "1970-01-01T00:00:00Z");
    }
}
