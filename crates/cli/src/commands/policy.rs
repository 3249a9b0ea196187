//! `chancery policy`: what holds, and who said so.

use crate::arguments::PolicyAction;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::paragraph::{beside, width};
use chancery_proto::local::{PolicyReport, Setting, SettingSource};
use serde_json::json;
use std::path::Path;

pub(super) async fn policy(
    context: &Context,
    action: Option<PolicyAction>,
) -> Result<Exit, Failure> {
    context.refuse_server_view("The settings hold for every server.")?;
    if let Some(PolicyAction::Check { file }) = action {
        return check(context, &file);
    }
    let agent = context.own_agent().await?;
    let report = agent.policy().await.map_err(Failure::of_newer_route)?;
    if context.output.json {
        context.output.json(&report)?;
    } else {
        context.output.result(&told(&report, width()))?;
    }
    Ok(exit(
        report.mistakes.is_empty() && report.preference_mistakes.is_empty(),
    ))
}

/// A file with a mistake is a failure.
fn exit(is_well: bool) -> Exit {
    if is_well { Exit::Done } else { Exit::Failed }
}

fn told(report: &PolicyReport, width: Option<usize>) -> String {
    let mut lines = Vec::new();
    if !report.mistakes.is_empty() {
        lines.push(format!(
            "The policy file “{}” has mistakes, so none of it is used:",
            report.path
        ));
        lines.extend(listed(&report.mistakes, width));
        lines.push(String::new());
    }
    if !report.preference_mistakes.is_empty() {
        lines.push(format!(
            "Your preferences “{}” have mistakes, so none of them is used:",
            report.preferences
        ));
        lines.extend(listed(&report.preference_mistakes, width));
        lines.push(String::new());
    }
    lines.push(if report.present {
        format!("Policy       {}", report.path)
    } else {
        format!("Policy       {} (there is none)", report.path)
    });
    lines.push(format!("Preferences  {}", report.preferences));
    for setting in &report.settings {
        lines.push(String::new());
        lines.push(format!(
            "{} = {}  ({})",
            setting.name,
            setting.value,
            source(setting)
        ));
        lines.push(beside("  ", &setting.meaning, width));
    }
    lines.join("\n")
}

fn listed(mistakes: &[String], width: Option<usize>) -> impl Iterator<Item = String> {
    mistakes
        .iter()
        .map(move |mistake| beside("  - ", mistake, width))
}

fn source(setting: &Setting) -> &'static str {
    match setting.from {
        SettingSource::Policy => "the administrator said so; you cannot change it",
        SettingSource::Preferences => "you said so",
        SettingSource::Default => "nobody said anything else",
    }
}

/// Reads a policy file as the agent would.
fn check(context: &Context, file: &Path) -> Result<Exit, Failure> {
    let text =
        std::fs::read_to_string(file).map_err(|error| Failure::file(file, "read", &error))?;
    let mistakes = chancery_agent::check_policy(&text)
        .err()
        .unwrap_or_default();
    if context.output.json {
        context
            .output
            .json(&json!({"path": file.to_string_lossy(), "mistakes": mistakes}))?;
    } else if mistakes.is_empty() {
        context
            .output
            .confirm(&format!("“{}” has no mistakes.", file.display()))?;
    } else {
        let mut lines = vec![format!(
            "“{}” has mistakes, and the agent would use none of it:",
            file.display()
        )];
        lines.extend(listed(&mistakes, width()));
        context.output.result(&lines.join("\n"))?;
    }
    Ok(exit(mistakes.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::told;
    use chancery_proto::local::PolicyReport;
    use serde_json::json;

    #[test]
    fn mistakes_come_first_and_every_setting_says_who_said_so() {
        let report: PolicyReport = serde_json::from_value(json!({
            "path": "/etc/chancery/policy.toml", "present": true,
            "mistakes": ["Line 3: “sometimes” is no value of “sign_in.when”. Write \"first-use\" or \"at-start\"."],
            "preference_mistakes": ["Line 1: “colour” is nothing that can be set. Write “sign_in” or “application”, or take it out."],
            "preferences": "/home/ada/.config/chancery/preferences.toml",
            "settings": [
                {"name": "sign_in.when", "value": "\"first-use\"", "from": "preferences",
                    "meaning": "Nothing is tried before the first program asks for a document."},
                {"name": "storage.refresh_token", "value": "true", "from": "default",
                    "meaning": "You stay signed in when the agent ends."},
            ]
        }))
        .expect("a report");
        insta::assert_snapshot!(told(&report, Some(60)), @r#"
        The policy file “/etc/chancery/policy.toml” has mistakes, so none of it is used:
          - Line 3: “sometimes” is no value of “sign_in.when”. Write
            "first-use" or "at-start".

        Your preferences “/home/ada/.config/chancery/preferences.toml” have mistakes, so none of them is used:
          - Line 1: “colour” is nothing that can be set. Write
            “sign_in” or “application”, or take it out.

        Policy       /etc/chancery/policy.toml
        Preferences  /home/ada/.config/chancery/preferences.toml

        sign_in.when = "first-use"  (you said so)
          Nothing is tried before the first program asks for a
          document.

        storage.refresh_token = true  (nobody said anything else)
          You stay signed in when the agent ends.
        "#);
    }
}
