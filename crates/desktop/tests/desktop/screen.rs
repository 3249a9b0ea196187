//! The real program on a real display: that it draws, and is there once.

use chancery_desktop::theme::LIGHT;
use chancery_testkit::TestHome;
use chancery_testkit::framebuffer::Framebuffer;
use chancery_testkit::programs::program;
use chancery_testkit::server::TestServer;
use chancery_testkit::waiting::{ended, eventually};
use std::process::{Child, Stdio};

fn count(display: &Framebuffer, color: egui::Color32) -> usize {
    display.count([color.r(), color.g(), color.b()])
}

fn desktop(home: &TestHome, display: &Framebuffer, words: &[&str]) -> Child {
    let mut command = home.command(&program("chancery-desktop"));
    command
        .args(words)
        .env("DISPLAY", display.name())
        .env("LIBGL_ALWAYS_SOFTWARE", "1")
        .stdin(Stdio::null());
    command.spawn().expect("the program can be run")
}

#[test]
fn the_window_is_drawn_and_a_second_start_shows_what_it_wants_in_the_first_one() {
    let (home, server) = (TestHome::without_keyring(), TestServer::start());
    home.connect(&server);
    let display = Framebuffer::start();
    let mut first = desktop(&home, &display, &[]);
    eventually("the window is drawn", || {
        (count(&display, LIGHT.ground) > 100_000).then_some(())
    });
    // What is chosen in the list is no longer there on another page.
    let chosen = count(&display, LIGHT.chosen);
    let mut second = desktop(&home, &display, &["--show", "preferences"]);
    assert!(ended("the second one passes its wish on", &mut second).success());
    eventually("the preferences are drawn", || {
        (count(&display, LIGHT.chosen) < chosen).then_some(())
    });
    let uses = home.chancery(&["uses", "--json"]).json();
    let windows = uses["uses"].as_array().expect("a list").iter();
    let windows = windows.filter(|one| one["application"] == "Chancery");
    assert_eq!(windows.count(), 1, "{uses}");
    let _ended = first.kill();
    let _waited = first.wait();
}

#[test]
fn without_a_screen_it_says_so_and_ends() {
    let home = TestHome::without_keyring();
    let output = home
        .command(&program("chancery-desktop"))
        .output()
        .expect("the program can be run");
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.starts_with("No window can be opened here: "), "{said}");
}
