//! A TCP proxy on loopback that misbehaves when told to.

use rustix::net::sockopt::set_socket_linger;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// What happens to connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weather {
    /// Everything passes.
    Fair,
    /// Every piece waits this long before it is passed on.
    Slow(Duration),
    /// Nothing passes in either direction, and nobody is told: a link that is
    /// half open.
    Held,
    /// New connections are reset at once; those that are there stay.
    Closed,
    /// A connection is reset once this many bytes came from the client.
    ResetAfterSent(u64),
    /// A connection is reset once this many bytes came from the server.
    ResetAfterReceived(u64),
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    target: SocketAddr,
}

#[derive(Debug)]
struct State {
    weather: Weather,
    connections: Vec<TcpStream>,
    accepted: u64,
    /// How many pieces from clients are held back.
    held: usize,
    over: bool,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The proxy. Ends with its value.
#[derive(Debug)]
pub struct ChaosProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    listener: Option<JoinHandle<()>>,
}

impl ChaosProxy {
    /// A proxy in front of `target`, in fair weather.
    ///
    /// # Panics
    /// When loopback has no free port.
    #[must_use]
    pub fn before(target: SocketAddr) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").expect("a free port on loopback");
        let address = socket.local_addr().expect("a bound socket has an address");
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                weather: Weather::Fair,
                connections: Vec::new(),
                accepted: 0,
                held: 0,
                over: false,
            }),
            changed: Condvar::new(),
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

    /// Its address as a URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Changes the weather, also for connections that are there.
    pub fn set(&self, weather: Weather) {
        self.shared.state().weather = weather;
        self.shared.changed.notify_all();
    }

    /// Resets every connection that is there.
    pub fn cut(&self) {
        for stream in self.shared.state().connections.drain(..) {
            reset(&stream);
        }
    }

    /// How many connections wait with something that a client sent, while the
    /// weather is [`Weather::Held`].
    #[must_use]
    pub fn held(&self) -> usize {
        self.shared.state().held
    }

    /// How many connections came so far.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.shared.state().accepted
    }
}

impl Drop for ChaosProxy {
    fn drop(&mut self) {
        self.shared.state().over = true;
        self.shared.changed.notify_all();
        self.cut();
        // A connection of our own wakes the listener, which then sees the end.
        let _ = TcpStream::connect(self.address);
        if let Some(listener) = self.listener.take() {
            let _ = listener.join();
        }
    }
}

fn accept(socket: &TcpListener, shared: &Arc<Shared>) {
    while let Ok((client, _)) = socket.accept() {
        let weather = {
            let mut state = shared.state();
            if state.over {
                return;
            }
            state.accepted += 1;
            state.weather
        };
        if weather == Weather::Closed {
            reset(&client);
            continue;
        }
        if join(client, shared).is_err() {
            // The server is not there; the client sees its connection end.
        }
    }
}

/// Connects the client with the server, one thread for each direction.
fn join(client: TcpStream, shared: &Arc<Shared>) -> io::Result<()> {
    let server = TcpStream::connect(shared.target)?;
    for stream in [&client, &server] {
        stream.set_nodelay(true)?;
    }
    let mut state = shared.state();
    state.connections.push(client.try_clone()?);
    state.connections.push(server.try_clone()?);
    drop(state);
    for (from, to, sent) in [
        (client.try_clone()?, server.try_clone()?, true),
        (server, client, false),
    ] {
        let shared = Arc::clone(shared);
        std::thread::spawn(move || carry(from, to, sent, &shared));
    }
    Ok(())
}

fn carry(mut from: TcpStream, mut to: TcpStream, sent: bool, shared: &Shared) {
    let mut piece = vec![0; 64 * 1024];
    let mut count = 0_u64;
    while let Ok(read) = from.read(&mut piece) {
        if read == 0 {
            break;
        }
        count += u64::try_from(read).unwrap_or(0);
        let weather = shared.state().weather;
        match weather {
            Weather::Held => hold(shared, sent),
            Weather::Slow(delay) => wait(shared, weather, delay),
            Weather::ResetAfterSent(limit) if sent && count >= limit => return both(&from, &to),
            Weather::ResetAfterReceived(limit) if !sent && count >= limit => {
                return both(&from, &to);
            }
            _ => {}
        }
        if to.write_all(&piece[..read]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

/// Waits, or until the weather changes.
fn wait(shared: &Shared, weather: Weather, delay: Duration) {
    let state = shared.state();
    let _ = shared.changed.wait_timeout_while(state, delay, |state| {
        state.weather == weather && !state.over
    });
}

/// Waits until the weather changes, however long.
fn hold(shared: &Shared, sent: bool) {
    let mut state = shared.state();
    state.held += usize::from(sent);
    shared.changed.notify_all();
    let mut state = shared
        .changed
        .wait_while(state, |state| state.weather == Weather::Held && !state.over)
        .unwrap_or_else(PoisonError::into_inner);
    state.held -= usize::from(sent);
}

fn both(one: &TcpStream, other: &TcpStream) {
    reset(one);
    reset(other);
}

/// Ends a connection with RST, as a crashed machine or a firewall would. Other
/// handles to it would keep it alive, so it is shut down too.
fn reset(stream: &TcpStream) {
    let _ = set_socket_linger(stream, Some(Duration::ZERO));
    let _ = stream.shutdown(Shutdown::Both);
}

#[cfg(test)]
mod tests {
    use super::{ChaosProxy, Weather};
    use crate::waiting::eventually;
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};

    /// A server that sends back what it gets.
    fn echo() -> std::net::SocketAddr {
        let socket = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = socket.local_addr().expect("an address");
        std::thread::spawn(move || {
            while let Ok((mut stream, _)) = socket.accept() {
                std::thread::spawn(move || {
                    let mut other = stream.try_clone().expect("a handle");
                    let _ = std::io::copy(&mut other, &mut stream);
                    let _ = stream.shutdown(std::net::Shutdown::Write);
                });
            }
        });
        address
    }

    fn exchange(proxy: &ChaosProxy, bytes: &[u8]) -> std::io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect(proxy.address())?;
        stream.write_all(bytes)?;
        stream.shutdown(std::net::Shutdown::Write)?;
        let mut back = Vec::new();
        stream.read_to_end(&mut back)?;
        Ok(back)
    }

    #[test]
    fn fair_weather_passes_everything_and_a_reset_ends_a_connection() {
        let proxy = ChaosProxy::before(echo());
        let bytes = vec![7; 200_000];
        assert_eq!(exchange(&proxy, &bytes).expect("fair weather"), bytes);
        proxy.set(Weather::ResetAfterSent(100_000));
        assert_ne!(exchange(&proxy, &bytes).unwrap_or_default(), bytes);
        proxy.set(Weather::Held);
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| exchange(&proxy, b"hello").expect("fair again"));
            eventually("it is held back", || (proxy.held() == 1).then_some(()));
            assert!(!waiting.is_finished());
            proxy.set(Weather::Fair);
            assert_eq!(waiting.join().expect("ended well"), b"hello");
        });
        proxy.set(Weather::Closed);
        assert_ne!(exchange(&proxy, b"hello").unwrap_or_default(), b"hello");
        proxy.set(Weather::Fair);
        assert_eq!(exchange(&proxy, b"hello").expect("fair again"), b"hello");
        assert_eq!(proxy.accepted(), 5);
    }
}
