//! What holds wherever sessions live.

use crate::{DAY, HOUR, House, Place, START};
use chancery_identity::{IdentityError, NoSession, Persona, Whose};
use chancery_proto::clock::Timestamp;
use chancery_store::Store;
use chancery_store::audit::AuditEntry;
use std::sync::Arc;
use std::time::Duration;

async fn use_keeps_a_session_alive_and_four_idle_hours_end_it(place: Place) {
    let house = House::new(place).await;
    let session = house.sign_in().await;
    for _ in 0..5 {
        house.clock.advance(3 * HOUR);
        let live = house.check(&session).await.expect("lives");
        assert_eq!(live.idle_left, 4 * HOUR);
    }
    house.clock.advance(4 * HOUR);
    assert_eq!(
        house.check(&session).await.expect_err("is over"),
        NoSession::Expired
    );
}

async fn a_background_call_is_checked_and_does_not_extend(place: Place) {
    let house = House::new(place).await;
    let session = house.sign_in().await;
    house.clock.advance(3 * HOUR);
    let live = house.identity.check(session.token.reveal(), true).await;
    assert_eq!(live.expect("lives").idle_left, HOUR);
    house.clock.advance(HOUR);
    assert!(house.check(&session).await.is_err());
}

async fn the_absolute_limit_ends_a_session_in_full_use_and_a_renewal_does_not_restart_it(
    place: Place,
) {
    let house = House::new(place).await;
    let mut session = house.sign_in().await;
    for _ in 0..(30 * 8) {
        assert!(house.check(&session).await.is_ok());
        session = house.renew(&session).await.expect("renewed");
        house.clock.advance(3 * HOUR);
    }
    assert!(house.check(&session).await.is_err());
    assert!(matches!(
        house.renew(&session).await,
        Err(IdentityError::CannotRenew)
    ));
}

async fn a_changed_inactivity_time_holds_at_the_next_check_of_a_living_session(place: Place) {
    let house = House::new(place).await;
    let session = house.sign_in().await;
    house.clock.advance(HOUR);
    let mut settings = house.identity.application("desktop").expect("a kind");
    settings.idle_seconds = 1800;
    house
        .identity
        .set_application(settings.clone())
        .await
        .expect("set");
    assert_eq!(
        house.check(&session).await.expect_err("is over"),
        NoSession::Expired
    );
    settings.idle_seconds = 4 * 3600;
    house.identity.set_application(settings).await.expect("set");
    assert_eq!(
        house.check(&session).await.expect_err("stays over"),
        NoSession::Expired
    );
}

async fn an_expired_session_is_renewed_and_an_ended_one_is_not(place: Place) {
    let house = House::new(place).await;
    let expired = house.sign_in().await;
    house.clock.advance(5 * HOUR);
    let renewed = house.renew(&expired).await.expect("renewed");
    assert!(house.check(&renewed).await.is_ok());
    house
        .identity
        .end(renewed.token.reveal(), "")
        .await
        .expect("ended");
    assert_eq!(
        house.check(&renewed).await.expect_err("is over"),
        NoSession::Unknown
    );
    assert!(matches!(
        house.renew(&renewed).await,
        Err(IdentityError::CannotRenew)
    ));
}

async fn the_token_of_a_forgotten_session_still_ends_its_sign_in(place: Place) {
    let house = House::new(place).await;
    let expired = house.sign_in().await;
    house.clock.advance(5 * HOUR);
    house.identity.forget_expired();
    assert_eq!(house.identity.session_count(), 0);
    house
        .identity
        .end(expired.token.reveal(), "")
        .await
        .expect("ended");
    assert!(matches!(
        house.renew(&expired).await,
        Err(IdentityError::CannotRenew)
    ));
}

async fn the_old_session_lives_thirty_seconds_after_a_renewal(place: Place) {
    let house = House::new(place).await;
    let old = house.sign_in().await;
    let new = house.renew(&old).await.expect("renewed");
    house.clock.advance(Duration::from_secs(29));
    assert!(house.check(&old).await.is_ok());
    house.clock.advance(Duration::from_secs(1));
    assert!(house.check(&old).await.is_err());
    assert!(house.check(&new).await.is_ok());
}

async fn a_lost_answer_is_repeated_and_a_stolen_token_ends_the_family(place: Place) {
    let house = House::new(place).await;
    let first = house.sign_in().await;
    let lost = house.renew(&first).await.expect("renewed");
    house.clock.advance(Duration::from_secs(50));
    let again = house.renew(&first).await.expect("repeated");
    assert!(lost.token == again.token && lost.refresh_token == again.refresh_token);
    assert!(house.check(&again).await.is_ok());
    assert!(matches!(
        house.renew(&first).await,
        Err(IdentityError::CannotRenew)
    ));
    assert_eq!(
        house.check(&again).await.expect_err("is over"),
        NoSession::Unknown
    );
}

async fn two_renewals_at_once_get_the_same_successor(place: Place) {
    let house = House::new(place).await;
    let first = house.sign_in().await;
    let (one, two) = tokio::join!(house.renew(&first), house.renew(&first));
    let (one, two) = (one.expect("renewed"), two.expect("renewed"));
    assert!(one.token == two.token);
    assert!(house.check(&two).await.is_ok());
}

async fn a_restart_signs_nobody_out_and_an_ended_session_stays_ended(place: Place) {
    for in_good_order in [true, false] {
        let house = House::new(place).await;
        let (kept, ended) = (house.sign_in().await, house.sign_in().await);
        house
            .identity
            .end(ended.token.reveal(), "")
            .await
            .expect("ended");
        house.clock.advance(2 * HOUR);
        assert!(house.check(&kept).await.is_ok());
        house.identity.write_uses().await.expect("written");
        // A use that moved too little to be written down.
        house.clock.advance(Duration::from_secs(30));
        let told = house.check(&kept).await.expect("lives").idle_left;
        let house = house.restarted(in_good_order).await;
        house.clock.advance(told - Duration::from_secs(1));
        assert!(house.check(&kept).await.is_ok(), "what was told held");
        assert!(house.check(&ended).await.is_err());
    }
}

async fn uses_are_written_down_only_when_they_moved_the_end_by_a_worthwhile_part(place: Place) {
    let house = House::new(place).await;
    let session = house.sign_in().await;
    let written = |house: &House| match &house.kept.redis {
        None => {
            house.store.living_sessions(crate::START).expect("sessions")[0]
                .1
                .last_use
        }
        Some(redis) => {
            let line = redis.call(&["GET", &redis.sessions()[0]]);
            Timestamp(line[..13].parse().expect("a time"))
        }
    };
    // The first use of a session in Redis is told at once: it says that the
    // answer arrived.
    house.check(&session).await.expect("lives");
    house.clock.advance(Duration::from_secs(59));
    house.check(&session).await.expect("lives");
    house.identity.write_uses().await.expect("written");
    assert_eq!(written(&house), START);
    house.clock.advance(Duration::from_secs(1));
    house.check(&session).await.expect("lives");
    house.identity.write_uses().await.expect("written");
    assert_eq!(written(&house), START.plus(Duration::from_secs(60)));
}

async fn a_wrong_password_an_unknown_user_and_a_disabled_one_get_the_same_answer(place: Place) {
    let house = House::new(place).await;
    let refused = |user: &'static str, password: &'static str| {
        house.try_sign_in(user, password, Persona::User)
    };
    let wrong = refused("ann", "wrong horse").await.expect_err("refused");
    let unknown = refused("nobody", "wrong horse").await.expect_err("refused");
    house
        .store
        .set_enabled(
            "ann",
            false,
            START,
            AuditEntry::of_command("disabled", START),
        )
        .await
        .expect("disabled");
    let disabled = refused("ann", "correct horse").await.expect_err("refused");
    for error in [wrong, unknown, disabled] {
        assert!(matches!(error, IdentityError::WrongPassword), "{error:?}");
    }
    let audit = house.store.audit(10).expect("audit");
    let users: Vec<_> = audit
        .iter()
        .filter(|entry| entry.activity == "sign-in")
        .map(|entry| (&*entry.user, &*entry.outcome))
        .collect();
    assert_eq!(
        users,
        [
            ("ann", "refused"),
            ("nobody", "refused"),
            ("ann", "refused")
        ]
    );
}

async fn only_an_administrator_signs_in_as_one(place: Place) {
    let house = House::new(place).await;
    let refused = house
        .try_sign_in("ann", "correct horse", Persona::Administrator)
        .await;
    assert!(matches!(refused, Err(IdentityError::NotAdministrator)));
    let plain = house
        .try_sign_in("root", "correct horse", Persona::User)
        .await
        .expect("signed in");
    assert!(
        !house
            .check(&plain)
            .await
            .expect("lives")
            .principal
            .administrator
    );
    let admin = house
        .try_sign_in("root", "correct horse", Persona::Administrator)
        .await
        .expect("signed in");
    assert!(
        house
            .check(&admin)
            .await
            .expect("lives")
            .principal
            .administrator
    );
}

async fn somebody_disabled_by_another_process_has_no_session_after_the_next_look(place: Place) {
    let house = House::new(place).await;
    let session = house.sign_in().await;
    house.identity.follow_changes().await.expect("looked");
    assert!(house.check(&session).await.is_ok());
    let other = Store::open(&house.directory.path().join("chancery.db")).expect("opens");
    other
        .set_enabled(
            "ann",
            false,
            START,
            AuditEntry::of_command("disabled", START),
        )
        .await
        .expect("disabled");
    house.identity.follow_changes().await.expect("looked");
    assert_eq!(
        house.check(&session).await.expect_err("is over"),
        NoSession::Unknown
    );
    assert!(matches!(
        house.renew(&session).await,
        Err(IdentityError::CannotRenew)
    ));
}

async fn people_see_and_end_their_own_sessions_and_nobody_elses(place: Place) {
    let house = House::new(place).await;
    let (one, two) = (house.sign_in().await, house.sign_in().await);
    let admin = house
        .try_sign_in("root", "correct horse", Persona::Administrator)
        .await
        .expect("signed in");
    let anns = Whose::Of("ANN".to_owned());
    let listed = house.identity.sessions(&anns).await.expect("listed");
    assert_eq!(listed.len(), 2);
    assert_eq!(
        house
            .identity
            .sessions(&Whose::Everybodys)
            .await
            .expect("listed")
            .len(),
        3
    );
    let roots = house
        .identity
        .sessions(&Whose::Of("root".to_owned()))
        .await
        .expect("listed")[0]
        .id
        .clone();
    let refused = house.identity.end_session(&roots, &anns, "ann", "").await;
    assert!(matches!(refused, Err(IdentityError::NoSuchSession)));
    let id = house.check(&one).await.expect("lives").session_id;
    house
        .identity
        .end_session(&id, &anns, "ann", "")
        .await
        .expect("ended");
    assert!(house.check(&one).await.is_err());
    assert!(house.check(&two).await.is_ok());
    assert_eq!(
        house
            .identity
            .end_all(&Whose::Everybodys, "root", "")
            .await
            .expect("ended"),
        2
    );
    assert!(house.check(&two).await.is_err() && house.check(&admin).await.is_err());
}

async fn where_renewing_is_off_the_refresh_token_is_a_text_that_nobody_accepts(place: Place) {
    let house = House::new(place).await;
    let mut settings = house.identity.application("desktop").expect("a kind");
    settings.refresh = false;
    house.identity.set_application(settings).await.expect("set");
    let session = house.sign_in().await;
    assert!(!session.refresh_token.is_empty());
    assert!(matches!(
        house.renew(&session).await,
        Err(IdentityError::CannotRenew)
    ));
    house.clock.advance(DAY);
    assert!(house.check(&session).await.is_err());
}

async fn after_wrong_passwords_even_the_right_one_waits_and_then_comes_in(place: Place) {
    let house = House::new(place).await;
    let tries = |password| house.try_sign_in("ANN", password, Persona::User);
    for _ in 0..5 {
        let refused = tries("wrong horse").await.expect_err("wrong");
        assert!(matches!(refused, IdentityError::WrongPassword), "{refused}");
    }
    let refused = tries("correct horse").await.expect_err("too soon");
    assert!(matches!(refused, IdentityError::TooSoon(1)), "{refused}");
    // Whether there is such a user cannot be told from it.
    for _ in 0..5 {
        let refused = house.try_sign_in("nobody", "x", Persona::User).await;
        assert!(matches!(refused, Err(IdentityError::WrongPassword)));
    }
    let refused = house.try_sign_in("nobody", "x", Persona::User).await;
    assert!(matches!(refused, Err(IdentityError::TooSoon(1))));
    // Others are not held up, and she is not for long.
    let root = house.try_sign_in("root", "correct horse", Persona::Administrator);
    root.await.expect("signed in");
    house.clock.advance(Duration::from_secs(1));
    tries("correct horse").await.expect("signed in");
    let counts = house.identity.sign_in_counts();
    let delayed = counts.iter().find(|one| one.outcome == "delayed");
    assert_eq!(delayed.map(|one| one.count), Some(2));
}

async fn many_tries_at_once_learn_no_more_than_one_after_the_other(place: Place) {
    let house = Arc::new(House::new(place).await);
    let mut tries = tokio::task::JoinSet::new();
    for number in 0..60 {
        let house = Arc::clone(&house);
        // The right one is among them, late.
        let password = if number == 50 {
            "correct horse".to_owned()
        } else {
            format!("wrong {number}")
        };
        tries.spawn(async move {
            house
                .try_sign_in("ann", &password, Persona::User)
                .await
                .map(drop)
        });
    }
    let outcomes = tries.join_all().await;
    let told = |wanted: fn(&Result<(), IdentityError>) -> bool| {
        outcomes.iter().filter(|outcome| wanted(outcome)).count()
    };
    let wrong = told(|one| matches!(one, Err(IdentityError::WrongPassword)));
    let soon = told(|one| matches!(one, Err(IdentityError::TooSoon(_))));
    let right = told(Result::is_ok);
    // Between two that end at the same moment the next one may slip.
    assert!(wrong <= 5 + 4, "{wrong} were told that they are wrong");
    assert_eq!(wrong + soon + right, 60);
}

async fn a_session_that_ran_out_stays_over_when_the_limit_is_raised(place: Place) {
    let house = House::new(place).await;
    let over = house.sign_in().await;
    let mut settings = house.identity.application("desktop").expect("a kind");
    settings.idle_seconds = 60;
    let set = house.identity.set_application(settings.clone());
    set.await.expect("set");
    house.clock.advance(Duration::from_secs(61));
    let living = house.sign_in().await;
    // Nobody has asked for it meanwhile.
    settings.idle_seconds = 3600;
    let set = house.identity.set_application(settings);
    set.await.expect("set");
    assert_eq!(
        house.check(&over).await.expect_err("over"),
        NoSession::Expired
    );
    house.check(&living).await.expect("lives");
    let house = house.restarted(false).await;
    assert!(house.check(&over).await.is_err());
    house.check(&living).await.expect("lives");
}

/// Every sentence holds wherever sessions live.
macro_rules! wherever_sessions_live {
    ($($sentence:ident,)*) => {
        mod embedded {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $sentence() {
                super::$sentence(crate::Place::Embedded).await;
            })*
        }
        mod in_redis {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $sentence() {
                super::$sentence(crate::Place::Redis).await;
            })*
        }
        mod in_redis_behind_a_sentinel_with_tls_and_a_user {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $sentence() {
                super::$sentence(crate::Place::Guarded).await;
            })*
        }
    };
}

wherever_sessions_live! {
    use_keeps_a_session_alive_and_four_idle_hours_end_it,
    a_background_call_is_checked_and_does_not_extend,
    the_absolute_limit_ends_a_session_in_full_use_and_a_renewal_does_not_restart_it,
    a_changed_inactivity_time_holds_at_the_next_check_of_a_living_session,
    an_expired_session_is_renewed_and_an_ended_one_is_not,
    the_token_of_a_forgotten_session_still_ends_its_sign_in,
    the_old_session_lives_thirty_seconds_after_a_renewal,
    a_lost_answer_is_repeated_and_a_stolen_token_ends_the_family,
    two_renewals_at_once_get_the_same_successor,
    a_restart_signs_nobody_out_and_an_ended_session_stays_ended,
    uses_are_written_down_only_when_they_moved_the_end_by_a_worthwhile_part,
    a_wrong_password_an_unknown_user_and_a_disabled_one_get_the_same_answer,
    only_an_administrator_signs_in_as_one,
    somebody_disabled_by_another_process_has_no_session_after_the_next_look,
    people_see_and_end_their_own_sessions_and_nobody_elses,
    where_renewing_is_off_the_refresh_token_is_a_text_that_nobody_accepts,
    after_wrong_passwords_even_the_right_one_waits_and_then_comes_in,
    many_tries_at_once_learn_no_more_than_one_after_the_other,
    a_session_that_ran_out_stays_over_when_the_limit_is_raised,
}
