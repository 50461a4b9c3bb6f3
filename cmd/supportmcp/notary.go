package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"supportmcp/internal/ledger"
	"supportmcp/internal/ledger/checkpoint"
)

// How often a checkpoint is signed while there are new events, and how long one
// place may take to receive it.
const (
	everyCheckpoint = time.Minute
	longestDelivery = 10 * time.Second
)

// notary signs checkpoints of the ledger and delivers each to places outside of
// it, because one that lies in the database alone proves nothing to anybody who
// doubts the database. One goroutine at a time may use it.
type notary struct {
	ledger *ledger.Ledger
	key    checkpoint.Signer
	places []*outlet
	log    *slog.Logger
}

// outlet is a place outside the database that receives checkpoints.
type outlet struct {
	name string
	has  int64 // the size of the newest that it received
	put  func(context.Context, checkpoint.Checkpoint) error
}

// outlets are the places of a configuration: the log always, a file, an address.
func outlets(file, address string, log *slog.Logger) []*outlet {
	all := []*outlet{{name: "log", put: func(ctx context.Context, c checkpoint.Checkpoint) error {
		log.InfoContext(ctx, "checkpoint", "origin", c.Origin, "size", c.Size, "root", c.Root.String(), "signature", c.Signature())
		return nil
	}}}
	if file != "" {
		all = append(all, &outlet{name: "file", put: func(_ context.Context, c checkpoint.Checkpoint) error { return appendTo(file, c.Note+"\n") }})
	}
	if address != "" {
		all = append(all, &outlet{name: "address", put: func(ctx context.Context, c checkpoint.Checkpoint) error {
			return post(ctx, address, "text/plain; charset=utf-8", c.Note)
		}})
	}
	return all
}

// run signs at once and then regularly, until ctx is done.
func (n *notary) run(ctx context.Context) {
	tick := time.NewTicker(everyCheckpoint)
	defer tick.Stop()
	for {
		n.sign(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// sign makes a checkpoint if there are new events, and delivers the newest to
// every place that has not got it. What a place missed is covered by the next.
func (n *notary) sign(ctx context.Context) {
	c, err := n.ledger.Checkpoint(ctx, n.key)
	if ctx.Err() != nil {
		return // close signs for the last time
	}
	if err != nil {
		n.log.ErrorContext(ctx, "no checkpoint was signed", "err", err)
		return
	}
	for _, o := range n.places {
		if o.has == c.Size {
			continue
		}
		if err := o.put(ctx, c); err != nil {
			n.log.WarnContext(ctx, "a checkpoint was not delivered and will be with the next", "to", o.name, "size", c.Size, "err", err)
			continue
		}
		o.has = c.Size
	}
}

// appendTo adds text to the end of a file, as a whole and durably.
func appendTo(path, text string) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600) //nolint:gosec // the operator names the file
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Sync(), f.Close())
}

// post sends a text to an address, which may hold a token and is therefore in no
// error. It follows no redirect.
func post(ctx context.Context, address, contentType, text string) error {
	ctx, cancel := context.WithTimeout(ctx, longestDelivery)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(text))
	if err != nil {
		return errors.New("the address cannot be used")
	}
	request.Header.Set("Content-Type", contentType)
	request.Header.Set("User-Agent", "supportmcp/"+version)
	client := http.Client{
		Transport:     &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := client.Do(request)
	if failed, ok := errors.AsType[*url.Error](err); ok {
		return failed.Err
	}
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, _ = io.CopyN(io.Discard, response.Body, 1<<16)
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("answered with status %d", response.StatusCode)
	}
	return nil
}
