package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"supportmcp/policies"
)

// hasty is serve for tests that cannot wait a minute for a dead server's lease to
// lapse: over stdio, or at the address behind --http. All else is as in serve.
func hasty() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	err := serveHastily(ctx, world{in: os.Stdin, out: os.Stdout, err: os.Stderr, environ: os.Environ(), now: time.Now})
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serveHastily(ctx context.Context, w world) error {
	cfg, err := readConfig(w.environ)
	if err != nil {
		return err
	}
	s, err := configured(cfg, w)
	if err != nil {
		return err
	}
	s.timing = timing{attempt: time.Second, lease: 1500 * time.Millisecond, wait: 10 * time.Second}
	if len(os.Args) > 3 && os.Args[2] == "--http" { // many agents at once, so vendors take longer
		s.timing, s.http = timing{attempt: 5 * time.Second, lease: 6 * time.Second, wait: 10 * time.Second}, os.Args[3]
	}
	svc, err := newService(ctx, s)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	svc.busy.Go(func() { sweepOften(ctx, svc) })
	if s.http != "" {
		err = serveHTTP(ctx, svc, s)
	} else {
		err = svc.server.ServeStdio(ctx, w.in, w.out)
	}
	stop()
	return errors.Join(err, svc.close())
}

// sweepOften takes the place of the worker's slower rhythm.
func sweepOften(ctx context.Context, svc *service) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			_ = svc.worker.Sweep(ctx, policies.DueApproved) // what fails is due again
			_ = svc.worker.Sweep(ctx, policies.DueLapsed)
		}
	}
}
