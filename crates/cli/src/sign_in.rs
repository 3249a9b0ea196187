//! Signing in: silently where it can be, else by asking the person.
//!
//! At a terminal the command asks by itself, so that the agent never asks in
//! another place for it; elsewhere the agent asks whoever offered to be asked.

use crate::context::Context;
use crate::elsewhere::{begin, show};
use crate::failure::Failure;
use crate::terminal::Person;
use chancery_client::local::{Agent, LocalError, RefusalKind};
use chancery_platform::opener;
use chancery_proto::local::{
    BeginRequest, Interaction, NeedsUserReason, SignInRequest, SignInWay, Status,
};
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

/// How somebody wishes to sign in.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct How {
    /// Nothing silent is tried before.
    pub(crate) force: bool,
    /// In a browser, or by what the server prefers.
    pub(crate) way: Option<SignInWay>,
}

/// Signs in in a browser, where it is wished or the server prefers it; silently
/// before, unless somebody insists.
async fn elsewhere(context: &Context, agent: &Agent, how: How) -> Result<Option<Status>, Failure> {
    if !how.force {
        let silent = SignInRequest {
            interaction: Some(Interaction::Never),
            ..SignInRequest::default()
        };
        match agent.sign_in(&silent).await {
            Ok(status) => return Ok(Some(status)),
            Err(error) if asks_for_password(&error) => {}
            // Whoever asks next hears the same.
            Err(_) => return Ok(None),
        }
    }
    let server = context.looked_at(agent).await?;
    let asked = BeginRequest {
        address: server.map(|entry| entry.id),
        confirmed_host: None,
        way: how.way,
        no_browser: !opener::is_seen(),
    };
    let Some(begun) = begin(agent, &asked).await? else {
        return Ok(None);
    };
    show(context, &begun).await;
    let finished = SignInRequest {
        begun: begun.number,
        ..SignInRequest::default()
    };
    Ok(Some(agent.sign_in(&finished).await?))
}

/// Signs in to the server that `agent` looks at: silently first, unless
/// `force` is set. Where nobody is at the terminal, whoever offered to ask is
/// asked.
pub(crate) async fn sign_in(
    context: &Context,
    agent: &Agent,
    user: Option<&str>,
    password: Option<Secret>,
    how: How,
) -> Result<Status, Failure> {
    let force = how.force;
    let request = |interaction, password| SignInRequest {
        interaction: Some(interaction),
        user: user.map(str::to_owned),
        password,
        prompt: None,
        begun: None,
    };
    if password.is_none()
        && (how.way.is_some() || context.person.is_some())
        && let Some(status) = elsewhere(context, agent, how).await?
    {
        return Ok(status);
    }
    let Some(person) = context.person.filter(|_| password.is_none()) else {
        let interaction = if force {
            Interaction::Force
        } else {
            Interaction::IfNeeded
        };
        return Ok(agent.sign_in(&request(interaction, password)).await?);
    };
    // Where somebody insists, nothing is tried before.
    let insisted = match force {
        true => context.looked_at(agent).await?,
        false => None,
    };
    let server = if insisted.is_some() {
        insisted
    } else {
        match agent.sign_in(&request(Interaction::Never, None)).await {
            Ok(status) => return Ok(status),
            Err(error) if !asks_for_password(&error) => return Err(error.into()),
            Err(_) => context.looked_at(agent).await?,
        }
    };
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
                    user: Some(user.to_owned()),
                    password: Some(password),
                    ..SignInRequest::default()
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
            let status = sign_in(context, agent, None, None, How::default()).await?;
            context.output.note(&status.sentence);
            Ok(call(agent).await?)
        }
        other => Ok(other?),
    }
}
