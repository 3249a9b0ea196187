//! What a library calls its fields.

use crate::app::SharedApp;
use crate::http::body::JsonObject;
use crate::http::caller::{Caller, Peer};
use crate::http::error::ApiError;
use crate::http::ids::PathValues;
use crate::http::query::Query;
use crate::http::respond;
use crate::wire::fields::Fields;
use axum::extract::State;
use axum::response::Response;
use chancery_store::captions::Caption;
use serde_json::{Value, json};

/// Fields that can be called something, and what each is called where nobody
/// said: by the name of its kind, not by what a firm keeps in it.
const NAMED: [(&str, &str); 12] = [
    ("name", "Name"),
    ("type", "Type"),
    ("class", "Class"),
    ("subclass", "Subclass"),
    ("author", "Author"),
    ("operator", "Operator"),
    ("comment", "Comment"),
    ("description", "Description"),
    ("owner", "Owner"),
    ("workspace", "Workspace"),
    ("folder", "Folder"),
    ("document", "Document"),
];

/// The field's own spelling, and what it is called where nobody said.
pub(crate) fn usual(field: &str) -> Option<(String, String)> {
    let field = field.to_ascii_lowercase();
    if let Some((_, text)) = NAMED.iter().find(|(name, _)| *name == field) {
        return Some((field, (*text).to_owned()));
    }
    let number: u8 = field.strip_prefix("custom")?.parse().ok()?;
    let is_one = (1..=31).contains(&number);
    is_one.then(|| (format!("custom{number}"), format!("Custom {number}")))
}

/// Every field that can be called something.
pub(crate) fn every_field() -> impl Iterator<Item = String> {
    let named = NAMED.iter().map(|(name, _)| (*name).to_owned());
    named.chain((1..=31).map(|number| format!("custom{number}")))
}

/// The caption of a field for a language: its own, that of the language without
/// its region, that for every language, the usual one.
fn chosen(captions: &[Caption], field: &str, language: &str) -> Option<Value> {
    let (field, usual) = usual(field)?;
    let language = language.to_ascii_lowercase();
    let bare = language.split('-').next().unwrap_or_default();
    let of = |language: &str| {
        captions
            .iter()
            .find(|one| one.field == field && one.language == language)
    };
    let found = of(&language).or_else(|| of(bare)).or_else(|| of(""));
    Some(json!({
        "id": field,
        "field": field,
        "caption": found.map_or(usual.as_str(), |one| one.text.as_str()),
        "language": found.map_or("", |one| one.language.as_str()),
        "is_set": found.is_some(),
    }))
}

/// `GET L/captions?language=`.
pub(crate) async fn list(
    State(app): State<SharedApp>,
    _caller: Caller,
    path: PathValues,
    query: Query,
) -> Result<Response, ApiError> {
    let captions = app.store.captions(&path.library()?)?;
    let language = query.text("language").unwrap_or_default();
    let items: Vec<Value> = every_field()
        .filter_map(|field| chosen(&captions, &field, language))
        .collect();
    let count = items.len() as u64;
    Ok(respond::array(items, Some(count), None))
}

/// `GET L/captions/{field}?language=`.
pub(crate) async fn show(
    State(app): State<SharedApp>,
    _caller: Caller,
    path: PathValues,
    query: Query,
) -> Result<Response, ApiError> {
    let captions = app.store.captions(&path.library()?)?;
    let language = query.text("language").unwrap_or_default();
    let found = chosen(&captions, path.get("field"), language);
    Ok(respond::data(
        found.ok_or_else(|| ApiError::no_record("field"))?,
    ))
}

/// `PUT L/captions/{field}`, for administrators: `caption`, and a `language`
/// where it is for one alone. An empty caption takes it away.
pub(crate) async fn set(
    State(app): State<SharedApp>,
    caller: Caller,
    peer: Peer,
    path: PathValues,
    JsonObject(body): JsonObject,
) -> Result<Response, ApiError> {
    caller.must_administer()?;
    let library = path.library()?;
    let fields = Fields(&body);
    let (field, _) = usual(path.get("field")).ok_or_else(|| ApiError::no_record("field"))?;
    let caption = Caption {
        text: fields
            .owned("caption")?
            .ok_or_else(|| ApiError::field("caption", "it is missing"))?,
        language: fields.owned("language")?.unwrap_or_default(),
        field,
    };
    let activity = format!("caption of {} in {library} changed", caption.field);
    let (field, language) = (caption.field.clone(), caption.language.clone());
    let audit = caller.did(&app, &peer, activity);
    app.store
        .set_caption(library.clone(), caption, audit)
        .await?;
    let captions = app.store.captions(&library)?;
    Ok(respond::data(chosen(&captions, &field, &language)))
}

#[cfg(test)]
mod tests {
    use super::{Caption, chosen};

    fn caption(field: &str, language: &str, text: &str) -> Caption {
        Caption {
            field: field.to_owned(),
            language: language.to_owned(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn the_nearest_language_names_a_field_and_no_field_is_a_client_by_itself() {
        let all = [
            caption("custom1", "", "Client"),
            caption("custom1", "de", "Mandant"),
            caption("custom1", "de-ch", "Klient"),
        ];
        let text = |field: &str, language: &str| {
            chosen(&all, field, language)
                .map(|one| one["caption"].as_str().unwrap_or_default().to_owned())
        };
        assert_eq!(text("custom1", "de-CH").as_deref(), Some("Klient"));
        assert_eq!(text("Custom1", "de-AT").as_deref(), Some("Mandant"));
        assert_eq!(text("custom1", "fr").as_deref(), Some("Client"));
        assert_eq!(text("custom2", "de").as_deref(), Some("Custom 2"));
        assert_eq!(text("custom32", ""), None);
        assert_eq!(text("nothing", ""), None);
    }
}
