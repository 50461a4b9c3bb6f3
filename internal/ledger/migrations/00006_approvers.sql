-- An approval is a signature: several people can decide on an entry, and what they
-- signed is kept. It holds hashes with the entry's salt and no text of a person.

-- +goose Up
CREATE TABLE decided (
    entry_id  TEXT   NOT NULL REFERENCES entry (id),
    approver  TEXT   NOT NULL,
    verdict   TEXT   NOT NULL CHECK (verdict IN ('approved', 'rejected', 'done', 'failed')),
    at        BIGINT NOT NULL,
    note      TEXT   NOT NULL, -- a text of the entry, and erased with the others
    statement TEXT   NOT NULL, -- the exact text that was signed; empty when the person was only named
    signature TEXT   NOT NULL,
    PRIMARY KEY (entry_id, approver, verdict)
);

INSERT INTO decided (entry_id, approver, verdict, at, note, statement, signature)
SELECT approval.entry_id, approver, verdict, at, COALESCE(approval_note, ''), '', ''
FROM approval LEFT JOIN personal ON personal.entry_id = approval.entry_id;

DROP TABLE approval;
ALTER TABLE decided RENAME TO approval;
ALTER TABLE personal DROP COLUMN approval_note;

-- What was signed for the ledger as a whole, such as a roster. The first roster is
-- there without a signature.
CREATE TABLE act (
    id        TEXT   NOT NULL PRIMARY KEY, -- sig_PURPOSE_NUMBER
    purpose   TEXT   NOT NULL,
    number    BIGINT NOT NULL, -- among those of one purpose, from 1
    subject   TEXT   NOT NULL,
    approver  TEXT   NOT NULL,
    at        BIGINT NOT NULL,
    body      TEXT   NOT NULL, -- the bytes of the file that it is about
    statement TEXT   NOT NULL,
    signature TEXT   NOT NULL
);
