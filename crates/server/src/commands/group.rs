//! `chancery-server group …`.

use super::{CommandError, Place, by_command, output};
use chancery_proto::clock::SystemClock;
use chancery_store::groups::{Group as Kept, GroupChanges};
use chancery_store::users::key_of;
use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(super) enum Group {
    /// Add a group without members
    Add(Add),
    /// List the groups
    List(Place),
    /// List who is in a group
    Members(Named),
    /// Put people into a group, take them out, or change the group
    Change(Change),
}

#[derive(Debug, Args)]
pub(super) struct Named {
    /// The group's id
    id: String,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
pub(super) struct Add {
    #[command(flatten)]
    named: Named,
    /// The name to show
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// For people from outside the firm
    #[arg(long)]
    external: bool,
}

#[derive(Debug, Args)]
pub(super) struct Change {
    #[command(flatten)]
    named: Named,
    /// Put this user in; may be given several times
    #[arg(long, value_name = "USER")]
    add: Vec<String>,
    /// Take this user out; may be given several times
    #[arg(long, value_name = "USER")]
    remove: Vec<String>,
    /// The name to show
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Let it count again
    #[arg(long, conflicts_with = "disable")]
    enable: bool,
    /// Let it give nobody access any more
    #[arg(long)]
    disable: bool,
}

fn no_such(id: &str) -> CommandError {
    CommandError::Plain(format!(
        "There is no group “{id}”. See which there are with “chancery-server group list”."
    ))
}

impl Change {
    async fn run(self) -> Result<(), CommandError> {
        let Named { id, place } = self.named;
        let enabled = match (self.enable, self.disable) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            (false, false) => None,
        };
        let changes = GroupChanges {
            full_name: self.name,
            enabled,
        };
        let moves = !self.add.is_empty() || !self.remove.is_empty();
        if !moves && changes == GroupChanges::default() {
            return Err(CommandError::Plain(
                "Say what is to change: --add, --remove, --name, --enable or --disable.".to_owned(),
            ));
        }
        let store = place.open()?.store()?;
        let now = SystemClock::shared().now();
        if store.group(&id)?.is_none() {
            return Err(no_such(&id));
        }
        if moves {
            let activity = format!("members of {} changed", key_of(&id));
            let entry = by_command(activity, now);
            let done = store.change_members(&id, self.add, self.remove, entry);
            done.await?;
        }
        if changes != GroupChanges::default() {
            let entry = by_command(format!("group changed: {}", key_of(&id)), now);
            store.set_group(&id, changes, now, entry).await?;
        }
        let count = store.members(&id)?.len();
        let people = if count == 1 {
            "person is"
        } else {
            "people are"
        };
        output::line(&format!("Changed {id}. {count} {people} in it."));
        Ok(())
    }
}

impl Group {
    pub(super) async fn run(self) -> Result<(), CommandError> {
        match self {
            Self::Add(Add {
                named: Named { id, place },
                name,
                external,
            }) => {
                let store = place.open()?.store()?;
                let now = SystemClock::shared().now();
                let group = Kept {
                    full_name: name.unwrap_or_else(|| id.clone()),
                    enabled: true,
                    is_external: external,
                    id,
                };
                let entry = by_command(format!("group added: {}", group.key()), now);
                let added = store.add_group(group, now, entry).await?;
                output::line(&format!("Added {}.", added.id));
            }
            Self::List(place) => {
                let store = place.open()?.store()?;
                let mut rows = Vec::new();
                for group in store.groups()? {
                    let count = store.members(&group.id)?.len().to_string();
                    let mut notes = Vec::new();
                    if group.is_external {
                        notes.push("external");
                    }
                    if !group.enabled {
                        notes.push("disabled");
                    }
                    rows.push(vec![group.id, group.full_name, count, notes.join(", ")]);
                }
                output::table(&["ID", "NAME", "MEMBERS", ""], &rows);
            }
            Self::Members(Named { id, place }) => {
                let store = place.open()?.store()?;
                if store.group(&id)?.is_none() {
                    return Err(no_such(&id));
                }
                let rows: Vec<Vec<String>> = store
                    .members(&id)?
                    .into_iter()
                    .map(|user| vec![user.id, user.full_name, user.email])
                    .collect();
                output::table(&["ID", "NAME", "MAIL"], &rows);
            }
            Self::Change(change) => change.run().await?,
        }
        Ok(())
    }
}
