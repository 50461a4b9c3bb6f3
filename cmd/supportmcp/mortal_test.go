package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"supportmcp/internal/proof"
	"supportmcp/policies"
)

// What a mortal server is told by its environment: the point at which it ends,
// how often it passes that point first, and since when its time runs fast.
const (
	mortalPoint = "MORTAL_POINT"
	mortalSkip  = "MORTAL_SKIP"
	mortalSince = "MORTAL_SINCE"
)

// hurry is how much faster than real time a mortal server's clock runs, so that
// leases lapse and looks are over within seconds.
const hurry = 20

// hurried is a clock that has run fast since a moment; all processes that are
// told the same moment agree on it.
func hurried(since time.Time) func() time.Time {
	return func() time.Time { return since.Add(hurry * time.Since(since)) }
}

// mortal is the program for tests that kill it, with a fast clock: serve, which
// kills itself at a named point, and any other command.
func mortal() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	w := world{in: os.Stdin, out: os.Stdout, err: os.Stderr, environ: os.Environ(), now: hurriedByEnvironment()}
	status := 0
	if len(os.Args) == 2 && os.Args[1] == "serve" {
		if err := serveMortally(ctx, w); err != nil {
			fmt.Fprintln(os.Stderr, err)
			status = 1
		}
	} else {
		status = run(ctx, os.Args[1:], w)
	}
	stop()
	os.Exit(status)
}

func hurriedByEnvironment() func() time.Time {
	nanos, _ := strconv.ParseInt(os.Getenv(mortalSince), 10, 64) // 1970 when it is missing
	return hurried(time.Unix(0, nanos))
}

func serveMortally(ctx context.Context, w world) error {
	cfg, err := readConfig(w.environ)
	if err != nil {
		return err
	}
	s, err := configured(cfg, w)
	if err != nil {
		return err
	}
	s.timing = timing{attempt: time.Second, lease: time.Minute, wait: 5 * time.Second}
	s.at, s.oneClock = killAt(os.Getenv(mortalPoint), os.Getenv(mortalSkip)), true
	s.stripe.HTTP = &http.Client{Transport: interrupted{s.at}, Timeout: 20 * time.Second}
	s.intercom.HTTP = &http.Client{Transport: interrupted{s.at}, Timeout: 20 * time.Second}
	svc, err := newService(ctx, s)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	svc.busy.Go(func() { sweepAll(ctx, svc) })
	err = svc.server.ServeStdio(ctx, w.in, w.out)
	stop()
	return errors.Join(err, svc.close())
}

// sweepAll takes the place of the worker's slower rhythm.
func sweepAll(ctx context.Context, svc *service) {
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

// killAt kills this process, as kill -9 does, at a point that it has passed skip times.
func killAt(fatal, skip string) func(string) {
	var left atomic.Int64
	n, _ := strconv.ParseInt(skip, 10, 64)
	left.Store(n)
	return func(point string) {
		if point != fatal || left.Add(-1) >= 0 {
			return
		}
		fmt.Fprintln(os.Stderr, lastWords+point)
		if self, err := os.FindProcess(os.Getpid()); err == nil {
			_ = self.Kill()
		}
		select {} // until it has taken effect
	}
}

// What begins the points at which contacts are being tagged.
const (
	ofTag  = "tag." // a request that writes a tag; it passes the points of any request as well
	ofPart = "end." // a transaction of the ledger that ends a part of a plan
)

// lastWords begin the line by which tests count deaths.
const lastWords = "dies at "

// interrupted carries requests, and tells when a write has been written and when
// its answer has been read.
type interrupted struct{ at func(string) }

// RoundTrip implements http.RoundTripper.
func (i interrupted) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodGet || strings.HasSuffix(r.URL.Path, "/search") {
		return http.DefaultTransport.RoundTrip(r)
	}
	at := func(point string) {
		i.at(point)
		if taggingPath(r.URL.Path) {
			i.at(ofTag + point)
		}
	}
	r = r.WithContext(httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{
		WroteRequest: func(httptrace.WroteRequestInfo) { at(proof.RequestWritten) },
	}))
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	at(proof.AnswerRead)
	res.Body = io.NopCloser(bytes.NewReader(body))
	return res, nil
}
