//! A message that is dragged from the real Thunderbird, with a real pointer.

use crate::hand::{Program, drag};
use crate::marionette::Marionette;
use crate::{Place, Stand, inside};
use chancery_platform::drop_target::Drag;
use chancery_testkit::waiting::eventually;
use serde_json::Value;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc;

/// What keeps a fresh profile from asking this and that, and from the network.
/// Its only account has its mail in local folders.
const SETTINGS: &str = r#"
user_pref("app.update.enabled", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("datareporting.policy.dataSubmissionPolicyBypassNotification", true);
user_pref("extensions.getAddons.cache.enabled", false);
user_pref("extensions.update.enabled", false);
user_pref("mail.account.account1.server", "server1");
user_pref("mail.account.account2.identities", "id1");
user_pref("mail.account.account2.server", "server2");
user_pref("mail.accountmanager.accounts", "account1,account2");
user_pref("mail.accountmanager.defaultaccount", "account2");
user_pref("mail.accountmanager.localfoldersserver", "server1");
user_pref("mail.identity.id1.useremail", "ada@work.example.com");
user_pref("mail.provider.suppress_dialog_on_startup", true);
user_pref("mail.server.server1.directory-rel", "[ProfD]Mail/Local Folders");
user_pref("mail.server.server1.hostname", "Local Folders");
user_pref("mail.server.server1.name", "Local Folders");
user_pref("mail.server.server1.type", "none");
user_pref("mail.server.server1.userName", "nobody");
user_pref("mail.server.server2.check_new_mail", false);
user_pref("mail.server.server2.hostname", "127.0.0.1");
user_pref("mail.server.server2.login_at_startup", false);
user_pref("mail.server.server2.name", "ada@work.example.com");
user_pref("mail.server.server2.port", 9);
user_pref("mail.server.server2.type", "imap");
user_pref("mail.server.server2.userName", "ada");
user_pref("mail.shell.checkDefaultClient", false);
user_pref("mail.spotlight.firstRunDone", true);
user_pref("mailnews.start_page.enabled", false);
user_pref("marionette.port", 0);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("remote.prefs.recommended", false);
"#;

/// A message with an attachment, of some size: it has to come whole.
fn letter(number: u32) -> String {
    let mut text = format!(
        "From: Grace <grace@work.example.com>\nTo: ada@work.example.com\n\
         Subject: Letter {number} =?utf-8?B?2K/YsdmI?=\nDate: Mon, 05 Jan 2026 10:0{number}:00 +0000\n\
         Message-ID: <{number}@work.example.com>\nMIME-Version: 1.0\n\
         Content-Type: multipart/mixed; boundary=\"part\"\n\n--part\nContent-Type: text/plain\n\n\
         Here it is.\n--part\nContent-Type: application/octet-stream\n\
         Content-Disposition: attachment; filename=\"plan.bin\"\nContent-Transfer-Encoding: base64\n\n"
    );
    for line in 0..8_000 {
        let _ = writeln!(text, "{:076}", line * 4 + number);
    }
    text + "--part--\n"
}

fn make_profile(profile: &Path) {
    let folders = profile.join("Mail/Local Folders");
    std::fs::create_dir_all(&folders).expect("made");
    std::fs::write(profile.join("user.js"), SETTINGS).expect("written");
    let mut mail = String::new();
    for number in 1..=3 {
        let _ = write!(
            mail,
            "From - Mon Jan 05 10:00:00 2026\n{}\n",
            letter(number)
        );
    }
    std::fs::write(folders.join("Letters"), mail).expect("written");
}

/// Opens the folder and gives the middle of the second message on the screen.
fn second_letter(session: &mut Marionette) -> (i32, i32) {
    eventually("the folder is listed", || {
        let is_there = session.run(
            "const window = Services.wm.getMostRecentWindow('mail:3pane');
             const pane = window?.document.getElementById('tabmail')?.currentAbout3Pane;
             if (!pane?.threadTree) return false;
             const { MailServices } = ChromeUtils.importESModule(
                 'resource:///modules/MailServices.sys.mjs');
             const root = MailServices.accounts.localFoldersServer.rootFolder;
             const folder = root.subFolders.find(folder => folder.name == 'Letters');
             if (!folder) return false;
             if (pane.gFolder?.URI != folder.URI) pane.displayFolder(folder.URI);
             return pane.gDBView?.rowCount == 3 && !!pane.threadTree.getRowAtIndex(1);",
        );
        (is_there == true).then_some(())
    });
    let told = session.run(
        "const window = Services.wm.getMostRecentWindow('mail:3pane');
         window.moveTo(0, 0);
         window.resizeTo(860, 780);
         const pane = window.document.getElementById('tabmail').currentAbout3Pane;
         const row = pane.threadTree.getRowAtIndex(1).getBoundingClientRect();
         const by = window.devicePixelRatio;
         return [(pane.mozInnerScreenX + row.left + 90) * by,
                 (pane.mozInnerScreenY + row.top + row.height / 2) * by];",
    );
    let number = |value: &Value| value.as_f64().expect("a number") as i32;
    (number(&told[0]), number(&told[1]))
}

#[test]
#[ignore = "needs Thunderbird and a window manager; “cargo xtask test --long” installs and runs it"]
fn a_message_is_dragged_from_thunderbird() {
    inside("mail_client::a_message_is_dragged_from_thunderbird", || {
        let home = tempfile::tempdir().expect("made");
        let profile = home.path().join("profile");
        make_profile(&profile);
        let _manager = Program::start(&mut Command::new("openbox"));
        let mut thunderbird = Program::start(
            Command::new("thunderbird")
                .args(["--marionette", "--remote-allow-system-access"])
                .args(["--no-remote", "--profile"])
                .arg(&profile)
                .env("HOME", home.path())
                .env("XDG_RUNTIME_DIR", home.path())
                .env("TMPDIR", home.path())
                .env("MOZ_CRASHREPORTER_DISABLE", "1")
                .env("NO_AT_BRIDGE", "1")
                .env_remove("WAYLAND_DISPLAY")
                .env_remove("DBUS_SESSION_BUS_ADDRESS"),
        );
        let port = eventually("Thunderbird listens", || {
            let ended = thunderbird.0.try_wait().expect("it is ours");
            assert!(ended.is_none(), "Thunderbird has ended: {ended:?}");
            let text = std::fs::read_to_string(profile.join("MarionetteActivePort")).ok()?;
            text.trim().parse().ok()
        });
        let mut session = Marionette::begin(port);
        second_letter(&mut session);

        let (kept, files) = mpsc::channel();
        let stand = Stand {
            corner: (900, 200),
            size: (320, 400),
            is_managed: true,
        };
        // As whoever takes it does: it is read before it is answered.
        let place = Place::standing(&stand, move |drag| {
            if let Drag::Dropped { files, .. } = drag {
                let name = files[0].file_name().expect("a name").to_owned();
                let read = std::fs::read(&files[0]);
                let _gone = kept.send((files.len(), name, read));
            }
            true
        });
        let corner = eventually("our window is there", || place.corner());

        let from = second_letter(&mut session);
        drag(&place, from, corner);
        let (count, name, read) = files.recv_timeout(crate::PATIENCE).expect("told");
        assert_eq!(count, 1);
        let name = name.to_string_lossy();
        assert!(
            name.starts_with("Letter 2") && name.ends_with(".eml"),
            "{name}"
        );
        let message = String::from_utf8(read.expect("a file")).expect("text");
        assert_eq!(without_marks(&message), letter(2));
    });
}

/// A message as it was sent: without what the client notes in its own folders,
/// and with line ends of one kind.
fn without_marks(message: &str) -> String {
    message
        .replace("\r\n", "\n")
        .lines()
        .filter(|line| !line.starts_with("X-Mozilla-"))
        .fold(String::new(), |text, line| text + line + "\n")
}
