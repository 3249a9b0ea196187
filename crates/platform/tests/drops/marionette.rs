//! Mozilla's Marionette, as far as it takes to find things on the screen: each
//! message is its length in digits, a colon, and JSON.

use crate::PATIENCE;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};

pub(crate) struct Marionette {
    stream: TcpStream,
    number: u64,
}

impl Marionette {
    pub(crate) fn begin(port: u16) -> Self {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("set");
        let mut session = Self { stream, number: 0 };
        assert_eq!(session.read()["marionetteProtocol"], 3);
        session.command("WebDriver:NewSession", &json!({}));
        session.command("Marionette:SetContext", &json!({"value": "chrome"}));
        session
    }

    /// What the body of a function in the main window returns.
    pub(crate) fn run(&mut self, script: &str) -> Value {
        let script = json!({"script": script, "args": []});
        self.command("WebDriver:ExecuteScript", &script)["value"].take()
    }

    fn command(&mut self, name: &str, parameters: &Value) -> Value {
        self.number += 1;
        let command = json!([0, self.number, name, parameters]).to_string();
        write!(self.stream, "{}:{command}", command.len()).expect("sent");
        let mut answer = self.read();
        assert!(answer[2].is_null(), "{name}: {}", answer[2]);
        answer[3].take()
    }

    fn read(&mut self) -> Value {
        let mut length = String::new();
        loop {
            let mut digit = [0];
            self.stream.read_exact(&mut digit).expect("an answer");
            match digit[0] {
                b':' => break,
                digit => length.push(digit.into()),
            }
        }
        let mut answer = vec![0; length.parse().expect("a length")];
        self.stream.read_exact(&mut answer).expect("all of it");
        serde_json::from_slice(&answer).expect("JSON")
    }
}
