//go:build unix

package main

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"supportmcp/internal/sandbox"
	"supportmcp/policies"
)

// somebody is an operating-system user of this test.
type somebody struct {
	t    *testing.T
	id   uint32
	home string // that nobody else can look into
}

func (s somebody) attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: s.id, Gid: s.id}}
}

// keep puts a file where only this user can read it.
func (s somebody) keep(name, text string) (path string) {
	s.t.Helper()
	path = filepath.Join(s.home, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	if err := os.Chown(path, int(s.id), int(s.id)); err != nil {
		s.t.Fatal(err)
	}
	return path
}

// run runs a program as this user, as a shell would.
func (s somebody) run(environ []string, program string, args ...string) (out string, ok bool) {
	s.t.Helper()
	c := exec.CommandContext(s.t.Context(), program, args...)
	var said bytes.Buffer
	c.Env, c.Dir, c.Stdout, c.Stderr, c.SysProcAttr = environ, s.home, &said, &said, s.attributes()
	err := c.Run()
	return said.String(), err == nil
}

// house is where two users can run the program, and have a home each.
func house(t *testing.T) (program string, service, agent somebody) {
	t.Helper()
	if os.Getuid() != 0 {
		if os.Getenv("SUPPORTMCP_REQUIRE_TWO_USERS") != "" {
			t.Fatal("only root can be two users, and SUPPORTMCP_REQUIRE_TWO_USERS wants them")
		}
		t.Skip("NOT TESTED: that an agent's user reaches neither keys nor ledger. Only root can be two users.")
	}
	dir, err := os.MkdirTemp("", "two-users-") // other users can pass through it, unlike through t.TempDir
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Fatal(err)
	}
	id, err := strconv.Atoi(nobody.Uid)
	if err != nil {
		t.Fatal(err)
	}
	service, agent = somebody{t, uint32(id), filepath.Join(dir, "service")}, somebody{t, 64102, filepath.Join(dir, "agent")}
	for _, s := range []somebody{service, agent} {
		if err := os.Mkdir(s.home, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(s.home, int(s.id), int(s.id)); err != nil {
			t.Fatal(err)
		}
	}
	program = filepath.Join(dir, "supportmcp")
	copyProgram(t, program)
	return program, service, agent
}

func copyProgram(t *testing.T, to string) {
	t.Helper()
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	from, err := os.Open(own)
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(out, from); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
}

// An agent with a shell and a token, on the service's machine and as another user,
// does what the policy allows and reaches nothing else.
func TestAnAgentsUserReachesNeitherKeysNorLedger(t *testing.T) {
	t.Parallel()
	program, service, agent := house(t)
	p := settle(t, time.Now)
	token := strings.Repeat("t", 40)
	secrets := map[string]string{
		"STRIPE_SECRET_KEY": service.keep("stripe", sandbox.StripeKey), "INTERCOM_ACCESS_TOKEN": service.keep("intercom", sandbox.IntercomToken),
		"SUPPORTMCP_HTTP_TOKEN": service.keep("http_token", token),
	}
	ledger := filepath.Join(service.home, "data", "ledger.db")
	common := []string{
		"STRIPE_API_BASE=" + p.StripeURL, "INTERCOM_API_BASE=" + p.IntercomURL, "INTERCOM_ADMIN_ID=" + sandbox.AdminID,
		"SUPPORTMCP_DATABASE_URL=sqlite:" + ledger, "PATH=" + os.Getenv("PATH"), "GORACE=" + raceOptions,
	}
	environ := append([]string{"HOME=" + service.home}, common...)
	for name, path := range secrets {
		environ = append(environ, name+"_FILE="+path)
	}
	s := openProgram(t, program, environ, service.attributes())
	if !strings.Contains(s.log(), "protection=enforced") {
		t.Errorf("the service does not call itself enforced: %s", s.log())
	}
	mine := append(bare(), "SUPPORTMCP_TOKEN_FILE="+agent.keep("token", token))
	a := launchAs(t, agent.attributes(), program, mine, "connect", s.address)
	a.greet()
	if got := a.call("create_refund", refundOf("duplicate-charge", "ch_maria_2")); got.State != policies.Done {
		t.Errorf("what the policy allows: %s", got)
	}
	waits := a.call("create_refund", refundOf("annual-day-3", "ch_tom_1"))
	if waits.State != policies.Awaiting {
		t.Fatalf("what a person must approve: %s", waits)
	}

	t.Run("its files", func(t *testing.T) {
		paths := []string{ledger, ledger + "-wal", "/proc/" + strconv.Itoa(s.cmd.Process.Pid) + "/environ"}
		for _, path := range secrets {
			paths = append(paths, path)
		}
		for _, path := range paths {
			if out, ok := agent.run(nil, "/bin/cat", path); ok {
				t.Errorf("the agent reads %s: %.80q", path, out)
			}
			if out, ok := service.run(nil, "/bin/cat", path); !ok && !strings.HasPrefix(path, "/proc") {
				t.Errorf("nor does the service read %s: %s", path, out)
			}
		}
		if _, ok := agent.run(nil, "/bin/ls", service.home); ok {
			t.Error("the agent lists the service's folder")
		}
	})
	t.Run("its process", func(t *testing.T) {
		if out, ok := agent.run(nil, "/bin/sh", "-c", "kill -HUP "+strconv.Itoa(s.cmd.Process.Pid)); ok {
			t.Errorf("the agent may signal the service: %s", out)
		}
	})
	t.Run("its approvals", func(t *testing.T) {
		theirs := append([]string{"HOME=" + agent.home}, common...)
		for _, args := range [][]string{
			{"approvals", "list"},
			{"approvals", "approve", waits.Action, "--as", "robin"},
			{"approvals", "reject", waits.Action, "--note", "no", "--as", "robin"},
			{"actions", "list"},
			{"audit", "verify"},
			{"ledger", "backup", filepath.Join(agent.home, "copy.db")},
			{"privacy", "erase", "--action", waits.Action},
		} {
			if out, ok := agent.run(theirs, program, args...); ok {
				t.Errorf("the agent's user does %v: %s", args, out)
			}
		}
		if got := a.call("get_action", map[string]any{"action_id": waits.Action}); got.State != policies.Awaiting {
			t.Errorf("what waited is now %s", got)
		}
	})
	t.Run("without a token", func(t *testing.T) {
		if status, _ := look(t, s.address); status != http.StatusUnauthorized {
			t.Errorf("answered %d", status)
		}
	})
	a.leave()
	s.stop()
	if n := len(p.Stripe.RefundsOf("ch_tom_1")); n != 0 {
		t.Errorf("%d refunds that nobody approved", n)
	}
	if out, ok := service.run(environ, program, "approvals", "list"); !ok || !strings.Contains(out, waits.Action) {
		t.Errorf("the service's user does not see what waits: %s", out)
	}
}
