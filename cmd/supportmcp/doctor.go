package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"supportmcp/internal/intercom"
	"supportmcp/internal/ledger"
	"supportmcp/internal/sandbox"
	"supportmcp/internal/sandbox/control"
)

func doctorCommand(w world) *cobra.Command {
	var inSandbox, asJSON bool
	var address string
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Say what works, what is missing and how to mend it",
		Long: "Look at the configuration, the vendors, the ledger, the policy and the documents as serve would use them, and\n" +
			"say for each thing whether it is ok, worth knowing or a problem, and how to mend it. Nothing is written anywhere.\n" +
			"Exit status 0 only without problems.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := readConfig(w.environ)
			if err != nil {
				return err
			}
			found, err := diagnose(cmd.Context(), cfg, inSandbox, address, w)
			if err != nil {
				return err
			}
			tell := found.print
			if asJSON {
				tell = found.printJSON
			}
			if err := tell(w.out); err != nil || found.sound() {
				return err
			}
			return errSilent
		},
	}
	c.Flags().BoolVar(&inSandbox, "sandbox", false, "look at what serve --sandbox would use")
	c.Flags().StringVar(&address, "http", "", "look at what serve --http would offer at this address")
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a line")
	return c
}

// longestLook is how long one vendor, or the database, may take to answer.
const longestLook = 20 * time.Second

// diagnose examines a configuration, or the sandbox that it would be served with.
func diagnose(ctx context.Context, cfg Config, inSandbox bool, address string, w world) (diagnosis, error) {
	d := doctor{cfg: cfg, address: address, now: w.now, log: slog.New(slog.DiscardHandler)} // all that is worth saying is a remark
	if inSandbox {
		running, err := sandbox.New(control.NewClock(w.now)).Listen(ctx, "127.0.0.1:0", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer running.Close()
		d.sandbox, d.cfg = true, cfg.in(running)
	}
	d.examine(ctx)
	return d.diagnosis, nil
}

// in is the configuration that serve --sandbox makes of c.
func (c Config) in(running *sandbox.Running) Config {
	return Config{
		StripeKey: sandbox.StripeKey, StripeBase: running.StripeURL,
		IntercomToken: sandbox.IntercomToken, IntercomBase: running.IntercomURL, IntercomAdmin: sandbox.AdminID,
		Policy: c.Policy, Approvers: c.Approvers, Knowledge: c.Knowledge, Principal: c.Principal, LogLevel: c.LogLevel, AllowLiveWrites: "false",
		HTTPToken: c.HTTPToken, HTTPOrigins: c.HTTPOrigins, OAuthIssuer: c.OAuthIssuer, OAuthResource: c.OAuthResource, HTTPRate: c.HTTPRate, Website: c.Website, TracesEndpoint: c.TracesEndpoint,
		LogFormat: c.LogFormat, TLSCert: c.TLSCert, TLSKey: c.TLSKey, unread: c.unread,
	}
}

// doctor examines one configuration and changes nothing in it, at the vendors or on disk.
type doctor struct {
	diagnosis
	cfg     Config
	address string // that serve --http is given; "" is stdio
	account string // of Stripe; "" when it cannot be told
	sandbox bool   // vendors and ledger live and end with serve

	workspace *intercom.Client // nil when it does not answer
	http      *http.Client     // nil is each adapter's own
	now       func() time.Time
	log       *slog.Logger
}

func (d *doctor) examine(ctx context.Context) {
	for _, look := range []func(context.Context){
		d.settings, d.stripe, d.intercom, d.writes, d.database, d.policy, d.whoApproves, d.documents, d.protection,
	} {
		within, cancel := context.WithTimeout(ctx, longestLook)
		look(within)
		cancel()
	}
}

// settings are the variables that belong to none of the other topics.
func (d *doctor) settings(context.Context) {
	_, noCertificate := d.cfg.certificate(d.log)
	bad := d.refuses("settings", errors.Join(
		noCertificate,
		d.cfg.checkPrincipal(),
		d.cfg.checkCheckpoints(),
		checkOneOf("SUPPORTMCP_ALLOW_LIVE_WRITES", d.cfg.AllowLiveWrites, "true", "false"),
		d.cfg.checkEdge(),
		d.cfg.checkLogLevel()))
	if !bad {
		d.ok("settings", "actions are recorded for the principal %s", d.cfg.Principal)
	}
}

// protection says how far the guard holds, and who could reach the server.
func (d *doctor) protection(ctx context.Context) {
	if d.address == "" {
		d.protected(overStdio())
		return
	}
	addr, err := net.ResolveTCPAddr("tcp", d.address)
	if err != nil {
		d.fails("http", err, "give an address of this machine, such as 127.0.0.1:8080")
		return
	}
	protected, err := d.cfg.access(d.now, d.log).Protected(ctx)
	protected = err == nil && protected || d.hasTokens(ctx)
	if err := d.cfg.access(d.now, d.log).Check(ctx, addr); err != nil && !protected {
		d.fails("http", err, "make a token with supportmcp tokens create, set SUPPORTMCP_HTTP_TOKEN, or serve at 127.0.0.1")
	}
	d.protected(overHTTP(addr, protected, runsApart()))
}

// hasTokens reports whether callers have tokens in the ledger. What keeps it from
// being read is told elsewhere.
func (d *doctor) hasTokens(ctx context.Context) bool {
	url, err := d.cfg.databaseURL()
	if d.sandbox || err != nil {
		return false
	}
	in, err := ledger.Inspect(ctx, url, d.ledgerMode())
	return err == nil && in.Tokens > 0
}

func (d *doctor) protected(p protection) {
	if p.stronger == "" {
		d.ok("protection", "%s", p.meaning)
		return
	}
	d.add(warning, "protection", p.meaning, p.stronger)
}
