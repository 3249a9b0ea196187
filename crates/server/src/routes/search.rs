//! Searches ask in a body what lists ask behind the `?`.

use crate::http::error::ApiError;
use crate::http::query::Query;
use crate::wire::fields::Fields;
use chancery_proto::ids::LibraryAlias;
use chancery_store::listing::Page;
use serde_json::Value;

/// `libraries=A,B`, or every library.
pub(crate) fn libraries(query: &Query) -> Result<Vec<LibraryAlias>, ApiError> {
    query
        .list("libraries")
        .iter()
        .map(|alias| alias.parse().map_err(|_| ApiError::no_record("library")))
        .collect()
}

/// Refuses filters that this server does not answer yet, by name or by how
/// the name begins. Leaving one out silently would show what was not asked for.
pub(crate) fn refuse(query: &Query, names: &[&str]) -> Result<(), ApiError> {
    let asked = query.names().find(|asked| {
        asked.starts_with("custom") || asked.starts_with("project_custom") || names.contains(asked)
    });
    match asked {
        Some(name) => Err(ApiError::field(
            name,
            "this server cannot filter by it yet; leave it out",
        )),
        None => Ok(()),
    }
}

/// The filters of a search as the questions of a list, and the page.
pub(crate) fn questions(body: Fields<'_>) -> Result<(Query, Page), ApiError> {
    let limit = body.number("limit")?.unwrap_or(500);
    let limit = u32::try_from(limit)
        .ok()
        .filter(|limit| (1..=9_999).contains(limit))
        .ok_or_else(|| ApiError::field("limit", "it has to be between 1 and 9999"))?;
    let mut pairs = Vec::new();
    if let Some(filters) = body.object("filters")? {
        for (name, value) in filters.0 {
            let text = match value {
                Value::Null => continue,
                Value::String(text) => text.clone(),
                Value::Bool(flag) => flag.to_string(),
                Value::Number(number) => number.to_string(),
                Value::Array(items) => {
                    let texts: Option<Vec<String>> = items
                        .iter()
                        .map(|item| match item {
                            Value::String(text) => Some(text.clone()),
                            Value::Number(number) => Some(number.to_string()),
                            _ => None,
                        })
                        .collect();
                    let Some(texts) = texts else {
                        return Err(ApiError::field(name, "it has to be a list of texts"));
                    };
                    texts.join(",")
                }
                Value::Object(_) => {
                    return Err(ApiError::field(
                        name,
                        "it has to be a text, a number or a list",
                    ));
                }
            };
            pairs.push((name.clone(), text));
        }
    }
    let page = Page {
        limit,
        ..Page::default()
    };
    Ok((Query::from_pairs(pairs), page))
}
