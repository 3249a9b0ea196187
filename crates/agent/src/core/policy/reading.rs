//! The two files, read strictly: every mistake is found in one go and told
//! with its line, the reason, and what to write instead.

use super::fields::{Mistakes, Part, shown};
use super::{Application, Desktop, Policy, Preferences, Provided, SigningIn, Theme, Way, When};
use chancery_client::remote::Address;
use http::Uri;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Everything a policy file may say.
const POLICY: [&str; 7] = [
    "server",
    "servers",
    "sign_in",
    "application",
    "storage",
    "proxy",
    "desktop",
];
/// What of it is the person's to choose.
const PREFERENCES: [&str; 3] = ["sign_in", "application", "desktop"];

/// Reads the administrator's file.
pub(crate) fn read_policy(text: &str) -> Result<Policy, Vec<String>> {
    read(text, |whole, mistakes| {
        whole.only(&POLICY, mistakes);
        let (refresh_token, file) = storage(whole, mistakes);
        Policy {
            servers: servers(whole, mistakes),
            others: part(whole, "servers", mistakes).and_then(|part| {
                part.only(&["others"], mistakes);
                part.switch("others", mistakes)
            }),
            signing_in: signing_in(whole, mistakes),
            refresh_token,
            file,
            way: way(whole, mistakes),
            desktop: desktop(whole, mistakes),
        }
    })
}

/// Reads the person's file.
pub(crate) fn read_preferences(text: &str) -> Result<Preferences, Vec<String>> {
    read(text, |whole, mistakes| {
        whole.only_beside(&PREFERENCES, &POLICY, mistakes);
        Preferences {
            signing_in: signing_in(whole, mistakes),
            desktop: desktop(whole, mistakes),
        }
    })
}

fn read<'i, T>(
    text: &'i str,
    meaning: impl FnOnce(&Part<'_, 'i>, &mut Mistakes<'i>) -> T,
) -> Result<T, Vec<String>> {
    let mut mistakes = Mistakes::of(text);
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let why = error.message().replace('\n', " ");
        let sentence = format!(
            "This is not written as TOML: {why}. Mend it first; what else is wrong is said after that."
        );
        mistakes.note(error.span().unwrap_or_default(), sentence);
    }
    if !errors.is_empty() {
        return Err(mistakes.into_sentences());
    }
    let meant = meaning(&Part::whole(table.get_ref()), &mut mistakes);
    let sentences = mistakes.into_sentences();
    if sentences.is_empty() {
        Ok(meant)
    } else {
        Err(sentences)
    }
}

fn part<'t, 'i>(
    whole: &Part<'t, 'i>,
    name: &str,
    mistakes: &mut Mistakes<'_>,
) -> Option<Part<'t, 'i>> {
    let value = whole.get(name)?;
    Part::table(name.to_owned(), value, mistakes)
}

fn servers(whole: &Part<'_, '_>, mistakes: &mut Mistakes<'_>) -> Vec<Provided> {
    let Some(value) = whole.get("server") else {
        return Vec::new();
    };
    let elements: &[Spanned<DeValue<'_>>] = match value.get_ref() {
        DeValue::Array(elements) => elements,
        _ => {
            mistakes.note(
                value.span(),
                "Write [[server]], with two brackets on each side, before each server: there can be several.",
            );
            return Vec::new();
        }
    };
    let mut servers: Vec<Provided> = Vec::new();
    for element in elements {
        let DeValue::Table(table) = element.get_ref() else {
            mistakes.note(
                element.span(),
                "A server has to be a part of its own: a line [[server]] with its address below it.",
            );
            continue;
        };
        let part = Part {
            name: "server".to_owned(),
            table,
            span: element.span(),
        };
        if let Some(server) = server(&part, &servers, mistakes) {
            servers.push(server);
        }
    }
    servers
}

fn server(
    part: &Part<'_, '_>,
    before: &[Provided],
    mistakes: &mut Mistakes<'_>,
) -> Option<Provided> {
    part.only(&["name", "address"], mistakes);
    let name = part
        .text("name", mistakes)
        .and_then(|(name, at)| label(name, "A server's name", at, mistakes));
    if let Some(name) = name.as_deref()
        && before
            .iter()
            .filter_map(|other| other.name.as_deref())
            .any(|other| other.eq_ignore_ascii_case(name))
    {
        let sentence = format!(
            "Two servers are called “{}”. Give one of them another name.",
            shown(name)
        );
        mistakes.note(part.span.clone(), sentence);
    }
    if part.get("address").is_none() {
        mistakes.note(
            part.span.clone(),
            "This server has no address. Add a line like address = \"https://work.example.com\".",
        );
    }
    let (typed, at) = part.text("address", mistakes)?;
    let address = match typed.parse::<Address>() {
        Ok(address) => address.to_string(),
        Err(error) => {
            mistakes.note(at, format!("“server.address” cannot be used: {error}"));
            return None;
        }
    };
    if before.iter().any(|other| other.address == address) {
        let sentence = format!("“{address}” is there twice. Take one of the two out.");
        mistakes.note(at, sentence);
        return None;
    }
    Some(Provided { name, address })
}

fn signing_in(whole: &Part<'_, '_>, mistakes: &mut Mistakes<'_>) -> SigningIn {
    let overall = part(whole, "sign_in", mistakes).and_then(|part| {
        part.only(&["when"], mistakes);
        when(&part, "when", mistakes)
    });
    let mut applications: Vec<Application> = Vec::new();
    let named = part(whole, "application", mistakes);
    for (key, value) in named.iter().flat_map(|part| part.table) {
        let name: &str = key.get_ref();
        let called = format!("application.{}", shown(name));
        let Some(part) = Part::table(called, value, mistakes) else {
            continue;
        };
        part.only(&["sign_in"], mistakes);
        let sign_in = when(&part, "sign_in", mistakes);
        if part.get("sign_in").is_none() {
            let sentence = format!(
                "“{}” says nothing. Add a line sign_in = \"at-start\" or sign_in = \"first-use\", or take it out.",
                part.name
            );
            mistakes.note(key.span(), sentence);
        }
        let Some(name) = label(name, "An application's name", key.span(), mistakes) else {
            continue;
        };
        if applications
            .iter()
            .any(|other| other.name.eq_ignore_ascii_case(&name))
        {
            let sentence = format!(
                "“{}” is there twice; upper and lower case are the same here. Take one of the two out.",
                part.name
            );
            mistakes.note(key.span(), sentence);
        }
        if let Some(sign_in) = sign_in {
            applications.push(Application { name, sign_in });
        }
    }
    SigningIn {
        when: overall,
        applications,
    }
}

fn when(part: &Part<'_, '_>, name: &str, mistakes: &mut Mistakes<'_>) -> Option<When> {
    let (word, at) = part.text(name, mistakes)?;
    match word {
        "first-use" => Some(When::FirstUse),
        "at-start" => Some(When::AtStart),
        _ => {
            let sentence = format!(
                "“{}” is no value of “{}.{name}”. Write \"first-use\" or \"at-start\".",
                shown(word),
                part.name
            );
            mistakes.note(at, sentence);
            None
        }
    }
}

fn desktop(whole: &Part<'_, '_>, mistakes: &mut Mistakes<'_>) -> Desktop {
    let Some(part) = part(whole, "desktop", mistakes) else {
        return Desktop::default();
    };
    part.only(&["theme", "start"], mistakes);
    let theme = part.text("theme", mistakes).and_then(|(word, at)| {
        let theme = Theme::from_word(word);
        if theme.is_none() {
            let sentence = format!(
                "“{}” is no value of “desktop.theme”. Write \"system\", \"light\", \"dark\" or \"contrast\".",
                shown(word)
            );
            mistakes.note(at, sentence);
        }
        theme
    });
    Desktop {
        theme,
        start: part.switch("start", mistakes),
    }
}

fn storage(whole: &Part<'_, '_>, mistakes: &mut Mistakes<'_>) -> (Option<bool>, Option<bool>) {
    let Some(part) = part(whole, "storage", mistakes) else {
        return (None, None);
    };
    part.only(&["refresh_token", "file"], mistakes);
    let refresh_token = part.switch("refresh_token", mistakes);
    let file = part.switch("file", mistakes);
    if refresh_token == Some(false) && file == Some(true) {
        let at = part.get("file").map(Spanned::span).unwrap_or_default();
        mistakes.note(
            at,
            "“storage.file” cannot be true where “storage.refresh_token” is false: there would be nothing to put into the file. Change one of the two.",
        );
    }
    (refresh_token, file)
}

fn way(whole: &Part<'_, '_>, mistakes: &mut Mistakes<'_>) -> Option<Way> {
    let part = part(whole, "proxy", mistakes)?;
    part.only(&["use"], mistakes);
    let (word, at) = part.text("use", mistakes)?;
    match word {
        "system" => Some(Way::System),
        "none" => Some(Way::Direct),
        _ if let Some(proxy) = proxy(word) => Some(Way::Through(proxy)),
        // Not repeated: it may have a password in it.
        _ if word.contains('@') => {
            mistakes.note(
                at,
                "“proxy.use” names a user. Write the proxy's address and port alone, like \"http://proxy.example.com:3128\".",
            );
            None
        }
        _ => {
            let sentence = format!(
                "“{}” is no value of “proxy.use”. Write \"system\", \"none\", or an address with its port and without a user, like \"http://proxy.example.com:3128\".",
                shown(word)
            );
            mistakes.note(at, sentence);
            None
        }
    }
}

/// `http://HOST:PORT` and nothing more.
fn proxy(word: &str) -> Option<Uri> {
    let uri: Uri = word.parse().ok()?;
    let plain = uri.scheme_str() == Some("http") && uri.path() == "/" && uri.query().is_none();
    let host = uri.host().is_some_and(|host| !host.is_empty());
    let user = uri
        .authority()
        .is_some_and(|authority| authority.as_str().contains('@'));
    let port = uri.port_u16().is_some_and(|port| port != 0);
    (plain && host && !user && port).then_some(uri)
}

/// A name that can be shown, without the blanks around it.
fn label(text: &str, what: &str, at: Range<usize>, mistakes: &mut Mistakes<'_>) -> Option<String> {
    let name = text.trim();
    let fits =
        !name.is_empty() && name.chars().count() <= 100 && !name.chars().any(char::is_control);
    if !fits {
        let sentence = format!(
            "{what} has 1 to 100 characters and no control characters. Write another one instead of “{}”.",
            shown(text)
        );
        mistakes.note(at, sentence);
    }
    fits.then(|| name.to_owned())
}
