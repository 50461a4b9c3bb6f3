package server

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestLinesHandOverWholeMessages(t *testing.T) {
	long := strings.Repeat("x", maxLine+1)
	for name, c := range map[string]struct{ in, want string }{
		"as they are":              {"{\"a\":1}\n{\"b\":2}\n", "{\"a\":1}\n{\"b\":2}\n"},
		"last without a newline":   {"{\"a\":1}\n{\"b\":2}", "{\"a\":1}\n{\"b\":2}\n"},
		"windows line ends":        {"{\"a\":1}\r\n", "{\"a\":1}\n"},
		"hundreds of blank lines":  {strings.Repeat("\n", 500) + "{\"a\":1}\n", "{\"a\":1}\n"},
		"one that is too long":     {long + "\n{\"a\":1}\n", "message too long\n{\"a\":1}\n"},
		"too long and never ended": {long, "message too long\n"},
		"nothing":                  {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := io.ReadAll(newLines(strings.NewReader(c.in), &pendingAnswers{}, 0))
			if err != nil || string(got) != c.want {
				t.Errorf("got %d bytes %.60q, %v; want %.60q", len(got), got, err, c.want)
			}
		})
	}
}

func TestTheEndWaitsForAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pendingAnswers{}
		in := newLines(strings.NewReader(`{"id":1,"method":"tools/call"}`+"\n"+`{"method":"notifications/initialized"}`+"\n"), p, time.Minute)
		start := time.Now()
		ended := make(chan time.Duration)
		go func() {
			_, _ = io.Copy(io.Discard, in)
			ended <- time.Since(start)
		}()
		time.Sleep(3 * time.Second) // of the bubble's clock: the call is still running
		out := &answers{out: &bytes.Buffer{}, pending: p}
		_, _ = out.Write([]byte(`{"jsonrpc":"2.0","method":"notifications/progress"}`))
		_, _ = out.Write([]byte(`{"jsonrpc":"2.0","id":1,"result":{}}`))
		if after := <-ended; after != 3*time.Second {
			t.Errorf("the input ended after %v, want it to end with the answer", after)
		}
	})
}

func TestTheEndDoesNotWaitForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		_, _ = io.Copy(io.Discard, newLines(strings.NewReader(`{"id":1,"method":"tools/call"}`), &pendingAnswers{}, time.Minute))
		if after := time.Since(start); after != time.Minute {
			t.Errorf("ended after %v", after)
		}
	})
}
