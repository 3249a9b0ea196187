//! Sign-ins and sessions against a real database, wherever sessions live, with a
//! clock that is moved by hand.

mod broken_off;
mod refusing;
mod several_servers;
mod wherever_they_live;

use chancery_identity::{
    Identity, IdentityError, Keeping, Live, NoSession, Passwords, Persona, Proof, RedisAddress,
    RedisLogin, RedisSentinels, RedisSettings, RedisTls, SignIn, SignedIn, StoreState,
};
use chancery_proto::clock::{ManualClock, Timestamp};
use chancery_store::Store;
use chancery_store::audit::AuditEntry;
use chancery_store::users::NewUser;
use chancery_testkit::TestRedis;
use chancery_testkit::chaos::ChaosProxy;
use chancery_testkit::papers::Papers;
use chancery_testkit::redis::{MASTER, PASSWORD, Setup, USER};
use std::sync::Arc;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);
const START: Timestamp = Timestamp(1_700_000_000_000);

/// Where the sessions of a test live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Embedded,
    Redis,
    /// Behind a Sentinel with a password, with TLS on both sides and an ACL user.
    Guarded,
}

/// The Redis of a test, if it has one.
#[derive(Default)]
struct Kept {
    redis: Option<TestRedis>,
    sentinel: Option<TestRedis>,
    papers: Option<Papers>,
    proxy: Option<ChaosProxy>,
}

impl Kept {
    fn begun(place: Place) -> Self {
        match place {
            Place::Embedded => Self::default(),
            Place::Redis => Self {
                redis: Some(TestRedis::start()),
                ..Self::default()
            },
            Place::Guarded => {
                let papers = Papers::drawn_up_for("127.0.0.1");
                let setup = Setup {
                    papers: Some(&papers),
                    has_user: true,
                    ..Setup::default()
                };
                let redis = TestRedis::set_up(setup);
                let sentinel = TestRedis::sentinel(&redis, Some(&papers));
                Self {
                    redis: Some(redis),
                    sentinel: Some(sentinel),
                    papers: Some(papers),
                    ..Self::default()
                }
            }
        }
    }

    fn keeping(&self) -> Keeping {
        let Some(redis) = &self.redis else {
            return Keeping::Embedded;
        };
        let nearest = self.sentinel.as_ref().unwrap_or(redis).address();
        let nearest = self.proxy.as_ref().map_or(nearest, ChaosProxy::address);
        let login = RedisLogin {
            user: Some(USER.to_owned()),
            password: Some(PASSWORD.into()),
        };
        let read = |path: String| std::fs::read(path).expect("a certificate");
        Keeping::Redis(Box::new(RedisSettings {
            addresses: vec![RedisAddress {
                host: nearest.ip().to_string(),
                port: nearest.port(),
            }],
            sentinels: self.sentinel.as_ref().map(|_| RedisSentinels {
                master: MASTER.to_owned(),
                login: RedisLogin {
                    user: None,
                    password: Some(PASSWORD.into()),
                },
            }),
            login: if self.papers.is_some() {
                login
            } else {
                RedisLogin::default()
            },
            tls: self.papers.as_ref().map(|papers| RedisTls {
                authorities: Some(read(papers.firm())),
                own: {
                    let (certificate, key) = papers.of_server();
                    let key = std::fs::read_to_string(key).expect("a key");
                    Some((read(certificate), key.into()))
                },
            }),
            database: 0,
            prefix: "chancery".to_owned(),
        }))
    }
}

struct House {
    directory: tempfile::TempDir,
    clock: Arc<ManualClock>,
    passwords: Passwords,
    store: Store,
    kept: Kept,
    identity: Identity,
}

impl House {
    async fn new(place: Place) -> Self {
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
            store
                .add_user(new, START, AuditEntry::of_command("added", START))
                .await
                .expect("a user");
        }
        let kept = Kept::begun(place);
        let identity = node(&store, &clock, &passwords, &kept).await;
        Self {
            directory,
            clock,
            passwords,
            store,
            kept,
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
            kept,
            identity,
        } = self;
        drop((identity, store));
        let store = Store::open(&directory.path().join("chancery.db")).expect("a store");
        let identity = node(&store, &clock, &passwords, &kept).await;
        Self {
            directory,
            clock,
            passwords,
            store,
            kept,
            identity,
        }
    }

    /// Another server on the same database and the same Redis.
    async fn another(&self) -> Identity {
        let store = Store::open(&self.directory.path().join("chancery.db")).expect("a store");
        node(&store, &self.clock, &self.passwords, &self.kept).await
    }

    /// From now on the server speaks to Redis through a proxy.
    async fn through_a_proxy(&mut self) {
        self.kept.proxy = Some(ChaosProxy::before(self.redis().address()));
        self.identity = node(&self.store, &self.clock, &self.passwords, &self.kept).await;
    }

    /// Time goes by until the server remembers no end itself.
    async fn forgets(&self) {
        for _ in 0..3 {
            self.clock.advance(Duration::from_secs(61));
            self.identity.follow_changes().await.expect("followed");
            self.identity.forget_expired();
        }
    }

    fn redis(&self) -> &TestRedis {
        self.kept.redis.as_ref().expect("a Redis")
    }

    async fn try_sign_in(
        &self,
        user: &str,
        password: &str,
        persona: Persona,
    ) -> Result<SignedIn, IdentityError> {
        sign_in_at(&self.identity, user, password, persona).await
    }

    async fn sign_in(&self) -> SignedIn {
        self.try_sign_in("ann", "correct horse", Persona::User)
            .await
            .expect("signed in")
    }

    async fn check(&self, signed_in: &SignedIn) -> Result<Live, NoSession> {
        self.identity.check(signed_in.token.reveal(), false).await
    }

    async fn renew(&self, signed_in: &SignedIn) -> Result<SignedIn, IdentityError> {
        self.identity
            .renew(&signed_in.refresh_token, None, "")
            .await
    }
}

async fn node(
    store: &Store,
    clock: &Arc<ManualClock>,
    passwords: &Passwords,
    kept: &Kept,
) -> Identity {
    let (store, clock) = (store.clone(), clock.clone());
    Identity::open(store, clock, passwords.clone(), kept.keeping())
        .await
        .expect("opens")
}

async fn sign_in_at(
    identity: &Identity,
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
    identity.sign_in(sign_in).await
}

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
