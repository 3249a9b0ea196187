//! Several servers on one database and one Redis, and what becomes of sessions
//! when Redis forgets, falls silent or goes away.

use crate::{HOUR, House, Place};
use chancery_identity::{Identity, IdentityError, NoSession, Persona, SignedIn, StoreState, Whose};
use chancery_testkit::waiting::eventually;
use std::time::Duration;

async fn check(node: &Identity, session: &SignedIn) -> Result<Duration, NoSession> {
    let live = node.check(session.token.reveal(), false).await?;
    Ok(live.idle_left)
}

/// Waits for what another task does meanwhile.
async fn soon(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    for _ in 0..600 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("waited in vain: {what}");
}

async fn is_at(node: &Identity, state: StoreState) {
    soon(&format!("{state:?}"), async || node.store_state() == state).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_session_made_by_one_is_good_on_all_and_a_use_on_one_counts_on_all() {
    let house = House::new(Place::Redis).await;
    let other = house.another().await;
    let session = house.sign_in().await;
    assert_eq!(check(&other, &session).await, Ok(4 * HOUR));
    for _ in 0..4 {
        house.clock.advance(3 * HOUR);
        assert_eq!(check(&other, &session).await, Ok(4 * HOUR));
        house.clock.advance(3 * HOUR);
        assert_eq!(check(&house.identity, &session).await, Ok(4 * HOUR));
    }
    house.clock.advance(4 * HOUR);
    assert_eq!(check(&other, &session).await, Err(NoSession::Expired));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_one_ends_the_others_refuse_at_once_though_they_keep_a_copy() {
    let house = House::new(Place::Redis).await;
    let (one, two) = (house.another().await, house.another().await);
    let session = house.sign_in().await;
    for node in [&house.identity, &one, &two] {
        assert!(check(node, &session).await.is_ok());
    }
    // The clock stands still: no copy gets old.
    let ended = one.end(session.token.reveal(), "");
    ended.await.expect("ended");
    assert_eq!(check(&one, &session).await, Err(NoSession::Unknown));
    for node in [&house.identity, &two] {
        soon("it is told", async || {
            check(node, &session).await == Err(NoSession::Unknown)
        })
        .await;
    }
    assert!(house.redis().sessions().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_ended_in_the_database_alone_is_found_there_and_leaves_redis() {
    let house = House::new(Place::Redis).await;
    let other = house.another().await;
    let session = house.sign_in().await;
    assert!(check(&other, &session).await.is_ok());
    // As the command line does it: it knows nothing of Redis.
    let disabled = house.store.set_enabled("ann", false, crate::START);
    disabled.await.expect("disabled");
    other.follow_changes().await.expect("followed");
    assert_eq!(check(&other, &session).await, Err(NoSession::Unknown));
    assert!(house.redis().sessions().is_empty());
    house.identity.follow_changes().await.expect("followed");
    assert_eq!(
        check(&house.identity, &session).await,
        Err(NoSession::Unknown)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_redis_lost_of_beginnings_the_database_gives_back() {
    let house = House::new(Place::Redis).await;
    let session = house.sign_in().await;
    house.clock.advance(HOUR);
    assert_eq!(house.redis().call(&["FLUSHALL"]), "OK");
    let other = house.another().await;
    assert_eq!(check(&other, &session).await, Ok(4 * HOUR));
    assert_eq!(house.redis().sessions().len(), 1);
    // But not what had run out: how it was used last nobody knows any more.
    assert_eq!(house.redis().call(&["FLUSHALL"]), "OK");
    house.clock.advance(3 * HOUR);
    assert_eq!(check(&other, &session).await, Err(NoSession::Expired));
    assert!(house.redis().sessions().is_empty());
    assert!(house.renew(&session).await.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_redis_lost_of_ends_is_carried_out_again_before_anybody_is_let_in() {
    let mut house = House::new(Place::Redis).await;
    let (kept, ended) = (house.sign_in().await, house.sign_in().await);
    house.redis().save();
    let keys = house.redis().sessions();
    assert_eq!(keys.len(), 2);
    let dump = std::fs::read(house.redis().directory().join("dump.rdb")).expect("a dump");
    let end = house.identity.end(ended.token.reveal(), "");
    end.await.expect("ended");
    assert_eq!(house.redis().sessions().len(), 1);
    // Redis comes back as it was before.
    let redis = house.kept.redis.as_mut().expect("a Redis");
    redis.kill();
    std::fs::write(redis.directory().join("dump.rdb"), dump).expect("written");
    is_at(&house.identity, StoreState::Down).await;
    house.kept.redis.as_mut().expect("a Redis").begin();
    let said = house.redis().call(&["INFO", "persistence"]);
    assert!(
        said.contains("rdb_last_load_keys_loaded:2"),
        "it knew both again: {said}"
    );
    is_at(&house.identity, StoreState::Up).await;
    assert_eq!(house.redis().sessions().len(), 1);
    // A server that has just begun remembers nothing itself.
    let other = house.another().await;
    for node in [&house.identity, &other] {
        assert_eq!(check(node, &ended).await, Err(NoSession::Unknown));
        assert!(check(node, &kept).await.is_ok());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn while_redis_is_gone_nobody_is_let_in_and_nobody_is_signed_out() {
    let mut house = House::new(Place::Redis).await;
    let (session, other) = (house.sign_in().await, house.sign_in().await);
    house.redis().save();
    assert!(house.check(&session).await.is_ok());
    house.kept.redis.as_mut().expect("a Redis").kill();
    soon("it is noticed", async || {
        let checked = house.check(&session).await;
        assert_ne!(checked.as_ref().err(), Some(&NoSession::Unknown));
        checked.err() == Some(NoSession::Unavailable)
    })
    .await;
    is_at(&house.identity, StoreState::Down).await;
    // A token that nobody has gets the same answer.
    let unknown = house.identity.check("no token", false).await;
    assert_eq!(unknown.err(), Some(NoSession::Unavailable));
    let refused = house
        .try_sign_in("ann", "correct horse", Persona::User)
        .await;
    assert!(matches!(refused, Err(IdentityError::SessionsUnavailable)));
    let refused = house.renew(&other).await;
    assert!(matches!(refused, Err(IdentityError::SessionsUnavailable)));
    let refused = house.identity.sessions(&Whose::Everybodys).await;
    assert!(matches!(refused, Err(IdentityError::SessionsUnavailable)));
    // An end is durable all the same, and holds when Redis is there again.
    let ended = house.identity.end(session.token.reveal(), "");
    ended.await.expect("ended");
    house.kept.redis.as_mut().expect("a Redis").begin();
    is_at(&house.identity, StoreState::Up).await;
    assert_eq!(house.check(&session).await.err(), Some(NoSession::Unknown));
    assert!(house.check(&other).await.is_ok());
    // The refresh token was not used up by the try that failed.
    assert!(house.renew(&other).await.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn while_redis_is_silent_an_answer_comes_within_its_deadline_and_no_copy_is_used() {
    let house = House::new(Place::Redis).await;
    let session = house.sign_in().await;
    assert!(house.check(&session).await.is_ok());
    house.redis().hold(true);
    house.clock.advance(Duration::from_secs(2));
    let begun = std::time::Instant::now();
    let checked = house.check(&session).await;
    assert_eq!(checked.err(), Some(NoSession::Unavailable));
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(2), "it took {took:?}");
    is_at(&house.identity, StoreState::Down).await;
    assert_eq!(
        house.check(&session).await.err(),
        Some(NoSession::Unavailable)
    );
    house.redis().hold(false);
    is_at(&house.identity, StoreState::Up).await;
    assert!(house.check(&session).await.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn settings_that_one_sets_hold_on_the_others_for_sessions_that_live() {
    let house = House::new(Place::Redis).await;
    let other = house.another().await;
    let session = house.sign_in().await;
    assert!(check(&other, &session).await.is_ok());
    let mut settings = house.identity.application("desktop").expect("a kind");
    settings.idle_seconds = 600;
    house.identity.set_application(settings).await.expect("set");
    // The other is told, and looks.
    let told = tokio::time::timeout(Duration::from_secs(5), other.hear());
    told.await.expect("told");
    other.follow_changes().await.expect("followed");
    assert_eq!(check(&other, &session).await, Ok(Duration::from_secs(600)));
    house.clock.advance(Duration::from_secs(600));
    assert_eq!(check(&other, &session).await, Err(NoSession::Expired));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn wrong_passwords_count_on_every_server() {
    let house = House::new(Place::Redis).await;
    let other = house.another().await;
    for _ in 0..5 {
        let refused = house.try_sign_in("ann", "wrong horse", Persona::User).await;
        assert!(matches!(refused, Err(IdentityError::WrongPassword)));
    }
    let mut outcome = None;
    soon("the other has heard of it", async || {
        let tried = crate::sign_in_at(&other, "ann", "correct horse", Persona::User).await;
        let is_late = matches!(tried, Err(IdentityError::TooSoon(_)));
        outcome = Some(tried);
        is_late
    })
    .await;
    assert!(matches!(outcome, Some(Err(IdentityError::TooSoon(_)))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_meets_people_and_applications_that_another_added_a_moment_ago() {
    let house = House::new(Place::Redis).await;
    let other = house.another().await;
    let hash = house.passwords.hash("correct horse".into()).await;
    let new = chancery_store::users::NewUser {
        id: "Zoe".to_owned(),
        full_name: "Zoe Example".to_owned(),
        email: String::new(),
        password_hash: Some(hash.expect("a hash")),
        is_admin: false,
        is_external: false,
    };
    let added = house.store.add_user(new, crate::START);
    added.await.expect("added");
    let session = house
        .try_sign_in("zoe", "correct horse", Persona::User)
        .await;
    let session = session.expect("signed in");
    assert!(check(&other, &session).await.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_quiet_session_costs_one_round_trip_and_a_busy_one_far_less() {
    let house = House::new(Place::Redis).await;
    let session = house.sign_in().await;
    house.check(&session).await.expect("lives");
    // What the heartbeat asks meanwhile counts too.
    let cost = async |checks: u32, step: Duration| {
        let begun = std::time::Instant::now();
        let before = house.identity.round_trips();
        for _ in 0..checks {
            house.clock.advance(step);
            house.check(&session).await.expect("lives");
        }
        let beats = begun.elapsed().as_millis() / 250 + 1;
        let trips = u128::from(house.identity.round_trips() - before);
        (trips.saturating_sub(beats), trips)
    };
    let (least, most) = cost(20, Duration::from_secs(2)).await;
    assert!(
        (18..=22).contains(&most) || least <= 20,
        "{least} to {most} for 20 quiet checks"
    );
    let (least, _) = cost(2_000, Duration::ZERO).await;
    assert!(least <= 2, "{least} for 2,000 checks within one second");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_who_ask_for_one_session_at_once_ask_redis_once() {
    let house = std::sync::Arc::new(House::new(Place::Redis).await);
    let session = std::sync::Arc::new(house.sign_in().await);
    house.check(&session).await.expect("lives");
    house.clock.advance(Duration::from_secs(2));
    let before = house.identity.round_trips();
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let (house, session) = (house.clone(), session.clone());
        all.spawn(async move { house.check(&session).await.map(drop) });
    }
    assert!(all.join_all().await.iter().all(Result::is_ok));
    let trips = house.identity.round_trips() - before;
    assert!(trips <= 12, "{trips} round trips");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn another_installation_on_the_same_redis_knows_nothing_of_a_session() {
    let house = House::new(Place::Redis).await;
    let session = house.sign_in().await;
    let directory = tempfile::tempdir().expect("a directory");
    let store = chancery_store::Store::open(&directory.path().join("chancery.db"));
    let store = store.expect("a store");
    let stranger = crate::node(&store, &house.clock, &house.passwords, &house.kept).await;
    assert_eq!(check(&stranger, &session).await, Err(NoSession::Unknown));
    assert!(house.check(&session).await.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_begins_without_redis_and_takes_it_up_when_it_comes() {
    let mut house = House::new(Place::Redis).await;
    let session = house.sign_in().await;
    house.redis().save();
    house.kept.redis.as_mut().expect("a Redis").kill();
    let late = house.another().await;
    assert_eq!(late.store_state(), StoreState::Down);
    assert_eq!(check(&late, &session).await, Err(NoSession::Unavailable));
    house.kept.redis.as_mut().expect("a Redis").begin();
    is_at(&late, StoreState::Up).await;
    assert!(check(&late, &session).await.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_session_that_somebody_forged_into_redis_badly_is_none() {
    let house = House::new(Place::Redis).await;
    let session = house.sign_in().await;
    let key = house.redis().sessions().remove(0);
    for text in [
        "",
        "x",
        "1764200000000u00000000000001764190000000uid grant desktop nobody",
    ] {
        assert_eq!(house.redis().call(&["SET", &key, text]), "OK");
        house.clock.advance(Duration::from_secs(2));
        let checked = house.check(&session).await;
        // What cannot be read is as good as lost: the database is asked.
        assert!(
            checked.is_ok() || checked.err() == Some(NoSession::Unknown),
            "{text}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_session_stays_over_when_redis_fails_over_to_a_copy_that_missed_the_end() {
    let house = House::new(Place::Guarded).await;
    let papers = house.kept.papers.as_ref();
    let replica = chancery_testkit::TestRedis::set_up(chancery_testkit::redis::Setup {
        replica_of: Some(house.redis()),
        papers,
        has_user: true,
        more: "",
    });
    let sentinel = house.kept.sentinel.as_ref().expect("a Sentinel");
    eventually("the replica has everything", || {
        let known = sentinel.call(&["SENTINEL", "REPLICAS", chancery_testkit::redis::MASTER]);
        (replica.has_caught_up() && known.contains(&replica.address().port().to_string()))
            .then_some(())
    });
    let other = house.another().await;
    let (kept, ended) = (house.sign_in().await, house.sign_in().await);
    for node in [&house.identity, &other] {
        assert!(check(node, &kept).await.is_ok() && check(node, &ended).await.is_ok());
    }
    eventually("it has both", || {
        (replica.sessions().len() == 2).then_some(())
    });
    // The replica hears nothing of the end.
    replica.cut_off();
    let end = other.end(ended.token.reveal(), "");
    end.await.expect("ended");
    let mut house = house;
    house.kept.redis.as_mut().expect("a Redis").kill();
    assert_eq!(replica.sessions().len(), 2, "it knows both");
    let port = replica.address().port();
    let sentinel = house.kept.sentinel.as_ref().expect("a Sentinel");
    eventually("the replica is the master", || {
        (sentinel.master() == Some(port)).then_some(())
    });
    for node in [&house.identity, &other] {
        is_at(node, StoreState::Up).await;
        assert_eq!(check(node, &ended).await, Err(NoSession::Unknown));
    }
    let fresh = house.another().await;
    assert_eq!(check(&fresh, &ended).await, Err(NoSession::Unknown));
    assert!(check(&fresh, &kept).await.is_ok());
    assert_eq!(replica.sessions().len(), 1, "it forgot the one that ended");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_renewal_that_redis_could_not_take_is_given_when_it_can_again() {
    let house = House::new(Place::Redis).await;
    let session = house.sign_in().await;
    assert!(house.check(&session).await.is_ok());
    // Full: it answers questions and takes nothing.
    let set = |name, value| house.redis().call(&["CONFIG", "SET", name, value]);
    assert_eq!(set("maxmemory", "1"), "OK");
    let refused = house.renew(&session).await;
    assert!(
        matches!(refused, Err(IdentityError::SessionsUnavailable)),
        "{refused:?}"
    );
    // Who is signed in goes on meanwhile.
    house.clock.advance(Duration::from_secs(10));
    assert!(house.check(&session).await.is_ok());
    let refused = house
        .try_sign_in("ann", "correct horse", Persona::User)
        .await;
    assert!(matches!(refused, Err(IdentityError::SessionsUnavailable)));
    assert_eq!(set("maxmemory", "0"), "OK");
    house.clock.advance(HOUR);
    let renewed = house.renew(&session).await.expect("renewed");
    assert!(house.check(&renewed).await.is_ok());
    let listed = house.identity.sessions(&Whose::Everybodys).await;
    assert_eq!(listed.expect("listed").len(), 2, "no sign-in is half done");
}
