//! Documents that belong together: each of two related ones leads to the other.

use crate::access::{Access, Principal, VERSION_IS_READABLE};
use crate::documents::{self, Version};
use crate::history::{self, Activity};
use crate::{Store, StoreError, libraries, lookups};
use chancery_proto::clock::Timestamp;
use chancery_proto::ids::DocumentId;
use rusqlite::params;

/// A document is related to so many others at most.
const MOST: u64 = 500;
const RELATED: &str = "SELECT COUNT(*) FROM related WHERE library = ?1 AND number = ?2";

impl Store {
    /// The documents that a document is related to and `who` may see, by name:
    /// their latest versions.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the document is not there for `who`.
    pub fn related_documents(
        &self,
        id: &DocumentId,
        who: &Principal,
    ) -> Result<Vec<Version>, StoreError> {
        self.read(|connection| {
            documents::find(connection, id, who)?;
            let library = libraries::find(connection, &id.library)?.id;
            let mut found: Vec<Version> = connection
                .prepare_cached(&format!(
                    "SELECT {} FROM related r CROSS JOIN {} WHERE r.library = ?4 AND r.number = ?5
                     AND v.library = r.other_library AND v.number = r.other_number AND v.version = d.latest
                     AND v.deleted IS NULL AND {VERSION_IS_READABLE} ORDER BY v.name, v.library, v.number",
                    documents::columns(),
                    documents::from()
                ))?
                .query_map(
                    params![who.user, who.external, who.standing(), library, id.number],
                    documents::of_row,
                )?
                .collect::<Result<_, _>>()?;
            lookups::describe(connection, &mut found)?;
            Ok(found)
        })
    }

    /// Relates a document to others. What is related already stays so.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::NoAccess`] for one that `who` may not
    /// change; [`StoreError::Invalid`] for a document with itself;
    /// [`StoreError::Conflict`] where there are too many.
    pub async fn relate(
        &self,
        id: DocumentId,
        others: Vec<DocumentId>,
        who: Principal,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(move |connection| {
            let version = documents::find_for(connection, &id, &who, Access::ReadWrite)?;
            let library = libraries::find(connection, &id.library)?.id;
            for other in others {
                documents::find(connection, &other, &who)?;
                let other_library = libraries::find(connection, &other.library)?.id;
                if (library, id.number) == (other_library, other.number) {
                    return Err(StoreError::invalid(
                        "document_ids",
                        "a document is not related to itself",
                    ));
                }
                let pair = [(library, id.number), (other_library, other.number)];
                for (one, two) in [(pair[0], pair[1]), (pair[1], pair[0])] {
                    connection
                        .prepare_cached("INSERT OR IGNORE INTO related VALUES (?1, ?2, ?3, ?4)")?
                        .execute(params![one.0, one.1, two.0, two.1])?;
                    let count: u64 = connection
                        .prepare_cached(RELATED)?
                        .query_row(params![one.0, one.1], |row| row.get(0))?;
                    if count > MOST {
                        return Err(StoreError::Conflict(format!(
                            "A document is related to at most {MOST} others."
                        )));
                    }
                }
            }
            let comment = "related to other documents";
            history::add(
                connection,
                library,
                &version,
                Activity::Profile,
                comment,
                &who,
                now,
            )
        })
        .await
    }

    /// Ends that two documents are related.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also where they are not; [`StoreError::NoAccess`].
    pub async fn unrelate(
        &self,
        id: DocumentId,
        other: DocumentId,
        who: Principal,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(move |connection| {
            let version = documents::find_for(connection, &id, &who, Access::ReadWrite)?;
            documents::find(connection, &other, &who)?;
            let library = libraries::find(connection, &id.library)?.id;
            let other_library = libraries::find(connection, &other.library)?.id;
            let pair = [(library, id.number), (other_library, other.number)];
            let mut removed = 0;
            for (one, two) in [(pair[0], pair[1]), (pair[1], pair[0])] {
                removed += connection
                    .prepare_cached(
                        "DELETE FROM related WHERE library = ?1 AND number = ?2 AND other_library = ?3 AND other_number = ?4",
                    )?
                    .execute(params![one.0, one.1, two.0, two.1])?;
            }
            if removed == 0 {
                return Err(StoreError::NotFound("related document"));
            }
            let comment = "no longer related to another document";
            history::add(connection, library, &version, Activity::Profile, comment, &who, now)
        })
        .await
    }
}
