//! What a refusal means for the command: its exit code and what to do next.

use super::Failure;
use crate::exit::Exit;
use chancery_client::local::{Refusal, RefusalKind};
use chancery_proto::error::codes;
use chancery_proto::local::NeedsUserReason;
use http::StatusCode;

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let (exit, hint) = meaning(&refusal);
        let sentence = if refusal.message.is_empty() {
            format!("The server answered {}.", refusal.status)
        } else {
            refusal.message.clone()
        };
        let hint = match refusal.retry_after {
            Some(wait) if exit == Exit::TryLater => {
                Some(format!("Try again in {} seconds.", wait.as_secs().max(1)))
            }
            _ => hint.map(str::to_owned),
        };
        // The redirect's field carries the host for the machine, not for people.
        let fields = match refusal.kind {
            RefusalKind::Server => refusal.fields.into(),
            _ => Box::default(),
        };
        Self {
            exit,
            code: if refusal.code.is_empty() {
                refusal.status.as_str().into()
            } else {
                refusal.code.into()
            },
            hint: hint
                .filter(|hint| !sentence.contains(hint.trim_end_matches('.')))
                .map(Into::into),
            sentence,
            fields,
            transaction: refusal
                .transaction
                .filter(|_| refusal.status.is_server_error())
                .map(Into::into),
            silent: false,
        }
    }
}

fn meaning(refusal: &Refusal) -> (Exit, Option<&'static str>) {
    match &refusal.kind {
        RefusalKind::NeedsUser(Some(NeedsUserReason::KeyringLocked)) => (
            Exit::NeedsUser,
            Some("Unlock the keyring of your desktop, or sign in with “chancery sign-in --force”."),
        ),
        RefusalKind::NeedsUser(Some(
            NeedsUserReason::VersionRefused | NeedsUserReason::Certificate,
        )) => (Exit::ServerRefused, None),
        RefusalKind::NeedsUser(_) => (Exit::NeedsUser, Some("Sign in with “chancery sign-in”.")),
        RefusalKind::LoginFailed => (Exit::NeedsUser, None),
        RefusalKind::Disconnected => (
            Exit::Disconnected,
            Some("Connect again with “chancery connect NAME”; “chancery servers” shows the names."),
        ),
        RefusalKind::NoServer => (
            Exit::Disconnected,
            Some("Connect to one with “chancery connect ADDRESS”."),
        ),
        RefusalKind::UnknownServer => (
            Exit::NotFound,
            Some("“chancery servers” shows the servers that are known."),
        ),
        RefusalKind::Offline => (Exit::Offline, None),
        RefusalKind::SendAgain => (Exit::TryLater, Some("Run the command again.")),
        RefusalKind::BadAddress => (Exit::Usage, None),
        RefusalKind::NotAWorkServer | RefusalKind::VersionRefused | RefusalKind::Certificate => {
            (Exit::ServerRefused, None)
        }
        RefusalKind::Redirected { .. } => (
            Exit::NeedsUser,
            Some("If that is the right one, confirm it with “--accept-host HOST”."),
        ),
        RefusalKind::BadAnswer => (Exit::Failed, None),
        RefusalKind::Agent | RefusalKind::Server => {
            (of_status(refusal.status, &refusal.code), None)
        }
    }
}

/// The exit code for an answer's status.
pub(crate) fn of_status(status: StatusCode, code: &str) -> Exit {
    match status {
        status if status.is_success() => Exit::Done,
        StatusCode::UNAUTHORIZED => Exit::NeedsUser,
        StatusCode::FORBIDDEN => Exit::NoAccess,
        StatusCode::NOT_FOUND => Exit::NotFound,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => Exit::TryLater,
        _ if code == codes::NO_RECORD => Exit::NotFound,
        _ => Exit::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::Failure;
    use crate::exit::Exit;
    use chancery_client::local::{LocalError, Refusal};
    use http::{HeaderMap, StatusCode};

    fn refused(status: u16, body: &str) -> Failure {
        let status = StatusCode::from_u16(status).expect("a status");
        let refusal = Refusal::read(status, &HeaderMap::new(), body.as_bytes());
        Failure::from(LocalError::Refused(Box::new(refusal)))
    }

    #[test]
    fn a_refusal_keeps_its_sentence_and_says_what_to_do_next() {
        let failure = refused(
            401,
            r#"{"error":{"code":"CHANCERY_NEEDS_USER","message":"Your session has ended.","reason":"ended"}}"#,
        );
        assert_eq!(failure.exit, Exit::NeedsUser);
        assert_eq!(
            failure.lines(),
            [
                "Your session has ended.",
                "Sign in with “chancery sign-in”."
            ]
        );
    }

    #[test]
    fn signing_in_is_only_advised_where_it_helps() {
        for (reason, exit, advice) in [
            ("ended", Exit::NeedsUser, "chancery sign-in”"),
            (
                "keyring-locked",
                Exit::NeedsUser,
                "chancery sign-in --force”",
            ),
            ("certificate", Exit::ServerRefused, ""),
            ("version-refused", Exit::ServerRefused, ""),
        ] {
            let body = format!(
                r#"{{"error":{{"code":"CHANCERY_NEEDS_USER","message":"No.","reason":"{reason}"}}}}"#
            );
            let failure = refused(401, &body);
            assert_eq!(failure.exit, exit, "{reason}");
            let hint = failure.hint.as_deref().unwrap_or_default();
            assert!(hint.contains(advice), "{reason}: {hint}");
        }
    }

    #[test]
    fn each_refusal_has_its_exit_code() {
        for (status, code, exit) in [
            (409, "CHANCERY_DISCONNECTED", Exit::Disconnected),
            (409, "CHANCERY_NO_SERVER", Exit::Disconnected),
            (404, "CHANCERY_UNKNOWN_SERVER", Exit::NotFound),
            (503, "CHANCERY_OFFLINE", Exit::Offline),
            (503, "CHANCERY_SEND_AGAIN", Exit::TryLater),
            (401, "CHANCERY_LOGIN_FAILED", Exit::NeedsUser),
            (400, "CHANCERY_BAD_ADDRESS", Exit::Usage),
            (422, "CHANCERY_NOT_A_WORK_SERVER", Exit::ServerRefused),
            (422, "CHANCERY_VERSION_REFUSED", Exit::ServerRefused),
            (422, "CHANCERY_CERTIFICATE", Exit::ServerRefused),
            (409, "CHANCERY_REDIRECTED", Exit::NeedsUser),
            (502, "CHANCERY_BAD_ANSWER", Exit::Failed),
            (404, "NRC_NO_RECORD", Exit::NotFound),
            (403, "NRC_NO_ACCESS", Exit::NoAccess),
            (429, "NRC_LIMIT", Exit::TryLater),
            (400, "NRC_INVALID_PARAM", Exit::Failed),
        ] {
            let failure = refused(status, &format!("{{\"error\":{{\"code\":\"{code}\"}}}}"));
            assert_eq!(failure.exit, exit, "{code}");
        }
    }

    #[test]
    fn the_fields_at_fault_are_named_and_the_log_only_for_the_servers_own_faults() {
        let failure = refused(
            400,
            r#"{"error":{"code":"NRC_INVALID_PARAM","message":"The profile cannot be used.","messages":[{"field":"doc_profile.name","code":"x","code_message":"It must not be empty."}],"transaction":"t-1"}}"#,
        );
        assert_eq!(
            failure.lines(),
            [
                "The profile cannot be used.",
                "  doc_profile.name: It must not be empty."
            ]
        );
        let failure = refused(
            500,
            r#"{"error":{"message":"Broken.","transaction":"t-2"}}"#,
        );
        assert_eq!(
            failure.lines(),
            ["Broken.", "The server's log has this under “t-2”."]
        );
        assert_eq!(
            failure.to_json(),
            r#"{"error":{"code":"500","message":"Broken.","exit":1,"transaction":"t-2"}}"#
        );
    }
}
