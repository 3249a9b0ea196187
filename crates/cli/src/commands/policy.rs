//! `chancery policy`: what holds, and who said so.

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::paragraph::{beside, width};
use chancery_proto::local::{PolicyReport, Setting, SettingSource};

pub(super) async fn policy(context: &Context) -> Result<Exit, Failure> {
    context.refuse_server_view("The settings hold for every server.")?;
    let agent = context.own_agent().await?;
    let report = agent.policy().await.map_err(Failure::of_newer_route)?;
    if context.output.json {
        context.output.json(&report)?;
    } else {
        context.output.result(&told(&report, width()))?;
    }
    Ok(if report.mistakes.is_empty() {
        Exit::Done
    } else {
        Exit::Failed
    })
}

fn told(report: &PolicyReport, width: Option<usize>) -> String {
    let mut lines = Vec::new();
    if !report.mistakes.is_empty() {
        lines.push(format!(
            "The policy file “{}” has mistakes, so none of it is used:",
            report.path
        ));
        for mistake in &report.mistakes {
            lines.push(beside("  - ", mistake, width));
        }
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

fn source(setting: &Setting) -> &'static str {
    match setting.from {
        SettingSource::Policy => "the administrator said so; you cannot change it",
        SettingSource::Preferences => "you said so",
        SettingSource::Default => "nobody said anything else",
    }
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
            "mistakes": ["Line 3: “sometimes” is no value of sign_in.when; write “at-start” or “at-first-use”."],
            "preferences": "/home/ada/.config/chancery/preferences.toml",
            "settings": [
                {"name": "sign_in.when", "value": "\"at-first-use\"", "from": "preferences",
                    "meaning": "Nothing is tried before the first program asks for a document."},
                {"name": "secrets.keep", "value": "true", "from": "default",
                    "meaning": "You stay signed in when the agent ends."},
            ]
        }))
        .expect("a report");
        insta::assert_snapshot!(told(&report, Some(60)), @r#"
        The policy file “/etc/chancery/policy.toml” has mistakes, so none of it is used:
          - Line 3: “sometimes” is no value of sign_in.when; write
            “at-start” or “at-first-use”.

        Policy       /etc/chancery/policy.toml
        Preferences  /home/ada/.config/chancery/preferences.toml

        sign_in.when = "at-first-use"  (you said so)
          Nothing is tried before the first program asks for a
          document.

        secrets.keep = true  (nobody said anything else)
          You stay signed in when the agent ends.
        "#);
    }
}
