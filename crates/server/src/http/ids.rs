//! Ids in paths.

use crate::app::CUSTOMER;
use crate::http::error::ApiError;
use axum::extract::{FromRequestParts, RawPathParams};
use chancery_proto::ids::{ContainerId, DocumentId, LibraryAlias};
use http::request::Parts;

/// The values in the path of a route, decoded.
#[derive(Debug)]
pub(crate) struct PathValues(Vec<(String, String)>);

impl PathValues {
    pub(crate) fn get(&self, name: &str) -> &str {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map_or("", |(_, value)| value)
    }

    /// The library that the path names.
    pub(crate) fn library(&self) -> Result<LibraryAlias, ApiError> {
        self.get("lib")
            .parse()
            .map_err(|_| ApiError::no_record("library"))
    }

    /// A document's id, of the library that the path names.
    pub(crate) fn document(&self) -> Result<DocumentId, ApiError> {
        let id: DocumentId = self.get("id").parse()?;
        same_library(&id.library, &self.library()?, "document")?;
        Ok(id)
    }

    /// A container's id, of the library that the path names.
    pub(crate) fn container(&self) -> Result<ContainerId, ApiError> {
        let id: ContainerId = self.get("id").parse()?;
        same_library(&id.library, &self.library()?, "container")?;
        Ok(id)
    }
}

/// An id of another library is not there: a library's path opens that library alone.
fn same_library(id: &LibraryAlias, path: &LibraryAlias, what: &str) -> Result<(), ApiError> {
    if id == path {
        Ok(())
    } else {
        Err(ApiError::no_record(what))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for PathValues {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let params = RawPathParams::from_request_parts(parts, state)
            .await
            .map_err(|_| ApiError::field("path", "its escapes are not UTF-8"))?;
        let values: Vec<(String, String)> = params
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let values = Self(values);
        if values.0.iter().any(|(name, _)| name == "cid")
            && values.get("cid").parse::<i64>() != Ok(CUSTOMER)
        {
            return Err(ApiError::no_record("customer"));
        }
        Ok(values)
    }
}
