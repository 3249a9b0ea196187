use super::{Keeping, Settings, When, read_policy, read_preferences};
use chancery_proto::local::SettingSource;
use proptest::prelude::*;

fn settings(policy: &str, preferences: &str) -> Settings {
    Settings {
        policy: read_policy(policy).expect("a policy"),
        preferences: read_preferences(preferences).expect("preferences"),
        policy_is_mistaken: false,
    }
}

fn mistakes(text: &str) -> String {
    let found = read_policy(text).expect_err("a mistake");
    format!("{}\n", found.join("\n"))
}

const AT_START: &str = "[sign_in]\nwhen = \"at-start\"\n";
const FIRST_USE: &str = "[sign_in]\nwhen = \"first-use\"\n";

#[test]
fn without_files_sign_in_is_delayed_and_everything_is_allowed() {
    let settings = settings("", "");
    assert_eq!(settings, Settings::default());
    assert_eq!(settings.sign_in(), (When::FirstUse, SettingSource::Default));
    assert_eq!(settings.keeping(), Keeping::InKeyringOrFile);
    assert!(settings.permits("https://anywhere.example.com"));
}

#[test]
fn the_policy_wins_over_the_preferences_and_those_over_the_default() {
    for (policy, preferences, expected) in [
        ("", FIRST_USE, (When::FirstUse, SettingSource::Preferences)),
        ("", AT_START, (When::AtStart, SettingSource::Preferences)),
        (FIRST_USE, AT_START, (When::FirstUse, SettingSource::Policy)),
        (AT_START, FIRST_USE, (When::AtStart, SettingSource::Policy)),
        (AT_START, "", (When::AtStart, SettingSource::Policy)),
    ] {
        let found = settings(policy, preferences).sign_in();
        assert_eq!(found, expected, "{policy} {preferences}");
    }
}

#[test]
fn an_application_has_a_word_of_its_own_unless_the_administrator_said_otherwise() {
    let mail = "[application.Mail]\nsign_in = \"at-start\"\n";
    let of = |policy: &str, preferences: &str, name: &str| {
        settings(policy, preferences).sign_in_for(name)
    };
    let at_start = |source| (When::AtStart, source);
    assert_eq!(of(mail, "", "Mail"), at_start(SettingSource::Policy));
    assert_eq!(of(mail, "", "MAIL"), at_start(SettingSource::Policy));
    assert_eq!(of(mail, "", "Mailer").0, When::FirstUse);
    assert_eq!(of("", mail, "mail"), at_start(SettingSource::Preferences));
    // What holds for everybody is the administrator's word too.
    assert_eq!(
        of(FIRST_USE, mail, "mail"),
        (When::FirstUse, SettingSource::Policy)
    );
    let both = format!("{FIRST_USE}{mail}");
    assert_eq!(of(&both, "", "mail"), at_start(SettingSource::Policy));
    assert_eq!(settings(&both, "").signs_in(), When::FirstUse);
    assert_eq!(
        of("", AT_START, "mail"),
        at_start(SettingSource::Preferences)
    );
}

#[test]
fn what_may_be_stored_follows_from_both_switches_and_is_nothing_when_nobody_knows() {
    for (text, expected) in [
        ("", Keeping::InKeyringOrFile),
        (
            "refresh_token = true\nfile = true",
            Keeping::InKeyringOrFile,
        ),
        ("file = false", Keeping::InKeyring),
        ("refresh_token = false", Keeping::Nothing),
        ("refresh_token = false\nfile = false", Keeping::Nothing),
    ] {
        let settings = settings(&format!("[storage]\n{text}\n"), "");
        assert_eq!(settings.keeping(), expected, "{text}");
    }
    let mistaken = Settings {
        policy_is_mistaken: true,
        ..Settings::default()
    };
    assert_eq!(mistaken.keeping(), Keeping::NothingMore);
}

#[test]
fn where_no_others_are_allowed_only_the_servers_of_the_policy_are() {
    let text = "[[server]]\naddress = \"Work.Example.com/work\"\n[servers]\nothers = false\n";
    let settings = settings(text, "");
    assert!(settings.permits("https://work.example.com"));
    assert!(!settings.permits("https://work.example.com:8443"));
    assert!(!settings.permits("http://127.0.0.1:8480"));
}

#[test]
fn a_file_from_a_windows_editor_reads_the_same() {
    let text = "\u{feff}[[server]]\r\nname = \"Work\"\r\naddress = \"work.example.com\"\r\n";
    assert!(settings(text, "").provides("https://work.example.com"));
}

#[test]
fn every_mistake_is_told_at_once_with_its_line_and_what_to_do() {
    insta::assert_snapshot!(mistakes(
        r#"# Everything that can be wrong.
colour = "green"

[[server]]
name = "Work"

[[server]]
address = "http://work.example.com"

[[server]]
name = "Archive"
address = "https://archive.example.com"
user = "jdoe"

[[server]]
name = "ARCHIVE"
address = "archive.example.com/work"

[[server]]
name = ""
address = 5

[servers]
others = "no"

[sign_in]
when = "sometimes"
how = "quietly"

[application]
Browser = "at-start"

[application.Mail]

[application.mail]
sign_in = "at-start"
[application.MAIL]
sign_in = "first-use"

[application." "]
sign_in = true

[storage]
refresh_token = false
file = true
password = true

[proxy]
use = "http://ann:secret@proxy.example.com"
"#
    ));
}

#[test]
fn what_is_no_toml_is_told_first() {
    insta::assert_snapshot!(mistakes(
        "[sign_in\nwhen = \"sometimes\"\n[storage]\nfile = yes\nfile = true\n"
    ));
}

#[test]
fn parts_that_are_written_as_something_else_are_told() {
    insta::assert_snapshot!(mistakes(
        "server = \"work.example.com\"\nservers = 5\nsign_in = \"at-start\"\napplication = []\nproxy = \"none\"\n"
    ));
    insta::assert_snapshot!(mistakes("server = [\"work.example.com\"]\n"));
    insta::assert_snapshot!(mistakes("[server]\naddress = \"work.example.com\"\n"));
}

#[test]
fn preferences_that_are_the_administrators_to_say_are_told() {
    let found = read_preferences(
        "colour = 1\n[storage]\nfile = true\n[sign_in]\nwhen = \"now\"\n[[server]]\naddress = \"a\"\n",
    );
    insta::assert_snapshot!(found.expect_err("mistakes").join("\n"));
}

#[test]
fn a_proxy_is_an_address_with_its_port_and_nothing_else() {
    let accepts = |word: &str| read_policy(&format!("[proxy]\nuse = {word:?}\n")).is_ok();
    for word in [
        "system",
        "none",
        "http://proxy.example.com:3128",
        "http://10.0.0.1:8080/",
        "http://[2001:db8::1]:3128",
    ] {
        assert!(accepts(word), "{word}");
    }
    for word in [
        "",
        "proxy.example.com:3128",
        "http://proxy.example.com",
        "http://proxy.example.com:0",
        "http://proxy.example.com:99999",
        "http://proxy.example.com:3128/path",
        "http://ann:secret@proxy.example.com:3128",
        "https://proxy.example.com:3128",
        "http://:3128",
    ] {
        assert!(!accepts(word), "{word}");
    }
}

#[test]
fn every_setting_is_explained_with_who_said_so() {
    let policy = r#"
        [[server]]
        name = "Work"
        address = "work.example.com"
        [servers]
        others = false
        [application."Mail client"]
        sign_in = "at-start"
        [storage]
        file = false
        [proxy]
        use = "none"
    "#;
    let preferences =
        "[sign_in]\nwhen = \"first-use\"\n[application.office]\nsign_in = \"at-start\"\n";
    insta::assert_snapshot!(explained(&settings(policy, preferences)));
    let mistaken = Settings {
        policy_is_mistaken: true,
        ..Settings::default()
    };
    insta::assert_snapshot!(explained(&mistaken));
}

fn explained(settings: &Settings) -> String {
    let lines = settings.explained().into_iter().map(|one| {
        format!(
            "{} = {} ({:?})\n  {}\n",
            one.name, one.value, one.from, one.meaning
        )
    });
    lines.collect()
}

/// The policy that the manual shows as a whole.
fn sample_in_the_manual() -> &'static str {
    let manual = include_str!("../../../../../docs/admin/policy.md");
    let (_, behind) = manual
        .split_once("```toml\n# A whole policy")
        .expect("a sample");
    let (sample, _) = behind.split_once("```").expect("its end");
    sample
}

#[test]
fn the_sample_in_the_manual_has_no_mistake_and_sets_everything() {
    let policy = read_policy(&format!("#{}", sample_in_the_manual())).expect("no mistake");
    assert!(policy.servers.len() > 1 && !policy.signing_in.applications.is_empty());
    assert!(policy.others.is_some() && policy.signing_in.when.is_some());
    assert!(policy.refresh_token.is_some() && policy.file.is_some() && policy.way.is_some());
}

/// Pieces that come close to a policy.
fn nearly() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "[",
        "]",
        "[[",
        "]]",
        "server",
        "servers",
        "sign_in",
        "application",
        "storage",
        "proxy",
        ".",
        "=",
        " ",
        "\n",
        "\r\n",
        "\"",
        "'",
        "\"\"\"",
        "name",
        "address",
        "when",
        "others",
        "file",
        "refresh_token",
        "use",
        "true",
        "false",
        "\"at-start\"",
        "\"work.example.com\"",
        "Mail",
        "#",
        "{",
        "}",
        ",",
        "\u{feff}",
        "é",
        "\0",
        "1",
        "1979-05-27",
        "\\u0000",
    ]);
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn whatever_stands_in_a_file_it_is_read_or_its_mistakes_are_told(
        text in prop_oneof![any::<String>(), nearly()]
    ) {
        let lines = text.matches('\n').count() + 1;
        for outcome in [read_policy(&text).map(drop), read_preferences(&text).map(drop)] {
            let Err(mistakes) = outcome else { continue };
            prop_assert!(!mistakes.is_empty());
            for mistake in mistakes {
                let number = mistake
                    .strip_prefix("Line ")
                    .and_then(|rest| rest.split_once(": "))
                    .and_then(|(number, _)| number.parse::<usize>().ok());
                prop_assert!(number.is_some_and(|number| (1..=lines).contains(&number)), "{}", mistake);
                prop_assert!(mistake.ends_with('.') && !mistake.contains('\n'), "{}", mistake);
            }
        }
    }

    #[test]
    fn a_policy_is_the_same_in_whatever_way_its_switches_stand(
        others: Option<bool>, refresh_token: Option<bool>, file: Option<bool>
    ) {
        let line = |name: &str, said: Option<bool>| {
            said.map_or_else(String::new, |said| format!("{name} = {said}\n"))
        };
        let text = format!(
            "[servers]\n{}[storage]\n{}{}",
            line("others", others), line("refresh_token", refresh_token), line("file", file)
        );
        match read_policy(&text) {
            Ok(policy) => {
                prop_assert_eq!(
                    (policy.others, policy.refresh_token, policy.file),
                    (others, refresh_token, file)
                );
            }
            Err(_) => prop_assert_eq!((refresh_token, file), (Some(false), Some(true))),
        }
    }
}
