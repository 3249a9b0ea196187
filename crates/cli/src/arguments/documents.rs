//! Documents and where they are.

use clap::{Args, ValueHint};
use std::path::PathBuf;

/// List what is there.
#[derive(Debug, Args)]
pub(crate) struct Ls {
    /// A library (ACTIVE), a workspace or folder (ACTIVE!12), a document (ACTIVE!34.1: its versions)
    ///
    /// Without it: the libraries, or the workspaces of the only library there is.
    pub(crate) id: Option<String>,
    /// List the libraries, also when there is only one
    #[arg(long, conflicts_with = "id")]
    pub(crate) libraries: bool,
    /// List at most this many
    #[arg(long, value_name = "NUMBER", default_value_t = 1000, value_parser = from_one)]
    pub(crate) limit: u32,
}

/// Send files.
#[derive(Debug, Args)]
#[command(
    override_usage = "chancery put [OPTIONS] FILE... FOLDER\n       chancery put [OPTIONS] -r DIRECTORY CONTAINER\n       chancery put [OPTIONS] FILE... --folder ID\n       chancery put [OPTIONS] FILE --new-version-of ID"
)]
pub(crate) struct Put {
    /// The files, and last the folder that takes them (ACTIVE!12)
    #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) files: Vec<PathBuf>,
    /// Send a directory with everything in it; run again, it goes on or sends what changed
    #[arg(short, long)]
    pub(crate) recursive: bool,
    /// With --recursive: forget what was sent before, and send everything
    #[arg(long, requires = "recursive")]
    pub(crate) anew: bool,
    /// The folder that takes them; every other argument is then a file
    #[arg(long, value_name = "ID", conflicts_with = "new_version_of")]
    pub(crate) folder: Option<String>,
    /// Make the file the next version of this document (ACTIVE!34.1)
    #[arg(long, value_name = "ID")]
    pub(crate) new_version_of: Option<String>,
    /// The document's name instead of the file's
    #[arg(long, value_name = "TEXT")]
    pub(crate) name: Option<String>,
    /// A comment for the document's profile
    #[arg(long, value_name = "TEXT")]
    pub(crate) comment: Option<String>,
}

/// Fetch a document.
#[derive(Debug, Args)]
pub(crate) struct Get {
    /// The document (ACTIVE!34.1), or its latest version (ACTIVE!34)
    pub(crate) id: String,
    /// A file, which is replaced; a directory; or “-” for the standard output
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::AnyPath)]
    pub(crate) output: Option<PathBuf>,
    /// Replace a file of the document's name that is there already
    #[arg(long)]
    pub(crate) force: bool,
}

/// Find documents.
#[derive(Debug, Args)]
pub(crate) struct Find {
    /// Words that are looked for anywhere, all of them
    #[arg(value_name = "WORDS", required_unless_present = "name")]
    pub(crate) words: Vec<String>,
    /// Words in the name
    #[arg(long, value_name = "TEXT")]
    pub(crate) name: Option<String>,
    /// Only in this workspace or folder, and all below it (ACTIVE!12)
    #[arg(long = "in", value_name = "CONTAINER", conflicts_with = "library")]
    pub(crate) container: Option<String>,
    /// Only in this library; without it in all that you see
    #[arg(long, value_name = "LIBRARY")]
    pub(crate) library: Option<String>,
    /// Only documents of this type, for example WORDX or ACROBAT; may be repeated
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) types: Vec<String>,
    /// Show at most this many
    #[arg(long, value_name = "NUMBER", default_value_t = 50, value_parser = up_to_a_page)]
    pub(crate) limit: u32,
}

/// Open a document.
#[derive(Debug, Args)]
pub(crate) struct Open {
    /// The document (ACTIVE!34.1), or its latest version (ACTIVE!34)
    pub(crate) id: String,
    /// Only say where it lies; open nothing
    #[arg(long)]
    pub(crate) print_path: bool,
}

/// Check a document out.
#[derive(Debug, Args)]
pub(crate) struct Checkout {
    /// The document (ACTIVE!34.1), or its latest version (ACTIVE!34)
    pub(crate) id: String,
    /// The directory that gets the file; the current one without it
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) to: Option<PathBuf>,
    /// What others are told about why
    #[arg(long, value_name = "TEXT")]
    pub(crate) comment: Option<String>,
}

/// Check a document in.
#[derive(Debug, Args)]
pub(crate) struct Checkin {
    /// The file, where “chancery checkout” or “chancery open” put it
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// What was changed, for the document's profile
    #[arg(long, value_name = "TEXT")]
    pub(crate) comment: Option<String>,
    /// Make it the next version of the document; this is what happens anyway
    #[arg(long, conflicts_with = "replace")]
    pub(crate) new_version: bool,
    /// Put it in the place of the version that was fetched
    #[arg(long)]
    pub(crate) replace: bool,
    /// Keep the file here; otherwise it goes away once the server has it
    #[arg(long)]
    pub(crate) keep: bool,
}

/// A number of things, from 1 on.
fn from_one(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("it has to be a whole number from 1 on".to_owned()),
        Ok(number) => Ok(number),
    }
}

/// As many as a server gives at once.
fn up_to_a_page(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(number @ 1..=9999) => Ok(number),
        _ => Err("it has to be a whole number from 1 to 9999".to_owned()),
    }
}
