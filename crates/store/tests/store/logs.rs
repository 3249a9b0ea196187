//! Logs whose lines are bound together: what was changed shows.

use crate::{House, NOW, document_id, entry, named, person};
use chancery_proto::work::DefaultSecurity;
use chancery_store::Store;
use chancery_store::audit::{AuditEntry, Log, Looked, mark};
use rusqlite::Connection;

const STAY: [&str; 4] = [
    "audit_stays",
    "audit_is_kept",
    "history_stays",
    "history_is_kept",
];

async fn house() -> House {
    let house = House::new().await;
    let ann = person("ann");
    let workspace = house.workspace(&ann, DefaultSecurity::Public).await;
    let folder = house
        .folder(&workspace, &ann, DefaultSecurity::Inherit)
        .await;
    let letter = house.document(&folder, &ann, named("Letter")).await;
    for _ in 0..3 {
        house.store.add_audit(entry()).await.expect("added");
    }
    let deleted = house.store.delete_version(document_id(&letter), ann, NOW);
    deleted.await.expect("deleted");
    house
}

fn look(store: &Store, log: Log) -> Looked {
    store.look_through(log, |_| {}).expect("looked")
}

#[tokio::test]
async fn every_line_is_bound_to_the_one_before_and_anybody_can_compute_it() {
    let house = house().await;
    for log in [Log::Audit, Log::History] {
        let looked = look(&house.store, log);
        assert_eq!(looked.broken, None);
        assert!(looked.lines > 1);
        let lines = house.store.log_lines(log, 0, 1_000).expect("lines");
        assert_eq!(lines.len() as u64, looked.lines);
        let mut before = [0; 32];
        for line in &lines {
            before = mark(log, &before, &line.fields);
            assert_eq!(before, line.mark, "{}", line.id);
        }
        assert_eq!(before, looked.head);
        let rest = house.store.log_lines(log, lines[0].id, 1).expect("lines");
        assert_eq!(rest, lines[1..2]);
    }
}

#[tokio::test]
async fn whatever_is_done_to_a_line_behind_the_servers_back_shows() {
    for (change, log) in [
        ("UPDATE audit SET user = 'bob' WHERE id = 5", Log::Audit),
        ("UPDATE audit SET at = at + 1 WHERE id = 5", Log::Audit),
        (
            "UPDATE audit SET mark = zeroblob(32) WHERE id = 5",
            Log::Audit,
        ),
        ("UPDATE audit SET mark = NULL WHERE id = 5", Log::Audit),
        ("DELETE FROM audit WHERE id = 5", Log::Audit),
        (
            "INSERT INTO audit SELECT 0, at, user, activity, outcome, method, application, address, mark FROM audit WHERE id = 5",
            Log::Audit,
        ),
        (
            "UPDATE history SET comment = 'x' WHERE id = 1",
            Log::History,
        ),
        ("UPDATE history SET activity = 3 WHERE id = 1", Log::History),
        ("DELETE FROM history WHERE id = 1", Log::History),
    ] {
        let house = house().await;
        let database = Connection::open(house.directory.path().join("chancery.db")).expect("opens");
        for trigger in STAY {
            database
                .execute_batch(&format!("DROP TRIGGER {trigger}"))
                .expect("dropped");
        }
        assert_eq!(
            database.execute(change, []).expect("changed"),
            1,
            "{change}"
        );
        let looked = look(&house.store, log);
        assert!(looked.broken.is_some(), "{change}: {looked:?}");
        // What is written afterwards does not hide it.
        house.store.add_audit(entry()).await.expect("added");
        assert!(look(&house.store, log).broken.is_some(), "{change}");
    }
}

#[tokio::test]
async fn two_servers_on_one_database_write_one_log() {
    let house = House::new().await;
    let other = Store::open(&house.directory.path().join("chancery.db")).expect("opens");
    let writing = [house.store.clone(), other].map(|store| {
        tokio::spawn(async move {
            for number in 0..50 {
                let line = AuditEntry::of_command(format!("line {number}"), NOW);
                store.add_audit(line).await.expect("added");
            }
        })
    });
    for one in writing {
        one.await.expect("written");
    }
    let looked = look(&house.store, Log::Audit);
    assert_eq!(looked.broken, None);
    assert!(looked.lines >= 100);
}
