package proof

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"supportmcp/policies"
)

// event is one transition as the log keeps it, as far as the proof looks into it.
type event struct {
	At        time.Time          `json:"at"`
	Action    string             `json:"action"`
	Kind      policies.Kind      `json:"kind"`
	From      policies.State     `json:"from"`
	To        policies.State     `json:"to"`
	Principal policies.Principal `json:"principal"`
	Subject   policies.Subject   `json:"subject"`
}

// readHistory reads the log behind the ledger's back, in the order of commits.
func readHistory(ctx context.Context, url string) ([]event, error) {
	driver, source := "pgx", url
	if path, isFile := strings.CutPrefix(url, "sqlite:"); isFile {
		driver, source = "sqlite", path
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	defer func() { _ = db.Close() }() // it was only read
	rows, err := db.QueryContext(ctx, `SELECT body FROM event ORDER BY seq`)
	if err != nil {
		return nil, fmt.Errorf("read the log: %w", err)
	}
	defer rows.Close()
	var out []event
	for rows.Next() {
		var body string
		if err := rows.Scan(&body); err != nil {
			return nil, fmt.Errorf("read the log: %w", err)
		}
		var e event
		if err := json.Unmarshal([]byte(body), &e); err != nil {
			return nil, fmt.Errorf("read event %d: %w", len(out), err)
		}
		out = append(out, e)
	}
	return out, rows.Err()
}

// ways are the transitions there are; docs/architecture.md draws them.
func ways() map[policies.State][]policies.State {
	judged := []policies.State{policies.Denied, policies.Awaiting, policies.Executing}
	return map[policies.State][]policies.State{
		"":                 append(judged, policies.Approved), // a queued follow-up
		policies.Awaiting:  {policies.Approved, policies.Rejected, policies.Expired},
		policies.Approved:  append(judged, policies.Stale, policies.Expired),
		policies.Executing: {policies.Done, policies.Failed, policies.InDoubt, policies.Review},
		policies.InDoubt:   {policies.InDoubt, policies.Done, policies.Failed, policies.Review},
		policies.Review:    {policies.Done, policies.Failed},
	}
}

// checkHistory wants a lawful way from nothing to where each entry stands.
func (r *Report) checkHistory(entries []policies.Entry, log []event) {
	lawful, now := ways(), map[string]policies.State{}
	for i, e := range log {
		if now[e.Action] != e.From {
			r.add("event %d finds %s %q, where it was %q", i, e.Action, e.From, now[e.Action])
		}
		if !slices.Contains(lawful[e.From], e.To) {
			r.add("event %d takes %s from %q to %q, which is no way", i, e.Action, e.From, e.To)
		}
		now[e.Action] = e.To
	}
	for _, e := range entries {
		if now[e.ID] != e.State {
			r.add("%s is %s, and its history ends with %q", e.ID, e.State, now[e.ID])
		}
		delete(now, e.ID)
	}
	for id, state := range now {
		r.add("the log tells of %s (%s), which is not in the ledger", id, state)
	}
}
