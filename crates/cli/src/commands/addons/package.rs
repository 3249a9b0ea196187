//! An add-on's files in one archive: the same bytes whenever it is made.

use crate::exit::Exit;
use crate::failure::Failure;
use std::io::{Cursor, Write};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// A file's path in the archive, and what is in it.
pub(super) type File = (&'static str, &'static [u8]);

/// The archive of these files, in their order.
pub(super) fn package(files: &[File]) -> Result<Vec<u8>, Failure> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644);
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let mut write = || -> Result<(), zip::result::ZipError> {
        for (path, content) in files {
            archive.start_file(*path, options)?;
            archive.write_all(content)?;
        }
        Ok(())
    };
    write()
        .and_then(|()| archive.finish())
        .map(Cursor::into_inner)
        .map_err(|error| {
            Failure::new(
                Exit::Failed,
                "ADDON",
                format!("The add-on cannot be packed: {error}."),
            )
        })
}
