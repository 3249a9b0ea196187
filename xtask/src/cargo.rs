//! Asking cargo, and having it build.

use crate::failure::Failure;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The packages with programs for a desktop. One that is not in the workspace
/// is left out.
const DESKTOP: [&str; 2] = ["chancery-cli", "chancery-desktop"];

/// What `cargo metadata` says about the workspace, without dependencies of
/// dependencies.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// The workspace's directory.
    pub(crate) root: PathBuf,
    /// Where builds go.
    pub(crate) target: PathBuf,
    /// The packages, as cargo describes them.
    pub(crate) packages: Vec<Value>,
}

impl Workspace {
    /// Asks cargo.
    pub(crate) fn read() -> Result<Self, Failure> {
        let output = command()
            .args(["metadata", "--no-deps", "--locked", "--format-version", "1"])
            .stderr(Stdio::inherit())
            .output()
            .map_err(|error| {
                Failure::new(format!(
                    "cargo cannot be run: {error}. Install Rust and try again."
                ))
            })?;
        if !output.status.success() {
            return Err(Failure::said());
        }
        let described: Value = serde_json::from_slice(&output.stdout).map_err(|error| {
            Failure::new(format!("What cargo metadata says cannot be read: {error}."))
        })?;
        let path = |name: &str| {
            described[name]
                .as_str()
                .map(PathBuf::from)
                .ok_or_else(|| Failure::new(format!("cargo metadata does not name {name}.")))
        };
        Ok(Self {
            root: path("workspace_root")?,
            target: path("target_directory")?,
            packages: described["packages"]
                .as_array()
                .cloned()
                .unwrap_or_default(),
        })
    }

    /// The packages with programs for a desktop.
    pub(crate) fn desktop(&self) -> Vec<&'static str> {
        let there = |name: &&str| {
            self.packages
                .iter()
                .any(|package| package["name"].as_str() == Some(name))
        };
        DESKTOP.into_iter().filter(there).collect()
    }

    /// The programs for a desktop, by their names.
    pub(crate) fn desktop_programs(&self) -> Vec<String> {
        let is_program = |target: &&Value| {
            let kinds = target["kind"].as_array();
            kinds.is_some_and(|kinds| kinds.iter().any(|kind| kind == "bin"))
        };
        self.packages
            .iter()
            .filter(|package| {
                let name = package["name"].as_str();
                name.is_some_and(|name| DESKTOP.contains(&name))
            })
            .filter_map(|package| package["targets"].as_array())
            .flatten()
            .filter(is_program)
            .filter_map(|target| Some(target["name"].as_str()?.to_owned()))
            .collect()
    }

    /// The product's version.
    pub(crate) fn version(&self) -> Result<&str, Failure> {
        self.packages
            .iter()
            .find(|package| package["name"].as_str() == Some(DESKTOP[0]))
            .and_then(|package| package["version"].as_str())
            .ok_or_else(|| Failure::new("cargo metadata does not tell the version.".to_owned()))
    }

    /// Where a build puts the programs.
    pub(crate) fn programs(&self, release: bool) -> PathBuf {
        self.target.join(if release { "release" } else { "debug" })
    }
}

/// The cargo that runs this very program.
///
/// What `cargo run` told this program about itself is taken away again: build
/// scripts look at it, and would build again each time it comes and goes.
pub(crate) fn command() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os() {
        let told = name.to_string_lossy();
        if told.starts_with("CARGO_PKG_") || told.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
}

/// Runs a command in `directory` and waits for it.
pub(crate) fn run(command: &mut Command, directory: &Path) -> Result<(), Failure> {
    let status = command
        .current_dir(directory)
        .status()
        .map_err(|error| Failure::new(format!("{} cannot be run: {error}.", shown(command))))?;
    if status.success() {
        Ok(())
    } else {
        Err(Failure::said())
    }
}

fn shown(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|part| part.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(" ")
}
