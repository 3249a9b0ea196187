//! A web proxy on loopback, as firms have one: it opens tunnels (`CONNECT`).

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// The longest head that is read, in lines.
const LINES: usize = 100;

/// How it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Manner {
    /// It opens a tunnel, whatever host is named, to the one target it has.
    Opens,
    /// The same, for whoever shows this in `Proxy-Authorization`.
    AsksFor(String),
    /// It answers with that status line and hangs up.
    Answers(String),
    /// It hangs up without a word.
    HangsUp,
    /// It says nothing and waits.
    Waits,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    target: SocketAddr,
}

#[derive(Debug)]
struct State {
    manner: Manner,
    heads: Vec<Vec<String>>,
    connections: Vec<TcpStream>,
    over: bool,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The proxy. Ends with its value.
#[derive(Debug)]
pub struct WebProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    listener: Option<JoinHandle<()>>,
}

impl WebProxy {
    /// A proxy to whom every name means `target`.
    ///
    /// # Panics
    /// When loopback has no free port.
    #[must_use]
    pub fn to(target: SocketAddr, manner: Manner) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").expect("a free port on loopback");
        let address = socket.local_addr().expect("a bound socket has an address");
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                manner,
                heads: Vec::new(),
                connections: Vec::new(),
                over: false,
            }),
            target,
        });
        let listening = Arc::clone(&shared);
        let listener = std::thread::spawn(move || accept(&socket, &listening));
        Self {
            address,
            shared,
            listener: Some(listener),
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers in another manner from now on.
    pub fn set(&self, manner: Manner) {
        self.shared.state().manner = manner;
    }

    /// What it was asked so far: the lines of each request's head.
    #[must_use]
    pub fn heads(&self) -> Vec<Vec<String>> {
        self.shared.state().heads.clone()
    }
}

impl Drop for WebProxy {
    fn drop(&mut self) {
        {
            let mut state = self.shared.state();
            state.over = true;
            for stream in state.connections.drain(..) {
                let _ = stream.shutdown(Shutdown::Both);
            }
        }
        // A connection of our own wakes the listener, which then sees the end.
        let _ = TcpStream::connect(self.address);
        if let Some(listener) = self.listener.take() {
            let _ = listener.join();
        }
    }
}

fn accept(socket: &TcpListener, shared: &Arc<Shared>) {
    while let Ok((client, _)) = socket.accept() {
        let mut state = shared.state();
        if state.over {
            return;
        }
        if let Ok(handle) = client.try_clone() {
            state.connections.push(handle);
        }
        drop(state);
        let shared = Arc::clone(shared);
        std::thread::spawn(move || {
            // What goes wrong here the client sees as a broken connection.
            let _ = serve(&client, &shared);
            let _ = client.shutdown(Shutdown::Both);
        });
    }
}

fn serve(mut client: &TcpStream, shared: &Shared) -> io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim_end().to_owned();
        if line.is_empty() || head.len() > LINES {
            break;
        }
        head.push(line);
    }
    let shown = head.iter().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("proxy-authorization")
            .then(|| value.trim().to_owned())
    });
    let connects = head
        .first()
        .is_some_and(|line| line.starts_with("CONNECT "));
    let manner = {
        let mut state = shared.state();
        state.heads.push(head);
        state.manner.clone()
    };
    match manner {
        Manner::HangsUp => Ok(()),
        Manner::Waits => io::copy(&mut reader, &mut io::sink()).map(drop),
        Manner::Answers(line) => {
            client.write_all(format!("HTTP/1.1 {line}\r\nContent-Length: 0\r\n\r\n").as_bytes())
        }
        Manner::AsksFor(word) if shown.as_deref() != Some(word.as_str()) => client.write_all(
            b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"firm\"\r\nContent-Length: 0\r\n\r\n",
        ),
        _ if !connects => client.write_all(b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n"),
        Manner::Opens | Manner::AsksFor(_) => tunnel(client, reader, shared),
    }
}

fn tunnel(mut client: &TcpStream, mut from_client: impl Read, shared: &Shared) -> io::Result<()> {
    let server = TcpStream::connect(shared.target)?;
    shared.state().connections.push(server.try_clone()?);
    client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
    let (mut back_from, mut back_to) = (server.try_clone()?, client.try_clone()?);
    let back = std::thread::spawn(move || {
        let _ = io::copy(&mut back_from, &mut back_to);
        let _ = back_to.shutdown(Shutdown::Write);
    });
    let mut to_server = &server;
    let _ = io::copy(&mut from_client, &mut to_server);
    let _ = server.shutdown(Shutdown::Write);
    let _ = back.join();
    Ok(())
}
