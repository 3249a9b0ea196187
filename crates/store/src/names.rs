//! How names are compared and sorted.

/// What names are sorted and compared by: lower case, whatever the engine's own rules.
pub(crate) fn name_key(name: &str) -> String {
    name.to_lowercase()
}
