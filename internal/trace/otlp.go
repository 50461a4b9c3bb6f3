package trace

import (
	"encoding/json"
	"strconv"
	"time"
)

// The messages of OTLP, as far as they are sent. Ids are hexadecimal, and numbers
// of 64 bits are text (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding).
type (
	export struct {
		ResourceSpans []resourceSpans `json:"resourceSpans"`
	}
	resourceSpans struct {
		Resource   resource     `json:"resource"`
		ScopeSpans []scopeSpans `json:"scopeSpans"`
	}
	resource struct {
		Attributes []attribute `json:"attributes"`
	}
	scopeSpans struct {
		Scope scope  `json:"scope"`
		Spans []span `json:"spans"`
	}
	scope struct {
		Name    string `json:"name"`
		Version string `json:"version"`
	}
	span struct {
		TraceID      string      `json:"traceId"`
		SpanID       string      `json:"spanId"`
		ParentSpanID string      `json:"parentSpanId,omitempty"`
		Name         string      `json:"name"`
		Kind         int         `json:"kind"`
		Start        string      `json:"startTimeUnixNano"`
		End          string      `json:"endTimeUnixNano"`
		Attributes   []attribute `json:"attributes"`
		Status       status      `json:"status"`
	}
	status struct {
		Code int `json:"code,omitempty"`
	}
	attribute struct {
		Key   string `json:"key"`
		Value value  `json:"value"`
	}
	value struct {
		Text string `json:"stringValue,omitempty"`
		Int  string `json:"intValue,omitempty"`
	}
)

// isError is the status of a span that failed; without one it is not known.
const isError = 2

func encode(version string, spans []*Span) ([]byte, error) {
	out := make([]span, len(spans))
	for i, s := range spans {
		out[i] = span{
			TraceID: s.at.trace, SpanID: s.at.span, ParentSpanID: s.parent, Name: s.name, Kind: s.kind,
			Start: nanos(s.began), End: nanos(s.ended), Attributes: s.attributes,
		}
		if s.failed {
			out[i].Status.Code = isError
		}
	}
	of := resource{[]attribute{{"service.name", value{Text: "supportmcp"}}, {"service.version", value{Text: version}}}}
	return json.Marshal(export{[]resourceSpans{{of, []scopeSpans{{scope{"supportmcp", version}, out}}}}})
}

func nanos(t time.Time) string { return strconv.FormatInt(t.UnixNano(), 10) }
