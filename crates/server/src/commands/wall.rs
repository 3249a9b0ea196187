//! `chancery-server wall …`: ethical walls.

use super::{CommandError, Place, by_command, output};
use chancery_proto::clock::SystemClock;
use chancery_proto::ids::ContainerId;
use chancery_store::StoreError;
use chancery_store::entries::Trustee;
use chancery_store::users::key_of;
use chancery_store::walls::WallChanges;
use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(super) enum Wall {
    /// Build a wall that nothing is behind yet
    Add(Named),
    /// List the walls, who is inside and what is behind them
    List(Place),
    /// Let people in or out, and put workspaces behind a wall or free them
    Change(Change),
    /// Take a wall down: what was behind it has its own security again
    Remove(Named),
}

#[derive(Debug, Args)]
pub(super) struct Named {
    /// The wall's name
    name: String,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
pub(super) struct Change {
    #[command(flatten)]
    named: Named,
    /// Let this user in; each of these may be given several times
    #[arg(long, value_name = "USER")]
    admit: Vec<String>,
    /// Let everybody in this group in
    #[arg(long, value_name = "GROUP")]
    admit_group: Vec<String>,
    /// Let this user out
    #[arg(long, value_name = "USER")]
    expel: Vec<String>,
    /// Let this group out
    #[arg(long, value_name = "GROUP")]
    expel_group: Vec<String>,
    /// Put this workspace behind the wall
    #[arg(long, value_name = "WORKSPACE")]
    enclose: Vec<ContainerId>,
    /// Take this workspace from behind the wall
    #[arg(long, value_name = "WORKSPACE")]
    free: Vec<ContainerId>,
}

fn trustees(users: &[String], groups: &[String]) -> Vec<Trustee> {
    let users = users.iter().map(|id| Trustee::User(key_of(id)));
    users
        .chain(groups.iter().map(|id| Trustee::Group(key_of(id))))
        .collect()
}

fn named(trustee: &Trustee) -> String {
    match trustee {
        Trustee::User(key) => key.clone(),
        Trustee::Group(key) => format!("group {key}"),
    }
}

fn told(name: &str, error: StoreError) -> CommandError {
    match error {
        StoreError::NotFound("wall") => CommandError::Plain(format!(
            "There is no wall “{name}”. See which there are with “chancery-server wall list”."
        )),
        error => error.into(),
    }
}

impl Wall {
    pub(super) async fn run(self) -> Result<(), CommandError> {
        let now = SystemClock::shared().now();
        match self {
            Self::Add(Named { name, place }) => {
                let store = place.open()?.store()?;
                let entry = by_command(format!("wall added: {name}"), now);
                store.add_wall(name.clone(), now, entry).await?;
                output::line(&format!("Added “{name}”. Nothing is behind it yet."));
            }
            Self::List(place) => {
                let rows: Vec<Vec<String>> = place
                    .open()?
                    .store()?
                    .walls()?
                    .into_iter()
                    .map(|wall| {
                        let insiders: Vec<String> = wall.insiders.iter().map(named).collect();
                        let workspaces: Vec<String> =
                            wall.workspaces.iter().map(ToString::to_string).collect();
                        vec![wall.name, insiders.join(", "), workspaces.join(", ")]
                    })
                    .collect();
                output::table(&["WALL", "INSIDE", "BEHIND IT"], &rows);
            }
            Self::Change(change) => {
                let Named { name, place } = change.named;
                let changes = WallChanges {
                    admit: trustees(&change.admit, &change.admit_group),
                    expel: trustees(&change.expel, &change.expel_group),
                    enclose: change.enclose,
                    free: change.free,
                };
                if changes == WallChanges::default() {
                    return Err(CommandError::Plain(
                        "Say what is to change: --admit, --admit-group, --expel, --expel-group, --enclose or --free.".to_owned(),
                    ));
                }
                let store = place.open()?.store()?;
                let entry = by_command(format!("wall changed: {name}"), now);
                let done = store.change_wall(&name, changes, entry).await;
                done.map_err(|error| told(&name, error))?;
                output::line(&format!("Changed “{name}”. It holds at once."));
            }
            Self::Remove(Named { name, place }) => {
                let store = place.open()?.store()?;
                let entry = by_command(format!("wall removed: {name}"), now);
                let done = store.remove_wall(&name, entry).await;
                done.map_err(|error| told(&name, error))?;
                output::line(&format!("Removed “{name}”."));
            }
        }
        Ok(())
    }
}
