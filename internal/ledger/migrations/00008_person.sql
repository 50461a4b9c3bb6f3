-- Who asked: what a person is known by, and the contact.

-- +goose Up
ALTER TABLE entry ADD COLUMN contact TEXT NOT NULL DEFAULT ''; -- in Intercom
ALTER TABLE entry ADD COLUMN person TEXT NOT NULL DEFAULT '';  -- customers and card fingerprints, separated by spaces

-- What slows a conversation, and a contact, in which much was denied.
CREATE INDEX entry_denied_in ON entry (conversation, created_at) WHERE state = 'denied';
CREATE INDEX entry_denied_to ON entry (contact, created_at) WHERE state = 'denied' AND contact <> '';

-- Whether the breaker is open, and when it was released.
CREATE INDEX entry_breaker ON entry (state, updated_at) WHERE kind = 'breaker';
