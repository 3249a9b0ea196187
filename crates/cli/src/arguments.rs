//! The commands and their arguments. The texts here are the help texts.

use clap::{Args, Parser, Subcommand, ValueHint};
use clap_complete::Shell;
use std::path::PathBuf;

/// Documents on a work server, from the command line.
///
/// The first command that needs the server signs in; every application of
/// yours is then signed in too, and the other way round.
#[derive(Debug, Parser)]
#[command(name = "chancery", version, after_help = AFTER)]
pub(crate) struct CommandLine {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const AFTER: &str = "\
Exit codes:
  0 done             1 failed           2 wrong usage      3 sign in or confirm first
  4 offline          5 not found        6 no access        7 disconnected, or no server
  8 server refused   9 try again later  10 agent trouble   130 interrupted";

/// What every command understands.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// Write JSON instead of text
    #[arg(long, global = true, help_heading = "Everywhere")]
    pub(crate) json: bool,
    /// For this command only, look at another known server
    #[arg(long, global = true, value_name = "NAME", help_heading = "Everywhere")]
    pub(crate) server: Option<String>,
    /// No notes, confirmations and progress bars
    #[arg(short, long, global = true, help_heading = "Everywhere")]
    pub(crate) quiet: bool,
    /// Never ask anything, not even at a terminal
    #[arg(long, global = true, help_heading = "Everywhere")]
    pub(crate) no_input: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Connect to a server, by its web address or its name in the list
    Connect(Connect),
    /// Show who is connected, where, and until when
    Status(Status),
    /// Show or change the list of known servers
    Servers(Servers),
    /// Make another known server the active one
    ///
    /// The new server is proved first: a switch that fails leaves the old
    /// connection as it was.
    Switch(Switch),
    /// End the session, on the server too, and stay away until asked
    Disconnect,
    /// Sign in to the active server
    SignIn(SignIn),
    /// Show the state and every change of it, until Ctrl-C
    Watch(Watch),
    /// List libraries, workspaces, folders and documents
    Ls(Ls),
    /// Send files into a folder
    Put(Put),
    /// Fetch a document
    Get(Get),
    /// Send any call of the Work API and print the answer
    Api(Api),
    /// Start and end the agent, which holds the connection
    Agent(Agent),
    /// Print the completions of a shell
    Completions(Completions),
}

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
}

/// Watch the state.
#[derive(Debug, Args)]
pub(crate) struct Watch {
    /// End when this state is reached, for example “connected”
    #[arg(long, value_name = "STATE")]
    pub(crate) until: Option<String>,
}

/// List what is there.
#[derive(Debug, Args)]
pub(crate) struct Ls {
    /// A library (ACTIVE), a workspace or folder (ACTIVE!12), a document (ACTIVE!34.1: its versions)
    ///
    /// Without it: the libraries, or the workspaces of the only library there is.
    pub(crate) id: Option<String>,
    /// List the libraries, also when there is only one
    #[arg(long, conflicts_with = "id")]
    pub(crate) libraries: bool,
    /// List at most this many
    #[arg(long, value_name = "NUMBER", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: u32,
}

/// Send files.
#[derive(Debug, Args)]
#[command(
    override_usage = "chancery put [OPTIONS] FILE... FOLDER\n       chancery put [OPTIONS] FILE... --folder ID\n       chancery put [OPTIONS] FILE --new-version-of ID"
)]
pub(crate) struct Put {
    /// The files, and last the folder that takes them (ACTIVE!12)
    #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) files: Vec<PathBuf>,
    /// The folder that takes them; every other argument is then a file
    #[arg(long, value_name = "ID", conflicts_with = "new_version_of")]
    pub(crate) folder: Option<String>,
    /// Make the file the next version of this document (ACTIVE!34.1)
    #[arg(long, value_name = "ID")]
    pub(crate) new_version_of: Option<String>,
    /// The document's name instead of the file's
    #[arg(long, value_name = "TEXT")]
    pub(crate) name: Option<String>,
    /// A comment for the document's profile
    #[arg(long, value_name = "TEXT")]
    pub(crate) comment: Option<String>,
}

/// Fetch a document.
#[derive(Debug, Args)]
pub(crate) struct Get {
    /// The document (ACTIVE!34.1), or its latest version (ACTIVE!34)
    pub(crate) id: String,
    /// A file, which is replaced; a directory; or “-” for the standard output
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::AnyPath)]
    pub(crate) output: Option<PathBuf>,
    /// Replace a file of the document's name that is there already
    #[arg(long)]
    pub(crate) force: bool,
}

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
}

/// The agent.
#[derive(Debug, Args)]
pub(crate) struct Agent {
    #[command(subcommand)]
    pub(crate) action: AgentAction,
}

#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum AgentAction {
    /// Be the agent, until it is stopped
    ///
    /// Nobody needs to: it is started when it is needed.
    Run,
    /// End the agent; the session stays, and the next command starts it again
    Stop,
}

/// Print completions.
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// For which shell
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}
