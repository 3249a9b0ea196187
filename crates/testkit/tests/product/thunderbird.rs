//! Chancery for Thunderbird in the real Thunderbird, used with a mouse and a
//! keyboard.
//!
//! What the menu shows is read as a screen reader reads it. With
//! `CHANCERY_PICTURES`, a directory, the pictures of the guide are taken.

use crate::prompts::{Window, answer};
use chancery_testkit::server::PASSWORD;
use chancery_testkit::thunderbird::make_profile;
use chancery_testkit::waiting::eventually;
use chancery_testkit::{Display, TestHome, TestServer, Thunderbird};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

const WORK: &str = "Harbour Street 7";
/// With what makes trouble in menus: another direction, and a key's mark.
const ARCHIVE: &str = "أرشيف القضايا & Archive";

const BUTTON: &str = r#"document.querySelector('button[extension="thunderbird@addons.chancery"]')"#;
const TOOLS: &str = "document.getElementById('thunderbird_addons_chancery-menuitem-_connect')";

fn settings() -> Vec<(&'static str, Value)> {
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
struct Desk {
    home: TestHome,
    display: Display,
    profile: PathBuf,
    work: TestServer,
    archive: TestServer,
}

impl Desk {
    fn set() -> Self {
        let desk = Self {
            profile: PathBuf::new(),
            home: TestHome::without_keyring(),
            display: Display::start(),
            work: TestServer::start(),
            archive: TestServer::start(),
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
        let program = home.path().join("desktop");
        let script = format!(
            "#!/bin/sh\necho \"$@\" >> '{}'\n",
            desk.wishes_file().display()
        );
        std::fs::write(&program, script).expect("written");
        let all = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(&program, all).expect("set");
        Self {
            profile: make_profile(home, "test", &settings()),
            ..desk
        }
    }

    fn wishes_file(&self) -> PathBuf {
        self.home.path().join("wishes")
    }

    /// How the desktop program was started so far.
    fn wishes(&self) -> Vec<String> {
        let wishes = std::fs::read_to_string(self.wishes_file()).unwrap_or_default();
        wishes.lines().map(str::to_owned).collect()
    }

    fn start(&self) -> Mail<'_> {
        let desktop = self.home.path().join("desktop");
        let settings = [("CHANCERY_DESKTOP", desktop.to_str().expect("text"))];
        let program = Thunderbird::start(&self.home, &self.display, &self.profile, &settings);
        Mail {
            desk: self,
            program,
        }
    }
}

/// Thunderbird, and what a person does in it.
struct Mail<'a> {
    desk: &'a Desk,
    program: Thunderbird,
}

/// An item of the menu, as it is told to somebody who does not see it.
#[derive(Debug, Clone, PartialEq)]
struct Item {
    role: String,
    name: String,
    is_checked: bool,
    is_focused: bool,
}

impl Mail<'_> {
    fn tooltip(&mut self) -> String {
        let title = self.program.run(&format!("return {BUTTON}?.title"));
        title
            .as_str()
            .unwrap_or_default()
            .replace(['\u{2068}', '\u{2069}'], "")
    }

    #[track_caller]
    fn shows(&mut self, tooltip: &str, picture: &str) {
        let mut seen = String::new();
        let wanted = format!("Chancery: {tooltip}");
        eventually(&format!("the button says “{wanted}”"), || {
            seen = self.tooltip();
            (seen == wanted).then_some(())
        });
        let script = format!("return {BUTTON}.outerHTML + {BUTTON}.getAttribute('style')");
        let button = self.program.run(&script);
        assert!(
            button.as_str().unwrap_or_default().contains(picture),
            "{button}"
        );
    }

    /// A click in the middle of an element.
    fn click(&mut self, element: &str) {
        let place = self.program.run(&format!(
            "const place = ({element}).getBoundingClientRect(); \
             return [window.mozInnerScreenX + place.x + place.width / 2, \
                     window.mozInnerScreenY + place.y + place.height / 2]"
        ));
        let pixel = |value: &Value| value.as_f64().expect("a number").round() as i64;
        self.desk
            .display
            .click((pixel(&place[0]), pixel(&place[1])));
    }

    /// What stands in the button's menu; nothing when it is closed.
    fn menu(&mut self) -> Vec<Item> {
        let items = self.program.run(
            r#"const service = Cc["@mozilla.org/accessibilityService;1"].getService(Ci.nsIAccessibilityService);
            const browser = document.querySelector(".webextension-popup-browser");
            const items = [];
            const walk = place => {
                if (!place) return;
                const role = service.getStringRole(place.role), state = {};
                place.getState(state, {});
                if (["radio menu item", "menuitem", "separator", "alert", "statusbar"].includes(role)) {
                    let name = place.name;
                    if (name === null) {
                        name = "";
                        for (let leaf = place.firstChild; leaf; leaf = leaf.nextSibling) name += leaf.name ?? "";
                    }
                    items.push({role, name, checked: Boolean(state.value & 0x10), focused: Boolean(state.value & 0x4)});
                    return;
                }
                for (let child = place.firstChild; child; child = child.nextSibling) walk(child);
            };
            if (browser) walk(service.getAccessibleFor(browser));
            return items;"#,
        );
        let text = |item: &Value, name: &str| item[name].as_str().unwrap_or_default().to_owned();
        let items = items.as_array().expect("a list").iter();
        items
            .map(|item| Item {
                role: text(item, "role"),
                name: text(item, "name"),
                is_checked: item["checked"] == true,
                is_focused: item["focused"] == true,
            })
            .collect()
    }

    /// Opens the button's menu with the mouse, and waits until it has the keys.
    #[track_caller]
    fn open_menu(&mut self) -> Vec<Item> {
        self.click(BUTTON);
        eventually("the menu is open and has the keys", || {
            let menu = self.menu();
            (is_told(&menu) && menu.iter().any(|item| item.is_focused)).then_some(menu)
        })
    }

    /// Opens the button's menu, and gives what it says went wrong.
    #[track_caller]
    fn open_menu_with_alert(&mut self) -> String {
        self.program
            .wait_for("the button is there", &format!("return Boolean({BUTTON})"));
        self.click(BUTTON);
        self.alert()
    }

    /// What the open menu says went wrong.
    #[track_caller]
    fn alert(&mut self) -> String {
        eventually("the menu says what went wrong", || {
            let mut menu = self.menu().into_iter();
            let alert = menu.find(|item| item.role == "alert" && !item.name.is_empty());
            alert.map(|item| item.name)
        })
    }

    /// Chooses from the open menu with the keyboard.
    #[track_caller]
    fn choose(&mut self, start: &str) {
        let count = self.menu().len();
        let wanted = |menu: &[Item]| {
            let focused = menu.iter().find(|item| item.is_focused);
            focused.map(|item| item.name.starts_with(start))
        };
        for step in 0..count {
            let before = self.menu();
            if wanted(&before) == Some(true) {
                self.desk.display.press("Return");
                return;
            }
            self.desk.display.press("Down");
            eventually(&format!("step {step} moves the focus"), || {
                let menu = self.menu();
                (menu.iter().any(|item| item.is_focused) && menu != before).then_some(())
            });
        }
        panic!("“{start}” is not in the menu: {:?}", self.menu());
    }

    #[track_caller]
    fn menu_closes(&mut self) {
        eventually("the menu closes", || self.menu().is_empty().then_some(()));
    }

    /// Opens “Tools”, and gives the labels of the Connect menu in it.
    fn tools(&mut self) -> Vec<(String, bool)> {
        self.program.run("document.getElementById('toolbar-menubar').removeAttribute('autohide'); document.getElementById('tasksMenu').open = true");
        self.program.wait_for(
            "the Connect menu is there",
            &format!("return Boolean({TOOLS})"),
        );
        let items = self.program.run(&format!(
            "return [...{TOOLS}.querySelector('menupopup').children].filter(item => item.localName == 'menuitem') \
             .map(item => [item.label, item.getAttribute('checked') === 'true' || item.hasAttribute('checked')])"
        ));
        let plain = |label: &Value| {
            let label = label.as_str().unwrap_or_default();
            label.replace(['\u{2068}', '\u{2069}'], "")
        };
        let items = items.as_array().expect("a list").iter();
        items
            .map(|item| (plain(&item[0]), item[1] == true))
            .collect()
    }

    fn choose_in_tools(&mut self, id: &str) {
        self.program.run(&format!(
            "document.getElementById('thunderbird_addons_chancery-menuitem-_{id}').doCommand(); \
             document.getElementById('tasksMenu').open = false"
        ));
    }

    /// For the guide, where somebody wants it.
    fn picture(&self, part: &str, name: &str) {
        if let Some(directory) = std::env::var_os("CHANCERY_PICTURES") {
            self.desk
                .display
                .picture(part, &PathBuf::from(directory).join(name));
        }
    }
}

/// What is told comes a moment after what is there.
fn is_told(menu: &[Item]) -> bool {
    menu.iter()
        .all(|item| item.role == "separator" || !item.name.is_empty())
}

fn names(menu: &[Item]) -> Vec<&str> {
    menu.iter().map(|item| item.name.as_str()).collect()
}

#[test]
#[ignore = "needs Thunderbird and a display; “cargo xtask test --long” installs and runs it"]
fn the_connect_menu_of_thunderbird_signs_in_once_for_everybody() {
    let desk = Desk::set();
    let home = &desk.home;
    let installed = home.chancery(&["addons", "install", "thunderbird"]).done();
    assert!(installed.contains("then “Enable”"), "{installed}");
    let (before, never) = (
        desk.work.metrics().sign_ins(),
        desk.archive.metrics().sign_ins(),
    );

    // What another program put there is the person's to enable.
    let mut mail = desk.start();
    assert_eq!(mail.tooltip(), "");
    mail.program.wait_for(
        "Thunderbird says that an add-on was added",
        "return document.getElementById('button-appmenu').getAttribute('badge-status') == 'addon-alert'",
    );
    mail.click("document.getElementById('button-appmenu')");
    let banner = "document.querySelector('#appMenu-addon-banners toolbarbutton')";
    mail.program.wait_for(
        "its menu is open",
        &format!("return {banner}?.getBoundingClientRect().width > 0"),
    );
    mail.program.run(&format!("({banner}).click()"));
    let enable = "document.querySelector('#addon-webext-permissions-notification .popup-notification-primary-button')";
    mail.program.wait_for(
        "Thunderbird asks",
        &format!("return {enable}?.getBoundingClientRect().width > 0"),
    );
    mail.click(enable);
    mail.shows(
        &format!("{WORK} is chosen. The first use signs in."),
        "deferred.svg",
    );
    drop(mail);

    // A start neither connects nor asks.
    let mut window = Window::open(home);
    let mut mail = desk.start();
    mail.shows(
        &format!("{WORK} is chosen. The first use signs in."),
        "deferred.svg",
    );
    assert_eq!(home.state(), "deferred");
    assert_eq!(desk.work.metrics().sign_ins(), before);
    assert_eq!(desk.wishes(), Vec::<String>::new());
    let uses = home.chancery(&["uses", "--json"]).json().to_string();
    assert!(uses.contains("\"application\":\"Thunderbird\""), "{uses}");

    let menu = mail.open_menu();
    let of_server = |name: &str, server: &TestServer| format!("{name} {}", server.url());
    let (work, archive) = (
        of_server(WORK, &desk.work),
        of_server(ARCHIVE, &desk.archive),
    );
    assert_eq!(
        names(&menu),
        [
            &format!("{WORK} is chosen. The first use signs in."),
            work.as_str(),
            &archive,
            "",
            "Choose from the list…",
            "Sign in",
            "Disconnect",
            "",
            "Open Chancery"
        ]
    );
    assert_eq!(menu.iter().filter(|item| item.is_checked).count(), 1);
    assert!(menu[1].is_checked && menu[1].is_focused, "{menu:?}");
    // To look is not to use.
    assert_eq!(home.state(), "deferred");

    mail.choose("Sign in");
    let prompt = window.prompt();
    assert_eq!(prompt["server"]["name"], WORK);
    assert_eq!(prompt["application"], "Thunderbird");
    assert_eq!(desk.wishes(), ["--hidden"]);
    mail.shows(&format!("Signing in to {WORK}."), "signing-in.svg");
    let _ = answer(home, &prompt, PASSWORD).expect(200);
    mail.shows(
        &format!("Connected to {WORK} as First administrator."),
        "connected.svg",
    );
    mail.menu_closes();
    assert_eq!(window.prompt()["over"], true);
    let listed = home.chancery(&["ls"]);
    assert_eq!(listed.code, 0, "{}", listed.err);
    assert_eq!(desk.work.metrics().sign_ins() - before, 1.0);

    let menu = mail.open_menu();
    assert!(!names(&menu).contains(&"Sign in"), "{menu:?}");
    mail.picture("660x420+610+0", "menu.png");

    // To another server, where somebody has to sign in first, and back.
    mail.choose(ARCHIVE);
    let prompt = window.prompt();
    assert_eq!(prompt["server"]["name"], ARCHIVE);
    assert_eq!(home.state(), "connected", "the first meanwhile");
    let _ = answer(home, &prompt, PASSWORD).expect(200);
    mail.shows(
        &format!("Connected to {ARCHIVE} as First administrator."),
        "connected.svg",
    );
    mail.menu_closes();
    assert_eq!(window.prompt()["over"], true);
    assert_eq!(
        mail.tools(),
        [
            (
                format!("Connected to {ARCHIVE} as First administrator."),
                false
            ),
            (format!("{WORK} – {}", desk.work.url()), false),
            (format!("{ARCHIVE} – {}", desk.archive.url()), true),
            ("Choose from the list…".to_owned(), false),
            ("Disconnect".to_owned(), false),
            ("Open Chancery".to_owned(), false),
        ]
    );
    let id = home.chancery(&["servers", "--json"]).json()["servers"][0]["id"].clone();
    mail.choose_in_tools(&format!("server:{}", id.as_str().expect("a text")));
    mail.shows(
        &format!("Connected to {WORK} as First administrator."),
        "connected.svg",
    );
    assert_eq!(desk.work.metrics().sign_ins() - before, 1.0);
    assert_eq!(desk.archive.metrics().sign_ins() - never, 1.0);

    mail.open_menu();
    mail.choose("Choose from the list…");
    mail.menu_closes();
    mail.open_menu();
    mail.choose("Open Chancery");
    mail.menu_closes();
    eventually("both were started", || {
        (desk.wishes().len() >= 4).then_some(())
    });
    assert_eq!(desk.wishes()[2..], ["--show login", "--show window"]);

    mail.open_menu();
    mail.choose("Disconnect");
    mail.shows(
        &format!("Disconnected from {WORK}. Connect when you want to work there again."),
        "disconnected.svg",
    );
    mail.menu_closes();
    assert_eq!(home.state(), "disconnected");
    let menu = mail.open_menu();
    assert!(!names(&menu).contains(&"Disconnect"), "{menu:?}");
    assert!(names(&menu).contains(&"Sign in"), "{menu:?}");
}

#[test]
#[ignore = "needs Thunderbird and a display; “cargo xtask test --long” installs and runs it"]
fn thunderbird_says_what_went_wrong_and_where_the_connection_is_not() {
    let mut desk = Desk::set();
    let mut settings = settings();
    // Nobody has to enable it here, and it is evening.
    settings.push(("extensions.autoDisableScopes", json!(0)));
    settings.push(("ui.systemUsesDarkTheme", json!(1)));
    let profile = make_profile(&desk.home, "test", &settings);
    desk.home.connect(&desk.work);
    let _ = desk
        .home
        .chancery(&["addons", "install", "thunderbird"])
        .done();
    desk.profile = profile;
    desk.archive.kill();
    let connected = format!("Connected to {WORK} as First administrator.");
    let mut mail = desk.start();
    mail.shows(&connected, "connected.svg");
    mail.open_menu();
    mail.picture("660x420+610+0", "menu-dark.png");
    mail.choose(ARCHIVE);
    let said = mail.alert();
    assert!(said.contains("cannot be reached"), "{said}");
    eventually("trying again is one key", || {
        let menu = mail.menu();
        let focused = menu.iter().find(|item| item.is_focused)?;
        focused.name.starts_with(ARCHIVE).then_some(())
    });
    mail.picture("660x420+610+0", "failed.png");
    assert_eq!(mail.tooltip(), format!("Chancery: {connected}"));
    desk.display.press("Escape");
    mail.menu_closes();
    let menu = mail.open_menu();
    assert!(
        menu.iter().all(|item| item.role != "alert"),
        "it was read: {menu:?}"
    );
    desk.display.press("Escape");
    mail.menu_closes();

    // A name does not turn what stands beside it, here or there.
    let words = [
        "servers",
        "rename",
        ARCHIVE,
        "Archive\u{2069}\u{202e} & Sons",
    ];
    let _ = desk.home.chancery(&words).done();
    let menu = mail.open_menu();
    let harmless = format!("Archive�� & Sons {}", desk.archive.url());
    assert!(names(&menu).contains(&harmless.as_str()), "{menu:?}");
    desk.display.press("Escape");
    mail.menu_closes();
    let harmless = (format!("Archive�� & Sons – {}", desk.archive.url()), false);
    let tools = mail.tools();
    assert!(tools.contains(&harmless), "{tools:?}");
    mail.program
        .run("document.getElementById('tasksMenu').open = false");

    // An agent that ends is not started by somebody who only looks at it.
    let _ = desk.home.chancery(&["agent", "stop"]).done();
    mail.shows(
        "The connection is not running. It starts when you use it.",
        "starting.svg",
    );
    let _ = desk.home.chancery(&["agent", "start"]).done();
    mail.shows(
        &format!("{WORK} is chosen. The first use signs in."),
        "deferred.svg",
    );

    // What the add-on talks to may go away, and is there again when it is used.
    let uses = desk.home.chancery(&["uses", "--json"]).json();
    let uses = uses["uses"].as_array().expect("a list");
    let own = uses.iter().find(|one| one["application"] == "Thunderbird");
    let pid = own.expect("it is there")["pid"].to_string();
    let killed = std::process::Command::new("kill")
        .args(["-KILL", &pid])
        .status();
    assert!(killed.expect("kill can be run").success());
    mail.shows(
        "The connection is not running. It starts when you use it.",
        "starting.svg",
    );
    mail.open_menu();
    mail.shows(
        &format!("{WORK} is chosen. The first use signs in."),
        "deferred.svg",
    );
    drop(mail);

    // Where it was never registered, the menu says what to do.
    let manifest = desk
        .home
        .path()
        .join(".mozilla/native-messaging-hosts/chancery.json");
    std::fs::remove_file(&manifest).expect("it was there");
    let mut mail = desk.start();
    let said = mail.open_menu_with_alert();
    assert!(
        said.contains("“chancery addons install thunderbird”"),
        "{said}"
    );
    drop(mail);

    // Taken out, it is gone with the next start, and nothing is left of it.
    let _ = desk
        .home
        .chancery(&["addons", "install", "thunderbird"])
        .done();
    assert!(manifest.is_file());
    let _ = desk
        .home
        .chancery(&["addons", "remove", "thunderbird"])
        .done();
    let mut mail = desk.start();
    assert_eq!(mail.tooltip(), "");
    assert!(!manifest.exists());
}
