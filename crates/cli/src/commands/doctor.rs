//! `chancery doctor`: whether everything is well, and what to do where not.

mod own;
mod report;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::paragraph::{beside, width};
use chancery_client::local::Agent;
use chancery_proto::error::agent_codes;
use chancery_proto::local::{Finding, FindingOutcome};
use serde_json::json;
use std::path::Path;

pub(super) async fn doctor(context: &Context, report: Option<&Path>) -> Result<Exit, Failure> {
    let mut findings = own::places();
    findings.push(own::terminal(context));
    // Starting it is part of looking whether it starts.
    let agent = match context.own_agent().await {
        Ok(agent) => Some(agent),
        Err(failure) => {
            findings.push(finding(
                "agent",
                FindingOutcome::Bad,
                failure.lines().join(" "),
            ));
            None
        }
    };
    findings.extend(own::socket());
    if let Some(agent) = &agent {
        findings.extend(own::versions(agent).await);
        findings.extend(of_the_agent(context, agent).await?);
    }
    let worst = worst(&findings);
    if let Some(path) = report {
        report::write(context, path, agent.as_ref(), &findings).await?;
    }
    if context.output.json {
        context
            .output
            .json(&json!({"outcome": worst, "findings": findings}))?;
    } else {
        context.output.result(&told(&findings, width()))?;
    }
    if let Some(path) = report {
        context.output.note(&format!(
            "The report is in “{}”. Read it before you send it.",
            path.display()
        ));
    }
    Ok(match worst {
        FindingOutcome::Bad => Exit::Failed,
        _ => Exit::Done,
    })
}

fn finding(check: &str, outcome: FindingOutcome, sentence: impl Into<String>) -> Finding {
    Finding {
        check: check.to_owned(),
        outcome,
        sentence: sentence.into(),
    }
}

/// What the agent finds, at the server of `--server` where it can.
async fn of_the_agent(context: &Context, agent: &Agent) -> Result<Vec<Finding>, Failure> {
    let agent = match context.viewed(agent).await? {
        Some(entry) => agent.clone().viewing(&entry.id)?,
        None => agent.clone(),
    };
    Ok(match agent.examination().await {
        Ok(examination) => examination.findings,
        Err(error) => {
            let old = error
                .refusal()
                .is_some_and(|refusal| refusal.code == agent_codes::NO_ROUTE);
            let outcome = if old {
                FindingOutcome::Warning
            } else {
                FindingOutcome::Bad
            };
            let failure = Failure::of_newer_route(error);
            vec![finding("agent", outcome, failure.lines().join(" "))]
        }
    })
}

fn worst(findings: &[Finding]) -> FindingOutcome {
    let counted = |finding: &&Finding| finding.outcome != FindingOutcome::Skipped;
    findings
        .iter()
        .filter(counted)
        .map(|finding| finding.outcome)
        .max()
        .unwrap_or(FindingOutcome::Good)
}

/// A word for each outcome: no colour is needed to tell them apart.
fn mark(outcome: FindingOutcome) -> &'static str {
    match outcome {
        FindingOutcome::Good => "  ok   ",
        FindingOutcome::Warning => "! note ",
        FindingOutcome::Bad => "X BAD  ",
        FindingOutcome::Skipped => "- skip ",
    }
}

fn told(findings: &[Finding], width: Option<usize>) -> String {
    let widest = findings
        .iter()
        .map(|finding| console::measure_text_width(&finding.check))
        .max()
        .unwrap_or(0);
    let mut lines: Vec<String> = findings
        .iter()
        .map(|finding| {
            let check = console::pad_str(&finding.check, widest, console::Alignment::Left, None);
            let label = format!("{} {check}  ", mark(finding.outcome));
            beside(&label, &finding.sentence, width)
        })
        .collect();
    let number = |outcome| {
        findings
            .iter()
            .filter(|finding| finding.outcome == outcome)
            .count()
    };
    lines.push(String::new());
    lines.push(
        match (number(FindingOutcome::Bad), number(FindingOutcome::Warning)) {
            (0, 0) => "Everything is well.".to_owned(),
            (0, 1) => "Everything works; there is one thing to know.".to_owned(),
            (0, notes) => format!("Everything works; there are {notes} things to know."),
            (1, _) => "One thing does not work.".to_owned(),
            (bad, _) => format!("{bad} things do not work."),
        },
    );
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::{finding, told, worst};
    use chancery_proto::local::FindingOutcome::{Bad, Good, Skipped, Warning};

    #[test]
    fn each_finding_is_marked_in_a_word_and_the_worst_decides() {
        let mut findings = vec![
            finding("command", Good, "Chancery 0.1.0."),
            finding(
                "keyring",
                Warning,
                "There is no keyring. You sign in again whenever the agent was ended.",
            ),
            finding("server", Skipped, "No server is known yet."),
        ];
        assert_eq!(worst(&findings), Warning);
        findings.push(finding("clock", Bad, "The clock is 3 hours behind."));
        assert_eq!(worst(&findings), Bad);
        insta::assert_snapshot!(told(&findings, Some(60)), @r"
          ok    command  Chancery 0.1.0.
        ! note  keyring  There is no keyring. You sign in again
                         whenever the agent was ended.
        - skip  server   No server is known yet.
        X BAD   clock    The clock is 3 hours behind.

        One thing does not work.
        ");
    }
}
