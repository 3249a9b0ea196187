//! `chancery-server user …`: works beside a running server, which follows
//! within a second.

use super::{CommandError, Place, by_command, output};
use chancery_identity::Passwords;
use chancery_proto::clock::SystemClock;
use chancery_proto::secret::Secret;
use chancery_store::users::{NewUser, key_of};
use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(super) enum User {
    /// Add a person; the password is made up, or read from the standard input
    Add(Add),
    /// Add people, and change those who are there, from a list (CSV)
    Import(super::importing::Import),
    /// List everybody
    List(Place),
    /// Set a person's password and end their sessions
    Password(Password),
    /// Keep a person from signing in, and end their sessions
    Disable(Named),
    /// Let a person sign in again
    Enable(Named),
}

#[derive(Debug, Args)]
pub(super) struct Named {
    /// The user's id
    id: String,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
pub(super) struct Password {
    #[command(flatten)]
    named: Named,
    /// Make one up and show it, instead of reading it from the standard input
    #[arg(long)]
    random: bool,
}

#[derive(Debug, Args)]
pub(super) struct Add {
    #[command(flatten)]
    named: Named,
    /// The name to show
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Where mail reaches the person
    #[arg(long, value_name = "ADDRESS", default_value = "")]
    email: String,
    /// May sign in as an administrator
    #[arg(long)]
    admin: bool,
    /// From outside the firm: sees only what they are named in
    #[arg(long)]
    external: bool,
    /// Read the password from the first line of the standard input
    #[arg(long)]
    password_stdin: bool,
}

/// The password, and whether it has to be shown.
fn choose(random: bool) -> Result<(Secret, bool), CommandError> {
    if random {
        return Ok((chancery_identity::random_password()?, true));
    }
    let password = output::read_password()
        .map_err(|error| CommandError::system("The password cannot be read", error))?;
    Ok((password, false))
}

pub(super) async fn hash(password: Secret) -> Result<String, CommandError> {
    let passwords = Passwords::start(1)
        .map_err(|error| CommandError::system("The password thread cannot be started", error))?;
    Ok(passwords.hash(password).await?)
}

impl User {
    pub(super) async fn run(self) -> Result<(), CommandError> {
        let now = SystemClock::shared().now();
        match self {
            Self::Add(add) => {
                let store = add.named.place.open()?.store()?;
                let (password, shown) = choose(!add.password_stdin)?;
                let activity = format!("user added: {}", key_of(&add.named.id));
                let new = NewUser {
                    full_name: add.name.unwrap_or_else(|| add.named.id.clone()),
                    id: add.named.id,
                    email: add.email,
                    password_hash: Some(hash(password.clone()).await?),
                    is_admin: add.admin,
                    is_external: add.external,
                };
                let user = store.add_user(new, now, by_command(activity, now)).await?;
                output::line(&format!("Added {}.", user.id));
                if shown {
                    output::line(&format!("Password: {}", password.reveal()));
                }
            }
            Self::Import(import) => import.run().await?,
            Self::List(place) => {
                let users = place.open()?.store()?.users()?;
                let rows: Vec<Vec<String>> = users
                    .into_iter()
                    .map(|user| {
                        let mut notes = Vec::new();
                        if user.is_admin {
                            notes.push("administrator");
                        }
                        if user.is_external {
                            notes.push("external");
                        }
                        if !user.enabled {
                            notes.push("disabled");
                        }
                        vec![user.id, user.full_name, user.email, notes.join(", ")]
                    })
                    .collect();
                output::table(&["ID", "NAME", "MAIL", ""], &rows);
            }
            Self::Password(Password { named, random }) => {
                let store = named.place.open()?.store()?;
                if store.user(&named.id)?.is_none() {
                    return Err(no_such(&named.id));
                }
                let (password, shown) = choose(random)?;
                let hashed = hash(password.clone()).await?;
                let activity = format!("password set: {}", key_of(&named.id));
                let entry = by_command(activity, now);
                store
                    .set_password_hash(&named.id, hashed, true, now, entry)
                    .await?;
                output::line(&format!(
                    "{} has a new password. Sessions from before are over.",
                    named.id
                ));
                if shown {
                    output::line(&format!("Password: {}", password.reveal()));
                }
            }
            Self::Disable(named) => named.set_enabled(false).await?,
            Self::Enable(named) => named.set_enabled(true).await?,
        }
        Ok(())
    }
}

fn no_such(id: &str) -> CommandError {
    CommandError::Plain(format!(
        "There is no user “{id}”. See who there is with “chancery-server user list”."
    ))
}

impl Named {
    async fn set_enabled(self, enabled: bool) -> Result<(), CommandError> {
        let store = self.place.open()?.store()?;
        if store.user(&self.id)?.is_none() {
            return Err(no_such(&self.id));
        }
        let now = SystemClock::shared().now();
        let what = if enabled { "enabled" } else { "disabled" };
        let entry = by_command(format!("user {what}: {}", key_of(&self.id)), now);
        store.set_enabled(&self.id, enabled, now, entry).await?;
        output::line(&if enabled {
            format!("{} may sign in again.", self.id)
        } else {
            format!(
                "{} may no longer sign in, and their sessions are over.",
                self.id
            )
        });
        Ok(())
    }
}
