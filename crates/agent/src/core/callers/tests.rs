use super::{Entered, LineId, MOST_REMEMBERED, Table, Who};
use chancery_proto::clock::Timestamp;
use proptest::prelude::*;
use std::collections::HashMap;
use std::time::Duration;

fn who(pid: u32) -> Who {
    Who {
        pid: Some(pid),
        started: Some(u64::from(pid) * 10),
    }
}

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn wall(seconds: u64) -> Timestamp {
    Timestamp(0).plus(at(seconds))
}

fn enter(table: &mut Table, pid: u32, seconds: u64) -> Entered {
    let program = Some(format!("/usr/bin/p{pid}"));
    table.enter(who(pid), program, at(seconds), wall(seconds))
}

fn begin(table: &mut Table, line: LineId, seconds: u64) -> u64 {
    table.begin(line, true, wall(seconds));
    table.process_of(line).expect("its process")
}

fn all_live(_: Who) -> bool {
    true
}

#[test]
fn each_process_is_one_row_however_many_lines_it_has() {
    let mut table = Table::new(100);
    let mail = enter(&mut table, 7, 0);
    enter(&mut table, 7, 1);
    let office = enter(&mut table, 8, 2);
    assert!(table.name(mail.line, "Mail"));
    let process = begin(&mut table, mail.line, 3);
    begin(&mut table, office.line, 4);
    table.end(mail.line, process, true, at(5));
    let uses = table.uses(all_live).uses;
    let told: Vec<_> = uses
        .iter()
        .map(|one| (one.pid, one.calls, one.under_way, one.connections))
        .collect();
    assert_eq!(told, [(8, 1, 1, 1), (7, 1, 0, 2)]);
    let mail = uses.last().expect("it");
    assert_eq!(mail.program.as_deref(), Some("/usr/bin/p7"));
    assert_eq!(mail.application.as_deref(), Some("Mail"));
    assert_eq!((mail.since, mail.last_call), (wall(0), Some(wall(3))));
}

#[test]
fn what_is_asked_of_the_agent_itself_is_no_call() {
    let mut table = Table::new(100);
    let panel = enter(&mut table, 7, 0);
    table.begin(panel.line, false, wall(1));
    let uses = table.uses(all_live).uses;
    let told: Vec<_> = uses
        .iter()
        .map(|one| (one.calls, one.under_way, one.last_call))
        .collect();
    assert_eq!(told, [(0, 0, None)]);
}

#[test]
fn a_process_id_that_was_given_away_again_is_another_process() {
    let mut table = Table::new(100);
    let before = enter(&mut table, 7, 0);
    let id = table.uses(all_live).uses.first().expect("it").id.clone();
    table.stop(&id).expect("stopped");
    table.leave(before.line);
    let reborn = Who {
        pid: Some(7),
        started: Some(99),
    };
    assert!(!table.enter(reborn, None, at(1), wall(1)).stopped);
    assert!(enter(&mut table, 7, 2).stopped);
}

#[test]
fn a_process_is_remembered_between_its_lines_and_forgotten_when_it_has_ended() {
    let mut table = Table::new(100);
    let first = enter(&mut table, 7, 0);
    let process = begin(&mut table, first.line, 0);
    table.end(first.line, process, true, at(0));
    table.leave(first.line);
    let again = enter(&mut table, 7, 5);
    begin(&mut table, again.line, 5);
    let uses = table.uses(|_| false).uses;
    assert_eq!(uses.first().map(|one| one.calls), Some(2));
    table.leave(again.line);
    assert_eq!(table.uses(all_live).uses.len(), 1);
    assert!(table.uses(|_| false).uses.is_empty());
}

#[test]
fn a_thousand_processes_that_came_and_went_are_not_all_remembered_but_one_that_was_stopped_is() {
    let mut table = Table::new(100);
    let stopped = enter(&mut table, 1, 0);
    table.stop("1").expect("stopped");
    table.leave(stopped.line);
    for pid in 2..1_000 {
        let entered = enter(&mut table, pid, u64::from(pid));
        table.leave(entered.line);
    }
    assert_eq!(table.uses(all_live).uses.len(), MOST_REMEMBERED + 1);
    assert!(enter(&mut table, 1, 2_000).stopped);
}

#[test]
fn a_stop_closes_every_line_and_names_what_there_is_only() {
    let mut table = Table::new(100);
    let one = enter(&mut table, 7, 0);
    let two = enter(&mut table, 7, 0);
    enter(&mut table, 8, 0);
    let id = table.uses(all_live).uses.last().expect("it").id.clone();
    assert_eq!(table.stop(&id), Some(vec![one.line, two.line]));
    assert_eq!(table.stop("4711"), None);
    assert_eq!(table.stop("7 or so"), None);
}

#[test]
fn the_longest_idle_line_of_the_process_that_has_most_makes_room() {
    let mut table = Table::new(4);
    let quiet = enter(&mut table, 8, 0);
    let lines: Vec<_> = (1..4).map(|second| enter(&mut table, 7, second)).collect();
    let next = enter(&mut table, 9, 9);
    assert_eq!(next.instead_of, lines.first().map(|entered| entered.line));
    assert_eq!(table.uses(all_live).uses.len(), 3);
    assert_eq!(table.process_of(quiet.line), Some(1));
}

#[test]
fn no_call_is_cut_off_to_make_room() {
    let mut table = Table::new(2);
    let one = enter(&mut table, 7, 0);
    let two = enter(&mut table, 7, 0);
    let process = begin(&mut table, one.line, 0);
    begin(&mut table, two.line, 0);
    assert!(!table.has_room());
    table.end(one.line, process, true, at(1));
    assert!(table.has_room());
    assert_eq!(enter(&mut table, 8, 2).instead_of, Some(one.line));
}

#[test]
fn a_name_is_new_once_in_each_process_and_the_last_one_is_shown() {
    let mut table = Table::new(10);
    let one = enter(&mut table, 7, 0).line;
    let other = enter(&mut table, 8, 0).line;
    assert!(table.name(one, "Mail"));
    assert!(!table.name(one, "mail"));
    assert!(table.name(one, "Calendar"));
    assert!(!table.name(one, "Mail"));
    assert!(table.name(other, "Mail"));
    let shown = table
        .uses(all_live)
        .uses
        .pop()
        .and_then(|one| one.application);
    assert_eq!(shown.as_deref(), Some("Mail"));
    for number in 0..100 {
        table.name(one, &format!("name {number}"));
    }
    assert!(!table.name(one, "yet another"), "no end of first times");
}

#[derive(Debug, Clone)]
enum Step {
    Enter(u32),
    Leave(usize),
    Begin(usize),
    End(usize),
    Stop(u64),
    List,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1..5_u32).prop_map(Step::Enter),
        2 => (0..12_usize).prop_map(Step::Leave),
        4 => (0..12_usize).prop_map(Step::Begin),
        3 => (0..12_usize).prop_map(Step::End),
        1 => (1..12_u64).prop_map(Step::Stop),
        1 => Just(Step::List),
    ]
}

proptest! {
    /// Against plain counting: no line too many unless all of them work, no
    /// call cut off, and every number as counted.
    #[test]
    fn the_table_counts_as_anybody_would(steps in prop::collection::vec(step(), 1..80)) {
        let mut table = Table::new(6);
        // Line, process id on the machine, calls under way on it.
        let mut open: Vec<(LineId, u32, bool)> = Vec::new();
        // Calls that outlived their line.
        let mut made: HashMap<u32, u64> = HashMap::new();
        for (second, step) in steps.into_iter().enumerate() {
            let second = u64::try_from(second).expect("small");
            match step {
                Step::Enter(pid) => {
                    let full = open.len() >= 6;
                    let idle = open.iter().any(|(_, _, busy)| !busy);
                    prop_assert_eq!(table.has_room(), !full || idle);
                    if !table.has_room() {
                        continue;
                    }
                    let entered = enter(&mut table, pid, second);
                    prop_assert_eq!(entered.instead_of.is_some(), full);
                    if let Some(closed) = entered.instead_of {
                        let at = open.iter().position(|(id, _, _)| *id == closed).expect("open");
                        let (_, owner, busy) = open.remove(at);
                        prop_assert!(!busy, "a call was cut off");
                        let idle_of = |pid| {
                            open.iter().filter(|(_, one, busy)| *one == pid && !busy).count()
                        };
                        prop_assert!((1..5).all(|pid| idle_of(pid) <= idle_of(owner) + 1));
                    }
                    open.push((entered.line, pid, false));
                }
                Step::Leave(at) if at < open.len() => {
                    let (line, _, busy) = open.remove(at);
                    let process = table.process_of(line).expect("known");
                    table.leave(line);
                    if busy {
                        table.end(line, process, true, at_second(second));
                    }
                }
                Step::Begin(at) => {
                    if let Some((line, pid, busy @ false)) = open.get_mut(at) {
                        *busy = true;
                        table.begin(*line, true, wall(second));
                        *made.entry(*pid).or_default() += 1;
                    }
                }
                Step::End(at) => {
                    if let Some((line, _, busy @ true)) = open.get_mut(at) {
                        *busy = false;
                        let process = table.process_of(*line).expect("known");
                        table.end(*line, process, true, at_second(second));
                    }
                }
                Step::Stop(id) => {
                    table.stop(&id.to_string());
                }
                Step::List => {
                    for one in table.uses(all_live).uses {
                        let lines = open.iter().filter(|(_, pid, _)| *pid == one.pid);
                        let busy = lines.clone().filter(|(_, _, busy)| *busy);
                        prop_assert_eq!(one.connections, lines.count() as u64);
                        prop_assert_eq!(one.under_way, busy.count() as u64);
                        prop_assert_eq!(one.calls, made.get(&one.pid).copied().unwrap_or(0));
                    }
                }
                Step::Leave(_) => {}
            }
        }
    }
}

fn at_second(second: u64) -> Duration {
    at(second)
}
