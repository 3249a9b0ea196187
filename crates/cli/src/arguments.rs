//! The commands and their arguments. The texts here are the help texts.

mod connecting;
mod documents;
mod upkeep;

pub(crate) use connecting::{
    Connect, PersonArguments, ProofArguments, Servers, ServersAction, SignIn, Status, Switch, Watch,
};
pub(crate) use documents::{Checkin, Checkout, Find, Get, Ls, Open, Put};
pub(crate) use upkeep::{
    AddOn, Addons, AddonsAction, Agent, AgentAction, Api, Completions, Doctor, Man, OnOff, Policy,
    PolicyAction, Uses, UsesAction,
};

use clap::{Args, Parser, Subcommand};

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
    ///
    /// With “--server” only the session at that server ends; the active one
    /// stays as it is.
    Disconnect,
    /// Sign in to the active server
    SignIn(SignIn),
    /// Show the state and every change of it, until Ctrl-C
    Watch(Watch),
    /// List libraries, workspaces, folders and documents
    Ls(Ls),
    /// Find documents by words
    ///
    /// Looks where the server looks: in names and profiles, and in what stands
    /// in the documents if the server has read them.
    Find(Find),
    /// Send files into a folder
    Put(Put),
    /// Fetch a document
    Get(Get),
    /// Fetch a document to read, with your application for it
    ///
    /// It lies in a directory that only you can read, and cannot be written.
    /// To change it, check it out.
    Open(Open),
    /// Fetch a document to change it, and keep others out meanwhile
    ///
    /// It works whole or leaves nothing: a download that breaks unlocks the
    /// document again.
    Checkout(Checkout),
    /// Send a changed document back, and let others change it again
    ///
    /// Only what was fetched with “chancery checkout” or “chancery open” can be
    /// checked in: a note beside the file says where it belongs.
    Checkin(Checkin),
    /// Show who uses the connection, or stop one of them
    Uses(Uses),
    /// Explain the settings that hold, and who said so
    Policy(Policy),
    /// Look whether everything is well, and say what to do
    Doctor(Doctor),
    /// Send any call of the Work API and print the answer
    Api(Api),
    /// Put the add-ons into other applications, or take them out
    Addons(Addons),
    /// Start and end the agent, which holds the connection
    Agent(Agent),
    /// Print the completions of a shell
    Completions(Completions),
    /// Write the manual pages into a directory
    Man(Man),
}
