//! What was done with documents, by whom, with what and from where. The database
//! itself refuses to change or delete a line.

use crate::access::{Principal, VERSION_IS_READABLE};
use crate::chain::{self, Field, Log};
use crate::documents::{self, Version};
use crate::{Store, StoreError, events, libraries, recent};
use chancery_proto::clock::Timestamp;
use chancery_proto::ids::DocumentId;
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params, params_from_iter};

/// What was done. The numbers are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Activity {
    /// The document was filed.
    Create,
    /// A version was added.
    NewVersion,
    /// Its bytes were fetched to be looked at.
    View,
    /// Its bytes were fetched to be kept.
    Export,
    /// Its bytes were replaced.
    Replace,
    /// Its profile was changed.
    Profile,
    /// It was locked.
    Lock,
    /// A lock or check-out ended without new bytes.
    Unlock,
    /// It was checked out.
    CheckOut,
    /// A check-out ended with new bytes.
    CheckIn,
    /// Who may see it was changed.
    Security,
    /// It was deleted.
    Delete,
    /// It was moved to another folder, or out of one.
    Move,
    /// It was copied.
    Copy,
    /// It came back from the trash.
    Restore,
    /// It was deleted for good.
    Purge,
}

impl Activity {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Create,
        Self::NewVersion,
        Self::View,
        Self::Export,
        Self::Replace,
        Self::Profile,
        Self::Lock,
        Self::Unlock,
        Self::CheckOut,
        Self::CheckIn,
        Self::Security,
        Self::Delete,
        Self::Move,
        Self::Copy,
        Self::Restore,
        Self::Purge,
    ];

    /// The number that is kept and travels.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Create => 1,
            Self::NewVersion => 2,
            Self::View => 3,
            Self::Export => 4,
            Self::Replace => 5,
            Self::Profile => 6,
            Self::Lock => 7,
            Self::Unlock => 8,
            Self::CheckOut => 9,
            Self::CheckIn => 10,
            Self::Security => 11,
            Self::Delete => 12,
            Self::Move => 13,
            Self::Copy => 14,
            Self::Restore => 15,
            Self::Purge => 16,
        }
    }

    fn of_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.code() == code)
    }

    /// The word that travels.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::NewVersion => "new_version",
            Self::View => "view",
            Self::Export => "export",
            Self::Replace => "replace",
            Self::Profile => "profile_edit",
            Self::Lock => "lock",
            Self::Unlock => "unlock",
            Self::CheckOut => "checkout",
            Self::CheckIn => "checkin",
            Self::Security => "security_change",
            Self::Delete => "delete",
            Self::Move => "move",
            Self::Copy => "copy",
            Self::Restore => "restore",
            Self::Purge => "purge",
        }
    }

    /// What people read.
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            Self::Create => "Filed",
            Self::NewVersion => "New version",
            Self::View => "Viewed",
            Self::Export => "Downloaded",
            Self::Replace => "File replaced",
            Self::Profile => "Profile changed",
            Self::Lock => "Locked",
            Self::Unlock => "Released",
            Self::CheckOut => "Checked out",
            Self::CheckIn => "Checked in",
            Self::Security => "Security changed",
            Self::Delete => "Deleted",
            Self::Move => "Moved",
            Self::Copy => "Copied",
            Self::Restore => "Restored",
            Self::Purge => "Deleted for good",
        }
    }
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryLine {
    /// Later ones have higher numbers.
    pub id: i64,
    /// The document's number.
    pub number: u64,
    /// The version.
    pub version: u32,
    /// When.
    pub at: Timestamp,
    /// Key of who did it.
    pub user: String,
    /// What; None where a newer server wrote it.
    pub activity: Option<Activity>,
    /// With which application.
    pub application: String,
    /// From where.
    pub location: String,
    /// What they said, or what belongs to it.
    pub comment: String,
}

/// Which lines are asked for. Absent means all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HistoryFilter {
    /// Of every version, and not of the one named alone.
    pub all_versions: bool,
    /// Any of these.
    pub activities: Vec<Activity>,
    /// Key of who did it.
    pub user: Option<String>,
    /// At or after.
    pub from: Option<Timestamp>,
    /// At or before.
    pub to: Option<Timestamp>,
}

/// Adds a line, in the transaction that goes on.
pub(crate) fn add(
    connection: &Connection,
    library: i64,
    version: &Version,
    activity: Activity,
    comment: &str,
    who: &Principal,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (last, before) = chain::head(connection, Log::History)?;
    let id = last + 1;
    let number = i64::try_from(version.number).unwrap_or(i64::MAX);
    let fields = [
        Field::Number(id),
        Field::Number(library),
        Field::Number(number),
        Field::Number(version.version.into()),
        Field::Number(now.0),
        Field::Text(who.user.clone()),
        Field::Number(activity.code().into()),
        Field::Text(who.via.application.to_string()),
        Field::Text(who.via.address.to_string()),
        Field::Text(comment.to_owned()),
    ];
    let mark = chain::mark(Log::History, &before, &fields);
    connection
        .prepare_cached(
            "INSERT INTO history (id, library, number, version, at, user, activity, application, location, comment, mark)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?
        .execute(params![
            id,
            library,
            number,
            version.version,
            now.0,
            who.user,
            activity.code(),
            &*who.via.application,
            &*who.via.address,
            comment,
            mark
        ])?;
    events::of_activity(connection, library, version, activity, now)?;
    match activity {
        // It is work with the document, and not a matter of where it is.
        Activity::Delete | Activity::Purge | Activity::Security => Ok(()),
        _ => recent::note(connection, library, version, who, now),
    }
}

fn of_row(row: &Row<'_>) -> rusqlite::Result<HistoryLine> {
    Ok(HistoryLine {
        id: row.get(0)?,
        number: row.get(1)?,
        version: row.get(2)?,
        at: Timestamp(row.get(3)?),
        user: row.get(4)?,
        activity: Activity::of_code(row.get(5)?),
        application: row.get(6)?,
        location: row.get(7)?,
        comment: row.get(8)?,
    })
}

impl Store {
    /// Writes down that a version's bytes were fetched.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn note_fetched(
        &self,
        version: Version,
        activity: Activity,
        who: Principal,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(move |connection| {
            let alias = version.library.parse();
            let alias = alias.map_err(|_| StoreError::NotFound("library"))?;
            let library = libraries::find(connection, &alias)?.id;
            add(connection, library, &version, activity, "", &who, now)
        })
        .await
    }

    /// What was done with a document, the last first: up to `most` lines after the
    /// first `skipped`, and how many there are. Only of versions that `who` may see.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the document is not there for `who`.
    pub fn history(
        &self,
        id: &DocumentId,
        filter: &HistoryFilter,
        who: &Principal,
        skipped: u64,
        most: u32,
    ) -> Result<(Vec<HistoryLine>, u64), StoreError> {
        self.read(|connection| {
            documents::find(connection, id, who)?;
            let library = libraries::find(connection, &id.library)?.id;
            let mut values = vec![
                Value::from(who.user.clone()),
                Value::from(i64::from(who.external)),
                Value::from(who.standing()),
                Value::from(library),
                Value::from(i64::try_from(id.number).unwrap_or(i64::MAX)),
            ];
            let mut conditions = format!(
                "h.library = ?4 AND h.number = ?5 AND EXISTS (
                    SELECT 1 FROM versions v JOIN documents d ON d.library = v.library AND d.number = v.number
                    WHERE v.library = h.library AND v.number = h.number AND v.version = h.version AND {VERSION_IS_READABLE})"
            );
            let mut only = |condition: &str, value: Value| {
                values.push(value);
                conditions.push_str(&format!(" AND {condition} ?{}", values.len()));
            };
            if !filter.all_versions {
                only("h.version =", Value::from(i64::from(id.version)));
            }
            if let Some(user) = &filter.user {
                only("h.user =", Value::from(user.clone()));
            }
            if let Some(from) = filter.from {
                only("h.at >=", Value::from(from.0));
            }
            if let Some(to) = filter.to {
                only("h.at <=", Value::from(to.0));
            }
            if !filter.activities.is_empty() {
                let codes: Vec<String> = filter
                    .activities
                    .iter()
                    .map(|one| one.code().to_string())
                    .collect();
                conditions.push_str(&format!(" AND h.activity IN ({})", codes.join(",")));
            }
            let count: i64 = connection
                .prepare_cached(&format!("SELECT COUNT(*) FROM history h WHERE {conditions}"))?
                .query_row(params_from_iter(values.iter()), |row| row.get(0))?;
            values.push(Value::from(i64::from(most)));
            values.push(Value::from(i64::try_from(skipped).unwrap_or(i64::MAX)));
            let (limit, offset) = (values.len() - 1, values.len());
            let lines = connection
                .prepare_cached(&format!(
                    "SELECT h.id, h.number, h.version, h.at, h.user, h.activity, h.application, h.location, h.comment
                     FROM history h WHERE {conditions} ORDER BY h.id DESC LIMIT ?{limit} OFFSET ?{offset}"
                ))?
                .query_map(params_from_iter(values.iter()), of_row)?
                .collect::<Result<_, _>>()?;
            Ok((lines, u64::try_from(count).unwrap_or(0)))
        })
    }
}
