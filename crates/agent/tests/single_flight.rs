//! Every interleaving of a few callers, by loom: the very file of the agent,
//! with loom's locks in the place of the machine's.

mod sync {
    pub(crate) use loom::sync::{Arc, Mutex, MutexGuard};
    pub(crate) use std::sync::PoisonError;
}
#[path = "../src/core/single_flight.rs"]
mod single_flight;

use self::single_flight::{Boarding, SingleFlight};
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::sync::{Arc, Mutex};
use loom::thread;

/// A caller whose session was refused wants another one, by one sign-in.
struct World {
    flights: SingleFlight<usize>,
    /// The number of the session there is; 0 is the one that was refused.
    session: Mutex<usize>,
    sign_ins: AtomicUsize,
}

fn ensure(world: &World) -> usize {
    let lives = || {
        let session = *world.session.lock().expect("unbroken");
        (session > 0).then_some(session)
    };
    match world.flights.board(lives) {
        Boarding::Ready(session) => session,
        Boarding::Passenger(passenger) => {
            loom::future::block_on(passenger).expect("nobody is lost here")
        }
        Boarding::Pilot(pilot, passenger) => {
            let number = world.sign_ins.fetch_add(1, Ordering::SeqCst) + 1;
            *world.session.lock().expect("unbroken") = number;
            pilot.land(number);
            loom::future::block_on(passenger).expect("it has landed")
        }
    }
}

/// Three callers and every place where one can be put aside for another would
/// take hours; with at most two such places it takes seconds. Faults of
/// interleaving need few of them.
fn bounded() -> loom::model::Builder {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(2);
    builder
}

#[test]
fn however_callers_meet_there_is_one_sign_in_and_everybody_gets_its_session() {
    bounded().check(|| {
        let world = Arc::new(World {
            flights: SingleFlight::new(),
            session: Mutex::new(0),
            sign_ins: AtomicUsize::new(0),
        });
        let others: Vec<_> = (0..2)
            .map(|_| {
                let world = Arc::clone(&world);
                thread::spawn(move || ensure(&world))
            })
            .collect();
        assert_eq!(ensure(&world), 1);
        for other in others {
            assert_eq!(other.join().expect("ended well"), 1);
        }
        assert_eq!(world.sign_ins.load(Ordering::SeqCst), 1);
        assert!(!world.flights.is_up());
    });
}

#[test]
fn whoever_waits_for_a_lost_pilot_hears_so_and_the_next_may_fly() {
    loom::model(|| {
        let flights: Arc<SingleFlight<usize>> = Arc::new(SingleFlight::new());
        let Boarding::Pilot(pilot, _) = flights.board(|| None::<()>) else {
            panic!("the first one flies");
        };
        let waiting = {
            let flights = Arc::clone(&flights);
            thread::spawn(move || match flights.board(|| None::<()>) {
                Boarding::Passenger(passenger) => loom::future::block_on(passenger),
                Boarding::Pilot(pilot, passenger) => {
                    pilot.land(7);
                    loom::future::block_on(passenger)
                }
                Boarding::Ready(()) => panic!("nothing is ready"),
            })
        };
        drop(pilot);
        let heard = waiting.join().expect("ended well");
        assert!(heard.is_none() || heard == Some(7), "{heard:?}");
        assert!(!flights.is_up());
    });
}

#[test]
fn a_caller_that_leaves_does_not_hold_the_flight_up() {
    loom::model(|| {
        let flights: Arc<SingleFlight<usize>> = Arc::new(SingleFlight::new());
        let Boarding::Pilot(pilot, passenger) = flights.board(|| None::<()>) else {
            panic!("the first one flies");
        };
        let leaving = {
            let flights = Arc::clone(&flights);
            thread::spawn(move || drop(flights.board(|| None::<()>)))
        };
        pilot.land(3);
        assert_eq!(loom::future::block_on(passenger), Some(3));
        leaving.join().expect("ended well");
        assert!(!flights.is_up());
    });
}
