package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"supportmcp/internal/bridge"
	"supportmcp/server"
)

// awayFor is how long a message waits for a service that takes no connection, so
// that one that restarts is not noticed.
const awayFor = 5 * time.Second

func connectCommand(w world) *cobra.Command {
	return &cobra.Command{
		Use:   "connect URL",
		Short: "Serve MCP over standard input and output from a service at an address",
		Long: "Serve MCP over standard input and output, for clients that start programs, by carrying every message to a\n" +
			"supportmcp that runs elsewhere, or here as another user (docs/deploy). The keys, the ledger and the policy\n" +
			"stay there; this process holds the token from SUPPORTMCP_TOKEN_FILE or SUPPORTMCP_TOKEN, and nothing else.",
		Example: "  supportmcp connect http://127.0.0.1:8080/mcp",
		Args:    one,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := connecting(args[0], w)
			if err != nil {
				return err
			}
			defer surviveClosedPipes()()
			return bridge.Run(cmd.Context(), w.in, w.out, c)
		},
	}
}

// connecting is the way to the service at an address.
func connecting(address string, w world) (bridge.Config, error) {
	cfg, err := readConfig(w.environ)
	if err != nil {
		return bridge.Config{}, err
	}
	if err := cfg.checkConnection(address); err != nil {
		return bridge.Config{}, err
	}
	return bridge.Config{
		URL: endpoint(address), Away: awayFor, HTTP: toService(),
		Log: cfg.logger(w.err).With(slog.String("service", endpoint(address))),
		Token: func() (string, error) {
			if cfg.ServiceTokenFile == "" {
				return string(cfg.ServiceToken), nil
			}
			var now secret
			err := fromFile(serviceToken, cfg.ServiceTokenFile, &now)
			return string(now), err
		},
	}, nil
}

// checkConnection wants an address to which a token may be sent.
func (c Config) checkConnection(address string) error {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return errors.New("give the address of the service, such as http://127.0.0.1:8080/mcp")
	case u.Scheme == "http" && isLoopback(u.Hostname()), u.Scheme == "https":
	default:
		return fmt.Errorf("the token would be readable on its way to %s: use https:// (http:// only for 127.0.0.1 and localhost)", u.Host)
	}
	return errors.Join(c.unread[serviceToken], usable(serviceToken, string(c.ServiceToken)))
}

// endpoint is the address with the path of MCP, which may be left out.
func endpoint(address string) string {
	if u, err := url.Parse(address); err == nil && strings.Trim(u.Path, "/") == "" {
		return strings.TrimRight(address, "/") + server.Endpoint
	}
	return address
}

// toService is a client that goes where it was told and nowhere else.
func toService() *http.Client {
	c := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if standard, ok := http.DefaultTransport.(*http.Transport); ok {
		t := standard.Clone()
		t.MaxIdleConnsPerHost = t.MaxIdleConns
		c.Transport = t
	}
	return c
}
