package segments

import (
	"context"
	"fmt"
	"time"
)

// ByEmail are the customers with an address, in any case of A to Z.
func (s *Store) ByEmail(ctx context.Context, email string) ([]string, error) {
	if email == "" {
		return nil, nil
	}
	return s.ids(ctx, `SELECT id FROM billing_customer WHERE email = $1 ORDER BY id`, folded(email))
}

// ByMetadata are the customers with a value in their metadata.
func (s *Store) ByMetadata(ctx context.Context, name, value string) ([]string, error) {
	if value == "" {
		return nil, nil
	}
	return s.ids(ctx, `SELECT customer FROM billing_metadata WHERE name = $1 AND value = $2 ORDER BY customer`, name, value)
}

// Metadata is a value in a customer's metadata; "" for none.
func (s *Store) Metadata(ctx context.Context, customer, name string) (string, error) {
	found, err := s.ids(ctx, `SELECT value FROM billing_metadata WHERE customer = $1 AND name = $2`, customer, name)
	if err != nil || len(found) == 0 {
		return "", err
	}
	return found[0], nil
}

func (s *Store) ids(ctx context.Context, query string, args ...any) ([]string, error) {
	rows, err := s.db.Reader().QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("look into the billing index: %w", err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		out = append(out, id)
	}
	return out, rows.Err()
}

// AsOf is until when the index knows what has happened at Stripe; zero before the
// first scan has come to its end.
func (s *Store) AsOf(ctx context.Context) (time.Time, error) {
	var scanned, fed int64
	err := s.db.Reader().QueryRowContext(ctx, `SELECT scanned_at, fed_until FROM billing_index`).Scan(&scanned, &fed)
	if err != nil {
		return time.Time{}, fmt.Errorf("read the state of the billing index: %w", err)
	}
	if scanned == 0 {
		return time.Time{}, nil
	}
	return moment(fed), nil
}
