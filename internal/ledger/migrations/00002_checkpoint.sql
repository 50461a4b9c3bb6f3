-- Signed statements about the event log. What they are worth lies in the copies
-- that are kept elsewhere; these are for the next start and for proofs.

-- +goose Up

CREATE TABLE checkpoint (
    size BIGINT NOT NULL PRIMARY KEY, -- how many events it covers
    note TEXT   NOT NULL              -- in the format of golang.org/x/mod/sumdb/note
);
