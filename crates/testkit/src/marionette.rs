//! Mozilla's Marionette: a script runs in the program itself, by a command over
//! TCP on loopback. Each message is its length in digits, a colon, and JSON.

use crate::waiting::PATIENCE;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};

/// A session with one program.
#[derive(Debug)]
pub struct Marionette {
    stream: TcpStream,
    number: u64,
}

impl Marionette {
    /// Begins a session in which scripts run with the program's own rights.
    ///
    /// # Panics
    /// When nobody speaks Marionette at that port.
    #[must_use]
    pub fn begin(port: u16) -> Self {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("Marionette listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("set");
        let mut session = Self { stream, number: 0 };
        let hello = session.read();
        assert_eq!(hello["marionetteProtocol"], 3, "{hello}");
        session.command("WebDriver:NewSession", &json!({}));
        session.command("Marionette:SetContext", &json!({"value": "chrome"}));
        session
    }

    /// Runs the body of a function in the main window and gives what it
    /// returns.
    ///
    /// # Panics
    /// When it throws.
    pub fn run(&mut self, script: &str) -> Value {
        let script = json!({"script": script, "args": [], "newSandbox": true});
        self.command("WebDriver:ExecuteScript", &script)["value"].take()
    }

    /// Asks the program to end. It does not answer when it was faster.
    pub fn quit(&mut self) {
        self.number += 1;
        let quit = json!([0, self.number, "Marionette:Quit", {"flags": ["eForceQuit"]}]);
        let quit = quit.to_string();
        let _ = write!(self.stream, "{}:{quit}", quit.len());
    }

    fn command(&mut self, name: &str, parameters: &Value) -> Value {
        self.number += 1;
        let command = json!([0, self.number, name, parameters]).to_string();
        write!(self.stream, "{}:{command}", command.len()).expect("sent");
        let mut answer = self.read();
        assert_eq!(answer[1], self.number, "{answer}");
        assert!(answer[2].is_null(), "{name}: {}", answer[2]);
        answer[3].take()
    }

    fn read(&mut self) -> Value {
        let mut length = 0_usize;
        loop {
            let mut digit = [0];
            self.stream
                .read_exact(&mut digit)
                .expect("an answer in time");
            match digit[0] {
                b':' => break,
                digit @ b'0'..=b'9' if length < 100_000_000 => {
                    length = length * 10 + usize::from(digit - b'0');
                }
                other => panic!("{other} in the length of an answer"),
            }
        }
        let mut answer = vec![0; length];
        self.stream.read_exact(&mut answer).expect("a whole answer");
        serde_json::from_slice(&answer).expect("JSON")
    }
}
