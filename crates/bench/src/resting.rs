//! Starting and doing nothing.

use crate::report::{Part, Row, mebibytes, median, median_time, time};
use crate::stage::Stage;
use crate::{Fault, RUNS};
use chancery_testkit::Request;
use chancery_testkit::memory::resident_kib;
use std::time::{Duration, Instant};

pub(crate) fn measure() -> Result<Vec<Row>, Fault> {
    let mut stage = Stage::set();
    let (mut starts, mut idle) = (Vec::new(), Vec::new());
    for _ in 0..RUNS.max(5) {
        stage.server.stop();
        let began = Instant::now();
        stage.server.begin();
        let _ = stage.server.call(Request::get("/api")).expect(200);
        starts.push(began.elapsed());
        std::thread::park_timeout(Duration::from_secs(1));
        idle.push(mebibytes(
            resident_kib(stage.server.pid()).ok_or("the server is gone")?,
        ));
    }
    let (start, idle) = (median_time(starts), median(idle));
    Ok(vec![
        Row {
            part: Part::Server,
            what: "cold start to the first answer".to_owned(),
            target: "< 100 ms",
            found: time(start),
            reference: "–".to_owned(),
            met: start < Duration::from_millis(100),
        },
        Row {
            part: Part::Server,
            what: "idle memory".to_owned(),
            target: "< 40 MiB",
            found: format!("{idle:.1} MiB"),
            reference: "–".to_owned(),
            met: idle < 40.0,
        },
    ])
}
