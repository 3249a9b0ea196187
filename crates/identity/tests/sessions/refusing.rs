//! A Redis that answers and refuses: whoever is signed in goes on, nothing is used
//! up for what cannot be done, and what ended stays so.

use crate::{HOUR, House, Place, check, is_at};
use chancery_identity::{
    Authorization, Challenge, DeviceRequest, DeviceSignIn, IdentityError, NoSession, Persona,
    Redeeming, StoreState, Whose,
};
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
    let Ok(DeviceSignIn::SignedIn(asked)) = ask().await else {
        panic!("the code is still good");
    };
    assert!(house.check(&asked).await.is_ok());
    house.clock.advance(3 * HOUR);
    let renewed = house.renew(&session).await.expect("renewed");
    assert!(house.check(&renewed).await.is_ok());
    // Nothing is half done: each of them, and the one that was renewed.
    let listed = house.identity.sessions(&Whose::Everybodys).await;
    assert_eq!(listed.expect("listed").len(), 4);
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
