//! Small documents: storing them, listing them, and what it costs when there are
//! many.

use crate::load::{Body, Load, Measured, SMALL};
use crate::report::{Part, Row, median, median_time, note, time};
use crate::stage::Stage;
use crate::{Fault, RUNS};
use chancery_testkit::Request;
use chancery_testkit::server::API;
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const CONNECTIONS: usize = 16;
/// Each run of a load.
const FOR: Duration = Duration::from_secs(4);
/// So many files does the reference write with each of its writers.
const FILES: u32 = 400;
/// What there is in the library when something is measured.
const SIZES: [u64; 3] = [1_000, 10_000, 100_000];

pub(crate) fn measure() -> Result<Vec<Row>, Fault> {
    let stage = Stage::set();
    let (mut ours, mut disk) = (Vec::new(), Vec::new());
    let mut last = None;
    for _ in 0..RUNS {
        disk.push(fio(stage.server.directory())?);
        let measured = storing(&stage, FOR)?;
        ours.push(measured.rate);
        last = Some(measured);
    }
    let (ours, disk) = (median(ours), median(disk));
    let p99 = last.map_or_else(Duration::default, |one| one.p99);
    let mut rows = vec![Row {
        part: Part::Server,
        what: "store 20 KiB documents, durable, 16 connections".to_owned(),
        target: "≥ 1,000/s and ≥ 0.5 of the reference",
        found: format!("{ours:.0}/s = {:.2}, p99 {}", ours / disk, time(p99)),
        reference: format!("fio, fdatasync for each file, 16 writers: {disk:.0}/s"),
        met: ours >= 1_000.0 && ours / disk >= 0.5,
    }];
    rows.extend(growth()?);
    Ok(rows)
}

fn storing(stage: &Stage, duration: Duration) -> Result<Measured, Fault> {
    let load = Load {
        target: stage.server.target(),
        path: stage.documents(),
        token: Some(stage.token.clone()),
        body: Body::Documents,
        connections: CONNECTIONS,
        duration,
    };
    load.apply()
}

/// Files of 20 KiB in a second, each synced.
fn fio(directory: &Path) -> Result<f64, Fault> {
    let place = directory.join("fio");
    std::fs::create_dir_all(&place)?;
    let output = Command::new("fio")
        .args(["--name=small", "--rw=write", "--ioengine=psync"])
        .args(["--create_on_open=1", "--fallocate=none", "--fdatasync=1"])
        .args(["--group_reporting", "--output-format=json", "--unlink=1"])
        .arg(format!("--bs={SMALL}"))
        .arg(format!("--filesize={SMALL}"))
        .arg(format!("--nrfiles={FILES}"))
        .arg(format!("--size={}", u64::from(FILES) * SMALL))
        .args(["--openfiles=1", "--file_service_type=sequential"])
        .arg(format!("--numjobs={CONNECTIONS}"))
        .arg(format!("--directory={}", place.display()))
        .stderr(Stdio::null())
        .output()?;
    let _ = std::fs::remove_dir_all(&place);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let json = text.get(text.find('{').unwrap_or(0)..).unwrap_or_default();
    let report: Value = serde_json::from_str(json)?;
    let rate = report["jobs"][0]["write"]["iops"].as_f64();
    rate.ok_or_else(|| "fio told no rate".into())
}

/// What there is, and what things cost then.
struct At {
    count: u64,
    read: Measured,
    first: Duration,
    all: Option<Duration>,
    store: f64,
}

fn growth() -> Result<Vec<Row>, Fault> {
    let stage = Stage::set();
    let mut found = Vec::new();
    for count in SIZES {
        note(&format!("  filling up to {count} documents"));
        let read_one = fill(&stage, count)?;
        found.push(at(&stage, count, &read_one)?);
    }
    let listed = |one: &At| format!("{}: {}", one.count, time(one.first));
    let first: Vec<String> = found.iter().map(listed).collect();
    let reads: Vec<String> = found
        .iter()
        .map(|one| format!("{}: {:.0}/s", one.count, one.read.rate))
        .collect();
    let stores: Vec<String> = found
        .iter()
        .map(|one| format!("{}: {:.0}/s", one.count, one.store))
        .collect();
    let middle = found.get(1).ok_or("nothing was measured")?;
    let all = middle.all.unwrap_or_default();
    let grows = |value: fn(&At) -> f64| match (found.first(), found.last()) {
        (Some(small), Some(large)) => value(large) / value(small),
        _ => f64::NAN,
    };
    let (reading, storing) = (grows(|one| one.read.rate), grows(|one| one.store));
    let listing = grows(|one| one.first.as_secs_f64());
    Ok(vec![
        Row {
            part: Part::Server,
            what: "list a folder of 10,000: the first page of 500".to_owned(),
            target: "< 5 ms",
            found: time(middle.first),
            reference: "–".to_owned(),
            met: middle.first < Duration::from_millis(5),
        },
        Row {
            part: Part::Server,
            what: "all of it, in two pages".to_owned(),
            target: "< 60 ms",
            found: time(all),
            reference: "–".to_owned(),
            met: all < Duration::from_millis(60),
        },
        Row {
            part: Part::Server,
            what: "profile read as the library grows, 16 connections".to_owned(),
            target: "grows gently: ≥ 0.8 at 100×",
            found: format!("{} = {reading:.2}", reads.join(", ")),
            reference: "the smallest".to_owned(),
            met: reading >= 0.8,
        },
        Row {
            part: Part::Server,
            what: "the first page of 500 as the folder grows".to_owned(),
            target: "grows gently: ≤ 1.5× at 100×",
            found: format!("{} = {listing:.2}×", first.join(", ")),
            reference: "the smallest".to_owned(),
            met: listing <= 1.5,
        },
        Row {
            part: Part::Server,
            what: "store 20 KiB documents as the folder grows, 16 connections".to_owned(),
            target: "grows gently: ≥ 0.8 at 100×",
            found: format!("{} = {storing:.2}", stores.join(", ")),
            reference: "the smallest".to_owned(),
            met: storing >= 0.8,
        },
    ])
}

fn ask(stage: &Stage, path: &str) -> Result<Value, Fault> {
    let call = Request::get(path).token(&stage.token);
    let answer = stage.server.target().call(call)?;
    if answer.status != 200 {
        return Err(format!("{path} was answered {}", answer.status).into());
    }
    Ok(answer.json())
}

fn count_of(stage: &Stage) -> Result<u64, Fault> {
    let path = format!("{}?limit=1&total=true", stage.documents());
    Ok(ask(stage, &path)?["total_count"].as_u64().unwrap_or(0))
}

/// Stores documents until there are so many; the path to the profile of one.
fn fill(stage: &Stage, count: u64) -> Result<String, Fault> {
    loop {
        let missing = count.saturating_sub(count_of(stage)?);
        if missing == 0 {
            break;
        }
        // A little at a time, so that the sizes are those that are told.
        let wanted = Duration::from_millis((missing / 4).clamp(50, 5_000));
        let load = Load {
            target: stage.server.target(),
            path: stage.documents(),
            token: Some(stage.token.clone()),
            body: Body::Documents,
            connections: if missing < 500 { 1 } else { CONNECTIONS },
            duration: wanted,
        };
        load.apply_at_once()?;
    }
    let path = format!("{}?limit=1&offset={}", stage.documents(), count / 2);
    let id = ask(stage, &path)?["data"][0]["id"].clone();
    let id = id.as_str().ok_or("the list has no document")?;
    Ok(format!("{API}/documents/{id}"))
}

fn at(stage: &Stage, count: u64, read_one: &str) -> Result<At, Fault> {
    let read = Load {
        target: stage.server.target(),
        path: read_one.to_owned(),
        token: Some(stage.token.clone()),
        body: Body::None,
        connections: CONNECTIONS,
        duration: FOR,
    };
    let read = read.apply()?;
    let timed = |path: &str| -> Result<Duration, Fault> {
        let mut times = Vec::new();
        for _ in 0..RUNS * 7 {
            let began = Instant::now();
            let call = Request::get(path).token(&stage.token);
            let answer = stage.server.target().call(call)?;
            times.push(began.elapsed());
            if answer.status != 200 {
                return Err(format!("{path} was answered {}", answer.status).into());
            }
        }
        Ok(median_time(times))
    };
    let first = timed(&format!("{}?limit=500", stage.documents()))?;
    let all = if count == 10_000 {
        let one = timed(&format!("{}?limit=5000", stage.documents()))?;
        let two = timed(&format!("{}?limit=5000&offset=5000", stage.documents()))?;
        Some(one + two)
    } else {
        None
    };
    let store = storing(stage, FOR)?.rate;
    Ok(At {
        count,
        read,
        first,
        all,
        store,
    })
}
