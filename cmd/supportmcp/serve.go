package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"supportmcp/internal/fault"
	"supportmcp/internal/intercom"
	"supportmcp/internal/sandbox"
	"supportmcp/internal/stripe"
	"supportmcp/policies"
	"supportmcp/server"
)

// serving is how serve was called.
type serving struct {
	sandbox, readOnly bool
	http, operator    string
	dir               string // of the sandbox; "" is one that ends with it
	seed              string // of the sandbox, as it was typed
}

func serveCommand(w world) *cobra.Command {
	var o serving
	c := &cobra.Command{
		Use:   "serve",
		Short: "Serve MCP over standard input and output, or over HTTP",
		Long: "Serve MCP over standard input and output, or with --http to any number of clients over Streamable HTTP.\n" +
			"The configuration comes from the environment (docs/config.md).\n" +
			"With --sandbox no account is needed: Stripe and Intercom live in this process, the ledger in a\n" +
			"folder that ends with it; the keys, the database and the vendors of the environment are not used.",
		Example: "  supportmcp serve --sandbox\n  supportmcp serve --sandbox --http 127.0.0.1:8080",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := readConfig(w.environ)
			if err != nil {
				return err
			}
			if o.sandbox {
				return serveSandbox(cmd.Context(), cfg, o, w)
			}
			if o.dir != "" || o.seed != "" {
				return errors.New("--dir and --seed are for a sandbox; say --sandbox, too")
			}
			s, err := configured(cfg, w)
			if err != nil {
				return err
			}
			s.readOnly, s.http, s.operator = o.readOnly, o.http, o.operator
			return serve(cmd.Context(), s, w)
		},
	}
	c.Flags().BoolVar(&o.sandbox, "sandbox", false, "use the built-in Stripe and Intercom instead of accounts")
	c.Flags().StringVar(&o.dir, "dir", "", "with --sandbox: keep ledger and vendors in this folder")
	c.Flags().StringVar(&o.seed, "seed", "", "with --sandbox: large adds 10,000 customers and 5,000 contacts")
	c.Flags().BoolVar(&o.readOnly, "read-only", false, "publish no tool that writes; what was approved is still carried out")
	c.Flags().StringVar(&o.http, "http", "", "serve over HTTP at this address, such as 127.0.0.1:8080; other machines need SUPPORTMCP_HTTP_TOKEN")
	c.Flags().StringVar(&o.operator, "operator", "", "tell /livez, /readyz and /metrics at this address, such as 127.0.0.1:9090 (docs/operations.md)")
	return c
}

// serve answers clients until they hang up or the process is told to stop; what
// has begun is finished first, also when the client is gone and an answer meets a
// closed pipe.
func serve(ctx context.Context, s settings, w world) (err error) {
	defer surviveClosedPipes()()
	ctx, stop := context.WithCancel(ctx)
	svc, err := newService(ctx, s)
	if err != nil {
		stop()
		return err
	}
	defer func() {
		stop()
		err = errors.Join(err, svc.close())
	}()
	quiet, err := svc.operate(ctx, s.operator)
	if err != nil {
		return err
	}
	defer quiet()
	svc.work(ctx)
	for vendor, why := range s.locked {
		s.log.Warn("nothing will be written", "vendor", vendor, "why", why)
	}
	if s.http != "" {
		return serveHTTP(ctx, svc, s)
	}
	s.announce("serving MCP over stdio", overStdio())
	return svc.server.ServeStdio(ctx, w.in, whileRead{w.out, stop})
}

// surviveClosedPipes makes writing to a closed pipe an error like any other. The
// signal tells nothing more: once asked for, it also comes for the connections of
// clients and vendors, any of which may break (https://pkg.go.dev/os/signal#hdr-SIGPIPE).
func surviveClosedPipes() (undo func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGPIPE)
	return func() { signal.Stop(signals) }
}

// whileRead ends the serving when nobody reads the answers any more.
type whileRead struct {
	io.Writer
	end context.CancelFunc
}

// Write implements io.Writer.
func (w whileRead) Write(p []byte) (int, error) {
	n, err := w.Writer.Write(p)
	if err != nil {
		w.end()
	}
	return n, err
}

// serveHTTP answers any number of clients at an address.
func serveHTTP(ctx context.Context, svc *service, s settings) error {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", s.http)
	if err != nil {
		return &fault.Error{
			Code: fault.Invalid, Message: fmt.Sprintf("--http %s: %v", s.http, err),
			NextStep: "give an address of this machine with a free port, such as 127.0.0.1:8080",
		}
	}
	defer svc.reloading(ctx)()
	s.access.News.Tell, s.access.Tokens = svc.hurry, svc.tokens
	protected, err := s.access.Protected(ctx)
	if err != nil {
		return errors.Join(fmt.Errorf("look for tokens: %w", err), l.Close())
	}
	l, scheme := s.tls.over(l)
	s.announce("serving MCP over HTTP", overHTTP(l.Addr(), protected, runsApart()), "url", scheme+"://"+l.Addr().String()+server.Endpoint)
	return svc.server.ServeHTTP(ctx, l, s.access)
}

// announce says what is served and how far the guard holds.
func (s settings) announce(what string, p protection, more ...any) {
	s.log.Info(what, append([]any{"mode", s.mode, "principal", s.principal, "policy", s.policyName, "protection", p}, more...)...) //nolint:sloglint // one of two constant messages
}

// serveSandbox serves with a sandbox and a ledger that share one life.
func serveSandbox(ctx context.Context, cfg Config, o serving, w world) (err error) {
	home, err := openHome(o.dir, o.seed, w)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, home.leave()) }()
	running, err := home.sandbox.Listen(ctx, "127.0.0.1:0", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer running.Close()
	s, err := sandboxed(cfg, running, home.dir, w)
	if err != nil {
		return err
	}
	s.readOnly, s.http, s.operator = o.readOnly, o.http, o.operator
	s.log.Info("the sandbox is up", "stripe", running.StripeURL, "intercom", running.IntercomURL)
	s.log.Info("approve what waits in another terminal", "command", "SUPPORTMCP_DATABASE_URL='"+s.databaseURL+"' supportmcp approvals list")
	return serve(ctx, s, w)
}

// sandboxed are the settings of a service on a sandbox. Of the environment it
// takes all but keys, database and vendors.
func sandboxed(cfg Config, running *sandbox.Running, dir string, w world) (settings, error) {
	if err := errors.Join(cfg.checkPrincipal(), cfg.checkEdge(), cfg.checkLogLevel()); err != nil {
		return settings{}, err
	}
	log := cfg.logger(w.err)
	s := settings{
		stripe:      stripe.Config{Key: sandbox.StripeKey, BaseURL: running.StripeURL, Log: log, Now: running.Clock.Now},
		intercom:    intercom.Config{Token: sandbox.IntercomToken, BaseURL: running.IntercomURL, AdminID: sandbox.AdminID, Log: log, Now: running.Clock.Now},
		mode:        "sandbox",
		databaseURL: "sqlite:" + filepath.Join(dir, "ledger.db"), auditKey: keyBeside(filepath.Join(dir, "ledger.db")),
		principal: policies.Principal(cfg.Principal), timing: usualTiming(), now: running.Clock.Now, log: log,
		website: cfg.Website, access: cfg.access(w.now, log), traces: cfg.TracesEndpoint, outlets: outlets("", "", log),
	}
	if cfg.Knowledge == "" {
		docs := filepath.Join(dir, "knowledge")
		if err := copySamples(docs); err != nil {
			return s, err
		}
		cfg.Knowledge = "northwind=" + docs
	}
	cfg.IntercomToken, cfg.IntercomBase = sandbox.IntercomToken, running.IntercomURL // articles come from there, too
	err := s.read(cfg, w)
	return s, err
}
