//! One gibibyte up and down.

use crate::report::{Part, Row, mebibytes, median};
use crate::stage::{Noise, Stage};
use crate::{Fault, RUNS};
use chancery_testkit::memory::{forget_peak, peak_kib};
use chancery_testkit::server::API;
use chancery_testkit::waiting::eventually;
use chancery_testkit::{Request, Target};
use serde_json::Value;
use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

/// What is moved.
pub(crate) const SIZE: u64 = 1024 * 1024 * 1024;
const MIB: f64 = 1024.0;
/// Disks of virtual machines are the noisiest part, so they get more runs.
const DISK_RUNS: usize = 7;

pub(crate) fn measure() -> Result<Vec<Row>, Fault> {
    let stage = Stage::set();
    let (mut up, mut disk, mut down, mut nginx) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let pid = stage.server.pid();
    let mut peak = 0;
    let mut ids = Vec::new();
    for run in 0..DISK_RUNS {
        settle();
        disk.push(fio(stage.server.directory())?);
        settle();
        let _ = forget_peak(pid);
        let began = Instant::now();
        ids.push(stage.put(&format!("Large {run}"), Noise::new(SIZE), SIZE)?);
        up.push(MIB / began.elapsed().as_secs_f64());
        peak = peak.max(peak_kib(pid).unwrap_or(0));
    }
    let reference = Nginx::start(stage.server.directory())?;
    let id = ids.first().ok_or("nothing was uploaded")?;
    let ours = format!("{API}/documents/{id}/download");
    for _ in 0..RUNS {
        down.push(fetch(
            &stage.server.target(),
            Request::get(&ours).token(&stage.token),
        )?);
        nginx.push(fetch(
            &Target::Tcp(reference.address),
            Request::get("/large"),
        )?);
    }
    drop(reference);
    let (up, disk, down, nginx) = (median(up), median(disk), median(down), median(nginx));
    let peak = mebibytes(peak);
    Ok(vec![
        Row {
            part: Part::Server,
            what: "store one 1 GiB document, hashed, durable".to_owned(),
            target: "≥ 0.85 of the reference",
            found: format!("{up:.0} MiB/s = {:.2}", up / disk),
            reference: format!("fio {disk:.0} MiB/s"),
            met: up / disk >= 0.85,
        },
        Row {
            part: Part::Server,
            what: "fetch it".to_owned(),
            target: "≥ 0.8 of the reference",
            found: format!("{down:.0} MiB/s = {:.2}", down / nginx),
            reference: format!("nginx {nginx:.0} MiB/s"),
            met: down / nginx >= 0.8,
        },
        Row {
            part: Part::Server,
            what: "memory during the 1 GiB upload".to_owned(),
            target: "< 96 MiB",
            found: format!("{peak:.1} MiB"),
            reference: "–".to_owned(),
            met: peak < 96.0,
        },
    ])
}

/// Lets the disk finish what others left to it.
fn settle() {
    let _ = Command::new("sync").status();
}

/// MiB in a second, thrown away as they come.
pub(crate) fn fetch(target: &Target, request: Request<'_>) -> Result<f64, Fault> {
    let mut sink = Counting(0);
    let began = Instant::now();
    let answer = target.call_into(request, &mut sink)?;
    let seconds = began.elapsed().as_secs_f64();
    if answer.status != 200 || sink.0 != SIZE {
        return Err(format!(
            "a download was answered {} with {} bytes",
            answer.status, sink.0
        )
        .into());
    }
    Ok(MIB / seconds)
}

struct Counting(u64);

impl Write for Counting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += u64::try_from(bytes.len()).unwrap_or(0);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Sequential writes of 1 MiB and one fsync after the last; MiB in a second.
fn fio(directory: &Path) -> Result<f64, Fault> {
    let file = directory.join("fio.bin");
    let output = Command::new("fio")
        .args([
            "--name=write",
            "--rw=write",
            "--bs=1M",
            "--size=1G",
            "--ioengine=psync",
        ])
        .args(["--end_fsync=1", "--fallocate=none", "--output-format=json"])
        .arg(format!("--filename={}", file.display()))
        .stderr(Stdio::null())
        .output()?;
    let _ = std::fs::remove_file(&file);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    // Notes may stand before the JSON.
    let json = text.get(text.find('{').unwrap_or(0)..).unwrap_or_default();
    let report: Value = serde_json::from_str(json)?;
    let millis = report["jobs"][0]["job_runtime"]
        .as_f64()
        .ok_or("fio told no time")?;
    Ok(MIB / (millis / 1000.0))
}

/// nginx with a file of the same size beside the server's data.
struct Nginx {
    child: Child,
    address: SocketAddr,
}

impl Nginx {
    fn start(directory: &Path) -> Result<Self, Fault> {
        let root = directory.join("nginx");
        std::fs::create_dir_all(root.join("www"))?;
        io::copy(
            &mut Noise::new(SIZE),
            &mut std::fs::File::create(root.join("www/large"))?,
        )?;
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let configuration = format!(
            "daemon off; master_process off; pid {0}/pid; error_log {0}/error.log;\n\
             events {{ worker_connections 64; }}\n\
             http {{ access_log off; sendfile on; tcp_nodelay on; client_body_temp_path {0}/a; \
             proxy_temp_path {0}/b; fastcgi_temp_path {0}/c; uwsgi_temp_path {0}/d; scgi_temp_path {0}/e;\n\
             server {{ listen {address}; root {0}/www; }} }}\n",
            root.display()
        );
        let path = root.join("nginx.conf");
        std::fs::write(&path, configuration)?;
        let child = Command::new("nginx")
            .arg("-c")
            .arg(&path)
            .arg("-p")
            .arg(&root)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        eventually("nginx listens", || TcpStream::connect(address).ok());
        Ok(Self { child, address })
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
