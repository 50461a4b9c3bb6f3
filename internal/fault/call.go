package fault

import "context"

type callKey struct{}

// WithCall gives everything that is done for one call its id, by which an agent's
// answer and the lines of the log find each other.
func WithCall(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, callKey{}, id)
}

// CallOf is the id of the call that ctx belongs to; "" when there is none.
func CallOf(ctx context.Context) string {
	id, _ := ctx.Value(callKey{}).(string)
	return id
}
