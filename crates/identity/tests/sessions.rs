//! Sign-ins and sessions against a real database, with a clock that is moved by hand.

use chancery_identity::{
    Identity, IdentityError, Live, NoSession, Passwords, Persona, Proof, SignIn, SignedIn, Whose,
};
use chancery_proto::clock::{ManualClock, Timestamp};
use chancery_store::Store;
use chancery_store::users::NewUser;
use std::sync::Arc;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);
const START: Timestamp = Timestamp(1_700_000_000_000);

struct House {
    directory: tempfile::TempDir,
    clock: Arc<ManualClock>,
    passwords: Passwords,
    store: Store,
    identity: Identity,
}

impl House {
    async fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let clock = ManualClock::starting_at(START);
        let passwords = Passwords::start(2).expect("a pool");
        let store = Store::open(&directory.path().join("chancery.db")).expect("a store");
        for id in ["Ann", "Root"] {
            let hash = passwords
                .hash("correct horse".into())
                .await
                .expect("a hash");
            let new = NewUser {
                id: id.to_owned(),
                full_name: format!("{id} Example"),
                email: String::new(),
                password_hash: Some(hash),
                is_admin: id == "Root",
                is_external: false,
            };
            store.add_user(new, START).await.expect("a user");
        }
        let identity = Identity::open(store.clone(), clock.clone(), passwords.clone())
            .await
            .expect("opens");
        Self {
            directory,
            clock,
            passwords,
            store,
            identity,
        }
    }

    /// As after `kill -9`, or after a good end.
    async fn restarted(self, in_good_order: bool) -> Self {
        if in_good_order {
            self.identity.close().await.expect("closed");
        }
        let Self {
            directory,
            clock,
            passwords,
            store,
            identity,
        } = self;
        drop((identity, store));
        let store = Store::open(&directory.path().join("chancery.db")).expect("a store");
        let identity = Identity::open(store.clone(), clock.clone(), passwords.clone())
            .await
            .expect("opens");
        Self {
            directory,
            clock,
            passwords,
            store,
            identity,
        }
    }

    async fn try_sign_in(
        &self,
        user: &str,
        password: &str,
        persona: Persona,
    ) -> Result<SignedIn, IdentityError> {
        let sign_in = SignIn {
            user: user.to_owned(),
            proof: Proof::Password(password.into()),
            persona,
            application: "desktop".to_owned(),
            client: "tests".to_owned(),
            device: "desk".to_owned(),
            address: "127.0.0.1".to_owned(),
        };
        self.identity.sign_in(sign_in).await
    }

    async fn sign_in(&self) -> SignedIn {
        self.try_sign_in("ann", "correct horse", Persona::User)
            .await
            .expect("signed in")
    }

    fn check(&self, signed_in: &SignedIn) -> Result<Live, NoSession> {
        self.identity.check(signed_in.token.reveal(), false)
    }

    async fn renew(&self, signed_in: &SignedIn) -> Result<SignedIn, IdentityError> {
        self.identity
            .renew(&signed_in.refresh_token, None, "")
            .await
    }
}

#[tokio::test]
async fn use_keeps_a_session_alive_and_four_idle_hours_end_it() {
    let house = House::new().await;
    let session = house.sign_in().await;
    for _ in 0..5 {
        house.clock.advance(3 * HOUR);
        let live = house.check(&session).expect("lives");
        assert_eq!(live.idle_left, 4 * HOUR);
    }
    house.clock.advance(4 * HOUR);
    assert_eq!(
        house.check(&session).expect_err("is over"),
        NoSession::Expired
    );
}

#[tokio::test]
async fn a_background_call_is_checked_and_does_not_extend() {
    let house = House::new().await;
    let session = house.sign_in().await;
    house.clock.advance(3 * HOUR);
    let live = house.identity.check(session.token.reveal(), true);
    assert_eq!(live.expect("lives").idle_left, HOUR);
    house.clock.advance(HOUR);
    assert!(house.check(&session).is_err());
}

#[tokio::test]
async fn the_absolute_limit_ends_a_session_in_full_use_and_a_renewal_does_not_restart_it() {
    let house = House::new().await;
    let mut session = house.sign_in().await;
    for _ in 0..(30 * 8) {
        assert!(house.check(&session).is_ok());
        session = house.renew(&session).await.expect("renewed");
        house.clock.advance(3 * HOUR);
    }
    assert!(house.check(&session).is_err());
    assert!(matches!(
        house.renew(&session).await,
        Err(IdentityError::CannotRenew)
    ));
}

#[tokio::test]
async fn a_changed_inactivity_time_holds_at_the_next_check_of_a_living_session() {
    let house = House::new().await;
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
        house.check(&session).expect_err("is over"),
        NoSession::Expired
    );
    settings.idle_seconds = 4 * 3600;
    house.identity.set_application(settings).await.expect("set");
    assert_eq!(
        house.check(&session).expect_err("stays over"),
        NoSession::Expired
    );
}

#[tokio::test]
async fn an_expired_session_is_renewed_and_an_ended_one_is_not() {
    let house = House::new().await;
    let expired = house.sign_in().await;
    house.clock.advance(5 * HOUR);
    let renewed = house.renew(&expired).await.expect("renewed");
    assert!(house.check(&renewed).is_ok());
    house
        .identity
        .end(renewed.token.reveal(), "")
        .await
        .expect("ended");
    assert_eq!(
        house.check(&renewed).expect_err("is over"),
        NoSession::Unknown
    );
    assert!(matches!(
        house.renew(&renewed).await,
        Err(IdentityError::CannotRenew)
    ));
}

#[tokio::test]
async fn the_token_of_a_forgotten_session_still_ends_its_sign_in() {
    let house = House::new().await;
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

#[tokio::test]
async fn the_old_session_lives_thirty_seconds_after_a_renewal() {
    let house = House::new().await;
    let old = house.sign_in().await;
    let new = house.renew(&old).await.expect("renewed");
    house.clock.advance(Duration::from_secs(29));
    assert!(house.check(&old).is_ok());
    house.clock.advance(Duration::from_secs(1));
    assert!(house.check(&old).is_err());
    assert!(house.check(&new).is_ok());
}

#[tokio::test]
async fn a_lost_answer_is_repeated_and_a_stolen_token_ends_the_family() {
    let house = House::new().await;
    let first = house.sign_in().await;
    let lost = house.renew(&first).await.expect("renewed");
    house.clock.advance(Duration::from_secs(50));
    let again = house.renew(&first).await.expect("repeated");
    assert!(lost.token == again.token && lost.refresh_token == again.refresh_token);
    assert!(house.check(&again).is_ok());
    assert!(matches!(
        house.renew(&first).await,
        Err(IdentityError::CannotRenew)
    ));
    assert_eq!(
        house.check(&again).expect_err("is over"),
        NoSession::Unknown
    );
}

#[tokio::test]
async fn two_renewals_at_once_get_the_same_successor() {
    let house = House::new().await;
    let first = house.sign_in().await;
    let (one, two) = tokio::join!(house.renew(&first), house.renew(&first));
    let (one, two) = (one.expect("renewed"), two.expect("renewed"));
    assert!(one.token == two.token);
    assert!(house.check(&two).is_ok());
}

#[tokio::test]
async fn a_restart_signs_nobody_out_and_an_ended_session_stays_ended() {
    for in_good_order in [true, false] {
        let house = House::new().await;
        let (kept, ended) = (house.sign_in().await, house.sign_in().await);
        house
            .identity
            .end(ended.token.reveal(), "")
            .await
            .expect("ended");
        house.clock.advance(2 * HOUR);
        let told = house.check(&kept).expect("lives").idle_left;
        house.identity.write_uses().await.expect("written");
        // A use that moved too little to be written down.
        house.clock.advance(Duration::from_secs(30));
        assert!(house.check(&kept).is_ok());
        let house = house.restarted(in_good_order).await;
        house.clock.advance(told - Duration::from_secs(1));
        assert!(house.check(&kept).is_ok(), "what was told held");
        assert!(house.check(&ended).is_err());
    }
}

#[tokio::test]
async fn uses_are_written_down_only_when_they_moved_the_end_by_a_worthwhile_part() {
    let house = House::new().await;
    let session = house.sign_in().await;
    let written = |house: &House| {
        house.store.living_sessions().expect("sessions")[0]
            .1
            .last_use
    };
    house.clock.advance(Duration::from_secs(59));
    house.check(&session).expect("lives");
    house.identity.write_uses().await.expect("written");
    assert_eq!(written(&house), START);
    house.clock.advance(Duration::from_secs(1));
    house.check(&session).expect("lives");
    house.identity.write_uses().await.expect("written");
    assert_eq!(written(&house), START.plus(Duration::from_secs(60)));
}

#[tokio::test]
async fn a_wrong_password_an_unknown_user_and_a_disabled_one_get_the_same_answer() {
    let house = House::new().await;
    let refused = |user: &'static str, password: &'static str| {
        house.try_sign_in(user, password, Persona::User)
    };
    let wrong = refused("ann", "wrong horse").await.expect_err("refused");
    let unknown = refused("nobody", "wrong horse").await.expect_err("refused");
    house
        .store
        .set_enabled("ann", false, START)
        .await
        .expect("disabled");
    let disabled = refused("ann", "correct horse").await.expect_err("refused");
    for error in [wrong, unknown, disabled] {
        assert!(matches!(error, IdentityError::WrongPassword), "{error:?}");
    }
    let audit = house.store.audit(10).expect("audit");
    let users: Vec<_> = audit
        .iter()
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

#[tokio::test]
async fn only_an_administrator_signs_in_as_one() {
    let house = House::new().await;
    let refused = house
        .try_sign_in("ann", "correct horse", Persona::Administrator)
        .await;
    assert!(matches!(refused, Err(IdentityError::NotAdministrator)));
    let plain = house
        .try_sign_in("root", "correct horse", Persona::User)
        .await
        .expect("signed in");
    assert!(!house.check(&plain).expect("lives").principal.administrator);
    let admin = house
        .try_sign_in("root", "correct horse", Persona::Administrator)
        .await
        .expect("signed in");
    assert!(house.check(&admin).expect("lives").principal.administrator);
}

#[tokio::test]
async fn somebody_disabled_by_another_process_has_no_session_after_the_next_look() {
    let house = House::new().await;
    let session = house.sign_in().await;
    house.identity.follow_changes().await.expect("looked");
    assert!(house.check(&session).is_ok());
    let other = Store::open(&house.directory.path().join("chancery.db")).expect("opens");
    other
        .set_enabled("ann", false, START)
        .await
        .expect("disabled");
    house.identity.follow_changes().await.expect("looked");
    assert_eq!(
        house.check(&session).expect_err("is over"),
        NoSession::Unknown
    );
    assert!(matches!(
        house.renew(&session).await,
        Err(IdentityError::CannotRenew)
    ));
}

#[tokio::test]
async fn people_see_and_end_their_own_sessions_and_nobody_elses() {
    let house = House::new().await;
    let (one, two) = (house.sign_in().await, house.sign_in().await);
    let admin = house
        .try_sign_in("root", "correct horse", Persona::Administrator)
        .await
        .expect("signed in");
    let anns = Whose::Of("ANN".to_owned());
    let listed = house.identity.sessions(&anns);
    assert_eq!(listed.len(), 2);
    assert_eq!(house.identity.sessions(&Whose::Everybodys).len(), 3);
    let roots = house.identity.sessions(&Whose::Of("root".to_owned()))[0]
        .id
        .clone();
    let refused = house.identity.end_session(&roots, &anns, "ann", "").await;
    assert!(matches!(refused, Err(IdentityError::NoSuchSession)));
    let id = house.check(&one).expect("lives").session_id;
    house
        .identity
        .end_session(&id, &anns, "ann", "")
        .await
        .expect("ended");
    assert!(house.check(&one).is_err());
    assert!(house.check(&two).is_ok());
    assert_eq!(
        house
            .identity
            .end_all(&Whose::Everybodys, "root", "")
            .await
            .expect("ended"),
        2
    );
    assert!(house.check(&two).is_err() && house.check(&admin).is_err());
}

#[tokio::test]
async fn where_renewing_is_off_the_refresh_token_is_a_text_that_nobody_accepts() {
    let house = House::new().await;
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
    assert!(house.check(&session).is_err());
}

#[tokio::test]
async fn after_wrong_passwords_even_the_right_one_waits_and_then_comes_in() {
    let house = House::new().await;
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

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_tries_at_once_learn_no_more_than_one_after_the_other() {
    let house = Arc::new(House::new().await);
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

#[tokio::test]
async fn a_session_that_ran_out_stays_over_when_the_limit_is_raised() {
    let house = House::new().await;
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
    assert_eq!(house.check(&over).expect_err("over"), NoSession::Expired);
    house.check(&living).expect("lives");
    let house = house.restarted(false).await;
    assert!(house.check(&over).is_err());
    house.check(&living).expect("lives");
}
