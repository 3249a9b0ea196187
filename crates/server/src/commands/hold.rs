//! `chancery-server hold …`: legal holds.

use super::{CommandError, Place, by_command, output};
use chancery_proto::clock::SystemClock;
use chancery_proto::ids::ContainerId;
use chancery_store::StoreError;
use chancery_store::holds::{HoldChanges, item_of};
use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(super) enum Hold {
    /// Make a hold that nothing is under yet
    Add(Add),
    /// List the holds and what is under them
    List(Place),
    /// Put workspaces and documents under a hold, or free them
    Change(Change),
    /// Lift a hold: what was under it may be deleted for good again
    Lift(Named),
}

#[derive(Debug, Args)]
pub(super) struct Named {
    /// The hold's name
    name: String,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
pub(super) struct Add {
    #[command(flatten)]
    named: Named,
    /// What it is for
    #[arg(long, default_value = "", hide_default_value = true)]
    reason: String,
}

#[derive(Debug, Args)]
pub(super) struct Change {
    #[command(flatten)]
    named: Named,
    /// Put this workspace, or this document with all its versions, under it; may be
    /// given several times
    #[arg(long, value_name = "ID", value_parser = item_of)]
    enclose: Vec<ContainerId>,
    /// Free this workspace or document; may be given several times
    #[arg(long, value_name = "ID", value_parser = item_of)]
    free: Vec<ContainerId>,
}

fn told(name: &str, error: StoreError) -> CommandError {
    match error {
        StoreError::NotFound("hold") => CommandError::Plain(format!(
            "There is no legal hold “{name}”. See which there are with “chancery-server hold list”."
        )),
        error => error.into(),
    }
}

impl Hold {
    pub(super) async fn run(self) -> Result<(), CommandError> {
        let now = SystemClock::shared().now();
        match self {
            Self::Add(Add { named, reason }) => {
                let Named { name, place } = named;
                let store = place.open()?.store()?;
                let entry = by_command(format!("hold added: {name}"), now);
                store.add_hold(name.clone(), reason, now, entry).await?;
                output::line(&format!("Added “{name}”. Nothing is under it yet."));
            }
            Self::List(place) => {
                let rows: Vec<Vec<String>> = place
                    .open()?
                    .store()?
                    .holds()?
                    .into_iter()
                    .map(|hold| {
                        let items: Vec<String> =
                            hold.items.iter().map(ToString::to_string).collect();
                        vec![
                            hold.name,
                            hold.since.to_rfc3339(),
                            hold.reason,
                            items.join(", "),
                        ]
                    })
                    .collect();
                output::table(&["HOLD", "SINCE", "REASON", "UNDER IT"], &rows);
            }
            Self::Change(change) => {
                let Named { name, place } = change.named;
                let changes = HoldChanges {
                    enclose: change.enclose,
                    free: change.free,
                };
                if changes == HoldChanges::default() {
                    return Err(CommandError::Plain(
                        "Say what is to change: --enclose or --free.".to_owned(),
                    ));
                }
                let store = place.open()?.store()?;
                let entry = by_command(format!("hold changed: {name}"), now);
                let done = store.change_hold(&name, changes, entry).await;
                done.map_err(|error| told(&name, error))?;
                output::line(&format!("Changed “{name}”. It holds at once."));
            }
            Self::Lift(Named { name, place }) => {
                let store = place.open()?.store()?;
                let entry = by_command(format!("hold lifted: {name}"), now);
                let done = store.lift_hold(&name, entry).await;
                done.map_err(|error| told(&name, error))?;
                output::line(&format!("Lifted “{name}”."));
            }
        }
        Ok(())
    }
}
