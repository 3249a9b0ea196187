//! Who uses the connection, as a table: one row for each process, and one
//! *line* for each of its connections to the agent.
//!
//! A process that never lets go of what it opens must not take the agent from
//! the others: when there are too many lines, one that lies idle is closed, of
//! the process that has most of those, and of these the one idle for longest.

use chancery_proto::clock::Timestamp;
use chancery_proto::local::{Use, Uses};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

/// So many processes without a line are remembered.
const MOST_REMEMBERED: usize = 256;
/// A process is heard of under so many names.
const MOST_NAMES: usize = 8;

/// What tells one process from all others on this machine, as far as the
/// system says. What it says nothing of is all one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Who {
    pub(crate) pid: Option<u32>,
    pub(crate) started: Option<u64>,
}

/// A connection's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct LineId(u64);

/// All who use the agent.
#[derive(Debug)]
pub(crate) struct Table {
    most_lines: usize,
    last_line: u64,
    last_process: u64,
    processes: BTreeMap<u64, Process>,
    by_who: HashMap<Who, u64>,
    lines: HashMap<LineId, Line>,
}

#[derive(Debug)]
struct Process {
    who: Who,
    program: Option<String>,
    /// What it called itself, the newest last, and in which spelling.
    names: Vec<String>,
    since: Timestamp,
    last_call: Option<Timestamp>,
    calls: u64,
    under_way: u64,
    stopped: bool,
    lines: BTreeSet<LineId>,
    /// How many of them lie idle.
    idle: usize,
}

#[derive(Debug)]
struct Line {
    process: u64,
    /// Since when nothing is asked on it; none while something is.
    idle_since: Option<Duration>,
    administers_until: Option<Timestamp>,
}

/// What came of a new connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entered {
    pub(crate) line: LineId,
    /// The person stopped that process: it is told so, and nothing else.
    pub(crate) stopped: bool,
    /// To be closed in its favour.
    pub(crate) instead_of: Option<LineId>,
}

impl Table {
    pub(crate) fn new(most_lines: usize) -> Self {
        Self {
            most_lines,
            last_line: 0,
            last_process: 0,
            processes: BTreeMap::new(),
            by_who: HashMap::new(),
            lines: HashMap::new(),
        }
    }

    /// Whether another line can be taken in without cutting a call off.
    pub(crate) fn has_room(&self) -> bool {
        self.lines.len() < self.most_lines
            || self.processes.values().any(|process| process.idle > 0)
    }

    /// A process opened a connection.
    pub(crate) fn enter(
        &mut self,
        who: Who,
        program: Option<String>,
        now: Duration,
        wall: Timestamp,
    ) -> Entered {
        let instead_of = (self.lines.len() >= self.most_lines)
            .then(|| self.least_missed())
            .flatten();
        if let Some(line) = instead_of {
            self.leave(line);
        }
        let process_id = match self.by_who.get(&who) {
            Some(id) => *id,
            None => self.remember(who, program, wall),
        };
        self.last_line += 1;
        let line = LineId(self.last_line);
        self.lines.insert(
            line,
            Line {
                process: process_id,
                idle_since: Some(now),
                administers_until: None,
            },
        );
        let process = self.processes.get_mut(&process_id);
        let stopped = process.is_some_and(|process| {
            process.lines.insert(line);
            process.idle += 1;
            process.stopped
        });
        Entered {
            line,
            stopped,
            instead_of,
        }
    }

    fn remember(&mut self, who: Who, program: Option<String>, wall: Timestamp) -> u64 {
        self.forget_the_oldest();
        self.last_process += 1;
        let id = self.last_process;
        self.by_who.insert(who, id);
        self.processes.insert(
            id,
            Process {
                who,
                program,
                names: Vec::new(),
                since: wall,
                last_call: None,
                calls: 0,
                under_way: 0,
                stopped: false,
                lines: BTreeSet::new(),
                idle: 0,
            },
        );
        id
    }

    /// Makes room for one more process. One that was stopped stays stopped.
    fn forget_the_oldest(&mut self) {
        let silent = |process: &Process| process.lines.is_empty() && !process.stopped;
        let silent: Vec<_> = self
            .processes
            .iter()
            .filter(|(_, process)| silent(process))
            .map(|(id, process)| (process.last_call.unwrap_or(process.since), *id))
            .collect();
        if silent.len() >= MOST_REMEMBERED
            && let Some((_, id)) = silent.into_iter().min()
        {
            self.forget(id);
        }
    }

    fn forget(&mut self, id: u64) {
        if let Some(process) = self.processes.remove(&id) {
            self.by_who.remove(&process.who);
        }
    }

    /// The line that is closed when there are too many.
    fn least_missed(&self) -> Option<LineId> {
        let most = self.processes.values().max_by_key(|process| process.idle)?;
        most.lines
            .iter()
            .filter_map(|id| Some((self.lines.get(id)?.idle_since?, *id)))
            .min()
            .map(|(_, id)| id)
    }

    /// A connection ended.
    pub(crate) fn leave(&mut self, line: LineId) {
        let Some(left) = self.lines.remove(&line) else {
            return;
        };
        if let Some(process) = self.processes.get_mut(&left.process) {
            process.lines.remove(&line);
            process.idle -= usize::from(left.idle_since.is_some());
        }
    }

    /// Something is asked on a line. A call is work; what is asked of the
    /// agent itself is none.
    pub(crate) fn begin(&mut self, line: LineId, is_call: bool, wall: Timestamp) {
        let Some(line) = self.lines.get_mut(&line) else {
            return;
        };
        let was_idle = line.idle_since.take().is_some();
        if let Some(process) = self.processes.get_mut(&line.process) {
            process.idle -= usize::from(was_idle);
            if is_call {
                process.calls += 1;
                process.under_way += 1;
                process.last_call = Some(wall);
            }
        }
    }

    /// It was answered to the last byte, or given up. A line that was closed
    /// meanwhile is counted by its process still.
    pub(crate) fn end(&mut self, line: LineId, process: u64, is_call: bool, now: Duration) {
        if let Some(process) = self.processes.get_mut(&process) {
            process.under_way -= u64::from(is_call && process.under_way > 0);
            if let Some(line) = self.lines.get_mut(&line) {
                process.idle += usize::from(line.idle_since.is_none());
                line.idle_since = Some(now);
            }
        }
    }

    /// Whose line it is.
    pub(crate) fn process_of(&self, line: LineId) -> Option<u64> {
        self.lines.get(&line).map(|line| line.process)
    }

    /// A process says what it calls itself. Whether that is the first time.
    pub(crate) fn name(&mut self, line: LineId, name: &str) -> bool {
        let Some(id) = self.process_of(line) else {
            return false;
        };
        let Some(process) = self.processes.get_mut(&id) else {
            return false;
        };
        if process.names.last().is_some_and(|last| last == name) {
            return false;
        }
        let known = process
            .names
            .iter()
            .position(|known| known.to_lowercase() == name.to_lowercase());
        match known {
            Some(at) if at + 1 == process.names.len() => {}
            Some(at) => {
                let name = process.names.remove(at);
                process.names.push(name);
            }
            // It has had its share of first times.
            None if process.names.len() >= MOST_NAMES => {}
            None => process.names.push(name.to_owned()),
        }
        known.is_none() && process.names.last().is_some_and(|last| last == name)
    }

    /// Whether a line administers, and until when.
    pub(crate) fn administers(&mut self, line: LineId, until: Option<Timestamp>) {
        if let Some(line) = self.lines.get_mut(&line) {
            line.administers_until = until;
        }
    }

    /// The person stops a process: its lines, to be closed. None where there
    /// is no such process.
    pub(crate) fn stop(&mut self, id: &str) -> Option<Vec<LineId>> {
        let process = self.processes.get_mut(&id.parse().ok()?)?;
        process.stopped = true;
        Some(process.lines.iter().copied().collect())
    }

    /// Who uses the connection, the newest first. Processes without a line
    /// that have ended are forgotten.
    pub(crate) fn uses(&mut self, lives: impl Fn(Who) -> bool) -> Uses {
        let ended: Vec<u64> = self
            .processes
            .iter()
            .filter(|(_, process)| process.lines.is_empty() && !lives(process.who))
            .map(|(id, _)| *id)
            .collect();
        for id in ended {
            self.forget(id);
        }
        let uses = self.processes.iter().rev();
        Uses {
            uses: uses.map(|(id, process)| self.shown(*id, process)).collect(),
        }
    }

    fn shown(&self, id: u64, process: &Process) -> Use {
        let administers = process.lines.iter().filter_map(|line| {
            let line = self.lines.get(line)?;
            line.administers_until
        });
        Use {
            id: id.to_string(),
            pid: process.who.pid.unwrap_or_default(),
            program: process.program.clone(),
            application: process.names.last().cloned(),
            since: process.since,
            last_call: process.last_call,
            calls: process.calls,
            under_way: process.under_way,
            connections: u64::try_from(process.lines.len()).unwrap_or(u64::MAX),
            stopped: process.stopped,
            administers_until: administers.max(),
        }
    }
}

#[cfg(test)]
mod tests;
