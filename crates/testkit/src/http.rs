//! A small blocking HTTP/1.1 client, over TCP or a Unix socket. One connection
//! for each call. It sends exactly what it is told, also what is wrong.

use serde_json::Value;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

/// No answer for this long is an error.
const PATIENCE: Duration = Duration::from_secs(60);
/// What is read and written at once.
const PIECE: usize = 256 * 1024;

/// Where calls go.
#[derive(Debug, Clone)]
pub enum Target {
    /// A server, or a proxy in front of it.
    Tcp(SocketAddr),
    /// The agent's socket.
    Unix(PathBuf),
}

/// A call in the making.
pub struct Request<'a> {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Body<'a>,
}

enum Body<'a> {
    Nothing,
    Bytes(Vec<u8>),
    Stream(Box<dyn Read + 'a>, u64),
}

impl<'a> Request<'a> {
    /// A call without a body.
    #[must_use]
    pub fn new(method: &str, path: &str) -> Self {
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            headers: Vec::new(),
            body: Body::Nothing,
        }
    }

    /// `GET path`.
    #[must_use]
    pub fn get(path: &str) -> Self {
        Self::new("GET", path)
    }

    /// With a header. A `Host` given here takes the place of the usual one.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With a session's token.
    #[must_use]
    pub fn token(self, token: &str) -> Self {
        self.header("X-Auth-Token", token)
    }

    /// With a JSON body.
    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string().into_bytes())
    }

    /// With a body of any kind.
    #[must_use]
    pub fn body(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = Body::Bytes(body.into());
        self.header("Content-Type", content_type)
    }

    /// With a body that is read while it is sent; `length` bytes are announced.
    #[must_use]
    pub fn stream(mut self, content_type: &str, body: impl Read + 'a, length: u64) -> Self {
        self.body = Body::Stream(Box::new(body), length);
        self.header("Content-Type", content_type)
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status, for example 200.
    pub status: u16,
    /// The headers as they came.
    pub headers: Vec<(String, String)>,
    /// The body; empty where it was written elsewhere.
    pub body: Vec<u8>,
}

impl Answer {
    /// A header's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none; the message shows it.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("no JSON ({error}) in {}: {}", self.status, self.text()))
    }

    /// The body as text, for messages.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The code of an error answer; empty where there is none.
    #[must_use]
    pub fn error_code(&self) -> String {
        serde_json::from_slice::<Value>(&self.body)
            .ok()
            .and_then(|json| json["error"]["code"].as_str().map(str::to_owned))
            .unwrap_or_default()
    }

    /// The answer itself when the status is this one.
    ///
    /// # Panics
    /// When it is another; the message shows the body.
    #[track_caller]
    #[must_use]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }
}

/// A connection of either kind.
trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

impl Target {
    /// Sends a call and keeps the answer's body.
    ///
    /// # Errors
    /// When the connection cannot be made, or breaks before the answer is whole.
    pub fn call(&self, request: Request<'_>) -> io::Result<Answer> {
        let mut body = Vec::new();
        let mut answer = self.call_into(request, &mut body)?;
        answer.body = body;
        Ok(answer)
    }

    /// Sends a call and writes the answer's body elsewhere while it comes.
    ///
    /// # Errors
    /// As [`Target::call`], and when `sink` refuses what came.
    pub fn call_into(&self, request: Request<'_>, sink: &mut dyn Write) -> io::Result<Answer> {
        let mut stream = self.connect()?;
        let has_no_body = request.method == "HEAD";
        // A server may answer and close before it has read everything; the
        // answer counts more than the error of writing.
        let sent = send(&mut *stream, self, request);
        match (
            receive(
                &mut BufReader::with_capacity(PIECE, stream),
                has_no_body,
                sink,
            ),
            sent,
        ) {
            (Ok(answer), _) => Ok(answer),
            (Err(_), Err(error)) | (Err(error), Ok(())) => Err(error),
        }
    }

    /// Sends bytes as they are, closes the sending side, and reads the answer.
    ///
    /// # Errors
    /// As [`Target::call`].
    pub fn raw(&self, bytes: &[u8]) -> io::Result<Answer> {
        let mut body = Vec::new();
        let mut answer = match self {
            Self::Tcp(address) => {
                let mut stream = tcp(*address)?;
                let _ = stream.write_all(bytes);
                let _ = stream.shutdown(std::net::Shutdown::Write);
                receive(&mut BufReader::new(stream), false, &mut body)?
            }
            Self::Unix(path) => {
                let mut stream = unix(path)?;
                let _ = stream.write_all(bytes);
                let _ = stream.shutdown(std::net::Shutdown::Write);
                receive(&mut BufReader::new(stream), false, &mut body)?
            }
        };
        answer.body = body;
        Ok(answer)
    }

    fn connect(&self) -> io::Result<Box<dyn Stream>> {
        Ok(match self {
            Self::Tcp(address) => Box::new(tcp(*address)?),
            Self::Unix(path) => Box::new(unix(path)?),
        })
    }

    fn host(&self) -> String {
        match self {
            Self::Tcp(address) => address.to_string(),
            Self::Unix(_) => chancery_proto::local::HOST.to_owned(),
        }
    }
}

fn tcp(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

fn unix(path: &PathBuf) -> io::Result<UnixStream> {
    let stream = UnixStream::connect(path)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

fn send(stream: &mut dyn Write, target: &Target, request: Request<'_>) -> io::Result<()> {
    let mut head = format!("{} {} HTTP/1.1\r\n", request.method, request.path);
    let mut line = |name: &str, value: &str| head.push_str(&format!("{name}: {value}\r\n"));
    if !request
        .headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("host"))
    {
        line("Host", &target.host());
    }
    line("Connection", "close");
    for (name, value) in &request.headers {
        line(name, value);
    }
    match &request.body {
        Body::Nothing => {}
        Body::Bytes(bytes) => line("Content-Length", &bytes.len().to_string()),
        Body::Stream(_, length) => line("Content-Length", &length.to_string()),
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes())?;
    match request.body {
        Body::Nothing => {}
        Body::Bytes(bytes) => stream.write_all(&bytes)?,
        Body::Stream(mut body, _) => {
            let mut piece = vec![0; PIECE];
            loop {
                let read = body.read(&mut piece)?;
                if read == 0 {
                    break;
                }
                stream.write_all(&piece[..read])?;
            }
        }
    }
    stream.flush()
}

fn receive(
    stream: &mut dyn BufRead,
    has_no_body: bool,
    sink: &mut dyn Write,
) -> io::Result<Answer> {
    let (status, headers) = loop {
        let head = head(stream)?;
        // 100 Continue and its like come before the answer itself.
        if head.0 >= 200 {
            break head;
        }
    };
    let answer = Answer {
        status,
        headers,
        body: Vec::new(),
    };
    if has_no_body || matches!(status, 204 | 304) {
        return Ok(answer);
    }
    let chunked = answer
        .header("transfer-encoding")
        .is_some_and(|coding| coding.eq_ignore_ascii_case("chunked"));
    if chunked {
        loop {
            let size = line(stream)?;
            let size = size.split(';').next().unwrap_or_default().trim();
            let size =
                u64::from_str_radix(size, 16).map_err(|_| broken("a chunk without a size"))?;
            pass(stream, sink, size)?;
            line(stream)?;
            if size == 0 {
                break;
            }
        }
    } else if let Some(length) = answer.header("content-length") {
        let length = length
            .parse()
            .map_err(|_| broken("a length that is no number"))?;
        pass(stream, sink, length)?;
    } else {
        io::copy(stream, sink)?;
    }
    Ok(answer)
}

type Head = (u16, Vec<(String, String)>);

fn head(stream: &mut dyn BufRead) -> io::Result<Head> {
    let first = line(stream)?;
    let status = first
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .ok_or_else(|| broken("an answer without a status"))?;
    let mut headers = Vec::new();
    loop {
        let line = line(stream)?;
        if line.is_empty() {
            return Ok((status, headers));
        }
        let (name, value) = line
            .split_once(':')
            .ok_or_else(|| broken("a header without a colon"))?;
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
}

fn line(stream: &mut dyn BufRead) -> io::Result<String> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    line.truncate(line.trim_end_matches(['\r', '\n']).len());
    Ok(line)
}

fn pass(stream: &mut dyn BufRead, sink: &mut dyn Write, length: u64) -> io::Result<()> {
    if io::copy(&mut stream.take(length), sink)? == length {
        Ok(())
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::receive;

    #[test]
    fn a_chunked_answer_is_put_together() {
        let mut wire: &[u8] =
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
                                3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n";
        let mut body = Vec::new();
        let answer = receive(&mut wire, false, &mut body).expect("an answer");
        assert_eq!((answer.status, body.as_slice()), (200, b"abcde".as_slice()));
    }

    #[test]
    fn an_answer_that_ends_early_is_an_error() {
        let mut wire: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc";
        assert!(receive(&mut wire, false, &mut Vec::new()).is_err());
    }
}
