//! What a library calls its fields. The words are the administrator's: no field
//! is a client or a matter by itself.

use crate::audit::{self, AuditEntry};
use crate::{Store, StoreError, libraries};
use chancery_proto::ids::LibraryAlias;
use rusqlite::params;

/// What a field is called, in one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caption {
    /// The field's name as it travels, for example `custom1`.
    pub field: String,
    /// A language, for example `en` or `de-CH`; nothing for the one that holds
    /// where a language has none.
    pub language: String,
    /// What people read.
    pub text: String,
}

fn check(caption: &Caption) -> Result<(), StoreError> {
    let text = &caption.text;
    if text.chars().count() > 64 || text.chars().any(char::is_control) {
        return Err(StoreError::invalid(
            "caption",
            "it has at most 64 characters and no control characters",
        ));
    }
    let language = &caption.language;
    let is_language = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    if language.len() > 35 || !language.chars().all(is_language) {
        return Err(StoreError::invalid(
            "language",
            "it has to be a language like en or de-CH (BCP 47)",
        ));
    }
    Ok(())
}

impl Store {
    /// Every caption of a library, by field and language.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for the library.
    pub fn captions(&self, library: &LibraryAlias) -> Result<Vec<Caption>, StoreError> {
        self.read(|connection| {
            let library = libraries::find(connection, library)?.id;
            let found = connection
                .prepare_cached(
                    "SELECT field, language, caption FROM captions WHERE library = ?1 ORDER BY field, language",
                )?
                .query_map([library], |row| {
                    Ok(Caption {
                        field: row.get(0)?,
                        language: row.get(1)?,
                        text: row.get(2)?,
                    })
                })?
                .collect::<Result<_, _>>()?;
            Ok(found)
        })
    }

    /// Sets what a field is called; an empty text takes a caption away.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for the library, [`StoreError::Invalid`].
    pub async fn set_caption(
        &self,
        library: LibraryAlias,
        caption: Caption,
        audit: AuditEntry,
    ) -> Result<(), StoreError> {
        check(&caption)?;
        self.write(move |connection| {
            let library = libraries::find(connection, &library)?.id;
            let language = caption.language.to_ascii_lowercase();
            if caption.text.is_empty() {
                connection
                    .prepare_cached(
                        "DELETE FROM captions WHERE library = ?1 AND field = ?2 AND language = ?3",
                    )?
                    .execute(params![library, caption.field, language])?;
            } else {
                connection
                    .prepare_cached("INSERT OR REPLACE INTO captions VALUES (?1, ?2, ?3, ?4)")?
                    .execute(params![library, caption.field, language, caption.text])?;
            }
            audit::add(connection, &audit)
        })
        .await
    }
}
