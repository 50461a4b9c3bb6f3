package main

import (
	"errors"
	"log/slog"
	"net/url"
	"strconv"
	"strings"
	"time"

	"supportmcp/internal/oauth"
	"supportmcp/server"
)

// shortestToken is what a token needs at least, so that nobody finds it by trying.
const shortestToken = 32

// checkEdge wants what clients are let in by, and told, to be usable.
func (c Config) checkEdge() error {
	var website error
	if u, err := url.Parse(c.Website); c.Website != "" && (err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http") {
		website = problem("SUPPORTMCP_WEBSITE", "must be an address such as https://desk.example.com/runbook")
	}
	return errors.Join(c.checkToken(), c.checkOAuth(), c.checkOrigins(), c.checkRate(), c.unread[clientSecret], c.checkTraces(), website)
}

func (c Config) checkToken() error {
	t := string(c.HTTPToken)
	switch {
	case c.unread[httpToken] != nil:
		return c.unread[httpToken]
	case t != "" && len(t) < shortestToken:
		return problem(httpToken, "is too short to be safe: make one with openssl rand -hex 32")
	}
	return usable(httpToken, t)
}

// usable wants a token that fits into a header.
func usable(variable, token string) error {
	if strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return problem(variable, "is not usable: a space, a line break or a character outside ASCII is in it")
	}
	return nil
}

func (c Config) checkOAuth() error {
	if c.OAuthIssuer == "" && c.OAuthResource == "" {
		return nil
	}
	var errs []error
	for _, each := range []struct{ variable, address string }{{"SUPPORTMCP_OAUTH_ISSUER", c.OAuthIssuer}, {"SUPPORTMCP_OAUTH_RESOURCE", c.OAuthResource}} {
		if each.address == "" {
			errs = append(errs, problem(each.variable, "is missing: tokens of a provider need SUPPORTMCP_OAUTH_ISSUER and SUPPORTMCP_OAUTH_RESOURCE"))
		} else if err := oauth.CheckAddress(each.address); err != nil {
			errs = append(errs, problem(each.variable, err.Error()))
		}
	}
	if u, err := url.Parse(c.OAuthResource); err == nil && c.OAuthResource != "" && (u.Path != server.Endpoint || u.RawQuery != "") {
		errs = append(errs, problem("SUPPORTMCP_OAUTH_RESOURCE", "must end in "+server.Endpoint+", such as https://desk.example.com"+server.Endpoint))
	}
	return errors.Join(errs...)
}

func (c Config) checkRate() error {
	if c.HTTPRate < 0 || c.HTTPRate > mostRate {
		return problem("SUPPORTMCP_HTTP_RATE", "must be a number from 0 to "+strconv.Itoa(mostRate))
	}
	return nil
}

// mostRate is more than one server answers.
const mostRate = 100_000

func (c Config) checkOrigins() error {
	for _, o := range c.origins() {
		u, err := url.Parse(o)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.Scheme+"://"+u.Host != o {
			return problem("SUPPORTMCP_HTTP_ORIGINS", "must be origins such as https://desk.example.com, without a path, separated by commas")
		}
	}
	return nil
}

func (c Config) origins() []string { return listed(c.HTTPOrigins) }

// access is who may call over HTTP, besides those with a token of the ledger's.
// Tokens of a provider follow the world's clock, also beside a sandbox with another.
func (c Config) access(now func() time.Time, log *slog.Logger) server.HTTP {
	h := server.HTTP{Token: string(c.HTTPToken), Renewed: c.renewed(log), Origins: c.origins(), Rate: c.HTTPRate, News: server.News{Secret: string(c.IntercomSecret)}}
	if c.OAuthIssuer != "" {
		h.OAuth = &server.OAuth{
			Authenticator: oauth.New(oauth.Config{Issuer: c.OAuthIssuer, Resource: c.OAuthResource, Now: now}),
			Resource:      c.OAuthResource, Issuer: c.OAuthIssuer,
		}
	}
	return h
}

// listed are the items of a list separated by commas, without empty ones.
func listed(list string) (items []string) {
	for item := range strings.SplitSeq(list, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}
