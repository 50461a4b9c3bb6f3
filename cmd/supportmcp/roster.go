package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"supportmcp/internal/approvers"
	"supportmcp/internal/fault"
	"supportmcp/internal/ledger"
	"supportmcp/policies"
)

// besidePolicy is the name of the roster in the policy's folder.
const besidePolicy = "approvers"

// roster is the path of the configured roster; "" is none.
func (c Config) roster() string {
	if c.Approvers != "" || c.Policy == "" {
		return c.Approvers
	}
	if beside := filepath.Join(filepath.Dir(c.Policy), besidePolicy); exists(beside) {
		return beside
	}
	return ""
}

func readRoster(path string) (string, approvers.Roster, error) {
	b, err := os.ReadFile(path) //nolint:gosec // the operator names the file
	if err != nil {
		return "", approvers.Roster{}, fmt.Errorf("read the roster: %w", err)
	}
	r, err := approvers.ParseRoster(b)
	if err != nil {
		return "", r, fmt.Errorf("read the roster %s:\n%w", path, err)
	}
	return string(b), r, nil
}

// authority knows whose signatures count for a ledger: a person's whose key stands
// in the roster that the ledger has accepted, and in the file as well. So neither
// the database alone nor the file alone can name an approver.
type authority struct {
	ledger *ledger.Ledger
	acts   func(context.Context) ([]ledger.Act, error) // the rosters that the ledger has accepted
	signed func(context.Context) ([]ledger.Act, error) // the policies that approvers signed
	place  approvers.Place
	file   string // "" is none
	server bool   // the file must be there; people who approve elsewhere may lack it
	now    func() time.Time
	notes  approvers.NoteReader // nil: notes cannot be read here
}

// authorityOver finds out what a ledger belongs to. mode is that of the server's
// keys; "" believes the ledger, which suits what a server will check again.
func authorityOver(ctx context.Context, l *ledger.Ledger, file, mode string, now func() time.Time) (authority, error) {
	b, err := l.Belonging(ctx)
	if err != nil {
		return authority{}, err
	}
	a := authority{ledger: l, file: file, server: mode != "", now: now, place: approvers.Place(b)}
	a.acts = func(ctx context.Context) ([]ledger.Act, error) { return l.Acts(ctx, string(approvers.Enroll)) }
	a.signed = func(ctx context.Context) ([]ledger.Act, error) { return l.Acts(ctx, string(approvers.Policy)) }
	if a.server {
		a.place.Mode = mode
	}
	return a, nil
}

func (a authority) panel() approvers.Panel {
	return approvers.Panel{Place: a.place, InForce: a.inForce, Now: a.now, Notes: a.notes}
}

// accepted is the roster that the ledger has accepted, with the bytes of its file
// and its number; nil when it has none.
func (a authority) accepted(ctx context.Context) (*approvers.Roster, ledger.Act, error) {
	acts, err := a.acts(ctx)
	if err != nil || len(acts) == 0 {
		return nil, ledger.Act{}, err
	}
	newest := acts[len(acts)-1]
	r, err := approvers.Accepted(versions(acts), a.place)
	if err != nil {
		return nil, newest, err
	}
	return &r, newest, nil
}

func versions(acts []ledger.Act) []approvers.Version {
	all := make([]approvers.Version, len(acts))
	for i, act := range acts {
		all[i] = approvers.Version{Body: act.Body, At: act.At, Statement: act.Statement, Signature: act.Signature}
	}
	return all
}

// inForce is whose signatures count now; nil when there is no roster at all.
func (a authority) inForce(ctx context.Context) (*approvers.Roster, error) {
	accepted, _, err := a.accepted(ctx)
	switch {
	case err != nil:
		return nil, err
	case accepted == nil && a.file == "":
		return nil, nil
	case accepted == nil:
		return nil, &fault.Error{
			Code: fault.Refused, Took: fault.No, Message: "no roster of approvers was accepted for this ledger yet",
			NextStep: "start the server, which accepts its first roster, or use supportmcp approvers apply",
		}
	case a.file == "" && a.server:
		return nil, &fault.Error{
			Code: fault.Refused, Took: fault.No, Message: "the ledger has a roster of approvers, and this server has no file that says the same",
			NextStep: "set SUPPORTMCP_APPROVERS to the roster, or put it beside the policy",
		}
	case a.file == "":
		return accepted, nil
	}
	_, here, err := readRoster(a.file)
	if err != nil {
		return nil, err
	}
	both := accepted.Within(here)
	return &both, nil
}

// acceptFirst records the configured roster when the ledger has none yet. Another
// one needs the signature of somebody of the first.
func (a authority) acceptFirst(ctx context.Context) (first bool, err error) {
	acts, err := a.acts(ctx)
	if err != nil || len(acts) > 0 || a.file == "" {
		return false, err
	}
	text, _, err := readRoster(a.file)
	if err != nil {
		return false, err
	}
	_, err = a.ledger.RecordAct(ctx, ledger.Act{Purpose: string(approvers.Enroll), Subject: approvers.Hash([]byte(text)), Body: text}, 0)
	if acts, _ := a.acts(ctx); err != nil && len(acts) > 0 {
		return false, nil // another server has accepted one at the same moment
	}
	return err == nil, err
}

// differs tells how the file and the accepted roster differ; "" when they do not.
func (a authority) differs(ctx context.Context) (string, error) {
	_, newest, err := a.accepted(ctx)
	if err != nil || newest.Body == "" || a.file == "" {
		return "", err
	}
	text, _, err := readRoster(a.file)
	if err != nil || text == newest.Body {
		return "", err
	}
	return "the roster " + a.file + " is not the one that was accepted: only people who stand in both can approve", nil
}

// whoApproves finds out who may approve at a server, and gives its guard those who
// do. In a sandbox without a roster names are enough, as everything there is made up.
// read reads again the notes by which people approve.
func whoApproves(ctx context.Context, s settings, l *ledger.Ledger, read approvers.NoteReader) (authority, policies.Approvers, error) {
	a, err := authorityOver(ctx, l, s.roster, s.mode, s.now)
	if err != nil {
		return a, nil, err
	}
	a.notes = read
	first, err := a.acceptFirst(ctx)
	if err != nil {
		return a, nil, err
	}
	if first {
		s.log.Warn("the first roster of approvers is accepted; every later one needs the signature of one of them", "file", s.roster)
	}
	acts, err := a.acts(ctx)
	if err != nil || len(acts) == 0 && s.mode == "sandbox" {
		return a, nil, err
	}
	a.announce(ctx, s.log)
	return a, a.panel(), nil
}

// announce tells an operator what is wrong with the approvers. The server serves
// all the same: what needs no approval goes on.
func (a authority) announce(ctx context.Context, log *slog.Logger) {
	in, err := a.inForce(ctx)
	switch {
	case err != nil:
		log.Warn("nobody's approval counts", "err", err)
	case in == nil:
		log.Warn("nobody can approve", "why", approvers.NoRoster())
	}
	if different, err := a.differs(ctx); err == nil && different != "" {
		log.Warn("another roster of approvers takes effect with supportmcp approvers apply", "why", different)
	}
}

// act has an approver sign something about the ledger as a whole, records it with
// the file that it is about, and gives the approver's name. want is the statement
// without signer and time.
func (s signatory) act(ctx context.Context, w world, a authority, question string, want approvers.Statement, body string) (string, error) {
	roster, err := a.inForce(ctx)
	if err != nil {
		return "", err
	}
	if roster == nil {
		return "", approvers.NoRoster()
	}
	p, err := s.prove(w, *roster, question, func(signer string) approvers.Statement {
		mine := want
		mine.Place, mine.Signer, mine.Time = a.place, signer, w.now().UTC().Round(0)
		return mine
	})
	if err != nil {
		return "", err
	}
	person, err := a.panel().Act(ctx, want, p.text, p.signature)
	if err != nil {
		return "", err
	}
	acts, err := a.ledger.Acts(ctx, string(want.Purpose))
	if err != nil {
		return "", err
	}
	_, err = a.ledger.RecordAct(ctx, ledger.Act{
		Purpose: string(want.Purpose), Subject: want.Subject, By: person.Name, Body: body, Statement: p.text, Signature: p.signature,
	}, int64(len(acts)))
	return person.Name, err
}
