//! The office suite itself: LibreOffice Writer on a display of its own, with
//! the extension added by `unopkg`.

use super::desk::{Display, Office, install};
use super::person::{extension, was_done_by_a_normal_person};
use crate::prompts::{Window, answer};
use chancery_testkit::programs::program;
use chancery_testkit::server::PASSWORD;
use chancery_testkit::waiting::eventually;
use chancery_testkit::{Request, TestHome, TestServer};
use std::path::{Path, PathBuf};

/// What the suite is given beside a home.
fn surroundings(home: &TestHome) -> [(&'static str, PathBuf); 2] {
    [
        ("CHANCERY_PROGRAM", program("chancery")),
        // Whoever asks is the test.
        ("CHANCERY_DESKTOP", home.path().join("no-window")),
    ]
}

fn agent_answers(home: &TestHome) -> bool {
    let hello = home.agent().call(Request::get("/agent/v1/hello"));
    hello.is_ok()
}

fn state_becomes(home: &TestHome, wanted: &str) {
    eventually(wanted, || (home.state() == wanted).then_some(()));
}

#[test]
#[ignore = "needs LibreOffice and a display; “cargo xtask test --long” installs and runs it"]
fn a_person_works_in_libreoffice() {
    if was_done_by_a_normal_person("libreoffice::office::a_person_works_in_libreoffice") {
        return;
    }
    let home = TestHome::without_keyring();
    let (archive, work) = (TestServer::start(), TestServer::start());
    for (server, name) in [(&archive, "Archive ~ محمد"), (&work, "Work & more")] {
        home.connect(server);
        let _ = home
            .chancery(&["servers", "rename", &server.url(), name])
            .done();
    }
    let _ = home.chancery(&["agent", "stop"]).done();
    let before = (archive.metrics().sign_ins(), work.metrics().sign_ins());
    let sign_ins = || {
        let now = (archive.metrics().sign_ins(), work.metrics().sign_ins());
        (now.0 - before.0, now.1 - before.1)
    };
    install(&home, &extension());
    let display = Display::start(&home);
    let mut office = Office::start(&home, &display, &surroundings(&home));

    // The start connects nobody, and does not even start the agent.
    assert!(office.menu_bar().contains(&"Chancery".to_owned()));
    assert_eq!(office.menu(), ["(…)"]);
    assert!(!agent_answers(&home));
    assert_eq!(sign_ins(), (0.0, 0.0));

    // The menu is live when it opens for the first time. It signs nobody in.
    let menu = office.opened(&display, "Work & more");
    office.leave(&display);
    assert_eq!(
        menu,
        [
            "(Work & more is chosen. The first use signs in.)",
            "○ \u{2068}Archive \u{223c} محمد\u{2069}",
            "● Work & more",
            "—",
            "Choose from the list…",
            "Sign in",
            "Disconnect",
            "—",
            "Open Chancery",
        ]
    );
    assert!(agent_answers(&home));
    assert_eq!(sign_ins(), (0.0, 0.0));

    // One prompt, one sign-in, and everybody has it.
    let mut window = Window::open(&home);
    assert!(office.dispatch("sign-in"));
    let prompt = window.prompt();
    assert_eq!(prompt["application"], "LibreOffice");
    assert_eq!(prompt["server"]["name"], "Work & more");
    let _ = answer(&home, &prompt, PASSWORD).expect(200);
    let over = window.prompt();
    assert_eq!(
        (&over["number"], &over["over"]),
        (&prompt["number"], &true.into())
    );
    state_becomes(&home, "connected");
    let _ = home.chancery(&["ls", "--no-input"]).done();
    assert_eq!(sign_ins(), (0.0, 1.0));
    let menu = office.opened(&display, "Connected to Work & more");
    office.leave(&display);
    assert!(!menu.contains(&"Sign in".to_owned()), "{menu:?}");

    // A link in a document does nothing: the menu stays, and so does the state.
    office.follow_link("disconnect");

    // To the other server by the keyboard, in the real menu: the first line
    // that can be chosen. There somebody has to sign in too.
    let _ = office.opened(&display, "Connected to Work & more");
    display.press(&["Return"]);
    let prompt = window.prompt();
    assert_eq!(prompt["server"]["name"], "Archive ~ محمد");
    let _ = answer(&home, &prompt, PASSWORD).expect(200);
    assert_eq!(window.prompt()["over"], true);
    let menu = office.opened(&display, "● \u{2068}Archive");
    office.leave(&display);
    assert_eq!(
        menu[0],
        "(Connected to \u{2068}Archive \u{223c} محمد\u{2069} as First administrator.)"
    );
    assert_eq!(menu[2], "○ Work & more");

    // And back, where the session still lives: nobody is asked.
    let servers = home.chancery(&["servers", "--json"]).json();
    let id = servers["servers"][1]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    assert!(office.dispatch(&format!("switch?server={id}")));
    let _ = office.opened(&display, "● Work & more");
    office.leave(&display);
    assert_eq!(home.state(), "connected");
    assert_eq!(sign_ins(), (1.0, 1.0));

    // The Start Center has the same menu.
    office.close_document();
    assert!(office.menu_bar().contains(&"Chancery".to_owned()));

    assert!(office.dispatch("disconnect"));
    state_becomes(&home, "disconnected");
    let menu = office.opened(&display, "Disconnected from");
    office.leave(&display);
    assert!(menu.contains(&"Sign in".to_owned()), "{menu:?}");
    assert!(!menu.contains(&"Disconnect".to_owned()), "{menu:?}");
    assert_eq!(sign_ins(), (1.0, 1.0));

    // A question that nobody answers does not keep the suite from ending.
    assert!(office.dispatch("sign-in"));
    assert_eq!(window.prompt()["server"]["name"], "Work & more");
    office.terminate();
}

/// Puts an error into a file of a packed extension.
const BREAK: &str = r#"
import sys, zipfile
whole, broken, name = sys.argv[1:]
with zipfile.ZipFile(whole) as source, zipfile.ZipFile(broken, "w") as target:
    assert name in source.namelist(), name
    for one in source.namelist():
        target.writestr(one, b"raise ValueError('broken')" if one == name else source.read(one))
"#;

#[test]
#[ignore = "needs LibreOffice and a display; “cargo xtask test --long” installs and runs it"]
fn an_extension_that_is_broken_inside_does_not_keep_libreoffice_from_its_work() {
    let own = "libreoffice::office::an_extension_that_is_broken_inside_does_not_keep_libreoffice_from_its_work";
    if was_done_by_a_normal_person(own) {
        return;
    }
    // What is loaded at the start, and what with the first opening of the menu.
    for name in ["services", "office"] {
        let home = TestHome::without_keyring();
        let broken = home.path().join("broken.oxt");
        let done = home
            .command(Path::new("python3"))
            .args(["-c", BREAK])
            .args([&extension(), &broken])
            .arg(format!("pythonpath/chancery_libreoffice/{name}.py"))
            .status()
            .expect("python3 can be run");
        assert!(done.success());
        install(&home, &broken);
        let display = Display::start(&home);
        let mut office = Office::start(&home, &display, &surroundings(&home));
        assert!(office.menu_bar().contains(&"Chancery".to_owned()));
        display.press(&["alt+c", "Right", "Escape", "Escape", "Escape"]);
        // Nobody takes it, or nothing comes of it.
        let _ = office.dispatch("sign-in");
        office.close_document();
        assert!(!agent_answers(&home));
        office.terminate();
    }
}
