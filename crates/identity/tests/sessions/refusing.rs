//! A Redis that answers and refuses: whoever is signed in goes on, nothing is used
//! up for what cannot be done, and what ended stays so.

use crate::{HOUR, House, Kept, Place, check, is_at};
use chancery_identity::{
    Authorization, Challenge, DeviceRequest, DeviceSignIn, IdentityError, NoSession, Persona,
    Redeeming, StoreState, Whose,
};
use chancery_testkit::TestRedis;
use std::time::Duration;

/// How Redis is made to refuse what is written to it.
#[derive(Debug, Clone, Copy)]
enum Refusal {
    /// Its memory is full: nothing new.
    Full,
    /// It has fewer copies than it wants: nothing at all.
    Lonely,
}

impl House {
    fn refuses(&self, refusal: Refusal, does: bool) {
        let (name, value) = match refusal {
            Refusal::Full => ("maxmemory", u8::from(does)),
            Refusal::Lonely => ("min-replicas-to-write", u8::from(does)),
        };
        let set = ["CONFIG", "SET", name, &value.to_string()];
        assert_eq!(self.redis().call(&set), "OK");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_ended_stays_so_however_long_redis_refuses_to_forget_it() {
    let house = House::new(Place::Redis).await;
    let other = house.another().await;
    let (ended, kept) = (house.sign_in().await, house.sign_in().await);
    for node in [&house.identity, &other] {
        assert!(check(node, &ended).await.is_ok() && check(node, &kept).await.is_ok());
    }
    house.refuses(Refusal::Lonely, true);
    let end = house.identity.end(ended.token.reveal(), "");
    end.await.expect("ended");
    for _ in 0..5 {
        house.clock.advance(Duration::from_secs(61));
        for node in [&house.identity, &other] {
            node.follow_changes().await.expect("followed");
            node.forget_expired();
            assert_eq!(check(node, &ended).await, Err(NoSession::Unknown));
            assert!(check(node, &kept).await.is_ok());
        }
    }
    assert_eq!(house.redis().sessions().len(), 2, "it forgot nothing");
    // A server that begins now does not begin with a Redis that knows too much.
    let late = house.another().await;
    assert_eq!(check(&late, &ended).await, Err(NoSession::Unavailable));
    house.refuses(Refusal::Lonely, false);
    is_at(&late, StoreState::Up).await;
    house.forgets().await;
    assert_eq!(house.redis().sessions().len(), 1);
    for node in [&house.identity, &late] {
        assert_eq!(check(node, &ended).await, Err(NoSession::Unknown));
        assert!(check(node, &kept).await.is_ok());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_another_session_took_over_from_ends_though_redis_refuses_to_hear_of_it() {
    let house = House::new(Place::Redis).await;
    let old = house.sign_in().await;
    assert!(house.check(&old).await.is_ok());
    // This server stays with a master that is one no longer and takes nothing; the
    // other one has the new master.
    house.refuses(Refusal::Lonely, true);
    let elsewhere = Kept {
        redis: Some(TestRedis::start()),
        ..Kept::default()
    };
    let other = crate::node(&house.store, &house.clock, &house.passwords, &elsewhere).await;
    let new = other.renew(&old.refresh_token, None, "").await;
    let new = new.expect("renewed");
    house.identity.follow_changes().await.expect("followed");
    house.clock.advance(Duration::from_secs(29));
    assert!(house.check(&old).await.is_ok());
    house.clock.advance(Duration::from_secs(1));
    assert_eq!(house.check(&old).await.err(), Some(NoSession::Expired));
    let out = other.end(new.token.reveal(), "");
    out.await.expect("signed out");
    for _ in 0..4 {
        house.identity.follow_changes().await.expect("followed");
        house.identity.forget_expired();
        for session in [&old, &new] {
            let checked = house.check(session).await;
            assert_eq!(checked.err(), Some(NoSession::Unknown));
        }
        house.clock.advance(Duration::from_secs(61));
    }
    assert_eq!(house.redis().sessions().len(), 1, "it forgot nothing");
    house.refuses(Refusal::Lonely, false);
    house.forgets().await;
    assert!(house.redis().sessions().is_empty());
    assert_eq!(house.check(&old).await.err(), Some(NoSession::Unknown));
}

/// What was put into Redis too late: a line as it is announced.
fn announced(line: &str) -> String {
    format!("{}*{}", &line[..13], &line[14..])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_put_into_redis_too_late_brings_nothing_back() {
    let house = House::new(Place::Redis).await;
    let (ended, old) = (house.sign_in().await, house.sign_in().await);
    assert!(house.check(&ended).await.is_ok());
    let lines: Vec<_> = house
        .redis()
        .sessions()
        .into_iter()
        .map(|key| {
            let line = house.redis().call(&["GET", &key]);
            (key, announced(&line))
        })
        .collect();
    let end = house.identity.end(ended.token.reveal(), "");
    end.await.expect("ended");
    let new = house.renew(&old).await.expect("renewed");
    house.forgets().await;
    // A server that remembers nothing, and a Redis that has heard of all that.
    let late = house.another().await;
    for _ in 0..2 {
        for (key, line) in &lines {
            assert_eq!(house.redis().call(&["SET", key, line, "PX", "10000"]), "OK");
        }
        assert_eq!(check(&late, &ended).await, Err(NoSession::Unknown));
        assert_eq!(check(&late, &old).await, Err(NoSession::Expired));
        house.clock.advance(Duration::from_secs(2));
    }
    assert!(check(&late, &new).await.is_ok());
    // The same while what was taken over from still finishes its calls.
    let old = house.sign_in().await;
    let before: Vec<_> = lines.iter().map(|(key, _)| key.clone()).collect();
    let mut keys = house.redis().sessions().into_iter();
    let key = keys.find(|key| {
        let line = house.redis().call(&["GET", key]);
        !before.contains(key) && line.as_bytes()[13] == b'-'
    });
    let key = key.expect("its key");
    let line = announced(&house.redis().call(&["GET", &key]));
    let new = house.renew(&old).await.expect("renewed");
    assert!(house.check(&new).await.is_ok());
    assert_eq!(
        house.redis().call(&["SET", &key, &line, "PX", "10000"]),
        "OK"
    );
    assert!(check(&late, &old).await.is_ok());
    let line = house.redis().call(&["GET", &key]);
    assert_ne!(
        &line[14..27],
        "0000000000000",
        "Redis knows when it ends: {line}"
    );
    house.clock.advance(Duration::from_secs(30));
    assert_eq!(check(&late, &old).await, Err(NoSession::Expired));
    for (key, _) in &lines {
        let left = house.redis().call(&["PTTL", key]);
        let left: i64 = left.parse().expect("a number");
        assert!(left <= 10_000, "it is prolonged: {left}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_announced_and_in_the_database_lives_on_at_its_first_check() {
    let house = House::new(Place::Redis).await;
    let session = house.sign_in().await;
    let key = house.redis().sessions().remove(0);
    let line = announced(&house.redis().call(&["GET", &key]));
    // As when its server died before it said that it may live.
    assert_eq!(
        house.redis().call(&["SET", &key, &line, "PX", "10000"]),
        "OK"
    );
    let late = house.another().await;
    assert_eq!(check(&late, &session).await, Ok(4 * HOUR));
    let left = house.redis().call(&["PTTL", &key]);
    assert!(
        left.parse::<i64>().is_ok_and(|left| left > 14_000_000),
        "{left}"
    );
    let line = house.redis().call(&["GET", &key]);
    assert_eq!(
        line.as_bytes()[13],
        b'u',
        "its use was written down: {line}"
    );
}

async fn nothing_is_used_up(refusal: Refusal) {
    let house = House::new(Place::Redis).await;
    let identity = &house.identity;
    let session = house.sign_in().await;
    assert!(house.check(&session).await.is_ok());
    let client = identity.client("chancery-agent").expect("built in");
    let authorization = Authorization {
        client: &client,
        redirect: "http://127.0.0.1:1/".to_owned(),
        redirect_named: true,
        challenge: Challenge::read("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
        persona: Persona::User,
    };
    let code = identity.authorize("ann", authorization).await;
    let code = code.expect("a code");
    let redeem = async || {
        let redeeming = Redeeming {
            code: code.reveal(),
            client: &client,
            redirect: Some("http://127.0.0.1:1/"),
            verifier: Some("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            device: String::new(),
            address: String::new(),
        };
        identity.redeem(redeeming).await
    };
    let request = DeviceRequest {
        client: &client,
        persona: Persona::User,
        device: String::new(),
        address: String::new(),
    };
    let device = identity.begin_device_sign_in(request).await;
    let device = device.expect("a code");
    let allowed = identity.decide_device_sign_in(&device.user_code, "ann", true);
    assert!(allowed.await.expect("decided"));
    let ask = async || {
        let code = device.device_code.reveal();
        identity.ask_device_sign_in(code, &client, "").await
    };

    house.refuses(refusal, true);
    let unavailable = |error: Option<IdentityError>| {
        assert!(
            matches!(error, Some(IdentityError::SessionsUnavailable)),
            "{error:?}"
        );
    };
    unavailable(house.renew(&session).await.err());
    unavailable(redeem().await.err());
    unavailable(ask().await.err());
    let refused = house.try_sign_in("ann", "correct horse", Persona::User);
    unavailable(refused.await.err());
    // Who is signed in goes on meanwhile.
    house.clock.advance(Duration::from_secs(10));
    assert!(house.check(&session).await.is_ok());

    house.refuses(refusal, false);
    let redeemed = redeem().await.expect("redeemed");
    assert!(house.check(&redeemed).await.is_ok());
    // Shown twice it ends what it gave, though Redis refuses.
    house.refuses(refusal, true);
    let twice = redeem().await;
    assert!(
        matches!(twice, Err(IdentityError::CodeRefused(_))),
        "{twice:?}"
    );
    let checked = house.check(&redeemed).await;
    assert_eq!(checked.err(), Some(NoSession::Unknown));
    house.refuses(refusal, false);
    let Ok(DeviceSignIn::SignedIn(asked)) = ask().await else {
        panic!("the code is still good");
    };
    assert!(house.check(&asked).await.is_ok());
    house.clock.advance(3 * HOUR);
    let renewed = house.renew(&session).await.expect("renewed");
    assert!(house.check(&renewed).await.is_ok());
    // Nothing is half done: each of them, and the one that was renewed.
    let listed = house.identity.sessions(&Whose::Everybodys).await;
    assert_eq!(listed.expect("listed").len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_used_up_for_a_sign_in_that_a_full_redis_cannot_take() {
    nothing_is_used_up(Refusal::Full).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_used_up_for_a_sign_in_that_a_redis_without_copies_does_not_take() {
    nothing_is_used_up(Refusal::Lonely).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_redis_forgot_and_cannot_take_back_nobody_knows() {
    let house = House::new(Place::Redis).await;
    let session = house.sign_in().await;
    assert_eq!(house.redis().call(&["FLUSHALL"]), "OK");
    house.refuses(Refusal::Full, true);
    let checked = house.check(&session).await;
    assert_eq!(checked.err(), Some(NoSession::Unavailable));
    house.refuses(Refusal::Full, false);
    assert!(house.check(&session).await.is_ok());
}
