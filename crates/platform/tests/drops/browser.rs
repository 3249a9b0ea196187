//! A picture that is dragged from the real Chromium, which has no file of it: it
//! makes one where it is told to.

use crate::hand::{Program, drag};
use crate::{Place, Stand, inside};
use chancery_platform::drop_target::Drag;
use chancery_testkit::waiting::eventually;
use std::process::Command;
use std::sync::mpsc;
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{ConnectionExt, ImageFormat};

/// One red pixel.
const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0\
    \x90wS\xde\0\0\0\x0cIDATx\x9cc\xf8\xcf\xc0\0\0\x03\x01\x01\0\xc9\xfe\x92\xef\
    \0\0\0\0IEND\xaeB`\x82";
/// Where it is, however wide the browser's own bars are.
const ON_IT: (i16, i16) = (300, 400);

#[test]
#[ignore = "needs Chromium and a window manager; “cargo xtask test --long” installs and runs it"]
fn a_picture_is_dragged_from_a_browser() {
    inside("browser::a_picture_is_dragged_from_a_browser", || {
        let home = tempfile::tempdir().expect("made");
        std::fs::write(home.path().join("plan.png"), PICTURE).expect("written");
        let page = home.path().join("page.html");
        let text = "<body style=\"margin:0\"><img src=plan.png style=\"width:100vw;height:100vh\">";
        std::fs::write(&page, text).expect("written");
        let _manager = Program::start(&mut Command::new("openbox"));
        let _browser = Program::start(
            Command::new("chromium")
                .args(["--no-sandbox", "--disable-gpu", "--no-first-run"])
                .args([
                    "--disable-background-networking",
                    "--disable-component-update",
                ])
                .args([
                    "--disable-sync",
                    "--ozone-platform=x11",
                    "--password-store=basic",
                ])
                .args(["--window-position=0,0", "--window-size=800,700"])
                .arg(format!(
                    "--user-data-dir={}",
                    home.path().join("browser").display()
                ))
                .arg(format!("--app=file://{}", page.display()))
                .env("HOME", home.path())
                .env("XDG_RUNTIME_DIR", home.path())
                .env_remove("WAYLAND_DISPLAY")
                .env_remove("DBUS_SESSION_BUS_ADDRESS"),
        );
        let (kept, files) = mpsc::channel();
        let stand = Stand {
            corner: (900, 200),
            size: (320, 400),
            is_managed: true,
        };
        let place = Place::standing(&stand, move |drag| {
            if let Drag::Dropped { files, .. } = drag {
                let _gone = kept.send((files.clone(), std::fs::read(&files[0])));
            }
            true
        });
        let corner = eventually("our window is there", || place.corner());
        eventually("the picture is there", || is_red(&place).then_some(()));
        drag(&place, (ON_IT.0.into(), ON_IT.1.into()), corner);
        let (files, read) = files.recv_timeout(crate::PATIENCE).expect("told");
        assert_eq!(files[0].file_name().expect("a name"), "plan.png");
        assert_eq!(read.expect("a file"), PICTURE);
        eventually("nothing is left", || (!files[0].exists()).then_some(()));
    });
}

fn is_red(place: &Place) -> bool {
    let root = place.display.setup().roots[0].root;
    let (form, (x, y)) = (ImageFormat::Z_PIXMAP, ON_IT);
    let asked = place.display.get_image(form, root, x, y, 1, 1, !0);
    let told = asked.expect("sent").reply().expect("a pixel");
    told.data.starts_with(&[0, 0, 255])
}
