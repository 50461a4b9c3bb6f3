package main

import (
	"errors"
	"net/url"
	"strings"

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
	return errors.Join(c.checkToken(), c.checkOrigins(), website)
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

// access is who may call over HTTP.
func (c Config) access() server.HTTP {
	return server.HTTP{Token: string(c.HTTPToken), Origins: c.origins()}
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
