//! Bytes in and out of a real directory.

use bytes::Bytes;
use chancery_content::{Content, ContentError, ContentHash, Copied, Discarded, Landed, Swept};
use chancery_proto::ids::LibraryAlias;
use proptest::prelude::*;
use std::sync::atomic::{AtomicBool, Ordering};

fn active() -> LibraryAlias {
    "ACTIVE".parse().expect("an alias")
}

async fn land(content: &Content, bytes: &[u8]) -> Landed {
    let mut upload = content.begin(&active());
    for chunk in bytes.chunks(64 * 1024) {
        upload
            .write(Bytes::copy_from_slice(chunk))
            .await
            .expect("written");
    }
    upload.finish().await.expect("landed")
}

async fn read(content: &Content, hash: &ContentHash, range: std::ops::Range<u64>) -> Vec<u8> {
    let mut reader = content.read(&active(), hash, range).await.expect("opens");
    let mut all = Vec::new();
    while let Some(chunk) = reader.next().await {
        all.extend_from_slice(&chunk.expect("bytes"));
    }
    all
}

fn files(root: &std::path::Path, below: &str) -> usize {
    let mut directories = vec![root.join(below)];
    let mut count = 0;
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                directories.push(path);
            } else {
                count += 1;
            }
        }
    }
    count
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn what_went_in_comes_out_at_any_length_and_range(length in 0usize..3_500_000, from in 0.0f64..1.0, to in 0.0f64..1.0) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().expect("a runtime");
        runtime.block_on(async {
            let directory = tempfile::tempdir().expect("a directory");
            let content = Content::open(directory.path()).expect("opens");
            let bytes: Vec<u8> = (0..length).map(|index| u8::try_from(index * 31 % 251).unwrap_or(0)).collect();
            let landed = land(&content, &bytes).await;
            assert_eq!(landed.size(), length as u64);
            let hash = landed.hash();
            landed.settle();
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a length")]
            let place = |share: f64| (share * length as f64) as usize;
            let (from, to) = (place(from.min(to)), place(from.max(to)));
            assert!(read(&content, &hash, from as u64..to as u64).await == bytes[from..to]);
            assert!(content.verify(&active(), &hash, length as u64).expect("reads"));
            assert_eq!(files(directory.path(), "incoming"), 0);
        });
    }
}

#[tokio::test]
async fn an_upload_that_is_given_up_leaves_nothing() {
    let directory = tempfile::tempdir().expect("a directory");
    let content = Content::open(directory.path()).expect("opens");
    let mut upload = content.begin(&active());
    for _ in 0..40 {
        upload
            .write(Bytes::from(vec![7; 64 * 1024]))
            .await
            .expect("written");
    }
    // Finishing the batch under way and dropping are what a hang-up does.
    drop(upload);
    let content = Content::open(directory.path()).expect("opens");
    let landed = land(&content, b"other").await;
    landed.settle();
    let swept = content
        .sweep(|_, _| Ok::<_, ContentError>(true))
        .expect("sweeps");
    assert_eq!(swept.orphans + swept.settled, 0);
    assert_eq!(files(directory.path(), "objects"), 1);
}

#[test]
fn an_upload_that_goes_away_while_it_is_swept_is_nobodys_mistake() {
    let directory = tempfile::tempdir().expect("a directory");
    let content = Content::open(directory.path()).expect("opens");
    let incoming = directory.path().join("incoming/ACTIVE");
    std::fs::create_dir_all(&incoming).expect("made");
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        // Another process gives up one upload after another.
        scope.spawn(|| {
            let mut number = 0_u64;
            while !is_over.load(Ordering::Relaxed) {
                let path = incoming.join((number % 50).to_string());
                std::fs::write(&path, b"begun").expect("written");
                // Or the sweep was faster.
                let _ = std::fs::remove_file(&path);
                number += 1;
            }
        });
        let outcome: Result<Vec<_>, ContentError> =
            (0..2_000).map(|_| content.sweep(|_, _| Ok(true))).collect();
        is_over.store(true, Ordering::Relaxed);
        outcome.expect("sweeps");
    });
}

#[tokio::test]
async fn the_same_bytes_are_kept_once_and_stay_when_only_one_was_recorded() {
    let directory = tempfile::tempdir().expect("a directory");
    let content = Content::open(directory.path()).expect("opens");
    let lost = land(&content, b"the same").await;
    let recorded = land(&content, b"the same").await;
    let hash = recorded.hash();
    assert_eq!(files(directory.path(), "objects"), 1);
    recorded.settle();
    drop(lost);
    let swept = content
        .sweep(|_, asked| Ok::<_, ContentError>(*asked == hash))
        .expect("sweeps");
    assert_eq!(
        swept,
        Swept {
            settled: 1,
            ..Swept::default()
        }
    );
    assert_eq!(read(&content, &hash, 0..8).await, b"the same");
}

#[tokio::test]
async fn a_sweep_removes_what_landed_and_was_never_recorded_and_leaves_what_is_under_way() {
    let directory = tempfile::tempdir().expect("a directory");
    let content = Content::open(directory.path()).expect("opens");
    drop(land(&content, b"an orphan").await);
    let under_way = land(&content, b"still going on").await;
    std::fs::write(
        directory.path().join("incoming/ACTIVE/cut-off"),
        b"half of it",
    )
    .expect("written");
    let swept = content
        .sweep(|_, _| Ok::<_, ContentError>(false))
        .expect("sweeps");
    let expected = Swept {
        unfinished: 1,
        orphans: 1,
        settled: 0,
        under_way: 1,
    };
    assert_eq!(swept, expected);
    assert_eq!(files(directory.path(), "objects"), 1);
    under_way.settle();
    assert_eq!(files(directory.path(), "incoming"), 0);
}

#[tokio::test]
async fn a_library_does_not_see_another_librarys_bytes() {
    let directory = tempfile::tempdir().expect("a directory");
    let content = Content::open(directory.path()).expect("opens");
    let landed = land(&content, b"secret").await;
    let hash = landed.hash();
    landed.settle();
    let other: LibraryAlias = "OTHER".parse().expect("an alias");
    let refused = content.read(&other, &hash, 0..6).await;
    assert!(matches!(refused, Err(ContentError::Missing)));
}

#[tokio::test]
async fn content_shorter_than_recorded_is_damage_and_not_a_short_answer() {
    let directory = tempfile::tempdir().expect("a directory");
    let content = Content::open(directory.path()).expect("opens");
    let landed = land(&content, b"twelve bytes").await;
    let hash = landed.hash();
    landed.settle();
    let refused = content.read(&active(), &hash, 0..13).await;
    assert!(matches!(refused, Err(ContentError::Missing)));
}

#[tokio::test]
async fn what_was_purged_leaves_the_disk_unless_somebody_needs_it_or_may_in_a_moment() {
    let directory = tempfile::tempdir().expect("a directory");
    let content = Content::open(directory.path()).expect("opens");
    let landed = land(&content, b"Dear Ms Example").await;
    let hash = landed.hash();
    let discard = |needed: bool| {
        let outcome = content.discard(&active(), &hash, || Ok::<_, ContentError>(needed));
        outcome.expect("answers")
    };
    // It has landed, and is not recorded yet.
    assert_eq!(discard(false), Discarded::Later);
    assert_eq!(read(&content, &hash, 0..15).await, b"Dear Ms Example");
    landed.settle();
    assert_eq!(discard(true), Discarded::Needed);
    assert_eq!(read(&content, &hash, 0..15).await, b"Dear Ms Example");
    assert_eq!(discard(false), Discarded::Gone);
    assert!(content.read(&active(), &hash, 0..15).await.is_err());
    assert_eq!(files(directory.path(), "objects"), 0);
    // There is nothing left to do, and nothing breaks.
    assert_eq!(discard(false), Discarded::Gone);
    // A try that broke off in the middle is finished, either way.
    let again = land(&content, b"Dear Ms Example").await;
    again.settle();
    let name = chancery_content::hex(&hash);
    let object = directory
        .path()
        .join("objects/ACTIVE")
        .join(&name[..2])
        .join(&name);
    std::fs::rename(&object, object.with_extension("aside")).expect("put aside");
    assert_eq!(discard(true), Discarded::Needed);
    assert_eq!(read(&content, &hash, 0..15).await, b"Dear Ms Example");
    std::fs::rename(&object, object.with_extension("aside")).expect("put aside");
    assert_eq!(discard(false), Discarded::Gone);
    assert_eq!(files(directory.path(), "objects"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_begins_while_somebody_looks_whether_one_is_under_way_or_sweeps() {
    let directory = tempfile::tempdir().expect("a directory");
    let content = Content::open(directory.path()).expect("opens");
    land(&content, b"the first").await.settle();
    let over = std::sync::Arc::new(AtomicBool::new(false));
    let looking = {
        let (incoming, over) = (directory.path().join("incoming"), over.clone());
        std::thread::spawn(move || {
            while !over.load(Ordering::SeqCst) {
                for library in std::fs::read_dir(&incoming).expect("a directory").flatten() {
                    for file in std::fs::read_dir(library.path()).expect("files").flatten() {
                        if let Ok(file) = std::fs::File::open(file.path()) {
                            let _ = file.try_lock();
                        }
                    }
                }
            }
        })
    };
    let sweeping = {
        let (content, over) = (content.clone(), over.clone());
        std::thread::spawn(move || {
            while !over.load(Ordering::SeqCst) {
                let swept = content.sweep(|_, _| Ok::<_, ContentError>(true));
                swept.expect("swept");
            }
        })
    };
    for number in 0..600_u32 {
        land(&content, &number.to_le_bytes()).await.settle();
    }
    over.store(true, Ordering::SeqCst);
    looking.join().expect("ended");
    sweeping.join().expect("ended");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_uploads_what_is_purged_in_that_moment_loses_nothing() {
    let directory = tempfile::tempdir().expect("a directory");
    let content = Content::open(directory.path()).expect("opens");
    let recorded = std::sync::Arc::new(AtomicBool::new(false));
    let over = std::sync::Arc::new(AtomicBool::new(false));
    let hash = {
        let landed = land(&content, b"the same bytes").await;
        let hash = landed.hash();
        landed.settle();
        hash
    };
    let purging = {
        let (content, recorded, over) = (content.clone(), recorded.clone(), over.clone());
        std::thread::spawn(move || {
            let mut gone = 0;
            while !over.load(Ordering::SeqCst) {
                let needed = || Ok::<_, ContentError>(recorded.load(Ordering::SeqCst));
                let outcome = content.discard(&active(), &hash, needed);
                gone += u32::from(outcome.expect("answers") == Discarded::Gone);
            }
            gone
        })
    };
    for _ in 0..300 {
        let landed = land(&content, b"the same bytes").await;
        recorded.store(true, Ordering::SeqCst);
        landed.settle();
        // A purge that has put it aside puts it back in a moment.
        let mut left = 1_000;
        while content.read(&active(), &hash, 0..14).await.is_err() {
            left -= 1;
            assert!(left > 0, "what was recorded is lost");
            tokio::task::yield_now().await;
        }
        recorded.store(false, Ordering::SeqCst);
    }
    over.store(true, Ordering::SeqCst);
    let gone = purging.join().expect("ended");
    assert!(gone > 0, "nothing was ever purged");
}

#[tokio::test]
async fn nothing_leaves_while_somebody_copies_and_what_is_damaged_is_not_copied() {
    let directory = tempfile::tempdir().expect("a directory");
    let content = Content::open(&directory.path().join("here")).expect("opens");
    let other = Content::open(&directory.path().join("there")).expect("opens");
    let landed = land(&content, b"a letter").await;
    let hash = landed.hash();
    landed.settle();
    let held = content.hold().expect("held");
    let also = content.hold().expect("held by another one too");
    let unneeded = || Ok::<_, ContentError>(false);
    let outcome = content.discard(&active(), &hash, unneeded);
    assert_eq!(outcome.expect("answers"), Discarded::Later);
    assert_eq!(
        content.copy_to(&other, &active(), &hash).expect("copied"),
        Copied::New(8)
    );
    assert_eq!(
        content.copy_to(&other, &active(), &hash).expect("copied"),
        Copied::New(8),
        "one that has not landed is not there"
    );
    assert!(!other.is_sound(&active(), &hash).expect("read"));
    other.land_copies().expect("landed");
    assert_eq!(
        content.copy_to(&other, &active(), &hash).expect("copied"),
        Copied::There
    );
    // What never landed goes.
    let third = Content::open(&directory.path().join("third")).expect("opens");
    let landed = land(&third, b"another").await;
    let copied = third.copy_to(&other, &active(), &landed.hash());
    assert_eq!(copied.expect("copied"), Copied::New(7));
    other.forget_copies().expect("forgotten");
    other.land_copies().expect("nothing to land");
    assert!(!other.is_sound(&active(), &landed.hash()).expect("read"));
    landed.settle();
    assert_eq!(read(&other, &hash, 0..8).await, b"a letter");
    drop(held);
    let outcome = content.discard(&active(), &hash, unneeded);
    assert_eq!(outcome.expect("answers"), Discarded::Later);
    drop(also);
    let outcome = content.discard(&active(), &hash, unneeded);
    assert_eq!(outcome.expect("answers"), Discarded::Gone);
    let missing = content.copy_to(&other, &active(), &[7; 32]);
    assert!(matches!(missing, Err(ContentError::Missing)));
    // Bytes that are not what they were leave nothing behind.
    let name = chancery_content::hex(&hash);
    let place = directory
        .path()
        .join("there/objects/ACTIVE")
        .join(&name[..2])
        .join(&name);
    std::fs::write(&place, b"a lexxer").expect("damaged");
    assert!(!other.is_sound(&active(), &hash).expect("read"));
    let damaged = other.copy_to(&content, &active(), &hash);
    assert!(matches!(damaged, Err(ContentError::Missing)));
    assert_eq!(files(directory.path(), "here/objects"), 0);
    assert_eq!(files(directory.path(), "here/incoming"), 0);
    other.remove(&active(), &hash).expect("removed");
    other.remove(&active(), &hash).expect("gone already");
    assert!(!other.is_sound(&active(), &hash).expect("read"));
}
