// Package meter owns numbers about a running process, and how they are written for
// those who collect them: counters, durations, and what is looked up when asked.
// It keeps no text but names and label values, and knows nothing of what is counted.
package meter

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Meter is a set of metrics. Its methods are safe for concurrent use.
type Meter struct {
	mu      sync.Mutex
	metrics []*metric
	lookups []func(*Page)
}

// metric is one name with a value for each set of label values.
type metric struct {
	name, help, kind string
	labels           []string
	bounds           []float64 // of a histogram, ascending

	mu     sync.Mutex
	series map[string]*series // by label values, as they are written
}

type series struct {
	value  float64
	counts []uint64 // of a histogram, by bound; not cumulative
	count  uint64
}

func (m *Meter) add(x *metric) *metric {
	x.series = map[string]*series{}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.metrics = append(m.metrics, x)
	return x
}

// Counter only grows.
type Counter struct{ *metric }

// Counter makes a counter. By convention its name ends in _total.
func (m *Meter) Counter(name, help string, labels ...string) Counter {
	return Counter{m.add(&metric{name: name, help: help, kind: "counter", labels: labels})}
}

// Inc counts one more. There must be a value for each label.
func (c Counter) Inc(values ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at(values).value++
}

// Histogram counts values by size.
type Histogram struct{ *metric }

// Histogram makes a histogram with upper bounds, which must ascend.
func (m *Meter) Histogram(name, help string, bounds []float64, labels ...string) Histogram {
	return Histogram{m.add(&metric{name: name, help: help, kind: "histogram", labels: labels, bounds: bounds})}
}

// Observe counts a value. There must be a value for each label.
func (h Histogram) Observe(v float64, values ...string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.at(values)
	if s.counts == nil {
		s.counts = make([]uint64, len(h.bounds))
	}
	if i, _ := slices.BinarySearch(h.bounds, v); i < len(s.counts) {
		s.counts[i]++
	}
	s.count++
	s.value += v
}

func (x *metric) at(values []string) *series {
	key := pairs(x.labels, values)
	s := x.series[key]
	if s == nil {
		s = &series{}
		x.series[key] = s
	}
	return s
}

// LookUp has look called for every page, to write what is not counted but read. It
// may be called by several at once.
func (m *Meter) LookUp(look func(*Page)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lookups = append(m.lookups, look)
}

// Page is one writing of all metrics.
type Page struct {
	out  strings.Builder
	seen map[string]bool
}

// Gauge writes one value that can rise and fall. All values of a name must follow
// each other. Labels are names and values in turn.
func (p *Page) Gauge(name, help string, value float64, labels ...string) {
	p.head(name, help, "gauge")
	var names, values []string
	for i := 0; i+1 < len(labels); i += 2 {
		names, values = append(names, labels[i]), append(values, labels[i+1])
	}
	p.line(name, pairs(names, values), value)
}

func (p *Page) head(name, help, kind string) {
	if p.seen[name] {
		return
	}
	p.seen[name] = true
	fmt.Fprintf(&p.out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
}

func (p *Page) line(name, labels string, value float64) {
	if labels != "" {
		labels = "{" + labels + "}"
	}
	p.out.WriteString(name + labels + " " + number(value) + "\n")
}

// WriteTo writes all metrics in the text format of Prometheus
// (https://prometheus.io/docs/instrumenting/exposition_formats/).
func (m *Meter) WriteTo(w io.Writer) (int64, error) {
	p := &Page{seen: map[string]bool{}}
	m.mu.Lock()
	metrics, lookups := slices.Clone(m.metrics), slices.Clone(m.lookups)
	m.mu.Unlock()
	for _, x := range metrics {
		x.write(p)
	}
	for _, look := range lookups {
		look(p)
	}
	n, err := io.WriteString(w, p.out.String())
	return int64(n), err
}

func (x *metric) write(p *Page) {
	x.mu.Lock()
	defer x.mu.Unlock()
	keys := make([]string, 0, len(x.series))
	for key := range x.series {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	p.head(x.name, x.help, x.kind)
	for _, key := range keys {
		s := x.series[key]
		if x.bounds == nil {
			p.line(x.name, key, s.value)
			continue
		}
		x.writeHistogram(p, key, s)
	}
}

func (x *metric) writeHistogram(p *Page, key string, s *series) {
	within := key
	if within != "" {
		within += ","
	}
	var below uint64
	for i, bound := range x.bounds {
		below += s.counts[i]
		p.line(x.name+"_bucket", within+`le="`+number(bound)+`"`, float64(below))
	}
	p.line(x.name+"_bucket", within+`le="+Inf"`, float64(s.count))
	p.line(x.name+"_sum", key, s.value)
	p.line(x.name+"_count", key, float64(s.count))
}

// pairs are labels as they are written.
func pairs(names, values []string) string {
	escape := strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)
	var out []string
	for i, name := range names {
		out = append(out, name+`="`+escape.Replace(values[i])+`"`)
	}
	return strings.Join(out, ",")
}

func number(v float64) string {
	if v == math.Trunc(v) && math.Abs(v) < 1e15 {
		return strconv.FormatInt(int64(v), 10)
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}
