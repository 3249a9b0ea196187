//! `chancery sign-in --wait`: this terminal asks, whoever needs it.

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::one_line;
use crate::terminal::Person;
use chancery_client::local::{Agent, LocalError, Prompts, RefusalKind};
use chancery_proto::local::{NeedsUserReason, Prompt, PrompterKind, SignInRequest};
use chancery_proto::secret::Secret;
use std::collections::VecDeque;

pub(super) async fn wait(context: &Context) -> Result<Exit, Failure> {
    context.refuse_server_view("“--wait” asks for every server that needs you.")?;
    let Some(person) = context.person.filter(|_| !context.output.json) else {
        return Err(Failure::usage(
            "“--wait” asks somebody at a terminal, and there is nobody here who could be asked.",
        ));
    };
    let agent = context.own_agent().await?;
    let prompts = agent
        .prompts(PrompterKind::Terminal)
        .await
        .map_err(Failure::of_newer_route)?;
    context
        .output
        .note("When an application needs you to sign in, you are asked here. Ctrl-C ends this.");
    let mut prompter = Prompter {
        context,
        person,
        agent,
        prompts,
        waiting: VecDeque::new(),
    };
    prompter.go().await?;
    context.output.note("The agent has ended.");
    Ok(Exit::Done)
}

struct Prompter<'a> {
    context: &'a Context,
    person: Person,
    agent: Agent,
    prompts: Prompts,
    waiting: VecDeque<Prompt>,
}

/// How a question ended.
enum Answer {
    Typed(String),
    Declined,
    /// Answered elsewhere, or out of time.
    Over,
    /// The agent ended.
    End,
}

impl Prompter<'_> {
    async fn go(&mut self) -> Result<(), Failure> {
        loop {
            let prompt = match self.waiting.pop_front() {
                Some(prompt) => prompt,
                None => match self.prompts.next().await? {
                    Some(prompt) if prompt.over => continue,
                    Some(prompt) => prompt,
                    None => return Ok(()),
                },
            };
            if !self.put(&prompt).await? {
                return Ok(());
            }
        }
    }

    /// Asks until it is answered, declined or over; false when the agent ended.
    async fn put(&mut self, prompt: &Prompt) -> Result<bool, Failure> {
        self.context.output.note(&shown(prompt));
        let at = one_line(&prompt.server.name);
        let mut user = prompt.user.clone();
        loop {
            let name = match &user {
                Some(name) => name.clone(),
                None => match self.ask(prompt, &format!("User at {at}: "), false).await? {
                    Answer::Typed(name) if !name.trim().is_empty() => name.trim().to_owned(),
                    Answer::Typed(_) => continue,
                    other => return self.ended(prompt, &other).await,
                },
            };
            let question = format!("Password of {name} at {at} (Ctrl-D declines): ");
            let password = match self.ask(prompt, &question, true).await? {
                Answer::Typed(password) => Secret::from(password),
                other => return self.ended(prompt, &other).await,
            };
            if password.is_empty() {
                continue;
            }
            user = Some(name.clone());
            let request = SignInRequest {
                user: Some(name),
                password: Some(password),
                prompt: Some(prompt.number),
                ..SignInRequest::default()
            };
            match self.agent.sign_in(&request).await {
                Ok(status) => {
                    self.context.output.note(&status.sentence);
                    return Ok(true);
                }
                Err(error) => {
                    let again = is_wrong_password(&error);
                    for line in Failure::from(error).lines() {
                        self.context.output.note(&line);
                    }
                    if !again {
                        return Ok(true);
                    }
                }
            }
        }
    }

    async fn ended(&mut self, prompt: &Prompt, answer: &Answer) -> Result<bool, Failure> {
        match answer {
            Answer::End => return Ok(false),
            Answer::Over => self
                .context
                .output
                .note("That is answered elsewhere or waits no longer. Nothing was sent."),
            Answer::Declined | Answer::Typed(_) => {
                match self.agent.decline(prompt.number).await {
                    // It may be over by now, which comes to the same.
                    Ok(()) | Err(LocalError::Refused(_)) => {}
                    Err(error) => return Err(error.into()),
                }
                self.context
                    .output
                    .note("Declined. The application is told that nobody signed in.");
            }
        }
        Ok(true)
    }

    /// One question, as long as the prompt is not over.
    async fn ask(
        &mut self,
        prompt: &Prompt,
        question: &str,
        hidden: bool,
    ) -> Result<Answer, Failure> {
        let typed = self.person.answer(question, hidden);
        let mut typed = std::pin::pin!(typed);
        loop {
            tokio::select! {
                line = &mut typed => {
                    return Ok(line?.map_or(Answer::Declined, Answer::Typed));
                }
                heard = self.prompts.next() => match heard? {
                    None => return Ok(Answer::End),
                    Some(other) if other.over => {
                        if other.number == prompt.number {
                            return Ok(Answer::Over);
                        }
                        self.waiting.retain(|one| one.number != other.number);
                    }
                    Some(other) => self.waiting.push_back(other),
                },
            }
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

/// What is asked, by whom and why.
fn shown(prompt: &Prompt) -> String {
    let mut lines = vec![String::new(), one_line(&prompt.sentence)];
    let server = &prompt.server;
    let place = if server.address.ends_with(&format!("://{}", server.name)) {
        server.address.clone()
    } else {
        format!("{}, {}", server.name, server.address)
    };
    lines.push(format!("  Server       {}", one_line(&place)));
    lines.push(match &prompt.application {
        Some(name) => format!(
            "  Application  calls itself “{}”; nobody checked that",
            one_line(name)
        ),
        None => "  Application  does not say what it is".to_owned(),
    });
    if let Some(reason) = prompt.reason {
        lines.push(format!("  Why          {}", why(reason)));
    }
    lines.join("\n")
}

fn why(reason: NeedsUserReason) -> &'static str {
    match reason {
        NeedsUserReason::Expired => "your session ran out",
        NeedsUserReason::NeverSignedIn => "nobody has signed in there yet",
        NeedsUserReason::SignedOut => "you signed out",
        NeedsUserReason::Ended => "your session was ended, by you elsewhere or by an administrator",
        NeedsUserReason::LoginFailed => "the last password was wrong",
        NeedsUserReason::KeyringLocked => "the keyring is locked",
        NeedsUserReason::VersionRefused => "the server is too old",
        NeedsUserReason::Certificate => "the server's certificate cannot be verified",
    }
}

#[cfg(test)]
mod tests {
    use super::shown;
    use chancery_proto::local::Prompt;
    use serde_json::json;

    #[test]
    fn the_person_sees_who_asks_where_and_why() {
        let prompt: Prompt = serde_json::from_value(json!({
            "number": 3, "sentence": "Sign in to Archive to go on.", "seconds": 120,
            "server": {"id": "archive", "name": "Archive", "address": "https://archive.example.com"},
            "application": "Mail\u{1b}[2J", "reason": "expired",
        }))
        .expect("a prompt");
        insta::assert_snapshot!(shown(&prompt), @r"
        Sign in to Archive to go on.
          Server       Archive, https://archive.example.com
          Application  calls itself “Mail�[2J”; nobody checked that
          Why          your session ran out
        ");
    }
}
