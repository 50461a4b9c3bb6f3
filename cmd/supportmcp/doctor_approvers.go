package main

import (
	"context"
	"slices"
	"strings"

	"supportmcp/internal/approvers"
	"supportmcp/internal/ledger"
	"supportmcp/policies"
)

// whoApproves says who could approve, and what was approved by nobody who counts.
func (d *doctor) whoApproves(ctx context.Context) {
	const topic = "approvers"
	a, held, err := d.authority(ctx)
	if err != nil {
		return // the database's own topic tells
	}
	if a.file != "" {
		if _, _, err := readRoster(a.file); err != nil {
			d.fails(topic, err, "correct the roster; docs/approvals.md shows one")
			return
		}
	}
	acts, err := a.acts(ctx)
	switch {
	case err == nil && len(acts) == 0:
		d.unaccepted(topic, a)
	default:
		d.accepted(ctx, topic, a)
	}
	for _, h := range held {
		if err := a.panel().Judge(ctx, h.Entry, h.Given, h.Decision.Needed()); err != nil {
			d.add(warning, topic+".held", h.ID+" was approved and is not carried out: "+inWords(err), "let people who are in the roster decide; it expires by itself")
		}
	}
}

// authority is whose signatures would count for a server, seen without touching the
// ledger.
func (d *doctor) authority(ctx context.Context) (authority, []ledger.Held, error) {
	a := authority{
		file: d.cfg.roster(), server: true, now: d.now, place: approvers.Place{Mode: "sandbox"},
		acts:   func(context.Context) ([]ledger.Act, error) { return nil, nil },
		signed: func(context.Context) ([]ledger.Act, error) { return nil, nil },
	}
	if d.sandbox {
		return a, nil, nil
	}
	url, err := d.cfg.databaseURL()
	if err != nil {
		return a, nil, err
	}
	in, err := ledger.Inspect(ctx, url, d.ledgerMode())
	a.place = approvers.Place{Ledger: in.ID, Mode: d.ledgerMode(), Account: in.Account}
	a.acts = func(context.Context) ([]ledger.Act, error) { return in.Rosters, nil }
	a.signed = func(context.Context) ([]ledger.Act, error) { return in.Applied, nil }
	return a, in.Held, err
}

// unaccepted tells of a ledger that has accepted no roster yet.
func (d *doctor) unaccepted(topic string, a authority) {
	switch {
	case a.file != "":
		d.ok(topic, "the roster %s becomes the first one when serve starts", a.file)
	case a.place.Mode == "sandbox":
		d.ok(topic, "there is no roster; in the sandbox names are enough")
	default:
		d.add(warning, topic, "nobody can approve, so what waits for a person is never carried out: there is no roster",
			"write one and name it in SUPPORTMCP_APPROVERS; docs/approvals.md shows how")
	}
}

func (d *doctor) accepted(ctx context.Context, topic string, a authority) {
	in, err := a.inForce(ctx)
	if err != nil {
		d.fails(topic, err, "give the server the roster that was accepted, or restore the ledger")
		return
	}
	if people := in.People(); len(people) > 0 {
		d.ok(topic, "%s can approve", strings.Join(people, ", "))
	} else {
		d.add(ailing, topic, "nobody can approve: nobody stands in the accepted roster and in "+a.file, "restore the file, or use supportmcp approvers apply")
	}
	d.notesCount(topic, *in)
	if different, err := a.differs(ctx); err == nil && different != "" {
		d.add(warning, topic, different, "use supportmcp approvers apply, signed by one of the accepted roster; or restore the file")
	}
}

// notesCount tells of admins whose notes the policy counts and the roster does not.
func (d *doctor) notesCount(topic string, in approvers.Roster) {
	name, text, err := readPolicy(d.cfg.Policy)
	if err != nil {
		return // the policy's own topic tells
	}
	p, err := policies.Parse(name, text)
	if err != nil || p.Approvals.Notes == nil {
		return
	}
	for _, id := range p.Approvals.Notes.Admins {
		if !slices.Contains(in.Accounts(), id) {
			d.add(warning, topic+".notes", "the policy counts notes of "+id+", and the roster does not say whose account in Intercom that is",
				"write intercom:"+id+" into the person's line of the roster and use supportmcp approvers apply, or take "+id+" out of the policy")
		}
	}
}

// inWords is the part of an error that a person can read.
func inWords(err error) string {
	var b strings.Builder
	report(&b, err)
	first, _, _ := strings.Cut(strings.TrimPrefix(b.String(), "supportmcp: "), "\n")
	return first
}
