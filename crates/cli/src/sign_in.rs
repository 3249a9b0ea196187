//! Signing in: silently where it can be, else by asking the person.
//!
//! The agent never asks anybody; a command at a terminal offers itself.

use crate::context::Context;
use crate::failure::Failure;
use crate::terminal::Person;
use chancery_client::local::{Agent, LocalError, RefusalKind};
use chancery_proto::local::{Interaction, NeedsUserReason, SignInRequest, Status};
use chancery_proto::secret::Secret;

/// So many wrong passwords, then the command ends.
const ATTEMPTS: usize = 3;

/// Whether a user and a password are what is missing.
pub(crate) fn asks_for_password(error: &LocalError) -> bool {
    use NeedsUserReason::{Ended, Expired, LoginFailed, NeverSignedIn, SignedOut};
    match error.refusal().map(|refusal| &refusal.kind) {
        Some(RefusalKind::LoginFailed | RefusalKind::NeedsUser(None)) => true,
        Some(RefusalKind::NeedsUser(Some(reason))) => {
            matches!(
                reason,
                Ended | Expired | LoginFailed | NeverSignedIn | SignedOut
            )
        }
        _ => false,
    }
}

/// Asks for user and password and hands them to `attempt`, again while they
/// are wrong; `why` is the refusal that made this necessary.
pub(crate) async fn ask_and_try<T>(
    context: &Context,
    person: Person,
    at: &str,
    user: Option<&str>,
    attempt: impl AsyncFn(&str, Secret) -> Result<T, LocalError>,
) -> Result<T, Failure> {
    let mut left = ATTEMPTS;
    let mut user = user.map(str::to_owned);
    loop {
        let name = match &user {
            Some(name) => name.clone(),
            None => {
                let name = person.line(&format!("User at {at}: ")).await?;
                if name.is_empty() {
                    return Err(Failure::usage(
                        "Without a user nobody can sign in. Nothing was changed.",
                    ));
                }
                name
            }
        };
        let password = person
            .password(&format!("Password of {name} at {at}: "))
            .await?;
        left -= 1;
        match attempt(&name, password).await {
            Err(error) if left > 0 && is_wrong_password(&error) => {
                for line in Failure::from(error).lines() {
                    context.output.note(&line);
                }
                user = Some(name);
            }
            other => return Ok(other?),
        }
    }
}

fn is_wrong_password(error: &LocalError) -> bool {
    error.refusal().is_some_and(|refusal| {
        matches!(
            refusal.kind,
            RefusalKind::LoginFailed | RefusalKind::NeedsUser(Some(NeedsUserReason::LoginFailed))
        )
    })
}

/// Signs in to the server that `agent` looks at: silently first, unless
/// `force` is set.
pub(crate) async fn sign_in(
    context: &Context,
    agent: &Agent,
    user: Option<&str>,
    password: Option<Secret>,
    force: bool,
) -> Result<Status, Failure> {
    let given = password.is_some();
    let request = SignInRequest {
        interaction: Some(if force {
            Interaction::Force
        } else {
            Interaction::IfNeeded
        }),
        user: user.map(str::to_owned),
        password,
        prompt: None,
    };
    let error = match agent.sign_in(&request).await {
        Ok(status) => return Ok(status),
        Err(error) => error,
    };
    let Some(person) = context
        .person
        .filter(|_| !given && asks_for_password(&error))
    else {
        return Err(error.into());
    };
    let server = context.looked_at(agent).await?;
    let at = server
        .as_ref()
        .map_or("the server", |entry| entry.name.as_str());
    let last_user = server.as_ref().and_then(|entry| entry.user.as_deref());
    ask_and_try(
        context,
        person,
        at,
        user.or(last_user),
        async |user, password| {
            agent
                .sign_in(&SignInRequest {
                    interaction: request.interaction,
                    user: Some(user.to_owned()),
                    password: Some(password),
                    prompt: None,
                })
                .await
        },
    )
    .await
}

/// Makes a call; when a person has to sign in and there is one, signs in and
/// makes it once more.
pub(crate) async fn signed_in<T>(
    context: &Context,
    agent: &Agent,
    call: impl AsyncFn(&Agent) -> Result<T, LocalError>,
) -> Result<T, Failure> {
    match call(agent).await {
        Err(error) if context.person.is_some() && asks_for_password(&error) => {
            if let LocalError::Refused(refusal) = &error {
                context.output.note(&refusal.to_string());
            }
            let status = sign_in(context, agent, None, None, false).await?;
            context.output.note(&status.sentence);
            Ok(call(agent).await?)
        }
        other => Ok(other?),
    }
}
