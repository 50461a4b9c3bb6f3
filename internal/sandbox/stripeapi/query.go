package stripeapi

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// matcher decides whether a customer is among the results of a search.
type matcher func(*Customer) bool

// clausePattern is one clause of a query, such as -name~"maria" or
// metadata['plan']:'team', up to its value.
// See https://docs.stripe.com/search#search-query-language.
const clausePattern = `^(-?)([a-z]+)(?:\[(?:'([^']*)'|"([^"]*)")\])?(:|~|>=|<=|>|<)(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|([0-9]+))`

// parseQuery reads clauses joined by AND, by OR, or by blanks, which mean AND.
// The two cannot be mixed.
func parseQuery(text string) (matcher, error) {
	clause := regexp.MustCompile(clausePattern)
	var all []matcher
	var joints []string
	for rest := strings.TrimSpace(text); rest != ""; {
		parts := clause.FindStringSubmatch(rest)
		if parts == nil {
			return nil, fmt.Errorf("nothing to make of %q", rest)
		}
		m, err := parseClause(parts)
		if err != nil {
			return nil, err
		}
		all = append(all, m)
		joint, after, err := nextJoint(rest[len(parts[0]):])
		if err != nil {
			return nil, err
		}
		joints, rest = append(joints, joint), after
	}
	if len(all) == 0 {
		return nil, errors.New("it is blank")
	}
	if slices.Contains(joints, "AND") && slices.Contains(joints, "OR") {
		return nil, errors.New("AND and OR cannot be combined")
	}
	return join(all, slices.Contains(joints, "OR")), nil
}

// nextJoint reads what stands between two clauses; both texts are empty at the end.
func nextJoint(rest string) (joint, after string, err error) {
	after = strings.TrimSpace(rest)
	if after == "" {
		return "", "", nil
	}
	if !strings.HasPrefix(rest, " ") {
		return "", "", fmt.Errorf("no blank before %q", after)
	}
	word, tail, _ := strings.Cut(after, " ")
	if !strings.EqualFold(word, "AND") && !strings.EqualFold(word, "OR") {
		return "AND", after, nil
	}
	joint, after = strings.ToUpper(word), strings.TrimSpace(tail)
	if after == "" {
		return "", "", fmt.Errorf("nothing follows %s", joint)
	}
	return joint, after, nil
}

func join(all []matcher, either bool) matcher {
	return func(c *Customer) bool {
		for _, m := range all {
			if m(c) == either {
				return either
			}
		}
		return !either
	}
}

func parseClause(parts []string) (matcher, error) {
	negated, field, key, op := parts[1] == "-", parts[2], parts[3]+parts[4], parts[5]
	value, number := unescape(parts[6]+parts[7]), parts[8]
	m, err := match(field, key, op, value, number)
	if err != nil || !negated {
		return m, err
	}
	return func(c *Customer) bool { return !m(c) }, nil
}

func match(field, key, op, value, number string) (matcher, error) {
	switch {
	case field == "created":
		return matchTime(op, number)
	case number != "":
		return nil, fmt.Errorf("field %q is compared with a text in quotes", field)
	}
	switch field {
	case "email":
		return matchText(op, value, func(c *Customer) string { return c.Email })
	case "name":
		return matchText(op, value, func(c *Customer) string { return c.Name })
	case "phone":
		return matchText(op, value, func(c *Customer) string { return c.Phone })
	case "metadata":
		if op != ":" || key == "" {
			return nil, errors.New("metadata is searched as metadata['key']:'value'")
		}
		return func(c *Customer) bool { v, ok := c.Metadata[key]; return ok && v == value }, nil
	}
	return nil, fmt.Errorf("field %q is not searchable", field)
}

// matchText compares without regard to case: the whole text, or a part of at
// least three characters.
func matchText(op, value string, of func(*Customer) string) (matcher, error) {
	switch {
	case op == ":":
		return func(c *Customer) bool { return strings.EqualFold(of(c), value) }, nil
	case op == "~" && len(value) >= 3:
		return func(c *Customer) bool { return strings.Contains(strings.ToLower(of(c)), strings.ToLower(value)) }, nil
	case op == "~":
		return nil, errors.New("a part to search for has at least three characters")
	}
	return nil, fmt.Errorf("operator %q does not fit a text", op)
}

func matchTime(op, number string) (matcher, error) {
	at, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return nil, errors.New("created is compared with a timestamp")
	}
	bound := time.Unix(at, 0)
	return func(c *Customer) bool {
		order := c.Created.Truncate(time.Second).Compare(bound)
		switch op {
		case ":":
			return order == 0
		case ">":
			return order > 0
		case ">=":
			return order >= 0
		case "<":
			return order < 0
		case "<=":
			return order <= 0
		}
		return false
	}, nil
}

// unescape removes the backslashes before quotes and backslashes.
func unescape(s string) string {
	return strings.NewReplacer(`\\`, `\`, `\'`, `'`, `\"`, `"`).Replace(s)
}
