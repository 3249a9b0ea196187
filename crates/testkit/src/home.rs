//! A person: a home directory, the command line, and the agent it starts.

use crate::http::Target;
use crate::keyring::SessionBus;
use crate::programs::program;
use crate::server::{ADMIN, PASSWORD, TestServer, note};
use crate::waiting::{eventually, is_gone};
use serde_json::Value;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// The machine's own proxy settings, in lower case; capitals are read too.
pub(crate) const PROXIES: [&str; 4] = ["https_proxy", "http_proxy", "all_proxy", "no_proxy"];

/// A home of its own, with an agent that ends with it.
#[derive(Debug)]
pub struct TestHome {
    directory: TempDir,
    bus: Option<SessionBus>,
    settings: Vec<(String, PathBuf)>,
}

/// How a command ended and what it said.
#[derive(Debug, Clone)]
pub struct Said {
    /// The exit code; -1 when a signal ended it.
    pub code: i32,
    /// The standard output.
    pub out: String,
    /// The standard error.
    pub err: String,
}

impl Said {
    /// The output when the command did what it should.
    ///
    /// # Panics
    /// When it did not; the message shows everything it said.
    #[track_caller]
    #[must_use]
    pub fn done(self) -> String {
        assert_eq!(self.code, 0, "{}{}", self.out, self.err);
        self.out
    }

    /// The output as JSON, when the command did what it should.
    ///
    /// # Panics
    /// When it did not, or the output is no JSON.
    #[track_caller]
    #[must_use]
    pub fn json(self) -> Value {
        let out = self.done();
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("no JSON ({error}): {out}"))
    }
}

impl TestHome {
    /// A home on a machine without a keyring.
    ///
    /// # Panics
    /// When there is no room for it.
    #[must_use]
    pub fn without_keyring() -> Self {
        // Short, because a socket's path may be 107 bytes long at most.
        let directory = tempfile::Builder::new()
            .prefix("chancery-")
            .tempdir()
            .expect("a temporary directory");
        Self {
            directory,
            bus: None,
            settings: Vec::new(),
        }
    }

    /// A home with an unlocked keyring.
    ///
    /// # Panics
    /// When the keyring does not start; see [`SessionBus::with_keyring`].
    #[must_use]
    pub fn with_keyring() -> Self {
        let mut home = Self::without_keyring();
        home.start_keyring();
        home
    }

    /// A home with a desktop's session bus, and no keyring on it.
    ///
    /// # Panics
    /// When the bus does not start; see [`SessionBus::start`].
    #[must_use]
    pub fn with_bus() -> Self {
        let mut home = Self::without_keyring();
        home.bus = Some(SessionBus::start(home.directory.path()));
        home
    }

    /// The session bus, where this home has one.
    #[must_use]
    pub fn bus(&self) -> Option<&SessionBus> {
        self.bus.as_ref()
    }

    /// From now on there is an unlocked keyring.
    ///
    /// # Panics
    /// As [`TestHome::with_keyring`].
    pub fn start_keyring(&mut self) {
        self.bus = Some(SessionBus::with_keyring(self.directory.path()));
    }

    /// The directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// From now on programs have that setting in their environment. The agent
    /// has those of the program that starts it.
    pub fn set(&mut self, name: &str, value: &Path) {
        self.settings.push((name.to_owned(), value.to_owned()));
    }

    /// The agent's socket.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.path().join("run/agent.sock")
    }

    /// The policy file that holds in this home, if it is there.
    #[must_use]
    pub fn policy_file(&self) -> PathBuf {
        self.path().join("policy.toml")
    }

    /// Decides that, as the administrator.
    ///
    /// # Panics
    /// When the file cannot be written.
    pub fn set_policy(&self, policy: &str) {
        let file = self.policy_file();
        std::fs::write(&file, policy).expect("the policy can be written");
        // Whatever the mask is: nobody else may write to it.
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644))
            .expect("the mode can be set");
    }

    /// Prefers that, as the person.
    ///
    /// # Panics
    /// When the file cannot be written.
    pub fn set_preferences(&self, preferences: &str) {
        let directory = self.path().join("config");
        std::fs::create_dir_all(&directory).expect("a directory can be made");
        std::fs::write(directory.join("preferences.toml"), preferences)
            .expect("the preferences can be written");
    }

    /// What Chancery has put into the keyring, as another program finds it:
    /// nothing when it is empty.
    ///
    /// # Panics
    /// When `secret-tool` cannot be run (package `libsecret-tools`).
    #[must_use]
    pub fn kept_in_keyring(&self) -> String {
        let output = self
            .command(Path::new("secret-tool"))
            .args(["search", "--all", "application", "chancery"])
            .output()
            .expect("secret-tool can be run; it comes with the package libsecret-tools");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Calls through the agent go here.
    #[must_use]
    pub fn agent(&self) -> Target {
        Target::Unix(self.socket())
    }

    /// A program with this home around it and nothing of the machine's own.
    #[must_use]
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        // An address that leads nowhere: the machine's own bus is not ours.
        let nowhere = format!("unix:path={}", self.path().join("no-bus").display());
        let bus = self
            .bus
            .as_ref()
            .map_or(nowhere.as_str(), SessionBus::address);
        command
            .env("CHANCERY_HOME", self.path())
            .env("HOME", self.path())
            .env("CHANCERY_POLICY", self.policy_file())
            .env("DBUS_SESSION_BUS_ADDRESS", bus)
            .env("TZ", "UTC")
            .env_remove("XDG_RUNTIME_DIR")
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("XDG_STATE_HOME")
            .env_remove("DISPLAY")
            .env_remove("WAYLAND_DISPLAY")
            .env("KRB5CCNAME", self.path().join("no-tickets"))
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .current_dir(self.path());
        for name in PROXIES {
            command.env_remove(name).env_remove(name.to_uppercase());
        }
        command
    }

    /// Runs `chancery` with these words.
    ///
    /// # Panics
    /// When the program cannot be run.
    #[must_use]
    pub fn chancery(&self, words: &[&str]) -> Said {
        self.chancery_reading(words, "")
    }

    /// Runs `chancery` with this text on its standard input.
    ///
    /// # Panics
    /// When the program cannot be run.
    #[must_use]
    pub fn chancery_reading(&self, words: &[&str], input: &str) -> Said {
        let mut command = self.command(&program("chancery"));
        command.args(words);
        said(command, input)
    }

    /// Connects to the server as its administrator.
    ///
    /// # Panics
    /// When that fails.
    #[track_caller]
    pub fn connect(&self, server: &TestServer) {
        self.connect_to(&server.url());
    }

    /// Connects to an address, a proxy's for instance, as the administrator.
    ///
    /// # Panics
    /// When that fails.
    #[track_caller]
    pub fn connect_to(&self, address: &str) {
        let said = self.chancery_reading(
            &["connect", address, "--user", ADMIN, "--password-stdin"],
            &format!("{PASSWORD}\n"),
        );
        assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    }

    /// `chancery connect --json`, as the administrator, where the system has
    /// these settings. They are the agent's from then on.
    ///
    /// # Panics
    /// When the program cannot be run.
    #[must_use]
    pub fn connect_with(&self, settings: &[(&str, &str)], address: &str) -> Said {
        let words = ["connect", address, "--user", ADMIN, "--password-stdin"];
        let mut command = self.command(&program("chancery"));
        command
            .args(words)
            .arg("--json")
            .envs(settings.iter().copied());
        said(command, &format!("{PASSWORD}\n"))
    }

    /// The state that `chancery status` tells, for example `connected`.
    ///
    /// # Panics
    /// When the command fails.
    #[must_use]
    pub fn state(&self) -> String {
        let status = self.chancery(&["status", "--json"]).json();
        status["state"].as_str().unwrap_or_default().to_owned()
    }

    /// The agent's process id, from the agent itself.
    ///
    /// # Panics
    /// When no agent runs.
    #[must_use]
    pub fn agent_pid(&self) -> u32 {
        self.running_agent().expect("an agent runs")
    }

    /// Ends the agent at once, as a crash would.
    pub fn kill_agent(&self) {
        if let Some(pid) = self.running_agent() {
            kill(pid);
        }
    }

    fn running_agent(&self) -> Option<u32> {
        let hello = self
            .agent()
            .call(crate::Request::get("/agent/v1/hello"))
            .ok()?;
        let hello: Value = serde_json::from_slice(&hello.body).ok()?;
        u32::try_from(hello["pid"].as_u64()?).ok()
    }

    /// What the agent logged.
    #[must_use]
    pub fn agent_log(&self) -> String {
        let mut log = String::new();
        for directory in ["", "state", "log"] {
            let Ok(entries) = std::fs::read_dir(self.path().join(directory)) else {
                continue;
            };
            for entry in entries.filter_map(Result::ok) {
                if entry
                    .path()
                    .extension()
                    .is_some_and(|extension| extension == "log")
                {
                    log.push_str(&std::fs::read_to_string(entry.path()).unwrap_or_default());
                }
            }
        }
        log
    }
}

/// Runs a command with that on its standard input.
fn said(mut command: Command, input: &str) -> Said {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("chancery can be run");
    if let Some(mut stdin) = child.stdin.take() {
        // A command that does not read its input may have ended already.
        let _ = stdin.write_all(input.as_bytes());
    }
    let output = child.wait_with_output().expect("chancery ends");
    Said {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

impl Drop for TestHome {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.agent_log();
            let from = log.lines().count().saturating_sub(40);
            let tail: Vec<&str> = log.lines().skip(from).collect();
            note(&format!("The end of the agent's log:\n{}", tail.join("\n")));
        }
        if let Some(pid) = self.running_agent() {
            kill(pid);
        }
    }
}

/// Ends a process and waits until the kernel has taken it away. The agent is
/// not our child, so there is nothing to wait on but its being gone.
fn kill(pid: u32) {
    let _ = Command::new("kill")
        .args(["-KILL", &pid.to_string()])
        .stderr(Stdio::null())
        .status();
    eventually("a killed process is gone", || is_gone(pid).then_some(()));
}
