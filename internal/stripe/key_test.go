package stripe_test

import (
	"strings"
	"testing"
	"time"

	"supportmcp/internal/stripe"
)

func TestAKeysModeIsTakenFromItsPrefix(t *testing.T) {
	for key, want := range map[string]stripe.Mode{
		"sk_test_abc":                stripe.Test,
		"rk_test_abc":                stripe.Test,
		"sk_live_abc":                stripe.Live,
		"rk_live_a_1":                stripe.Live,
		"pk_test_abc":                "",
		"pk_live_abc":                "",
		"sk_test_":                   "",
		"sk_test":                    "",
		"sk_prod_abc":                "",
		"sk__abc":                    "",
		"whsec_abc":                  "",
		"":                           "",
		"sk_test_abc\n":              "",
		"sk_test_a b":                "",
		"sk_test_abc\r\nHost: x":     "",
		" sk_test_abc":               "",
		"SK_TEST_abc":                "",
		"sk_test_\u0430\u0431\u0432": "",
	} {
		got, err := stripe.ModeOf(key)
		if got != want || (err != nil) != (want == "") {
			t.Errorf("ModeOf(%q) = %q, %v; want %q", key, got, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "abc") {
			t.Errorf("the error shows the key: %v", err)
		}
	}
}

func TestRestrictedKeysAreTold(t *testing.T) {
	for key, want := range map[string]bool{"rk_live_abc": true, "sk_live_abc": false, "": false} {
		if got := stripe.Restricted(key); got != want {
			t.Errorf("Restricted(%q) = %v", key, got)
		}
	}
}

func TestAClientIsNotMadeFromABadConfig(t *testing.T) {
	now := time.Now
	for name, c := range map[string]struct {
		config stripe.Config
		ok     bool
	}{
		"Stripe itself":         {stripe.Config{Key: "rk_live_abc", Now: now}, true},
		"loopback":              {stripe.Config{Key: "rk_test_abc", BaseURL: "http://127.0.0.1:1", Now: now}, true},
		"publishable key":       {stripe.Config{Key: "pk_live_abc", Now: now}, false},
		"no clock":              {stripe.Config{Key: "rk_test_abc"}, false},
		"live key in the clear": {stripe.Config{Key: "rk_live_abc", BaseURL: "http://proxy.example", Now: now}, false},
		"no scheme":             {stripe.Config{Key: "rk_test_abc", BaseURL: "api.stripe.com", Now: now}, false},
		"other scheme":          {stripe.Config{Key: "rk_test_abc", BaseURL: "file:///etc/passwd", Now: now}, false},
		"password in URL":       {stripe.Config{Key: "rk_test_abc", BaseURL: "https://a:b@api.stripe.com", Now: now}, false},
	} {
		if _, err := stripe.New(c.config); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}
