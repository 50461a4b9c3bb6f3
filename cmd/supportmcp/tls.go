package main

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"
)

// certificate is what a server shows, from two files that may be replaced while it
// runs. It is safe for concurrent use.
type certificate struct {
	cert, key string
	log       *slog.Logger

	mu     sync.Mutex
	loaded *tls.Certificate
	as     [2]stamp // of the files when they were last read
}

// stamp tells a file that was replaced from the one that was read.
type stamp struct {
	at   time.Time
	size int64
}

// certificate reads the files that the configuration names; nil is none.
func (c Config) certificate(log *slog.Logger) (*certificate, error) {
	switch {
	case c.TLSCert == "" && c.TLSKey == "":
		return nil, nil //nolint:nilnil // none is no error
	case c.TLSCert == "" || c.TLSKey == "":
		return nil, problem("SUPPORTMCP_TLS_CERT_FILE", "and SUPPORTMCP_TLS_KEY_FILE need each other")
	}
	s := &certificate{cert: c.TLSCert, key: c.TLSKey, log: log}
	if err := s.read(); err != nil {
		return nil, problem("SUPPORTMCP_TLS_CERT_FILE", "does not work: "+err.Error())
	}
	return s, nil
}

func (s *certificate) read() error {
	as := s.stamps()
	pair, err := tls.LoadX509KeyPair(s.cert, s.key)
	s.as = as // also of what does not work, so that it is told once
	if err != nil {
		return fmt.Errorf("read the certificate: %w", err)
	}
	s.loaded = &pair
	return nil
}

func (s *certificate) stamps() (as [2]stamp) {
	for i, path := range []string{s.cert, s.key} {
		as[i], _ = stampOf(path)
	}
	return as
}

// current is the certificate as the files are, or as they were when they last worked.
func (s *certificate) current(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stamps() == s.as {
		return s.loaded, nil
	}
	if err := s.read(); err != nil {
		s.log.Warn("the new certificate does not work, so the last good one stays", "err", err)
	} else {
		s.log.Info("a new certificate is shown")
	}
	return s.loaded, nil
}

// over is a listener that speaks TLS where there is a certificate.
func (s *certificate) over(l net.Listener) (out net.Listener, scheme string) {
	if s == nil {
		return l, "http"
	}
	return tls.NewListener(l, &tls.Config{GetCertificate: s.current, MinVersion: tls.VersionTLS12}), "https"
}
