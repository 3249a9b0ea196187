//! Where Mozilla's programs keep what is this person's.

use std::path::PathBuf;

/// There is no such place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoPlace {
    /// The person's home directory is not known.
    #[error(
        "{0} is not set, so the place of Thunderbird's files is not known. Set it and try again."
    )]
    NoHome(&'static str),
    /// On this system it is no directory.
    #[error("{0}")]
    NotHere(&'static str),
}

/// Where the manifests of native messaging hosts are looked for.
///
/// # Errors
/// [`NoPlace`]; on Windows the registry is that place, which is not written
/// yet.
pub fn native_messaging_hosts() -> Result<PathBuf, NoPlace> {
    #[cfg(windows)]
    return Err(NoPlace::NotHere(
        "On Windows Thunderbird finds the programs that add-ons talk to in the registry, and this command does not write there yet.",
    ));
    #[cfg(target_os = "macos")]
    return Ok(home()?.join("Library/Application Support/Mozilla/NativeMessagingHosts"));
    #[cfg(all(unix, not(target_os = "macos")))]
    return Ok(home()?.join(".mozilla/native-messaging-hosts"));
}

/// Thunderbird's own directory, with the list of profiles in it.
///
/// # Errors
/// [`NoPlace::NoHome`].
pub fn thunderbird() -> Result<PathBuf, NoPlace> {
    #[cfg(windows)]
    return Ok(home()?.join("Thunderbird"));
    #[cfg(target_os = "macos")]
    return Ok(home()?.join("Library/Thunderbird"));
    #[cfg(all(unix, not(target_os = "macos")))]
    return Ok(home()?.join(".thunderbird"));
}

fn home() -> Result<PathBuf, NoPlace> {
    let variable = if cfg!(windows) { "APPDATA" } else { "HOME" };
    std::env::var_os(variable)
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .ok_or(NoPlace::NoHome(variable))
}
