//! Several servers that keep sessions in Redis: what that costs, and what a
//! session takes of Redis's memory.

use crate::load::{Body, Load, Measured, ratio};
use crate::report::{Part, Row, median, median_time, time};
use crate::stage::Stage;
use crate::storm::{self, Paced};
use crate::{Fault, RUNS};
use chancery_identity::{
    Identity, Keeping, Passwords, Persona, Proof, RedisAddress, RedisLogin, RedisSettings, SignIn,
};
use chancery_proto::clock::SystemClock;
use chancery_proto::secret::Secret;
use chancery_store::Store;
use chancery_store::audit::AuditEntry;
use chancery_store::users::NewUser;
use chancery_testkit::server::{API, PASSWORD, TestServer};
use chancery_testkit::{Request, Target, TestRedis};
use std::sync::Arc;
use std::time::Duration;

const DOCUMENTS: u32 = 1_000;
/// Sessions that work without a pause, each on a connection of its own.
const BUSY: usize = 16;
const FOR: Duration = Duration::from_secs(5);
/// What a quiet session asks, and the pause in between.
const QUIET: usize = 10;
const PAUSE: Duration = Duration::from_millis(1_200);
/// So many sessions are written into Redis: 1×, 10× and 100×.
const SIZES: [usize; 3] = [1_000, 10_000, 100_000];
/// Before it is measured, so that what Redis needs for itself is there.
const FIRST: usize = 100;
const PEOPLE: usize = 2_000;
/// A morning.
const MINUTE: Duration = Duration::from_secs(60);

fn in_redis(redis: &TestRedis) -> String {
    format!("[sessions.redis]\naddresses = [\"{}\"]\n", redis.address())
}

/// Three servers on one database and one Redis.
struct Three {
    redis: TestRedis,
    stage: Stage,
    others: [TestServer; 2],
}

impl Three {
    fn started() -> Self {
        let redis = TestRedis::start();
        let stage = Stage::on(TestServer::configured(&in_redis(&redis)));
        let others = ["second", "third"].map(|name| {
            let mut server = stage.server.beside(name, &in_redis(&redis));
            server.begin();
            server
        });
        Self {
            redis,
            stage,
            others,
        }
    }

    fn servers(&self) -> [&TestServer; 3] {
        let [second, third] = &self.others;
        [&self.stage.server, second, third]
    }

    fn trips(&self) -> f64 {
        let trips = |server: &TestServer| {
            server
                .metrics()
                .sum("chancery_session_store_round_trips_total", &[])
        };
        self.servers().into_iter().map(trips).sum()
    }

    /// How often Redis was asked for a session, and how often a use was written.
    fn asked(&self) -> (u64, u64) {
        let said = self.redis.call(&["INFO", "commandstats"]);
        let calls = |name: &str| {
            let line = said
                .lines()
                .find_map(|line| line.strip_prefix(&format!("cmdstat_{name}:calls=")));
            let count = line.and_then(|line| line.split(',').next()?.parse().ok());
            count.unwrap_or(0)
        };
        // The script reads too.
        let written = calls("eval");
        (calls("get") - written, written)
    }
}

/// Every busy session at once; each has a server of its own among these.
fn busy(servers: &[&TestServer], path: &str) -> Result<Measured, Fault> {
    let loads: Vec<Load> = (0..BUSY)
        .map(|number| {
            let server = servers[number % servers.len()];
            Load {
                target: Target::Tcp(server.address()),
                path: path.to_owned(),
                // Signed in at another server than the one it works at.
                token: Some(servers[(number + 1) % servers.len()].sign_in()),
                body: Body::None,
                connections: 1,
                duration: FOR,
            }
        })
        .collect();
    Load::apply_all(&loads)
}

pub(crate) fn measure() -> Result<Vec<Row>, Fault> {
    let embedded = Stage::set();
    let embedded_path = format!("{API}/documents/{}", embedded.fill(DOCUMENTS)?);
    let three = Three::started();
    let path = format!("{API}/documents/{}", three.stage.fill(DOCUMENTS)?);
    let (mut alone, mut shared, mut trips) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..RUNS {
        alone.push(busy(&[&embedded.server], &embedded_path)?);
        let before = three.trips();
        let measured = busy(&three.servers(), &path)?;
        trips.push((three.trips() - before) / ratio(measured.answers, 1.0));
        shared.push(measured);
    }
    let rate = |all: &[Measured]| median(all.iter().map(|run| run.rate).collect());
    let p99 = |all: &[Measured]| median_time(all.iter().map(|run| run.p99).collect());
    let share = rate(&shared) / rate(&alone);
    let trips = median(trips);
    let (asked, written) = quiet(&three, &path)?;
    let mut rows = vec![
        Row {
            part: Part::Server,
            what: format!("profile read, Redis, 3 servers, {BUSY} busy sessions"),
            target: "≥ 0.9 of the embedded figure",
            found: format!(
                "{:.0}/s, p99 {} = {share:.2}",
                rate(&shared),
                time(p99(&shared))
            ),
            reference: format!(
                "embedded, 1 server: {:.0}/s, p99 {}",
                rate(&alone),
                time(p99(&alone))
            ),
            met: share >= 0.9,
        },
        Row {
            part: Part::Server,
            what: "round trips to Redis for each request, heartbeats too".to_owned(),
            target: "< 0.05",
            found: format!("{trips:.4}"),
            reference: "–".to_owned(),
            met: trips < 0.05,
        },
        Row {
            part: Part::Server,
            what: format!("a quiet session, {QUIET} requests {} apart", time(PAUSE)),
            target: "one round trip each",
            found: format!("{asked} questions, {written} uses written"),
            reference: "–".to_owned(),
            met: asked <= QUIET as u64 && written <= 1,
        },
    ];
    rows.extend(memory()?);
    rows.push(morning(&three, &path)?);
    Ok(rows)
}

/// What one session costs that asks now and then.
fn quiet(three: &Three, path: &str) -> Result<(u64, u64), Fault> {
    let token = three.stage.server.sign_in();
    let ask = || {
        let asked = Request::get(path).token(&token);
        three.stage.server.call(asked).expect(200)
    };
    // Its first use is told at once.
    let _ = ask();
    let before = three.asked();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()?;
    for _ in 0..QUIET {
        runtime.block_on(async { tokio::time::sleep(PAUSE).await });
        let _ = ask();
    }
    let after = three.asked();
    Ok((after.0 - before.0, after.1 - before.1))
}

/// What sessions take of Redis's memory.
fn memory() -> Result<Vec<Row>, Fault> {
    let redis = TestRedis::start();
    let used = || -> Result<usize, Fault> {
        let said = redis.call(&["INFO", "memory"]);
        let line = said
            .lines()
            .find_map(|line| line.strip_prefix("used_memory:"));
        Ok(line.ok_or("Redis did not say")?.trim().parse()?)
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let directory = tempfile::tempdir()?;
        let store = Store::open(&directory.path().join("chancery.db"))?;
        let people = people(&store).await?;
        let address = RedisAddress {
            host: redis.address().ip().to_string(),
            port: redis.address().port(),
        };
        let settings = RedisSettings {
            addresses: vec![address],
            sentinels: None,
            login: RedisLogin::default(),
            tls: None,
            database: 0,
            prefix: "chancery".to_owned(),
        };
        let keeping = Keeping::Redis(Box::new(settings));
        let passwords = Passwords::start(1)?;
        let identity = Identity::open(store, SystemClock::shared(), passwords, keeping).await?;
        let identity = Arc::new(identity);
        let (mut before, mut made) = ((0, 0), 0);
        let mut each = Vec::new();
        for size in [FIRST].into_iter().chain(SIZES) {
            let mut under_way = tokio::task::JoinSet::new();
            while made < size {
                let sign_in = SignIn {
                    user: people[made % people.len()].clone(),
                    proof: Proof::Ticket,
                    persona: Persona::User,
                    application: "desktop".to_owned(),
                    client: "bench".to_owned(),
                    device: "a desk".to_owned(),
                    address: "127.0.0.1".to_owned(),
                };
                let identity = Arc::clone(&identity);
                under_way.spawn(async move {
                    let signed_in = identity.sign_in(sign_in).await?;
                    // As it is once it was used.
                    identity.check(signed_in.token.reveal(), false).await.ok();
                    Ok::<_, Fault>(())
                });
                made += 1;
                while under_way.len() >= 64 {
                    under_way.join_next().await.ok_or("nobody")???;
                }
            }
            while let Some(done) = under_way.join_next().await {
                done??;
            }
            let now = (used()?, size);
            each.push((now.0 - before.0) / (now.1 - before.1));
            before = now;
        }
        // What Redis needs for itself.
        each.remove(0);
        let most = each.iter().copied().max().unwrap_or(0);
        let all: Vec<String> = each.iter().map(ToString::to_string).collect();
        // Bytes for ten million, in GiB.
        let sum = ratio(most, 1.0) * 1e7 / f64::from(1 << 30);
        Ok(vec![Row {
            part: Part::Server,
            what: "Redis's memory for each further session, up to 1,000, 10,000 and 100,000"
                .to_owned(),
            target: "≤ 300 bytes",
            found: format!("{} bytes", all.join(", ")),
            reference: format!("ten million: {sum:.2} GiB"),
            met: most <= 300,
        }])
    })
}

/// Two thousand people with one password among them.
async fn people(store: &Store) -> Result<Vec<String>, Fault> {
    let hash = Passwords::start(1)?.hash(Secret::from(PASSWORD)).await?;
    let mut all = Vec::new();
    for number in 0..PEOPLE {
        let id = format!("user{number:04}");
        let new = NewUser {
            id: id.clone(),
            full_name: format!("Person {number}"),
            email: String::new(),
            password_hash: Some(hash.clone()),
            is_admin: false,
            is_external: false,
        };
        let now = SystemClock::shared().now();
        let entry = AuditEntry::of_command("user added", now);
        store.add_user(new, now, entry).await?;
        all.push(id);
    }
    Ok(all)
}

/// Two thousand people sign in within a minute, at three servers.
fn morning(three: &Three, path: &str) -> Result<Row, Fault> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let database = three.stage.server.data().join("chancery.db");
    let people = runtime.block_on(async { people(&Store::open(&database)?).await })?;
    let [first, second, third] = three.servers();
    let servers = [first.address(), second.address(), third.address()];
    let paced = Paced {
        servers: &servers,
        people,
        within: MINUTE,
    };
    let told = runtime.block_on(storm::morning(paced, path, &three.stage.token))?;
    let factor = told.others.as_secs_f64() / told.alone.as_secs_f64();
    let in_time = told.took <= MINUTE + Duration::from_secs(1);
    Ok(Row {
        part: Part::Server,
        what: format!("{PEOPLE} people sign in within a minute at 3 servers: others' p99"),
        target: "< 2× their p99 without, nobody refused",
        found: format!("{} = {factor:.2}×", time(told.others)),
        reference: format!(
            "{} without; all {PEOPLE} in after {}, a sign-in's median {}, p99 {}",
            time(told.alone),
            time(told.took),
            time(told.p50),
            time(told.p99)
        ),
        met: factor < 2.0 && in_time,
    })
}
