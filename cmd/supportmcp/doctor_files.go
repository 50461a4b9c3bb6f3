package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"supportmcp/internal/knowledge"
	"supportmcp/internal/ledger"
	"supportmcp/internal/sandbox/samples"
	"supportmcp/internal/stripe"
	"supportmcp/policies"
)

// database looks at the ledger without opening it as a server does.
func (d *doctor) database(ctx context.Context) {
	const topic = "database"
	if d.sandbox {
		d.ok(topic, "a ledger of its own, made when serve --sandbox starts and gone when it ends")
		return
	}
	if d.refuses(topic, d.cfg.checkDatabase()) {
		return
	}
	url, err := d.cfg.databaseURL()
	if err != nil {
		d.refuses(topic, err)
		return
	}
	in, err := ledger.Inspect(ctx, url, d.ledgerMode())
	switch where := whereabouts(url); {
	case err != nil:
		d.fails(topic, err, "")
	case d.account != "" && in.Account != "" && in.Account != d.account:
		d.add(ailing, topic, "the ledger belongs to the Stripe account "+in.Account+", and the key is of "+d.account,
			"use a key of "+in.Account+", or set SUPPORTMCP_DATABASE_URL to a ledger of its own for this account")
	case !in.Exists:
		d.add(warning, topic, "there is no ledger yet in "+where,
			"nothing to do at a first start, which makes it; otherwise set SUPPORTMCP_DATABASE_URL to the ledger in use")
	case in.Older:
		d.add(warning, topic, "a ledger of an earlier release in "+where, "back it up; the next start of serve brings it up to date")
	default:
		d.ok(topic, "a ledger in %s, %s%s, with %s in its log", where, belongs(in.Mode), ofAccount(in.Account), counted(in.Events, "event"))
	}
	d.inForce(ctx, in.Policies)
	if in.Adopted > 0 {
		d.add(warning, "database.adopted", counted(in.Adopted, "refund")+" of this ledger were made by Stripe and lost here, as when an older backup is restored; they count again",
			"find them with supportmcp approvals list --all; what else was recorded meanwhile is lost")
	}
}

// inForce says whether the policy file is the one in force.
func (d *doctor) inForce(ctx context.Context, history []ledger.Accepted) {
	const topic = "policy.in_force"
	name, text, err := readPolicy(d.cfg.Policy)
	if err != nil || len(history) == 0 {
		return
	}
	file, err := policies.Parse(name, text)
	if err != nil {
		return
	}
	over, _, err := d.authority(ctx)
	if err != nil {
		return // told elsewhere
	}
	records, err := allowed(over.policies).records(ctx, history)
	if err != nil {
		return // told elsewhere
	}
	switch s := policies.Stand(name, file, records); {
	case len(s.Looser) > 0:
		d.add(warning, topic, "revision "+s.InForce.Revision+" stays in force, because the file loosens it: "+s.Summary(),
			"have an approver run supportmcp policy apply with the file, or change the file back")
	default:
		d.ok(topic, "revision %s", file.Revision)
	}
}

// ledgerMode is the mode that serve would open the ledger for; "" without a usable key.
func (d *doctor) ledgerMode() string {
	mode, err := stripe.ModeOf(string(d.cfg.StripeKey))
	if err != nil || d.cfg.checkStripe() != nil {
		return ""
	}
	return d.cfg.mode(mode)
}

func belongs(mode string) string {
	if mode == "" {
		return "of no mode yet"
	}
	return "of " + mode + " mode"
}

func ofAccount(account string) string {
	if account == "" {
		return ""
	}
	return " and account " + account
}

// whereabouts names a database without what may be secret in its address.
func whereabouts(url string) string {
	if path, isFile := strings.CutPrefix(url, "sqlite:"); isFile {
		return path
	}
	return "PostgreSQL"
}

func counted[N int | int64](n N, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
}

func (d *doctor) policy(ctx context.Context) {
	const topic = "policy"
	name, text, err := readPolicy(d.cfg.Policy)
	if err != nil {
		d.fails(topic, err, "set SUPPORTMCP_POLICY to a policy file; supportmcp policy print-default prints one to start from")
		return
	}
	p, err := policies.Parse(name, text)
	if wrong, are := errors.AsType[*policies.FileError](err); are {
		for _, problem := range wrong.Problems {
			d.add(ailing, topic, problem.String(), "correct the file; supportmcp policy check tells the same")
		}
		return
	}
	if err != nil {
		d.fails(topic, err, "")
		return
	}
	d.ok(topic, "%s, revision %s", name, p.Revision)
	d.sections(p)
	d.ties(ctx, p)
}

// sections says what a policy covers; what it does not is denied.
func (d *doctor) sections(p *policies.Policy) {
	for _, s := range []struct {
		name    string
		present bool
		covers  string
	}{
		{"refund", p.Refund != nil, "refunds"},
		{"reply", p.Reply != nil, "replies, notes and states"},
		{"tag", p.Tag != nil, "tags"},
	} {
		switch topic := "policy." + s.name; {
		case !s.present:
			d.add(warning, topic, "there is no such section, so "+s.covers+" are denied", "add the section "+s.name+" if they should be allowed")
		case s.name == "refund":
			d.ok(topic, "refunds in %s", strings.Join(currencies(p.Refund), ", "))
		default:
			d.ok(topic, "%s", s.covers)
		}
	}
}

func currencies(r *policies.RefundRules) []string {
	var out []string
	for c := range r.Currencies {
		out = append(out, strings.ToUpper(string(c)))
	}
	slices.Sort(out)
	return out
}

// documents reads every source, the sandbox's samples from the program itself. Of
// one that is elsewhere it reads no more than shows that it can be read.
func (d *doctor) documents(ctx context.Context) {
	const topic = "knowledge"
	sources, err := d.cfg.feeds(world{now: d.now})
	if d.refuses(topic, err) {
		return
	}
	if d.sandbox && len(sources.all) == 0 {
		docs, refused, err := knowledge.ReadFolder("northwind", samples.Knowledge())
		d.refuses(topic, err)
		d.source("northwind", len(docs), refused)
		d.citations(ctx, perusal{docs: docs, whole: []string{"northwind"}, all: []string{"northwind"}})
		return
	}
	if len(sources.all) == 0 {
		d.add(warning, topic, "no documents are served, so search finds nothing", "set SUPPORTMCP_KNOWLEDGE to name=folder")
	}
	got := perusal{audience: sources.audience, all: sources.names()}
	for _, f := range sources.all {
		d.feed(ctx, f, &got)
	}
	d.citations(ctx, got)
}

// errEnough ends a look at a source that is elsewhere.
var errEnough = errors.New("enough")

func (d *doctor) feed(ctx context.Context, f feed, into *perusal) {
	taken, refused := 0, []knowledge.Refused(nil)
	_, err := f.Sync(ctx, knowledge.State{}, func(file knowledge.File) error {
		doc, err := f.read(file)
		if err != nil {
			refused = append(refused, knowledge.Refuse(f.Name(), file.Path, err))
			return nil
		}
		if taken++; f.folder == nil {
			return errEnough
		}
		into.docs = append(into.docs, doc)
		return nil
	})
	if err == nil && f.folder != nil {
		into.whole = append(into.whole, f.Name())
	}
	switch topic := "knowledge." + f.Name(); {
	case err != nil && !errors.Is(err, errEnough):
		d.fails(topic, err, "correct the source; its last good documents are served meanwhile")
	case f.folder == nil && taken > 0:
		d.ok(topic, "it can be read")
	default:
		d.source(f.Name(), taken, refused)
	}
}

func (d *doctor) source(name string, documents int, refused []knowledge.Refused) {
	topic := "knowledge." + name
	if documents == 0 {
		d.add(warning, topic, "no documents", "put .md, .markdown, .txt or .html files into it")
	} else {
		d.ok(topic, "%s", counted(documents, "document"))
	}
	for _, r := range refused {
		d.add(warning, topic, "refused "+r.Path+": "+r.Reason, "correct the file, or move it out of the folder")
	}
}
