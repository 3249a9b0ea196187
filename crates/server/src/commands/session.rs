//! `chancery-server session …`.

use super::{CommandError, Place, output};
use chancery_proto::clock::SystemClock;
use chancery_store::audit::AuditEntry;
use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(super) enum Session {
    /// End every session of one person, or of everybody
    End(End),
}

#[derive(Debug, Args)]
pub(super) struct End {
    /// The user's id
    #[arg(long, value_name = "ID", required_unless_present = "all")]
    user: Option<String>,
    /// Everybody's: each person has to sign in again
    #[arg(long, conflicts_with = "user")]
    all: bool,
    #[command(flatten)]
    place: Place,
}

impl Session {
    pub(super) async fn run(self) -> Result<(), CommandError> {
        let Self::End(end) = self;
        let store = end.place.open()?.store()?;
        let (users, whose) = match &end.user {
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
            let now = SystemClock::shared().now();
            let entry = AuditEntry {
                at: now,
                user: String::new(),
                activity: format!("sessions ended of {}", user.key()),
                outcome: "success".to_owned(),
                method: "command".to_owned(),
                application: "chancery-server".to_owned(),
                address: String::new(),
            };
            grants += store.end_grants_of(&user.id, now, entry).await?.grants;
        }
        output::line(&format!(
            "Ended {grants} sign-in{} of {whose}. Every running server follows within a second.",
            if grants == 1 { "" } else { "s" },
        ));
        Ok(())
    }
}
