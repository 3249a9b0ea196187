//! Profiles as clients send them: every field checked, by its name.

use crate::app::App;
use crate::http::error::ApiError;
use crate::wire::fields::Fields;
use crate::wire::types;
use chancery_store::entries::Entries;
use chancery_store::filing::Profile;
use chancery_store::users::key_of;
use serde_json::{Map, Number, Value};

/// What kind of value a custom field has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Custom {
    /// A text, or the alias of one.
    Text,
    /// A number.
    Number,
    /// A time.
    Time,
    /// Yes or no.
    Flag,
}

/// What kind a custom field of that name is, if there is one.
pub(crate) fn custom_kind(name: &str) -> Option<Custom> {
    if matches!(
        name,
        "project_custom1" | "project_custom2" | "project_custom3"
    ) {
        return Some(Custom::Text);
    }
    let number: u8 = name.strip_prefix("custom")?.parse().ok()?;
    match number {
        1..=16 | 29..=31 => Some(Custom::Text),
        17..=20 => Some(Custom::Number),
        21..=24 => Some(Custom::Time),
        25..=28 => Some(Custom::Flag),
        _ => None,
    }
}

/// A field that belongs under another one, and which.
const CHILDREN: [(&str, &str); 2] = [("custom2", "custom1"), ("custom30", "custom29")];
/// Kept as they are given, beside the columns.
const KEPT: [(&str, Kept); 3] = [
    ("retain_days", Kept::Number),
    ("is_hipaa", Kept::Flag),
    ("is_external_as_normal", Kept::Flag),
];

#[derive(Debug, Clone, Copy)]
enum Kept {
    Number,
    Flag,
}

/// Lays the custom fields and the other kept ones over those that are there.
/// An empty text or null takes a field away.
pub(crate) fn extras(fields: Fields<'_>, before: &str) -> Result<Option<String>, ApiError> {
    let mut extra: Map<String, Value> = serde_json::from_str(before).unwrap_or_default();
    let mut changed = false;
    for (name, value) in fields.0 {
        let value = match custom_kind(name) {
            Some(kind) => custom_value(name, kind, value)?,
            None => match KEPT.iter().find(|(kept, _)| kept == name) {
                Some((_, Kept::Number)) => fields.number(name)?.map(Value::from),
                Some((_, Kept::Flag)) => fields.flag(name)?.map(Value::from),
                None => continue,
            },
        };
        changed = true;
        match value {
            Some(value) => extra.insert(name.clone(), value),
            None => extra.remove(name),
        };
    }
    for (child, parent) in CHILDREN {
        let given = |name: &str| {
            fields
                .text(name)
                .map(|text| text.is_some_and(|t| !t.is_empty()))
        };
        if given(child)? && !given(parent)? {
            return Err(ApiError::field(
                child,
                format!("it belongs under {parent}, which has to be in the same request"),
            ));
        }
    }
    Ok(changed.then(|| Value::Object(extra).to_string()))
}

fn custom_value(name: &str, kind: Custom, value: &Value) -> Result<Option<Value>, ApiError> {
    match (kind, value) {
        (_, Value::Null) => Ok(None),
        (_, Value::String(text)) if text.is_empty() => Ok(None),
        (Custom::Text, Value::String(text)) => {
            if text.chars().count() > 255 || text.chars().any(char::is_control) {
                return Err(ApiError::field(
                    name,
                    "it has at most 255 characters and no control characters",
                ));
            }
            Ok(Some(Value::from(text.clone())))
        }
        (Custom::Number, Value::Number(number)) => Ok(Some(Value::from(number.clone()))),
        (Custom::Number, Value::String(text)) => text
            .parse::<Number>()
            .map(|number| Some(Value::from(number)))
            .map_err(|_| ApiError::field(name, "it has to be a number")),
        (Custom::Time, Value::String(text)) => chancery_proto::clock::Timestamp::parse(text)
            .map(|time| Some(Value::from(time.to_rfc3339())))
            .ok_or_else(|| ApiError::field(name, "it has to be a time like 2026-03-01T09:30:00Z")),
        (Custom::Flag, Value::Bool(flag)) => Ok(Some(Value::from(*flag))),
        (Custom::Text, _) => Err(ApiError::field(name, "it has to be a text")),
        (Custom::Number, _) => Err(ApiError::field(name, "it has to be a number")),
        (Custom::Time, _) => Err(ApiError::field(
            name,
            "it has to be a time like 2026-03-01T09:30:00Z",
        )),
        (Custom::Flag, _) => Err(ApiError::field(name, "it has to be true or false")),
    }
}

/// The text of a class or subclass; an empty one takes it away.
pub(crate) fn table_text<'a>(fields: Fields<'a>, name: &str) -> Result<Option<&'a str>, ApiError> {
    let text = fields.text(name)?;
    if text.is_some_and(|text| text.chars().count() > 64 || text.chars().any(char::is_control)) {
        return Err(ApiError::field(
            name,
            "it has at most 64 characters and no control characters",
        ));
    }
    Ok(text)
}

/// The key of a person who is named; they have to be there.
pub(crate) fn person(
    app: &App,
    fields: Fields<'_>,
    name: &'static str,
) -> Result<Option<String>, ApiError> {
    let Some(id) = fields.text(name)?.filter(|id| !id.is_empty()) else {
        return Ok(None);
    };
    let key = key_of(id);
    if app.identity.person(&key).is_none() {
        return Err(ApiError::field(name, format!("there is no user “{id}”")));
    }
    Ok(Some(key))
}

/// A document's profile. What is empty means the default where a default exists.
pub(crate) fn document(
    app: &App,
    fields: Fields<'_>,
    before_extra: &str,
) -> Result<Profile, ApiError> {
    let some = |name: &str| -> Result<Option<String>, ApiError> {
        Ok(fields.owned(name)?.filter(|text| !text.is_empty()))
    };
    let subclass = match fields.owned("subclass")? {
        Some(subclass) => Some(subclass),
        None => fields.owned("sub_class")?,
    };
    Ok(Profile {
        keep_locked: None,
        inherits_except: None,
        trustees: Entries::new(),
        // An empty name is not a wish for the default: it is refused.
        name: fields.owned("name")?,
        extension: some("extension")?.map(|extension| {
            let bare = extension.strip_prefix('.').unwrap_or(&extension);
            bare.to_ascii_lowercase()
        }),
        kind: some("type")?,
        class: some("class")?,
        subclass,
        author: person(app, fields, "author")?,
        operator: person(app, fields, "operator")?,
        comment: fields.owned("comment")?,
        default_security: fields.security("default_security")?,
        file_created: fields.time("file_create_date")?,
        file_edited: fields.time("file_edit_date")?,
        extra: extras(fields, before_extra)?,
    })
}

/// Completes a profile from the file's own name and what the extension means.
pub(crate) fn complete(profile: &mut Profile, file_name: Option<&str>, extension_before: &str) {
    let (stem, extension) = file_name.map_or((None, None), split_name);
    if profile.name.is_none() {
        profile.name = stem.map(str::to_owned);
    }
    if profile.extension.is_none() {
        profile.extension = extension.map(str::to_ascii_lowercase);
    }
    let extension = profile.extension.as_deref().unwrap_or(extension_before);
    if profile.kind.is_some() || profile.extension.is_some() || extension_before.is_empty() {
        profile.kind = Some(types::corrected(profile.kind.as_deref(), extension));
    }
}

/// Name and extension of a file, whatever path stands before it.
fn split_name(path: &str) -> (Option<&str>, Option<&str>) {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    match name.rsplit_once('.') {
        Some((stem, extension))
            if !stem.is_empty()
                && (1..=16).contains(&extension.len())
                && extension.bytes().all(|byte| byte.is_ascii_alphanumeric()) =>
        {
            (Some(stem), Some(extension))
        }
        _ => (Some(name).filter(|name| !name.is_empty()), None),
    }
}

#[cfg(test)]
mod tests {
    use super::{complete, extras, split_name};
    use crate::wire::fields::Fields;
    use chancery_store::filing::Profile;
    use serde_json::{Value, json};

    fn extras_of(value: &Value, before: &str) -> Result<Option<String>, String> {
        let fields = Fields(value.as_object().expect("an object"));
        extras(fields, before).map_err(|error| error.body.code_message)
    }

    #[test]
    fn a_files_name_is_taken_from_any_path() {
        assert_eq!(
            split_name(r"C:\Users\a\Letter.v2.docx"),
            (Some("Letter.v2"), Some("docx"))
        );
        assert_eq!(split_name("/home/a/.profile"), (Some(".profile"), None));
        assert_eq!(split_name("notes"), (Some("notes"), None));
        assert_eq!(split_name("a/"), (None, None));
    }

    #[test]
    fn what_the_profile_says_wins_over_the_files_name() {
        let mut profile = Profile {
            name: Some("Brief".to_owned()),
            ..Profile::default()
        };
        complete(&mut profile, Some("Letter.PDF"), "");
        assert_eq!(profile.name.as_deref(), Some("Brief"));
        assert_eq!(profile.extension.as_deref(), Some("pdf"));
        assert_eq!(profile.kind.as_deref(), Some("ACROBAT"));
    }

    #[test]
    fn custom_fields_have_their_types_and_a_child_needs_its_parent() {
        let given = json!({"custom1": "A", "custom2": "B", "custom17": 4, "custom25": true, "custom21": "2026-03-01T09:30:00+01:00"});
        let kept = extras_of(&given, "{\"custom3\":\"C\"}").expect("fields");
        assert_eq!(
            kept.as_deref(),
            Some(
                r#"{"custom1":"A","custom17":4,"custom2":"B","custom21":"2026-03-01T08:30:00.000Z","custom25":true,"custom3":"C"}"#
            )
        );
        assert!(
            extras_of(&json!({"custom2": "B"}), "{}")
                .expect_err("refused")
                .contains("custom1")
        );
        assert!(
            extras_of(&json!({"custom17": "x"}), "{}")
                .expect_err("refused")
                .contains("custom17")
        );
        assert!(extras_of(&json!({"custom25": "yes"}), "{}").is_err());
        assert_eq!(extras_of(&json!({"name": "x"}), "{}"), Ok(None));
        assert_eq!(
            extras_of(&json!({"custom3": ""}), "{\"custom3\":\"C\"}"),
            Ok(Some("{}".to_owned()))
        );
    }
}
