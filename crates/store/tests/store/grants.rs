use crate::{House, NOW};
use chancery_proto::clock::Timestamp;
use chancery_store::audit::AuditEntry;
use chancery_store::grants::{GrantRow, REPLAY_WINDOW, RefreshRow, Renewal, Renewed, SessionRow};
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
    let grant = GrantRow {
        id: "g1".into(),
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
        hash: [1; 32],
        id: "s1".into(),
        grant_id: "g1".into(),
        created: NOW,
        last_use: NOW,
        dies: None,
        address: String::new(),
    };
    let refresh = RefreshRow {
        hash: [101; 32],
        grant_id: "g1".into(),
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
        (Ok(Renewed::Fresh(_, one)), Ok(Renewed::Again(_, two))) => assert_eq!(one.hash, two.hash),
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
    assert!(matches!(late, Ok(Renewed::Reused(_))), "{late:?}");
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
    assert!(matches!(again, Ok(Renewed::Reused(_))), "{again:?}");
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
async fn what_another_process_commits_is_noticed_once() {
    let house = House::new().await;
    let path = house.directory.path().join("chancery.db");
    let other = chancery_store::Store::open(&path).expect("opens");
    house.store.changed_elsewhere().await.expect("answers");
    other
        .set_enabled("bob", false, NOW)
        .await
        .expect("disabled");
    assert!(house.store.changed_elsewhere().await.expect("answers"));
    assert!(!house.store.changed_elsewhere().await.expect("answers"));
    signed_in(&house).await;
    assert!(!house.store.changed_elsewhere().await.expect("answers"));
}
