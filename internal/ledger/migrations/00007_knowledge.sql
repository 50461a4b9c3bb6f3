-- The knowledge documents, kept beside the ledger so that replicas share them.
-- Package knowledge/shelf reads and writes these tables; see docs/knowledge.md.

-- +goose Up

-- One source of documents, from its first sync on.
CREATE TABLE knowledge_source (
    name        TEXT   NOT NULL PRIMARY KEY,
    cursor      TEXT   NOT NULL DEFAULT '', -- the source's own note of where to go on
    tried_at    BIGINT NOT NULL DEFAULT 0,
    synced_at   BIGINT NOT NULL DEFAULT 0,  -- the newest sync that went well
    failure     TEXT   NOT NULL DEFAULT '', -- why the newest one did not
    lease_owner TEXT   NOT NULL DEFAULT '', -- who is syncing
    lease_until BIGINT NOT NULL DEFAULT 0
);

-- Every state of every document that was ever served. Rows never change, so that
-- what was cited can be read again.
CREATE TABLE knowledge_version (
    source  TEXT   NOT NULL,
    path    TEXT   NOT NULL,
    version TEXT   NOT NULL,
    content BYTEA  NOT NULL, -- as the source gave it
    facts   TEXT   NOT NULL, -- JSON: what else the source said
    seen_at BIGINT NOT NULL,
    PRIMARY KEY (source, path, version)
);

-- The documents as they are now.
CREATE TABLE knowledge_document (
    source  TEXT NOT NULL,
    path    TEXT NOT NULL,
    mark    TEXT NOT NULL, -- of what the source has now
    version TEXT NOT NULL, -- that is served; empty where none was ever good
    refused TEXT NOT NULL, -- why what the source has now is not served
    PRIMARY KEY (source, path)
);

-- Grows by one when documents change, so that others notice.
CREATE TABLE knowledge_generation (n BIGINT NOT NULL);
INSERT INTO knowledge_generation (n) VALUES (0);

-- What was asked for and is nowhere written. Personal data is taken out before.
CREATE TABLE knowledge_gap (
    query    TEXT   NOT NULL PRIMARY KEY,
    asked    BIGINT NOT NULL, -- how often
    first_at BIGINT NOT NULL,
    last_at  BIGINT NOT NULL
);
