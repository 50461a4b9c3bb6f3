-- The newest time that was recorded: the ledger's time never runs backwards.

-- +goose Up
ALTER TABLE event_head ADD COLUMN newest BIGINT NOT NULL DEFAULT 0;
UPDATE event_head SET newest = COALESCE((SELECT MAX(updated_at) FROM entry), 0);
