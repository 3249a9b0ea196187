//! `chancery ls`: libraries, workspaces, what is in a container, versions.

use crate::arguments::Ls;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::sign_in::signed_in;
use crate::table::{Column, table};
use crate::wording::{date_and_time, size};
use crate::work::{Work, items};
use chancery_client::local::{Agent, LocalError};
use chancery_proto::clock::Timestamp;
use chancery_proto::ids::{ContainerId, DocumentId, LibraryAlias};
use http::StatusCode;
use jiff::tz::TimeZone;
use serde_json::Value;

/// One page of a list.
const PAGE: usize = 500;

/// What is listed.
enum Place {
    Libraries,
    Library(LibraryAlias),
    Container(ContainerId),
    Document(DocumentId),
}

pub(super) async fn ls(context: &Context, arguments: &Ls) -> Result<Exit, Failure> {
    let named = arguments.id.as_deref().map(place).transpose()?;
    let work = Work::open(context).await?;
    let place = match named {
        Some(place) => place,
        None => beginning(&work, arguments.libraries),
    };
    let limit = usize::try_from(arguments.limit).unwrap_or(usize::MAX);
    let list = fetch(context, &work, &place, limit).await?;
    if context.output.json {
        context.output.json(&list.items)?;
    } else if list.items.is_empty() {
        context.output.note(match place {
            Place::Libraries => "There is no library that you may see.",
            Place::Library(_) => "There is no workspace in this library that you may see.",
            Place::Container(_) => "There is nothing in it that you may see.",
            Place::Document(_) => "There is no version that you may see.",
        });
    } else {
        let shown = match place {
            Place::Libraries => libraries(&list.items),
            _ => contents(&list.items, &context.zone),
        };
        context.output.result(&shown)?;
    }
    if list.more {
        context.output.note(&format!(
            "There is more than the {limit} shown. See it with “--limit {}”.",
            limit.saturating_mul(10)
        ));
    }
    Ok(Exit::Done)
}

fn place(text: &str) -> Result<Place, Failure> {
    if let Ok(id) = text.parse() {
        return Ok(Place::Document(id));
    }
    if let Ok(id) = text.parse() {
        return Ok(Place::Container(id));
    }
    match text.parse() {
        Ok(alias) => Ok(Place::Library(alias)),
        Err(_) => Err(Failure::usage(format!(
            "“{text}” is nothing that can be listed. Write a library (ACTIVE), a workspace or folder (ACTIVE!12), or a document (ACTIVE!34.1)."
        ))),
    }
}

/// A list of one library tells nobody anything: its workspaces do.
fn beginning(work: &Work, wants_libraries: bool) -> Place {
    match work.libraries().as_slice() {
        [only] if !wants_libraries => match only.alias.parse() {
            Ok(alias) => Place::Library(alias),
            Err(_) => Place::Libraries,
        },
        _ => Place::Libraries,
    }
}

/// The objects as the server gave them.
struct List {
    items: Vec<Value>,
    more: bool,
}

async fn fetch(
    context: &Context,
    work: &Work,
    place: &Place,
    limit: usize,
) -> Result<List, Failure> {
    let page = async |path: String| -> Result<List, Failure> {
        signed_in(context, work.agent(), async |_: &Agent| {
            pages(work, &path, limit).await
        })
        .await
    };
    match place {
        Place::Libraries => {
            let all = page(format!("{}/libraries", work.customer())).await?;
            let items = all
                .items
                .into_iter()
                .filter(|item| item.get("is_hidden").and_then(Value::as_bool) != Some(true))
                .collect();
            Ok(List {
                items,
                more: all.more,
            })
        }
        Place::Library(alias) => page(format!("{}/workspaces", work.library(alias))).await,
        Place::Document(id) => page(format!("{}/versions", work.document(id))).await,
        Place::Container(id) => {
            // The id does not tell a workspace from a folder.
            match page(format!("{}/children", work.folder(id))).await {
                Err(failure) if failure.exit == Exit::NotFound => {}
                other => return other,
            }
            page(format!("{}/children", work.workspace(id)))
                .await
                .map_err(|failure| match failure.exit {
                    Exit::NotFound => Failure::new(
                        Exit::NotFound,
                        "NRC_NO_RECORD",
                        format!("There is no workspace or folder “{id}”, or you may not see it."),
                    )
                    .with_hint("“chancery ls” shows where to begin."),
                    _ => failure,
                })
        }
    }
}

async fn pages(work: &Work, path: &str, limit: usize) -> Result<List, LocalError> {
    let mut all = Vec::new();
    while all.len() <= limit {
        // One more than wanted tells whether there is more.
        let wanted = (limit + 1 - all.len()).min(PAGE);
        let asked = format!("{path}?limit={wanted}&offset={}", all.len());
        let answer: Value = match work.get(&asked).await {
            // A server that does not page this list refuses an offset.
            Err(error) if !all.is_empty() && is_bad_request(&error) => break,
            other => other?,
        };
        let found = items(&answer);
        all.extend_from_slice(found);
        if found.len() < wanted {
            break;
        }
    }
    let more = all.len() > limit;
    all.truncate(limit);
    Ok(List { items: all, more })
}

fn is_bad_request(error: &LocalError) -> bool {
    error
        .refusal()
        .is_some_and(|refusal| refusal.status == StatusCode::BAD_REQUEST)
}

fn text<'a>(item: &'a Value, name: &str) -> &'a str {
    item.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn libraries(items: &[Value]) -> String {
    let columns = [Column::text("id"), Column::text("type")];
    let rows: Vec<Vec<String>> = items
        .iter()
        .map(|item| vec![text(item, "id").to_owned(), text(item, "type").to_owned()])
        .collect();
    table(&columns, &rows)
}

fn contents(items: &[Value], zone: &TimeZone) -> String {
    let columns = [
        Column::text("kind"),
        Column::text("id"),
        Column::number("size"),
        Column::text("changed"),
        Column::text("name"),
    ];
    let rows: Vec<Vec<String>> = items
        .iter()
        .map(|item| {
            let bytes = item.get("size").and_then(Value::as_u64);
            vec![
                text(item, "wstype").replace('_', " "),
                text(item, "id").to_owned(),
                bytes.map(size).unwrap_or_default(),
                changed(item, zone),
                name(item),
            ]
        })
        .collect();
    table(&columns, &rows)
}

fn changed(item: &Value, zone: &TimeZone) -> String {
    let time = ["file_edit_date", "edit_date", "create_date"]
        .into_iter()
        .find_map(|field| Timestamp::parse(text(item, field)));
    time.map(|time| date_and_time(time, zone))
        .unwrap_or_default()
}

/// A document's name with its extension, as people know it.
fn name(item: &Value) -> String {
    let (name, extension) = (text(item, "name"), text(item, "extension"));
    let is_folder = item.get("folder_type").is_some() || text(item, "wstype") == "workspace";
    if is_folder || extension.is_empty() {
        name.to_owned()
    } else {
        format!("{name}.{}", extension.to_lowercase())
    }
}

#[cfg(test)]
mod tests {
    use super::{Place, contents, place};
    use jiff::tz::TimeZone;
    use serde_json::json;

    #[test]
    fn a_mixed_list_stands_in_columns() {
        let items = [
            json!({"id": "ACTIVE!12", "wstype": "folder", "folder_type": "regular", "name": "Correspondence", "edit_date": "2026-03-01T09:30:00.000Z"}),
            json!({"id": "ACTIVE!34.2", "wstype": "document", "name": "Letter\u{1b}[2J", "extension": "DOCX", "size": 24_300, "edit_date": "2026-03-02T09:30:00Z"}),
            json!({"id": "ACTIVE!35.1", "wstype": "email", "name": "Re: Letter", "extension": "eml", "size": 900}),
        ];
        insta::assert_snapshot!(contents(&items, &TimeZone::UTC), @r"
        KIND      ID              SIZE  CHANGED           NAME
        folder    ACTIVE!12             2026-03-01 09:30  Correspondence
        document  ACTIVE!34.2  24.3 kB  2026-03-02 09:30  Letter�[2J.docx
        email     ACTIVE!35.1    900 B                    Re: Letter.eml
        ");
    }

    #[test]
    fn what_is_listed_is_told_by_how_it_is_written() {
        assert!(matches!(place("active"), Ok(Place::Library(_))));
        assert!(matches!(place("ACTIVE!12"), Ok(Place::Container(_))));
        assert!(matches!(place("ACTIVE!12.3"), Ok(Place::Document(_))));
        for wrong in ["", "ACTIVE!", "ACTIVE!x", "a b", "ACTIVE!1.0"] {
            assert!(place(wrong).is_err(), "{wrong}");
        }
    }
}
