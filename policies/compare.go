package policies

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Difference is one way in which two policies differ.
type Difference struct {
	Path     string // the key, such as refund.currencies.eur.auto
	Old, New string // as a person reads them; "" is nothing
	// Looser says that something may be judged more generously, approved by fewer, or
	// told to more; also where that cannot be told.
	Looser bool
	// Stricter says that something may be judged more strictly, and nothing by this
	// more generously. What is neither changes words only.
	Stricter bool
}

// Compare lists how two policies differ, in the order of the policy's keys. Whoever
// finds nothing looser in it may rely on that: whatever is asked, and whatever the
// budgets have used, after is no more generous than before. What it does not know
// it calls looser. A nil policy denies everything.
func Compare(before, after *Policy) []Difference {
	before, after = orNothing(before), orNothing(after)
	c := &comparison{}
	c.walk("", reflect.ValueOf(*before), reflect.ValueOf(*after))
	c.budgets(before, after)
	return c.found
}

// orNothing is the policy that denies everything in place of none.
func orNothing(p *Policy) *Policy {
	if p == nil {
		p, _ = Parse("", []byte("version: 1")) // which is a policy
	}
	return p
}

// comparison collects differences.
type comparison struct{ found []Difference }

func (c *comparison) add(path, before, after string, looser bool) {
	c.found = append(c.found, Difference{Path: path, Old: before, New: after, Looser: looser, Stricter: !looser})
}

// reworded adds what makes a difference to readers only.
func (c *comparison) reworded(path, before, after string) {
	c.found = append(c.found, Difference{Path: path, Old: before, New: after})
}

// walk compares two values of one type. Budgets are compared all together, since
// one can stand in for another.
func (c *comparison) walk(path string, before, after reflect.Value) {
	switch before.Interface().(type) {
	case []Budget, *Budget:
	case CurrencyLimits:
		c.limits(path, as[CurrencyLimits](before), as[CurrencyLimits](after))
	case []Matcher:
		c.matchers(path, as[[]Matcher](before), as[[]Matcher](after))
	case ApprovalRules:
		c.approvals(path, before, after)
	case DisclosureRules:
		c.disclosure(path, as[DisclosureRules](before), as[DisclosureRules](after))
	case *IdentityRules:
		c.identity(path, as[*IdentityRules](before), as[*IdentityRules](after))
	case NoteRules:
		c.notes(path, as[NoteRules](before), as[NoteRules](after))
	case map[Reason]Effect:
		c.reasons(path, as[map[Reason]Effect](before), as[map[Reason]Effect](after))
	default:
		c.walkKind(path, before, after)
	}
}

func (c *comparison) walkKind(path string, before, after reflect.Value) {
	switch before.Kind() {
	case reflect.Pointer:
		c.section(path, before, after)
	case reflect.Struct:
		c.fields(path, before, after)
	default:
		c.leaf(path, before, after)
	}
}

// as is the value of a type that was looked at.
func as[T any](v reflect.Value) (out T) {
	out, _ = reflect.TypeAssert[T](v)
	return out
}

func (c *comparison) section(path string, before, after reflect.Value) {
	switch {
	case before.IsNil() && after.IsNil():
	case before.IsNil():
		c.add(path, "", "a section", true)
	case after.IsNil():
		c.add(path, "a section", "", false)
	default:
		c.walk(path, before.Elem(), after.Elem())
	}
}

// fields compares a block. What nobody can see from here is looser when it differs.
func (c *comparison) fields(path string, before, after reflect.Value) {
	for f, was := range before.Fields() {
		below := join(path, keyOf(f.Name))
		switch {
		case !f.IsExported():
		case f.Anonymous:
			c.walk(path, was, after.FieldByIndex(f.Index))
		case below != "revision":
			c.walk(below, was, after.FieldByIndex(f.Index))
		}
	}
	if !reflect.DeepEqual(hidden(before), hidden(after)) {
		c.add(path, "rules", "other rules", true)
	}
}

// hidden is a block with only what is not exported.
func hidden(v reflect.Value) any {
	out := reflect.New(v.Type()).Elem()
	out.Set(v)
	for f := range v.Fields() {
		if f.IsExported() {
			out.FieldByIndex(f.Index).SetZero()
		}
	}
	return out.Interface()
}

// keyOf is the key that a policy file has for a field: MaxPercent is max_percent.
func keyOf(field string) string {
	var out strings.Builder
	small := false // the letter before; IBANs is one word
	for _, r := range field {
		if unicode.IsUpper(r) && small {
			out.WriteByte('_')
		}
		small = unicode.IsLower(r)
		out.WriteRune(unicode.ToLower(r))
	}
	return out.String()
}

// leaf compares values that have no parts.
func (c *comparison) leaf(path string, before, after reflect.Value) {
	if reflect.DeepEqual(before.Interface(), after.Interface()) {
		return
	}
	was, is := written(before), written(after)
	if strings.HasSuffix(path, ".cite") || path == "approvals.hand_to" {
		c.reworded(path, was, is)
		return
	}
	c.add(path, was, is, looser(path, before, after))
}

// looser reports whether a value is more generous than another, or nobody can tell.
func looser(path string, before, after reflect.Value) bool {
	switch b := before.Interface().(type) {
	case Effect:
		return as[Effect](after) > b
	case PersonalData:
		levels := []PersonalData{NoPersonalData, MaskedPersonalData, FullPersonalData}
		return slices.Index(levels, as[PersonalData](after)) > slices.Index(levels, b)
	case RefundFrom:
		return as[RefundFrom](after) != "" // nobody can tell which of the others is looser
	case map[string]Effect:
		return path != "refund.risk" || generous(b, as[map[string]Effect](after))
	case []string:
		return !slices.Contains(lists(), path) || !subset(as[[]string](after), b)
	}
	return looserNumber(path, before, after)
}

func looserNumber(path string, before, after reflect.Value) bool {
	n, known := number(path)
	if !known || !before.CanInt() {
		return true
	}
	was, is := before.Int(), after.Int()
	if n.unlimited {
		was, is = orUnlimited(was), orUnlimited(is)
	}
	if n.smaller {
		return is < was
	}
	return is > was
}

// direction says which way a number loosens.
type direction struct {
	smaller   bool // a smaller one is looser
	unlimited bool // 0 is no limit
}

// number is the direction of the number at a path; known is false for one that
// nobody has thought about.
func number(path string) (d direction, known bool) {
	d, known = map[string]direction{
		"refund.max_percent":      {unlimited: true},
		"refund.window":           {},
		"refund.duplicate_within": {},
		"refund.account_age":      {smaller: true},
		"credit.account_age":      {smaller: true},
		"retry.cooldown":          {smaller: true},
		"denials.count":           {unlimited: true},
		"denials.window":          {smaller: true},
		"reply.max_chars":         {},
		"segment.max":             {},
		"segment.alone":           {},
		"lookup.customers":        {},
		"lookup.window":           {smaller: true},
		"approvals.people":        {smaller: true},
		"approvals.expires":       {},
	}[path]
	return d, known
}

func orUnlimited(n int64) int64 {
	if n == 0 {
		return int64(forever)
	}
	return n
}

// lists are the keys that list what is allowed, and nothing else is.
func lists() []string {
	return []string{"approvals.notes.admins", "tag.allow", "segment.allow", "segment.attributes", "contact.attributes", "discount.coupons", "reply.words.links", "reply.words.emails", "reply.words.ibans"}
}

// generous reports whether a map lets through what another holds back. What it does
// not list is allowed.
func generous[K comparable](before, after map[K]Effect) bool {
	for k, was := range before {
		if is, listed := after[k]; !listed || is > was {
			return true
		}
	}
	return false
}

// subset reports whether all of some names are among others, as they are written.
func subset(some, others []string) bool {
	return !slices.ContainsFunc(some, func(s string) bool { return !slices.Contains(others, s) })
}

// written is a value as a person reads it.
func written(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case time.Duration:
		if x == 0 {
			return ""
		}
		return FormatSpan(x)
	case []string:
		return strings.Join(x, ", ")
	case map[string]Effect:
		return effects(x)
	case bool:
		return strconv.FormatBool(x)
	}
	if v.IsZero() && v.Kind() != reflect.Int { // a zero Effect is a word
		return ""
	}
	return shorten(fmt.Sprint(v.Interface()))
}

// effects are effects by word, in the order of the words.
func effects[K ~string](m map[K]Effect) string {
	var out []string
	for k, e := range m {
		out = append(out, string(k)+": "+e.String())
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}
