//! Whether there is a screen that a window could be shown on.

use std::ffi::OsString;

/// Why there is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("neither WAYLAND_DISPLAY nor DISPLAY names a screen")]
pub struct NoScreen;

/// Whether this process belongs to a session with a screen. Asks nobody: a
/// screen that is named may still refuse.
///
/// # Errors
/// [`NoScreen`].
pub fn is_there() -> Result<(), NoScreen> {
    if cfg!(any(windows, target_os = "macos")) {
        return Ok(());
    }
    named(&["WAYLAND_DISPLAY", "DISPLAY"].map(std::env::var_os))
}

fn named(names: &[Option<OsString>]) -> Result<(), NoScreen> {
    let is_named = names.iter().flatten().any(|name| !name.is_empty());
    is_named.then_some(()).ok_or(NoScreen)
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn a_screen_is_there_where_the_session_names_one() {
        assert!(named(&[None, Some(":0".into())]).is_ok());
        assert!(named(&[Some("wayland-0".into()), None]).is_ok());
        assert!(named(&[Some("".into()), None]).is_err());
    }
}
