//! The whole way: the mail client's menu, the agent, and the desktop program's
//! own window, in which a person types.

use super::desk::{Desk, WORK, settings};
use crate::desktop::{EndsDesktop, pid_of_desktop};
use chancery_testkit::TestServer;
use chancery_testkit::server::PASSWORD;
use chancery_testkit::thunderbird::make_profile;
use chancery_testkit::waiting::eventually;
use serde_json::json;

/// What the desktop program calls its window.
const WINDOW: &str = "Chancery";

#[test]
#[ignore = "needs Thunderbird and a display; “cargo xtask test --long” installs and runs it"]
fn a_password_typed_into_the_window_signs_the_mail_client_in() {
    let mut desk = Desk::set();
    desk.use_real_desktop_program();
    let mut settings = settings();
    // Nobody has to enable it here.
    settings.push(("extensions.autoDisableScopes", json!(0)));
    desk.profile = make_profile(&desk.home, "test", &settings);
    let home = &desk.home;
    let _ends = EndsDesktop(home);
    let _ = home.chancery(&["addons", "install", "thunderbird"]).done();
    let sign_ins = |server: &TestServer| server.metrics().sign_ins();
    let before = sign_ins(&desk.work);

    let mut mail = desk.start();
    mail.shows(
        &format!("{WORK} is chosen. The first use signs in."),
        "deferred.svg",
    );
    // The start of the mail client starts no window.
    assert_eq!(pid_of_desktop(home), None);
    assert_eq!(sign_ins(&desk.work), before);

    mail.open_menu();
    mail.choose("Sign in");
    desk.display.wait_for_active(WINDOW);
    let height = desk.display.height().expect("it has one");
    mail.picture("1280x900+0+0", "window-asks.png");
    // A wrong one first: the window says so, and asks again.
    desk.display.type_text("not the password");
    desk.display.press("Return");
    eventually(
        "the window says what was wrong, and is higher for it",
        || (desk.display.height()? >= height + 30).then_some(()),
    );
    assert_eq!(desk.work.metrics().refusals(), 1.0);
    mail.picture("1280x900+0+0", "window-refused.png");
    assert_eq!(home.state(), "signing-in");
    desk.display.press("ctrl+a");
    desk.display.type_text(PASSWORD);
    desk.display.press("Return");
    let connected = format!("Connected to {WORK} as First administrator.");
    mail.shows(&connected, "connected.svg");
    assert_eq!(sign_ins(&desk.work) - before, 1.0);
    // What was a dialog is gone again, and the program is there for the next.
    desk.display.wait_for_none(WINDOW);
    let desktop = pid_of_desktop(home).expect("it runs");

    // Another application is signed in with it, and nobody is asked.
    let listed = home.chancery(&["ls"]);
    assert_eq!(listed.code, 0, "{}", listed.err);
    assert_eq!(sign_ins(&desk.work) - before, 1.0);

    // From the mail client to the window itself.
    mail.open_menu();
    mail.choose("Open Chancery");
    desk.display.wait_for_active(WINDOW);
    assert_eq!(pid_of_desktop(home), Some(desktop), "still the same one");
}
