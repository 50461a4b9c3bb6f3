package tokens

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"supportmcp/policies"
)

// NoBudget is the text that takes the budget of a principal away.
const NoBudget = "none"

// ParseBudget reads a budget as [policies.ParseAllowance] does, and NoBudget.
func ParseBudget(text string) ([]policies.Budget, error) {
	if text == NoBudget {
		return nil, nil
	}
	return policies.ParseAllowance(text)
}

// Of implements [policies.Allowances]. The budget is the principal's and not one
// token's: another token does not double it, and revoking one does not lift it. The
// newest token that says anything of it holds.
func (s *Store) Of(ctx context.Context, p policies.Principal) ([]policies.Budget, error) {
	var text string
	err := s.db.Reader().QueryRowContext(ctx, `SELECT budget FROM access_token WHERE principal = $1 AND budget <> '' ORDER BY created_at DESC, id DESC LIMIT 1`,
		string(p)).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read a budget: %w", err)
	}
	return ParseBudget(text)
}
