//! Searches ask in a body what lists ask behind the `?`.

use crate::http::error::ApiError;
use crate::http::query::Query;
use crate::wire::fields::Fields;
use crate::wire::profile::{Custom, custom_kind};
use chancery_proto::clock::Timestamp;
use chancery_proto::ids::LibraryAlias;
use chancery_store::listing::{ExtraFilter, Page, Wanted};
use serde_json::Value;

/// `libraries=A,B`, or every library.
pub(crate) fn libraries(query: &Query) -> Result<Vec<LibraryAlias>, ApiError> {
    query
        .list("libraries")
        .iter()
        .map(|alias| alias.parse().map_err(|_| ApiError::no_record("library")))
        .collect()
}

/// Refuses filters that this server does not answer yet. Leaving one out silently
/// would show what was not asked for.
pub(crate) fn refuse(query: &Query, names: &[&str]) -> Result<(), ApiError> {
    match query.names().find(|asked| names.contains(asked)) {
        Some(name) => Err(ApiError::field(
            name,
            "this server cannot filter by it yet; leave it out",
        )),
        None => Ok(()),
    }
}

/// What custom fields have to be like: `custom1`, `custom25`, `custom21_from`.
pub(crate) fn customs(query: &Query) -> Result<Vec<ExtraFilter>, ApiError> {
    let mut all = Vec::new();
    for asked in query.names() {
        let asked = asked.to_owned();
        if !asked.starts_with("custom") && !asked.starts_with("project_custom") {
            continue;
        }
        let (name, end) = match (asked.strip_suffix("_from"), asked.strip_suffix("_to")) {
            (Some(name), _) => (name, "from"),
            (_, Some(name)) => (name, "to"),
            (None, None) => (asked.as_str(), ""),
        };
        let wanted = match (custom_kind(name), end) {
            (Some(Custom::Text), "") => query.owned(&asked).map(Wanted::Text),
            (Some(Custom::Number), "") => {
                let number = query.text(&asked).unwrap_or_default().parse();
                let number = number.ok().filter(|number: &f64| number.is_finite());
                Some(Wanted::Number(number.ok_or_else(|| {
                    ApiError::field(&asked, "it has to be a number")
                })?))
            }
            (Some(Custom::Flag), "") => Some(Wanted::Flag(query.flag(&asked)?)),
            (Some(Custom::Time), "from") => query.time(&asked)?.map(Wanted::From),
            (Some(Custom::Time), "to") => query.time(&asked)?.map(Wanted::To),
            (Some(Custom::Time), "") => {
                return Err(ApiError::field(
                    &asked,
                    "ask for a time with _from and _to behind the field's name",
                ));
            }
            _ => {
                return Err(ApiError::field(
                    &asked,
                    "there is no such field to filter by",
                ));
            }
        };
        if let Some(wanted) = wanted {
            let name = name.to_owned();
            all.push(ExtraFilter { name, wanted });
        }
    }
    Ok(all)
}

/// Two ends of a time.
pub(crate) type Ends = (Option<Timestamp>, Option<Timestamp>);

/// When something has to have been: `NAME_from`, `NAME_to`, or `NAME` counted from
/// now, as `-15:1d`: from 15 days ago to a day ahead; `d`, `w`, `m` (30 days) or `y`
/// (365 days), and either end may be missing.
pub(crate) fn ends(query: &Query, name: &str, now: Timestamp) -> Result<Ends, ApiError> {
    let from = query.time(&format!("{name}_from"))?;
    let to = query.time(&format!("{name}_to"))?;
    let Some(text) = query.text(name) else {
        return Ok((from, to));
    };
    let (begin, end) = relative(text).ok_or_else(|| {
        ApiError::field(
            name,
            "it has to be counted from now, like -15:1d, in d, w, m or y",
        )
    })?;
    let at = |days: i64| Timestamp(now.0 + days * DAY);
    Ok((begin.map(at).or(from), end.map(at).or(to)))
}

/// A day in milliseconds.
const DAY: i64 = 24 * 60 * 60 * 1000;
/// No further away than that, in days.
const FURTHEST: i64 = 100 * 365;

/// Days from now, to begin and to end with.
fn relative(text: &str) -> Option<(Option<i64>, Option<i64>)> {
    let (ends, unit) = match text.char_indices().next_back()? {
        (place, 'd') => (text.get(..place)?, 1),
        (place, 'w') => (text.get(..place)?, 7),
        (place, 'm') => (text.get(..place)?, 30),
        (place, 'y') => (text.get(..place)?, 365),
        _ => return None,
    };
    let (begin, end) = ends.split_once(':')?;
    let days = |text: &str| -> Option<Option<i64>> {
        if text.is_empty() {
            return Some(None);
        }
        let count: i64 = text.parse().ok()?;
        let days = count.checked_mul(unit)?;
        (-FURTHEST..=FURTHEST).contains(&days).then_some(Some(days))
    };
    let (begin, end) = (days(begin)?, days(end)?);
    (begin.is_some() || end.is_some()).then_some((begin, end))
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

#[cfg(test)]
mod tests {
    use super::relative;

    #[test]
    fn times_are_counted_from_now() {
        assert_eq!(relative("-15:1d"), Some((Some(-15), Some(1))));
        assert_eq!(relative("-2:w"), Some((Some(-14), None)));
        assert_eq!(relative(":0m"), Some((None, Some(0))));
        assert_eq!(relative("-1:+1y"), Some((Some(-365), Some(365))));
        for text in [
            "",
            "d",
            ":d",
            "-15d",
            "-15:1",
            "-15:1h",
            "x:1d",
            "-15:1:2d",
            "99999999999:1y",
            "-15:1\u{301}",
        ] {
            assert_eq!(relative(text), None, "{text}");
        }
    }
}
