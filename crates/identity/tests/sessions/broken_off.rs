//! Callers who go away in the middle: whatever was begun is whole, or not there.

use crate::{House, Place};
use chancery_identity::{SignedIn, Whose};
use chancery_testkit::TestRedis;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

/// Goes on so many times, and then no more.
struct Few<F> {
    what: Pin<Box<F>>,
    left: u32,
}

impl<F: Future> Future for Few<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        self.left -= 1;
        self.what.as_mut().poll(context).map(Some)
    }
}

async fn a_renewal_that_is_broken_off_anywhere_can_be_asked_for_again(place: Place) {
    let house = House::new(place).await;
    let mut steps = 0;
    loop {
        let session = house.sign_in().await;
        assert!(house.check(&session).await.is_ok());
        let what = Box::pin(house.renew(&session));
        let begun: Option<Result<SignedIn, _>> = pin!(Few { what, left: steps }).await;
        let is_whole = begun.is_some();
        // What Redis was told for a moment is over.
        for key in house.kept.redis.iter().flat_map(TestRedis::sessions) {
            let left = house.redis().call(&["PTTL", &key]);
            if left.parse::<u64>().is_ok_and(|left| left <= 10_000) {
                assert_eq!(house.redis().call(&["UNLINK", &key]), "1");
            }
        }
        house.clock.advance(Duration::from_secs(11));
        let renewed = house.renew(&session).await;
        let renewed = renewed.unwrap_or_else(|why| panic!("after {steps} steps: {why}"));
        if let Some(Ok(begun)) = begun {
            assert!(begun.token == renewed.token);
        }
        assert!(house.check(&renewed).await.is_ok(), "after {steps} steps");
        house.clock.advance(Duration::from_secs(31));
        house.identity.follow_changes().await.expect("followed");
        assert!(house.check(&session).await.is_err(), "after {steps} steps");
        assert!(house.check(&renewed).await.is_ok(), "after {steps} steps");
        let listed = house.identity.sessions(&Whose::Everybodys).await;
        assert_eq!(listed.expect("listed").len(), 1, "after {steps} steps");
        let end = house.identity.end(renewed.token.reveal(), "");
        end.await.expect("ended");
        if is_whole {
            break;
        }
        steps += 1;
    }
    assert!(steps >= 1, "it was broken off somewhere");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn embedded_a_renewal_that_is_broken_off_can_be_asked_for_again() {
    a_renewal_that_is_broken_off_anywhere_can_be_asked_for_again(Place::Embedded).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn in_redis_a_renewal_that_is_broken_off_can_be_asked_for_again() {
    a_renewal_that_is_broken_off_anywhere_can_be_asked_for_again(Place::Redis).await;
}
