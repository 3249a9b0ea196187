//! `chancery-native-messaging`: passes on to the agent what an add-on of a mail
//! client or browser may ask for, and the state back.
//!
//! The program that the add-on lives in starts this one and speaks native
//! messaging with it: a length of 32 bits in the machine's own byte order, then
//! so much JSON, on the standard input and output. What may be asked for is in
//! [`request`]; nobody gets at a password, a token or a document this way.
//! What comes in is not trusted: too long a message ends the conversation, and
//! what is not understood is answered with an error.

mod caller;
mod carrying_out;
mod framing;
mod reply;
mod request;
mod serving;
mod watching;

use self::framing::{FrameError, read_message, write_message};
use self::reply::Reply;
use std::io::{self, Write};
use std::process::ExitCode;
use tokio::sync::mpsc;

/// So many messages wait on the way in and on the way out.
const WAITING: usize = 16;

/// Serves the add-on that started this program until it hangs up.
#[must_use]
pub fn run() -> ExitCode {
    match converse() {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            // Where the add-on's program keeps what others say.
            let _ = writeln!(io::stderr(), "{sentence}");
            ExitCode::FAILURE
        }
    }
}

fn converse() -> Result<(), String> {
    let application = caller::application(std::env::args_os().skip(1))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("The system does not let the program begin: {error}."))?;
    let (arrived, incoming) = mpsc::channel(WAITING);
    let (outgoing, to_write) = mpsc::channel(WAITING);
    // Both block in the system; the first goes away with the process.
    std::thread::spawn(move || listen(&arrived));
    let writer = std::thread::spawn(move || say(to_write));
    let ended = runtime.block_on(serving::serve(application, incoming, outgoing));
    // With it goes everything that could still say something.
    drop(runtime);
    let written = writer.join().unwrap_or(Ok(()));
    ended
        .map_err(|error| error.to_string())
        .and(written.map_err(|error| format!("The add-on cannot be answered: {error}.")))
}

/// Reads messages until the add-on hangs up or says what is none.
fn listen(arrived: &mpsc::Sender<Result<Vec<u8>, FrameError>>) {
    let mut input = io::stdin().lock();
    loop {
        let message = read_message(&mut input);
        let is_last = message.is_err();
        let Some(message) = message.transpose() else {
            return;
        };
        if arrived.blocking_send(message).is_err() || is_last {
            return;
        }
    }
}

/// Writes replies until there are no more, or nobody reads them.
fn say(mut replies: mpsc::Receiver<Reply>) -> io::Result<()> {
    let mut output = io::stdout().lock();
    while let Some(reply) = replies.blocking_recv() {
        write_message(&mut output, &reply.to_json())?;
    }
    Ok(())
}
