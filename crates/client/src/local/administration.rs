//! Administration: a sign-in of its own, on one connection to the agent, which
//! ends with that connection.

use super::agent::{Agent, NOTHING, PATIENT_ANSWER, PROMPT_ANSWER, as_json, in_time};
use super::answer::Answer;
use super::connection::Body;
use super::error::LocalError;
use chancery_proto::local::{Administration, AdministrationRequest};
use http::{HeaderMap, Method};
use hyper::client::conn::http1::SendRequest;

const PATH: &str = "/agent/v1/administration";

/// One connection to the agent that administers for as long as it stays open,
/// 15 minutes at most. It is never opened again by itself: a call that came
/// through another connection would be made with the ordinary session.
#[derive(Debug)]
pub struct Administering {
    agent: Agent,
    sender: SendRequest<Body>,
    administration: Administration,
}

impl Administering {
    /// Who administers, where and until when.
    #[must_use]
    pub fn administration(&self) -> &Administration {
        &self.administration
    }

    /// Sends a call as [`Agent::call`] does, on this connection. The answer
    /// before has to be read to its end first.
    ///
    /// # Errors
    /// When the connection has ended, or breaks.
    pub async fn call(
        &mut self,
        method: Method,
        path: &str,
        headers: HeaderMap,
        body: Body,
    ) -> Result<Answer, LocalError> {
        send(&self.agent, &mut self.sender, method, path, headers, body).await
    }

    /// Ends the administration at once, on the server too. Without this it
    /// ends with the connection.
    ///
    /// # Errors
    /// When the connection has ended before, and the administration with it.
    pub async fn end(mut self) -> Result<(), LocalError> {
        in_time(PROMPT_ANSWER, async {
            let (headers, body) = as_json(NOTHING)?;
            let answer = self.call(Method::DELETE, PATH, headers, body).await?;
            answer.success().await.map(drop)
        })
        .await
    }
}

impl Agent {
    /// Signs in for administration, on a connection of its own.
    ///
    /// # Errors
    /// [`LocalError::Refused`] among others when the server does not know that
    /// user or password.
    pub async fn administer(
        &self,
        request: &AdministrationRequest,
    ) -> Result<Administering, LocalError> {
        let mut sender = self.open_another().await?;
        let administration = in_time(PATIENT_ANSWER, async {
            let (headers, body) = as_json(Some(request))?;
            let answer = send(self, &mut sender, Method::POST, PATH, headers, body).await?;
            answer.success().await?.json().await
        })
        .await?;
        Ok(Administering {
            agent: self.clone(),
            sender,
            administration,
        })
    }
}

async fn send(
    agent: &Agent,
    sender: &mut SendRequest<Body>,
    method: Method,
    path: &str,
    headers: HeaderMap,
    body: Body,
) -> Result<Answer, LocalError> {
    let request = agent.request(method, path, headers, body)?;
    sender.ready().await.map_err(LocalError::broken)?;
    let response = sender
        .send_request(request)
        .await
        .map_err(LocalError::broken)?;
    Ok(Answer::new(response))
}

#[cfg(all(test, unix))]
mod tests {
    use super::super::{Agent, LocalError, empty_body};
    use chancery_proto::local::AdministrationRequest;
    use http::{HeaderMap, Method};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{UnixListener, UnixStream};

    const GRANTED: &str = r#"{"user":{"id":"ROOT","name":"Root"},"until":"2026-03-01T09:30:00Z",
        "server":{"id":"work","name":"work","address":"https://work.example.com"}}"#;

    async fn answer(stream: &mut UnixStream, body: &str) -> String {
        let mut asked = Vec::new();
        while !asked.ends_with(b"\r\n\r\n") && !asked.ends_with(b"}") {
            asked.push(stream.read_u8().await.expect("a request"));
        }
        let mut asked = String::from_utf8(asked).expect("text");
        if asked.contains("content-length") && !asked.ends_with('}') {
            loop {
                asked.push(char::from(stream.read_u8().await.expect("a body")));
                if asked.ends_with('}') {
                    break;
                }
            }
        }
        let text = format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(text.as_bytes()).await.expect("written");
        asked
    }

    #[tokio::test]
    async fn every_call_goes_through_one_connection_and_none_through_another() {
        let place = tempfile::tempdir().expect("made");
        let path = place.path().join("agent.sock");
        let listener = UnixListener::bind(&path).expect("bound");
        let peer = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a caller");
            let asked = answer(&mut stream, GRANTED).await;
            assert!(
                asked.starts_with("POST /agent/v1/administration "),
                "{asked}"
            );
            assert!(
                asked.ends_with(r#"{"user":"root","password":"secret"}"#),
                "{asked}"
            );
            let asked = answer(&mut stream, "{}").await;
            assert!(asked.starts_with("GET /work/api "), "{asked}");
            drop(stream);
            listener
        });
        let agent = Agent::at(&path);
        let request = AdministrationRequest {
            user: "root".to_owned(),
            password: "secret".to_owned().into(),
        };
        let mut administering = agent.administer(&request).await.expect("granted");
        assert_eq!(administering.administration().user.id, "ROOT");
        let call = administering.call(Method::GET, "/work/api", HeaderMap::new(), empty_body());
        let answer = call.await.expect("answered");
        answer.bytes().await.expect("read");
        let listener = peer.await.expect("no panic");
        // The agent has closed it: there is no administration any more, and
        // no other connection is opened in its place.
        let error = administering.end().await.expect_err("it has ended");
        assert!(matches!(error, LocalError::Broken(_)), "{error}");
        let waiting = tokio::time::timeout(std::time::Duration::ZERO, listener.accept()).await;
        assert!(waiting.is_err(), "somebody called again");
    }
}
