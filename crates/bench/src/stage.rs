//! What the rows are measured on: a server with documents in it.

use crate::Fault;
use chancery_testkit::server::{API, TestServer, Upload};
use chancery_testkit::{Pattern, Request};
use std::io::Read;

/// A server, a session, and a folder.
pub(crate) struct Stage {
    pub(crate) server: TestServer,
    pub(crate) token: String,
    pub(crate) folder: String,
}

impl Stage {
    pub(crate) fn set() -> Self {
        // Logging to a file is part of the product; the default level is kept.
        Self::on(TestServer::start())
    }

    pub(crate) fn on(server: TestServer) -> Self {
        let token = server.sign_in();
        let workspace = server.workspace(&token, "Measured");
        let folder = server.folder(&token, &workspace, "In");
        Self {
            server,
            token,
            folder,
        }
    }

    /// The path documents are posted to.
    pub(crate) fn documents(&self) -> String {
        format!("{API}/folders/{}/documents", self.folder)
    }

    /// Uploads a file; returns the document's id.
    pub(crate) fn put(&self, name: &str, file: impl Read, length: u64) -> Result<String, Fault> {
        let upload = Upload::named(name, "bin");
        let (body, length) = upload.around(file, length);
        let call = Request::new("POST", &self.documents())
            .token(&self.token)
            .stream(Upload::CONTENT_TYPE, body, length);
        let answer = self.server.target().call(call)?;
        if answer.status != 201 {
            return Err(format!(
                "an upload was answered {}: {}",
                answer.status,
                answer.text()
            )
            .into());
        }
        let id = answer.json()["data"]["id"].clone();
        Ok(id.as_str().unwrap_or_default().to_owned())
    }

    /// Fills the folder with small documents; returns the id of one in the middle.
    pub(crate) fn fill(&self, count: u32) -> Result<String, Fault> {
        let mut middle = String::new();
        for number in 0..count {
            let id = self.put(
                &format!("Document {number}"),
                Pattern::new(u64::from(number), 64),
                64,
            )?;
            if number == count / 2 {
                middle = id;
            }
        }
        Ok(middle)
    }
}

/// One mebibyte of noise, over and over: making it costs nothing, and nothing
/// that compresses would notice.
pub(crate) struct Noise {
    piece: Vec<u8>,
    position: usize,
    left: u64,
}

impl Noise {
    pub(crate) fn new(length: u64) -> Self {
        Self {
            piece: Pattern::bytes(1, 1024 * 1024),
            position: 0,
            left: length,
        }
    }
}

impl Read for Noise {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let rest = self.piece.get(self.position..).unwrap_or_default();
        let left = usize::try_from(self.left).unwrap_or(usize::MAX);
        let count = rest.len().min(buffer.len()).min(left);
        if let (Some(into), Some(from)) = (buffer.get_mut(..count), rest.get(..count)) {
            into.copy_from_slice(from);
        }
        self.position = (self.position + count) % self.piece.len();
        self.left -= u64::try_from(count).unwrap_or(0);
        Ok(count)
    }
}
