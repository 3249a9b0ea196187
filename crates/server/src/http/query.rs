//! What is asked for behind the `?`.

use crate::http::error::ApiError;
use crate::http::respond;
use axum::extract::FromRequestParts;
use axum::response::Response;
use chancery_proto::clock::Timestamp;
use chancery_store::listing::Page;
use http::request::Parts;
use serde_json::Value;

/// The query of a request.
#[derive(Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        Ok(Self::of(parts.uri.query().unwrap_or_default()))
    }
}

impl Query {
    /// What stands behind the `?`.
    pub(crate) fn of(query: &str) -> Self {
        let values = url::form_urlencoded::parse(query.as_bytes());
        Self(values.into_owned().collect())
    }

    /// The same questions, asked in a body.
    pub(crate) fn from_pairs(pairs: Vec<(String, String)>) -> Self {
        Self(pairs)
    }

    /// A text that is there and not empty.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    pub(crate) fn owned(&self, name: &str) -> Option<String> {
        self.text(name).map(str::to_owned)
    }

    /// `true` or `false`; absent is false.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, ApiError> {
        match self.text(name).map(str::to_ascii_lowercase).as_deref() {
            None | Some("false" | "0") => Ok(false),
            Some("true" | "1") => Ok(true),
            Some(_) => Err(ApiError::field(name, "it has to be true or false")),
        }
    }

    pub(crate) fn number(&self, name: &str) -> Result<Option<u64>, ApiError> {
        self.text(name)
            .map(|text| {
                text.parse()
                    .map_err(|_| ApiError::field(name, "it has to be a number of 0 or more"))
            })
            .transpose()
    }

    /// A comma-separated list.
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        self.text(name)
            .map(|text| {
                text.split(',')
                    .map(str::trim)
                    .filter(|part| !part.is_empty())
                    .map(str::to_owned)
                    .collect()
            })
            .unwrap_or_default()
    }

    pub(crate) fn time(&self, name: &str) -> Result<Option<Timestamp>, ApiError> {
        self.text(name)
            .map(|text| {
                Timestamp::parse(text).ok_or_else(|| {
                    ApiError::field(name, "it has to be a time like 2026-03-01T09:30:00Z")
                })
            })
            .transpose()
    }

    /// What is asked, by name.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, _)| name.as_str())
    }
}

/// Which part of a list is asked for, and how.
#[derive(Debug)]
pub(crate) struct Paging {
    pub(crate) page: Page,
    /// `paging_mode=standard_cursor`.
    pub(crate) by_cursor: bool,
}

impl Paging {
    pub(crate) fn of(query: &Query) -> Result<Self, ApiError> {
        let by_cursor = match query.text("paging_mode") {
            None | Some("standard") => false,
            Some("standard_cursor") => true,
            Some(_) => {
                return Err(ApiError::field(
                    "paging_mode",
                    "it has to be standard or standard_cursor",
                ));
            }
        };
        let descending = match query.text("sort_order") {
            None | Some("asc") => false,
            Some("desc") => true,
            Some(_) => return Err(ApiError::field("sort_order", "it has to be asc or desc")),
        };
        let limit = query.number("limit")?.unwrap_or(500);
        let limit = u32::try_from(limit)
            .ok()
            .filter(|limit| (1..=9_999).contains(limit))
            .ok_or_else(|| ApiError::field("limit", "it has to be between 1 and 9999"))?;
        let page = if by_cursor {
            // Offset and total are not part of that mode.
            Page {
                limit,
                offset: 0,
                cursor: query.owned("cursor"),
                descending,
                total: false,
            }
        } else {
            Page {
                limit,
                offset: query.number("offset")?.unwrap_or(0),
                cursor: None,
                descending: false,
                total: query.flag("total")?,
            }
        };
        Ok(Self { page, by_cursor })
    }
}

/// Whether a name or id is what was asked for: `*` stands for anything, and
/// without one a part is enough.
pub(crate) fn is_like(wanted: &str, texts: [&str; 2]) -> bool {
    let wanted = wanted.to_lowercase();
    let parts: Vec<&str> = wanted.split('*').collect();
    texts.iter().any(|text| {
        let text = text.to_lowercase();
        let [first, middle @ .., last] = parts.as_slice() else {
            return text.contains(&wanted);
        };
        let Some(mut rest) = text.strip_prefix(first) else {
            return false;
        };
        for part in middle {
            match rest.split_once(part) {
                Some((_, after)) => rest = after,
                None => return false,
            }
        }
        rest.ends_with(last)
    })
}

/// A page of what is in memory anyway.
pub(crate) fn page_in_memory<T>(
    all: &[T],
    query: &Query,
    item: impl Fn(&T) -> Value,
) -> Result<Response, ApiError> {
    let page = Paging::of(query)?.page;
    let offset = usize::try_from(page.offset).unwrap_or(usize::MAX);
    let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
    let items = all.iter().skip(offset).take(limit).map(item).collect();
    Ok(respond::array(
        items,
        page.total.then_some(all.len() as u64),
        None,
    ))
}

#[cfg(test)]
mod tests {
    use super::is_like;

    #[test]
    fn a_star_stands_for_anything_and_without_one_a_part_is_enough() {
        let ann = ["aexample", "Ann Example"];
        for wanted in [
            "ann",
            "EXAMPLE",
            "aex",
            "ann*",
            "*example",
            "a*x*e",
            "*",
            "ann example",
        ] {
            assert!(is_like(wanted, ann), "{wanted}");
        }
        for wanted in ["bob", "ann*x", "xample*", "*ann", "example*example"] {
            assert!(!is_like(wanted, ann), "{wanted}");
        }
    }
}
