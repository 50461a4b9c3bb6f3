-- What may tell of a person moves into one table, from which it can be erased.

-- +goose Up

-- The texts of an entry. A row is deleted when they are erased, and the salt with
-- it: without the salt the hashes in the log cannot be compared with a guess.
CREATE TABLE personal (
    entry_id      TEXT NOT NULL PRIMARY KEY REFERENCES entry (id),
    salt          TEXT NOT NULL, -- of this entry's hashes; empty where the log has unsalted ones
    input         TEXT NOT NULL,
    facts         TEXT NOT NULL,
    digest        TEXT NOT NULL, -- of the facts an approval binds
    decision      TEXT NOT NULL, -- with its messages
    answer        TEXT NOT NULL, -- the receipt of what moves no money
    failure       TEXT NOT NULL,
    note          TEXT NOT NULL, -- the newest of a person
    approval_note TEXT NOT NULL DEFAULT '' -- of whoever approved or rejected
);

INSERT INTO personal (entry_id, salt, input, facts, digest, decision, answer, failure, note)
SELECT id, '', input, facts, digest, decision, CASE WHEN kind = 'refund' THEN '' ELSE receipt END, failure, note
FROM entry;

-- The receipt of money stays with its entry.
UPDATE entry SET receipt = '' WHERE kind <> 'refund' AND receipt <> '';
ALTER TABLE entry DROP COLUMN input;
ALTER TABLE entry DROP COLUMN facts;
ALTER TABLE entry DROP COLUMN digest;
ALTER TABLE entry DROP COLUMN decision;
ALTER TABLE entry DROP COLUMN failure;
ALTER TABLE entry DROP COLUMN note;

-- What stays of the texts when they are erased, and when that was; empty until then.
ALTER TABLE entry ADD COLUMN verdict TEXT NOT NULL DEFAULT '';
ALTER TABLE entry ADD COLUMN code TEXT NOT NULL DEFAULT '';
ALTER TABLE entry ADD COLUMN erased_at BIGINT NOT NULL DEFAULT 0;

UPDATE personal SET approval_note = COALESCE((SELECT note FROM approval WHERE approval.entry_id = personal.entry_id), '');
ALTER TABLE approval DROP COLUMN digest;
ALTER TABLE approval DROP COLUMN note;
