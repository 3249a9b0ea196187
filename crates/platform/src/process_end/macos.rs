//! The kernel's queue of events.

#![expect(unsafe_code, reason = "the system's own call")]

use rustix::event::kqueue::{
    Event, EventFilter, EventFlags, ProcessEvents, kevent_timespec, kqueue,
};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::process::Pid;
use std::io;
use std::time::Duration;

pub(super) type Handle = OwnedFd;

/// None where there is no such process.
pub(super) fn open(pid: u32) -> io::Result<Option<Handle>> {
    let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else {
        return Ok(None);
    };
    let queue = kqueue()?;
    let exit = Event::new(
        EventFilter::Proc {
            pid,
            flags: ProcessEvents::EXIT,
        },
        EventFlags::ADD | EventFlags::ONESHOT,
        std::ptr::null_mut(),
    );
    let mut none: [Event; 0] = [];
    // SAFETY: the event names a process and no file descriptor.
    match unsafe { kevent_timespec(&queue, &[exit], &mut none, None) } {
        Ok(_) => Ok(Some(queue)),
        Err(Errno::SRCH) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn wait(queue: Handle, patience: Duration) -> bool {
    let waiting = tokio::task::spawn_blocking(move || {
        let patience = patience.try_into().ok();
        let mut told = Vec::with_capacity(1);
        let room = rustix::buffer::spare_capacity(&mut told);
        // SAFETY: nothing is added to the queue.
        unsafe { kevent_timespec(&queue, &[], room, patience.as_ref()) }
            .is_ok_and(|count| count > 0)
    });
    waiting.await.unwrap_or(false)
}
