//! What the person prefers, changed in a window instead of in the file: only
//! what was asked for is touched, comments and order stay.

use crate::agent::SharedAgent;
use crate::ahead;
use crate::core::policy::{Settings, read_preferences};
use crate::refusal::Refusal;
use chancery_proto::local::{PolicyReport, PreferencesRequest, SettingSource};
use toml_edit::{DocumentMut, Item, Table, TableLike, Value};

/// `POST /agent/v1/preferences`.
pub(crate) fn prefer(
    agent: &SharedAgent,
    asked: &PreferencesRequest,
) -> Result<PolicyReport, Refusal> {
    permit(&agent.settings.settings(), asked)?;
    let before = agent
        .settings
        .preferences_text()
        .map_err(|why| unusable(agent, &why))?;
    let text = changed(&before, asked).map_err(|why| unusable(agent, &why))?;
    if text != before {
        agent
            .settings
            .write_preferences(&text)
            .map_err(|error| Refusal::unwritten(&error))?;
    }
    ahead::look(agent);
    Ok(agent.settings.report())
}

/// What the administrator has decided is not the person's to change.
fn permit(settings: &Settings, asked: &PreferencesRequest) -> Result<(), Refusal> {
    let by_policy = |from: SettingSource| from == SettingSource::Policy;
    let mut decided = Vec::new();
    if asked.sign_in.is_some() && by_policy(settings.sign_in().1) {
        decided.push("when you are signed in".to_owned());
    }
    for (name, when) in &asked.applications {
        if when.is_some() && by_policy(settings.sign_in_for(name).1) {
            decided.push(format!("when “{name}” signs in"));
        }
    }
    if asked.theme.is_some() && by_policy(settings.theme().1) {
        decided.push("how the window is coloured".to_owned());
    }
    if asked.start.is_some() && by_policy(settings.desktop_starts().1) {
        decided.push("whether Chancery starts when you log on".to_owned());
    }
    if decided.is_empty() {
        return Ok(());
    }
    Err(Refusal::policy(format!(
        "Your administrator's policy decides {}, so that stays as it is.",
        decided.join(" and ")
    )))
}

/// The file as the person keeps it, with what was asked for.
fn changed(before: &str, asked: &PreferencesRequest) -> Result<String, String> {
    // Half of what is not understood would be lost.
    read_preferences(before).map_err(|mistakes| mistakes.join(" "))?;
    let mut file: DocumentMut = before
        .parse()
        .map_err(|error: toml_edit::TomlError| error.message().to_owned())?;
    if let Some(when) = asked.sign_in {
        put(part(file.as_table_mut(), "sign_in"), "when", when.as_str());
    }
    for (name, when) in &asked.applications {
        let all = part(file.as_table_mut(), "application");
        let known = all
            .iter()
            .map(|(key, _)| key.to_owned())
            .find(|key| key.trim().eq_ignore_ascii_case(name.trim()));
        let key = known.unwrap_or_else(|| name.trim().to_owned());
        match when {
            Some(when) => {
                put(part(all, &key), "sign_in", when.as_str());
            }
            None => {
                all.remove(&key);
            }
        }
    }
    if let Some(theme) = asked.theme {
        put(
            part(file.as_table_mut(), "desktop"),
            "theme",
            theme.as_str(),
        );
    }
    if let Some(start) = asked.start {
        put(part(file.as_table_mut(), "desktop"), "start", start);
    }
    let text = file.to_string();
    read_preferences(&text).map_err(|mistakes| mistakes.join(" "))?;
    Ok(text)
}

/// Says that, with what stands around it as it was.
fn put(part: &mut dyn TableLike, name: &str, said: impl Into<Value>) {
    let mut said: Value = said.into();
    match part.get_mut(name) {
        Some(Item::Value(before)) => {
            *said.decor_mut() = before.decor().clone();
            *before = said;
        }
        _ => {
            part.insert(name, Item::Value(said));
        }
    }
}

/// The part of that name, made where it is not there.
fn part<'t>(whole: &'t mut dyn TableLike, name: &str) -> &'t mut dyn TableLike {
    let is_table = whole.get(name).is_some_and(Item::is_table_like);
    if !is_table {
        let mut made = Table::new();
        made.set_implicit(name == "application");
        whole.insert(name, Item::Table(made));
    }
    match whole.get_mut(name).and_then(Item::as_table_like_mut) {
        Some(part) => part,
        None => unreachable!("it was put in a moment ago"),
    }
}

fn unusable(agent: &SharedAgent, why: &str) -> Refusal {
    Refusal::bad_request(format!(
        "Nothing was changed: your preferences “{}” cannot be used. {why}",
        agent.settings.report().preferences
    ))
}

#[cfg(test)]
mod tests {
    use super::{changed, permit};
    use crate::core::policy::{Settings, read_policy, read_preferences};
    use chancery_proto::local::{PreferencesRequest, SignInWhen, Theme};
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn mail(when: Option<SignInWhen>) -> PreferencesRequest {
        PreferencesRequest {
            applications: BTreeMap::from([("Mail client".to_owned(), when)]),
            ..PreferencesRequest::default()
        }
    }

    #[test]
    fn a_change_leaves_comments_and_everything_else_as_it_was() {
        let before = "# mine\n[application.\"mail CLIENT\"]\nsign_in = \"first-use\" # slow line\n\n[sign_in]\nwhen = \"first-use\"\n";
        let after = changed(before, &mail(Some(SignInWhen::AtStart))).expect("changed");
        insta::assert_snapshot!(after, @r###"
        # mine
        [application."mail CLIENT"]
        sign_in = "at-start" # slow line

        [sign_in]
        when = "first-use"
        "###);
        // What was said about an application goes with its comments.
        let after = changed(before, &mail(None)).expect("changed");
        assert_eq!(after, "\n[sign_in]\nwhen = \"first-use\"\n");
    }

    #[test]
    fn an_empty_file_gets_what_was_asked_for() {
        let asked = PreferencesRequest {
            sign_in: Some(SignInWhen::AtStart),
            theme: Some(Theme::Dark),
            start: Some(false),
            ..mail(Some(SignInWhen::FirstUse))
        };
        insta::assert_snapshot!(changed("", &asked).expect("made"), @r###"
        [sign_in]
        when = "at-start"

        [application."Mail client"]
        sign_in = "first-use"

        [desktop]
        theme = "dark"
        start = false
        "###);
    }

    #[test]
    fn a_file_with_a_mistake_is_left_alone() {
        let why = changed("[proxy]\nuse = \"none\"\n", &mail(None)).expect_err("a mistake");
        assert!(why.contains("Line 1"), "{why}");
    }

    #[test]
    fn what_the_administrator_decided_cannot_be_preferred() {
        let settings = Settings {
            policy: read_policy("[sign_in]\nwhen = \"first-use\"\n").expect("a policy"),
            ..Settings::default()
        };
        let refused = permit(&settings, &mail(Some(SignInWhen::AtStart))).expect_err("refused");
        assert!(
            format!("{refused:?}").contains("Mail client"),
            "{refused:?}"
        );
        let theme = PreferencesRequest {
            theme: Some(Theme::Light),
            ..PreferencesRequest::default()
        };
        assert!(permit(&settings, &theme).is_ok());
    }

    proptest! {
        #[test]
        fn whatever_an_application_is_called_the_file_can_be_read_or_nothing_is_changed(
            name in ".{0,120}", at_start: bool
        ) {
            let when = if at_start { SignInWhen::AtStart } else { SignInWhen::FirstUse };
            let asked = PreferencesRequest {
                applications: BTreeMap::from([(name, Some(when))]),
                ..PreferencesRequest::default()
            };
            if let Ok(text) = changed("[desktop]\ntheme = \"dark\"\n", &asked) {
                prop_assert!(read_preferences(&text).is_ok());
                prop_assert_eq!(changed(&text, &asked).expect("again"), text);
            }
        }
    }
}
