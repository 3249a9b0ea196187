//! The commands, one module each.

pub(crate) mod addons;
mod agent;
mod api;
mod checkin;
mod checkout;
mod completions;
mod connect;
mod disconnect;
mod doctor;
mod find;
mod get;
mod ls;
mod man;
mod open;
mod policy;
mod prompter;
mod put;
mod put_tree;
mod servers;
mod sign_in;
mod status;
mod uses;
mod watch;

use crate::arguments::{Command, CommandLine};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Does what was asked.
pub(crate) async fn run(context: &Context, line: CommandLine) -> Result<Exit, Failure> {
    match line.command {
        Command::Connect(arguments) => connect::connect(context, arguments).await,
        Command::Switch(arguments) => connect::switch(context, arguments).await,
        Command::Status(arguments) => status::status(context, &arguments).await,
        Command::Servers(arguments) => servers::servers(context, arguments.action).await,
        Command::Disconnect => disconnect::disconnect(context).await,
        Command::SignIn(arguments) => sign_in::sign_in(context, arguments).await,
        Command::Watch(arguments) => watch::watch(context, arguments.until.as_deref()).await,
        Command::Ls(arguments) => ls::ls(context, &arguments).await,
        Command::Put(arguments) => put::put(context, arguments).await,
        Command::Get(arguments) => get::get(context, &arguments).await,
        Command::Find(arguments) => find::find(context, &arguments).await,
        Command::Open(arguments) => open::open(context, &arguments).await,
        Command::Checkout(arguments) => checkout::checkout(context, &arguments).await,
        Command::Checkin(arguments) => checkin::checkin(context, &arguments).await,
        Command::Uses(arguments) => uses::uses(context, arguments.action).await,
        Command::Policy(arguments) => policy::policy(context, arguments.action).await,
        Command::Doctor(arguments) => doctor::doctor(context, arguments.report.as_deref()).await,
        Command::Api(arguments) => api::api(context, arguments).await,
        Command::Addons(arguments) => addons::addons(context, arguments.action),
        Command::Agent(arguments) => agent::carry_out(context, arguments.action).await,
        Command::Completions(arguments) => completions::print(context, arguments.shell),
        Command::Man(arguments) => man::write(context, &arguments),
    }
}

/// `chancery agent run`, which brings its own runtime.
pub(crate) use agent::run as run_agent;
