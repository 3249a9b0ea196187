//! One piece of work in flight, and everybody who waits for it.
//!
//! Whoever comes while nothing is in flight becomes the pilot; whoever comes
//! while something is, waits for what it brings. A pilot that is dropped
//! without landing brings nothing, and those who wait hear so: nobody waits
//! for ever. `tests/single_flight.rs` checks every interleaving.

use super::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// The cell.
#[derive(Debug)]
pub(crate) struct SingleFlight<T> {
    current: Current<T>,
}

type Current<T> = Arc<Mutex<Option<Arc<Flight<T>>>>>;

#[derive(Debug)]
struct Flight<T> {
    waiting: Mutex<Waiting<T>>,
}

#[derive(Debug)]
enum Waiting<T> {
    /// Still in the air; these want to be woken.
    Up(Vec<Waker>),
    /// Over; nothing when the pilot was lost.
    Down(Option<T>),
}

/// How it goes on for somebody who came.
#[derive(Debug)]
pub(crate) enum Boarding<R, T> {
    /// No flight is needed.
    Ready(R),
    /// Somebody has to fly, and it is you; you may also wait.
    Pilot(Pilot<T>, Passenger<T>),
    /// Somebody flies already.
    Passenger(Passenger<T>),
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<T> SingleFlight<T> {
    pub(crate) fn new() -> Self {
        Self {
            current: Arc::new(Mutex::new(None)),
        }
    }

    /// Whether something is in flight.
    pub(crate) fn is_up(&self) -> bool {
        locked(&self.current).is_some()
    }

    /// Comes aboard. `ready` is asked while nobody can take off or land, so
    /// that what a flight brought is never missed: it has to be where `ready`
    /// looks before the pilot lands.
    pub(crate) fn board<R>(&self, ready: impl FnOnce() -> Option<R>) -> Boarding<R, T> {
        let mut current = locked(&self.current);
        if let Some(ready) = ready() {
            return Boarding::Ready(ready);
        }
        if let Some(flight) = &*current {
            return Boarding::Passenger(Passenger {
                flight: Arc::clone(flight),
            });
        }
        let flight = Arc::new(Flight {
            waiting: Mutex::new(Waiting::Up(Vec::new())),
        });
        *current = Some(Arc::clone(&flight));
        let passenger = Passenger {
            flight: Arc::clone(&flight),
        };
        let pilot = Pilot {
            current: Arc::clone(&self.current),
            flight: Some(flight),
        };
        Boarding::Pilot(pilot, passenger)
    }
}

/// Whoever does the work.
#[derive(Debug)]
pub(crate) struct Pilot<T> {
    current: Current<T>,
    flight: Option<Arc<Flight<T>>>,
}

impl<T> Pilot<T> {
    /// Ends the flight with what it brings.
    pub(crate) fn land(mut self, brought: T) {
        self.end(Some(brought));
    }

    fn end(&mut self, brought: Option<T>) {
        let Some(flight) = self.flight.take() else {
            return;
        };
        *locked(&self.current) = None;
        let before = std::mem::replace(&mut *locked(&flight.waiting), Waiting::Down(brought));
        if let Waiting::Up(wakers) = before {
            wakers.into_iter().for_each(Waker::wake);
        }
    }
}

impl<T> Drop for Pilot<T> {
    fn drop(&mut self) {
        self.end(None);
    }
}

/// Whoever waits: resolves to what the flight brought, or to nothing when its
/// pilot was lost. Dropping it leaves the flight alone.
#[derive(Debug)]
pub(crate) struct Passenger<T> {
    flight: Arc<Flight<T>>,
}

impl<T: Clone> Future for Passenger<T> {
    type Output = Option<T>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut *locked(&self.flight.waiting) {
            Waiting::Down(brought) => Poll::Ready(brought.clone()),
            Waiting::Up(wakers) => {
                if !wakers.iter().any(|waker| waker.will_wake(context.waker())) {
                    wakers.push(context.waker().clone());
                }
                Poll::Pending
            }
        }
    }
}
