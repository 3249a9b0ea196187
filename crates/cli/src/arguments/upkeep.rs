//! The agent, any call, and looking after both.

use clap::{Args, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;
use std::path::PathBuf;

/// Send any call.
#[derive(Debug, Args)]
#[command(override_usage = "chancery api [OPTIONS] [METHOD] PATH")]
pub(crate) struct Api {
    /// The method, GET (with --data POST) when it is left out; then the path
    #[arg(required = true, num_args = 1..=2, value_name = "METHOD PATH")]
    pub(crate) call: Vec<String>,
    /// The body: JSON, “@FILE”, or “-” for the standard input
    #[arg(short, long, value_name = "BODY")]
    pub(crate) data: Option<String>,
    /// The body's media type
    #[arg(
        long,
        value_name = "TYPE",
        default_value = "application/json",
        requires = "data"
    )]
    pub(crate) content_type: String,
    /// Print the status and the headers before the body
    #[arg(short, long)]
    pub(crate) include: bool,
    /// Make this one call as an administrator, with a sign-in of its own
    ///
    /// It asks for a user and a password, is for this call alone and ends with
    /// it; nobody else becomes an administrator by it.
    #[arg(long)]
    pub(crate) admin: bool,
    /// Who administers
    #[arg(short, long, value_name = "USER", requires = "admin")]
    pub(crate) user: Option<String>,
    /// Read the administrator's password from the first line of the standard input
    #[arg(long, requires = "admin")]
    pub(crate) password_stdin: bool,
}

/// The agent.
#[derive(Debug, Args)]
pub(crate) struct Agent {
    #[command(subcommand)]
    pub(crate) action: AgentAction,
}

/// One or the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnOff {
    /// From now on
    On,
    /// No more
    Off,
}

#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum AgentAction {
    /// Be the agent, until it is stopped
    ///
    /// Nobody needs to: it is started when it is needed.
    Run,
    /// Start the agent now, if none runs
    Start,
    /// End the agent; the session stays, and the next command starts it again
    Stop,
    /// Have the system start the agent for you, or see whether it does
    ///
    /// Nobody needs it: the first application that needs the agent starts it.
    /// systemd listens at the agent's socket and starts it with the first
    /// caller; Windows and macOS start it when you sign in to the machine.
    Autostart {
        /// Whether it does from now on
        #[arg(value_enum)]
        to: Option<OnOff>,
    },
}

/// Add-ons for other applications.
#[derive(Debug, Args)]
pub(crate) struct Addons {
    #[command(subcommand)]
    pub(crate) action: Option<AddonsAction>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AddonsAction {
    /// Show the add-ons and where they are (also without a word)
    List,
    /// Put an add-on into its application, or renew the one that is there
    Install(AddonArguments),
    /// Take an add-on out of its application
    Remove(AddonArguments),
}

#[derive(Debug, Args)]
pub(crate) struct AddonArguments {
    /// Which one
    #[arg(value_enum)]
    pub(crate) addon: AddOn,
    /// The application's profile; without it, the one that it starts with
    #[arg(long, value_name = "DIRECTORY", value_hint = ValueHint::DirPath)]
    pub(crate) profile: Option<PathBuf>,
}

/// An add-on of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum AddOn {
    /// Chancery for Thunderbird
    Thunderbird,
}

/// Print completions.
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// For which shell
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

/// Who uses the connection.
#[derive(Debug, Args)]
pub(crate) struct Uses {
    #[command(subcommand)]
    pub(crate) action: Option<UsesAction>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum UsesAction {
    /// Show who uses the connection (also without a word)
    List,
    /// Close a program's connections, and let it open no more until the agent ends
    Stop {
        /// As “chancery uses” shows it
        id: String,
    },
}

/// What holds.
#[derive(Debug, Args)]
pub(crate) struct Policy {
    #[command(subcommand)]
    pub(crate) action: Option<PolicyAction>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyAction {
    /// Explain every setting (also without a word)
    Show,
    /// Read a policy file and say what is wrong with it; changes nothing
    Check {
        /// The file
        #[arg(value_hint = ValueHint::FilePath)]
        file: PathBuf,
    },
}

/// Look whether everything is well.
#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// Also write a report to send to somebody who helps; a file that is there stays
    ///
    /// It holds no password, no token and no name of a document, and of users
    /// only the first letter. It does name your servers.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) report: Option<PathBuf>,
}

/// Write the manual pages.
#[derive(Debug, Args)]
pub(crate) struct Man {
    /// The directory, which is made if need be
    #[arg(value_hint = ValueHint::DirPath)]
    pub(crate) directory: PathBuf,
}
