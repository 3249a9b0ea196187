//! Drags by OLE itself: a real window, the real loop of `DoDragDrop`, and a
//! source that offers what Explorer and mail clients offer, in this program and
//! in another one. They need a display.

mod source;
mod stage;

use super::contents;
use crate::drop_target::group_descriptor::{Described, tests::written};
use crate::drop_target::{Drag, DropTarget, RawWindow};
use ::windows::Win32::Foundation::{HANDLE, WAIT_OBJECT_0};
use ::windows::Win32::System::Com::StructuredStorage::StgOpenStorage;
use ::windows::Win32::System::Com::{IDataObject, STGM_READ, STGM_SHARE_EXCLUSIVE};
use ::windows::Win32::System::Ole::{
    DROPEFFECT_COPY, DROPEFFECT_LINK, DROPEFFECT_NONE, OleInitialize,
};
use ::windows::Win32::UI::WindowsAndMessaging::{
    DispatchMessageW, MSG, MsgWaitForMultipleObjects, PM_REMOVE, PeekMessageW, QS_ALLINPUT,
};
use source::{Content, Offer, drag, thing};
use stage::{Heard, on_a_window};
use std::os::windows::io::AsRawHandle;
use std::process::{Child, Command, Stdio};
use windows_core::{HSTRING, w};

/// What is left over from drops.
fn left() -> usize {
    let entries = std::fs::read_dir(std::env::temp_dir()).expect("a directory");
    entries
        .filter_map(std::result::Result::ok)
        .filter(|entry| {
            entry
                .file_name()
                .to_string_lossy()
                .starts_with("chancery-drop-")
        })
        .count()
}

fn last(heard: &Heard) -> (i32, i32) {
    match heard.drags.last() {
        Some(Drag::Dropped { at, .. }) => *at,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_message_and_its_attachments_are_dropped_without_being_files() {
    let large: Vec<u8> = (0..200_000_u32)
        .map(|number| (number % 251) as u8)
        .collect();
    let directory = Described {
        name: "Anlage".to_owned(),
        is_directory: true,
        size: None,
    };
    let offer = Offer {
        things: vec![
            thing("Second letter.eml", Content::Memory(b"From: ada".to_vec())),
            thing("..\\..\\Grüße 律.pdf", Content::Stream(large.clone())),
            (directory, Content::Memory(Vec::new())),
            thing("NUL", Content::Stream(Vec::new())),
            thing("Second letter.eml", Content::Stream(b"again".to_vec())),
            thing("Report: Q3.msg", Content::Storage("hello")),
        ],
        ..Offer::default()
    };
    let (heard, effect) = on_a_window(true, || drag(offer, true, DROPEFFECT_COPY));
    assert_eq!(effect, DROPEFFECT_COPY);
    assert_eq!(last(&heard), (50, 60));
    assert_eq!(heard.drags.first(), Some(&Drag::Over { at: (50, 60) }));
    let names: Vec<&str> = heard
        .contents
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "Second letter.eml",
            "Grüße 律.pdf",
            "NUL_",
            "Second letter.eml",
            "Report_ Q3.msg"
        ]
    );
    assert_eq!(heard.contents[0].1, b"From: ada");
    assert!(heard.contents[1].1 == large);
    assert_eq!(heard.contents[3].1, b"again");
    // A storage is a file of its own kind: it is opened as one again.
    let place = tempfile::tempdir().expect("made");
    let path = place.path().join("again.msg");
    std::fs::write(&path, &heard.contents[4].1).expect("written");
    // SAFETY: names end in zeros; nothing outlives the block.
    let mut bytes = [0_u8; 5];
    unsafe {
        let mode = STGM_READ | STGM_SHARE_EXCLUSIVE;
        let name = HSTRING::from(path.as_os_str());
        let storage = StgOpenStorage(&name, None, mode, None, 0).expect("a storage");
        let stream = storage.OpenStream(w!("hello"), None, mode, 0);
        let stream = stream.expect("its stream");
        let read = stream.Read(bytes.as_mut_ptr().cast(), 5, None);
        read.ok().expect("read");
    }
    assert_eq!(&bytes, b"hello");
    // All of them are gone when the answer is given.
    let Some(Drag::Dropped { files, .. }) = heard.drags.last() else {
        panic!("{:?}", heard.drags);
    };
    assert!(files.iter().all(|file| !file.exists()), "{files:?}");
    assert_eq!(left(), 0);
}

#[test]
fn files_are_left_where_they_are() {
    let place = tempfile::tempdir().expect("made");
    let files = ["Brief 律.docx", "b.txt"].map(|name| place.path().join(name));
    for file in &files {
        std::fs::write(file, b"content").expect("written");
    }
    let offer = Offer {
        files: files.to_vec(),
        ..Offer::default()
    };
    let (heard, effect) = on_a_window(true, || drag(offer, true, DROPEFFECT_COPY));
    assert_eq!(effect, DROPEFFECT_COPY);
    let Some(Drag::Dropped { files: told, at }) = heard.drags.last() else {
        panic!("{:?}", heard.drags);
    };
    assert_eq!((told.as_slice(), *at), (files.as_slice(), (50, 60)));
    assert!(files.iter().all(|file| file.exists()));
}

#[test]
fn what_is_not_wanted_or_not_let_go_is_not_dropped() {
    let offer = || Offer {
        things: vec![thing("a.eml", Content::Memory(b"a".to_vec()))],
        ..Offer::default()
    };
    // Given up over the window.
    let (heard, effect) = on_a_window(true, || drag(offer(), false, DROPEFFECT_COPY));
    assert_eq!(effect, DROPEFFECT_NONE);
    assert_eq!(heard.drags.last(), Some(&Drag::Left));
    assert!(heard.contents.is_empty());
    // Not wanted there.
    let (heard, effect) = on_a_window(false, || drag(offer(), true, DROPEFFECT_COPY));
    assert_eq!(effect, DROPEFFECT_NONE);
    assert!(heard.contents.is_empty());
    // The source does not let it be copied.
    let (heard, effect) = on_a_window(true, || drag(offer(), true, DROPEFFECT_LINK));
    assert_eq!(effect, DROPEFFECT_NONE);
    assert!(heard.contents.is_empty());
    // Nothing that files can be made of.
    let text = Offer {
        text: true,
        ..Offer::default()
    };
    let (heard, effect) = on_a_window(true, || drag(text, true, DROPEFFECT_COPY));
    assert_eq!((effect, heard.drags), (DROPEFFECT_NONE, Vec::new()));
    assert_eq!(left(), 0);
}

#[test]
fn a_source_that_says_one_thing_and_does_another_leaves_nothing_behind() {
    // It describes two things and has one.
    let described = [
        thing("a.eml", Content::Memory(b"a".to_vec())),
        thing("b.eml", Content::Memory(b"b".to_vec())),
    ];
    let descriptions: Vec<Described> = described.iter().map(|(thing, _)| thing.clone()).collect();
    let [first, _] = described;
    let whole = written(&descriptions);
    for description in [
        whole.clone(),
        whole[..700].to_vec(),
        vec![0xff; 4],
        Vec::new(),
    ] {
        let offer = Offer {
            things: vec![first.clone()],
            description: Some(description),
            ..Offer::default()
        };
        let (heard, effect) = on_a_window(true, || drag(offer, true, DROPEFFECT_COPY));
        assert_eq!(effect, DROPEFFECT_NONE);
        assert_eq!(heard.drags.last(), Some(&Drag::Left));
        assert!(heard.contents.is_empty());
        assert_eq!(left(), 0);
    }
}

#[test]
fn a_size_that_is_told_never_reads_past_what_is_there() {
    let (mut described, content) = thing("a.bin", Content::Memory(b"four".to_vec()));
    described.size = Some(1 << 40);
    let data: IDataObject = Offer {
        things: vec![(described, content)],
        ..Offer::default()
    }
    .into();
    // SAFETY: it stays on this thread.
    unsafe { OleInitialize(None) }.expect("OLE");
    let taken = contents::take(&data).expect("taken");
    let bytes = std::fs::read(&taken.files[0]).expect("read");
    assert!(bytes.starts_with(b"four") && bytes.len() < 4096);
    drop(taken);
    assert_eq!(left(), 0);
}

#[test]
fn only_a_window_of_this_system_has_drops() {
    for window in [RawWindow::X11(7), RawWindow::Wayland, RawWindow::Win32(7)] {
        assert!(DropTarget::on(window, |_| true).is_err(), "{window:?}");
    }
}

/// What the other program drags.
fn from_elsewhere() -> Offer {
    Offer {
        things: vec![
            thing("Second letter.eml", Content::Memory(b"From: ada".to_vec())),
            thing("Grüße 律.pdf", Content::Stream(vec![7; 200_000])),
            thing("Report.msg", Content::Storage("hello")),
        ],
        ..Offer::default()
    }
}

#[test]
fn a_message_is_dropped_by_another_program() {
    let (heard, ended) = on_a_window(true, || {
        let own = std::env::current_exe().expect("this program");
        let mut other = Command::new(own)
            .args(["--exact", "--ignored", "--nocapture"])
            .arg("drop_target::windows::tests::the_other_program")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("it can be run again");
        meanwhile(&other);
        other.wait().expect("it has ended")
    });
    assert!(ended.success(), "{ended}");
    assert_eq!(last(&heard), (50, 60));
    let told: Vec<(&str, usize)> = heard
        .contents
        .iter()
        .map(|(name, bytes)| (name.as_str(), bytes.len()))
        .collect();
    assert_eq!(
        told[..2],
        [("Second letter.eml", 9), ("Grüße 律.pdf", 200_000)]
    );
    assert!(told[2].0 == "Report.msg" && told[2].1 >= 512, "{told:?}");
    assert!(heard.contents[1].1.iter().all(|byte| *byte == 7));
    assert_eq!(left(), 0);
}

#[test]
#[ignore = "the other program of the test above, which starts it"]
fn the_other_program() {
    // SAFETY: everything stays on this thread.
    unsafe { OleInitialize(None) }.expect("OLE");
    assert_eq!(
        drag(from_elsewhere(), true, DROPEFFECT_COPY),
        DROPEFFECT_COPY
    );
}

/// Lets the window hear what is said to it until the other program has ended.
fn meanwhile(other: &Child) {
    let handles = [HANDLE(other.as_raw_handle())];
    loop {
        // SAFETY: the handle is open as long as `other` lives.
        let woken =
            unsafe { MsgWaitForMultipleObjects(Some(&handles), false, 30_000, QS_ALLINPUT) };
        if woken == WAIT_OBJECT_0 {
            return;
        }
        assert_eq!(woken.0, WAIT_OBJECT_0.0 + 1, "it has ended in time");
        let mut message = MSG::default();
        // SAFETY: the message may be written; it is of this thread's windows.
        unsafe {
            while PeekMessageW(&raw mut message, None, 0, 0, PM_REMOVE).as_bool() {
                DispatchMessageW(&raw const message);
            }
        }
    }
}
