//! A morning's storm: many people sign in with their passwords at once, and
//! somebody works on meanwhile.

use crate::load::ratio;
use crate::report::{Part, Row, median, median_time, time};
use crate::stage::Stage;
use crate::{Fault, RUNS};
use bytes::Bytes;
use chancery_identity::{Identity, Keeping, Passwords};
use chancery_proto::clock::SystemClock;
use chancery_proto::secret::Secret;
use chancery_store::Store;
use chancery_testkit::server::{ADMIN, API, PASSWORD};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper::{Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::time::{MissedTickBehavior, interval};

const SIGN_INS: usize = 200;
const DOCUMENTS: u32 = 1_000;
/// Somebody who works asks so often.
const PACE: Duration = Duration::from_millis(2);
/// How long they work with nobody else there.
const ALONE: Duration = Duration::from_secs(3);
const HASHES: usize = 20;

pub(crate) fn measure() -> Result<Vec<Row>, Fault> {
    let stage = Stage::set();
    let id = stage.fill(DOCUMENTS)?;
    let path = format!("{API}/documents/{id}");
    let server = stage.server.address();
    let hash = one_hash()?;
    let (mut quiet, mut stormy, mut rates) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (alone, during, rate) = runtime.block_on(run(server, &path, &stage.token))?;
        quiet.push(alone);
        stormy.push(during);
        rates.push(rate);
    }
    let (quiet, stormy, rate) = (median_time(quiet), median_time(stormy), median(rates));
    let cores = std::thread::available_parallelism()?.get();
    let best = ratio(cores, hash.as_secs_f64());
    let factor = stormy.as_secs_f64() / quiet.as_secs_f64();
    let share = rate / best;
    Ok(vec![
        Row {
            part: Part::Server,
            what: format!("{SIGN_INS} password sign-ins at once: others' p99"),
            target: "< 2× their p99 without",
            found: format!("{} = {factor:.2}×", time(stormy)),
            reference: format!("{} without", time(quiet)),
            met: factor < 2.0,
        },
        Row {
            part: Part::Server,
            what: format!("{SIGN_INS} password sign-ins at once"),
            target: "≥ 0.9 of cores ÷ (one Argon2id)",
            found: format!("{rate:.0}/s = {share:.2}"),
            reference: format!("{cores} ÷ {} = {best:.0}/s", time(hash)),
            met: share >= 0.9,
        },
    ])
}

/// One password, hashed by itself.
fn one_hash() -> Result<Duration, Fault> {
    let directory = tempfile::tempdir()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let store = Store::open(&directory.path().join("chancery.db"))?;
        let identity = Identity::open(
            store,
            SystemClock::shared(),
            Passwords::start(1)?,
            Keeping::Embedded,
        )
        .await?;
        let mut times = Vec::new();
        for _ in 0..HASHES {
            let began = Instant::now();
            identity.hash_password(Secret::from(PASSWORD)).await?;
            times.push(began.elapsed());
        }
        Ok(median_time(times))
    })
}

/// Somebody's p99 alone and during the storm, and sign-ins in a second.
async fn run(
    server: SocketAddr,
    path: &str,
    token: &str,
) -> Result<(Duration, Duration, f64), Fault> {
    let alone = Somebody::works(server, path, token)?;
    tokio::time::sleep(ALONE).await;
    let alone = alone.goes()?;
    let during = Somebody::works(server, path, token)?;
    let began = Instant::now();
    let mut people = tokio::task::JoinSet::new();
    for _ in 0..SIGN_INS {
        people.spawn(sign_in(server, ADMIN.to_owned()));
    }
    while let Some(person) = people.join_next().await {
        person??;
    }
    let rate = ratio(SIGN_INS, began.elapsed().as_secs_f64());
    Ok((alone, during.goes()?, rate))
}

/// People who sign in one after the other.
pub(crate) struct Paced<'a> {
    /// At which servers, in turn.
    pub(crate) servers: &'a [SocketAddr],
    /// Who.
    pub(crate) people: Vec<String>,
    /// Within what time they all come.
    pub(crate) within: Duration,
}

/// What a morning was like.
pub(crate) struct Morning {
    /// The p99 of somebody who works, with nobody else there.
    pub(crate) alone: Duration,
    /// The same while everybody signs in.
    pub(crate) others: Duration,
    /// Until the last one was in.
    pub(crate) took: Duration,
    /// Half of the sign-ins took no longer than this, and 99 of 100 than that.
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
}

/// Everybody comes within a time, evenly spread, and somebody works meanwhile.
pub(crate) async fn morning(paced: Paced<'_>, path: &str, token: &str) -> Result<Morning, Fault> {
    let first = *paced.servers.first().ok_or("no server")?;
    let alone = Somebody::works(first, path, token)?;
    tokio::time::sleep(ALONE).await;
    let alone = alone.goes()?;
    let others = Somebody::works(first, path, token)?;
    let count = u32::try_from(paced.people.len())?;
    let mut ticks = interval(paced.within / count);
    let began = Instant::now();
    let mut under_way = tokio::task::JoinSet::new();
    for (number, person) in paced.people.into_iter().enumerate() {
        ticks.tick().await;
        let server = paced.servers[number % paced.servers.len()];
        under_way.spawn(async move {
            let asked = Instant::now();
            sign_in(server, person).await?;
            Ok::<_, Fault>(asked.elapsed())
        });
    }
    let mut times = Vec::new();
    while let Some(one) = under_way.join_next().await {
        times.push(one??);
    }
    let took = began.elapsed();
    let others = others.goes()?;
    times.sort_unstable();
    let at = |percent: usize| {
        let place = times.len() * percent / 100;
        times.get(place).copied().unwrap_or_default()
    };
    Ok(Morning {
        alone,
        others,
        took,
        p50: at(50),
        p99: at(99),
    })
}

async fn sender(server: SocketAddr) -> Result<http1::SendRequest<Full<Bytes>>, Fault> {
    let stream = TcpStream::connect(server).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender)
}

/// Somebody who works, on a thread of their own: what the crowd's thread does must
/// not look like the server's time.
struct Somebody {
    over: Arc<AtomicBool>,
    working: std::thread::JoinHandle<Result<Duration, Fault>>,
}

impl Somebody {
    fn works(server: SocketAddr, path: &str, token: &str) -> Result<Self, Fault> {
        let over = Arc::new(AtomicBool::new(false));
        let (path, token) = (path.to_owned(), token.to_owned());
        let seen = Arc::clone(&over);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let working = std::thread::spawn(move || runtime.block_on(work(server, path, token, seen)));
        Ok(Self { over, working })
    }

    /// They stop; 99 of 100 of their questions were answered within this.
    fn goes(self) -> Result<Duration, Fault> {
        self.over.store(true, Ordering::Relaxed);
        self.working
            .join()
            .map_err(|_| Fault::from("whoever worked meanwhile failed"))?
    }
}

/// Reads a profile again and again; 99 of 100 were answered within this.
async fn work(
    server: SocketAddr,
    path: String,
    token: String,
    over: Arc<AtomicBool>,
) -> Result<Duration, Fault> {
    let mut sender = sender(server).await?;
    let mut ticks = interval(PACE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut times = Vec::new();
    while !over.load(Ordering::Relaxed) {
        ticks.tick().await;
        let request = Request::builder()
            .uri(&path)
            .header(header::HOST, server.to_string())
            .header("X-Auth-Token", &token)
            .body(Full::default())?;
        let asked = Instant::now();
        let answer = sender.send_request(request).await?;
        let status = answer.status();
        let _ = answer.into_body().collect().await?;
        times.push(asked.elapsed());
        if status != StatusCode::OK {
            return Err(format!("{path} answered {status}").into());
        }
    }
    times.sort_unstable();
    Ok(times
        .get(times.len() * 99 / 100)
        .copied()
        .unwrap_or_default())
}

async fn sign_in(server: SocketAddr, user: String) -> Result<(), Fault> {
    let mut sender = sender(server).await?;
    let body = format!("{{\"user_id\":\"{user}\",\"password\":\"{PASSWORD}\"}}");
    let request = Request::builder()
        .method("PUT")
        .uri("/api/v1/session/login")
        .header(header::HOST, server.to_string())
        .header(header::CONTENT_TYPE, "application/json")
        .body(Full::from(body))?;
    let answer = sender.send_request(request).await?;
    match answer.status() {
        StatusCode::OK => Ok(()),
        status => Err(format!("a sign-in was answered {status}").into()),
    }
}
