package approvers

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// Roster is who may approve: people with their keys and roles. The zero value has
// nobody. It is immutable.
type Roster struct{ people []Person }

// Person is one key of a person in a roster. A person with several keys is there
// several times and counts once.
type Person struct {
	Name  string
	Roles []string
	Admin string // the id of the person's account in Intercom, whose notes are theirs; "" for none
	Key   ssh.PublicKey

	after, before time.Time // when the key counts; zero has no bound
}

// rolePrefix marks a principal of the allowed-signers format as a role, and
// adminPrefix as the id of an admin in Intercom.
const (
	rolePrefix  = "role:"
	adminPrefix = "intercom:"
)

// longestRoster bounds the file, in bytes.
const longestRoster = 256 << 10

// ParseRoster reads a file in OpenSSH's allowed-signers format. The principals of
// a line are the person's name, as role:NAME the roles, and as intercom:ID the
// person's account in Intercom:
//
//	robin,role:finance,intercom:8002 namespaces="supportmcp" ssh-ed25519 AAAA… robin's laptop
//
// Patterns, certificates and options that it does not know are errors, and so are
// one key of two people and a person with other roles in another line. The error
// lists everything wrong, with line numbers.
func ParseRoster(text []byte) (Roster, error) {
	var r Roster
	if len(text) > longestRoster {
		return r, errors.New("the roster is too long")
	}
	var wrong []error
	n := 0
	for line := range bytes.Lines(text) {
		n++
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		p, err := parsePerson(string(line))
		if err == nil {
			err = r.fits(p)
		}
		if err != nil {
			wrong = append(wrong, fmt.Errorf("line %d: %w", n, err))
			continue
		}
		r.people = append(r.people, p)
	}
	if len(r.people) == 0 && len(wrong) == 0 {
		wrong = append(wrong, errors.New("the roster names nobody"))
	}
	if err := errors.Join(wrong...); err != nil {
		return Roster{}, err
	}
	return r, nil
}

// fits keeps one human being from counting as two.
func (r Roster) fits(p Person) error {
	for _, other := range r.people {
		same := strings.EqualFold(other.Name, p.Name)
		switch {
		case same && other.Name != p.Name:
			return fmt.Errorf("%s is also written %s", p.Name, other.Name)
		case bytes.Equal(other.Key.Marshal(), p.Key.Marshal()):
			return fmt.Errorf("this key stands there already, for %s", other.Name)
		case same && !slices.Equal(other.Roles, p.Roles):
			return fmt.Errorf("%s has other roles in another line", p.Name)
		case same && other.Admin != p.Admin:
			return fmt.Errorf("%s has another account in Intercom in another line", p.Name)
		case !same && p.Admin != "" && other.Admin == p.Admin:
			return fmt.Errorf("the account %s in Intercom is %s's already", p.Admin, other.Name)
		}
	}
	return nil
}

func parsePerson(line string) (p Person, err error) {
	principals, rest, _ := strings.Cut(line, " ")
	if err = p.principals(principals); err != nil {
		return p, err
	}
	rest = strings.TrimSpace(rest)
	options, rest := cutOptions(rest)
	if err := p.restrict(options); err != nil {
		return p, err
	}
	keyType, rest, _ := strings.Cut(rest, " ")
	blob, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	raw, err := base64.StdEncoding.DecodeString(blob)
	if err != nil || len(raw) == 0 {
		return p, errors.New("after the name and the options must come a key, such as ssh-ed25519 AAAA…")
	}
	if p.Key, err = parseKey(raw); err != nil {
		return p, err
	}
	if p.Key.Type() != keyType {
		return p, fmt.Errorf("the key is of type %s, and the line says %s", p.Key.Type(), keyType)
	}
	return p, nil
}

// principals reads the names of a line.
func (p *Person) principals(list string) error {
	word := regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}$`)
	number := regexp.MustCompile(`^[0-9]{1,20}$`)
	for principal := range strings.SplitSeq(list, ",") {
		role, isRole := strings.CutPrefix(principal, rolePrefix)
		admin, isAdmin := strings.CutPrefix(principal, adminPrefix)
		switch {
		case isAdmin && (p.Admin != "" || !number.MatchString(admin)):
			return fmt.Errorf("%q must be the number of one account in Intercom", principal)
		case isAdmin:
			p.Admin = admin
		case !word.MatchString(role):
			return fmt.Errorf("%q must be letters, digits and . _ @ + -, without patterns", principal)
		case isRole:
			p.Roles = append(p.Roles, role)
		case p.Name != "":
			return fmt.Errorf("%s and %s: a line names one person; write roles as role:NAME", p.Name, principal)
		default:
			p.Name = principal
		}
	}
	if p.Name == "" {
		return errors.New("a line must begin with the name of a person")
	}
	slices.Sort(p.Roles)
	p.Roles = slices.Compact(p.Roles)
	return nil
}

// cutOptions takes the options of a line, whose quoted values may hold spaces. A
// line without options begins with the type of the key.
func cutOptions(rest string) (options, key string) {
	if first, _, _ := strings.Cut(rest, " "); formats(first) != nil {
		return "", rest
	}
	quoted := false
	for i, c := range rest {
		switch {
		case c == '"':
			quoted = !quoted
		case c == ' ' && !quoted:
			return rest[:i], strings.TrimSpace(rest[i:])
		}
	}
	return rest, ""
}

func (p *Person) restrict(options string) (err error) {
	for option := range strings.SplitSeq(options, ",") {
		name, value, _ := strings.Cut(option, "=")
		value = strings.Trim(value, `"`)
		switch strings.ToLower(name) {
		case "":
		case "namespaces":
			if value != Namespace {
				return fmt.Errorf("the key is for %s, so it cannot sign for %s", value, Namespace)
			}
		case "valid-after":
			p.after, err = day(value)
		case "valid-before":
			p.before, err = day(value)
		default:
			return fmt.Errorf("the option or type of key %q is not known here", name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// day reads a time of the allowed-signers format in UTC; OpenSSH reads one without
// the Z in the time zone of whoever checks, which is another one elsewhere.
func day(text string) (time.Time, error) {
	for _, layout := range []string{"20060102Z", "200601021504Z", "20060102150405Z"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q must be a time in UTC such as 20261231Z", text)
}

// People are the names in the roster, sorted.
func (r Roster) People() []string {
	var names []string
	for _, p := range r.people {
		names = append(names, p.Name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Keys are all lines of the roster. It must not be changed.
func (r Roster) Keys() []Person { return r.people }

// Within is what of the roster stands in another one as well: the same key of the
// same person, with the roles and the account in Intercom that both give.
func (r Roster) Within(other Roster) Roster {
	var both Roster
	for _, p := range r.people {
		q, ok := other.holder(p.Key)
		if !ok || q.Name != p.Name {
			continue
		}
		p.Roles = slices.DeleteFunc(slices.Clone(p.Roles), func(role string) bool { return !slices.Contains(q.Roles, role) })
		if p.Admin != q.Admin {
			p.Admin = ""
		}
		p.after = latest(p.after, q.after)
		p.before = earliest(p.before, q.before)
		both.people = append(both.people, p)
	}
	return both
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// earliest is the earlier bound; zero is none.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func (p Person) countsAt(at time.Time) bool {
	return !at.Before(p.after) && (p.before.IsZero() || at.Before(p.before))
}

func (r Roster) holder(k ssh.PublicKey) (Person, bool) {
	for _, p := range r.people {
		if bytes.Equal(p.Key.Marshal(), k.Marshal()) {
			return p, true
		}
	}
	return Person{}, false
}

// Accounts are the accounts in Intercom whose notes can decide, sorted.
func (r Roster) Accounts() []string {
	var ids []string
	for _, p := range r.people {
		if p.Admin != "" {
			ids = append(ids, p.Admin)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// admin is whose account in Intercom it is, if one of the person's keys counts at a time.
func (r Roster) admin(id string, at time.Time) (Person, bool) {
	for _, p := range r.people {
		if id != "" && p.Admin == id && p.countsAt(at) {
			return p, true
		}
	}
	return Person{}, false
}

// Verify checks the signature of a statement's text and gives the statement, and
// the person who signed it. The key must be of the very person that the statement
// names as its signer, and must count at the time at.
func (r Roster) Verify(text, signature string, at time.Time) (Statement, Person, error) {
	s, err := ParseStatement(text)
	if err != nil {
		return s, Person{}, err
	}
	key, err := signedBy(text, signature)
	if err != nil {
		return s, Person{}, err
	}
	p, ok := r.holder(key)
	switch {
	case !ok:
		return s, Person{}, refused("use the key that the roster has, or let an approver put yours there with supportmcp approvers apply",
			"the key %s is nobody's in the roster in force", ssh.FingerprintSHA256(key))
	case p.Name != s.Signer:
		return s, Person{}, refused("let "+s.Signer+" sign, or make a statement of your own", "the statement is %s's, and the key is %s's", s.Signer, p.Name)
	case !p.countsAt(at):
		return s, Person{}, refused("use a key that counts now", "the key of %s does not count at %s", p.Name, at.UTC().Format(time.RFC3339))
	}
	return s, p, nil
}
