use crate::{House, NOW, entry};
use chancery_proto::clock::Timestamp;
use chancery_store::audit::AuditEntry;
use chancery_store::grants::{Ended, GrantRow, RefreshRow, SessionRow};
use chancery_store::renewals::{REPLAY_WINDOW, Renewal, Renewed};
use std::time::Duration;

const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);

async fn signed_in(house: &House) {
    sign_in(house, 1).await;
}

async fn sign_in(house: &House, number: u8) {
    let grant = GrantRow {
        id: format!("g{number}"),
        user: "ann".into(),
        application: "desktop".into(),
        client: "chancery-agent".into(),
        persona: "user".into(),
        method: "password".into(),
        device: String::new(),
        address: String::new(),
        created: NOW,
    };
    let session = SessionRow {
        hash: [number; 32],
        id: format!("s{number}"),
        grant_id: format!("g{number}"),
        created: NOW,
        last_use: NOW,
        dies: None,
        address: String::new(),
    };
    let refresh = RefreshRow {
        hash: [100 + number; 32],
        grant_id: format!("g{number}"),
        created: NOW,
        expires: NOW.plus(WEEK),
    };
    house
        .store
        .add_grant(grant, session, Some(refresh), entry())
        .await
        .expect("a sign-in");
}

fn renewal(shown: u8, next: u8, used: bool, now: Timestamp) -> Renewal {
    Renewal {
        shown: [shown; 32],
        session_hash: [next; 32],
        session_id: format!("s{next}"),
        next_refresh: [next + 100; 32],
        successor_used: used,
        application: None,
        proving: Vec::new(),
        policies: chancery_store::applications::defaults(),
        address: String::new(),
        now,
    }
}

fn living(house: &House) -> Vec<String> {
    let mut ids: Vec<String> = house
        .store
        .living_sessions(NOW)
        .expect("sessions")
        .into_iter()
        .map(|(_, session)| session.id)
        .collect();
    ids.sort();
    ids
}

#[tokio::test]
async fn a_renewal_rotates_and_the_old_session_dies_soon() {
    let house = House::new().await;
    signed_in(&house).await;
    let renewed = house.store.renew(renewal(101, 2, false, NOW)).await;
    assert!(matches!(renewed, Ok(Renewed::Fresh(..))), "{renewed:?}");
    let old = house
        .store
        .living_sessions(NOW)
        .expect("sessions")
        .into_iter()
        .find(|(_, session)| session.id == "s1")
        .expect("the old one");
    assert_eq!(old.1.dies, Some(NOW.plus(Duration::from_secs(30))));
}

#[tokio::test]
async fn a_lost_answer_is_given_once_more_and_signs_nobody_out() {
    let house = House::new().await;
    signed_in(&house).await;
    let first = house.store.renew(renewal(101, 2, false, NOW)).await;
    let later = NOW.plus(REPLAY_WINDOW - Duration::from_secs(1));
    let second = house.store.renew(renewal(101, 2, false, later)).await;
    match (first, second) {
        (Ok(Renewed::Fresh(one)), Ok(Renewed::Again(two))) => {
            assert_eq!((one.grant, one.session), (two.grant, two.session));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(living(&house), ["s1", "s2"]);
}

#[tokio::test]
async fn a_used_token_shown_late_ends_the_whole_family() {
    let house = House::new().await;
    signed_in(&house).await;
    house
        .store
        .renew(renewal(101, 2, false, NOW))
        .await
        .expect("renewed");
    let late = house
        .store
        .renew(renewal(101, 2, false, NOW.plus(REPLAY_WINDOW)))
        .await;
    assert!(matches!(late, Ok(Renewed::Reused(..))), "{late:?}");
    assert!(living(&house).is_empty());
    let next = house.store.renew(renewal(102, 3, false, NOW)).await;
    assert_eq!(next.expect("answers"), Renewed::Refused);
}

#[tokio::test]
async fn a_used_token_shown_after_its_successor_was_used_ends_the_family_at_once() {
    let house = House::new().await;
    signed_in(&house).await;
    house
        .store
        .renew(renewal(101, 2, false, NOW))
        .await
        .expect("renewed");
    let again = house.store.renew(renewal(101, 2, true, NOW)).await;
    assert!(matches!(again, Ok(Renewed::Reused(..))), "{again:?}");
}

#[tokio::test]
async fn whether_a_token_can_be_renewed_is_told_without_using_it_up() {
    let house = House::new().await;
    signed_in(&house).await;
    let asked = renewal(101, 2, false, NOW);
    for _ in 0..2 {
        let found = house.store.renewable(&asked).expect("answers");
        assert_eq!(found.map(|grant| grant.id).as_deref(), Some("g1"));
    }
    let renewed = house.store.renew(asked.clone()).await;
    assert!(matches!(renewed, Ok(Renewed::Fresh(_))), "{renewed:?}");
    assert_eq!(house.store.renewable(&asked).expect("answers"), None);
    let unknown = renewal(99, 3, false, NOW);
    assert_eq!(house.store.renewable(&unknown).expect("answers"), None);
    let mut others = renewal(102, 3, false, NOW);
    others.application = Some("web".to_owned());
    assert_eq!(house.store.renewable(&others).expect("answers"), None);
}

#[tokio::test]
async fn a_renewal_and_its_line_in_the_audit_are_one() {
    let house = House::new().await;
    signed_in(&house).await;
    let path = house.directory.path().join("chancery.db");
    let database = rusqlite::Connection::open(path).expect("opens");
    let refuse =
        "CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'full'); END";
    database.execute_batch(refuse).expect("a trigger");
    let failed = house.store.renew(renewal(101, 2, false, NOW)).await;
    failed.expect_err("the audit cannot be written");
    assert_eq!(living(&house), ["s1"]);
    database.execute_batch("DROP TRIGGER full").expect("gone");
    let renewed = house.store.renew(renewal(101, 2, false, NOW)).await;
    assert!(matches!(renewed, Ok(Renewed::Fresh(_))), "{renewed:?}");
    let audit = house.store.audit(1).expect("audit").remove(0);
    assert_eq!((&*audit.activity, &*audit.outcome), ("renewal", "success"));
}

#[tokio::test]
async fn what_another_session_took_over_from_is_told_with_the_time_when_it_ends() {
    let house = House::new().await;
    signed_in(&house).await;
    let renewed = house.store.renew(renewal(101, 2, false, NOW)).await;
    let Ok(Renewed::Fresh(over)) = renewed else {
        panic!("{renewed:?}");
    };
    assert_eq!(over.others, [[1; 32]]);
    let ends = |after| {
        let ends = house.store.ends_after(after, 10).expect("answers");
        ends.iter()
            .map(|end| (end.hash, end.dies))
            .collect::<Vec<_>>()
    };
    let soon = Some(NOW.plus(Duration::from_secs(30)));
    assert_eq!(ends(0), [([1; 32], soon)]);
    // The next one takes over from the second alone: the first is told of.
    let later = NOW.plus(Duration::from_secs(10));
    let renewed = house.store.renew(renewal(102, 3, false, later)).await;
    assert!(matches!(renewed, Ok(Renewed::Fresh(_))), "{renewed:?}");
    let then = Some(later.plus(Duration::from_secs(30)));
    assert_eq!(ends(0), [([1; 32], soon), ([2; 32], then)]);
    // An end is told of all of them, whatever is known of them, and outweighs the
    // rest.
    let ended = house
        .store
        .end_grant("g1", NOW.plus(Duration::from_secs(35)), entry());
    let mut tokens = ended.await.expect("ended").tokens;
    tokens.sort_unstable();
    assert_eq!(tokens, [[1; 32], [2; 32], [3; 32]]);
    assert!(ends(0).iter().all(|(_, dies)| dies.is_none()));
}

#[tokio::test]
async fn sign_ins_that_were_over_a_day_ago_are_forgotten_and_no_others() {
    let house = House::new().await;
    let day = Duration::from_secs(24 * 3600);
    for number in [1, 2, 3] {
        sign_in(&house, number).await;
    }
    let renewed = house.store.renew(renewal(101, 4, false, NOW)).await;
    assert!(matches!(renewed, Ok(Renewed::Fresh(_))), "{renewed:?}");
    let ended = house.store.end_grant("g2", NOW, entry()).await;
    assert_eq!(ended.expect("ended").grants, 1);
    let forget = async |at, most| {
        let (mut after, mut rounds) = (String::new(), 0);
        while let Some(last) = house
            .store
            .forget_old_sign_ins(at, &after, most)
            .await
            .expect("answers")
        {
            (after, rounds) = (last, rounds + 1);
        }
        rounds
    };
    assert_eq!(forget(NOW.plus(day), 10).await, 1);
    assert_eq!(living(&house), ["s1", "s3", "s4"]);
    // The one that was ended, and of the others nothing: the token of a session
    // that another took over from still ends the sign-in.
    let later = NOW.plus(day + Duration::from_secs(31));
    assert_eq!(forget(later, 1).await, 3, "one after the other");
    assert_eq!(forget(later, 10).await, 1);
    assert_eq!(living(&house), ["s1", "s3", "s4"]);
    for number in [1, 4] {
        let token = house.store.grant_of_token([number; 32]).expect("answers");
        assert_eq!(token.map(|grant| grant.id).as_deref(), Some("g1"));
    }
    let ended = house.store.grant_of_token([102; 32]).expect("answers");
    assert_eq!(ended, None);
    // Thirty days are the most for a sign-in of this kind, and a day.
    forget(NOW.plus(31 * day), 10).await;
    assert_eq!(living(&house), ["s1", "s3", "s4"]);
    forget(NOW.plus(31 * day + Duration::from_secs(1)), 1).await;
    assert!(living(&house).is_empty());
    let left = house.store.grant_of_token([103; 32]).expect("answers");
    assert_eq!(left, None);
    assert!(!house.store.audit(10).expect("audit").is_empty());
}

#[tokio::test]
async fn a_renewal_is_refused_once_the_administrator_has_switched_it_off() {
    let house = House::new().await;
    signed_in(&house).await;
    let mut asked = renewal(101, 2, false, NOW);
    for policy in &mut asked.policies {
        policy.refresh = false;
    }
    let refused = house.store.renew(asked).await.expect("answers");
    assert_eq!(refused, Renewed::Refused);
    let allowed = house.store.renew(renewal(101, 2, false, NOW)).await;
    assert!(matches!(allowed, Ok(Renewed::Fresh(..))), "{allowed:?}");
}

#[tokio::test]
async fn a_disabled_person_has_no_session_and_gets_none() {
    let house = House::new().await;
    signed_in(&house).await;
    house
        .store
        .set_enabled("ANN", false, NOW, AuditEntry::of_command("disabled", NOW))
        .await
        .expect("disabled");
    assert!(living(&house).is_empty());
    let renewed = house.store.renew(renewal(101, 2, false, NOW)).await;
    assert_eq!(renewed.expect("answers"), Renewed::Refused);
}

#[tokio::test]
async fn what_another_process_changes_of_people_and_lifetimes_has_another_number() {
    let house = House::new().await;
    let path = house.directory.path().join("chancery.db");
    let other = chancery_store::Store::open(&path).expect("opens");
    let version = || house.store.facts_version().expect("answers");
    let mut seen = version();
    other
        .set_enabled("bob", false, NOW, AuditEntry::of_command("disabled", NOW))
        .await
        .expect("disabled");
    assert_ne!(std::mem::replace(&mut seen, version()), version());
    let settings = chancery_store::applications::defaults().remove(0);
    other.set_application(settings, NOW).await.expect("set");
    assert_ne!(std::mem::replace(&mut seen, version()), version());
    // A sign-in changes nothing that is kept of people.
    signed_in(&house).await;
    assert_eq!(seen, version());
}

#[tokio::test]
async fn what_ended_is_told_in_its_order_and_remembered_as_long_as_a_session_may_rest() {
    let house = House::new().await;
    assert_eq!(house.store.last_end().expect("answers"), 0);
    signed_in(&house).await;
    let renewed = house.store.renew(renewal(101, 2, false, NOW)).await;
    assert!(matches!(renewed, Ok(Renewed::Fresh(_))), "{renewed:?}");
    let ended = house.store.end_grants_of("Ann", NOW, entry()).await;
    let mut ended = ended.expect("ended");
    ended.tokens.sort();
    assert_eq!((ended.grants, ended.tokens), (1, vec![[1; 32], [2; 32]]));
    let again = house.store.end_grants_of("Ann", NOW, entry()).await;
    assert_eq!(again.expect("answers"), Ended::default());
    let ends = house.store.ends_after(0, 10).expect("answers");
    assert_eq!(ends.len(), 3, "one took over, and both ended");
    assert_eq!(house.store.last_end().expect("answers"), ends[2].seq);
    let after = house.store.ends_after(ends[0].seq, 10).expect("answers");
    assert_eq!(after, ends[1..]);
    // The next end lets go of those that nobody has to hear of any more: those
    // of four hours and a day ago.
    let later = NOW.plus(Duration::from_secs(28 * 3600 + 1));
    sign_in(&house, 7).await;
    let last = house.store.end_grant("g7", later, entry()).await;
    assert_eq!(last.expect("ended").tokens, [[7; 32]]);
    let left = house.store.ends_after(0, 10).expect("answers");
    let left: Vec<_> = left.iter().map(|end| end.hash).collect();
    assert_eq!(left, [[7; 32]]);
}

#[tokio::test]
async fn a_sign_in_that_had_run_out_is_not_renewed_however_long_the_times_are_now() {
    let house = House::new().await;
    signed_in(&house).await;
    let mut settings = chancery_store::applications::defaults().remove(0);
    assert_eq!(settings.name, "desktop");
    let before = settings.clone();
    (settings.absolute_seconds, settings.idle_seconds) = (3_600, 600);
    let day = Duration::from_secs(24 * 3600);
    let shorter = house.store.set_application(settings, NOW.plus(day));
    shorter.await.expect("set");
    let longer = house.store.set_application(before, NOW.plus(day));
    longer.await.expect("set");
    let asked = renewal(101, 2, false, NOW.plus(day));
    assert_eq!(house.store.renewable(&asked).expect("answers"), None);
    let refused = house.store.renew(asked).await;
    assert_eq!(refused.expect("answers"), Renewed::Refused);
}

#[tokio::test]
async fn with_a_database_that_was_restored_everybody_signs_in_anew() {
    let house = House::new().await;
    let store = &house.store;
    signed_in(&house).await;
    sign_in(&house, 7).await;
    assert_eq!(living(&house).len(), 2);
    let before = store.last_end().expect("answers");
    let workspace = house.workspace(&crate::person("ann"), crate::PUBLIC).await;
    store.begin_anew(NOW, entry()).await.expect("begun");
    assert!(living(&house).is_empty());
    let refused = store.renew(renewal(101, 2, false, NOW)).await;
    assert!(matches!(refused, Ok(Renewed::Refused)), "{refused:?}");
    // A store of sessions that heard of later ends hears of these.
    let ends = store.ends_after(before + 999_999, 10).expect("answers");
    assert_eq!(ends.len(), 2);
    let next = house.workspace(&crate::person("ann"), crate::PUBLIC).await;
    assert!(next.number >= workspace.number + 10_000);
}

#[tokio::test]
async fn an_old_sign_in_with_more_sessions_than_leave_at_once_goes_whole() {
    let house = House::new().await;
    signed_in(&house).await;
    let database =
        rusqlite::Connection::open(house.directory.path().join("chancery.db")).expect("opens");
    database
        .execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
             INSERT INTO sessions SELECT CAST(printf('%032d', i) AS BLOB), 'x' || i, 'g1', ?1, ?1, ?1, '' FROM n",
            [NOW.0],
        )
        .expect("many sessions");
    // Those that are over are in no list.
    assert_eq!(living(&house), ["s1"]);
    let later = NOW.plus(Duration::from_secs(32 * 24 * 3600));
    let last = house.store.forget_old_sign_ins(later, "", 10).await;
    assert_eq!(last.expect("answers").as_deref(), Some("g1"));
    for table in ["sessions", "refresh_tokens", "grants"] {
        let left: i64 = database
            .query_row(&format!("SELECT COUNT(*) FROM {table}"), [], |row| {
                row.get(0)
            })
            .expect("counts");
        assert_eq!(left, 0, "{table}");
    }
}
