-- The bearer tokens of callers. Package tokens reads and writes this table; see
-- docs/access.md.

-- +goose Up

CREATE TABLE access_token (
    id            TEXT   NOT NULL PRIMARY KEY,
    digest        BYTEA  NOT NULL, -- SHA-256 of the token, which is random and longer than any search
    principal     TEXT   NOT NULL,
    scopes        TEXT   NOT NULL, -- separated by spaces, as are toolsets
    toolsets      TEXT   NOT NULL, -- '' is all
    personal_data TEXT   NOT NULL CHECK (personal_data IN ('none', 'masked', 'full')),
    budget        TEXT   NOT NULL, -- of the principal: the newest that is not '' holds
    created_at    BIGINT NOT NULL,
    created_by    TEXT   NOT NULL,
    expires_at    BIGINT NOT NULL, -- 0 is never
    revoked_at    BIGINT NOT NULL  -- 0 is not
);
