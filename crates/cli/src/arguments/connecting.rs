//! Connecting, signing in, the list of servers.

use chancery_proto::local::SignInWay;
use clap::{Args, Subcommand, ValueHint};

/// Connect to a server.
#[derive(Debug, Args)]
pub(crate) struct Connect {
    /// Web address, or the name of a known server; without it the list is shown
    pub(crate) address: Option<String>,
    #[command(flatten)]
    pub(crate) person: PersonArguments,
    #[command(flatten)]
    pub(crate) proof: ProofArguments,
}

/// Make another known server the active one.
#[derive(Debug, Args)]
pub(crate) struct Switch {
    /// Name of a known server
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) person: PersonArguments,
    #[command(flatten)]
    pub(crate) proof: ProofArguments,
}

/// Who signs in.
#[derive(Debug, Args)]
pub(crate) struct PersonArguments {
    /// Who signs in
    #[arg(short, long, value_name = "USER")]
    pub(crate) user: Option<String>,
    /// Read the password from the first line of the standard input
    #[arg(long)]
    pub(crate) password_stdin: bool,
    /// Sign in on the server's page, in the browser of this machine
    #[arg(long, conflicts_with_all = ["user", "password_stdin"])]
    pub(crate) browser: bool,
    /// Sign in on the server's page on any device, with a code that is shown here
    #[arg(long, conflicts_with_all = ["user", "password_stdin", "browser"])]
    pub(crate) device: bool,
}

impl PersonArguments {
    /// The way that was wished.
    pub(crate) fn way(&self) -> Option<SignInWay> {
        match (self.browser, self.device) {
            (true, _) => Some(SignInWay::Browser),
            (_, true) => Some(SignInWay::Device),
            _ => None,
        }
    }
}

/// What a person confirms beforehand.
#[derive(Debug, Args)]
pub(crate) struct ProofArguments {
    /// Follow a redirect to this other host
    #[arg(long, value_name = "HOST", value_hint = ValueHint::Hostname)]
    pub(crate) accept_host: Option<String>,
    /// Where there is no keyring, stay signed in by a file that only you can read
    #[arg(long)]
    pub(crate) store_in_file: bool,
}

/// Show the state.
#[derive(Debug, Args)]
pub(crate) struct Status {
    /// End with the exit code of the state: 0 connected or signs in by itself, 3, 4 or 7
    #[arg(long)]
    pub(crate) exit_code: bool,
}

/// The list of known servers.
#[derive(Debug, Args)]
pub(crate) struct Servers {
    #[command(subcommand)]
    pub(crate) action: Option<ServersAction>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ServersAction {
    /// Show the list (also without a word)
    List,
    /// Prove a server and add it, without signing in
    Add {
        /// Web address
        address: String,
        /// The name to show instead of the host
        #[arg(long, value_name = "TEXT")]
        name: Option<String>,
    },
    /// Take a server off the list and end its session
    Remove {
        /// Name of a known server
        name: String,
    },
    /// Show a server under another name
    Rename {
        /// Name of a known server
        name: String,
        /// The new name
        new_name: String,
    },
}

/// Sign in.
#[derive(Debug, Args)]
pub(crate) struct SignIn {
    #[command(flatten)]
    pub(crate) person: PersonArguments,
    /// Ask for the password even where it is not needed
    #[arg(long)]
    pub(crate) force: bool,
    /// Wait here, and ask whenever an application needs you to sign in; Ctrl-C ends it
    #[arg(long, conflicts_with_all = ["user", "password_stdin", "force"])]
    pub(crate) wait: bool,
}

/// Watch the state.
#[derive(Debug, Args)]
pub(crate) struct Watch {
    /// End when this state is reached, for example “connected”
    #[arg(long, value_name = "STATE")]
    pub(crate) until: Option<String>,
}
