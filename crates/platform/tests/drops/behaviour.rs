//! What happens to drags of every kind, kind ones and others.

use crate::source::{Source, Status};
use crate::{CORNER, Place, inside};
use chancery_platform::drop_target::{Drag, DropTarget, RawWindow};
use chancery_testkit::waiting::eventually;
use std::path::PathBuf;
use x11rb::connection::Connection;
use x11rb::protocol::xproto::ConnectionExt;

const LIST: &[u8] = b"file:///tmp/Second%20letter.eml\r\n";

fn refused() -> Status {
    Status {
        taken: false,
        action: String::new(),
    }
}

fn taken() -> Status {
    Status {
        taken: true,
        action: "XdndActionCopy".to_owned(),
    }
}

fn letter(at: (i32, i32)) -> Drag {
    let files = vec![PathBuf::from("/tmp/Second letter.eml")];
    Drag::Dropped { at, files }
}

/// Drags over the window and lets go there.
fn dropped(place: &Place) -> Source {
    let source = Source::towards(place.window);
    source.enter(&["text/uri-list"]);
    assert_eq!(source.position(CORNER.0 + 9, CORNER.1 + 8), taken());
    assert_eq!(place.next(), Drag::Over { at: (9, 8) });
    source.drop_it();
    source
}

#[test]
fn a_file_comes_with_its_place() {
    inside("behaviour::a_file_comes_with_its_place", || {
        let place = Place::new(|drag| !matches!(drag, Drag::Over { at: (0, _) }));
        let source = Source::towards(place.window);
        let kinds = ["a/b", "c/d", "XdndDirectSave0", "text/uri-list", "e/f"];
        source.enter(&kinds);
        let (x, y) = CORNER;
        // Where it would not be taken, and where it would be.
        assert_eq!(source.position(x, y + 3), refused());
        assert_eq!(place.next(), Drag::Over { at: (0, 3) });
        assert_eq!(source.position(x + 250, y + 200), taken());
        assert_eq!(place.next(), Drag::Over { at: (250, 200) });
        // A window may be moved while something is dragged over it.
        let to = x11rb::protocol::xproto::ConfigureWindowAux::new().x(200);
        place
            .display
            .configure_window(place.window, &to)
            .expect("sent");
        place
            .display
            .get_input_focus()
            .expect("sent")
            .reply()
            .expect("done");
        assert_eq!(source.position(x + 250, y + 200), taken());
        assert_eq!(place.next(), Drag::Over { at: (150, 200) });
        // Beside it is not over it, whatever the source says.
        assert_eq!(source.position(x, y), refused());
        assert_eq!(place.next(), Drag::Left);
        assert_eq!(source.position(x + 500, y), refused());
        assert_eq!(source.position(x + 499, y), taken());
        assert_eq!(place.next(), Drag::Over { at: (399, 0) });
        assert_eq!(source.position(x + 250, y + 200), taken());
        assert_eq!(place.next(), Drag::Over { at: (150, 200) });
        source.drop_it();
        source.give(LIST);
        assert!(source.finished());
        assert_eq!(place.next(), letter((150, 200)));
        // And again, in pieces.
        source.enter(&kinds);
        assert_eq!(source.position(x + 150, y + 5), taken());
        assert_eq!(place.next(), Drag::Over { at: (50, 5) });
        source.drop_it();
        let asked = source.give_in_pieces();
        for piece in LIST.chunks(7) {
            source.write(&asked, "text/uri-list", piece);
            source.has_read(&asked);
        }
        source.write(&asked, "text/uri-list", b"");
        assert!(source.finished());
        assert_eq!(place.next(), letter((50, 5)));
    });
}

#[test]
fn pieces_that_come_faster_than_they_are_read_are_whole() {
    inside(
        "behaviour::pieces_that_come_faster_than_they_are_read_are_whole",
        || {
            let place = Place::new(|_| true);
            let source = dropped(&place);
            let asked = source.give_in_pieces();
            source.together(|| {
                source.append(&asked, &LIST[..9]);
                source.append(&asked, &LIST[9..]);
            });
            source.has_read(&asked);
            // The second was told of as well, and is no end.
            source.position(CORNER.0, CORNER.1);
            source.write(&asked, "text/uri-list", b"");
            assert!(source.finished());
            assert_eq!(place.next(), letter((9, 8)));
        },
    );
}

#[test]
fn what_is_not_taken_is_refused_and_said_so() {
    inside(
        "behaviour::what_is_not_taken_is_refused_and_said_so",
        || {
            let place = Place::new(|drag| matches!(drag, Drag::Over { .. }));
            // No files.
            let source = Source::towards(place.window);
            source.enter(&["text/plain", "image/png"]);
            assert_eq!(source.position(CORNER.0, CORNER.1), refused());
            source.drop_it();
            assert!(!source.finished());
            // The person moves on.
            source.enter(&["text/uri-list"]);
            assert_eq!(source.position(CORNER.0 + 1, CORNER.1), taken());
            assert_eq!(place.next(), Drag::Over { at: (1, 0) });
            source.say("XdndLeave", [0; 4]);
            assert_eq!(place.next(), Drag::Left);
            // In a version that is not spoken.
            for version in [0, 2, 6, 255] {
                let list = source.atom("text/uri-list");
                source.say("XdndEnter", [version << 24, list, 0, 0]);
                assert_eq!(source.position(CORNER.0, CORNER.1), refused());
            }
            // Let go before it was anywhere.
            source.enter(&["text/uri-list"]);
            source.drop_it();
            assert!(!source.finished());
            // A list of nothing of ours, none at all, and an answer that says no.
            for list in [&b"https://work.example.com/"[..], b"", b"\xff\0\r\n"] {
                let source = dropped(&place);
                source.give(list);
                assert!(!source.finished());
                assert_eq!(place.next(), Drag::Left);
            }
            let source = dropped(&place);
            let asked = source.asked();
            source.notify(&asked, false);
            assert!(!source.finished());
            assert_eq!(place.next(), Drag::Left);
            let source = dropped(&place);
            source.give(LIST);
            assert!(!source.finished());
            assert_eq!(place.next(), letter((9, 8)));
        },
    );
}

#[test]
fn a_source_that_gives_too_much_is_refused() {
    inside("behaviour::a_source_that_gives_too_much_is_refused", || {
        let place = Place::new(|_| true);
        let long = b"file:///a\r\n".repeat(20_000);
        // As much as one request holds, again and again.
        let source = dropped(&place);
        let asked = source.give_in_pieces();
        let mut given = 0;
        while given <= 1024 * 1024 {
            source.write(&asked, "text/uri-list", &long);
            source.has_read(&asked);
            given += long.len();
        }
        assert!(!source.finished());
        assert_eq!(place.next(), Drag::Left);
        // In one piece, which a display takes when it is put together there.
        let source = dropped(&place);
        let asked = source.asked();
        for _ in 0..6 {
            source.append(&asked, &long);
        }
        source.notify(&asked, true);
        assert!(!source.finished());
        assert_eq!(place.next(), Drag::Left);
        // Another form than bytes.
        let source = dropped(&place);
        let asked = source.asked();
        x11rb::wrapper::ConnectionExt::change_property32(
            &source.display,
            x11rb::protocol::xproto::PropMode::REPLACE,
            asked.requestor,
            asked.property,
            asked.target,
            &[1, 2],
        )
        .expect("sent");
        source.notify(&asked, true);
        assert!(!source.finished());
        assert_eq!(place.next(), Drag::Left);
    });
}

#[test]
fn a_source_that_dies_holds_nothing_up() {
    inside("behaviour::a_source_that_dies_holds_nothing_up", || {
        let place = Place::new(|_| true);
        let source = Source::towards(place.window);
        source.enter(&["text/uri-list"]);
        assert_eq!(source.position(CORNER.0, CORNER.1), taken());
        assert_eq!(place.next(), Drag::Over { at: (0, 0) });
        drop(source);
        assert_eq!(place.next(), Drag::Left);
        // After it was let go, before it gave anything.
        let source = dropped(&place);
        source.asked();
        drop(source);
        assert_eq!(place.next(), Drag::Left);
        // In the middle of it.
        let source = dropped(&place);
        source.give_in_pieces();
        drop(source);
        assert_eq!(place.next(), Drag::Left);
        // Dead before it is heard: one whose window is not there is nobody.
        let source = Source::towards(place.window);
        let nobody = 0x0bad_cafe;
        let list = source.atom("text/uri-list");
        source.say_as(nobody, "XdndEnter", [5 << 24, list, 0, 0]);
        source.say_as(nobody, "XdndPosition", [0; 4]);
        source.say_as(nobody, "XdndDrop", [0; 4]);
        let source = dropped(&place);
        source.give(LIST);
        assert!(source.finished());
        assert_eq!(place.next(), letter((9, 8)));
    });
}

#[test]
fn of_several_drags_the_last_one_counts_and_each_is_answered() {
    inside(
        "behaviour::of_several_drags_the_last_one_counts_and_each_is_answered",
        || {
            let place = Place::new(|_| true);
            let (one, two) = (Source::towards(place.window), Source::towards(place.window));
            one.enter(&["text/uri-list"]);
            assert_eq!(one.position(CORNER.0, CORNER.1), taken());
            assert_eq!(place.next(), Drag::Over { at: (0, 0) });
            two.enter(&["text/uri-list"]);
            assert_eq!(two.position(CORNER.0 + 5, CORNER.1), taken());
            assert_eq!(place.next(), Drag::Left);
            assert_eq!(place.next(), Drag::Over { at: (5, 0) });
            // The first is still answered.
            assert_eq!(one.position(CORNER.0, CORNER.1), refused());
            one.drop_it();
            assert!(!one.finished());
            two.drop_it();
            let asked = two.asked();
            // While the second is being fetched, a third is refused.
            one.enter(&["text/uri-list"]);
            assert_eq!(one.position(CORNER.0 + 1, CORNER.1), taken());
            assert_eq!(place.next(), Drag::Over { at: (1, 0) });
            one.drop_it();
            assert!(!one.finished());
            assert_eq!(place.next(), Drag::Left);
            two.write(&asked, "text/uri-list", LIST);
            two.notify(&asked, true);
            assert!(two.finished());
            assert_eq!(place.next(), letter((5, 0)));
        },
    );
}

#[test]
fn a_window_is_given_back_and_one_that_goes_is_left() {
    inside(
        "behaviour::a_window_is_given_back_and_one_that_goes_is_left",
        || {
            let mut place = Place::new(|_| true);
            // In the middle of something that is being fetched.
            let source = dropped(&place);
            source.asked();
            drop(place.target.take());
            assert!(!source.finished());
            assert_eq!(place.next(), Drag::Left);
            eventually("the window is given back", || {
                source
                    .numbers(place.window, "XdndProxy")
                    .is_empty()
                    .then_some(())
            });
            // And while something is over it.
            let mut place = Place::new(|_| true);
            let source = Source::towards(place.window);
            source.enter(&["text/uri-list"]);
            assert_eq!(source.position(CORNER.0, CORNER.1), taken());
            assert_eq!(place.next(), Drag::Over { at: (0, 0) });
            drop(place.target.take());
            assert_eq!(place.next(), Drag::Left);
            // The window goes first.
            let place = Place::new(|_| true);
            let source = Source::towards(place.window);
            place.display.destroy_window(place.window).expect("sent");
            place.display.flush().expect("sent");
            eventually("the proxy goes with it", || {
                let asked = source.display.get_geometry(source.proxy).expect("sent");
                asked.reply().err()
            });
            // And one that is no window at all.
            let refused = DropTarget::on(RawWindow::X11(0x0bad_cafe), |_| true);
            assert!(refused.is_err());
            let refused = DropTarget::on(RawWindow::Wayland, |_| true);
            assert_eq!(
                refused.expect_err("none").to_string(),
                "Nothing can be dropped on this window: it is no window of X11."
            );
        },
    );
}

#[test]
#[ignore = "waits as long as a source may be silent; “cargo xtask test --long” runs it"]
fn a_source_that_falls_silent_is_given_up() {
    inside("behaviour::a_source_that_falls_silent_is_given_up", || {
        let place = Place::new(|_| true);
        let source = dropped(&place);
        let asked = source.asked();
        let drag = place
            .drags
            .recv_timeout(std::time::Duration::from_secs(120));
        assert_eq!(drag.expect("given up"), Drag::Left);
        assert!(!source.finished());
        // What comes after all is of nothing any more.
        let again = dropped(&place);
        let now = again.asked();
        source.write(&asked, "text/uri-list", b"file:///tmp/late\r\n");
        again.write(&now, "text/uri-list", LIST);
        again.notify(&now, true);
        assert!(again.finished());
        assert_eq!(place.next(), letter((9, 8)));
    });
}
