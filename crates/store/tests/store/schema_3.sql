-- The database as the first steps left it, with a folder and a document in it.
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
CREATE TABLE replaced (
    library INTEGER NOT NULL,
    hash BLOB NOT NULL,
    number INTEGER NOT NULL,
    version INTEGER NOT NULL,
    replaced INTEGER NOT NULL,
    PRIMARY KEY (library, hash, number, version)
) WITHOUT ROWID;
CREATE TABLE filings (
    library INTEGER NOT NULL,
    folder INTEGER NOT NULL,
    name_key TEXT NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (library, folder, name_key, number)
) WITHOUT ROWID;
CREATE TABLE applications (
    name TEXT PRIMARY KEY,
    idle_seconds INTEGER NOT NULL,
    absolute_seconds INTEGER NOT NULL,
    refresh INTEGER NOT NULL,
    refresh_seconds INTEGER NOT NULL
, used_after INTEGER NOT NULL DEFAULT 0, signed_in_after INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
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
CREATE TABLE sessions (
    hash BLOB PRIMARY KEY,
    id TEXT NOT NULL,
    grant_id TEXT NOT NULL,
    created INTEGER NOT NULL,
    last_use INTEGER NOT NULL,
    dies INTEGER,
    address TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE refresh_tokens (
    hash BLOB PRIMARY KEY,
    grant_id TEXT NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    used INTEGER
) WITHOUT ROWID;
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
CREATE TABLE consents (
    user TEXT NOT NULL,
    client TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (user, client)
) WITHOUT ROWID;
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
CREATE TABLE ends (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    hash BLOB NOT NULL,
    at INTEGER NOT NULL
);
CREATE TABLE facts (version INTEGER NOT NULL);
CREATE INDEX containers_by_parent ON containers (library, parent, name_key, number);
CREATE INDEX containers_by_workspace ON containers (library, workspace, number);
CREATE INDEX workspaces ON containers (library, name_key, number) WHERE kind = 1;
CREATE INDEX versions_by_content ON versions (library, hash);
CREATE INDEX filings_by_document ON filings (library, number, folder);
CREATE INDEX grants_by_user ON grants (user, created);
CREATE INDEX sessions_by_grant ON sessions (grant_id);
CREATE INDEX refresh_tokens_by_grant ON refresh_tokens (grant_id);
CREATE INDEX once_by_age ON once (at);
CREATE INDEX codes_by_age ON codes (created);
CREATE INDEX device_codes_by_age ON device_codes (created);
CREATE INDEX sessions_by_id ON sessions (id);
CREATE TRIGGER facts_user_added AFTER INSERT ON users BEGIN UPDATE facts SET version = version + 1; END;
CREATE TRIGGER facts_user_changed AFTER UPDATE ON users BEGIN UPDATE facts SET version = version + 1; END;
CREATE TRIGGER facts_user_removed AFTER DELETE ON users BEGIN UPDATE facts SET version = version + 1; END;
CREATE TRIGGER facts_lifetimes_added AFTER INSERT ON applications BEGIN UPDATE facts SET version = version + 1; END;
CREATE TRIGGER facts_lifetimes_changed AFTER UPDATE ON applications BEGIN UPDATE facts SET version = version + 1; END;
CREATE TRIGGER facts_lifetimes_removed AFTER DELETE ON applications BEGIN UPDATE facts SET version = version + 1; END;
CREATE TRIGGER facts_client_added AFTER INSERT ON clients BEGIN UPDATE facts SET version = version + 1; END;
CREATE TRIGGER facts_client_changed AFTER UPDATE ON clients BEGIN UPDATE facts SET version = version + 1; END;
CREATE TRIGGER facts_client_removed AFTER DELETE ON clients BEGIN UPDATE facts SET version = version + 1; END;
INSERT INTO facts VALUES (1);
INSERT INTO libraries VALUES (1, 'ACTIVE', '', 0, 10, 1700000000000);
INSERT INTO users VALUES ('ann', 'Ann', 'Ann Example', '', NULL, 0, 0, 1, '', 0, 1700000000000, 1700000000000);
INSERT INTO users VALUES ('bob', 'Bob', 'Bob Example', '', NULL, 0, 0, 1, '', 0, 1700000000000, 1700000000000);
INSERT INTO containers VALUES (1, 1, 1, NULL, 1, 'Matter', 'matter', '', 'ann', 'ann', 3, 3, '{}', 1700000000000, 1700000000000);
INSERT INTO containers VALUES (1, 2, 2, 1, 1, 'Letters', 'letters', '', 'ann', 'ann', 0, 3, '{}', 1700000000000, 1700000000000);
INSERT INTO documents VALUES (1, 3, 1, 2, 2);
INSERT INTO versions VALUES (1, 3, 1, 'Letter', 'txt', 'ANSI', 'DOC', '', 'ann', 'ann', 'ann', '', 0, 3, 15, zeroblob(32), 1700000000000, 1700000000000, 1700000000000, 1700000000000, 1700000000000, '{}', NULL);
INSERT INTO versions VALUES (1, 3, 2, 'Letter', 'txt', 'ANSI', 'DOC', '', 'ann', 'ann', 'ann', '', 0, 3, 16, zeroblob(32), 1700000000000, 1700000000000, 1700000000000, 1700000000000, 1700000000000, '{}', NULL);
INSERT INTO filings VALUES (1, 2, 'letter', 3);
INSERT INTO audit (at, user, activity, outcome, method, application, address) VALUES (1700000000000, 'ann', 'sign-in', 'success', 'password', 'tests', '');
PRAGMA user_version = 3;
