//! `chancery-server caption …`: what a library calls its fields.

use super::{CommandError, Place, by_command, output};
use crate::routes::captions::{every_field, usual};
use chancery_proto::clock::SystemClock;
use chancery_proto::ids::LibraryAlias;
use chancery_store::captions::Caption as Kept;
use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(super) enum Caption {
    /// List what the fields are called
    List(List),
    /// Set what a field is called
    Set(Set),
}

#[derive(Debug, Args)]
pub(super) struct List {
    /// The library
    library: LibraryAlias,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
pub(super) struct Set {
    /// The library
    library: LibraryAlias,
    /// The field, for example custom1
    field: String,
    /// What it is called; an empty text takes the caption away
    caption: String,
    /// For one language alone, for example de or de-CH
    #[arg(
        long,
        value_name = "LANGUAGE",
        default_value = "",
        hide_default_value = true
    )]
    language: String,
    #[command(flatten)]
    place: Place,
}

impl Caption {
    pub(super) async fn run(self) -> Result<(), CommandError> {
        match self {
            Self::List(List { library, place }) => {
                let captions = place.open()?.store()?.captions(&library)?;
                let mut rows = Vec::new();
                for field in every_field() {
                    let own: Vec<&Kept> =
                        captions.iter().filter(|one| one.field == field).collect();
                    for caption in &own {
                        rows.push(vec![
                            field.clone(),
                            caption.text.clone(),
                            caption.language.clone(),
                        ]);
                    }
                    if own.is_empty()
                        && let Some((_, text)) = usual(&field)
                    {
                        rows.push(vec![field, text, "(not set)".to_owned()]);
                    }
                }
                output::table(&["FIELD", "CAPTION", "LANGUAGE"], &rows);
            }
            Self::Set(set) => {
                let Some((field, _)) = usual(&set.field) else {
                    return Err(CommandError::Plain(format!(
                        "There is no field “{}”. See which there are with “chancery-server caption list”.",
                        set.field
                    )));
                };
                let store = set.place.open()?.store()?;
                let now = SystemClock::shared().now();
                let activity = format!("caption of {field} in {} changed", set.library);
                let caption = Kept {
                    field: field.clone(),
                    language: set.language,
                    text: set.caption,
                };
                let done = if caption.text.is_empty() {
                    format!("{field} has its usual caption again.")
                } else {
                    format!("{field} is called “{}”.", caption.text)
                };
                store
                    .set_caption(set.library, caption, by_command(activity, now))
                    .await?;
                output::line(&done);
            }
        }
        Ok(())
    }
}
