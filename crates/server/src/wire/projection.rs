//! Only the fields that a search asked for.

use crate::http::error::ApiError;
use crate::wire::fields::Fields;
use serde_json::Value;

/// Which fields of an item are wanted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Projection(Option<Vec<String>>);

/// Always there, whatever was asked for.
const ALWAYS: [&str; 3] = ["id", "wstype", "iwl"];

impl Projection {
    /// `profile_fields.<kind>` of a search; everything when it is absent.
    pub(crate) fn of(body: Fields<'_>, kind: &str) -> Result<Self, ApiError> {
        let Some(fields) = body.object("profile_fields")? else {
            return Ok(Self(None));
        };
        let Some(names) = fields.array(kind)? else {
            return Ok(Self(None));
        };
        let names: Option<Vec<String>> = names
            .iter()
            .map(|name| name.as_str().map(str::to_owned))
            .collect();
        names
            .map(|names| Self(Some(names)))
            .ok_or_else(|| ApiError::field("profile_fields", "it has to be a list of texts"))
    }

    pub(crate) fn apply(&self, item: &impl serde::Serialize) -> Result<Value, ApiError> {
        let mut value = serde_json::to_value(item).map_err(|error| ApiError::internal(&error))?;
        if let (Some(wanted), Value::Object(object)) = (&self.0, &mut value) {
            object.retain(|name, _| {
                ALWAYS.contains(&name.as_str()) || wanted.iter().any(|one| one == name)
            });
        }
        Ok(value)
    }
}
