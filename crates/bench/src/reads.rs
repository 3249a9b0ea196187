//! The profile read, and what the session check is of it.

use crate::load::{Body, Load, Measured, ratio};
use crate::reference::Reference;
use crate::report::{Part, Row, median, median_time, time};
use crate::stage::Stage;
use crate::{Fault, RUNS};
use chancery_identity::{Identity, Keeping, Passwords, Persona, Proof, SignIn};
use chancery_proto::clock::SystemClock;
use chancery_store::Store;
use chancery_store::audit::AuditEntry;
use chancery_store::users::NewUser;
use chancery_testkit::memory::core_time;
use chancery_testkit::server::{API, PASSWORD};
use chancery_testkit::{Request, Target};
use std::time::{Duration, Instant};

const DOCUMENTS: u32 = 10_000;
const CONNECTIONS: usize = 16;
const FOR: Duration = Duration::from_secs(5);
const CHECKS: usize = 1_000_000;

pub(crate) fn measure() -> Result<Vec<Row>, Fault> {
    let stage = Stage::set();
    let id = stage.fill(DOCUMENTS)?;
    let path = format!("{API}/documents/{id}");
    let body = stage
        .server
        .call(Request::get(&path).token(&stage.token))
        .expect(200)
        .body;
    let reference = Reference::start(&body, DOCUMENTS)?;
    let ours = Load {
        target: stage.server.target(),
        path,
        token: Some(stage.token.clone()),
        body: Body::None,
        connections: CONNECTIONS,
        duration: FOR,
    };
    let theirs = Load {
        target: Target::Tcp(reference.address),
        path: format!("/profiles/{}", id.replace('!', "%21")),
        token: None,
        ..ours
    };
    let (mut mine, mut other) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        mine.push(with_core_time(&ours, stage.server.pid())?);
        other.push(with_core_time(&theirs, reference.pid())?);
    }
    let rate = |all: &[(Measured, Duration)]| median(all.iter().map(|run| run.0.rate).collect());
    let p99 = |all: &[(Measured, Duration)]| median_time(all.iter().map(|run| run.0.p99).collect());
    let cost = |all: &[(Measured, Duration)]| {
        median(
            all.iter()
                .map(|(measured, core)| core.as_secs_f64() * 1e6 / ratio(measured.answers, 1.0))
                .collect(),
        )
    };
    let share = rate(&mine) / rate(&other);
    let (our_p99, our_cost) = (p99(&mine), cost(&mine));
    let check = check_cost()?;
    let check_share = check.as_secs_f64() * 1e6 / our_cost * 100.0;
    Ok(vec![
        Row {
            part: Part::Server,
            what: format!("authenticated profile read, {CONNECTIONS} connections"),
            target: "≥ 0.6 of the reference, p99 < 5 ms",
            found: format!(
                "{:.0}/s = {share:.2}, p99 {}, {our_cost:.0} µs of a core each",
                rate(&mine),
                time(our_p99)
            ),
            reference: format!(
                "{:.0}/s, p99 {}, {:.0} µs of a core each",
                rate(&other),
                time(p99(&other)),
                cost(&other)
            ),
            met: share >= 0.6 && our_p99 < Duration::from_millis(5),
        },
        Row {
            part: Part::Server,
            what: "the session check's share of it".to_owned(),
            target: "≤ 5 % of the request's CPU",
            found: format!("{check_share:.1} % ({} ns)", check.as_nanos()),
            reference: format!("{our_cost:.0} µs of a core for a read"),
            met: check_share <= 5.0,
        },
    ])
}

/// The load, and the time the process spent on a core meanwhile. The warm-up is
/// in the time and not in the answers; a second run would cost more than it says.
fn with_core_time(load: &Load, pid: u32) -> Result<(Measured, Duration), Fault> {
    let before = core_time(pid).ok_or("the process is gone")?;
    let measured = load.apply()?;
    let after = core_time(pid).ok_or("the process is gone")?;
    let warm = 0.5 / (0.5 + FOR.as_secs_f64());
    let spent = (after - before).mul_f64(1.0 - warm);
    Ok((measured, spent))
}

/// One check of a living session, by itself.
fn check_cost() -> Result<Duration, Fault> {
    let directory = tempfile::tempdir()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let clock = SystemClock::shared();
        let store = Store::open(&directory.path().join("metadata.db"))?;
        let passwords = Passwords::start(1)?;
        let hash = passwords.hash(PASSWORD.into()).await?;
        let somebody = NewUser {
            id: "somebody".to_owned(),
            full_name: "Somebody".to_owned(),
            email: String::new(),
            password_hash: Some(hash),
            is_admin: false,
            is_external: false,
        };
        let entry = AuditEntry::of_command("user added", clock.now());
        store.add_user(somebody, clock.now(), entry).await?;
        let identity = Identity::open(store, clock, passwords, Keeping::Embedded).await?;
        let signed_in = identity
            .sign_in(SignIn {
                user: "somebody".to_owned(),
                proof: Proof::Password(PASSWORD.into()),
                persona: Persona::User,
                application: "desktop".to_owned(),
                client: "bench".to_owned(),
                device: String::new(),
                address: "127.0.0.1".to_owned(),
            })
            .await?;
        let token = signed_in.token.reveal().to_owned();
        let mut runs = Vec::new();
        for _ in 0..RUNS {
            let began = Instant::now();
            for _ in 0..CHECKS {
                let checked = identity.check(std::hint::black_box(&token), false).await;
                if std::hint::black_box(checked).is_err() {
                    return Err("the session ended while it was measured".into());
                }
            }
            runs.push(began.elapsed());
        }
        let each = median_time(runs) / u32::try_from(CHECKS)?;
        Ok(each)
    })
}
