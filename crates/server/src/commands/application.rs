//! `chancery-server application …`.

use super::{CommandError, Place, output};
use chancery_proto::clock::SystemClock;
use chancery_store::StoreError;
use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(super) enum Application {
    /// Show how long sessions live
    List(Place),
    /// Change how long sessions live; holds for living sessions too
    Set(Set),
}

#[derive(Debug, Args)]
pub(super) struct Set {
    /// desktop, web, mobile or service
    kind: String,
    /// A session ends when it was not used for so many seconds
    #[arg(long, value_name = "SECONDS")]
    idle_seconds: Option<u64>,
    /// A sign-in ends after so many seconds whatever happens
    #[arg(long, value_name = "SECONDS")]
    absolute_seconds: Option<u64>,
    /// Whether a session may be renewed without the person
    #[arg(long, value_name = "true|false")]
    refresh: Option<bool>,
    /// A renewal has to happen within so many seconds
    #[arg(long, value_name = "SECONDS")]
    refresh_seconds: Option<u64>,
    #[command(flatten)]
    place: Place,
}

impl Application {
    pub(super) async fn run(self) -> Result<(), CommandError> {
        match self {
            Self::List(place) => {
                let rows: Vec<Vec<String>> = place
                    .open()?
                    .store()?
                    .applications()?
                    .into_iter()
                    .map(|one| {
                        vec![
                            one.name,
                            one.idle_seconds.to_string(),
                            one.absolute_seconds.to_string(),
                            if one.refresh {
                                one.refresh_seconds.to_string()
                            } else {
                                "off".to_owned()
                            },
                        ]
                    })
                    .collect();
                output::table(&["KIND", "IDLE (s)", "ABSOLUTE (s)", "RENEWAL (s)"], &rows);
            }
            Self::Set(set) => {
                let store = set.place.open()?.store()?;
                let mut settings = store
                    .applications()?
                    .into_iter()
                    .find(|one| one.name == set.kind)
                    .ok_or(StoreError::NotFound("kind of application"))?;
                settings.idle_seconds = set.idle_seconds.unwrap_or(settings.idle_seconds);
                settings.absolute_seconds =
                    set.absolute_seconds.unwrap_or(settings.absolute_seconds);
                settings.refresh = set.refresh.unwrap_or(settings.refresh);
                settings.refresh_seconds = set.refresh_seconds.unwrap_or(settings.refresh_seconds);
                let now = SystemClock::shared().now();
                store.set_application(settings, now).await?;
                output::line(&format!(
                    "Changed {}. A running server follows within a second.",
                    set.kind
                ));
            }
        }
        Ok(())
    }
}
