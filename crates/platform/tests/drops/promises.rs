//! Files that a source makes only when they are dropped.

use crate::source::Source;
use crate::{CORNER, Place, inside};
use chancery_platform::drop_target::Drag;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver};

/// A window that keeps what is in the files before it answers.
fn keeping() -> (Place, Receiver<Vec<u8>>) {
    let (kept, contents) = mpsc::channel();
    let place = Place::new(move |drag| {
        if let Drag::Dropped { files, .. } = drag {
            let _gone = kept.send(std::fs::read(&files[0]).expect("a file"));
        }
        true
    });
    (place, contents)
}

/// Drops it, and gives the place where the file is to be made.
fn dropped(place: &Place, source: &Source, kinds: &[&str]) {
    source.enter(kinds);
    assert!(source.position(CORNER.0 + 9, CORNER.1 + 8).taken);
    assert_eq!(place.next(), Drag::Over { at: (9, 8) });
    source.drop_it();
}

fn path_of(uri: &str) -> PathBuf {
    let encoded = uri.strip_prefix("file://").expect("a file");
    let decoded = percent_encoding::percent_decode_str(encoded).decode_utf8();
    PathBuf::from(decoded.expect("a text").into_owned())
}

fn directory(path: &Path) -> &Path {
    path.parent().expect("a directory")
}

#[test]
fn a_promised_file_is_made_in_a_place_of_ours_and_goes_again() {
    inside(
        "promises::a_promised_file_is_made_in_a_place_of_ours_and_goes_again",
        || {
            let (place, contents) = keeping();
            // Alone, and beside a list that names no file.
            for kinds in [
                &["XdndDirectSave0"][..],
                &["text/uri-list", "XdndDirectSave0"],
                &["text/uri-list", "XdndDirectSave0"],
            ] {
                let source = Source::towards(place.window);
                source.wish("../../the plan é.pdf");
                dropped(&place, &source, kinds);
                if kinds.len() > 1 {
                    source.give(b"https://work.example.com/plan\r\n");
                }
                let asked = source.asked_for("XdndDirectSave0");
                let path = path_of(&source.wished());
                assert_eq!(path.file_name().expect("one"), "the plan é.pdf");
                let mode = std::fs::metadata(directory(&path)).expect("there");
                assert_eq!(mode.permissions().mode() & 0o777, 0o700);
                std::fs::write(&path, "a plan").expect("made");
                source.write(&asked, "text/plain", b"S");
                source.notify(&asked, true);
                assert!(source.finished());
                let files = vec![path.clone()];
                assert_eq!(place.next(), Drag::Dropped { at: (9, 8), files });
                assert_eq!(contents.recv().expect("kept"), b"a plan");
                chancery_testkit::waiting::eventually("nothing is left", || {
                    (!directory(&path).exists()).then_some(())
                });
            }
        },
    );
}

#[test]
fn a_source_that_makes_no_file_may_say_what_is_in_it() {
    inside(
        "promises::a_source_that_makes_no_file_may_say_what_is_in_it",
        || {
            let (place, contents) = keeping();
            let kinds = ["XdndDirectSave0", "application/octet-stream"];
            let long: Vec<u8> = (0..3_000_000_u32).map(|at| (at % 251) as u8).collect();
            for in_pieces in [false, true] {
                let mut source = Source::towards(place.window);
                source.takes_the_proxy_for_it();
                source.wish("plan.bin");
                dropped(&place, &source, &kinds);
                let asked = source.asked_for("XdndDirectSave0");
                let path = path_of(&source.wished());
                // What it has left there is not added to, nor followed.
                std::os::unix::fs::symlink("/etc/hostname", &path).expect("made");
                source.write(&asked, "text/plain", b"F");
                source.notify(&asked, true);
                let asked = source.asked_for("application/octet-stream");
                if in_pieces {
                    source.begin_pieces(&asked);
                    for piece in long.chunks(200_000) {
                        source.write(&asked, "application/octet-stream", piece);
                        source.has_read(&asked);
                    }
                    source.write(&asked, "application/octet-stream", b"");
                } else {
                    source.write(&asked, "application/octet-stream", b"short");
                    source.notify(&asked, true);
                }
                assert!(source.finished());
                let files = vec![path.clone()];
                assert_eq!(place.next(), Drag::Dropped { at: (9, 8), files });
                let expected = if in_pieces { &long[..] } else { b"short" };
                assert!(contents.recv().expect("kept") == expected);
                chancery_testkit::waiting::eventually("nothing is left", || {
                    (!directory(&path).exists()).then_some(())
                });
            }
            // One that refuses that too.
            let source = Source::towards(place.window);
            source.wish("plan.bin");
            dropped(&place, &source, &kinds);
            let asked = source.asked_for("XdndDirectSave0");
            source.write(&asked, "text/plain", b"F");
            source.notify(&asked, true);
            let asked = source.asked_for("application/octet-stream");
            source.notify(&asked, false);
            assert!(!source.finished());
            assert_eq!(place.next(), Drag::Left);
        },
    );
}

#[test]
fn a_promise_that_is_not_kept_leaves_nothing() {
    inside(
        "promises::a_promise_that_is_not_kept_leaves_nothing",
        || {
            let (place, contents) = keeping();
            // No name, and one of which nothing is left.
            for name in ["", "../.."] {
                let source = Source::towards(place.window);
                source.wish(name);
                dropped(&place, &source, &["XdndDirectSave0"]);
                assert!(!source.finished());
                assert_eq!(place.next(), Drag::Left);
            }
            // A source that fails, says it has and has not, or has made a link to
            // somewhere else.
            type Make = fn(&Path);
            let nothing: Make = |_| {};
            let a_link: Make = |path| {
                std::os::unix::fs::symlink("/etc/hostname", path).expect("made");
            };
            let a_directory: Make = |path| std::fs::create_dir(path).expect("made");
            let a_file: Make = |path| std::fs::write(path, "a part").expect("made");
            for (make, says) in [
                (nothing, "S"),
                (a_link, "S"),
                (a_directory, "S"),
                (a_file, "F"),
                (a_file, "E"),
                (a_file, ""),
            ] {
                let source = Source::towards(place.window);
                source.wish("plan.pdf");
                dropped(&place, &source, &["XdndDirectSave0"]);
                let asked = source.asked_for("XdndDirectSave0");
                let path = path_of(&source.wished());
                make(&path);
                source.write(&asked, "text/plain", says.as_bytes());
                source.notify(&asked, true);
                assert!(!source.finished());
                assert_eq!(place.next(), Drag::Left);
                chancery_testkit::waiting::eventually("nothing is left", || {
                    (!directory(&path).exists()).then_some(())
                });
            }
            // One that dies meanwhile.
            let source = Source::towards(place.window);
            source.wish("plan.pdf");
            dropped(&place, &source, &["XdndDirectSave0"]);
            source.asked_for("XdndDirectSave0");
            let path = path_of(&source.wished());
            drop(source);
            assert_eq!(place.next(), Drag::Left);
            chancery_testkit::waiting::eventually("nothing is left", || {
                (!directory(&path).exists()).then_some(())
            });
            assert!(contents.try_recv().is_err());
        },
    );
}
