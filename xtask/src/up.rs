//! `cargo xtask up`: the whole product, fresh, until Ctrl-C.
//!
//! Everything it keeps is under `target/up`, which each start empties: the
//! server's data, and a home of its own for the agent and the command line.

use crate::cargo::{self, Workspace};
use crate::failure::Failure;
use crate::say;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// What the server's line about its address begins with.
const LISTENING: &str = "Listening on ";
/// The first choice; any free port is taken where it is in use.
const ADDRESS: &str = "127.0.0.1:8480";

/// Builds, starts, and waits for Ctrl-C.
pub(crate) fn up(release: bool) -> Result<(), Failure> {
    let workspace = Workspace::read()?;
    say::note("Building. The first time takes some minutes.");
    let mut build = cargo::command();
    // The whole workspace, as the tests do: a part alone would have its
    // dependencies built with other features, and so a second time.
    build.args(["build", "--workspace", "--bins", "--locked"]);
    if release {
        build.arg("--release");
    }
    cargo::run(&mut build, &workspace.root)?;
    let stage = Stage {
        programs: workspace.programs(release),
        data: workspace.target.join("up/data"),
        home: workspace.target.join("up/home"),
    };
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(format!("The runtime cannot be started: {error}.")))?
        .block_on(stage.play())
}

/// Where everything is.
struct Stage {
    programs: PathBuf,
    data: PathBuf,
    home: PathBuf,
}

impl Stage {
    async fn play(&self) -> Result<(), Failure> {
        let mut interrupt = signals(SignalKind::interrupt())?;
        let mut terminate = signals(SignalKind::terminate())?;
        // An agent of the last time holds what is about to be emptied.
        self.stop_agent().await;
        for directory in [&self.data, &self.home] {
            fresh(directory)?;
        }
        let (mut server, mut output, address) = self.start_server().await?;
        // Ended when this function ends.
        let mut window = None;
        let outcome = tokio::select! {
            shown = self.show(&address, &mut window) => shown,
            _ = interrupt.recv() => Ok(false),
            _ = terminate.recv() => Ok(false),
        };
        let mut ended = None;
        if matches!(outcome, Ok(true)) {
            say::line("\nCtrl-C ends the server and the agent.");
            ended = loop {
                tokio::select! {
                    line = output.next_line() => match line {
                        Ok(Some(line)) => say::line(&line),
                        _ => break server.wait().await.ok(),
                    },
                    _ = interrupt.recv() => break None,
                    _ = terminate.recv() => break None,
                }
            };
        }
        self.stop_agent().await;
        if let Some(status) = ended {
            return Err(Failure::new(format!(
                "The server ended by itself ({status}). What it said stands above."
            )));
        }
        end(&mut server).await;
        say::line("The server and the agent have ended.");
        outcome.map(|_| ())
    }

    /// Starts the server and waits until it listens; passes on what it says
    /// before, the administrator's password among it.
    async fn start_server(
        &self,
    ) -> Result<(Child, Lines<BufReader<ChildStdout>>, String), Failure> {
        let listen = if std::net::TcpListener::bind(ADDRESS).is_ok() {
            ADDRESS
        } else {
            "127.0.0.1:0"
        };
        let program = self.programs.join("chancery-server");
        let mut server = Command::new(&program)
            .arg("serve")
            .arg("--data")
            .arg(&self.data)
            .args(["--listen", listen])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| {
                Failure::new(format!("{} cannot be run: {error}.", program.display()))
            })?;
        let stdout = server.stdout.take().ok_or_else(Failure::said)?;
        let mut lines = BufReader::new(stdout).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            say::line(&line);
            if let Some(address) = line.strip_prefix(LISTENING) {
                let address = address.trim_end_matches('/').to_owned();
                return Ok((server, lines, address));
            }
        }
        let status = server
            .wait()
            .await
            .map_or_else(|error| error.to_string(), |status| status.to_string());
        Err(Failure::new(format!(
            "The server did not start ({status}). What it said stands above."
        )))
    }

    /// Fills the server, puts it on the Connect list, and says what to do.
    async fn show(&self, address: &str, window: &mut Option<Child>) -> Result<bool, Failure> {
        let mut sample = Command::new(self.programs.join("chancery-server"));
        sample.arg("sample").arg("--data").arg(&self.data);
        succeeded("Loading the sample matter", sample.status().await)?;
        let mut add = self.chancery();
        add.args(["servers", "add", address, "--name", "Demo"]);
        succeeded("Adding the server to the list", add.status().await)?;
        let home = self.home.display();
        let program = self.programs.join("chancery");
        let program = program.display();
        say::line(&format!(
            "\nThe server is at {address}. Sign in as “admin” with the one-time password above.\n\n\
             In another terminal:\n\
             \x20 export CHANCERY_HOME={home}\n\
             \x20 {program} connect {address} --user admin\n\n\
             Then try:\n\
             \x20 {program} ls\n\
             \x20 {program} watch\n\
             \x20 curl --unix-socket {home}/run/agent.sock http://chancery/work/api"
        ));
        if is_screen_there() {
            // The dialog knows the server and asks for the rest. It is given no
            // time: what it cannot do the terminal still can.
            let mut dialog = Command::new(self.programs.join("chancery-desktop"));
            dialog
                .args(["--show", "login"])
                .env("CHANCERY_HOME", &self.home)
                .stdin(Stdio::null())
                .kill_on_drop(true);
            *window = dialog.spawn().ok();
        } else if std::io::stdin().is_terminal() {
            let mut connect = self.chancery();
            connect.args(["connect", address, "--user", "admin"]);
            // A wrong password is said by the command; it can be given again later.
            let _ = connect.status().await;
        }
        Ok(true)
    }

    fn chancery(&self) -> Command {
        let mut command = Command::new(self.programs.join("chancery"));
        command.env("CHANCERY_HOME", &self.home);
        command
    }

    async fn stop_agent(&self) {
        if self.home.join("run/agent.sock").exists() {
            let _ = self
                .chancery()
                .args(["agent", "stop", "--quiet"])
                .stdout(Stdio::null())
                .status()
                .await;
        }
    }
}

/// Whether there is anything to show a window on.
fn is_screen_there() -> bool {
    ["WAYLAND_DISPLAY", "DISPLAY"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// Asks the server to end, and waits until it has.
async fn end(server: &mut Child) {
    // At a terminal it got Ctrl-C as we did; otherwise it is told.
    if let Some(pid) = server.id() {
        let _ = Command::new("kill")
            .args(["-TERM", &pid.to_string()])
            .status()
            .await;
    }
    let _ = server.wait().await;
}

fn signals(kind: SignalKind) -> Result<Signal, Failure> {
    signal(kind).map_err(|error| Failure::new(format!("Ctrl-C cannot be waited for: {error}.")))
}

fn fresh(directory: &Path) -> Result<(), Failure> {
    let cannot = |error: std::io::Error| {
        Failure::new(format!(
            "{} cannot be emptied: {error}.",
            directory.display()
        ))
    };
    match std::fs::remove_dir_all(directory) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(cannot(error)),
    }
    std::fs::create_dir_all(directory).map_err(cannot)
}

fn succeeded(what: &str, status: std::io::Result<ExitStatus>) -> Result<(), Failure> {
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failure::new(format!(
            "{what} failed ({status}). What went wrong stands above."
        ))),
        Err(error) => Err(Failure::new(format!("{what} failed: {error}."))),
    }
}
