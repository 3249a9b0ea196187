//! Chancery for Thunderbird in the real Thunderbird, used with a mouse and a
//! keyboard.
//!
//! With `CHANCERY_PICTURES`, a directory, the pictures of the guide are taken.

mod desk;
mod mail;
mod typed;

use crate::prompts::{Window, answer};
use chancery_testkit::TestServer;
use chancery_testkit::server::PASSWORD;
use chancery_testkit::thunderbird::make_profile;
use chancery_testkit::waiting::eventually;
use desk::{ARCHIVE, Desk, WORK, settings};
use mail::names;
use serde_json::json;

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
