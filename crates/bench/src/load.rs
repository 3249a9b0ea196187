//! The load generator: a number of connections, each of which asks again as
//! soon as it is answered. One thread, so that the rest of the machine is the
//! server's.

use bytes::Bytes;
use chancery_testkit::Target;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper::{Method, Request, header};
use hyper_util::rt::TokioIo;
use std::error::Error;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

/// What is asked, and by how many.
#[derive(Debug, Clone)]
pub(crate) struct Load {
    /// Whom.
    pub(crate) target: Target,
    /// Which path.
    pub(crate) path: String,
    /// The session's token, where one is needed.
    pub(crate) token: Option<String>,
    /// What is posted.
    pub(crate) body: Body,
    /// How many at once.
    pub(crate) connections: usize,
    /// For how long.
    pub(crate) duration: Duration,
}

/// What is posted; without it the path is fetched.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Body {
    /// Nothing.
    None,
    /// This JSON.
    Json(&'static str),
    /// Documents of [`SMALL`] bytes, each another one.
    Documents,
}

/// The size of small documents, in bytes.
pub(crate) const SMALL: u64 = 20 * 1024;
const BOUNDARY: &str = "chancery-bench";
static MADE: AtomicU64 = AtomicU64::new(0);

/// A document that nobody stored before, as it is uploaded.
fn document(filler: &[u8]) -> Bytes {
    let number = MADE.fetch_add(1, Ordering::Relaxed);
    let head = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=profile\r\n\r\n\
         {{\"doc_profile\":{{\"name\":\"Document {number}\",\"extension\":\"bin\"}}}}\r\n\
         --{BOUNDARY}\r\nContent-Disposition: form-data; name=file\r\n\r\n"
    );
    let tail = format!("\r\n--{BOUNDARY}--\r\n");
    let mut body = Vec::with_capacity(head.len() + filler.len() + tail.len());
    body.extend_from_slice(head.as_bytes());
    body.extend_from_slice(&number.to_le_bytes());
    body.extend_from_slice(filler.get(8..).unwrap_or_default());
    body.extend_from_slice(tail.as_bytes());
    Bytes::from(body)
}

/// What was measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measured {
    /// Answers in a second.
    pub(crate) rate: f64,
    /// Half were answered within this.
    pub(crate) p50: Duration,
    /// 99 of 100 were answered within this.
    pub(crate) p99: Duration,
    /// How many answers there were.
    pub(crate) answers: usize,
}

type Fault = Box<dyn Error + Send + Sync>;

impl Measured {
    fn of(mut all: Vec<Duration>, seconds: f64) -> Self {
        all.sort_unstable();
        let at = |percent: usize| {
            all.get(all.len() * percent / 100)
                .copied()
                .unwrap_or_default()
        };
        Self {
            rate: ratio(all.len(), seconds),
            p50: at(50),
            p99: at(99),
            answers: all.len(),
        }
    }
}

impl Load {
    /// Applies it, after a short warm-up that does not count.
    pub(crate) fn apply(&self) -> Result<Measured, Fault> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(async {
            self.once(Duration::from_millis(500)).await?;
            self.once(self.duration).await
        })
    }

    /// Applies it without a warm-up.
    pub(crate) fn apply_at_once(&self) -> Result<Measured, Fault> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(self.once(self.duration))
    }

    /// Applies several at once, and adds up what they measured.
    pub(crate) fn apply_all(loads: &[Self]) -> Result<Measured, Fault> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(async {
            let (mut all, mut seconds) = (Vec::new(), 0.0);
            for counts in [false, true] {
                let began = Instant::now();
                let mut workers = tokio::task::JoinSet::new();
                for load in loads.iter().cloned() {
                    let duration = if counts {
                        load.duration
                    } else {
                        Duration::from_millis(500)
                    };
                    workers.spawn(async move { load.times(duration).await });
                }
                all.clear();
                while let Some(worker) = workers.join_next().await {
                    all.extend(worker??);
                }
                seconds = began.elapsed().as_secs_f64();
            }
            Ok(Measured::of(all, seconds))
        })
    }

    async fn once(&self, duration: Duration) -> Result<Measured, Fault> {
        let began = Instant::now();
        let all = self.times(duration).await?;
        Ok(Measured::of(all, began.elapsed().as_secs_f64()))
    }

    /// How long each answer took.
    async fn times(&self, duration: Duration) -> Result<Vec<Duration>, Fault> {
        let end = Instant::now() + duration;
        let mut workers = tokio::task::JoinSet::new();
        for _ in 0..self.connections {
            let load = self.clone();
            workers.spawn(async move {
                match &load.target {
                    Target::Tcp(address) => {
                        let stream = TcpStream::connect(address).await?;
                        stream.set_nodelay(true)?;
                        load.ask(stream, &address.to_string(), end).await
                    }
                    Target::Unix(path) => {
                        let stream = UnixStream::connect(path).await?;
                        load.ask(stream, chancery_proto::local::HOST, end).await
                    }
                }
            });
        }
        let mut all = Vec::new();
        while let Some(worker) = workers.join_next().await {
            all.extend(worker??);
        }
        Ok(all)
    }

    async fn ask<S>(&self, stream: S, host: &str, end: Instant) -> Result<Vec<Duration>, Fault>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let driver = tokio::spawn(connection);
        let mut times = Vec::new();
        let filler = match self.body {
            Body::Documents => chancery_testkit::Pattern::bytes(1, SMALL),
            _ => Vec::new(),
        };
        while Instant::now() < end {
            let (method, body) = match self.body {
                Body::Json(body) => (Method::POST, Full::<Bytes>::from(body)),
                Body::Documents => (Method::POST, Full::from(document(&filler))),
                Body::None => (Method::GET, Full::default()),
            };
            let mut request = Request::builder()
                .method(method)
                .uri(&self.path)
                .header(header::HOST, host);
            if matches!(self.body, Body::Documents) {
                let kind = format!("multipart/form-data; boundary={BOUNDARY}");
                request = request.header(header::CONTENT_TYPE, kind);
            }
            if let Some(token) = &self.token {
                request = request.header("X-Auth-Token", token);
            }
            let request = request.body(body)?;
            let asked = Instant::now();
            let answer = sender.send_request(request).await?;
            let status = answer.status();
            let _ = answer.into_body().collect().await?;
            times.push(asked.elapsed());
            if !status.is_success() {
                return Err(format!("{} answered {status}", self.path).into());
            }
            sender.ready().await?;
        }
        drop(sender);
        let _ = driver.await;
        Ok(times)
    }
}

/// A count over seconds.
pub(crate) fn ratio(count: usize, seconds: f64) -> f64 {
    // Counts here are far below 2^32.
    f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / seconds
}
