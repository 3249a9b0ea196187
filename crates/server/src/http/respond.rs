//! Answers that are a success.

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use chancery_proto::work::{ArrayList, Data, Results, ResultsList};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use serde::Serialize;

/// Any JSON with a status.
pub(crate) fn json<T: Serialize>(status: StatusCode, value: &T) -> Response {
    match serde_json::to_vec(value) {
        Ok(bytes) => {
            let mut response = Response::new(Body::from(bytes));
            *response.status_mut() = status;
            response
                .headers_mut()
                .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            response
        }
        Err(error) => crate::http::error::ApiError::internal(&error).into_response(),
    }
}

/// `{"data":…}`.
pub(crate) fn data<T: Serialize>(value: T) -> Response {
    json(StatusCode::OK, &Data { data: value })
}

/// `{"data":…}` with 201.
pub(crate) fn created<T: Serialize>(value: T) -> Response {
    json(StatusCode::CREATED, &Data { data: value })
}

/// `{"data":…,"warnings":[]}`: documents are always answered like this.
pub(crate) fn with_warnings<T: Serialize>(status: StatusCode, value: T) -> Response {
    #[derive(Serialize)]
    struct WithWarnings<T> {
        data: T,
        warnings: [(); 0],
    }
    json(
        status,
        &WithWarnings {
            data: value,
            warnings: [],
        },
    )
}

/// 200 without a body: something was deleted.
pub(crate) fn nothing() -> Response {
    StatusCode::OK.into_response()
}

/// `{"data":{}}`: done, and nothing to say.
pub(crate) fn done() -> Response {
    data(serde_json::Map::new())
}

/// The array shape.
pub(crate) fn array<T: Serialize>(
    items: Vec<T>,
    total: Option<u64>,
    overflow: Option<bool>,
) -> Response {
    json(
        StatusCode::OK,
        &ArrayList {
            data: items,
            total_count: total,
            overflow,
        },
    )
}

/// The results shape.
pub(crate) fn results<T: Serialize>(
    items: Vec<T>,
    cursor: Option<String>,
    total: Option<u64>,
) -> Response {
    json(
        StatusCode::OK,
        &ResultsList {
            data: Results { results: items },
            cursor,
            total_count: total,
        },
    )
}
