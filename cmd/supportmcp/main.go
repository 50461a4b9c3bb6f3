// Command supportmcp is an MCP server that gives AI support agents guarded hands
// in Stripe and Intercom, with the commands a support lead needs beside it.
//
// This package alone reads the environment, opens the ledger and builds the
// adapters; everything below gets plain values.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"supportmcp/internal/fault"
)

// The documents that show tools and variables are written by the test that
// otherwise holds them to the code.
//go:generate go test . -count=1 -run ^TestTheDocumentsAreAsTheCodeIs$ -update

// version is what clients are told.
const version = "0.1.0"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], world{in: os.Stdin, out: os.Stdout, err: os.Stderr, environ: os.Environ(), now: time.Now, terminal: openTerminal})
	stop()
	os.Exit(code)
}

// world is what a command may touch of the process it runs in.
type world struct {
	in       io.Reader
	out, err io.Writer
	environ  []string
	now      func() time.Time
	terminal func() (terminal, error) // of the person who types; nil: there is none
}

func run(ctx context.Context, args []string, w world) int {
	root := &cobra.Command{
		Use:   "supportmcp",
		Short: "Guarded hands in Stripe and Intercom for AI support agents",
		Long: "supportmcp is an MCP server: it looks up billing in Stripe, refunds, and answers in Intercom,\n" +
			"and no agent can make it spend more than the policy allows, twice, or on the wrong customer.\n\n" +
			"Try it without any account:  supportmcp demo",
		Version: version, SilenceErrors: true, SilenceUsage: true,
	}
	root.AddCommand(serveCommand(w), connectCommand(w), doctorCommand(w), verifyCommand(w), demoCommand(w), sandboxCommand(w), approvalsCommand(w), approversCommand(w), actionsCommand(w),
		policyCommand(w), knowledgeCommand(w), indexCommand(w), segmentsCommand(w), auditCommand(w), privacyCommand(w), ledgerCommand(w), tokensCommand(w))
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetArgs(args)
	root.SetIn(w.in)
	root.SetOut(w.out)
	root.SetErr(w.err)
	if err := root.ExecuteContext(ctx); err != nil {
		report(w.err, err)
		return 1
	}
	return 0
}

// one wants exactly one argument, and says which otherwise.
func one(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("%d arguments given, want one: %s", len(args), cmd.UseLine())
	}
	return nil
}

// two wants exactly two arguments, and says which otherwise.
func two(cmd *cobra.Command, args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("%d arguments given, want two: %s", len(args), cmd.UseLine())
	}
	return nil
}

// report tells a person what went wrong and what to do about it.
func report(w io.Writer, err error) {
	if errors.Is(err, errSilent) {
		return
	}
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		fmt.Fprintln(w, "supportmcp:", visible(err.Error()))
		return
	}
	fmt.Fprintln(w, "supportmcp:", visible(f.Message))
	if f.NextStep != "" {
		fmt.Fprintln(w, "  next:", visible(f.NextStep))
	}
}

// errSilent ends a command that has said all there is to say.
var errSilent = errors.New("")
