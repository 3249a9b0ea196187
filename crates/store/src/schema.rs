//! The tables, and the steps from one released schema to the next.

use crate::{StoreError, chain};
use rusqlite::{Connection, TransactionBehavior};

/// Each step brings the schema from its index to the next number. A released
/// step is never changed.
const STEPS: &[Step] = &[
    Step::Sql(FIRST),
    Step::Sql(APPLICATIONS),
    Step::Sql(SEVERAL_SERVERS),
    Step::Sql(ENTRIES),
    Step::Sql(WORKING),
    Step::Sql(HOMES),
    Step::Sql(RECENT),
    Step::Sql(LOOKUPS),
    Step::Sql(LISTS),
    Step::Sql(EVENTS),
    Step::Sql(MARKS),
    Step::Work(chain::mark_all),
    Step::Sql(MARKS_STAY),
    Step::Sql(SUPERSEDED),
    Step::Sql(HOLDS),
];

/// How a schema becomes the next one.
enum Step {
    /// Statements.
    Sql(&'static str),
    /// What statements alone cannot do.
    Work(fn(&Connection) -> Result<(), StoreError>),
}

const FIRST: &str = "
CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;

CREATE TABLE users (
    key TEXT PRIMARY KEY,
    id TEXT NOT NULL,
    full_name TEXT NOT NULL,
    email TEXT NOT NULL,
    password_hash TEXT,
    is_admin INTEGER NOT NULL,
    is_external INTEGER NOT NULL,
    enabled INTEGER NOT NULL,
    preferred_library TEXT NOT NULL,
    not_before INTEGER NOT NULL,
    created INTEGER NOT NULL,
    edited INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE libraries (
    id INTEGER PRIMARY KEY,
    alias TEXT NOT NULL UNIQUE,
    description TEXT NOT NULL,
    is_hidden INTEGER NOT NULL,
    next_number INTEGER NOT NULL,
    created INTEGER NOT NULL
);

-- kind: 1 workspace, 2 folder. security: 0 inherit, 1 public, 2 view, 3 private.
CREATE TABLE containers (
    library INTEGER NOT NULL,
    number INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    parent INTEGER,
    workspace INTEGER NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    description TEXT NOT NULL,
    owner TEXT NOT NULL,
    last_user TEXT NOT NULL,
    default_security INTEGER NOT NULL,
    effective_security INTEGER NOT NULL,
    extra TEXT NOT NULL,
    created INTEGER NOT NULL,
    edited INTEGER NOT NULL,
    PRIMARY KEY (library, number)
) WITHOUT ROWID;
CREATE INDEX containers_by_parent ON containers (library, parent, name_key, number);
CREATE INDEX containers_by_workspace ON containers (library, workspace, number);
CREATE INDEX workspaces ON containers (library, name_key, number) WHERE kind = 1;

CREATE TABLE documents (
    library INTEGER NOT NULL,
    number INTEGER NOT NULL,
    workspace INTEGER NOT NULL,
    latest INTEGER NOT NULL,
    newest INTEGER NOT NULL,
    PRIMARY KEY (library, number)
) WITHOUT ROWID;

CREATE TABLE versions (
    library INTEGER NOT NULL,
    number INTEGER NOT NULL,
    version INTEGER NOT NULL,
    name TEXT NOT NULL,
    extension TEXT NOT NULL,
    type TEXT NOT NULL,
    class TEXT NOT NULL,
    subclass TEXT NOT NULL,
    author TEXT NOT NULL,
    operator TEXT NOT NULL,
    last_user TEXT NOT NULL,
    comment TEXT NOT NULL,
    default_security INTEGER NOT NULL,
    effective_security INTEGER NOT NULL,
    size INTEGER NOT NULL,
    hash BLOB NOT NULL,
    created INTEGER NOT NULL,
    edited INTEGER NOT NULL,
    profile_edited INTEGER NOT NULL,
    file_created INTEGER NOT NULL,
    file_edited INTEGER NOT NULL,
    extra TEXT NOT NULL,
    deleted INTEGER,
    PRIMARY KEY (library, number, version)
) WITHOUT ROWID;
CREATE INDEX versions_by_content ON versions (library, hash);

-- A replaced file's bytes stay until they are purged.
CREATE TABLE replaced (
    library INTEGER NOT NULL,
    hash BLOB NOT NULL,
    number INTEGER NOT NULL,
    version INTEGER NOT NULL,
    replaced INTEGER NOT NULL,
    PRIMARY KEY (library, hash, number, version)
) WITHOUT ROWID;

-- In the order of a folder's list.
CREATE TABLE filings (
    library INTEGER NOT NULL,
    folder INTEGER NOT NULL,
    name_key TEXT NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (library, folder, name_key, number)
) WITHOUT ROWID;
CREATE INDEX filings_by_document ON filings (library, number, folder);

CREATE TABLE applications (
    name TEXT PRIMARY KEY,
    idle_seconds INTEGER NOT NULL,
    absolute_seconds INTEGER NOT NULL,
    refresh INTEGER NOT NULL,
    refresh_seconds INTEGER NOT NULL
) WITHOUT ROWID;

-- A sign-in. Its sessions and refresh tokens end with it.
CREATE TABLE grants (
    id TEXT PRIMARY KEY,
    user TEXT NOT NULL,
    application TEXT NOT NULL,
    client TEXT NOT NULL,
    persona TEXT NOT NULL,
    method TEXT NOT NULL,
    device TEXT NOT NULL,
    address TEXT NOT NULL,
    created INTEGER NOT NULL,
    ended INTEGER
) WITHOUT ROWID;
CREATE INDEX grants_by_user ON grants (user, created);

CREATE TABLE sessions (
    hash BLOB PRIMARY KEY,
    id TEXT NOT NULL,
    grant_id TEXT NOT NULL,
    created INTEGER NOT NULL,
    last_use INTEGER NOT NULL,
    dies INTEGER,
    address TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX sessions_by_grant ON sessions (grant_id);

CREATE TABLE refresh_tokens (
    hash BLOB PRIMARY KEY,
    grant_id TEXT NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    used INTEGER
) WITHOUT ROWID;
CREATE INDEX refresh_tokens_by_grant ON refresh_tokens (grant_id);

-- What a repeated request gets instead of a second document.
CREATE TABLE once (
    user TEXT NOT NULL,
    key TEXT NOT NULL,
    target TEXT NOT NULL,
    hash BLOB NOT NULL,
    library TEXT NOT NULL,
    number INTEGER NOT NULL,
    version INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (user, key)
) WITHOUT ROWID;
CREATE INDEX once_by_age ON once (at);

CREATE TABLE audit (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    user TEXT NOT NULL,
    activity TEXT NOT NULL,
    outcome TEXT NOT NULL,
    method TEXT NOT NULL,
    application TEXT NOT NULL,
    address TEXT NOT NULL
);
";

const APPLICATIONS: &str = "
-- A registered application. Its lifetimes stand in `applications` under its id.
CREATE TABLE clients (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    secret BLOB,
    redirects TEXT NOT NULL,
    ways TEXT NOT NULL,
    asks INTEGER NOT NULL,
    created INTEGER NOT NULL,
    edited INTEGER NOT NULL
) WITHOUT ROWID;

-- Who let which application in, so that they are asked once.
CREATE TABLE consents (
    user TEXT NOT NULL,
    client TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (user, client)
) WITHOUT ROWID;

-- Authorization codes. grant_id is what a used one gave.
CREATE TABLE codes (
    hash BLOB PRIMARY KEY,
    client TEXT NOT NULL,
    redirect TEXT NOT NULL,
    redirect_named INTEGER NOT NULL,
    challenge BLOB,
    user TEXT NOT NULL,
    persona TEXT NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    grant_id TEXT
) WITHOUT ROWID;
CREATE INDEX codes_by_age ON codes (created);

-- Sign-ins that wait for a person at another device.
-- state: 0 waiting, 1 allowed, 2 refused, 3 taken.
CREATE TABLE device_codes (
    hash BLOB PRIMARY KEY,
    user_code BLOB NOT NULL UNIQUE,
    client TEXT NOT NULL,
    persona TEXT NOT NULL,
    device TEXT NOT NULL,
    address TEXT NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    asked INTEGER NOT NULL,
    pace INTEGER NOT NULL,
    state INTEGER NOT NULL,
    user TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX device_codes_by_age ON device_codes (created);
";

const SEVERAL_SERVERS: &str = "
-- The tokens of sessions that were ended, in the order in which they were: what
-- other servers, and the store that sessions live in, have to hear.
CREATE TABLE ends (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    hash BLOB NOT NULL,
    at INTEGER NOT NULL
);
CREATE INDEX sessions_by_id ON sessions (id);

-- Sessions that were last used, or whose person signed in, no later than that
-- had run out before the lifetimes were changed, and stay so.
ALTER TABLE applications ADD COLUMN used_after INTEGER NOT NULL DEFAULT 0;
ALTER TABLE applications ADD COLUMN signed_in_after INTEGER NOT NULL DEFAULT 0;

-- Counts changes of what every server keeps in memory.
CREATE TABLE facts (version INTEGER NOT NULL);
INSERT INTO facts VALUES (1);
CREATE TRIGGER facts_user_added AFTER INSERT ON users BEGIN UPDATE facts SET version = version + 1; END;
CREATE TRIGGER facts_user_changed AFTER UPDATE ON users BEGIN UPDATE facts SET version = version + 1; END;
CREATE TRIGGER facts_user_removed AFTER DELETE ON users BEGIN UPDATE facts SET version = version + 1; END;
CREATE TRIGGER facts_lifetimes_added AFTER INSERT ON applications BEGIN UPDATE facts SET version = version + 1; END;
CREATE TRIGGER facts_lifetimes_changed AFTER UPDATE ON applications BEGIN UPDATE facts SET version = version + 1; END;
CREATE TRIGGER facts_lifetimes_removed AFTER DELETE ON applications BEGIN UPDATE facts SET version = version + 1; END;
CREATE TRIGGER facts_client_added AFTER INSERT ON clients BEGIN UPDATE facts SET version = version + 1; END;
CREATE TRIGGER facts_client_changed AFTER UPDATE ON clients BEGIN UPDATE facts SET version = version + 1; END;
CREATE TRIGGER facts_client_removed AFTER DELETE ON clients BEGIN UPDATE facts SET version = version + 1; END;
";

const ENTRIES: &str = "
CREATE TABLE groups (
    key TEXT PRIMARY KEY,
    id TEXT NOT NULL,
    full_name TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    is_external INTEGER NOT NULL,
    created INTEGER NOT NULL,
    edited INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE members (
    grp TEXT NOT NULL,
    user TEXT NOT NULL,
    PRIMARY KEY (grp, user)
) WITHOUT ROWID;
CREATE UNIQUE INDEX members_by_user ON members (user, grp);

-- Who has what access, beside owners and the default: each set of entries that
-- there is, once. 0 is the empty set. A trustee is u:USER or g:GROUP.
CREATE TABLE entry_sets (id INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT NOT NULL UNIQUE);
CREATE TABLE entries (
    set_id INTEGER NOT NULL,
    trustee TEXT NOT NULL,
    level INTEGER NOT NULL,
    PRIMARY KEY (set_id, trustee)
) WITHOUT ROWID;

-- own_entries as they were set, entries as they hold after inheritance.
ALTER TABLE containers ADD COLUMN own_entries INTEGER NOT NULL DEFAULT 0;
ALTER TABLE containers ADD COLUMN entries INTEGER NOT NULL DEFAULT 0;
ALTER TABLE versions ADD COLUMN own_entries INTEGER NOT NULL DEFAULT 0;
ALTER TABLE versions ADD COLUMN entries INTEGER NOT NULL DEFAULT 0;

-- Walls: whoever is not inside has no access to what is behind, whatever else
-- says so.
CREATE TABLE walls (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL UNIQUE,
    created INTEGER NOT NULL
);
CREATE TABLE walled (
    library INTEGER NOT NULL,
    workspace INTEGER NOT NULL,
    wall INTEGER NOT NULL,
    PRIMARY KEY (library, workspace, wall)
) WITHOUT ROWID;
CREATE INDEX walled_by_wall ON walled (wall);
CREATE TABLE insiders (
    wall INTEGER NOT NULL,
    trustee TEXT NOT NULL,
    PRIMARY KEY (wall, trustee)
) WITHOUT ROWID;
";

const WORKING: &str = "
-- Who has a version. kind: 1 locked, 2 checked out.
CREATE TABLE locks (
    library INTEGER NOT NULL,
    number INTEGER NOT NULL,
    version INTEGER NOT NULL,
    user TEXT NOT NULL,
    at INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    comment TEXT NOT NULL,
    due INTEGER,
    path TEXT NOT NULL,
    location TEXT NOT NULL,
    application TEXT NOT NULL,
    PRIMARY KEY (library, number, version)
) WITHOUT ROWID;
CREATE INDEX locks_by_user ON locks (user, at);

CREATE TABLE history (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    library INTEGER NOT NULL,
    number INTEGER NOT NULL,
    version INTEGER NOT NULL,
    at INTEGER NOT NULL,
    user TEXT NOT NULL,
    activity INTEGER NOT NULL,
    application TEXT NOT NULL,
    location TEXT NOT NULL,
    comment TEXT NOT NULL
);
CREATE INDEX history_by_document ON history (library, number, id);

-- What happened is only ever added to.
CREATE TRIGGER history_stays BEFORE UPDATE ON history BEGIN SELECT RAISE(ABORT, 'history is only added to'); END;
CREATE TRIGGER history_is_kept BEFORE DELETE ON history BEGIN SELECT RAISE(ABORT, 'history is only added to'); END;
CREATE TRIGGER audit_stays BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is only added to'); END;
CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is only added to'); END;
";

const HOMES: &str = "
-- The folder that a document inherits from; 0 where it is in none.
ALTER TABLE documents ADD COLUMN home INTEGER NOT NULL DEFAULT 0;
UPDATE documents SET home = COALESCE((SELECT MIN(f.folder) FROM filings f
    WHERE f.library = documents.library AND f.number = documents.number), 0);
CREATE INDEX documents_by_home ON documents (library, home);
CREATE INDEX versions_in_trash ON versions (library, deleted) WHERE deleted IS NOT NULL;

-- Bytes that were purged and may still be on the disk.
CREATE TABLE purged (
    library INTEGER NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (library, hash)
) WITHOUT ROWID;

-- What applications keep beside an item. version is 0 for a container.
CREATE TABLE pairs (
    library INTEGER NOT NULL,
    number INTEGER NOT NULL,
    version INTEGER NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (library, number, version, name)
) WITHOUT ROWID;
";

const RECENT: &str = "
-- What somebody worked with lately. kind: 1 document, 2 workspace.
CREATE TABLE recent (
    user TEXT NOT NULL,
    kind INTEGER NOT NULL,
    library INTEGER NOT NULL,
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (user, kind, library, number)
) WITHOUT ROWID;
CREATE INDEX recent_by_time ON recent (user, kind, at);
";

const LOOKUPS: &str = "
-- Tables of a library that values of a profile are taken from. parent is the key
-- of an entry of the field above, or nothing.
CREATE TABLE lookups (
    library INTEGER NOT NULL,
    field TEXT NOT NULL,
    parent TEXT NOT NULL,
    key TEXT NOT NULL,
    id TEXT NOT NULL,
    description TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    is_hipaa INTEGER NOT NULL,
    edited INTEGER NOT NULL,
    PRIMARY KEY (library, field, parent, key)
) WITHOUT ROWID;
CREATE INDEX lookups_by_key ON lookups (library, field, key, parent);

-- What people call a field.
CREATE TABLE captions (
    library INTEGER NOT NULL,
    field TEXT NOT NULL,
    language TEXT NOT NULL,
    caption TEXT NOT NULL,
    PRIMARY KEY (library, field, language)
) WITHOUT ROWID;
";

const LISTS: &str = "
-- What people keep at hand. list: 1 favourites, 2 matters. kind: 1 document,
-- 2 workspace or folder.
CREATE TABLE shortcuts (
    library INTEGER NOT NULL,
    number INTEGER NOT NULL,
    user TEXT NOT NULL,
    list INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    target_library INTEGER NOT NULL,
    target INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (library, number)
) WITHOUT ROWID;
CREATE UNIQUE INDEX shortcuts_by_user ON shortcuts (user, list, library, kind, target_library, target);
CREATE INDEX shortcuts_by_target ON shortcuts (target_library, target, kind);

-- Documents that belong together; each pair is there both ways.
CREATE TABLE related (
    library INTEGER NOT NULL,
    number INTEGER NOT NULL,
    other_library INTEGER NOT NULL,
    other_number INTEGER NOT NULL,
    PRIMARY KEY (library, number, other_library, other_number)
) WITHOUT ROWID;
CREATE INDEX related_by_other ON related (other_library, other_number);
";

const EVENTS: &str = "
-- What changed, in its order. version is 0 for a container. The last four are set
-- when the item is gone: who could have seen it.
CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    library INTEGER NOT NULL,
    at INTEGER NOT NULL,
    action INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    number INTEGER NOT NULL,
    version INTEGER NOT NULL,
    related INTEGER,
    root INTEGER NOT NULL,
    owner TEXT,
    operator TEXT,
    effective_security INTEGER,
    entries INTEGER
);
CREATE INDEX events_by_item ON events (library, number, version);
";

const MARKS: &str = "
-- What binds each line to the one before it. Those that are there get theirs now.
ALTER TABLE audit ADD COLUMN mark BLOB;
ALTER TABLE history ADD COLUMN mark BLOB;
DROP TRIGGER audit_stays;
DROP TRIGGER history_stays;
";

const MARKS_STAY: &str = "
CREATE TRIGGER history_stays BEFORE UPDATE ON history BEGIN SELECT RAISE(ABORT, 'history is only added to'); END;
CREATE TRIGGER audit_stays BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is only added to'); END;
";

const SUPERSEDED: &str = "
-- A sign-in keeps the rows of sessions that others took over from; a renewal looks
-- at those that live.
CREATE INDEX sessions_by_end ON sessions (grant_id, dies);
DROP INDEX sessions_by_grant;
";

const HOLDS: &str = "
-- Legal holds, and what is under them: numbers of workspaces and of documents.
CREATE TABLE holds (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL UNIQUE,
    reason TEXT NOT NULL,
    created INTEGER NOT NULL
);
CREATE TABLE held (
    library INTEGER NOT NULL,
    number INTEGER NOT NULL,
    hold INTEGER NOT NULL,
    PRIMARY KEY (library, number, hold)
) WITHOUT ROWID;
CREATE INDEX held_by_hold ON held (hold);
";

pub(crate) fn upgrade(connection: &mut Connection) -> Result<(), StoreError> {
    let known = i64::try_from(STEPS.len()).unwrap_or(i64::MAX);
    // Read inside the transaction: two processes may open a new database at once.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found: i64 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found > known {
        return Err(StoreError::NewerSchema { found, known });
    }
    for step in STEPS.iter().skip(usize::try_from(found).unwrap_or(0)) {
        match step {
            Step::Sql(statements) => transaction.execute_batch(statements)?,
            Step::Work(work) => work(&transaction)?,
        }
    }
    transaction.pragma_update(None, "user_version", known)?;
    transaction.commit()?;
    Ok(())
}
