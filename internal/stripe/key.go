package stripe

import (
	"errors"
	"strings"
)

// Mode is whether a key moves money: Stripe keeps test and live data apart
// (https://docs.stripe.com/keys).
type Mode string

// The modes.
const (
	Test Mode = "test"
	Live Mode = "live"
)

// ModeOf tells the mode of a secret or restricted key by its prefix. Publishable
// and unknown keys are errors, which never hold the key.
func ModeOf(key string) (Mode, error) {
	kind, rest, _ := strings.Cut(key, "_")
	mode, secret, _ := strings.Cut(rest, "_")
	switch {
	case kind == "pk":
		return "", errors.New("stripe key: this is a publishable key (pk_…); want a restricted key (rk_…)")
	case kind != "sk" && kind != "rk", mode != string(Test) && mode != string(Live):
		return "", errors.New("stripe key: want one that begins with rk_test_, rk_live_, sk_test_ or sk_live_")
	case !wordOnly(secret):
		return "", errors.New("stripe key: want only letters, digits and underscores after the prefix")
	}
	return Mode(mode), nil
}

// Restricted reports whether a key can do only what it was given permissions for.
func Restricted(key string) bool { return strings.HasPrefix(key, "rk_") }
