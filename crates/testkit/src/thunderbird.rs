//! The real Thunderbird, with a profile of its own.

use crate::display::Display;
use crate::home::TestHome;
use crate::marionette::Marionette;
use crate::waiting::{ended, eventually};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// What keeps a fresh profile from asking this and that, and from the network.
const QUIET: [(&str, Value); 13] = [
    ("app.update.enabled", Value::Bool(false)),
    ("browser.shell.checkDefaultBrowser", Value::Bool(false)),
    (
        "datareporting.policy.dataSubmissionEnabled",
        Value::Bool(false),
    ),
    (
        "datareporting.policy.dataSubmissionPolicyBypassNotification",
        Value::Bool(true),
    ),
    ("extensions.getAddons.cache.enabled", Value::Bool(false)),
    ("extensions.update.enabled", Value::Bool(false)),
    (
        "mail.provider.suppress_dialog_on_startup",
        Value::Bool(true),
    ),
    ("mail.shell.checkDefaultClient", Value::Bool(false)),
    ("mail.spotlight.firstRunDone", Value::Bool(true)),
    ("mailnews.start_page.enabled", Value::Bool(false)),
    ("network.captive-portal-service.enabled", Value::Bool(false)),
    ("network.connectivity-service.enabled", Value::Bool(false)),
    // Scripts are run, but the program is not changed for them: with those
    // settings its windows do not take the keyboard as they do for people.
    ("remote.prefs.recommended", Value::Bool(false)),
];

/// A running Thunderbird; ends with its value.
#[derive(Debug)]
pub struct Thunderbird {
    child: Child,
    marionette: Marionette,
}

/// Makes a profile of that name in this home, and makes it the one in
/// Thunderbird's list. `settings` stand above the usual ones.
///
/// # Panics
/// When the files cannot be written.
#[must_use]
pub fn make_profile(home: &TestHome, name: &str, settings: &[(&str, Value)]) -> PathBuf {
    let root = home.path().join(".thunderbird");
    let profile = root.join(name);
    std::fs::create_dir_all(&profile).expect("a directory can be made");
    std::fs::write(
        root.join("profiles.ini"),
        format!("[Profile0]\nName={name}\nIsRelative=1\nPath={name}\nDefault=1\n"),
    )
    .expect("the list can be written");
    let port = [("marionette.port", json!(0))];
    let mut text = String::new();
    for (name, value) in QUIET.iter().chain(&port).chain(settings) {
        let _ = writeln!(text, "user_pref({}, {value});", json!(name));
    }
    std::fs::write(profile.join("user.js"), text).expect("the settings can be written");
    profile
}

impl Thunderbird {
    /// Starts it with that profile and waits until its main window is there.
    /// Programs that it starts see `settings` in their environment.
    ///
    /// # Panics
    /// When it cannot be run (package `thunderbird`), or does not start in time.
    #[must_use]
    pub fn start(
        home: &TestHome,
        display: &Display,
        profile: &Path,
        settings: &[(&str, &str)],
    ) -> Self {
        let port_file = profile.join("MarionetteActivePort");
        let _ = std::fs::remove_file(&port_file);
        let mut command: Command = home.command(Path::new("thunderbird"));
        let mut child = command
            .args(["--marionette", "--remote-allow-system-access"])
            .args(["--no-remote", "--profile"])
            .arg(profile)
            .env("DISPLAY", display.name())
            .env("MOZ_CRASHREPORTER_DISABLE", "1")
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("thunderbird can be run; it comes with the package thunderbird");
        let port = eventually("Thunderbird listens", || {
            if let Ok(Some(status)) = child.try_wait() {
                panic!("Thunderbird has ended: {status}");
            }
            let text = std::fs::read_to_string(&port_file).ok()?;
            text.trim().parse().ok()
        });
        let mut thunderbird = Self {
            child,
            marionette: Marionette::begin(port),
        };
        thunderbird.wait_for(
            "the main window is complete, with its first tab",
            "const window = Services.wm.getMostRecentWindow('mail:3pane'); \
             const tab = window?.document.getElementById('tabmail')?.currentTabInfo; \
             return window?.document.readyState == 'complete' \
                 && tab?.chromeBrowser?.contentDocument?.readyState == 'complete'",
        );
        thunderbird
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Runs the body of a function in the main window.
    ///
    /// # Panics
    /// When it throws.
    pub fn run(&mut self, script: &str) -> Value {
        self.marionette.run(script)
    }

    /// Waits until that is true in the main window.
    ///
    /// # Panics
    /// When it does not become so in time.
    pub fn wait_for(&mut self, what: &str, script: &str) {
        eventually(what, || (self.run(script) == true).then_some(()));
    }
}

impl Drop for Thunderbird {
    fn drop(&mut self) {
        // Asked first: its own processes end with it then.
        self.marionette.quit();
        if std::thread::panicking() {
            let _ = self.child.kill();
            let _ = self.child.wait();
            return;
        }
        ended("Thunderbird ends when asked", &mut self.child);
    }
}
