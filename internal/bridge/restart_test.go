package bridge_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"supportmcp/resources"
	"supportmcp/server"
	"supportmcp/server/servertest"
)

// place is an address at which a desk's service comes and goes.
type place struct {
	*servertest.Desk
	t    *testing.T
	addr string
	stop func()
}

func newPlace(t *testing.T) *place {
	t.Helper()
	p := &place{Desk: servertest.Start(t, servertest.Setup{}), t: t, addr: "127.0.0.1:0"}
	p.open()
	t.Cleanup(func() { p.stop() })
	return p
}

func (p *place) url() string { return "http://" + p.addr + server.Endpoint }

func (p *place) open() {
	p.t.Helper()
	var config net.ListenConfig
	l, err := config.Listen(p.t.Context(), "tcp", p.addr)
	for i := 0; err != nil && i < 200; i++ { // somebody else's connection may have borrowed the port
		time.Sleep(50 * time.Millisecond)
		l, err = config.Listen(p.t.Context(), "tcp", p.addr)
	}
	if err != nil {
		p.t.Fatal(err)
	}
	p.addr = l.Addr().String()
	ctx, end := context.WithCancel(context.WithoutCancel(p.t.Context()))
	done := make(chan error, 1)
	go func() { done <- p.Server.ServeHTTP(ctx, l, server.HTTP{Token: token}) }()
	p.stop = sync.OnceFunc(func() {
		end()
		if err := <-done; err != nil {
			p.t.Error(err)
		}
	})
}

func (p *place) publish(name string) {
	p.Server.Publish([]resources.Resource{{
		URI: "kb://new/" + name, Name: name, Title: name,
		Read: func(_ context.Context, uri string) (resources.Content, error) {
			return resources.Content{URI: uri, Text: name}, nil
		},
	}})
}

const listChanged = "notifications/resources/list_changed"

// publishUntilHeard changes the list again and again: over HTTP nobody says when a
// stream of the era with sessions has begun.
func publishUntilHeard(t *testing.T, p *place, a *client) message {
	t.Helper()
	for i := range 300 {
		p.publish(fmt.Sprint(i, ".md"))
		select {
		case line := <-a.said:
			m := message{line: line}
			_ = json.Unmarshal([]byte(line), &m)
			return m
		case <-time.After(100 * time.Millisecond):
		}
	}
	t.Fatal("nothing is told")
	return message{}
}

func TestWhatTheServiceTellsIsHeardAlsoAfterItHasRestarted(t *testing.T) {
	t.Parallel()
	for era, begin := range map[string]func(t *testing.T, a *client){
		"legacy": func(_ *testing.T, a *client) { a.ask(hello); a.say(ready) },
		"modern": func(t *testing.T, a *client) {
			if m := a.ask(watch); m.Method != "notifications/subscriptions/acknowledged" {
				t.Fatalf("the subscription begins with %s", m.line)
			}
		},
	} {
		t.Run(era, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			a := connect(t, p.url())
			begin(t, a)
			for range 2 {
				if m := publishUntilHeard(t, p, a); m.Method != listChanged {
					t.Fatalf("heard %s", m.line)
				}
				p.stop()
				p.open()
			}
		})
	}
}

func TestAMessageWaitsForAServiceThatRestarts(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	a := connect(t, p.url())
	p.stop()
	a.say(hello)
	p.open()
	if m := a.hear(); m.Result == nil {
		t.Errorf("answered %s", m.line)
	}
}
