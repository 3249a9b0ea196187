//! `chancery-server session …`.

use super::{CommandError, Place, output};
use chancery_proto::clock::{SystemClock, Timestamp};
use chancery_store::audit::AuditEntry;
use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(super) enum Session {
    /// End one session, every session of one person, or everybody's
    End(End),
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

/// The audit's line for an end.
fn ending(of: &str, now: Timestamp) -> AuditEntry {
    AuditEntry {
        at: now,
        user: String::new(),
        activity: of.to_owned(),
        outcome: "success".to_owned(),
        method: "command".to_owned(),
        application: "chancery-server".to_owned(),
        address: String::new(),
    }
}

impl Session {
    pub(super) async fn run(self) -> Result<(), CommandError> {
        let Self::End(end) = self;
        let store = end.place.open()?.store()?;
        let now = SystemClock::shared().now();
        if let Some(id) = &end.whose.id {
            let grant = store.grant_of_session(id)?.ok_or_else(|| {
                CommandError::Plain(format!(
                    "There is no session “{id}”, or it was ended before."
                ))
            })?;
            let entry = ending(&format!("session ended of {}", grant.user), now);
            store.end_grant(&grant.id, now, entry).await?;
            output::line(&format!(
                "Ended a sign-in of {}. Every running server follows within a second.",
                grant.user
            ));
            return Ok(());
        }
        let (users, whose) = match &end.whose.user {
            Some(id) => {
                let user = store.user(id)?.ok_or_else(|| {
                    CommandError::Plain(format!(
                        "There is no user “{id}”. See who there is with “chancery-server user list”."
                    ))
                })?;
                let id = user.id.clone();
                (vec![user], id)
            }
            None => (store.users()?, "everybody".to_owned()),
        };
        let mut grants = 0;
        for user in users {
            let entry = ending(&format!("sessions ended of {}", user.key()), now);
            grants += store.end_grants_of(&user.id, now, entry).await?.grants;
        }
        output::line(&format!(
            "Ended {grants} sign-in{} of {whose}. Every running server follows within a second.",
            if grants == 1 { "" } else { "s" },
        ));
        Ok(())
    }
}
