//! `chancery-server session …`.

use super::{CommandError, Place, output};
use chancery_proto::clock::SystemClock;
use chancery_store::audit::AuditEntry;
use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(super) enum Session {
    /// End every session of one person
    End(End),
}

#[derive(Debug, Args)]
pub(super) struct End {
    /// The user's id
    #[arg(long, value_name = "ID")]
    user: String,
    #[command(flatten)]
    place: Place,
}

impl Session {
    pub(super) async fn run(self) -> Result<(), CommandError> {
        let Self::End(end) = self;
        let store = end.place.open()?.store()?;
        let user = store.user(&end.user)?.ok_or_else(|| {
            CommandError::Plain(format!(
                "There is no user “{}”. See who there is with “chancery-server user list”.",
                end.user
            ))
        })?;
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
        let ended = store.end_grants_of(&user.id, now, entry).await?;
        output::line(&format!(
            "Ended {} sign-in{} of {}. A running server follows within a second.",
            ended.len(),
            if ended.len() == 1 { "" } else { "s" },
            user.id
        ));
        Ok(())
    }
}
