//! What the system said, in words for a person.

use std::io;

/// What went wrong with a file or a socket: part of a sentence, without the
/// system's own number for it.
///
/// ```
/// use chancery_platform::wording::plainly;
/// use std::io;
/// assert_eq!(plainly(&io::ErrorKind::StorageFull.into()), "the disk is full");
/// ```
#[must_use]
pub fn plainly(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "it is not there".to_owned(),
        io::ErrorKind::PermissionDenied => "you may not do that".to_owned(),
        io::ErrorKind::StorageFull => "the disk is full".to_owned(),
        io::ErrorKind::QuotaExceeded => "your share of the disk is full".to_owned(),
        io::ErrorKind::FileTooLarge => "it may not become that long".to_owned(),
        io::ErrorKind::AlreadyExists => "it is there already".to_owned(),
        io::ErrorKind::IsADirectory => "it is a directory".to_owned(),
        io::ErrorKind::ReadOnlyFilesystem => "nothing can be written there".to_owned(),
        _ => {
            let text = error.to_string();
            match text.find(" (os error") {
                Some(end) => text[..end].to_lowercase(),
                None => text,
            }
        }
    }
}
