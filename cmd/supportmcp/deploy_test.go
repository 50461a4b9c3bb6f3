package main

import (
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"supportmcp/policies"
)

// composed is what the tests look at in docs/deploy/compose.yaml.
type composed struct {
	Services map[string]composedService
	Secrets  map[string]struct{ File string }
	Configs  map[string]struct{ Content string }
	Volumes  map[string]any
}

type composedService struct {
	Image       string
	Command     []string
	Environment map[string]string
	Secrets     []string
	Volumes     []string
	Configs     []struct{ Source string }
	DependsOn   any `yaml:"depends_on"`
}

func compose(t *testing.T) composed {
	t.Helper()
	var c composed
	if err := yaml.Unmarshal([]byte(readDocument(t, "docs/deploy/compose.yaml")), &c); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTheReplicasOfTheComposeFileWouldStart(t *testing.T) {
	t.Parallel()
	c := compose(t)
	one, two := c.Services["one"], c.Services["two"]
	if diff := cmp.Diff(one, two); diff != "" || one.Image == "" {
		t.Fatalf("the replicas differ:\n%s", diff)
	}
	serve := serveCommand(world{})
	if err := serve.ParseFlags(one.Command[1:]); err != nil || one.Command[0] != serve.Name() || serve.Flag("http").Value.String() != "0.0.0.0:8080" {
		t.Errorf("%v is no command that serves: %v", one.Command, err)
	}
	known := knownVariables()
	inside := filled(t)
	var environ []string
	for name, value := range one.Environment {
		if !known[name] {
			t.Errorf("%s is no variable of the configuration", name)
		}
		environ = append(environ, name+"="+inside(value))
	}
	cfg, err := readConfig(environ)
	if err != nil {
		t.Fatal(err)
	}
	s, err := configured(cfg, world{now: time.Now, err: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	if s.mode != "test" || !strings.HasPrefix(s.databaseURL, "postgres://") || s.access.Token == "" || len(s.feeds.all) != 1 {
		t.Errorf("it would serve in mode %q, with %d sources", s.mode, len(s.feeds.all))
	}
}

// knownVariables are those that the configuration knows.
func knownVariables() map[string]bool {
	known := map[string]bool{}
	for f := range reflect.TypeFor[Config]().Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("env"), ",")
		known[name] = true
	}
	return known
}

// filled gives values as they would be inside a container, with files made here.
func filled(t *testing.T) func(string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"run/secrets/stripe":           "rk_test_" + strings.Repeat("a", 24),
		"run/secrets/intercom":         "token",
		"run/secrets/database_url":     "postgres://supportmcp:pw@database/supportmcp",
		"run/secrets/http_token":       strings.Repeat("a", 64),
		"etc/supportmcp/policy.yaml":   string(policies.Default()),
		"srv/handbook/refund-rules.md": "# Refunds\n\nWithin 30 days.\n",
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	asked := regexp.MustCompile(`\$\{INTERCOM_ADMIN_ID:\?[^}]*\}`)
	preset := regexp.MustCompile(`\$\{[A-Z_]+:-([^}]*)\}`)
	return func(value string) string {
		value = preset.ReplaceAllString(asked.ReplaceAllString(value, "1234567"), "$1")
		for _, top := range []string{"/run/", "/etc/", "/srv/"} {
			if name, path, ok := strings.Cut(value, "="); ok && strings.HasPrefix(path, top) {
				return name + "=" + filepath.Join(dir, path)
			}
			if strings.HasPrefix(value, top) {
				return filepath.Join(dir, value)
			}
		}
		return value
	}
}

func TestTheComposeFileHoldsTogether(t *testing.T) {
	t.Parallel()
	c := compose(t)
	for name, s := range c.Services {
		for variable, value := range s.Environment {
			secret, isFile := strings.CutPrefix(value, "/run/secrets/")
			if isFile && !slices.Contains(s.Secrets, secret) {
				t.Errorf("%s: %s reads the secret %s, which it is not given", name, variable, secret)
			}
			if !isFile && regexp.MustCompile(`KEY|TOKEN|PASSWORD|DATABASE_URL`).MatchString(variable) {
				t.Errorf("%s: %s holds a secret itself", name, variable)
			}
		}
		for _, secret := range s.Secrets {
			if c.Secrets[secret].File == "" {
				t.Errorf("%s: the secret %s has no file", name, secret)
			}
			if used := readDocument(t, "docs/deploy/README.md"); !strings.Contains(used, "secrets/"+secret) {
				t.Errorf("docs/deploy/README.md does not make secrets/%s", secret)
			}
		}
		for _, v := range s.Volumes {
			if volume, _, _ := strings.Cut(v, ":"); !strings.HasPrefix(volume, ".") {
				if _, ok := c.Volumes[volume]; !ok {
					t.Errorf("%s: there is no volume %s", name, volume)
				}
			}
		}
		for _, config := range s.Configs {
			balanced := c.Configs[config.Source].Content
			if !strings.Contains(balanced, "reverse_proxy one:8080 two:8080") {
				t.Errorf("%s does not balance the two replicas: %q", name, balanced)
			}
			_, port, _ := strings.Cut(c.Services["one"].Command[4], ":")
			if !strings.Contains(balanced, "health_uri /readyz") || !strings.Contains(balanced, "health_port "+port) {
				t.Errorf("%s does not ask the replicas at port %q whether they are ready: %q", name, port, balanced)
			}
		}
	}
}
