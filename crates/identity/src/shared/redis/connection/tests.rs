//! What the scripts do to a line, on a real Redis.

use super::{LENGTHEN, LET_DIE, LIVE_ON, USE};
use chancery_testkit::TestRedis;

const KEY: &str = "a:session";
const HOUR: &str = "3600000";

/// A line as [`super::super::super::record`] writes it: last use, what is known of
/// it, when it dies, when its sign-in was.
fn line(last_use: &str, known: char, dies: &str) -> String {
    format!("{last_use}{known}{dies}{last_use}and the rest")
}

const TIMES: [&str; 2] = ["1700000000000", "0000000000000"];

fn set(redis: &TestRedis, line: &str, millis: &str) {
    assert_eq!(redis.call(&["SET", KEY, line, "PX", millis]), "OK");
}

fn run(redis: &TestRedis, script: &str, arguments: &[&str]) -> String {
    let mut call = vec!["EVAL", script, "1", KEY];
    call.extend(arguments);
    redis.call(&call)
}

fn left(redis: &TestRedis) -> i64 {
    redis.call(&["PTTL", KEY]).parse().expect("a number")
}

#[test]
fn only_an_announced_session_begins_to_live_and_one_that_lives_keeps_its_time() {
    let redis = TestRedis::start();
    set(&redis, &line(TIMES[0], '*', TIMES[1]), "10000");
    assert_eq!(run(&redis, LIVE_ON, &["60000", "-"]), "1");
    assert!((50_000..=60_000).contains(&left(&redis)));
    assert_eq!(run(&redis, USE, &["1700000000001", HOUR]), "1");
    assert!(left(&redis) > 3_500_000);
    // Whoever read the announcement before all this comes only now.
    assert_eq!(run(&redis, LIVE_ON, &["60000", "-"]), "1");
    assert!(left(&redis) > 3_500_000, "{}", left(&redis));
    assert_eq!(
        redis.call(&["GET", KEY]),
        format!("1700000000001u{}{}and the rest", TIMES[1], TIMES[0])
    );
}

#[test]
fn what_is_only_announced_is_neither_used_nor_lengthened() {
    let redis = TestRedis::start();
    let announced = line(TIMES[0], '*', TIMES[1]);
    set(&redis, &announced, "10000");
    assert_eq!(run(&redis, USE, &["1700000000001", HOUR]), "2");
    let _ = run(&redis, LENGTHEN, &[TIMES[0], HOUR, HOUR]);
    assert!(left(&redis) <= 10_000);
    assert_eq!(redis.call(&["GET", KEY]), announced);
}

#[test]
fn a_session_that_another_took_over_from_lives_no_longer_than_it_may() {
    let redis = TestRedis::start();
    set(&redis, &line(TIMES[0], 'u', TIMES[1]), HOUR);
    let dies = "1700000030000";
    assert_eq!(run(&redis, LET_DIE, &[dies, "30000"]), "1");
    assert!((20_000..=30_000).contains(&left(&redis)));
    assert_eq!(
        redis.call(&["GET", KEY]),
        line(TIMES[0], 'u', dies).as_str()
    );
    // One that has less left keeps that.
    set(&redis, &line(TIMES[0], 'u', TIMES[1]), "5000");
    let _ = run(&redis, LET_DIE, &[dies, "30000"]);
    assert!(left(&redis) <= 5_000);
}

#[test]
fn lines_that_somebody_broke_fail_no_script_and_stay_as_they_are() {
    let redis = TestRedis::start();
    let huge = "000000001e300";
    let broken = [
        "x".to_owned(),
        line(huge, 'u', huge),
        line("not a number!", 'u', "nor is this.."),
    ];
    let all = |redis: &TestRedis| {
        let said = [
            run(redis, USE, &["1700000000001", HOUR]),
            run(redis, LIVE_ON, &["60000", "-"]),
            run(redis, LENGTHEN, &[TIMES[0], HOUR, HOUR]),
            run(redis, LET_DIE, &["1700000030000", "30000"]),
        ];
        for said in said {
            assert!(matches!(said.as_str(), "0" | "1"), "{said}");
        }
    };
    for text in broken {
        set(&redis, &text, "10000");
        all(&redis);
        assert_eq!(redis.call(&["GET", KEY]), text);
        assert!(left(&redis) <= 10_000);
    }
    let _ = redis.call(&["DEL", KEY]);
    let _ = redis.call(&["LPUSH", KEY, "x"]);
    all(&redis);
    assert_eq!(redis.call(&["LLEN", KEY]), "1");
}

#[test]
fn a_full_redis_lets_an_announced_session_live_and_a_superseded_one_die() {
    let redis = TestRedis::start();
    set(&redis, &line(TIMES[0], '*', TIMES[1]), "10000");
    assert_eq!(redis.call(&["CONFIG", "SET", "maxmemory", "1"]), "OK");
    assert_eq!(run(&redis, LIVE_ON, &["60000", "-"]), "1");
    assert!(left(&redis) > 50_000);
    assert_eq!(run(&redis, LET_DIE, &["1700000030000", "30000"]), "1");
    assert!(left(&redis) <= 30_000);
}
