//! A whole connection to the agent's socket.

use crate::answers;
use chancery_agent::fuzzing::Service;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::runtime::Runtime;

/// Nobody who has said everything waits longer than this.
const PATIENCE: Duration = Duration::from_secs(10);
/// What never ends by itself, and how long it is listened to.
const STREAMS: [&[u8]; 2] = [b"/agent/v1/watch", b"/agent/v1/prompts"];
const MOMENT: Duration = Duration::from_millis(100);
/// What may be answered: so much at least, and so much for each byte asked.
const LEAST: usize = 64 * 1024;
const FOR_EACH: usize = 256;

thread_local! {
    static RUNTIME: Runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
}

/// The bytes are what the caller sends.
pub(crate) fn hold(bytes: &[u8]) {
    // A stream ends when its caller hangs up; one that had sent more than its
    // request is noticed with the next change only, and nothing changes here.
    let is_stream = STREAMS
        .iter()
        .any(|path| bytes.windows(path.len()).any(|part| part == *path));
    let patience = if is_stream { MOMENT } else { PATIENCE };
    let home = tempfile::tempdir().expect("a directory");
    let answered = RUNTIME.with(|runtime| {
        runtime.block_on(async {
            let service = Service::open(home.path()).expect("an agent");
            let (near, far) = tokio::io::duplex(8 * 1024);
            let talk = async { tokio::join!(service.converse(far), call(near, bytes)).1 };
            let ended = tokio::time::timeout(patience, talk).await;
            assert!(
                is_stream || ended.is_ok(),
                "it ends when the caller has gone"
            );
            ended.unwrap_or_default()
        })
    });
    assert!(
        answered.len() <= LEAST + FOR_EACH * bytes.len(),
        "{} bytes for {}",
        answered.len(),
        bytes.len()
    );
    for status in answers::statuses(&answered) {
        assert_ne!(status, 500, "{}", String::from_utf8_lossy(&answered));
    }
}

/// Sends everything in pieces, reads whatever comes, and hangs up.
async fn call(stream: DuplexStream, bytes: &[u8]) -> Vec<u8> {
    let size = 1 + bytes.iter().map(|byte| usize::from(*byte)).sum::<usize>() % 1_024;
    let (mut read, mut write) = tokio::io::split(stream);
    let send = async {
        for piece in bytes.chunks(size) {
            // Whoever is answered with a refusal may be hung up on.
            if write.write_all(piece).await.is_err() {
                return;
            }
        }
        let _gone = write.shutdown().await;
    };
    let mut answered = Vec::new();
    let receive = async { read.read_to_end(&mut answered).await };
    let ((), outcome) = tokio::join!(send, receive);
    outcome.expect("what the agent says can be read");
    answered
}
