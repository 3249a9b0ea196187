//! How rows become containers and versions.

use crate::access::security_of;
use crate::containers::{Container, ContainerKind};
use crate::documents::Version;
use chancery_proto::clock::Timestamp;
use rusqlite::Row;

/// What names are sorted and compared by: lower case, whatever the engine's own rules.
pub(crate) fn name_key(name: &str) -> String {
    name.to_lowercase()
}

pub(crate) const CONTAINER: &str = "c.number, c.kind, c.parent, c.workspace, c.name, c.description, c.owner, \
     c.last_user, c.default_security, c.effective_security, c.extra, c.created, c.edited, l.alias, w.name, \
     EXISTS (SELECT 1 FROM containers x WHERE x.library = c.library AND x.parent = c.number), \
     EXISTS (SELECT 1 FROM filings f WHERE f.library = c.library AND f.folder = c.number)";

pub(crate) const CONTAINER_FROM: &str = "containers c JOIN libraries l ON l.id = c.library \
     JOIN containers w ON w.library = c.library AND w.number = c.workspace";

pub(crate) fn container(row: &Row<'_>) -> rusqlite::Result<Container> {
    Ok(Container {
        number: row.get(0)?,
        kind: if row.get::<_, i64>(1)? == 1 {
            ContainerKind::Workspace
        } else {
            ContainerKind::Folder
        },
        parent: row.get(2)?,
        workspace: row.get(3)?,
        name: row.get(4)?,
        description: row.get(5)?,
        owner: row.get(6)?,
        last_user: row.get(7)?,
        default_security: security_of(row.get(8)?),
        effective_security: security_of(row.get(9)?),
        extra: row.get(10)?,
        created: Timestamp(row.get(11)?),
        edited: Timestamp(row.get(12)?),
        library: row.get(13)?,
        workspace_name: row.get(14)?,
        has_subfolders: row.get(15)?,
        has_documents: row.get(16)?,
    })
}

pub(crate) const VERSION: &str = "v.number, v.version, v.name, v.extension, v.type, v.class, v.subclass, v.author, \
     v.operator, v.last_user, v.comment, v.default_security, v.effective_security, v.size, v.hash, v.created, \
     v.edited, v.profile_edited, v.file_created, v.file_edited, v.extra, d.latest, d.workspace, w.name, l.alias, l.id";

pub(crate) const VERSION_FROM: &str = "versions v \
     JOIN documents d ON d.library = v.library AND d.number = v.number \
     JOIN libraries l ON l.id = v.library \
     JOIN containers w ON w.library = d.library AND w.number = d.workspace";

pub(crate) fn version(row: &Row<'_>) -> rusqlite::Result<Version> {
    Ok(Version {
        number: row.get(0)?,
        version: row.get(1)?,
        name: row.get(2)?,
        extension: row.get(3)?,
        kind: row.get(4)?,
        class: row.get(5)?,
        subclass: row.get(6)?,
        author: row.get(7)?,
        operator: row.get(8)?,
        last_user: row.get(9)?,
        comment: row.get(10)?,
        default_security: security_of(row.get(11)?),
        effective_security: security_of(row.get(12)?),
        size: row.get(13)?,
        hash: row.get(14)?,
        created: Timestamp(row.get(15)?),
        edited: Timestamp(row.get(16)?),
        profile_edited: Timestamp(row.get(17)?),
        file_created: Timestamp(row.get(18)?),
        file_edited: Timestamp(row.get(19)?),
        extra: row.get(20)?,
        latest: row.get(21)?,
        workspace: row.get(22)?,
        workspace_name: row.get(23)?,
        library: row.get(24)?,
    })
}
