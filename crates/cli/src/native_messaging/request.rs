//! What an add-on may ask for: a short list, and nothing else.

use chancery_proto::local::Show;
use serde::Deserialize;

/// A server's id is a short word of the agent's own making.
const LONGEST_ID: usize = 300;

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    /// The add-on's own number for it; the answer carries it.
    pub(super) id: u32,
    pub(super) wanted: Wanted,
}

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The state and the list, once.
    Status,
    /// The state and the list from now on, as events.
    Watch,
    /// The list, once.
    Servers,
    /// Make that known server the active one.
    Switch { server: String },
    /// Connect to that known server.
    Connect { server: String },
    /// Sign in to the active server: silently, else by asking the person.
    SignIn,
    /// End the session.
    Disconnect,
    /// Show something of the desktop program.
    Show(Show),
}

/// A message that is no request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NoRequest {
    /// Its number, where it has one.
    pub(super) id: Option<u32>,
    /// What is wrong with it.
    pub(super) why: &'static str,
}

#[derive(Deserialize)]
struct Numbered {
    id: u32,
}

#[derive(Deserialize)]
struct Worded {
    #[serde(rename = "do")]
    word: String,
    #[serde(default)]
    server: Option<String>,
    #[serde(default)]
    show: Option<String>,
}

/// Reads a message. Fields that are not known are ignored.
pub(super) fn read(message: &[u8]) -> Result<Request, NoRequest> {
    let Ok(Numbered { id }) = serde_json::from_slice(message) else {
        let why = "The message is no JSON object with a number “id”.";
        return Err(NoRequest { id: None, why });
    };
    let refused = |why| NoRequest { id: Some(id), why };
    let Ok(said) = serde_json::from_slice::<Worded>(message) else {
        return Err(refused("The field “do” is missing, or a field is no text."));
    };
    let server = || match said.server.as_deref() {
        Some(server) if !server.is_empty() && server.len() <= LONGEST_ID => Ok(server.to_owned()),
        _ => Err(refused(
            "The field “server” is not the id of a known server.",
        )),
    };
    let wanted = match said.word.as_str() {
        "status" => Wanted::Status,
        "watch" => Wanted::Watch,
        "servers" => Wanted::Servers,
        "switch" => Wanted::Switch { server: server()? },
        "connect" => Wanted::Connect { server: server()? },
        "sign-in" => Wanted::SignIn,
        "disconnect" => Wanted::Disconnect,
        "show" => {
            let shown = said.show.as_deref().and_then(Show::from_word);
            Wanted::Show(shown.ok_or(refused(
                "The field “show” is not “window”, “login”, “list” or “preferences”.",
            ))?)
        }
        _ => {
            return Err(refused(
                "This version does not know what the field “do” asks for.",
            ));
        }
    };
    Ok(Request { id, wanted })
}

#[cfg(test)]
mod tests {
    use super::{NoRequest, Request, Wanted, read};
    use chancery_proto::local::Show;
    use proptest::prelude::*;

    #[test]
    fn what_an_add_on_may_ask_for_is_understood() {
        let server = || "work".to_owned();
        let all = [
            (r#"{"id":1,"do":"status"}"#, Wanted::Status),
            (r#"{"id":1,"do":"watch","new":[]}"#, Wanted::Watch),
            (r#"{"id":1,"do":"servers"}"#, Wanted::Servers),
            (
                r#"{"id":1,"do":"switch","server":"work"}"#,
                Wanted::Switch { server: server() },
            ),
            (
                r#"{"id":1,"do":"connect","server":"work"}"#,
                Wanted::Connect { server: server() },
            ),
            (r#"{"id":1,"do":"sign-in"}"#, Wanted::SignIn),
            (r#"{"id":1,"do":"disconnect"}"#, Wanted::Disconnect),
            (
                r#"{"id":1,"do":"show","show":"login"}"#,
                Wanted::Show(Show::Login),
            ),
        ];
        for (message, wanted) in all {
            assert_eq!(read(message.as_bytes()), Ok(Request { id: 1, wanted }));
        }
    }

    #[test]
    fn anything_else_is_refused_with_its_number_where_it_has_one() {
        let of_number = |id| move |refused: NoRequest| refused.id == id;
        for message in [
            r#"{"id":7}"#,
            r#"{"id":7,"do":"api"}"#,
            r#"{"id":7,"do":"SIGN-IN"}"#,
            r#"{"id":7,"do":["sign-in"]}"#,
            r#"{"id":7,"do":"switch"}"#,
            r#"{"id":7,"do":"connect","server":""}"#,
            r#"{"id":7,"do":"connect","server":{}}"#,
            r#"{"id":7,"do":"show"}"#,
            r#"{"id":7,"do":"show","show":"--help"}"#,
        ] {
            assert!(
                read(message.as_bytes()).is_err_and(of_number(Some(7))),
                "{message}"
            );
        }
        let long = format!(r#"{{"id":7,"do":"switch","server":"{}"}}"#, "x".repeat(301));
        assert!(read(long.as_bytes()).is_err_and(of_number(Some(7))));
        let deep = format!("{{\"id\":7,\"do\":{}", "[".repeat(100_000));
        for message in [
            "",
            "null",
            "[]",
            "\"status\"",
            r#"{"do":"status"}"#,
            r#"{"id":-1,"do":"status"}"#,
            r#"{"id":4294967296,"do":"status"}"#,
            r#"{"id":"1","do":"status"}"#,
            "{\"id\":1,\"do\":\"status\"",
            &deep,
        ] {
            assert!(
                read(message.as_bytes()).is_err_and(of_number(None)),
                "{message}"
            );
        }
        assert!(read(b"{\"id\":1,\"do\":\"\xff\"}").is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_request_or_none(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = read(&bytes);
        }

        #[test]
        fn any_words_are_a_request_or_none(id in any::<u32>(), word in ".{0,20}", server in ".{0,20}") {
            let message = serde_json::json!({"id": id, "do": word, "server": server, "show": server});
            let message = message.to_string();
            match read(message.as_bytes()) {
                Ok(request) => prop_assert_eq!(request.id, id),
                Err(refused) => prop_assert_eq!(refused.id, Some(id)),
            }
        }
    }
}
