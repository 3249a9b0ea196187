//! `chancery-server application …`.

use super::{CommandError, Place, output};
use chancery_identity::{ClientChange, Kind, NewClient, Way, changed, register};
use chancery_proto::clock::SystemClock;
use chancery_proto::secret::Secret;
use chancery_store::StoreError;
use chancery_store::applications::ApplicationSettings;
use chancery_store::audit::AuditEntry;
use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(super) enum Application {
    /// Show how long sessions live, and which applications are registered
    List(Place),
    /// Register an application, so that it may sign people in
    Add(Add),
    /// Change how long sessions live (holds for living sessions too), or what is registered
    Set(Set),
    /// Strike an application from the register; everything it was given ends
    Remove(Remove),
}

#[derive(Debug, Args)]
struct Lifetimes {
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
}

impl Lifetimes {
    /// Puts what was given over what holds. Says whether anything was.
    fn over(&self, settings: &mut ApplicationSettings) -> bool {
        let before = settings.clone();
        settings.idle_seconds = self.idle_seconds.unwrap_or(settings.idle_seconds);
        settings.absolute_seconds = self.absolute_seconds.unwrap_or(settings.absolute_seconds);
        settings.refresh = self.refresh.unwrap_or(settings.refresh);
        settings.refresh_seconds = self.refresh_seconds.unwrap_or(settings.refresh_seconds);
        *settings != before
    }
}

fn kind(text: &str) -> Result<Kind, String> {
    Kind::from_name(text).ok_or_else(|| "it has to be desktop, web, mobile or service".to_owned())
}

fn way(text: &str) -> Result<Way, String> {
    Way::from_name(text).ok_or_else(|| "it has to be code, device, password or ticket".to_owned())
}

#[derive(Debug, Args)]
pub(super) struct Add {
    /// What it names itself by (client_id): lower-case letters, digits, . - _
    id: String,
    /// What people read when it wants to be let in [default: the id]
    #[arg(long)]
    name: Option<String>,
    /// What it is; its lifetimes begin as those of the kind: desktop, web, mobile or service
    #[arg(long, default_value = "web", value_parser = kind)]
    kind: Kind,
    /// Where people are sent back to; may be given several times
    #[arg(long, value_name = "ADDRESS")]
    redirect: Vec<String>,
    /// It runs where it can keep no secret, and sends a proof key instead
    #[arg(long)]
    public: bool,
    /// How it may sign people in: code, device, password or ticket; several with commas
    #[arg(long, value_name = "WAY", value_delimiter = ',', default_value = "code", value_parser = way)]
    allow: Vec<Way>,
    /// Whether people are asked before it gets in for the first time
    #[arg(long, value_name = "true|false", default_value_t = true, action = clap::ArgAction::Set)]
    ask: bool,
    #[command(flatten)]
    lifetimes: Lifetimes,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
pub(super) struct Set {
    /// desktop, web, mobile or service, or the id of a registered application
    id: String,
    #[command(flatten)]
    lifetimes: Lifetimes,
    /// What people read
    #[arg(long)]
    name: Option<String>,
    /// All addresses that people are sent back to; those of before count no more
    #[arg(long, value_name = "ADDRESS")]
    redirect: Vec<String>,
    /// How it may sign people in, with commas
    #[arg(long, value_name = "WAY", value_delimiter = ',', value_parser = way)]
    allow: Vec<Way>,
    /// Whether people are asked before it gets in for the first time
    #[arg(long, value_name = "true|false")]
    ask: Option<bool>,
    /// Give it a new secret; the one of before counts no more
    #[arg(long)]
    new_secret: bool,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
pub(super) struct Remove {
    /// The application's id
    id: String,
    #[command(flatten)]
    place: Place,
}

fn entry(activity: &str, id: &str) -> AuditEntry {
    AuditEntry {
        at: SystemClock::shared().now(),
        user: String::new(),
        activity: format!("application {activity}"),
        outcome: "success".to_owned(),
        method: "command".to_owned(),
        application: id.to_owned(),
        address: String::new(),
    }
}

fn show_secret(secret: Option<&Secret>) {
    if let Some(secret) = secret {
        output::line(&format!(
            "Secret: {}\nGive it to the application as its client_secret. It is not shown again.",
            secret.reveal()
        ));
    }
}

impl Application {
    pub(super) async fn run(self) -> Result<(), CommandError> {
        match self {
            Self::List(place) => list(&place),
            Self::Add(add) => add.run().await,
            Self::Set(set) => set.run().await,
            Self::Remove(remove) => remove.run().await,
        }
    }
}

fn list(place: &Place) -> Result<(), CommandError> {
    let store = place.open()?.store()?;
    let registered = store.clients()?;
    let rows: Vec<Vec<String>> = store
        .applications()?
        .into_iter()
        .map(|one| {
            let client = registered.iter().find(|client| client.id == one.name);
            let ways = client.map_or("", |client| &client.ways);
            vec![
                one.idle_seconds.to_string(),
                one.absolute_seconds.to_string(),
                if one.refresh {
                    one.refresh_seconds.to_string()
                } else {
                    "off".to_owned()
                },
                ways.replace(' ', ","),
                client
                    .map(|client| client.redirects.replace('\n', " "))
                    .unwrap_or_default(),
                one.name,
            ]
        })
        .map(|mut row| {
            row.rotate_right(1);
            row
        })
        .collect();
    output::table(
        &[
            "APPLICATION",
            "IDLE (s)",
            "ABSOLUTE (s)",
            "RENEWAL (s)",
            "WAYS",
            "REDIRECTS",
        ],
        &rows,
    );
    Ok(())
}

impl Add {
    async fn run(self) -> Result<(), CommandError> {
        let store = self.place.open()?.store()?;
        let kind = self.kind.as_str();
        let mut lifetimes = store
            .applications()?
            .into_iter()
            .find(|one| one.name == kind)
            .ok_or(StoreError::NotFound("kind of application"))?;
        self.lifetimes.over(&mut lifetimes);
        lifetimes.name.clone_from(&self.id);
        let (row, secret) = register(NewClient {
            name: self.name.unwrap_or_else(|| self.id.clone()),
            id: self.id.clone(),
            kind: self.kind,
            is_public: self.public,
            redirects: self.redirect,
            ways: self.allow,
            asks: self.ask,
        })?;
        let entry = entry("registered", &self.id);
        store.add_client(row, lifetimes, entry).await?;
        output::line(&format!(
            "Registered {}. A running server follows within a second.",
            self.id
        ));
        show_secret(secret.as_ref());
        Ok(())
    }
}

impl Set {
    async fn run(self) -> Result<(), CommandError> {
        let store = self.place.open()?.store()?;
        let mut settings = store
            .applications()?
            .into_iter()
            .find(|one| one.name == self.id)
            .ok_or(StoreError::NotFound("application"))?;
        let change = ClientChange {
            name: self.name,
            redirects: (!self.redirect.is_empty()).then_some(self.redirect),
            ways: (!self.allow.is_empty()).then_some(self.allow),
            asks: self.ask,
            new_secret: self.new_secret,
        };
        let mut secret = None;
        if change != ClientChange::default() {
            let found = store.clients()?.into_iter().find(|row| row.id == self.id);
            let Some(found) = found else {
                return Err(CommandError::Plain(format!(
                    "“{}” is a kind of application, of which only lifetimes can be set.",
                    self.id
                )));
            };
            let (row, fresh) = changed(found, change)?;
            secret = fresh;
            store.set_client(row, entry("changed", &self.id)).await?;
        }
        if self.lifetimes.over(&mut settings) {
            let now = SystemClock::shared().now();
            store.set_application(settings, now).await?;
        }
        output::line(&format!(
            "Changed {}. A running server follows within a second.",
            self.id
        ));
        show_secret(secret.as_ref());
        Ok(())
    }
}

impl Remove {
    async fn run(self) -> Result<(), CommandError> {
        let store = self.place.open()?.store()?;
        let ended = store
            .remove_client(&self.id, entry("removed", &self.id))
            .await?;
        output::line(&format!(
            "Removed {} and ended {} sign-in{}. A running server follows within a second.",
            self.id,
            ended.grants,
            if ended.grants == 1 { "" } else { "s" }
        ));
        Ok(())
    }
}
