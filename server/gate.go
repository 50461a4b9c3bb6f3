package server

import (
	"encoding/json"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"

	"supportmcp/internal/fault"
)

// checkHost refuses what a page of another name reached through this machine's own
// address, as after DNS rebinding
// (https://modelcontextprotocol.io/specification/2026-07-28/basic/security_best_practices).
func (e *edge) checkHost(r *http.Request) *refusal {
	at, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	if !ok || !at.IP.IsLoopback() || isLoopback(r.Host) || slices.Contains(e.hosts, r.Host) {
		return nil
	}
	return refuse(http.StatusForbidden, fault.Refused, "the Host header names another machine",
		"use the address that the server printed; behind a proxy on this machine the operator lists its origin in SUPPORTMCP_HTTP_ORIGINS")
}

func isLoopback(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// checkOrigin refuses web pages of other origins. Programs that are no browser
// send no Origin.
func (e *edge) checkOrigin(r *http.Request) *refusal {
	origin := r.Header.Get("Origin")
	u, err := url.Parse(origin)
	own := err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host == r.Host
	if origin == "" || own || slices.Contains(e.origins, origin) {
		return nil
	}
	return refuse(http.StatusForbidden, fault.Refused, "pages of this origin may not call",
		"the operator lists an origin whose pages may call in SUPPORTMCP_HTTP_ORIGINS")
}

// shareWithPage lets a page of an allowed origin read what it gets, and answers
// what its browser asks beforehand (https://fetch.spec.whatwg.org/#http-cors-protocol).
func (e *edge) shareWithPage(w http.ResponseWriter, r *http.Request) (answered bool) {
	origin := r.Header.Get("Origin")
	if !slices.Contains(e.origins, origin) {
		return false
	}
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", origin)
	h.Add("Vary", "Origin")
	if r.Method != http.MethodOptions {
		return false
	}
	h.Set("Access-Control-Allow-Methods", "POST, GET")
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Accept, Mcp-Protocol-Version, Mcp-Method, Mcp-Name")
	h.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
	return true
}

func checkPath(r *http.Request) *refusal {
	if r.URL.Path == Endpoint {
		return nil
	}
	return refuse(http.StatusNotFound, fault.NotFound, "there is nothing here", "this is an MCP server: connect an MCP client to "+Endpoint)
}

func checkMethod(r *http.Request) *refusal {
	accept := r.Header.Get("Accept")
	switch {
	case r.Method == http.MethodPost:
		return nil
	case r.Method == http.MethodGet && strings.Contains(accept, "text/event-stream"):
		return nil
	case r.Method == http.MethodGet:
		return refuse(http.StatusNotAcceptable, fault.Invalid, "this is an MCP endpoint and no page", "connect an MCP client to this address")
	}
	no := refuse(http.StatusMethodNotAllowed, fault.Invalid, "the method "+r.Method+" is not supported", "send messages with POST")
	no.header = http.Header{"Allow": {"GET, POST"}}
	return no
}

// refusal is an answer that no message of the protocol led to.
type refusal struct {
	status int
	header http.Header
	fault  fault.Error
}

func refuse(status int, code fault.Code, message, next string) *refusal {
	return &refusal{status: status, fault: fault.Error{Code: code, Message: message, NextStep: next}}
}

// write answers as JSON-RPC does when it knows no id.
func (no *refusal) write(w http.ResponseWriter) {
	maps.Copy(w.Header(), no.header)
	w.Header().Set("Content-Type", "application/json")
	if no.status == http.StatusServiceUnavailable || no.status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "2")
	}
	w.WriteHeader(no.status)
	_ = json.NewEncoder(w).Encode(rpcError{JSONRPC: mcp.JSONRPC_VERSION, Error: rpcDetails{mcp.INVALID_REQUEST, no.fault.Message, &no.fault}})
}
