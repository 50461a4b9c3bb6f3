-- The ledger's tables, in SQL that SQLite and PostgreSQL both read.
-- Times are unix milliseconds in UTC, 0 where there is none. Amounts are minor
-- units. JSON is kept as the exact text that was recorded. An empty text means none.

-- +goose Up

-- One recorded action. Entries are never deleted.
CREATE TABLE entry (
    id            TEXT   NOT NULL PRIMARY KEY, -- also the vendor's idempotency key
    kind          TEXT   NOT NULL,
    principal     TEXT   NOT NULL,
    identity      TEXT   NOT NULL, -- of equal requests; empty where none are equal
    ordinal       BIGINT NOT NULL, -- among the entries of one identity
    input         TEXT   NOT NULL,
    repeat_of     TEXT   NOT NULL,
    parent        TEXT   NOT NULL,
    created_at    BIGINT NOT NULL,

    state         TEXT   NOT NULL CHECK (state IN (
        'denied', 'awaiting_approval', 'approved', 'executing', 'done', 'failed',
        'unknown', 'review', 'rejected', 'expired', 'stale')),
    conversation  TEXT   NOT NULL,
    customer      TEXT   NOT NULL,
    charge        TEXT   NOT NULL,
    exclusive     TEXT   NOT NULL,
    same          TEXT   NOT NULL,
    cost_minor    BIGINT NOT NULL,
    cost_currency TEXT   NOT NULL,
    facts         TEXT   NOT NULL,
    digest        TEXT   NOT NULL, -- of the facts an approval binds
    decision      TEXT   NOT NULL,
    receipt       TEXT   NOT NULL,
    failure       TEXT   NOT NULL,
    approver      TEXT   NOT NULL,
    note          TEXT   NOT NULL,
    lease_ms      BIGINT NOT NULL,
    expires_ms    BIGINT NOT NULL,
    lease_until   BIGINT NOT NULL,
    looks         BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL,
    expires_at    BIGINT NOT NULL,
    first_sent    BIGINT NOT NULL
);

CREATE UNIQUE INDEX entry_identity ON entry (identity, ordinal) WHERE identity <> '';

-- However the code may err: one live entry per identity, one in flight per target.
CREATE UNIQUE INDEX entry_live ON entry (identity)
    WHERE identity <> '' AND state IN ('awaiting_approval', 'approved', 'executing', 'unknown', 'review');
CREATE UNIQUE INDEX entry_exclusive ON entry (exclusive)
    WHERE exclusive <> '' AND state IN ('executing', 'unknown', 'review');

-- What the worker and the people who approve look through.
CREATE INDEX entry_open ON entry (state, created_at)
    WHERE state IN ('awaiting_approval', 'approved', 'executing', 'unknown', 'review');
CREATE INDEX entry_created ON entry (created_at);

-- A row to lock per budget scope. SQLite has one writer at a time and leaves it empty.
CREATE TABLE scope_lock (
    scope TEXT NOT NULL PRIMARY KEY
);

-- What an entry takes from the budgets: a row per scope for every entry that
-- counts. at is when it was settled, and the largest BIGINT until then.
CREATE TABLE hold (
    entry_id TEXT   NOT NULL REFERENCES entry (id),
    scope    TEXT   NOT NULL,
    kind     TEXT   NOT NULL,
    currency TEXT   NOT NULL,
    minor    BIGINT NOT NULL,
    at       BIGINT NOT NULL,
    PRIMARY KEY (entry_id, scope)
);

CREATE INDEX hold_window ON hold (scope, kind, at, currency, minor);

-- What a person decided, bound to the digest of the facts that were shown.
CREATE TABLE approval (
    entry_id  TEXT   NOT NULL PRIMARY KEY REFERENCES entry (id),
    verdict   TEXT   NOT NULL CHECK (verdict IN ('approved', 'rejected')),
    approver  TEXT   NOT NULL,
    digest    TEXT   NOT NULL,
    note      TEXT   NOT NULL,
    at        BIGINT NOT NULL,
    signature BYTEA
);

-- The log of every transition. body holds the exact bytes that are hashed.
CREATE TABLE event (
    seq      BIGINT NOT NULL PRIMARY KEY, -- from 0, without gaps
    entry_id TEXT   NOT NULL,
    body     TEXT   NOT NULL
);

CREATE INDEX event_entry ON event (entry_id, seq);

-- The Merkle tree over the log, as golang.org/x/mod/sumdb/tlog stores it.
CREATE TABLE event_node (
    idx  BIGINT NOT NULL PRIMARY KEY,
    hash BYTEA  NOT NULL
);

-- How many events there are; one row, locked last by every writer.
CREATE TABLE event_head (
    one  BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    size BIGINT NOT NULL
);

INSERT INTO event_head (one, size) VALUES (1, 0);

-- What the ledger as a whole belongs to.
CREATE TABLE meta (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);
