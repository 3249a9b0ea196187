//! The command line of the server.

mod api;
mod application;
mod audit;
mod backup;
mod caption;
mod check;
mod document;
mod group;
mod hold;
mod importing;
mod library;
mod lists;
mod output;
mod sample;
mod serve;
mod session;
mod table;
mod user;
mod wall;

use crate::config::{Config, ConfigError};
use crate::data_directory::{DataDirectory, DataError};
use chancery_proto::clock::Timestamp;
use chancery_store::audit::AuditEntry;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// A document work server for firms that live in documents and mail.
#[derive(Debug, Parser)]
#[command(name = "chancery-server", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server until it is told to stop (Ctrl-C or SIGTERM)
    Serve(serve::Serve),
    /// Check the database and every document's bytes
    Check(Place),
    /// Back the whole server up while it runs
    #[command(subcommand)]
    Backup(backup::Backup),
    /// Restore a backup to a new data directory
    Restore(backup::Restore),
    /// Add and manage people
    #[command(subcommand)]
    User(user::User),
    /// Groups of people, who are given access together
    #[command(subcommand)]
    Group(group::Group),
    /// Ethical walls: who alone may see a workspace, whatever else says so
    #[command(subcommand)]
    Wall(wall::Wall),
    /// Legal holds: what nobody deletes for good
    #[command(subcommand)]
    Hold(hold::Hold),
    /// Add and list libraries
    #[command(subcommand)]
    Library(library::Library),
    /// What the fields of a profile may say: classes, and tables of custom fields
    #[command(subcommand)]
    Table(table::Table),
    /// What a library calls its fields
    #[command(subcommand)]
    Caption(caption::Caption),
    /// Release what others have, and what is in the trash
    #[command(subcommand)]
    Document(document::Document),
    /// Add a realistic matter to try things with
    Sample(sample::Sample),
    /// Registered applications, and how long sessions live
    #[command(subcommand)]
    Application(application::Application),
    /// List and end sessions
    #[command(subcommand)]
    Session(session::Session),
    /// Print the description of the API (OpenAPI 3.1)
    Api(api::Api),
    /// Who did what, and whether anybody changed it since
    #[command(subcommand)]
    Audit(audit::Audit),
}

/// Where the server's data is.
#[derive(Debug, Clone, Args)]
struct Place {
    /// Configuration file (TOML)
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Data directory [default: chancery-server in the user's data directory]
    #[arg(long, value_name = "DIRECTORY")]
    data: Option<PathBuf>,
}

impl Place {
    fn config(&self) -> Result<Config, ConfigError> {
        Config::read(self.config.as_deref())
    }

    fn path(&self, config: &Config) -> Result<PathBuf, DataError> {
        DataDirectory::find(self.data.clone().or_else(|| config.data.clone()))
    }

    /// The data of a server that ran before, for a command beside it.
    fn open(&self) -> Result<DataDirectory, CommandError> {
        let config = self.config()?;
        Ok(DataDirectory::open(&self.path(&config)?)?)
    }
}

/// The audit's line for what a command does.
fn by_command(activity: String, now: Timestamp) -> AuditEntry {
    AuditEntry::of_command(activity, now)
}

/// Why a command did not do its work.
#[derive(Debug, thiserror::Error)]
enum CommandError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Data(#[from] DataError),
    #[error(transparent)]
    Store(#[from] chancery_store::StoreError),
    #[error(transparent)]
    Content(#[from] chancery_content::ContentError),
    #[error(transparent)]
    Identity(#[from] chancery_identity::IdentityError),
    #[error("{0}")]
    Plain(String),
    #[error("{what}: {source}")]
    System {
        what: String,
        #[source]
        source: std::io::Error,
    },
}

impl CommandError {
    fn system(what: impl Into<String>, source: std::io::Error) -> Self {
        Self::System {
            what: what.into(),
            source,
        }
    }
}

/// Runs the command line; the exit code is 0, 1 when it failed, 2 when it was
/// not understood.
#[must_use]
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    match carry_out(arguments.command) {
        Ok(code) => code,
        Err(error) => {
            output::failure(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

fn carry_out(command: Command) -> Result<ExitCode, CommandError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| CommandError::system("The server's threads cannot be started", error))?;
    let done = ExitCode::SUCCESS;
    runtime.block_on(async {
        match command {
            Command::Serve(serve) => serve.run().await.map(|()| done),
            Command::Check(place) => check::run(&place).await,
            Command::Backup(backup) => backup.run().map(|()| done),
            Command::Restore(restore) => restore.run().await.map(|()| done),
            Command::User(user) => user.run().await.map(|()| done),
            Command::Group(group) => group.run().await.map(|()| done),
            Command::Wall(wall) => wall.run().await.map(|()| done),
            Command::Hold(hold) => hold.run().await.map(|()| done),
            Command::Library(library) => library.run().await.map(|()| done),
            Command::Table(table) => table.run().await.map(|()| done),
            Command::Caption(caption) => caption.run().await.map(|()| done),
            Command::Document(document) => document.run().await.map(|()| done),
            Command::Sample(sample) => sample.run().await.map(|()| done),
            Command::Application(application) => application.run().await.map(|()| done),
            Command::Session(session) => session.run().await.map(|()| done),
            Command::Api(api) => api.run().map(|()| done),
            Command::Audit(audit) => audit.run().await.map(|()| done),
        }
    })
}
