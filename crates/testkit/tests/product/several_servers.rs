//! Several servers on one database and one Redis work as one.

use crate::sessions::{administrator, set_idle};
use chancery_testkit::chaos::{ChaosProxy, Weather};
use chancery_testkit::redis::{MASTER, Setup, TestRedis};
use chancery_testkit::server::{ADMIN, API, PASSWORD, TestServer, Upload};
use chancery_testkit::waiting::eventually;
use chancery_testkit::{Request, TestHome};
use serde_json::json;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// What the specification allows an end to take until every server refuses.
const A_SECOND: Duration = Duration::from_secs(1);
/// A call that says who it is.
const ME: &str = "/api/v2/customers/1/sessions";

fn in_redis(address: SocketAddr) -> String {
    format!("[sessions.redis]\naddresses = [\"{address}\"]\n")
}

/// Three servers that share everything.
fn three(configurations: [String; 3]) -> [TestServer; 3] {
    let [first, second, third] = configurations;
    let first = TestServer::configured(&first);
    let others = [("second", second), ("third", third)].map(|(name, configuration)| {
        let mut server = first.beside(name, &configuration);
        server.begin();
        server
    });
    let [second, third] = others;
    [first, second, third]
}

fn status(server: &TestServer, token: &str) -> u16 {
    server.call(Request::get(ME).token(token)).status
}

/// How long it takes until every server refuses the token.
fn refused_after(servers: &[&TestServer], token: &str, since: Instant) -> Duration {
    for server in servers {
        eventually("it is refused", || {
            (status(server, token) == 401).then_some(())
        });
    }
    since.elapsed()
}

/// Ends sessions that were begun for it and used at every server, until one end
/// holds at all of them within a second. A machine that stands still for a
/// moment is no fault of the servers': they get three tries.
#[track_caller]
fn an_end_holds_within_a_second(servers: &[TestServer; 3], mut end: impl FnMut(&str)) {
    let mut all = Vec::new();
    for begins in servers {
        let token = begins.sign_in();
        for server in servers {
            assert_eq!(status(server, &token), 200);
        }
        let since = Instant::now();
        end(&token);
        let [first, second, third] = servers;
        let took = refused_after(&[first, second, third], &token, since);
        if took <= A_SECOND {
            return;
        }
        all.push(took);
    }
    panic!("refused everywhere after {all:?}");
}

fn is_up(server: &TestServer) -> bool {
    let up = server.metrics().sum("chancery_session_store_up", &[]);
    up > 0.5
}

#[test]
fn three_servers_work_as_one_and_an_end_on_one_holds_on_all_within_a_second() {
    let redis = TestRedis::start();
    let configuration = in_redis(redis.address());
    let servers = three([configuration.clone(), configuration.clone(), configuration]);
    let [first, second, third] = &servers;
    let token = first.sign_in();
    // What one files another shows.
    let workspace = second.workspace(&token, "Shared");
    let folder = third.folder(&token, &workspace, "In");
    let upload = Upload::named("Letter", "txt");
    let (body, length) = upload.around(&b"Dear Ms Example"[..], 15);
    let sent = Request::new("POST", &format!("{API}/folders/{folder}/documents"))
        .token(&token)
        .stream(Upload::CONTENT_TYPE, body, length);
    let id = first.call(sent).expect(201).json()["data"]["id"].clone();
    let id = id.as_str().expect("an id");
    let download = Request::get(&format!("{API}/documents/{id}/download")).token(&token);
    assert_eq!(second.call(download).expect(200).body, b"Dear Ms Example");
    // One's own sessions are the same everywhere.
    let listed = third
        .call(Request::get(ME).token(&token))
        .expect(200)
        .json();
    assert_eq!(listed["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(listed["data"][0]["is_current"], true);
    // Signing out at one is signing out at all.
    an_end_holds_within_a_second(&servers, |token| {
        let out = Request::get("/auth/logout").token(token);
        let _ = third.call(out).expect(200);
    });
    // And so is an end on the command line, which knows nothing of Redis.
    an_end_holds_within_a_second(&servers, |_| {
        let ended = first.command(&["session", "end", "--user", ADMIN]);
        assert!(ended.status.success());
    });
    assert!(redis.sessions().is_empty());
    // One of several, by its id.
    let kept = third.sign_in();
    let mut id = String::new();
    an_end_holds_within_a_second(&servers, |token| {
        let listed = Request::get(ME).token(token);
        let listed = first.call(listed).expect(200).json();
        let sessions = listed["data"].as_array().expect("a list");
        let own = sessions.iter().find(|one| one["is_current"] == true);
        let own = own.and_then(|one| one["id"].as_str()).expect("an id");
        own.clone_into(&mut id);
        let listed = second.command(&["session", "list", "--user", "Admin"]);
        let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
        assert!(listed.contains(own), "{listed}");
        let ended = second.command(&["session", "end", "--id", own]);
        assert!(ended.status.success(), "{ended:?}");
    });
    assert_eq!(status(first, &kept), 200);
    for words in [&["--id", &id][..], &[], &["--all", "--id", &id]] {
        let refused = second.command(&[&["session", "end"], words].concat());
        assert!(!refused.status.success(), "{words:?}");
    }
    let ready = first.call(Request::get("/health/ready")).expect(200).json();
    assert_eq!(ready["data"]["session_store"], "up");
}

#[test]
fn an_inactivity_time_that_is_set_at_one_holds_for_living_sessions_at_all() {
    let redis = TestRedis::start();
    let configuration = in_redis(redis.address());
    let servers = three([configuration.clone(), configuration.clone(), configuration]);
    let [first, second, third] = &servers;
    let (root, token) = (administrator(first), second.sign_in());
    let idle = |server: &TestServer| {
        let answer = server.call(Request::get(ME).token(&token)).expect(200);
        let left = answer.header("chancery-session-idle").map(str::to_owned);
        left.and_then(|seconds| seconds.parse::<u64>().ok())
            .expect("seconds")
    };
    assert!(idle(third) > 14_000);
    set_idle(first, &root, 1200);
    for server in &servers {
        eventually("it holds there", || (idle(server) <= 1200).then_some(()));
    }
    let set = first.command(&["application", "set", "desktop", "--idle-seconds", "900"]);
    assert!(set.status.success());
    for server in &servers {
        eventually("it holds there too", || (idle(server) <= 900).then_some(()));
    }
}

#[test]
fn a_server_that_is_cut_off_from_redis_lets_nobody_in_signs_nobody_out_and_recovers() {
    let redis = TestRedis::start();
    let proxy = ChaosProxy::before(redis.address());
    let plain = in_redis(redis.address());
    let servers = three([plain.clone(), in_redis(proxy.address()), plain]);
    let [first, cut_off, third] = &servers;
    let (kept, ended) = (first.sign_in(), first.sign_in());
    for server in &servers {
        assert_eq!((status(server, &kept), status(server, &ended)), (200, 200));
    }
    for weather in [Weather::Held, Weather::Closed] {
        proxy.set(weather);
        if weather == Weather::Closed {
            proxy.cut();
        }
        eventually("it has noticed", || (!is_up(cut_off)).then_some(()));
        let answer = cut_off.call(Request::get(ME).token(&kept));
        assert_eq!(
            (answer.status, answer.error_code().as_str()),
            (503, "NRC_UNAVAILABLE")
        );
        assert_eq!(answer.header("retry-after"), Some("2"));
        // Not even for a token that nobody has: nobody knows.
        assert_eq!(status(cut_off, "no-token"), 503);
        // What needs no session goes on, and says how it is.
        let ready = cut_off
            .call(Request::get("/health/ready"))
            .expect(200)
            .json();
        assert_eq!(ready["data"]["session_store"], "down");
        let login = json!({"user_id": ADMIN, "password": PASSWORD});
        let refused = cut_off.call(Request::new("PUT", "/api/v1/session/login").json(&login));
        assert_eq!(refused.status, 503);
        // The others work.
        assert_eq!((status(first, &kept), status(third, &kept)), (200, 200));
        proxy.set(Weather::Fair);
        eventually("it is back", || is_up(cut_off).then_some(()));
        assert_eq!(status(cut_off, &kept), 200);
    }
    // Somebody signs out at the server that is cut off: that is durable, and
    // the others hear of it from the database.
    proxy.set(Weather::Held);
    eventually("it has noticed", || (!is_up(cut_off)).then_some(()));
    let out = Request::get("/auth/logout").token(&ended);
    let _ = cut_off.call(out).expect(200);
    // Within a second, and with room for a machine that stands still.
    let took = refused_after(&[first, third], &ended, Instant::now());
    assert!(took < 3 * A_SECOND, "{took:?}");
    proxy.set(Weather::Fair);
    eventually("it is back", || is_up(cut_off).then_some(()));
    assert_eq!(
        (status(cut_off, &ended), status(cut_off, &kept)),
        (401, 200)
    );
}

#[test]
fn redis_that_answers_slowly_holds_no_request_longer_than_its_deadline() {
    let redis = TestRedis::start();
    let proxy = ChaosProxy::before(redis.address());
    let server = TestServer::configured(&in_redis(proxy.address()));
    let token = server.sign_in();
    assert_eq!(status(&server, &token), 200);
    proxy.set(Weather::Slow(Duration::from_secs(5)));
    let since = Instant::now();
    eventually("it is told to come back", || {
        let begun = Instant::now();
        let status = status(&server, &token);
        assert!(begun.elapsed() < A_SECOND, "{:?}", begun.elapsed());
        assert_ne!(status, 401);
        (status == 503).then_some(())
    });
    assert!(since.elapsed() < 3 * A_SECOND, "{:?}", since.elapsed());
    proxy.set(Weather::Fair);
    eventually("it is back", || {
        (status(&server, &token) == 200).then_some(())
    });
}

#[test]
fn a_session_that_was_ended_stays_dead_on_three_servers_through_a_failover_that_lost_the_end() {
    let master = TestRedis::start();
    let replica = TestRedis::set_up(Setup {
        replica_of: Some(&master),
        ..Setup::default()
    });
    let sentinel = TestRedis::sentinel(&master, None);
    let known = || sentinel.call(&["SENTINEL", "REPLICAS", MASTER]);
    let port = replica.address().port();
    eventually("the replica has everything", || {
        (replica.has_caught_up() && known().contains(&port.to_string())).then_some(())
    });
    let configuration = format!(
        "{}sentinel_master = \"{MASTER}\"\n",
        in_redis(sentinel.address())
    );
    let servers = three([configuration.clone(), configuration.clone(), configuration]);
    let [first, second, third] = &servers;
    let (kept, ended) = (first.sign_in(), second.sign_in());
    for server in &servers {
        assert_eq!((status(server, &kept), status(server, &ended)), (200, 200));
    }
    eventually("the replica has both", || {
        (replica.sessions().len() == 2).then_some(())
    });
    // The replica hears nothing of the end, and the master is gone a moment later.
    replica.cut_off();
    let out = Request::get("/auth/logout").token(&ended);
    let since = Instant::now();
    let _ = third.call(out).expect(200);
    let took = refused_after(&[first, second, third], &ended, since);
    assert!(took < 3 * A_SECOND, "{took:?}");
    let mut master = master;
    master.kill();
    assert_eq!(replica.sessions().len(), 2, "it knows both");
    // Until the replica has taken over and after: nobody hears 200 for the one,
    // nobody hears 401 for the other.
    let mut waiting = [true; 3];
    eventually("every server is back", || {
        for (server, waits) in servers.iter().zip(&mut waiting) {
            let (of_ended, of_kept) = (status(server, &ended), status(server, &kept));
            assert_ne!(of_ended, 200, "the dead came back");
            assert_ne!(of_kept, 401, "somebody was signed out");
            *waits &= of_kept != 200;
        }
        (!waiting.iter().any(|waits| *waits)).then_some(())
    });
    assert_eq!(sentinel.master(), Some(port));
    for server in &servers {
        assert_eq!((status(server, &ended), status(server, &kept)), (401, 200));
    }
    assert_eq!(replica.sessions().len(), 1, "it forgot the one that ended");
}

#[test]
fn the_agent_keeps_its_session_while_redis_is_away_and_asks_nobody() {
    let redis = TestRedis::start();
    let server = TestServer::configured(&in_redis(redis.address()));
    let home = TestHome::without_keyring();
    home.connect(&server);
    let list = || {
        let list = Request::get(&format!("{API}/workspaces"));
        home.agent().call(list).expect("the agent answers")
    };
    assert_eq!(list().status, 200);
    let before = server.metrics().sign_ins();
    redis.hold(true);
    eventually("the server has noticed", || (!is_up(&server)).then_some(()));
    let answer = list();
    assert_eq!(answer.status, 503, "{}", answer.text());
    redis.hold(false);
    eventually("it works again", || (list().status == 200).then_some(()));
    assert_eq!(home.state(), "connected");
    let after = server.metrics().sign_ins();
    assert!((after - before).abs() < 0.5, "nobody had to sign in again");
}

#[test]
fn a_server_that_keeps_sessions_itself_shares_its_data_with_nobody() {
    let redis = TestRedis::start();
    let alone = TestServer::start();
    let told = alone.beside("second", "").refusal();
    assert!(
        told.contains("already serves") && told.contains("sessions.redis"),
        "{told}"
    );
    let told = alone.beside("third", &in_redis(redis.address())).refusal();
    assert!(told.contains("already serves"), "{told}");
    let shared = TestServer::configured(&in_redis(redis.address()));
    let told = shared.beside("second", "").refusal();
    assert!(told.contains("already serves"), "{told}");
    // A mistake is told with its name before anything begins.
    let told = shared
        .beside("fourth", "[sessions.redis]\naddresses = []\n")
        .refusal();
    assert!(told.contains("sessions.redis.addresses"), "{told}");
}

#[test]
fn going_from_embedded_to_redis_signs_nobody_out() {
    let redis = TestRedis::start();
    let mut server = TestServer::start();
    let token = server.sign_in();
    assert_eq!(status(&server, &token), 200);
    server.stop();
    std::fs::write(server.configuration(), in_redis(redis.address())).expect("written");
    server.begin();
    assert_eq!(status(&server, &token), 200);
    assert_eq!(redis.sessions().len(), 1);
    // And back: what was used within its inactivity time since it began lives.
    server.stop();
    std::fs::write(server.configuration(), "").expect("written");
    server.begin();
    assert_eq!(status(&server, &token), 200);
}

#[test]
fn check_says_how_it_is_with_redis() {
    let redis = TestRedis::set_up(Setup {
        more: "maxmemory 100mb\nmaxmemory-policy allkeys-lru\n",
        ..Setup::default()
    });
    let server = TestServer::configured(&in_redis(redis.address()));
    let configuration = server.configuration();
    let check = || {
        let said = server.command(&["check", "--config", configuration.to_str().expect("a path")]);
        let text = String::from_utf8_lossy(&said.stdout).into_owned();
        (
            said.status.code(),
            text.replace(&redis.address().to_string(), "ADDRESS"),
        )
    };
    let (code, said) = check();
    assert_eq!(code, Some(1));
    assert!(
        said.contains("Sessions are kept in Redis 7") && said.contains("noeviction"),
        "{said}"
    );
    assert_eq!(
        redis.call(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]),
        "OK"
    );
    let (code, said) = check();
    assert_eq!(code, Some(0), "{said}");
    redis.hold(true);
    let (code, said) = check();
    assert_eq!(code, Some(1));
    assert!(said.contains("Redis cannot be used: ADDRESS"), "{said}");
    redis.hold(false);
    assert_eq!(redis.call(&["CONFIG", "SET", "requirepass", "other"]), "OK");
    let (code, said) = check();
    assert_eq!(code, Some(1));
    assert!(
        said.contains("Redis cannot be used: ADDRESS refuses: NOAUTH"),
        "{said}"
    );
}
