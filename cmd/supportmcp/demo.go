package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/spf13/cobra"

	"supportmcp/internal/ledger"
	"supportmcp/internal/sandbox"
	"supportmcp/policies"
)

func demoCommand(w world) *cobra.Command {
	var asJSON bool
	var dir string
	c := &cobra.Command{
		Use: "demo", Short: "Resolve tickets against a Stripe and an Intercom on this machine", Args: cobra.NoArgs,
		Long: "Start the sandbox, this program as an MCP server with a ledger in a temporary folder, and an MCP client that\n" +
			"resolves tickets. Nothing leaves this machine. Exit status 0 only if every step ends as the story says.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			var t transcript = newStory(w.out)
			if asJSON {
				t = &jsonLines{out: w.out}
			}
			return demonstrate(cmd.Context(), w, t, dir)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print the steps as JSON lines")
	c.Flags().StringVar(&dir, "dir", "", "keep ledger and vendors in this folder; when they are there, go on with them")
	return c
}

// demo is everything real: the vendors answer over HTTP, the server is another
// process over stdio, the approver uses the approvals command.
type demo struct {
	w      world
	t      transcript
	place  *sandbox.Running
	env    []string
	client *client.Client
	ledger *ledger.Ledger
	ticket ticketStory
	failed int
	kept   bool            // an earlier run may have left things under way
	heard  strings.Builder // everything that the agent was answered

	desktop desktop // of the approver
}

func demonstrate(ctx context.Context, w world, t transcript, dir string) (err error) {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGPIPE) // as in demo | head: the folder still goes
	defer stop()
	home, err := openHome(dir, "", w)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, home.leave()) }()
	place, err := home.sandbox.Listen(ctx, "127.0.0.1:0", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer place.Close()
	d := &demo{w: w, t: t, place: place, kept: home.kept}
	if err := d.start(ctx, home); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.stop()) }()
	for _, s := range ticketStories() {
		d.ticket = s
		t.begin(s)
		if err := s.play(ctx, d); err != nil {
			return fmt.Errorf("story %q: %w", s.Title, err)
		}
		if err := errors.Join(d.queueIsEmpty(ctx), d.sayAgain(ctx)); err != nil {
			return fmt.Errorf("story %q: %w", s.Title, err)
		}
	}
	t.end(d.failed)
	if d.failed > 0 {
		return fmt.Errorf("%d steps did not end as the story says", d.failed)
	}
	return nil
}

// start runs this program as an MCP server in a process of its own.
func (d *demo) start(ctx context.Context, home home) error {
	docs, url := filepath.Join(home.dir, "knowledge"), home.databaseURL()
	d.desktop = desktop{home.dir}
	if err := errors.Join(copySamples(docs), d.desktop.furnish()); err != nil {
		return err
	}
	policy, err := writePolicy(home.dir)
	if err != nil {
		return err
	}
	d.env = append(childEnvironment(d.w.environ),
		"STRIPE_SECRET_KEY="+sandbox.StripeKey, "STRIPE_API_BASE="+d.place.StripeURL,
		"INTERCOM_ACCESS_TOKEN="+sandbox.IntercomToken, "INTERCOM_API_BASE="+d.place.IntercomURL, "INTERCOM_ADMIN_ID="+sandbox.AdminID,
		"SUPPORTMCP_DATABASE_URL="+url, "SUPPORTMCP_KNOWLEDGE=northwind="+docs, "SUPPORTMCP_APPROVERS="+d.desktop.roster(), "SUPPORTMCP_POLICY="+policy, "SUPPORTMCP_TOOLSETS=ticket,knowledge,billing-extended",
		"SUPPORTMCP_PRINCIPAL=demo-agent", "SUPPORTMCP_LOG_LEVEL=error")
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	if d.client, err = client.NewStdioMCPClientWithOptions(program, d.env, []string{"serve"},
		transport.WithCommandFunc(withEnvironment), transport.WithCommandStderrWriter(d.w.err)); err != nil {
		return fmt.Errorf("start the server: %w", err)
	}
	var hello mcp.InitializeRequest
	hello.Params.ProtocolVersion = mcp.LATEST_PROTOCOL_VERSION
	hello.Params.ClientInfo = mcp.Implementation{Name: "supportmcp demo", Version: version}
	if _, err := d.client.Initialize(ctx, hello); err != nil {
		return errors.Join(fmt.Errorf("greet the server: %w", err), d.client.Close())
	}
	if d.ledger, err = ledger.Open(ctx, url, ledger.Options{Now: d.place.Clock.Now, Log: newLogger(d.w.err, "error")}); err != nil {
		return errors.Join(err, d.client.Close())
	}
	return nil
}

// withEnvironment starts a process with exactly this environment; mcp-go would
// add that of the user, whose own settings are not the demo's.
func withEnvironment(ctx context.Context, program string, environ, args []string) (*exec.Cmd, error) {
	c := exec.CommandContext(ctx, program, args...) //nolint:gosec // this very program
	c.Env = environ
	return c, nil
}

func (d *demo) stop() error { return errors.Join(d.ledger.Close(), d.client.Close()) }

// childEnvironment is what a process needs, without the user's own supportmcp settings.
func childEnvironment(environ []string) []string {
	var out []string
	for _, kv := range environ {
		if !strings.HasPrefix(kv, "SUPPORTMCP_") && !strings.HasPrefix(kv, "STRIPE_") && !strings.HasPrefix(kv, "INTERCOM_") {
			out = append(out, kv)
		}
	}
	return out
}

// answer is a tool's answer, as far as the stories look into it.
type answer struct {
	raw     json.RawMessage
	isError bool

	Action   string             `json:"action_id"`
	State    policies.State     `json:"state"`
	Replayed bool               `json:"replayed"`
	Code     string             `json:"code"`
	Message  string             `json:"message"`
	NextStep string             `json:"next_step"`
	Receipt  json.RawMessage    `json:"receipt"`
	Decision *policies.Decision `json:"decision"`
}

// call calls a tool and writes down what came back and what changed at the vendors.
func (d *demo) call(ctx context.Context, tool string, args map[string]any) (answer, error) {
	before := d.look()
	var req mcp.CallToolRequest
	req.Params.Name, req.Params.Arguments = tool, args
	res, err := d.client.CallTool(ctx, req)
	if err != nil {
		return answer{}, fmt.Errorf("call %s: %w", tool, err)
	}
	if len(res.Content) == 0 {
		return answer{}, fmt.Errorf("call %s: empty answer", tool)
	}
	text, ok := mcp.AsTextContent(res.Content[0])
	if !ok {
		return answer{}, fmt.Errorf("call %s: the answer is no text", tool)
	}
	a := answer{raw: json.RawMessage(text.Text), isError: res.IsError}
	d.heard.WriteString(text.Text)
	if err := json.Unmarshal(a.raw, &a); err != nil {
		return a, fmt.Errorf("read the answer of %s: %w", tool, err)
	}
	d.t.called(toolCall{Tool: tool, Arguments: args, answer: a, Changes: changes(before, d.look())})
	return a, nil
}

// command runs a command of this program, as a person would in a terminal.
func (d *demo) command(ctx context.Context, args ...string) error {
	_, err := d.says(ctx, args...)
	return err
}

// says is command, with what was printed.
func (d *demo) says(ctx context.Context, args ...string) (string, error) {
	program, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find this program: %w", err)
	}
	c := exec.CommandContext(ctx, program, args...) //nolint:gosec // this very program
	c.Env = d.env
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	err = c.Run()
	d.t.typed("supportmcp "+quoted(args), strings.TrimSpace(out.String()))
	if err != nil {
		return "", fmt.Errorf("supportmcp %s: %w", args[0], err)
	}
	return out.String(), nil
}

// quoted is a command line as a person types it.
func quoted(args []string) string {
	typed := make([]string, len(args))
	for i, a := range args {
		if typed[i] = a; strings.Contains(a, " ") {
			typed[i] = "'" + a + "'"
		}
	}
	return strings.Join(typed, " ")
}

// check says whether a step ended as the story says.
func (d *demo) check(ok bool, claim string) {
	if !ok {
		d.failed++
	}
	d.t.checked(ok, claim)
}
