//! Large files through the whole of it.

use chancery_testkit::chaos::Weather;
use chancery_testkit::programs::program;
use chancery_testkit::server::{API, TestServer};
use chancery_testkit::waiting::eventually;
use chancery_testkit::{ChaosProxy, Pattern, Request, TestHome};
use std::path::Path;
use std::time::Duration;

/// Long enough to be met in the middle on a slow line.
const LONG: u64 = 24 * 1024 * 1024;
const SLOW: Weather = Weather::Slow(Duration::from_millis(10));

/// The size of the largest file in a directory.
fn largest(directory: &Path) -> u64 {
    let entries = std::fs::read_dir(directory).into_iter().flatten();
    let sizes = entries.filter_map(|entry| Some(entry.ok()?.metadata().ok()?.len()));
    sizes.max().unwrap_or(0)
}

#[test]
fn a_server_that_is_killed_in_the_middle_of_a_transfer_is_waited_for_in_both_directions() {
    let (home, mut server) = (TestHome::with_keyring(), TestServer::start());
    let token = server.sign_in();
    let workspace = server.workspace(&token, "Matter");
    let folder = server.folder(&token, &workspace, "In");
    let proxy = ChaosProxy::before(server.address());
    home.connect_to(&proxy.url());
    let (there, back) = (home.path().join("there"), home.path().join("back"));
    for directory in [&there, &back] {
        std::fs::create_dir(directory).expect("made");
    }
    let bytes = Pattern::bytes(24, LONG);
    let sent = there.join("Recording.bin");
    std::fs::write(&sent, &bytes).expect("written");

    let incoming = server.data().join("content/incoming/ACTIVE");
    proxy.set(SLOW);
    let put = std::thread::scope(|scope| {
        let put = scope.spawn(|| {
            let sent = sent.to_str().expect("UTF-8");
            home.chancery(&["put", sent, "--folder", &folder, "--json"])
        });
        eventually("the upload is under way", || {
            (largest(&incoming) > 1024 * 1024).then_some(())
        });
        server.kill();
        server.begin();
        proxy.set(Weather::Fair);
        put.join().expect("the thread ended well")
    });
    assert_eq!(put.code, 0, "{}{}", put.out, put.err);
    let list = Request::get(&format!("{API}/folders/{folder}/documents?total=true")).token(&token);
    let list = server.call(list).expect(200).json();
    assert_eq!(list["total_count"], 1, "{list}");
    let document = list["data"][0]["id"].as_str().expect("an id").to_owned();

    proxy.set(SLOW);
    let get = std::thread::scope(|scope| {
        let get = scope.spawn(|| {
            let to = back.join("Recording.bin");
            home.chancery(&["get", &document, "--output", to.to_str().expect("UTF-8")])
        });
        eventually("the download is under way", || {
            (largest(&back) > 1024 * 1024).then_some(())
        });
        server.kill();
        server.begin();
        proxy.set(Weather::Fair);
        get.join().expect("the thread ended well")
    });
    assert_eq!(get.code, 0, "{}{}", get.out, get.err);
    let came = std::fs::read(back.join("Recording.bin")).expect("it is there");
    assert!(came == bytes, "the same bytes");
    assert!(
        (server.metrics().sign_ins() - 0.0).abs() < 0.5,
        "nobody signed in again"
    );
}

mod heavy {
    use chancery_testkit::memory::{forget_peak, peak_kib, resident_kib};
    use chancery_testkit::pattern::Checker;
    use chancery_testkit::server::{API, TestServer};
    use chancery_testkit::{Pattern, Request, TestHome};
    use serde_json::json;
    use std::fs::File;
    use std::io;
    use std::path::Path;

    const SIZE: u64 = 300 * 1024 * 1024;
    const SEED: u64 = 300;
    /// What a process may need on top while hundreds of megabytes pass.
    const ROOM_KIB: u64 = 32 * 1024;

    /// Tells how much more memory a process needed at most while `work` ran.
    fn growth<T>(pids: [u32; 2], work: impl FnOnce() -> T) -> (T, [u64; 2]) {
        let before = pids.map(|pid| {
            assert!(forget_peak(pid), "the kernel forgets the peak");
            resident_kib(pid).expect("it runs")
        });
        let done = work();
        let mut grown = [0; 2];
        for ((grown, pid), before) in grown.iter_mut().zip(pids).zip(before) {
            *grown = peak_kib(pid).expect("it runs").saturating_sub(before);
        }
        (done, grown)
    }

    fn id(home: &TestHome, path: &str, name: &str) -> String {
        let body = json!({"name": name, "default_security": "inherit"}).to_string();
        let made = home
            .chancery(&["api", "POST", path, "--data", &body])
            .json();
        made["data"]["id"]
            .as_str()
            .unwrap_or_else(|| panic!("{made}"))
            .to_owned()
    }

    fn text(path: &Path) -> &str {
        path.to_str().expect("UTF-8")
    }

    #[test]
    fn three_hundred_mebibytes_go_up_and_down_byte_for_byte_in_flat_memory() {
        let (home, server) = (TestHome::with_keyring(), TestServer::start());
        home.connect(&server);
        let workspace = {
            let body = json!({"name": "Large", "default_security": "public"}).to_string();
            let path = format!("{API}/workspaces");
            let made = home
                .chancery(&["api", "POST", &path, "--data", &body])
                .json();
            made["data"]["id"]
                .as_str()
                .unwrap_or_else(|| panic!("{made}"))
                .to_owned()
        };
        let folder = id(
            &home,
            &format!("{API}/workspaces/{workspace}/folders"),
            "In",
        );
        let sent = home.path().join("Recording.bin");
        let mut file = File::create(&sent).expect("a file can be made");
        io::copy(&mut Pattern::new(SEED, SIZE), &mut file).expect("there is room for it");
        let pids = [home.agent_pid(), server.pid()];

        let (made, up) = growth(pids, || {
            home.chancery(&["put", text(&sent), "--folder", &folder, "--json"])
                .json()
        });
        let made = if made.is_array() {
            made[0].clone()
        } else {
            made
        };
        let document = made["id"]
            .as_str()
            .unwrap_or_else(|| panic!("{made}"))
            .to_owned();
        std::fs::remove_file(&sent).expect("it is ours");

        let back = home.path().join("back.bin");
        let (said, down) = growth(pids, || {
            home.chancery(&["get", &document, "--output", text(&back)])
        });
        assert_eq!(said.code, 0, "{}{}", said.out, said.err);
        let mut checker = Checker::new(SEED, SIZE);
        io::copy(&mut File::open(&back).expect("it is there"), &mut checker)
            .expect("the same bytes");
        assert!(checker.is_complete());

        // The same by a program of its own, straight through the socket.
        let mut checker = Checker::new(SEED, SIZE);
        let call = Request::get(&format!("{API}/documents/{document}/download"));
        let answer = home
            .agent()
            .call_into(call, &mut checker)
            .expect("the same bytes");
        assert_eq!(answer.status, 200);
        assert!(checker.is_complete());

        for (way, grown) in [("up", up), ("down", down)] {
            for (who, grown) in ["agent", "server"].into_iter().zip(grown) {
                assert!(
                    grown < ROOM_KIB,
                    "{who} needed {grown} KiB more on the way {way}"
                );
            }
        }
        assert!((server.metrics().sign_ins() - 1.0).abs() < 0.5);
    }
}

#[test]
fn a_file_for_which_there_is_no_room_is_named_as_it_was_wanted_and_leaves_nothing() {
    let (home, server) = (TestHome::with_keyring(), TestServer::start());
    let token = server.sign_in();
    let workspace = server.workspace(&token, "Matter");
    let folder = server.folder(&token, &workspace, "In");
    home.connect(&server);
    let place = home.path().join("place");
    std::fs::create_dir(&place).expect("made");
    let file = place.join("Long.bin");
    std::fs::write(&file, Pattern::bytes(7, 1024 * 1024)).expect("written");
    let words = [
        "put",
        file.to_str().expect("UTF-8"),
        "--folder",
        &folder,
        "--json",
    ];
    let put = home.chancery(&words).json();
    let document = put["id"].as_str().expect("an id").to_owned();
    std::fs::remove_file(&file).expect("removed");
    // No file may become longer than 64 KiB, as on a disk that is full.
    let limited = "trap '' XFSZ; ulimit -f 64; exec \"$0\" get \"$1\"";
    let got = home
        .command(Path::new("/bin/bash"))
        .args(["-c", limited])
        .arg(program("chancery"))
        .arg(&document)
        .current_dir(&place)
        .output()
        .expect("run");
    assert_eq!(got.status.code(), Some(1));
    let said = String::from_utf8_lossy(&got.stderr);
    assert!(said.contains("Long.bin” cannot be written: "), "{said}");
    assert!(!said.contains(".part"), "{said}");
    let left = std::fs::read_dir(&place).expect("read").count();
    assert_eq!(left, 0, "{said}");
}
