package stripe_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"testing"
)

// dyingServer answers one read and keeps the connection. When a write comes on
// it, the server reads it, closes its door and hangs up without an answer.
type dyingServer struct{ writes atomic.Int64 }

func (d *dyingServer) start(t *testing.T) (url string) {
	t.Helper()
	door, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = door.Close() })
	go func() {
		conn, err := door.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		in := bufio.NewReader(conn)
		if _, err := http.ReadRequest(in); err != nil {
			return
		}
		_, _ = conn.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: " + strconv.Itoa(len(aCharge)) + "\r\n\r\n" + aCharge))
		if write, err := http.ReadRequest(in); err == nil {
			_, _ = io.Copy(io.Discard, write.Body)
			d.writes.Add(1)
		}
		_ = door.Close()
	}()
	return "http://" + door.Addr().String()
}
