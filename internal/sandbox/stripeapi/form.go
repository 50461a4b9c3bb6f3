package stripeapi

import (
	"cmp"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// params are the parameters of one request. Its readers remember the first
// thing that was wrong, and finish refuses what nobody has read.
type params struct {
	path    func(name string) string
	values  url.Values
	read    map[string]bool
	trouble *apiError
}

// readParams takes parameters from the query and from a form in the body, in
// Stripe's bracket syntax.
func readParams(r *http.Request) (*params, *apiError) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, invalid("", "", "Invalid query string.")
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, invalid("", "", "Unreadable request body.")
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, invalid("", "", "Invalid request body: it must be form-encoded.")
	}
	for name, v := range form {
		values[name] = append(values[name], v...)
	}
	return &params{path: r.PathValue, values: values, read: map[string]bool{}}, nil
}

// canonical is the same text for the same parameters in any order.
func (p *params) canonical() string { return p.values.Encode() }

// refuse remembers the first thing that was wrong.
func (p *params) refuse(e *apiError) { p.trouble = cmp.Or(p.trouble, e) }

// finish is the refusal of the request, if there is one: the first bad value,
// or else the first parameter that the endpoint does not know.
func (p *params) finish() *apiError {
	if p.trouble != nil {
		return p.trouble
	}
	for _, name := range slices.Sorted(maps.Keys(p.values)) {
		if !p.read[name] {
			return invalid("parameter_unknown", name, "Received unknown parameter: %s", name)
		}
	}
	return nil
}

// raw is a parameter's value; of several the last one counts.
func (p *params) raw(name string) (string, bool) {
	p.read[name] = true
	v := p.values[name]
	if len(v) == 0 {
		return "", false
	}
	return v[len(v)-1], true
}

// text is a parameter that cannot be unset; "" when it was not given.
func (p *params) text(name string) string {
	v, ok := p.raw(name)
	if ok && v == "" {
		p.refuse(invalid("parameter_invalid_empty", name,
			"You passed an empty string for '%s'. We assume empty values are an attempt to unset a parameter; however '%s' cannot be unset.", name, name))
	}
	return v
}

// integer is a whole number between the bounds; absent when it was not given.
func (p *params) integer(name string, least, most, absent int64) int64 {
	v := p.text(name)
	if v == "" {
		return absent
	}
	n, err := strconv.ParseInt(v, 10, 64)
	switch {
	case err != nil:
		p.refuse(invalid("parameter_invalid_integer", name, "Invalid integer: %s", v))
	case n < least:
		p.refuse(invalid("parameter_invalid_integer", name, "This value must be greater than or equal to %d.", least))
	case n > most:
		p.refuse(invalid("parameter_invalid_integer", name, "This value must be less than or equal to %d (it currently is '%d').", most, n))
	}
	return n
}

// flag is a boolean; given reports whether it was there at all.
func (p *params) flag(name string) (on, given bool) {
	v := p.text(name)
	if v != "" && v != "true" && v != "false" {
		p.refuse(invalid("", name, "Invalid boolean: %s", v))
	}
	return v == "true", v != ""
}

// oneOf is a word from a list; "" when it was not given.
func (p *params) oneOf(name string, words ...string) string {
	v := p.text(name)
	if v != "" && !slices.Contains(words, v) {
		p.refuse(invalid("", name, "Invalid %s: must be one of %s", name, strings.Join(words, ", ")))
	}
	return v
}

// group gives the members of a parameter in brackets, such as metadata[order].
func (p *params) group(name string) map[string]string {
	out := map[string]string{}
	for full := range p.values {
		inner, ok := strings.CutPrefix(full, name+"[")
		if !ok || !strings.HasSuffix(inner, "]") {
			continue
		}
		out[strings.TrimSuffix(inner, "]")], _ = p.raw(full)
	}
	return out
}

// metadata reads what shall become of an object's metadata. It returns nil when
// nothing was said. See https://docs.stripe.com/api/metadata for the bounds.
func (p *params) metadata() func(map[string]string) map[string]string {
	const maxKeys, maxKey, maxValue = 50, 40, 500
	set := p.group("metadata")
	clearAll, given := p.raw("metadata")
	if given && clearAll != "" {
		p.refuse(invalid("", "metadata", "Invalid hash"))
	}
	for k, v := range set {
		if k == "" || len(k) > maxKey || len(v) > maxValue || len(set) > maxKeys {
			p.refuse(invalid("", "metadata", "Metadata has at most %d keys of up to %d characters, with values of up to %d characters.", maxKeys, maxKey, maxValue))
		}
	}
	return func(old map[string]string) map[string]string {
		out := map[string]string{}
		if !given {
			maps.Copy(out, old)
		}
		maps.Copy(out, set)
		maps.DeleteFunc(out, func(_, v string) bool { return v == "" })
		return out
	}
}

// during reads a filter on a timestamp: an exact second, or bounds in brackets.
func (p *params) during(name string) func(time.Time) bool {
	lowest, highest := int64(0), int64(1)<<53
	exact := p.integer(name, lowest, highest, -1)
	gt := p.integer(name+"[gt]", lowest, highest, -1)
	gte := p.integer(name+"[gte]", lowest, highest, -1)
	lt := p.integer(name+"[lt]", lowest, highest, -1)
	lte := p.integer(name+"[lte]", lowest, highest, -1)
	return func(t time.Time) bool {
		at := t.Unix()
		return (exact < 0 || at == exact) &&
			(gt < 0 || at > gt) && (gte < 0 || at >= gte) &&
			(lt < 0 || at < lt) && (lte < 0 || at <= lte)
	}
}
