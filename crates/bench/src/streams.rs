//! One gibibyte through the agent.

use crate::report::{Part, Row, mebibytes, median};
use crate::stage::{Noise, Stage};
use crate::transfers::{SIZE, fetch};
use crate::{Fault, RUNS};
use chancery_testkit::memory::{forget_peak, peak_kib, resident_kib};
use chancery_testkit::papers::Papers;
use chancery_testkit::server::{ADMIN, API, PASSWORD};
use chancery_testkit::{Request, TestHome};
use std::process::Command;

/// Servers on other machines are spoken to over TLS, always: that is what is
/// compared. Without TLS an agent reaches a server on this machine only.
pub(crate) fn measure(plain: &Stage, home: &TestHome) -> Result<Row, Fault> {
    let papers = Papers::drawn_up();
    let server = papers.server();
    let address = format!("https://localhost:{}", server.address().port());
    let secure_home = TestHome::with_keyring();
    let firm = papers.firm();
    let _ = secure_home
        .connect_with(&[("SSL_CERT_FILE", &firm)], &address)
        .done();
    let secure = Secure {
        agent: secure_home,
        address,
        firm,
    };
    let file = plain.server.directory().join("large.bin");
    std::io::copy(&mut Noise::new(SIZE), &mut std::fs::File::create(&file)?)?;
    let path = secure.put(&file)?;
    std::fs::remove_file(&file)?;
    let token = secure.token()?;
    let pid = secure.agent.agent_pid();
    let before = resident_kib(pid).ok_or("the agent is gone")?;
    let _ = forget_peak(pid);
    let (mut straight, mut by_agent) = (Vec::new(), Vec::new());
    for _ in 0..RUNS.max(5) {
        straight.push(secure.fetch(&path, Some(&token))?);
        by_agent.push(secure.fetch(&path, None)?);
    }
    let peak = peak_kib(pid).ok_or("the agent is gone")?;
    let grown = mebibytes(peak.saturating_sub(before));
    let (straight, by_agent) = (median(straight), median(by_agent));
    let share = by_agent / straight;
    let (open, open_by_agent) = plainly(plain, home)?;
    Ok(Row {
        part: Part::Desktop,
        what: "1 GiB download through the agent, over TLS".to_owned(),
        target: "≥ 0.9 of a direct transfer; flat memory",
        found: format!(
            "{by_agent:.0} MiB/s = {share:.2}; {grown:.1} MiB more at the peak. Without TLS {open_by_agent:.0} MiB/s = {:.2}",
            open_by_agent / open
        ),
        reference: format!("{straight:.0} MiB/s straight; without TLS {open:.0} MiB/s"),
        met: share >= 0.9 && grown < 16.0,
    })
}

/// The same without TLS, to and from this machine: straight, and by the agent.
fn plainly(stage: &Stage, home: &TestHome) -> Result<(f64, f64), Fault> {
    let id = stage.put("Large", Noise::new(SIZE), SIZE)?;
    let path = format!("{API}/documents/{id}/download");
    let (mut straight, mut by_agent) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let call = Request::get(&path).token(&stage.token);
        straight.push(fetch(&stage.server.target(), call)?);
        by_agent.push(fetch(&home.agent(), Request::get(&path))?);
    }
    Ok((median(straight), median(by_agent)))
}

/// A server with TLS and an agent that is connected to it; `curl` fetches.
struct Secure {
    agent: TestHome,
    address: String,
    firm: String,
}

impl Secure {
    /// Sends the file into a folder of its own; where it is fetched from.
    fn put(&self, file: &std::path::Path) -> Result<String, Fault> {
        let made = |path: &str, body: &str| -> Result<String, Fault> {
            let made = self.agent.chancery(&["api", "POST", path, "--data", body]);
            let id = made.json()["data"]["id"].clone();
            Ok(id.as_str().ok_or("nothing was made")?.to_owned())
        };
        let workspace = made(
            &format!("{API}/workspaces"),
            r#"{"name": "Measured", "default_security": "public"}"#,
        )?;
        let folders = format!("{API}/workspaces/{workspace}/folders");
        let folder = made(&folders, r#"{"name": "In"}"#)?;
        let file = file.to_string_lossy();
        let sent = self.agent.chancery(&["put", &file, &folder, "--json"]);
        let id = sent.json()["id"].clone();
        let id = id.as_str().ok_or("nothing was sent")?.to_owned();
        Ok(format!("{API}/documents/{id}/download"))
    }

    fn token(&self) -> Result<String, Fault> {
        let login = serde_json::json!({"user_id": ADMIN, "password": PASSWORD}).to_string();
        let answer = Command::new("curl")
            .args(["--silent", "--show-error", "--fail"])
            .args(["--cacert", &self.firm, "-X", "PUT"])
            .args(["-H", "Content-Type: application/json", "--data", &login])
            .arg(format!("{}/api/v1/session/login", self.address))
            .output()?;
        if !answer.status.success() {
            let why = String::from_utf8_lossy(&answer.stderr);
            return Err(format!("curl cannot sign in: {why}").into());
        }
        let answer: serde_json::Value = serde_json::from_slice(&answer.stdout)?;
        let token = answer["X-Auth-Token"].as_str();
        Ok(token.ok_or("no token was given")?.to_owned())
    }

    /// MiB in a second: straight with a token, else through the agent.
    fn fetch(&self, path: &str, token: Option<&str>) -> Result<f64, Fault> {
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--fail", "--http1.1", "--output", "/dev/null"]);
        curl.args(["--write-out", "%{size_download} %{time_total}"]);
        match token {
            Some(token) => curl
                .args(["--cacert", &self.firm])
                .args(["-H", &format!("X-Auth-Token: {token}")])
                .arg(format!("{}{path}", self.address)),
            None => curl
                .arg("--unix-socket")
                .arg(self.agent.socket())
                .arg(format!("http://chancery{path}")),
        };
        let output = curl.output()?;
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        match told.split_once(' ') {
            Some((size, seconds)) if size == SIZE.to_string() => {
                Ok(1024.0 / seconds.trim().parse::<f64>()?)
            }
            _ => Err(format!("a download by curl ended with {}: {told}", output.status).into()),
        }
    }
}
