package server_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"supportmcp/resources"
	"supportmcp/server"
	"supportmcp/server/servertest"
)

// events are what a stream tells.
type events struct{ lines *bufio.Scanner }

var listChanges = []byte(line("9", "subscriptions/listen", with(`{"notifications":{"resourcesListChanged":true}}`)))

// listen opens a stream and waits until it is there.
func listen(t *testing.T, url, method string, body []byte) *events {
	t.Helper()
	var header http.Header
	if body != nil {
		header = modern("subscriptions/listen", "")
	}
	res, err := http.DefaultClient.Do(newRequest(t, method, url, string(body), header))
	must(t, err)
	t.Cleanup(func() { res.Body.Close() })
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/event-stream" || res.Header.Get("X-Accel-Buffering") != "no" {
		t.Fatalf("the stream opens with %d %v", res.StatusCode, res.Header)
	}
	s := &events{bufio.NewScanner(res.Body)}
	if body != nil {
		if m, err := s.next(); err != nil || m.Method != "notifications/subscriptions/acknowledged" {
			t.Fatalf("the stream begins with %+v, %v", m, err)
		}
	}
	return s
}

func (s *events) next() (servertest.Message, error) {
	for s.lines.Scan() {
		if data, ok := bytes.CutPrefix(s.lines.Bytes(), []byte("data: ")); ok {
			var m servertest.Message
			return m, json.Unmarshal(data, &m)
		}
	}
	return servertest.Message{}, errors.Join(s.lines.Err(), io.EOF)
}

// Not beside others: in mcp-go all that serve stdio in a process share one channel for
// what is told, and each message reaches one of them.
func TestChangesOfTheResourceListAreTold(t *testing.T) { //nolint:paralleltest // see above
	d := servertest.Start(t, servertest.Setup{})
	must(t, d.Wire.Send(line(`"hello"`, "initialize", `{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}`)+
		`{"jsonrpc":"2.0","method":"notifications/initialized"}`+"\n"+line(`"after"`, "ping", "{}")))
	d.Wire.Answer(t, `"after"`)
	h := d.ServeHTTP(server.HTTP{})
	streams := map[string]*events{
		"legacy": listen(t, h.URL, "GET", nil), "another legacy": listen(t, h.URL, "GET", nil),
		"modern": listen(t, h.URL, "POST", listChanges), "another modern": listen(t, h.URL, "POST", listChanges),
	}
	d.Server.Publish([]resources.Resource{{
		URI: "kb://new/one.md", Name: "kb://new/one.md", Title: "One",
		Read: func(_ context.Context, uri string) (resources.Content, error) {
			return resources.Content{URI: uri, Text: "one"}, nil
		},
	}})
	for name, s := range streams {
		m, err := s.next()
		if err != nil || m.Method != "notifications/resources/list_changed" {
			t.Errorf("the %s stream tells %+v, %v", name, m, err)
		}
		if tagged := strings.Contains(string(m.Params), `"io.modelcontextprotocol/subscriptionId":9`); tagged != strings.Contains(name, "modern") {
			t.Errorf("the %s stream tells %s", name, m.Params)
		}
	}
	d.Wire.Told(t, "notifications/resources/list_changed")
	list := post(t, h.URL, line("1", "resources/list", "{}"), nil)
	if !strings.Contains(list.Body, "kb://new/one.md") || strings.Contains(list.Body, "northwind") {
		t.Errorf("listed are %s", list.Body)
	}
}

func TestAnEmptySubscriptionIsAcknowledgedBeforeItEnds(t *testing.T) {
	t.Parallel()
	h := servertest.Start(t, servertest.Setup{}).ServeHTTP(server.HTTP{})
	for range 50 {
		s := listen(t, h.URL, "POST", []byte(line("9", "subscriptions/listen", with(`{"notifications":{}}`))))
		if m, err := s.next(); err != nil || string(m.ID) != "9" || m.Result == nil {
			t.Fatalf("the stream ends with %+v, %v", m, err)
		}
	}
}
