//! `kill -9` of the server under upload load. What was acknowledged is there
//! once, byte for byte, and nothing else is.

mod heavy {
    use chancery_testkit::pattern::Checker;
    use chancery_testkit::programs::is_long;
    use chancery_testkit::server::{API, TestServer, Upload};
    use chancery_testkit::{Pattern, Request, Target};
    use std::collections::BTreeMap;
    use std::io::Read;
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
    use std::sync::{Condvar, Mutex, PoisonError};
    use std::time::Duration;

    const WRITERS: u64 = 4;

    /// What the writers and the one who kills share.
    #[derive(Default)]
    struct Field {
        /// Name and size of every upload that was acknowledged, with its id.
        acknowledged: Mutex<BTreeMap<String, (u64, u64, String)>>,
        /// One more at each acknowledgement.
        progress: Condvar,
        over: AtomicBool,
        /// How often the server has been started; a writer whose connection
        /// broke waits for the next.
        starts: Mutex<u64>,
        started: Condvar,
        repeated: AtomicU64,
    }

    impl Field {
        fn wait_for_start_after(&self, seen: u64) {
            let starts = self.starts.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = self
                .started
                .wait_timeout_while(starts, Duration::from_secs(30), |starts| *starts <= seen);
        }

        fn starts(&self) -> u64 {
            *self.starts.lock().unwrap_or_else(PoisonError::into_inner)
        }

        /// Waits until `more` uploads were acknowledged from now on.
        fn wait_for(&self, more: usize) {
            let done = self
                .acknowledged
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let goal = done.len() + more;
            let (done, late) = self
                .progress
                .wait_timeout_while(done, Duration::from_secs(60), |done| done.len() < goal)
                .unwrap_or_else(PoisonError::into_inner);
            assert!(
                !late.timed_out(),
                "no upload was acknowledged; {} so far",
                done.len()
            );
        }
    }

    #[test]
    fn every_acknowledged_document_is_there_once_after_many_kills() {
        let mut server = TestServer::start();
        let token = server.sign_in();
        let workspace = server.workspace(&token, "Under fire");
        let folder = server.folder(&token, &workspace, "In");
        let path = format!("{API}/folders/{folder}/documents");
        let field = Field::default();
        let kills = if is_long() { 200 } else { 12 };
        let target = server.target();
        std::thread::scope(|scope| {
            for writer in 0..WRITERS {
                let (field, target, token, path) = (&field, &target, &token, &path);
                scope.spawn(move || write(writer, field, target, token, path));
            }
            let mut chance = Pattern::new(0x5eed, u64::MAX);
            for _ in 0..kills {
                // Some work gets done, then the kill comes at no moment in particular.
                let mut byte = [0; 2];
                chance.read_exact(&mut byte).expect("bytes without end");
                field.wait_for(1 + usize::from(byte[0] % 8));
                std::thread::park_timeout(Duration::from_micros(u64::from(byte[1]) * 200));
                server.kill();
                server.begin();
                *field.starts.lock().unwrap_or_else(PoisonError::into_inner) += 1;
                field.started.notify_all();
            }
            field.wait_for(8);
            field.over.store(true, Ordering::SeqCst);
        });
        // Half-written uploads of the last moments are swept at a start.
        server.kill();
        server.begin();
        let acknowledged = field
            .acknowledged
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        assert!(
            field.repeated.into_inner() > 0,
            "no kill ever hit an upload; the test proves nothing"
        );
        let listed = list(&server, &token, &path);
        assert_eq!(
            listed.keys().collect::<Vec<_>>(),
            acknowledged.keys().collect::<Vec<_>>(),
            "there is what was acknowledged, and nothing else"
        );
        for (name, (seed, size, id)) in &acknowledged {
            assert_eq!(
                listed.get(name),
                Some(&vec![id.clone()]),
                "{name} is there once"
            );
            let mut checker = Checker::new(*seed, *size);
            let call = Request::get(&format!("{API}/documents/{id}/download")).token(&token);
            let answer = server
                .target()
                .call_into(call, &mut checker)
                .expect("the same bytes");
            assert_eq!(answer.status, 200, "{name}");
            assert!(checker.is_complete(), "{name} is whole");
        }
        let check = server.command(&["check"]);
        let said = String::from_utf8_lossy(&check.stdout).into_owned();
        assert!(check.status.success(), "{said}");
        assert!(
            said.contains(&format!("Checked {} versions", acknowledged.len())),
            "{said}"
        );
        assert!(said.contains(" 0 objects belong to no version"), "{said}");
    }

    /// Uploads one after the other. An upload whose answer was lost is sent
    /// again under the same key.
    fn write(writer: u64, field: &Field, target: &Target, token: &str, path: &str) {
        let mut number = 0;
        while !field.over.load(Ordering::SeqCst) {
            let name = format!("w{writer}-{number:05}");
            let seed = writer << 32 | number;
            // From one byte to about a megabyte, most of them small.
            let size = 1 + seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) % (1 << (8 + number % 13));
            let upload = Upload::named(&name, "bin");
            loop {
                let starts = field.starts();
                let (body, length) = upload.around(Pattern::new(seed, size), size);
                let call = Request::new("POST", path)
                    .token(token)
                    .header("Idempotency-Key", &format!("key-{name}"))
                    .stream(Upload::CONTENT_TYPE, body, length);
                match target.call(call) {
                    Ok(answer) => {
                        let answer = answer.expect(201);
                        let id = answer.json()["data"]["id"]
                            .as_str()
                            .unwrap_or_default()
                            .to_owned();
                        let mut done = field
                            .acknowledged
                            .lock()
                            .unwrap_or_else(PoisonError::into_inner);
                        done.insert(name, (seed, size, id));
                        drop(done);
                        field.progress.notify_all();
                        break;
                    }
                    Err(_) => {
                        field.repeated.fetch_add(1, Ordering::SeqCst);
                        field.wait_for_start_after(starts);
                    }
                }
            }
            number += 1;
        }
    }

    /// Every document in the folder: its name and the ids under it.
    fn list(server: &TestServer, token: &str, path: &str) -> BTreeMap<String, Vec<String>> {
        let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut offset = 0;
        loop {
            let call =
                Request::get(&format!("{path}?limit=500&offset={offset}&total=true")).token(token);
            let answer = server.call(call).expect(200).json();
            let page = answer["data"].as_array().cloned().unwrap_or_default();
            if page.is_empty() {
                assert_eq!(answer["total_count"], offset);
                return found;
            }
            offset += page.len();
            for document in page {
                let text = |name: &str| document[name].as_str().unwrap_or_default().to_owned();
                found.entry(text("name")).or_default().push(text("id"));
            }
        }
    }
}
