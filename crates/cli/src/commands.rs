//! The commands, one module each.

mod agent;
mod api;
mod completions;
mod connect;
mod disconnect;
mod get;
mod ls;
mod put;
mod servers;
mod sign_in;
mod status;
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
        Command::Api(arguments) => api::api(context, &arguments).await,
        Command::Agent(_) => agent::stop(context).await,
        Command::Completions(arguments) => completions::print(arguments.shell),
    }
}

/// `chancery agent run`, which brings its own runtime.
pub(crate) use agent::run as run_agent;
