-- The policies that were in force, oldest first. The newest is the one that a
-- policy file is compared with: what loosens it needs an approver.

-- +goose Up
CREATE TABLE policy (
    seq         BIGINT NOT NULL PRIMARY KEY, -- from 1, without gaps
    body        TEXT   NOT NULL,             -- the exact bytes of the file
    accepted_by TEXT   NOT NULL,             -- who let it through, where that was needed
    accepted_at BIGINT NOT NULL
);
