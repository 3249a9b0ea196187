//! Putting documents into folders, and changing them: each a whole step.

use crate::access::{Access, Principal, refusal, security_number};
use crate::containers::{self, ContainerKind, check_name};
use crate::documents::{self, ContentHash, Version};
use crate::entries::Entries;
use crate::events::{self, Action};
use crate::history::{self, Activity};
use crate::inheritance::{Held, above_document};
use crate::names::name_key;
use crate::once::{self, OnceKey};
use crate::{Store, StoreError, defaults, entries, libraries, locks, lookups, security};
use chancery_proto::clock::Timestamp;
use chancery_proto::ids::{ContainerId, DocumentId};
use chancery_proto::work::DefaultSecurity;
use rusqlite::{Connection, params};

/// Profile fields as somebody gives them; what is absent gets its default or stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profile {
    /// The name, without extension.
    pub name: Option<String>,
    /// Up to 16 letters and digits.
    pub extension: Option<String>,
    /// For example `WORDX`.
    pub kind: Option<String>,
    /// The class.
    pub class: Option<String>,
    /// The subclass.
    pub subclass: Option<String>,
    /// Key of the author.
    pub author: Option<String>,
    /// Key of the operator.
    pub operator: Option<String>,
    /// Up to 2,000 characters.
    pub comment: Option<String>,
    /// As it is set.
    pub default_security: Option<DefaultSecurity>,
    /// When the file was made.
    pub file_created: Option<Timestamp>,
    /// When the file was last changed.
    pub file_edited: Option<Timestamp>,
    /// Further profile fields, as a whole JSON object.
    pub extra: Option<String>,
    /// Whether whoever has it keeps it. Without it new bytes are a check-in, and a
    /// changed profile is none.
    pub keep_locked: Option<bool>,
    /// For a new document: it takes what its folder has for it, but for these
    /// fields, which it names itself. Nothing is taken where this is nothing.
    pub inherits_except: Option<Vec<String>>,
    /// Entries to give the version of its own, beside those that it has.
    pub trustees: Entries,
}

/// Bytes that are durable already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredContent {
    /// Of the bytes.
    pub hash: ContentHash,
    /// In bytes.
    pub size: u64,
}

fn check(profile: &Profile) -> Result<(), StoreError> {
    if let Some(name) = &profile.name {
        check_name(name)?;
    }
    if let Some(extension) = &profile.extension
        && !(extension.len() <= 16 && extension.bytes().all(|byte| byte.is_ascii_alphanumeric()))
    {
        return Err(StoreError::invalid(
            "extension",
            "an extension has up to 16 letters and digits, without a dot",
        ));
    }
    for (field, value, longest) in [
        ("type", &profile.kind, 32),
        ("class", &profile.class, 64),
        ("subclass", &profile.subclass, 64),
        ("comment", &profile.comment, 2_000),
    ] {
        if let Some(text) = value {
            if text.chars().count() > longest {
                return Err(StoreError::invalid(
                    field,
                    format!("it has at most {longest} characters"),
                ));
            }
            if text.contains('\0') {
                return Err(StoreError::invalid(field, "it has no NUL character"));
            }
        }
    }
    Ok(())
}

fn insert_version(
    connection: &Connection,
    library: i64,
    version: &Version,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO versions VALUES
             (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21,?22,NULL,?23,?24)",
        )?
        .execute(params![
            library,
            version.number,
            version.version,
            version.name,
            version.extension,
            version.kind,
            version.class,
            version.subclass,
            version.author,
            version.operator,
            version.last_user,
            version.comment,
            security_number(version.default_security),
            security_number(version.effective_security),
            version.size,
            version.hash,
            version.created.0,
            version.edited.0,
            version.profile_edited.0,
            version.file_created.0,
            version.file_edited.0,
            version.extra,
            version.own_entries,
            version.entries
        ])?;
    Ok(())
}

fn write_version(
    connection: &Connection,
    library: i64,
    version: &Version,
) -> Result<(), StoreError> {
    connection
        .prepare_cached("DELETE FROM versions WHERE library = ?1 AND number = ?2 AND version = ?3")?
        .execute(params![library, version.number, version.version])?;
    insert_version(connection, library, version)
}

/// Lists follow the latest version's name.
fn rename_filings(
    connection: &Connection,
    library: i64,
    number: u64,
    name: &str,
) -> Result<(), StoreError> {
    connection
        .prepare_cached("UPDATE filings SET name_key = ?3 WHERE library = ?1 AND number = ?2")?
        .execute(params![library, number, name_key(name)])?;
    Ok(())
}

/// Has a version hold what follows from its settings below `above`.
fn settle(connection: &Connection, version: &mut Version, above: Held) -> Result<(), StoreError> {
    let (security, own) = (version.default_security, version.own_entries);
    let held = Held::below(connection, above, security, own)?;
    version.effective_security = held.security;
    version.entries = held.entries;
    Ok(())
}

/// Writes a new document with its first version, at home in `above`.
pub(crate) fn insert_new(
    connection: &Connection,
    library: i64,
    version: &mut Version,
    above: &containers::Container,
) -> Result<(), StoreError> {
    settle(connection, version, above.held())?;
    connection
        .prepare_cached("INSERT INTO documents VALUES (?1, ?2, ?3, 1, 1, ?4)")?
        .execute(params![
            library,
            version.number,
            above.workspace,
            above.number
        ])?;
    insert_version(connection, library, version)?;
    connection
        .prepare_cached("INSERT INTO filings VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![
            library,
            above.number,
            name_key(&version.name),
            version.number
        ])?;
    Ok(())
}

/// The version as it is kept now, for the answer to whoever wrote it.
pub(crate) fn written(
    connection: &Connection,
    version: &Version,
    who: Principal,
) -> Result<Version, StoreError> {
    let id = format!("{}!{}.{}", version.library, version.number, version.version);
    let id = id.parse().map_err(|_| StoreError::NotFound("document"))?;
    documents::find(connection, &id, &who.beyond_walls())
}

impl Profile {
    /// Lays what was given over `version`.
    fn lay_over(self, version: &mut Version) {
        let Self {
            name,
            extension,
            kind,
            class,
            subclass,
            author,
            operator,
            comment,
            default_security,
            file_created,
            file_edited,
            extra,
            keep_locked: _,
            inherits_except: _,
            trustees: _,
        } = self;
        let texts = [
            (name, &mut version.name),
            (
                extension.map(|extension| extension.to_ascii_lowercase()),
                &mut version.extension,
            ),
            (kind, &mut version.kind),
            (class, &mut version.class),
            (subclass, &mut version.subclass),
            (author, &mut version.author),
            (operator, &mut version.operator),
            (comment, &mut version.comment),
            (extra, &mut version.extra),
        ];
        for (given, kept) in texts {
            if let Some(given) = given {
                *kept = given;
            }
        }
        version.default_security = default_security.unwrap_or(version.default_security);
        version.file_created = file_created.unwrap_or(version.file_created);
        version.file_edited = file_edited.unwrap_or(version.file_edited);
    }
}

impl Store {
    /// Whether `who` may put a document into a folder: asked before any bytes are taken.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::NoAccess`], or [`StoreError::Invalid`]
    /// for a workspace, which holds folders only.
    pub fn may_file_into(&self, folder: &ContainerId, who: &Principal) -> Result<(), StoreError> {
        self.read(|connection| may_file_into(connection, folder, who).map(|_| ()))
    }

    /// Whether `who` may change a version: asked before any bytes are taken.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::NoAccess`]; [`StoreError::Conflict`]
    /// while somebody else has it.
    pub fn may_change(&self, id: &DocumentId, who: &Principal) -> Result<(), StoreError> {
        self.read(|connection| {
            let version = documents::find_for(connection, id, who, Access::ReadWrite)?;
            locks::must_be_free(connection, &version, who)
        })
    }

    /// Whether `who` may add a version to a document, which does no harm to one
    /// that somebody else has.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::NoAccess`].
    pub fn may_add_version(&self, id: &DocumentId, who: &Principal) -> Result<(), StoreError> {
        self.read(|connection| {
            documents::find_for(connection, id, who, Access::ReadWrite).map(|_| ())
        })
    }

    /// Files a new document, version 1, whose bytes are durable already. With a
    /// key, the same request again gets the same document.
    ///
    /// # Errors
    /// As [`Store::may_file_into`], and [`StoreError::Invalid`] for a field.
    pub async fn add_document(
        &self,
        folder: ContainerId,
        mut profile: Profile,
        content: StoredContent,
        key: Option<OnceKey>,
        who: Principal,
        now: Timestamp,
    ) -> Result<Version, StoreError> {
        check(&profile)?;
        self.write(move |connection| {
            let above = may_file_into(connection, &folder, &who)?;
            let target = folder.to_string();
            if let Some(made) =
                once::before(connection, key.as_ref(), &target, &content.hash, &who, now)?
            {
                return Ok(made);
            }
            let library = libraries::find(connection, &folder.library)?;
            let number = libraries::take_number(connection, library.id)?;
            let mut version = Version {
                library: folder.library.as_str().to_owned(),
                number,
                version: 1,
                latest: 1,
                name: "Untitled".to_owned(),
                extension: String::new(),
                kind: "ANSI".to_owned(),
                class: "DOC".to_owned(),
                subclass: String::new(),
                author: who.user.clone(),
                operator: who.user.clone(),
                last_user: who.user.clone(),
                comment: String::new(),
                default_security: DefaultSecurity::Inherit,
                effective_security: above.effective_security,
                size: content.size,
                hash: content.hash,
                created: now,
                edited: now,
                profile_edited: now,
                file_created: now,
                file_edited: now,
                extra: "{}".to_owned(),
                workspace: above.workspace,
                workspace_name: String::new(),
                own_entries: entries::NONE,
                entries: above.entries,
                granted: None,
                walled: false,
                lock: None,
                descriptions: Vec::new(),
                is_related: false,
            };
            let given = defaults::complete(connection, library.id, folder.number, &mut profile)?;
            let trustees = std::mem::take(&mut profile.trustees);
            version.own_entries = security::with(connection, version.own_entries, trustees)?;
            profile.lay_over(&mut version);
            let before = || lookups::of_profile(&given);
            lookups::settle_version(connection, library.id, before, &mut version)?;
            insert_new(connection, library.id, &mut version, &above)?;
            history::add(
                connection,
                library.id,
                &version,
                Activity::Create,
                "",
                &who,
                now,
            )?;
            let filed = Some(above.number);
            events::of_version(
                connection,
                library.id,
                &version,
                Action::DocumentLink,
                filed,
                now,
            )?;
            once::remember(connection, key.as_ref(), &target, &version, &who, now)?;
            written(connection, &version, who)
        })
        .await
    }

    /// Adds the next version, whose bytes are durable already. The profile
    /// begins as that of the version named. With a key, the same request again
    /// gets the same version.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::NoAccess`], [`StoreError::Invalid`].
    pub async fn add_version(
        &self,
        id: DocumentId,
        profile: Profile,
        content: StoredContent,
        key: Option<OnceKey>,
        who: Principal,
        now: Timestamp,
    ) -> Result<Version, StoreError> {
        check(&profile)?;
        self.write(move |connection| {
            let mut version = documents::find_for(connection, &id, &who, Access::ReadWrite)?;
            if !profile.trustees.is_empty() && version.access(&who) < Access::ChangeSecurity {
                return Err(refusal(Access::ChangeSecurity));
            }
            let library = libraries::find(connection, &id.library)?;
            // The version that was named may differ in a repeated request; the document does not.
            let target = format!("{}!{}.", id.library, id.number);
            if let Some(made) = once::before(connection, key.as_ref(), &target, &content.hash, &who, now)? {
                return Ok(made);
            }
            // Numbers of deleted versions are not given again.
            let next: u32 = connection
                .prepare_cached(
                    "UPDATE documents SET newest = newest + 1, latest = newest + 1 WHERE library = ?1 AND number = ?2
                     RETURNING newest",
                )?
                .query_row(params![library.id, id.number], |row| row.get(0))?;
            let before = version.clone();
            let keep_locked = profile.keep_locked.unwrap_or(false);
            version.own_entries =
                security::with(connection, version.own_entries, profile.trustees.clone())?;
            version.version = next;
            version.latest = next;
            version.size = content.size;
            version.hash = content.hash;
            version.created = now;
            version.edited = now;
            version.profile_edited = now;
            version.file_edited = now;
            version.last_user.clone_from(&who.user);
            version.operator.clone_from(&who.user);
            profile.lay_over(&mut version);
            let held = || lookups::of_version(&before);
            lookups::settle_version(connection, library.id, held, &mut version)?;
            let above = above_document(connection, library.id, id.number)?;
            settle(connection, &mut version, above)?;
            insert_version(connection, library.id, &version)?;
            rename_filings(connection, library.id, id.number, &version.name)?;
            if keep_locked {
                connection
                    .prepare_cached(
                        "UPDATE locks SET version = ?5 WHERE library = ?1 AND number = ?2 AND version = ?3 AND user = ?4",
                    )?
                    .execute(params![library.id, id.number, id.version, who.user, next])?;
            } else if locks::release(connection, library.id, &before, &who)? {
                history::add(connection, library.id, &before, Activity::CheckIn, "", &who, now)?;
            }
            history::add(connection, library.id, &version, Activity::NewVersion, "", &who, now)?;
            once::remember(connection, key.as_ref(), &target, &version, &who, now)?;
            written(connection, &version, who)
        })
        .await
    }

    /// Gives a version other bytes; the old ones stay until they are purged.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::NoAccess`], [`StoreError::Invalid`].
    pub async fn replace_content(
        &self,
        id: DocumentId,
        profile: Profile,
        content: StoredContent,
        who: Principal,
        now: Timestamp,
    ) -> Result<Version, StoreError> {
        self.change(id, profile, Some(content), who, now).await
    }

    /// Changes a version's profile.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::NoAccess`], [`StoreError::Invalid`].
    pub async fn update_profile(
        &self,
        id: DocumentId,
        profile: Profile,
        who: Principal,
        now: Timestamp,
    ) -> Result<Version, StoreError> {
        self.change(id, profile, None, who, now).await
    }

    async fn change(
        &self,
        id: DocumentId,
        profile: Profile,
        content: Option<StoredContent>,
        who: Principal,
        now: Timestamp,
    ) -> Result<Version, StoreError> {
        check(&profile)?;
        self.write(move |connection| {
            let security_changes = profile.default_security.is_some()
                || profile.author.is_some()
                || profile.operator.is_some()
                || !profile.trustees.is_empty();
            let needed = if security_changes {
                Access::ChangeSecurity
            } else {
                Access::ReadWrite
            };
            let mut version = documents::find(connection, &id, &who)?;
            let before = version.clone();
            let access = version.access(&who);
            let keep_locked = profile.keep_locked.unwrap_or(content.is_none());
            version.own_entries =
                security::with(connection, version.own_entries, profile.trustees.clone())?;
            profile.lay_over(&mut version);
            let security_differs = version.default_security != before.default_security
                || version.own_entries != before.own_entries
                || version.author != before.author
                || version.operator != before.operator;
            // Sending back what is already so needs no further right.
            if access < Access::ReadWrite || (security_differs && access < needed) {
                return Err(refusal(needed));
            }
            locks::must_be_free(connection, &before, &who)?;
            let library = libraries::find(connection, &id.library)?;
            let held = || lookups::of_version(&before);
            lookups::settle_version(connection, library.id, held, &mut version)?;
            let above = above_document(connection, library.id, id.number)?;
            settle(connection, &mut version, above)?;
            version.last_user.clone_from(&who.user);
            version.profile_edited = now;
            if let Some(content) = content {
                connection.execute(
                    "INSERT OR IGNORE INTO replaced VALUES (?1, ?2, ?3, ?4, ?5)",
                    params![
                        library.id,
                        before.hash,
                        before.number,
                        before.version,
                        now.0
                    ],
                )?;
                version.hash = content.hash;
                version.size = content.size;
                version.edited = now;
            }
            write_version(connection, library.id, &version)?;
            let was_kept = keep_locked || !locks::release(connection, library.id, &version, &who)?;
            let activity = match (content.is_some(), was_kept) {
                (false, _) => Activity::Profile,
                (true, true) => Activity::Replace,
                (true, false) => Activity::CheckIn,
            };
            history::add(connection, library.id, &version, activity, "", &who, now)?;
            if version.version == version.latest {
                rename_filings(connection, library.id, id.number, &version.name)?;
            }
            written(connection, &version, who)
        })
        .await
    }

    /// Deletes that one version; its bytes stay until they are purged. The
    /// newest that is left becomes the latest; with the last one the document
    /// leaves its folders.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::NoAccess`].
    pub async fn delete_version(
        &self,
        id: DocumentId,
        who: Principal,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(move |connection| {
            let version = documents::find_for(connection, &id, &who, Access::Full)?;
            locks::must_be_free(connection, &version, &who)?;
            let library = libraries::find(connection, &id.library)?;
            locks::release(connection, library.id, &version, &who)?;
            history::add(connection, library.id, &version, Activity::Delete, "", &who, now)?;
            connection.execute(
                "UPDATE versions SET deleted = ?4, last_user = ?5 WHERE library = ?1 AND number = ?2 AND version = ?3",
                params![library.id, id.number, id.version, now.0, who.user],
            )?;
            let left: Option<u32> = connection.query_row(
                "SELECT MAX(version) FROM versions WHERE library = ?1 AND number = ?2 AND deleted IS NULL",
                params![library.id, id.number],
                |row| row.get(0),
            )?;
            connection.execute(
                "UPDATE documents SET latest = ?3 WHERE library = ?1 AND number = ?2",
                params![library.id, id.number, left.unwrap_or(0)],
            )?;
            match left {
                Some(latest) => {
                    let name: String = connection.query_row(
                        "SELECT name FROM versions WHERE library = ?1 AND number = ?2 AND version = ?3",
                        params![library.id, id.number, latest],
                        |row| row.get(0),
                    )?;
                    rename_filings(connection, library.id, id.number, &name)
                }
                None => {
                    connection.execute(
                        "DELETE FROM filings WHERE library = ?1 AND number = ?2",
                        params![library.id, id.number],
                    )?;
                    Ok(())
                }
            }
        })
        .await
    }
}

fn may_file_into(
    connection: &Connection,
    folder: &ContainerId,
    who: &Principal,
) -> Result<containers::Container, StoreError> {
    let above = containers::find_for(connection, folder, who, Access::ReadWrite)?;
    if above.kind == ContainerKind::Workspace {
        return Err(StoreError::invalid(
            "folder_id",
            format!("{folder} is a workspace; documents are filed in one of its folders"),
        ));
    }
    Ok(above)
}
