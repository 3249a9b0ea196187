//! Redis of its own, and Sentinels that watch over it, on loopback.

use crate::papers::Papers;
use crate::waiting::eventually;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// What the Sentinels call the master.
pub const MASTER: &str = "chancery";
/// The ACL user that the administrators' guide describes, and their password.
pub const USER: &str = "chancery-server";
/// Their password.
pub const PASSWORD: &str = "a-long-password-for-Redis";
/// What that user may do, as the guide says.
pub const RIGHTS: &str = "~chancery:* resetchannels &chancery:* -@all +get +mget +set +setrange +pexpire +pttl +unlink +eval +publish +subscribe +role +info";

/// A Redis or a Sentinel; ends with its value.
#[derive(Debug)]
pub struct TestRedis {
    directory: TempDir,
    port: u16,
    is_sentinel: bool,
    has_user: bool,
    /// What `redis-cli` needs to speak to it: the firm's papers, and its own.
    papers: Option<[String; 3]>,
    child: Option<Child>,
}

/// How a Redis is set up.
#[derive(Debug, Clone, Copy, Default)]
pub struct Setup<'a> {
    /// It is the copy of that one.
    pub replica_of: Option<&'a TestRedis>,
    /// It speaks TLS alone, with these papers, and with nobody who has not such of
    /// their own.
    pub papers: Option<&'a Papers>,
    /// Only [`USER`] may speak to it, and do [`RIGHTS`].
    pub has_user: bool,
    /// Lines for its configuration.
    pub more: &'a str,
}

/// A port that is free now, and that nobody else is given within this moment.
fn free_port() -> u16 {
    let socket = TcpListener::bind("127.0.0.1:0").expect("a free port on loopback");
    socket.local_addr().expect("an address").port()
}

impl TestRedis {
    /// An empty Redis that everybody on this machine may use.
    ///
    /// # Panics
    /// When it does not start (package `redis-server`).
    #[must_use]
    pub fn start() -> Self {
        Self::set_up(Setup::default())
    }

    /// A Redis of that kind.
    ///
    /// # Panics
    /// As [`TestRedis::start`].
    #[must_use]
    pub fn set_up(setup: Setup<'_>) -> Self {
        let redis = Self::new(false, &setup);
        // Written only when a test says so.
        let mut text = redis.common(setup.papers) + "save \"\"\nappendonly no\n";
        if let Some(master) = setup.replica_of {
            text += &format!("replicaof 127.0.0.1 {}\n", master.port);
        }
        if setup.has_user {
            text += &format!(
                "user default off\nuser {USER} on >{PASSWORD} {RIGHTS}\nuser watcher on >{PASSWORD} allkeys allchannels +@all\n\
                 masteruser watcher\nmasterauth {PASSWORD}\n"
            );
        }
        redis.begun(&(text + "repl-diskless-sync-delay 0\n" + setup.more))
    }

    /// A Sentinel that watches over a Redis, and makes a replica the master soon
    /// after it is gone. With papers it asks for [`PASSWORD`] besides.
    ///
    /// # Panics
    /// As [`TestRedis::start`].
    #[must_use]
    pub fn sentinel(master: &Self, papers: Option<&Papers>) -> Self {
        let setup = Setup {
            papers,
            ..Setup::default()
        };
        let sentinel = Self::new(true, &setup);
        let mut text = sentinel.common(papers);
        text += &format!("sentinel monitor {MASTER} 127.0.0.1 {} 1\n", master.port);
        text += &format!("sentinel down-after-milliseconds {MASTER} 400\n");
        text += &format!("sentinel failover-timeout {MASTER} 3000\n");
        if master.has_user {
            text += &format!("sentinel auth-user {MASTER} watcher\n");
            text += &format!("sentinel auth-pass {MASTER} {PASSWORD}\n");
        }
        if papers.is_some() {
            text += &format!("requirepass {PASSWORD}\n");
        }
        sentinel.begun(&text)
    }

    fn new(is_sentinel: bool, setup: &Setup<'_>) -> Self {
        let directory = tempfile::Builder::new()
            .prefix("chancery-redis-")
            .tempdir()
            .expect("a temporary directory");
        Self {
            directory,
            port: free_port(),
            is_sentinel,
            has_user: setup.has_user,
            papers: setup.papers.map(|papers| {
                let (certificate, key) = papers.of_server();
                [papers.firm(), certificate, key]
            }),
            child: None,
        }
    }

    fn common(&self, papers: Option<&Papers>) -> String {
        let directory = self.directory.path().display();
        let mut text =
            format!("bind 127.0.0.1\ndir {directory}\nlogfile {directory}/log\ndaemonize no\n");
        match papers {
            None => text += &format!("port {}\n", self.port),
            Some(papers) => {
                let (certificate, key) = papers.of_server();
                text += &format!(
                    "port 0\ntls-port {}\ntls-cert-file {certificate}\ntls-key-file {key}\ntls-ca-cert-file {}\n\
                     tls-auth-clients yes\ntls-replication yes\n",
                    self.port,
                    papers.firm()
                );
            }
        }
        text
    }

    fn begun(mut self, configuration: &str) -> Self {
        std::fs::write(self.configuration(), configuration).expect("a file can be written");
        self.begin();
        self
    }

    fn configuration(&self) -> PathBuf {
        self.directory.path().join("redis.conf")
    }

    /// Starts it, again or for the first time.
    ///
    /// # Panics
    /// When it does not start.
    pub fn begin(&mut self) {
        let mut command = Command::new("redis-server");
        command.arg(self.configuration());
        if self.is_sentinel {
            command.arg("--sentinel");
        }
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("redis-server can be run; it comes with the package redis-server");
        self.child = Some(child);
        eventually("Redis answers", || {
            (self.call(&["PING"]).trim() == "PONG").then_some(())
        });
    }

    /// Ends it at once, as a crash would.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Lets it do nothing and answer nobody, or go on.
    pub fn hold(&self, is_held: bool) {
        if let Some(child) = &self.child {
            let signal = if is_held { "-STOP" } else { "-CONT" };
            let _ = Command::new("kill")
                .args([signal, &child.id().to_string()])
                .status();
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// Its directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// What it answers to a command, as `redis-cli` shows it; empty when it does
    /// not.
    #[must_use]
    pub fn call(&self, words: &[&str]) -> String {
        // One that is held answers nobody.
        let mut command = Command::new("timeout");
        command.args(["2", "redis-cli", "-p", &self.port.to_string()]);
        if let Some([firm, certificate, key]) = &self.papers {
            command.args([
                "--tls",
                "--cacert",
                firm,
                "--cert",
                certificate,
                "--key",
                key,
            ]);
        }
        if self.is_sentinel && self.papers.is_some() {
            command.args(["--pass", PASSWORD, "--no-auth-warning"]);
        }
        if self.has_user {
            command.args(["--user", "watcher", "--pass", PASSWORD, "--no-auth-warning"]);
        }
        let output = command.args(words).stdin(Stdio::null()).output();
        let output = output.expect("redis-cli can be run; it comes with the package redis-tools");
        String::from_utf8_lossy(&output.stdout)
            .trim_end()
            .to_owned()
    }

    /// The keys of sessions.
    #[must_use]
    pub fn sessions(&self) -> Vec<String> {
        let keys = self.call(&["KEYS", "chancery:*"]);
        keys.lines()
            .filter(|key| !key.is_empty() && !key.ends_with(":ends"))
            .map(str::to_owned)
            .collect()
    }

    /// Writes what it has to its disk now.
    ///
    /// # Panics
    /// When it cannot.
    pub fn save(&self) {
        assert_eq!(self.call(&["SAVE"]), "OK");
    }

    /// Cuts a replica off: it hears nothing more of its master, as when the
    /// network between them broke, and keeps what it has.
    ///
    /// # Panics
    /// When it refuses.
    pub fn cut_off(&self) {
        assert_eq!(self.call(&["REPLICAOF", "NO", "ONE"]), "OK");
    }

    /// Which Redis the Sentinel says is the master.
    #[must_use]
    pub fn master(&self) -> Option<u16> {
        let said = self.call(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER]);
        said.lines().nth(1)?.parse().ok()
    }

    /// Whether a replica has everything its master has.
    #[must_use]
    pub fn has_caught_up(&self) -> bool {
        self.call(&["INFO", "replication"])
            .contains("master_link_status:up")
    }
}

impl Drop for TestRedis {
    fn drop(&mut self) {
        self.hold(false);
        self.kill();
    }
}
