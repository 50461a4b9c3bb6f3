package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"supportmcp/internal/intercom"
	"supportmcp/internal/sandbox"
	"supportmcp/internal/sandbox/control"
	"supportmcp/internal/stripe"
	"supportmcp/policies"
)

func serveCommand(w world) *cobra.Command {
	var inSandbox, readOnly bool
	c := &cobra.Command{
		Use:   "serve",
		Short: "Serve MCP over standard input and output",
		Long: "Serve MCP over standard input and output. The configuration comes from the environment (docs/config.md).\n" +
			"With --sandbox no account is needed: Stripe and Intercom live in this process, the ledger in a\n" +
			"folder that ends with it; of the environment only policy, knowledge, principal and log level are used.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := readConfig(w.environ)
			if err != nil {
				return err
			}
			if inSandbox {
				return serveSandbox(cmd.Context(), cfg, readOnly, w)
			}
			s, err := configured(cfg, w)
			if err != nil {
				return err
			}
			s.readOnly = readOnly
			return serve(cmd.Context(), s, w)
		},
	}
	c.Flags().BoolVar(&inSandbox, "sandbox", false, "use the built-in Stripe and Intercom instead of accounts")
	c.Flags().BoolVar(&readOnly, "read-only", false, "publish no tool that writes; what was approved is still carried out")
	return c
}

// serve answers one client until it hangs up; what has begun is finished first,
// also when the client is gone and an answer meets a closed pipe.
func serve(ctx context.Context, s settings, w world) (err error) {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGPIPE)
	svc, err := newService(ctx, s)
	if err != nil {
		stop()
		return err
	}
	defer func() {
		stop()
		err = errors.Join(err, svc.close())
	}()
	svc.work(ctx)
	for vendor, why := range s.locked {
		s.log.Warn("nothing will be written", "vendor", vendor, "why", why)
	}
	s.log.Info("serving MCP over stdio", "mode", s.mode, "principal", s.principal, "policy", s.policyName, "protection", overStdio)
	return svc.server.ServeStdio(ctx, w.in, w.out)
}

// serveSandbox serves with a sandbox and a ledger that share one life.
func serveSandbox(ctx context.Context, cfg Config, readOnly bool, w world) (err error) {
	dir, err := os.MkdirTemp("", "supportmcp-")
	if err != nil {
		return fmt.Errorf("make a folder for the sandbox: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	running, err := sandbox.New(control.NewClock(w.now)).Listen(ctx, "127.0.0.1:0", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer running.Close()
	s, err := sandboxed(cfg, running, dir, w)
	if err != nil {
		return err
	}
	s.readOnly = readOnly
	s.log.Info("the sandbox is up", "stripe", running.StripeURL, "intercom", running.IntercomURL)
	s.log.Info("approve what waits in another terminal", "command", "SUPPORTMCP_DATABASE_URL='"+s.databaseURL+"' supportmcp approvals list")
	return serve(ctx, s, w)
}

// sandboxed are the settings of a service on a sandbox. Only policy, knowledge,
// principal, toolsets and log level are taken from the environment.
func sandboxed(cfg Config, running *sandbox.Running, dir string, w world) (settings, error) {
	if err := errors.Join(cfg.checkPrincipal(), cfg.checkLogLevel()); err != nil {
		return settings{}, err
	}
	log := newLogger(w.err, cfg.LogLevel)
	s := settings{
		stripe:      stripe.Config{Key: sandbox.StripeKey, BaseURL: running.StripeURL, Log: log, Now: running.Clock.Now},
		intercom:    intercom.Config{Token: sandbox.IntercomToken, BaseURL: running.IntercomURL, AdminID: sandbox.AdminID, Log: log, Now: running.Clock.Now},
		mode:        "sandbox",
		databaseURL: "sqlite:" + filepath.Join(dir, "ledger.db"), auditKey: keyBeside(filepath.Join(dir, "ledger.db")),
		principal: policies.Principal(cfg.Principal), timing: usualTiming(), now: running.Clock.Now, log: log,
		outlets: outlets("", "", log),
	}
	if cfg.Knowledge == "" {
		docs := filepath.Join(dir, "knowledge")
		if err := copySamples(docs); err != nil {
			return s, err
		}
		cfg.Knowledge = "northwind=" + docs
	}
	err := s.read(cfg)
	return s, err
}
