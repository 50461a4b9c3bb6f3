package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/caarlos0/env/v11"

	"supportmcp/internal/stripe"
	"supportmcp/policies"
)

// Config is everything the environment says. The comment of a field is its row in
// docs/config.md; the tag otherwise tells there what holds when nothing is set.
type Config struct {
	// A restricted key, `rk_test_…` or `rk_live_…`. Publishable keys are refused; an unrestricted live key is warned about.
	StripeKey     secret `env:"STRIPE_SECRET_KEY,unset" otherwise:"required"`
	StripeKeyFile string `env:"STRIPE_SECRET_KEY_FILE"`

	// Another address for Stripe, such as the sandbox's.
	StripeBase string `env:"STRIPE_API_BASE" envDefault:"https://api.stripe.com"`

	// The access token of your app in Intercom.
	IntercomToken     secret `env:"INTERCOM_ACCESS_TOKEN,unset" otherwise:"required"`
	IntercomTokenFile string `env:"INTERCOM_ACCESS_TOKEN_FILE"`

	// `https://api.eu.intercom.io` or `https://api.au.intercom.io` for workspaces there, or the sandbox.
	IntercomBase string `env:"INTERCOM_API_BASE" envDefault:"https://api.intercom.io"`

	// The teammate in whose name customers are answered. Without it nothing is written to Intercom. They must have an inbox seat.
	IntercomAdmin string `env:"INTERCOM_ADMIN_ID" otherwise:"none"`

	// The client secret of your app in Intercom. With it `serve --http` takes Intercom's webhooks at `/webhooks/intercom`, which make it look sooner for notes that approve: see [operations.md](operations.md#webhooks).
	IntercomSecret     secret `env:"INTERCOM_CLIENT_SECRET,unset" otherwise:"none"`
	IntercomSecretFile string `env:"INTERCOM_CLIENT_SECRET_FILE"`

	// The policy file. `supportmcp policy print-default` prints one to start from.
	Policy string `env:"SUPPORTMCP_POLICY" otherwise:"the default policy"`

	// The roster of the people who approve, with their public keys: see [approvals.md](approvals.md). Against real vendors nothing that waits for a person is carried out without one.
	Approvers string `env:"SUPPORTMCP_APPROVERS" otherwise:"the file approvers beside SUPPORTMCP_POLICY, when it is there"`

	// The private key, or of a FIDO key the file `.pub`, with which `supportmcp approvals` signs. Servers do not need it, and must not have it.
	ApproverKey string `env:"SUPPORTMCP_APPROVER_KEY" otherwise:"~/.ssh/id_ed25519, when it is there"`

	// Where the ledger is: `sqlite:PATH` or `postgres://…`. The SQLite file must be private to its user (0600 in a folder of 0700).
	Database     secret `env:"SUPPORTMCP_DATABASE_URL,unset" otherwise:"an SQLite file supportmcp/ledger.db in the user's configuration folder"` // may hold a password
	DatabaseFile string `env:"SUPPORTMCP_DATABASE_URL_FILE"`

	// The file of the private key that signs checkpoints of the event log, made by `supportmcp audit key --new FILE`. All servers of one ledger must share it. Without it, one is made beside the SQLite file, or in the user's configuration folder.
	AuditKeyFile string `env:"SUPPORTMCP_AUDIT_KEY_FILE" otherwise:"made at the first start"`

	// A file to which every checkpoint is appended. Keep it where the server's user can only append, or copy it away: see [audit.md](audit.md).
	CheckpointFile string `env:"SUPPORTMCP_CHECKPOINT_FILE" otherwise:"none"`

	// An address to which every checkpoint is posted as plain text: `https://…`, or `http://…` on this machine. It may hold a token.
	CheckpointURL secret `env:"SUPPORTMCP_CHECKPOINT_URL,unset" otherwise:"none"`

	// Where documents come from: `name=folder`, several separated by commas, or a YAML file of sources ([knowledge.md](knowledge.md)).
	Knowledge string `env:"SUPPORTMCP_KNOWLEDGE" otherwise:"none"`

	// The tools that clients see and can call: toolsets of [tools.md](tools.md) separated by commas, or `all`. `serve --read-only` leaves out those that write. What was approved is carried out in any case.
	Toolsets string `env:"SUPPORTMCP_TOOLSETS" otherwise:"what a ticket takes"`

	// The caller that actions are recorded for, and that budgets by principal count.
	Principal string `env:"SUPPORTMCP_PRINCIPAL" envDefault:"agent"`

	// The bearer token that clients of `serve --http` must send. Needed unless the address is this machine's own. At least 32 characters, such as `openssl rand -hex 32` prints.
	HTTPToken     secret `env:"SUPPORTMCP_HTTP_TOKEN,unset" otherwise:"none"`
	HTTPTokenFile string `env:"SUPPORTMCP_HTTP_TOKEN_FILE"`

	// The OpenID provider whose access tokens clients of `serve --http` may send, exactly as its tokens name it: see [access.md](access.md).
	OAuthIssuer string `env:"SUPPORTMCP_OAUTH_ISSUER" otherwise:"none"`

	// The address of this server's endpoint as its clients know it, such as `https://desk.example.com/mcp`: what the provider's tokens must be made for. Needed with SUPPORTMCP_OAUTH_ISSUER.
	OAuthResource string `env:"SUPPORTMCP_OAUTH_RESOURCE" otherwise:"none"`

	// How many requests a second one principal may send to `serve --http`, five seconds' worth of them at once. `0` is no bound.
	HTTPRate int `env:"SUPPORTMCP_HTTP_RATE" envDefault:"200"`

	// Origins such as `https://desk.example.com`, separated by commas: their pages may call `serve --http`, and a proxy on this machine may pass on their host. Pages of others are refused.
	HTTPOrigins string `env:"SUPPORTMCP_HTTP_ORIGINS" otherwise:"none"`

	// The token that `supportmcp connect` carries to the service. The server itself does not use it.
	ServiceToken     secret `env:"SUPPORTMCP_TOKEN,unset" otherwise:"none"`
	ServiceTokenFile string `env:"SUPPORTMCP_TOKEN_FILE"`

	// The page that clients show for this server, such as your team's runbook.
	Website string `env:"SUPPORTMCP_WEBSITE" otherwise:"none"`

	// The address of an OpenTelemetry collector such as `http://127.0.0.1:4318`. With it `serve` sends traces there, as OTLP over HTTP in JSON: see [operations.md](operations.md#watching-a-service).
	TracesEndpoint string `env:"OTEL_EXPORTER_OTLP_ENDPOINT" otherwise:"none: nothing is traced"`

	// `true` allows writes to live Stripe and to a real Intercom workspace.
	AllowLiveWrites string `env:"SUPPORTMCP_ALLOW_LIVE_WRITES" envDefault:"false"`

	// `debug`, `info`, `warn` or `error`. Logs go to standard error.
	LogLevel string `env:"SUPPORTMCP_LOG_LEVEL" envDefault:"info"`

	// `text` or `json`.
	LogFormat string `env:"SUPPORTMCP_LOG_FORMAT" envDefault:"text"`

	// The certificate chain, as a PEM file, with which `serve --http` ends TLS itself. It is read again when it changes.
	TLSCert string `env:"SUPPORTMCP_TLS_CERT_FILE" otherwise:"none: a proxy ends TLS"`

	// The private key of SUPPORTMCP_TLS_CERT_FILE, as a PEM file.
	TLSKey string `env:"SUPPORTMCP_TLS_KEY_FILE" otherwise:"none"`

	unread map[string]error // by variable, secrets whose _FILE gives none
}

// secret is text that must not be printed.
type secret string

// String hides the secret from fmt.
func (secret) String() string { return "[redacted]" }

// GoString hides the secret from %#v.
func (secret) GoString() string { return "[redacted]" }

// LogValue hides the secret from slog.
func (secret) LogValue() slog.Value { return slog.StringValue("[redacted]") }

// MarshalText hides the secret from encoders.
func (secret) MarshalText() ([]byte, error) { return []byte("[redacted]"), nil } //nolint:unparam // encoding.TextMarshaler

// readConfig reads the environment and the secrets that are kept in files. What
// is wrong with them is told by the checks, with everything else that is.
func readConfig(environ []string) (Config, error) {
	c, err := env.ParseAsWithOptions[Config](env.Options{Environment: env.ToMap(environ)})
	if err != nil {
		return c, fmt.Errorf("read the environment: %w", err)
	}
	c.unread = map[string]error{
		stripeKey:     fromFile(stripeKey, c.StripeKeyFile, &c.StripeKey),
		intercomToken: fromFile(intercomToken, c.IntercomTokenFile, &c.IntercomToken),
		databaseURL:   fromFile(databaseURL, c.DatabaseFile, &c.Database),
		httpToken:     fromFile(httpToken, c.HTTPTokenFile, &c.HTTPToken),
		clientSecret:  fromFile(clientSecret, c.IntercomSecretFile, &c.IntercomSecret),
		serviceToken:  fromFile(serviceToken, c.ServiceTokenFile, &c.ServiceToken),
	}
	return c, nil
}

// The variables that hold a secret.
const (
	stripeKey     = "STRIPE_SECRET_KEY"
	intercomToken = "INTERCOM_ACCESS_TOKEN"
	databaseURL   = "SUPPORTMCP_DATABASE_URL"
	httpToken     = "SUPPORTMCP_HTTP_TOKEN"
	clientSecret  = "INTERCOM_CLIENT_SECRET"
	serviceToken  = "SUPPORTMCP_TOKEN"
)

// fromFile takes a secret from the file that its _FILE variable names.
func fromFile(name, path string, into *secret) error {
	if path == "" {
		return nil
	}
	if *into != "" {
		return problem(name, "is set, and so is "+name+"_FILE: unset one of them")
	}
	b, err := os.ReadFile(path) //nolint:gosec // the operator names the file
	if err != nil {
		return problem(name+"_FILE", "cannot be read: "+err.Error())
	}
	*into = secret(strings.TrimSpace(string(b)))
	if *into == "" {
		return problem(name+"_FILE", "names an empty file")
	}
	return nil
}

func problem(variable, what string) error { return errors.New(variable + " " + what) }

// validate lists everything that keeps the server from starting, with the
// variable and the cure, and never a secret's value.
func (c Config) validate() error {
	return errors.Join(
		c.checkStripe(),
		c.checkIntercom(),
		c.checkDatabase(),
		c.checkCheckpoints(),
		c.checkPrincipal(),
		checkOneOf("SUPPORTMCP_ALLOW_LIVE_WRITES", c.AllowLiveWrites, "true", "false"),
		c.checkEdge(),
		c.checkLogLevel())
}

func (c Config) checkStripe() error {
	host, err := checkBase("STRIPE_API_BASE", c.StripeBase)
	return errors.Join(c.checkStripeKey(isLoopback(host)), err)
}

func (c Config) checkStripeKey(onThisMachine bool) error {
	if err := c.unread[stripeKey]; err != nil {
		return err
	}
	if c.StripeKey == "" {
		return problem(stripeKey, "is missing: create a restricted key (rk_…) in Stripe under Developers > API keys, or try serve --sandbox")
	}
	mode, err := stripe.ModeOf(string(c.StripeKey))
	if err != nil {
		return problem(stripeKey, "is not usable: "+strings.TrimPrefix(err.Error(), "stripe key: "))
	}
	if mode == stripe.Live && onThisMachine {
		return problem(stripeKey, "is a live key, but STRIPE_API_BASE is on this machine: use a test key with the sandbox")
	}
	return nil
}

func (c Config) checkIntercom() error {
	errs := []error{c.checkIntercomToken()}
	host, err := checkBase("INTERCOM_API_BASE", c.IntercomBase)
	if err == nil && !isLoopback(host) {
		err = checkOneOf("INTERCOM_API_BASE", strings.TrimRight(c.IntercomBase, "/"),
			"https://api.intercom.io", "https://api.eu.intercom.io", "https://api.au.intercom.io", "an address on this machine")
	}
	errs = append(errs, err)
	if strings.Trim(c.IntercomAdmin, "0123456789") != "" {
		errs = append(errs, problem("INTERCOM_ADMIN_ID", "must be the digits of a teammate's id, as Intercom shows it in the teammate's address"))
	}
	return errors.Join(errs...)
}

func (c Config) checkIntercomToken() error {
	switch {
	case c.unread[intercomToken] != nil:
		return c.unread[intercomToken]
	case c.IntercomToken == "":
		return problem(intercomToken, "is missing: create an app in Intercom's Developer Hub and copy its access token")
	case strings.ContainsFunc(string(c.IntercomToken), func(r rune) bool { return r <= ' ' || r > '~' }):
		return problem(intercomToken, "is not usable: a space, a line break or another character that no token has is in it")
	}
	return nil
}

// checkBase wants an https address, or http on this machine, and gives its host.
func checkBase(variable, base string) (host string, err error) {
	u, err := url.Parse(base)
	switch {
	case err != nil || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		return "", problem(variable, "must be an address such as https://api.example.com, and no more than that")
	case u.Scheme == "https", u.Scheme == "http" && isLoopback(u.Hostname()):
		return u.Hostname(), nil
	}
	return "", problem(variable, "must begin with https:// (http:// only for 127.0.0.1 and localhost)")
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (c Config) checkDatabase() error {
	if err := c.unread[databaseURL]; err != nil {
		return err
	}
	u := string(c.Database)
	for _, scheme := range []string{"sqlite:", "postgres://", "postgresql://"} {
		if strings.HasPrefix(u, scheme) && len(u) > len(scheme) {
			return nil
		}
	}
	if u == "" {
		return nil
	}
	return problem(databaseURL, "must be sqlite:PATH or postgres://…")
}

// checkCheckpoints looks at where checkpoints shall be delivered to.
func (c Config) checkCheckpoints() error {
	var noFile, noURL error
	if c.CheckpointFile != "" {
		if info, err := os.Stat(filepath.Dir(c.CheckpointFile)); err != nil || !info.IsDir() {
			noFile = problem("SUPPORTMCP_CHECKPOINT_FILE", "names a file in a folder that does not exist")
		}
	}
	if c.CheckpointURL != "" {
		u, err := url.Parse(string(c.CheckpointURL))
		if err != nil || u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())) {
			noURL = problem("SUPPORTMCP_CHECKPOINT_URL", "must begin with https:// (http:// only for 127.0.0.1 and localhost)")
		}
	}
	return errors.Join(noFile, noURL)
}

func (c Config) checkPrincipal() error {
	if !regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$`).MatchString(c.Principal) {
		return problem("SUPPORTMCP_PRINCIPAL", "must be 1 to 64 letters, digits, dots, dashes, underscores or @")
	}
	return nil
}

func checkOneOf(variable, value string, allowed ...string) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	return problem(variable, "must be one of: "+strings.Join(allowed, ", "))
}

func (c Config) checkLogLevel() error {
	return errors.Join(
		checkOneOf("SUPPORTMCP_LOG_LEVEL", strings.ToLower(c.LogLevel), "debug", "info", "warn", "error"),
		checkOneOf("SUPPORTMCP_LOG_FORMAT", c.LogFormat, "text", "json"))
}

// databaseURL is where the ledger is: as configured, or a file of the user's.
func (c Config) databaseURL() (string, error) {
	if c.Database != "" {
		return string(c.Database), nil
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", problem(databaseURL, "is not set, and this user has no configuration folder: set it to sqlite:PATH")
	}
	return "sqlite:" + filepath.Join(dir, "supportmcp", "ledger.db"), nil
}

// mode is the mode of the ledger: that of the Stripe key, or sandbox for a Stripe
// on this machine.
func (c Config) mode(key stripe.Mode) string {
	if host, _ := checkBase("STRIPE_API_BASE", c.StripeBase); isLoopback(host) {
		return "sandbox"
	}
	return string(key)
}

// locked says which vendors must not be written to, and why.
func (c Config) locked(mode stripe.Mode) map[policies.Vendor]string {
	locked := map[policies.Vendor]string{}
	allowed := c.AllowLiveWrites == "true"
	host, _ := checkBase("", c.IntercomBase)
	switch {
	case mode == stripe.Live && isLoopback(host):
		locked[policies.Stripe] = "the Stripe key is live and Intercom is on this machine: made-up conversations must not move real money"
	case mode == stripe.Live && !allowed:
		locked[policies.Stripe] = "the Stripe key is live and SUPPORTMCP_ALLOW_LIVE_WRITES is not true"
	}
	switch real := !isLoopback(host); {
	case c.IntercomAdmin == "":
		locked[policies.Intercom] = "INTERCOM_ADMIN_ID is not set, so nobody can be named as the author"
	case real && mode == stripe.Test:
		locked[policies.Intercom] = "the Stripe key is a test key and the Intercom workspace is real: customers must not read about test money"
	case real && !allowed:
		locked[policies.Intercom] = "the Intercom workspace is real and SUPPORTMCP_ALLOW_LIVE_WRITES is not true"
	}
	return locked
}
