package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"supportmcp/internal/fault"
)

// Whoever puts a secret into a line of the log, by mistake and in whatever form: it
// is not written.
func TestNoSecretIsLogged(t *testing.T) {
	t.Parallel()
	c := Config{
		LogLevel: "debug", StripeKey: "rk_live_canary1234567890", IntercomToken: "dG9rOmNhbmFyeQ==", HTTPToken: "canary-http-token", ServiceToken: "canary-service-token",
		Database: "postgres://desk:canary-password@db/supportmcp", CheckpointURL: "https://logs.example.com/canary-path",
	}
	secrets := []string{
		string(c.StripeKey), string(c.IntercomToken), string(c.HTTPToken), string(c.ServiceToken), "canary-password", "canary-path",
		"sk_test_4eC39HqLyjWDarjtT1zdp7dc", "ghp_0123456789abcdefghij0123", "Bearer abcdefgh12345678",
	}
	for _, format := range []string{"text", "json"} {
		c.LogFormat = format
		var out bytes.Buffer
		log := c.logger(&out)
		for _, s := range append(secrets, string(c.Database), string(c.CheckpointURL)) {
			wrapped := fmt.Errorf("get: %w", &fault.Error{Code: fault.Upstream, Message: "no", Cause: errors.New("dial with " + s + " failed")})
			log.With("bound", s).WithGroup("g").Warn("a message", "err", wrapped, "text", "x"+s+"y", "bytes", []string{s}, "value", struct{ A string }{s}, slog.Group("inner", "key", s))
			log.Error("panic: " + s) //nolint:sloglint // what must not happen is what is tried
		}
		for _, s := range secrets {
			if strings.Contains(out.String(), s) {
				t.Errorf("as %s the log has %s", format, s)
			}
		}
		if !strings.Contains(out.String(), "[redacted]") || !strings.Contains(out.String(), "a message") {
			t.Errorf("as %s it says\n%s", format, out.String())
		}
	}
}

func TestALineOfTheLogNamesItsCall(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := Config{LogLevel: "info", LogFormat: "json"}.logger(&out).With("a", 1)
	ctx := fault.WithCall(t.Context(), "call_x")
	log.InfoContext(ctx, "with one")
	log.InfoContext(t.Context(), "without one")
	if got := strings.Count(out.String(), `"call_id":"call_x"`); got != 1 {
		t.Errorf("it says\n%s", out.String())
	}
}

// selfSigned is a certificate for this machine, and its key.
func selfSigned(t testing.TB, serial int64) (cert, key []byte) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: fmt.Sprint("test ", serial)}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw})
}
