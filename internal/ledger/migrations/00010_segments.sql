-- The billing index and the segments over it, kept beside the ledger so that
-- replicas share them. Package segments reads and writes these tables; see
-- docs/segments.md. Times are unix milliseconds, 0 for none; flags are 0 or 1.

-- +goose Up

-- How far the index is: one row.
CREATE TABLE billing_index (
    id          BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    round       BIGINT NOT NULL, -- of the newest full scan; what an older one has seen last is gone
    phase       TEXT   NOT NULL, -- the list that a scan is reading; empty between scans
    cursor      TEXT   NOT NULL, -- the last object of that list that is stored
    seen        BIGINT NOT NULL, -- objects that the scan has stored
    metadata    TEXT   NOT NULL, -- keys of metadata that are kept, one a line
    begun_at    BIGINT NOT NULL, -- the newest scan
    scanned_at  BIGINT NOT NULL, -- the newest scan that came to its end
    fed_until   BIGINT NOT NULL, -- until when the events of Stripe are taken in
    failure     TEXT   NOT NULL, -- why the newest sync did not end well
    lease_owner TEXT   NOT NULL,
    lease_until BIGINT NOT NULL
);
INSERT INTO billing_index VALUES (1, 0, '', '', 0, '', 0, 0, 0, '', '', 0);

-- Events of the newest time, so that none is taken in twice.
CREATE TABLE billing_event (
    id TEXT   NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL
);

CREATE TABLE billing_customer (
    id         TEXT   NOT NULL PRIMARY KEY,
    email      TEXT   NOT NULL, -- A to Z in lower case
    card_brand TEXT   NOT NULL, -- the default card; empty for none
    card_last4 TEXT   NOT NULL,
    card_until BIGINT NOT NULL, -- the first moment at which it is no longer valid
    delinquent BIGINT NOT NULL,
    balance    BIGINT NOT NULL, -- minor units; negative is credit
    currency   TEXT   NOT NULL, -- of the balance
    created_at BIGINT NOT NULL,
    round      BIGINT NOT NULL
);
CREATE INDEX billing_customer_email ON billing_customer (email);

CREATE TABLE billing_metadata (
    customer TEXT NOT NULL,
    name     TEXT NOT NULL,
    value    TEXT NOT NULL,
    PRIMARY KEY (customer, name)
);
CREATE INDEX billing_metadata_value ON billing_metadata (name, value);

CREATE TABLE billing_subscription (
    id                   TEXT   NOT NULL PRIMARY KEY,
    customer             TEXT   NOT NULL,
    status               TEXT   NOT NULL,
    plan                 TEXT   NOT NULL, -- as people read it
    names                TEXT   NOT NULL, -- ids and names of prices and products in lower case, each between line feeds
    period               TEXT   NOT NULL, -- day, week, month or year
    cancel_at_period_end BIGINT NOT NULL,
    canceled_at          BIGINT NOT NULL,
    ended_at             BIGINT NOT NULL,
    trial_end            BIGINT NOT NULL,
    period_end           BIGINT NOT NULL,
    created_at           BIGINT NOT NULL,
    card_brand           TEXT   NOT NULL, -- its own card; empty for the customer's
    card_last4           TEXT   NOT NULL,
    card_until           BIGINT NOT NULL,
    round                BIGINT NOT NULL
);
CREATE INDEX billing_subscription_customer ON billing_subscription (customer);

-- Payments that succeeded or failed.
CREATE TABLE billing_charge (
    id        TEXT   NOT NULL PRIMARY KEY,
    customer  TEXT   NOT NULL,
    currency  TEXT   NOT NULL,
    net       BIGINT NOT NULL, -- minor units: captured less refunded
    failed_at BIGINT NOT NULL, -- when it was tried, if it failed
    round     BIGINT NOT NULL
);
CREATE INDEX billing_charge_customer ON billing_charge (customer);
CREATE INDEX billing_charge_failed ON billing_charge (failed_at);

-- What a customer has paid in all, kept in step with billing_charge.
CREATE TABLE billing_spend (
    customer TEXT   NOT NULL,
    currency TEXT   NOT NULL,
    minor    BIGINT NOT NULL,
    PRIMARY KEY (customer, currency)
);

CREATE TABLE billing_dispute (
    id       TEXT   NOT NULL PRIMARY KEY,
    customer TEXT   NOT NULL,
    open     BIGINT NOT NULL,
    round    BIGINT NOT NULL
);

-- Every version of every definition. Rows never change.
CREATE TABLE segment_definition (
    name    TEXT   NOT NULL,
    version BIGINT NOT NULL, -- from 1
    title   TEXT   NOT NULL,
    filter  TEXT   NOT NULL, -- JSON
    made_at BIGINT NOT NULL,
    PRIMARY KEY (name, version)
);

-- What was previewed: who gets a tag or attributes and who loses the tag, until it
-- is carried out.
CREATE TABLE segment_plan (
    id         TEXT   NOT NULL PRIMARY KEY,
    definition TEXT   NOT NULL,
    version    BIGINT NOT NULL,
    tag        TEXT   NOT NULL,
    attributes TEXT   NOT NULL, -- that are set, one a line
    changes    TEXT   NOT NULL, -- digest of the steps
    adds       BIGINT NOT NULL,
    removes    BIGINT NOT NULL,
    doubtful   BIGINT NOT NULL,
    made_at    BIGINT NOT NULL,
    action     TEXT   NOT NULL  -- the entry that carries it out; empty before
);

CREATE TABLE segment_step (
    plan    TEXT   NOT NULL REFERENCES segment_plan (id),
    n       BIGINT NOT NULL,
    contact TEXT   NOT NULL,
    remove  BIGINT NOT NULL, -- takes the tag off
    sets    TEXT   NOT NULL, -- JSON: attributes and their values
    state   TEXT   NOT NULL, -- planned, begun, done, already, skipped, undoing, undone
    before  TEXT   NOT NULL, -- JSON: the attributes as they were
    PRIMARY KEY (plan, n)
);

-- Whom a segment has tagged.
CREATE TABLE segment_member (
    definition TEXT   NOT NULL,
    mark       TEXT   NOT NULL, -- the tag, or the attribute that is set instead
    contact    TEXT   NOT NULL,
    ours       BIGINT NOT NULL, -- the tag was not there before
    PRIMARY KEY (definition, mark, contact)
);
