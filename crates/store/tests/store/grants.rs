use crate::{House, NOW};
use chancery_proto::clock::Timestamp;
use chancery_store::audit::AuditEntry;
use chancery_store::grants::{
    Ended, GrantRow, REPLAY_WINDOW, RefreshRow, Renewal, Renewed, SessionRow,
};
use std::time::Duration;

const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);

fn entry() -> AuditEntry {
    AuditEntry {
        at: NOW,
        user: "ann".into(),
        activity: "sign-in".into(),
        outcome: "success".into(),
        method: "password".into(),
        application: "desktop".into(),
        address: "127.0.0.1".into(),
    }
}

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
        .living_sessions()
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
        .living_sessions()
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
        (Ok(Renewed::Fresh(one)), Ok(Renewed::Again(two))) => assert_eq!(one, two),
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
async fn an_answer_that_could_not_be_given_is_kept_until_it_is() {
    let house = House::new().await;
    signed_in(&house).await;
    let renew = |now| house.store.renew(renewal(101, 2, false, now));
    renew(NOW).await.expect("renewed");
    let day = Duration::from_secs(24 * 3600);
    let held = house.store.hold_answer([101; 32], NOW.plus(day));
    held.await.expect("held");
    let later = NOW.plus(REPLAY_WINDOW * 10);
    let given = renew(later).await;
    assert!(matches!(given, Ok(Renewed::Again(_))), "{given:?}");
    // From now on it is as with every other.
    let again = renew(later.plus(REPLAY_WINDOW - Duration::from_secs(1))).await;
    assert!(matches!(again, Ok(Renewed::Again(_))), "{again:?}");
    let late = renew(later.plus(REPLAY_WINDOW)).await;
    assert!(matches!(late, Ok(Renewed::Reused(..))), "{late:?}");
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
        .set_enabled("ANN", false, NOW)
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
        .set_enabled("bob", false, NOW)
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
async fn what_ended_is_told_in_its_order_and_remembered_for_a_month() {
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
    assert_eq!(ends.len(), 2);
    assert_eq!(house.store.last_end().expect("answers"), ends[1].seq);
    let after = house.store.ends_after(ends[0].seq, 10).expect("answers");
    assert_eq!(after, ends[1..]);
    // The next end lets go of those that nobody has to hear of any more.
    let later = NOW.plus(5 * WEEK);
    sign_in(&house, 7).await;
    let last = house.store.end_grant("g7", later, entry()).await;
    assert_eq!(last.expect("ended").tokens, [[7; 32]]);
    let left = house.store.ends_after(0, 10).expect("answers");
    let left: Vec<_> = left.iter().map(|end| end.hash).collect();
    assert_eq!(left, [[7; 32]]);
}
