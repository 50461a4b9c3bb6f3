package meter_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"supportmcp/internal/meter"
)

func TestMetricsAreWrittenAsPrometheusReadsThem(t *testing.T) {
	t.Parallel()
	var m meter.Meter
	decisions := m.Counter("decisions_total", "What was decided.", "rule", "effect")
	seconds := m.Histogram("tool_seconds", "How long tools took.", []float64{0.1, 1}, "tool")
	m.Counter("nothing_total", "What never happened.")
	m.LookUp(func(p *meter.Page) {
		p.Gauge("entries", "Actions by state.", 3, "state", "done")
		p.Gauge("entries", "Actions by state.", 0, "state", "failed")
		p.Gauge("age_seconds", "How old it is.", 1.5)
	})
	decisions.Inc("window", "deny")
	decisions.Inc("window", "deny")
	decisions.Inc("a\"b\\c\nd", "allow")
	for _, v := range []float64{0.1, 0.5, 7} {
		seconds.Observe(v, "search")
	}
	var out strings.Builder
	n, err := m.WriteTo(&out)
	if err != nil || int(n) != out.Len() {
		t.Fatal(n, err)
	}
	const want = `# HELP decisions_total What was decided.
# TYPE decisions_total counter
decisions_total{rule="a\"b\\c\nd",effect="allow"} 1
decisions_total{rule="window",effect="deny"} 2
# HELP tool_seconds How long tools took.
# TYPE tool_seconds histogram
tool_seconds_bucket{tool="search",le="0.1"} 1
tool_seconds_bucket{tool="search",le="1"} 2
tool_seconds_bucket{tool="search",le="+Inf"} 3
tool_seconds_sum{tool="search"} 7.6
tool_seconds_count{tool="search"} 3
# HELP nothing_total What never happened.
# TYPE nothing_total counter
# HELP entries Actions by state.
# TYPE entries gauge
entries{state="done"} 3
entries{state="failed"} 0
# HELP age_seconds How old it is.
# TYPE age_seconds gauge
age_seconds 1.5
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestManyMayCountAtOnce(t *testing.T) {
	t.Parallel()
	var m meter.Meter
	c, h := m.Counter("a_total", "A."), m.Histogram("b", "B.", []float64{1})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 100 {
				c.Inc()
				h.Observe(0.5)
				_, _ = m.WriteTo(&strings.Builder{})
			}
		})
	}
	all.Wait()
	var out strings.Builder
	_, _ = m.WriteTo(&out)
	for _, want := range []string{"\na_total 800\n", "\nb_count 800\n", "b_bucket{le=\"1\"} 800\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("want %q in\n%s", want, out.String())
		}
	}
}
