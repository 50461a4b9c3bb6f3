package trace

import (
	"context"
	"strings"
)

// place is where in a trace something happens.
type place struct {
	trace, span string // in hexadecimal
	sampled     bool   // who began the trace wants it recorded
	ours        bool   // span is one of a tracer's
}

type placeKey struct{}

func placeOf(ctx context.Context) place {
	p, _ := ctx.Value(placeKey{}).(place)
	return p
}

// WithParent says to which span of its caller's a call belongs, as a traceparent
// does (https://www.w3.org/TR/trace-context/#traceparent-header). What is none
// changes nothing: clients write it, and log and collector repeat it.
func WithParent(ctx context.Context, traceparent string) context.Context {
	p, ok := parse(traceparent)
	if !ok {
		return ctx
	}
	return context.WithValue(ctx, placeKey{}, p)
}

// ID is the trace that ctx belongs to, in hexadecimal; "" when there is none.
func ID(ctx context.Context) string { return placeOf(ctx).trace }

// parse reads a traceparent. A version to come may have more fields than four.
func parse(traceparent string) (place, bool) {
	f := strings.Split(traceparent, "-")
	if len(f) < 4 || f[0] == "ff" || f[0] == "00" && len(f) > 4 {
		return place{}, false
	}
	for i, size := range []int{2, 32, 16, 2} {
		if len(f[i]) != size || strings.Trim(f[i], "0123456789abcdef") != "" {
			return place{}, false
		}
	}
	if strings.Trim(f[1], "0") == "" || strings.Trim(f[2], "0") == "" {
		return place{}, false
	}
	sampled := strings.ContainsRune("13579bdf", rune(f[3][1])) // its lowest bit
	return place{trace: f[1], span: f[2], sampled: sampled}, true
}
