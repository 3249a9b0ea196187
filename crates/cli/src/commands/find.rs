//! `chancery find`: documents by words.

use crate::arguments::Find;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::paragraph::columns;
use crate::sign_in::signed_in;
use crate::table::{Column, fitted};
use crate::wording::{count, date_and_time};
use crate::work::{Work, container, items};
use chancery_client::local::{Agent, LocalError, full_body};
use chancery_proto::clock::Timestamp;
use chancery_proto::ids::LibraryAlias;
use http::{HeaderMap, HeaderValue, Method, header};
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

/// What is shown of each; the server may send more.
const FIELDS: [&str; 10] = [
    "id",
    "name",
    "extension",
    "version",
    "size",
    "edit_date",
    "file_edit_date",
    "workspace_id",
    "workspace_name",
    "type",
];

/// What one library found.
struct Found {
    items: Vec<Value>,
    more: bool,
}

pub(super) async fn find(context: &Context, arguments: &Find) -> Result<Exit, Failure> {
    let filters = filters(arguments)?;
    let named = match (&arguments.library, &arguments.container) {
        (Some(library), _) => Some(library.parse().map_err(|_| {
            Failure::usage(format!(
                "“{library}” is no library. “chancery ls --libraries” shows them."
            ))
        })?),
        (None, Some(id)) => Some(container(id)?.library),
        (None, None) => None,
    };
    let work = Work::open(context).await?;
    let libraries: Vec<LibraryAlias> = match named {
        Some(library) => vec![library],
        None => work
            .libraries()
            .iter()
            .filter_map(|library| library.alias.parse().ok())
            .collect(),
    };
    let limit = usize::try_from(arguments.limit).unwrap_or(usize::MAX);
    let mut all = Found {
        items: Vec::new(),
        more: false,
    };
    for library in &libraries {
        let left = limit.saturating_sub(all.items.len());
        if left == 0 {
            // There may be more in the libraries that were not asked.
            all.more = true;
            break;
        }
        let found = in_library(context, &work, library, &filters, left).await?;
        all.items.extend(found.items);
        all.more |= found.more;
    }
    show(context, &all, limit)
}

fn filters(arguments: &Find) -> Result<Value, Failure> {
    let mut filters = Map::new();
    let words = arguments.words.join(" ");
    if !words.trim().is_empty() {
        filters.insert("anywhere".to_owned(), json!(words.trim()));
    }
    if let Some(name) = &arguments.name {
        filters.insert("name".to_owned(), json!(name));
    }
    if filters.is_empty() {
        return Err(Failure::usage(
            "There is nothing to look for. Write words, like “chancery find lease warehouse”.",
        ));
    }
    if let Some(id) = &arguments.container {
        filters.insert("container_id".to_owned(), json!(container(id)?));
        filters.insert("include_subtree".to_owned(), json!(true));
    }
    if !arguments.types.is_empty() {
        let types: Vec<String> = arguments
            .types
            .iter()
            .map(|kind| kind.to_uppercase())
            .collect();
        filters.insert("type".to_owned(), json!(types.join(",")));
    }
    Ok(Value::Object(filters))
}

async fn in_library(
    context: &Context,
    work: &Work,
    library: &LibraryAlias,
    filters: &Value,
    limit: usize,
) -> Result<Found, Failure> {
    let path = format!("{}/documents/search", work.library(library));
    let asked = json!({
        "limit": limit,
        "filters": filters,
        "profile_fields": {"document": FIELDS},
    })
    .to_string();
    let answer: Result<Value, LocalError> =
        signed_in(context, work.agent(), async |agent: &Agent| {
            let mut headers = HeaderMap::new();
            headers.insert(
                header::CONTENT_TYPE,
                HeaderValue::from_static("application/json"),
            );
            let call = agent.call(Method::POST, &path, headers, full_body(asked.clone()));
            match call.await?.success().await {
                Ok(answer) => answer.json().await.map(Ok),
                Err(error) if crate::failure::is_not_served(&error) => Ok(Err(error)),
                Err(error) => Err(error),
            }
        })
        .await?;
    let answer = answer.map_err(|error| Failure::of_rare_route(error, "search"))?;
    Ok(Found {
        items: items(&answer).to_vec(),
        more: answer.get("overflow").and_then(Value::as_bool) == Some(true),
    })
}

fn show(context: &Context, found: &Found, limit: usize) -> Result<Exit, Failure> {
    if context.output.json {
        context.output.json(&found.items)?;
    } else if found.items.is_empty() {
        context
            .output
            .note("Nothing was found that you may see. Try fewer or other words.");
    } else {
        context
            .output
            .result(&listed(&found.items, &context.zone, columns()))?;
    }
    if found.more {
        context.output.note(&format!(
            "These are the first {}; there is more. See it with “--limit {}”, or look for more words.",
            count(found.items.len(), "one", "documents"),
            limit.saturating_mul(10).min(9999)
        ));
    }
    Ok(Exit::Done)
}

fn listed(items: &[Value], zone: &TimeZone, width: Option<usize>) -> String {
    let columns = [
        Column::text("id"),
        Column::number("version"),
        Column::text("edited"),
        Column::text("name").down_to(24),
        Column::text("where").down_to(12),
    ];
    let rows: Vec<Vec<String>> = items.iter().map(|item| row(item, zone)).collect();
    fitted(&columns, &rows, width)
}

fn row(item: &Value, zone: &TimeZone) -> Vec<String> {
    let text = |name: &str| item.get(name).and_then(Value::as_str).unwrap_or_default();
    let edited = ["file_edit_date", "edit_date"]
        .into_iter()
        .find_map(|field| Timestamp::parse(text(field)))
        .map(|time| date_and_time(time, zone))
        .unwrap_or_default();
    let (name, extension) = (text("name"), text("extension"));
    let name = match extension {
        "" => name.to_owned(),
        some => format!("{name}.{}", some.to_lowercase()),
    };
    let place = match (text("workspace_name"), text("workspace_id")) {
        ("", id) => id.to_owned(),
        (name, "") => name.to_owned(),
        (name, id) => format!("{name} ({id})"),
    };
    let version = item.get("version").and_then(Value::as_u64);
    vec![
        text("id").to_owned(),
        version.map(|number| number.to_string()).unwrap_or_default(),
        edited,
        name,
        place,
    ]
}

#[cfg(test)]
mod tests {
    use super::listed;
    use jiff::tz::TimeZone;
    use serde_json::json;

    #[test]
    fn what_is_found_says_where_it_is() {
        let items = [
            json!({"id": "ACTIVE!34.2", "version": 2, "name": "Lease", "extension": "DOCX",
                "edit_date": "2026-03-02T09:30:00Z", "workspace_name": "Doe v Roe", "workspace_id": "ACTIVE!1"}),
            json!({"id": "ARCHIVE!7.1", "version": 1, "name": "Old lease", "extension": ""}),
        ];
        insta::assert_snapshot!(listed(&items, &TimeZone::UTC, None), @r"
        ID           VERSION  EDITED            NAME        WHERE
        ACTIVE!34.2        2  2026-03-02 09:30  Lease.docx  Doe v Roe (ACTIVE!1)
        ARCHIVE!7.1        1                    Old lease
        ");
    }
}
