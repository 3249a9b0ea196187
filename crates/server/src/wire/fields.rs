//! Reading fields of a JSON object: each with its own error.

use crate::http::error::ApiError;
use chancery_proto::clock::Timestamp;
use chancery_proto::ids::IdError;
use chancery_proto::work::DefaultSecurity;
use serde_json::{Map, Value};

/// A JSON object that is being read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields<'a>(pub(crate) &'a Map<String, Value>);

impl<'a> Fields<'a> {
    fn get(self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// A text, empty or not.
    pub(crate) fn text(self, name: &str) -> Result<Option<&'a str>, ApiError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(ApiError::field(name, "it has to be a text")),
        }
    }

    /// A text of its own.
    pub(crate) fn owned(self, name: &str) -> Result<Option<String>, ApiError> {
        Ok(self.text(name)?.map(str::to_owned))
    }

    pub(crate) fn flag(self, name: &str) -> Result<Option<bool>, ApiError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(ApiError::field(name, "it has to be true or false")),
        }
    }

    pub(crate) fn number(self, name: &str) -> Result<Option<u64>, ApiError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Number(number)) => number
                .as_u64()
                .map(Some)
                .ok_or_else(|| ApiError::field(name, "it has to be a whole number of 0 or more")),
            Some(_) => Err(ApiError::field(
                name,
                "it has to be a whole number of 0 or more",
            )),
        }
    }

    /// A time; an empty text means that it is not set.
    pub(crate) fn time(self, name: &str) -> Result<Option<Timestamp>, ApiError> {
        match self.text(name)? {
            None | Some("") => Ok(None),
            Some(text) => Timestamp::parse(text).map(Some).ok_or_else(|| {
                ApiError::field(name, "it has to be a time like 2026-03-01T09:30:00Z")
            }),
        }
    }

    pub(crate) fn security(self, name: &str) -> Result<Option<DefaultSecurity>, ApiError> {
        match self.text(name)? {
            None | Some("") => Ok(None),
            Some("public") => Ok(Some(DefaultSecurity::Public)),
            Some("view") => Ok(Some(DefaultSecurity::View)),
            Some("private") => Ok(Some(DefaultSecurity::Private)),
            Some("inherit") => Ok(Some(DefaultSecurity::Inherit)),
            Some(_) => Err(ApiError::field(
                name,
                "it has to be public, view, private or inherit",
            )),
        }
    }

    pub(crate) fn object(self, name: &str) -> Result<Option<Fields<'a>>, ApiError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Object(object)) => Ok(Some(Fields(object))),
            Some(_) => Err(ApiError::field(name, "it has to be an object")),
        }
    }

    pub(crate) fn array(self, name: &str) -> Result<Option<&'a [Value]>, ApiError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Array(array)) => Ok(Some(array)),
            Some(_) => Err(ApiError::field(name, "it has to be a list")),
        }
    }

    /// A list of ids, each read by `read`; of none where there is no list.
    pub(crate) fn ids<T>(
        self,
        name: &str,
        read: impl Fn(&str) -> Result<T, IdError>,
    ) -> Result<Vec<T>, ApiError> {
        let id = |value: &Value| {
            let text = value.as_str().unwrap_or_default();
            read(text).map_err(|error| ApiError::field(name, error.to_string()))
        };
        let array = self.array(name)?.unwrap_or_default();
        array.iter().map(id).collect()
    }
}
