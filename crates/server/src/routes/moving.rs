//! Moving, copying, and where things are.

use crate::app::SharedApp;
use crate::http::body::JsonObject;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::host::Host;
use crate::http::ids::PathValues;
use crate::http::respond;
use crate::wire;
use crate::wire::fields::Fields;
use axum::extract::State;
use axum::response::Response;
use chancery_proto::ids::{ContainerId, DocumentId};
use http::StatusCode;
use serde_json::{Value, json};

/// A container that one of these fields names.
fn container(fields: Fields<'_>, names: &[&str]) -> Result<ContainerId, ApiError> {
    for name in names {
        if let Some(text) = fields.text(name)?.filter(|text| !text.is_empty()) {
            return text.parse().map_err(|error: chancery_proto::ids::IdError| {
                ApiError::field(name, error.to_string())
            });
        }
    }
    let name = names.first().copied().unwrap_or("id");
    Err(ApiError::field(name, "it is missing"))
}

/// The document in the path of a folder.
fn filed(path: &PathValues) -> Result<(ContainerId, DocumentId), ApiError> {
    let folder = path.container()?;
    let id: DocumentId = path.get("document").parse()?;
    if id.library != folder.library {
        return Err(ApiError::no_record("document"));
    }
    Ok((folder, id))
}

/// `POST L/documents/{id}/copy` with `folder_id`.
pub(crate) async fn copy(
    State(app): State<SharedApp>,
    caller: Caller,
    host: Host,
    path: PathValues,
    JsonObject(body): JsonObject,
) -> Result<Response, ApiError> {
    let (id, who) = (path.document()?, caller.into_principal());
    let folder = container(
        Fields(&body),
        &["folder_id", "destination_folder_id", "destination_id"],
    )?;
    let copied = app.store.copy_document(id, folder, who.clone(), app.now());
    let copied = copied.await?;
    Ok(respond::with_warnings(
        StatusCode::CREATED,
        wire::document::profile(&app, host.name(), &copied, &who),
    ))
}

/// `POST L/folders/{id}/documents/{document}/move`.
pub(crate) async fn document(
    State(app): State<SharedApp>,
    caller: Caller,
    host: Host,
    path: PathValues,
    JsonObject(body): JsonObject,
) -> Result<Response, ApiError> {
    let ((from, id), who) = (filed(&path)?, caller.into_principal());
    let to = container(Fields(&body), &["destination_folder_id", "destination_id"])?;
    let moved = app
        .store
        .move_document(id, from, to, who.clone(), app.now());
    let moved = moved.await?;
    Ok(respond::with_warnings(
        StatusCode::OK,
        wire::document::profile(&app, host.name(), &moved, &who),
    ))
}

/// `DELETE L/folders/{id}/documents/{document}`: out of that folder alone.
pub(crate) async fn unfile(
    State(app): State<SharedApp>,
    caller: Caller,
    path: PathValues,
) -> Result<Response, ApiError> {
    let ((folder, id), who) = (filed(&path)?, caller.into_principal());
    let done = app.store.unfile_document(id, folder, who, app.now());
    done.await?;
    Ok(respond::nothing())
}

/// `POST L/folders/{id}/move`.
pub(crate) async fn folder(
    State(app): State<SharedApp>,
    caller: Caller,
    host: Host,
    path: PathValues,
    JsonObject(body): JsonObject,
) -> Result<Response, ApiError> {
    let (id, who) = (path.container()?, caller.into_principal());
    let to = container(Fields(&body), &["destination_id", "destination_folder_id"])?;
    let moved = app.store.move_folder(id, to, who.clone(), app.now());
    let moved = moved.await?;
    Ok(respond::data(wire::container::container(
        &app,
        host.name(),
        &moved,
        &who,
    )))
}

/// `GET L/documents/{id}/path`: one path for each folder that it is in.
pub(crate) async fn paths(
    State(app): State<SharedApp>,
    caller: Caller,
    host: Host,
    path: PathValues,
) -> Result<Response, ApiError> {
    let (id, who) = (path.document()?, caller.into_principal());
    let asked = who.clone();
    let found = app
        .read(move |store| store.document_paths(&id, &asked))
        .await?;
    let paths: Vec<Vec<_>> = found
        .iter()
        .map(|path| {
            path.iter()
                .map(|one| wire::container::container(&app, host.name(), one, &who))
                .collect()
        })
        .collect();
    let count = paths.len() as u64;
    Ok(respond::array(paths, Some(count), None))
}

/// So many documents may be asked about at once.
const MOST: usize = 500;

/// `POST L/documents/parents` with `document_numbers`: the folders that each is in.
pub(crate) async fn parents(
    State(app): State<SharedApp>,
    caller: Caller,
    host: Host,
    path: PathValues,
    JsonObject(body): JsonObject,
) -> Result<Response, ApiError> {
    let (library, who) = (path.library()?, caller.into_principal());
    let fields = Fields(&body);
    let wrong = || {
        ApiError::field(
            "document_numbers",
            format!("it has to be a list of 1 to {MOST} numbers"),
        )
    };
    let asked = fields.array("document_numbers")?.ok_or_else(wrong)?;
    if asked.is_empty() || asked.len() > MOST {
        return Err(wrong());
    }
    let number = |value: &Value| match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    let numbers: Option<Vec<u64>> = asked.iter().map(number).collect();
    let numbers = numbers.ok_or_else(wrong)?;
    let limit = fields.number("limit")?.unwrap_or(500);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let asking = who.clone();
    let found = app
        .read(move |store| store.folders_of_documents(&library, &numbers, &asking))
        .await?;
    let mut items = Vec::new();
    for (number, folder) in found.iter().take(limit) {
        let mut item =
            serde_json::to_value(wire::container::container(&app, host.name(), folder, &who))
                .map_err(|error| ApiError::internal(&error))?;
        item["document_number"] = json!(number);
        items.push(item);
    }
    let count = items.len() as u64;
    Ok(respond::array(items, Some(count), None))
}
