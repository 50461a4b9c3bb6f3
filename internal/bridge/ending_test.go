package bridge_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"supportmcp/server"
	"supportmcp/server/servertest"
)

func TestCancellingHangsUpAndIsNotAnswered(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"7", `"seven"`} {
		begun, left := make(chan struct{}), make(chan struct{})
		a := connect(t, speaker(t, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			if strings.Contains(string(body), "cancelled") {
				t.Error("the cancellation is carried on")
			}
			if strings.Contains(string(body), `"ping"`) {
				w.Header().Set("Content-Type", "application/json")
				fmt.Fprint(w, `{"jsonrpc":"2.0","id":"p","result":{}}`)
				return
			}
			close(begun)
			<-r.Context().Done()
			close(left)
		}))
		a.say(in(true, id, "tools/call", `{"name":"x"}`))
		<-begun
		a.say(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":` + id + `}}`)
		<-left
		if m := a.ask(in(true, `"p"`, "ping", "{}")); string(m.ID) != `"p"` {
			t.Errorf("the next answer is %s", m.line)
		}
	}
}

func TestWhatIsUnderWayIsAnsweredBeforeTheEnd(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	var asked atomic.Int32
	a := connect(t, speaker(t, func(w http.ResponseWriter, r *http.Request) {
		var m message
		_ = json.NewDecoder(r.Body).Decode(&m)
		asked.Add(1)
		<-release
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":{}}`, m.ID)
	}))
	for i := range 20 {
		a.say(in(false, fmt.Sprint(i), "ping", "{}"))
	}
	_ = a.in.Close()
	close(release)
	var heard []string
	for range 20 {
		heard = append(heard, string(a.hear().ID))
	}
	slices.Sort(heard)
	if n := len(slices.Compact(heard)); n != 20 {
		t.Errorf("%d of 20 requests are answered", n)
	}
	if err := <-a.done; err != nil {
		t.Errorf("the bridge ended with %v", err)
	}
}

func TestABridgeWithoutAReaderEnds(t *testing.T) {
	t.Parallel()
	h := servertest.Start(t, servertest.Setup{}).ServeHTTP(server.HTTP{Token: token})
	a := connect(t, h.URL)
	a.ask(hello)
	_ = a.out.Close()
	_, _ = io.WriteString(a.in, in(false, "1", "ping", "{}")+"\n")
	if err := <-a.done; err != nil {
		t.Errorf("the bridge ended with %v", err)
	}
}
