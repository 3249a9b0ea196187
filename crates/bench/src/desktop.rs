//! What the agent adds, and what it costs while nobody asks anything.

use crate::load::{Body, Load, Measured};
use crate::report::{Part, Row, mebibytes, median_time, time};
use crate::stage::Stage;
use crate::{Fault, RUNS, streams, together};
use chancery_testkit::memory::{core_time, resident_kib};
use chancery_testkit::server::API;
use chancery_testkit::{Pattern, Request, TestHome};
use std::collections::HashMap;
use std::ffi::OsString;
use std::time::{Duration, Instant};

/// How long nobody asks anything.
const QUIET: Duration = Duration::from_secs(10);

pub(crate) fn measure() -> Result<Vec<Row>, Fault> {
    let stage = Stage::set();
    let home = TestHome::with_keyring();
    home.connect(&stage.server);
    let mut rows = vec![idle(&home)?];
    rows.push(added(&stage, &home)?);
    rows.push(ensure(&home)?);
    rows.push(first_answer(&stage, &home)?);
    rows.extend(together::measure()?);
    rows.push(streams::measure(&stage, &home)?);
    Ok(rows)
}

fn added(stage: &Stage, home: &TestHome) -> Result<Row, Fault> {
    let id = stage.put("Small", Pattern::new(1, 64), 64)?;
    let direct = Load {
        target: stage.server.target(),
        path: format!("{API}/documents/{id}"),
        token: Some(stage.token.clone()),
        body: Body::None,
        connections: 1,
        duration: Duration::from_secs(3),
    };
    let through = Load {
        target: home.agent(),
        token: None,
        ..direct.clone()
    };
    let (mut straight, mut by_agent) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        straight.push(direct.apply()?);
        by_agent.push(through.apply()?);
    }
    let p50 = |all: &[Measured]| median_time(all.iter().map(|run| run.p50).collect());
    let (straight, by_agent) = (p50(&straight), p50(&by_agent));
    let added = by_agent.saturating_sub(straight);
    Ok(Row {
        part: Part::Desktop,
        what: "added by the agent to a call, p50".to_owned(),
        target: "< 100 µs",
        found: time(added),
        reference: format!(
            "{} straight, {} through the agent",
            time(straight),
            time(by_agent)
        ),
        met: added < Duration::from_micros(100),
    })
}

/// An application asks to be signed in, which it is.
fn ensure(home: &TestHome) -> Result<Row, Fault> {
    let load = Load {
        target: home.agent(),
        path: "/agent/v1/sign-in".to_owned(),
        token: None,
        body: Body::Json("{\"interaction\":\"never\"}"),
        connections: 1,
        duration: Duration::from_secs(2),
    };
    let mut runs = Vec::new();
    for _ in 0..RUNS {
        runs.push(load.apply()?);
    }
    let p50 = median_time(runs.iter().map(|run| run.p50).collect());
    let p99 = median_time(runs.iter().map(|run| run.p99).collect());
    Ok(Row {
        part: Part::Desktop,
        what: "`ensure` on a living session".to_owned(),
        target: "p99 < 1 ms",
        found: format!("p99 {}, p50 {}", time(p99), time(p50)),
        reference: "–".to_owned(),
        met: p99 < Duration::from_millis(1),
    })
}

fn first_answer(stage: &Stage, home: &TestHome) -> Result<Row, Fault> {
    let mut extra = Vec::new();
    for _ in 0..RUNS.max(5) {
        home.kill_agent();
        let began = Instant::now();
        let said = home.chancery(&["api", "GET", "/work/api"]);
        let whole = began.elapsed();
        if said.code != 0 {
            return Err(format!("the first call failed: {}{}", said.out, said.err).into());
        }
        let began = Instant::now();
        let _ = stage
            .server
            .call(Request::get("/work/api").token(&stage.token))
            .expect(200);
        extra.push(whole.saturating_sub(began.elapsed()));
    }
    let extra = median_time(extra);
    Ok(Row {
        part: Part::Desktop,
        what: "an application's first answer, session in the keyring, agent not yet running"
            .to_owned(),
        target: "< 300 ms more than the call itself",
        found: format!("{} more", time(extra)),
        reference: "the same call straight to the server".to_owned(),
        met: extra < Duration::from_millis(300),
    })
}

fn idle(home: &TestHome) -> Result<Row, Fault> {
    let pid = home.agent_pid();
    // What the connecting left to do is done first.
    std::thread::park_timeout(Duration::from_secs(2));
    let (spent, woken) = (core_time(pid).ok_or("the agent is gone")?, switches(pid));
    std::thread::park_timeout(QUIET);
    let spent = core_time(pid).ok_or("the agent is gone")? - spent;
    let woken: u64 = switches(pid)
        .iter()
        .map(|(thread, count)| count.saturating_sub(woken.get(thread).copied().unwrap_or(0)))
        .sum();
    let memory = mebibytes(resident_kib(pid).ok_or("the agent is gone")?);
    Ok(Row {
        part: Part::Desktop,
        what: "agent idle".to_owned(),
        target: "< 15 MiB, 0 % CPU, no wake-ups but its timers",
        found: format!(
            "{memory:.1} MiB, {} ms of a core and {woken} wake-ups in 10 s",
            spent.as_millis()
        ),
        reference: "–".to_owned(),
        met: memory < 15.0 && spent.is_zero() && woken <= 10,
    })
}

/// How often each of the process's threads went to sleep by itself, which is
/// how often it was woken.
fn switches(pid: u32) -> HashMap<OsString, u64> {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{pid}/task")) else {
        return HashMap::new();
    };
    threads
        .map_while(Result::ok)
        .filter_map(|thread| {
            let status = std::fs::read_to_string(thread.path().join("status")).ok()?;
            let line = status
                .lines()
                .find(|line| line.starts_with("voluntary_ctxt_switches:"))?;
            let count = line.split_whitespace().nth(1)?.parse().ok()?;
            Some((thread.file_name(), count))
        })
        .collect()
}
