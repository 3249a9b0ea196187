//! A person at a desktop with Thunderbird.

use super::mail::Mail;
use chancery_testkit::programs::program;
use chancery_testkit::thunderbird::make_profile;
use chancery_testkit::{Display, TestHome, TestServer, Thunderbird};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

pub(super) const WORK: &str = "Harbour Street 7";
/// With what makes trouble in menus: another direction, and a key's mark.
pub(super) const ARCHIVE: &str = "أرشيف القضايا & Archive";

pub(super) const BUTTON: &str =
    r#"document.querySelector('button[extension="thunderbird@addons.chancery"]')"#;
pub(super) const TOOLS: &str =
    "document.getElementById('thunderbird_addons_chancery-menuitem-_connect')";

pub(super) fn settings() -> Vec<(&'static str, Value)> {
    vec![
        // As with a screen reader, which is there before the menu is.
        ("accessibility.force_disabled", json!(-1)),
        // Thunderbird lets nobody answer faster than they can read, and waits
        // anew after each click that came too soon.
        ("security.notification_enable_delay", json!(0)),
    ]
}

/// A person at a desktop with Thunderbird, two servers in the list, the first
/// one chosen and nobody signed in.
pub(super) struct Desk {
    pub(super) home: TestHome,
    pub(super) display: Display,
    pub(super) profile: PathBuf,
    pub(super) work: TestServer,
    pub(super) archive: TestServer,
    /// What is started as the desktop program.
    desktop: PathBuf,
}

impl Desk {
    pub(super) fn set() -> Self {
        let desk = Self {
            profile: PathBuf::new(),
            home: TestHome::without_keyring(),
            display: Display::start(),
            work: TestServer::start(),
            archive: TestServer::start(),
            desktop: PathBuf::new(),
        };
        let home = &desk.home;
        for (server, name) in [(&desk.work, WORK), (&desk.archive, ARCHIVE)] {
            let words = ["servers", "add", &server.url(), "--name", name];
            let _ = home.chancery(&words).done();
        }
        home.connect(&desk.work);
        // Nothing is kept on this machine: the session ends with the agent.
        let _ = home.chancery(&["agent", "stop"]).done();
        // Stands where the desktop program would be started, and writes down how.
        let stand_in = home.path().join("desktop");
        let script = format!(
            "#!/bin/sh\necho \"$@\" >> '{}'\n",
            desk.wishes_file().display()
        );
        std::fs::write(&stand_in, script).expect("written");
        let all = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(&stand_in, all).expect("set");
        Self {
            profile: make_profile(home, "test", &settings()),
            desktop: stand_in,
            ..desk
        }
    }

    /// From now on the program itself is started, and not what stands for it.
    pub(super) fn use_real_desktop_program(&mut self) {
        self.desktop = program("chancery-desktop");
    }

    fn wishes_file(&self) -> PathBuf {
        self.home.path().join("wishes")
    }

    /// How the desktop program was started so far.
    pub(super) fn wishes(&self) -> Vec<String> {
        let wishes = std::fs::read_to_string(self.wishes_file()).unwrap_or_default();
        wishes.lines().map(str::to_owned).collect()
    }

    pub(super) fn start(&self) -> Mail<'_> {
        let desktop = self.desktop.to_str().expect("text");
        let settings = [("CHANCERY_DESKTOP", desktop)];
        let program = Thunderbird::start(&self.home, &self.display, &self.profile, &settings);
        Mail {
            desk: self,
            program,
        }
    }
}
