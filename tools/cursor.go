package tools

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"regexp"
	"strconv"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"supportmcp/internal/fault"
)

// cursor is where an answer goes on, as text that clients give back unread. It
// names a place and allows nothing: what it names is looked up and checked as if
// the agent had named it. It holds ids and digests only. "" is the beginning.
type cursor string

// Schema describes a cursor in the same words everywhere.
func (cursor) Schema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Description: "cursor of an earlier answer, to go on there"}
}

// thread is what goes on.
type thread string

const (
	olderMessages  thread = "m" // of a conversation
	restOfMessage  thread = "r"
	olderPayments  thread = "p" // of a customer
	listedPayments thread = "l" // of a customer, by status and date
	listedInvoices thread = "i"
	moreHits       thread = "h" // of a search
	restOfDocument thread = "d"
	moreTickets    thread = "t" // of a search
	moreContacts   thread = "c" // of a search
	moreMembers    thread = "s" // of a segment
	moreOptions    thread = "o" // of a desk
)

// tool is the tool that goes on with a thread, "" for what is no thread.
func (t thread) tool() string {
	switch t {
	case olderMessages, restOfMessage:
		return "get_conversation"
	case olderPayments:
		return "get_billing_overview"
	case listedPayments:
		return "list_payments"
	case listedInvoices:
		return "list_invoices"
	case moreHits:
		return "search"
	case restOfDocument:
		return "fetch"
	case moreTickets:
		return "search_conversations"
	case moreContacts:
		return "find_contacts"
	case moreMembers:
		return "list_segments"
	case moreOptions:
		return "list_desk_options"
	}
	return ""
}

// place is what a cursor says.
type place struct {
	Thread thread
	Within string // the conversation, or the digest of what was asked for
	Of     string // a message or a customer
	After  string // id of what was told last
	From   int    // bytes or hits told so far
	Digest string // of what must be as it was
}

const (
	maxCursor = 400 // bytes
	placeForm = `^[a-z](\.[A-Za-z0-9_-]*){3}\.(0|[1-9][0-9]{0,8})\.[0-9a-f]*$`
)

// cursor is "" when an id of a vendor's has a form that none is known to have.
func (p place) cursor() cursor {
	text := strings.Join([]string{string(p.Thread), p.Within, p.Of, p.After, strconv.Itoa(p.From), p.Digest}, ".")
	c := cursor(base64.RawURLEncoding.EncodeToString([]byte(text)))
	if _, ok := c.decode(); !ok {
		return ""
	}
	return c
}

// decode takes exactly what place.cursor makes.
func (c cursor) decode() (place, bool) {
	if len(c) > maxCursor {
		return place{}, false
	}
	b, err := base64.RawURLEncoding.DecodeString(string(c))
	if err != nil || base64.RawURLEncoding.EncodeToString(b) != string(c) || !regexp.MustCompile(placeForm).Match(b) {
		return place{}, false
	}
	f := strings.Split(string(b), ".")
	from, err := strconv.Atoi(f[4])
	p := place{Thread: thread(f[0]), Within: f[1], Of: f[2], After: f[3], From: from, Digest: f[5]}
	return p, err == nil && p.Thread.tool() != ""
}

// place reads the cursor that a tool was given, and what it must go on within. One
// made elsewhere is answered like one that was never made.
func (c cursor) place(tool, within string) (place, error) {
	if c == "" {
		return place{Within: within}, nil
	}
	p, ok := c.decode()
	if other := p.Thread.tool(); ok && other != tool {
		return place{}, fault.Invalidf("give this cursor to "+other+", or call "+tool+" without cursor", "cursor: it is one of %s", other)
	}
	if !ok || p.Within != within {
		return place{}, strayCursor(tool)
	}
	return p, nil
}

// elseOf is the customer that a place goes on with, or else the one that was named.
func (p place) elseOf(customer string) string { return cmp.Or(p.Of, customer) }

// strayIf is the answer to a customer that is not the asker's: where a cursor
// named it, no answer gave that cursor.
func (p place) strayIf(err error, tool string) error {
	if p.Of != "" && fault.CodeOf(err) == fault.NotFound {
		return strayCursor(tool)
	}
	return err
}

func strayCursor(tool string) error {
	return fault.Invalidf("call "+tool+" again without cursor", "cursor: no answer to these arguments gave it")
}

// outdated is the answer to a cursor into what is no longer as it was.
func outdated(tool, what string) error {
	return fault.Invalidf("call "+tool+" again without cursor", "cursor: %s has changed since; start again", what)
}

// digest tells texts apart.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:6])
}
