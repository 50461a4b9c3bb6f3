package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"

	"supportmcp/internal/approvers"
	"supportmcp/internal/fault"
	"supportmcp/internal/ledger"
	"supportmcp/internal/ledger/checkpoint"
	"supportmcp/policies"
)

func auditCommand(w world) *cobra.Command {
	c := &cobra.Command{Use: "audit", Short: "Prove what was decided and done", Args: cobra.NoArgs, RunE: help}
	c.AddCommand(auditVerify(w), auditProve(w), auditCheck(w), auditExport(w), auditKeyCommand(w))
	return c
}

func auditVerify(w world) *cobra.Command {
	var files, keys []string
	var rosterFile string
	c := &cobra.Command{
		Use: "verify", Short: "Recompute the whole event log and compare it with the ledger", Args: cobra.NoArgs,
		Long: "Recompute the Merkle tree over every recorded event from its exact bytes and compare it with the ledger\n" +
			"and with its checkpoints. Exit status 1 when a single byte, row or state does not fit.\n\n" +
			"Whoever can write to the database can make a log that fits in itself. Checkpoints that were kept elsewhere,\n" +
			"given with --checkpoint, expose that, and a log whose end was cut off.\n\n" +
			"Signed approvals are checked against the rosters that the ledger accepted. With --approvers, whoever approved must\n" +
			"stand in that file as well.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withAuthority(cmd.Context(), w, func(ctx context.Context, a authority) error {
				signed, err := verifier(w, keys)
				if err != nil {
					return err
				}
				evidence, err := readEvidence(files, signed)
				if err != nil {
					return err
				}
				debug.SetGCPercent(rarely) // much is read and little kept
				var broken error
				if evidence.Approved, broken, err = a.audit(ctx, rosterFile); err != nil {
					return err
				}
				r, err := a.ledger.Verify(ctx, evidence)
				if err != nil {
					return err
				}
				if broken != nil {
					r.Problems = append(r.Problems, "the rosters of approvers do not follow from each other: "+broken.Error())
				}
				if r.Checkpoints > 0 && len(signed.Keys()) == 0 {
					return fault.Invalidf("give it with --key; supportmcp audit key prints it where the server runs", "the ledger has checkpoints, and without the public key nobody can tell who signed them")
				}
				return printReport(w, r)
			})
		},
	}
	c.Flags().StringArrayVar(&files, "checkpoint", nil, "a file with checkpoints that were kept elsewhere; may be repeated")
	c.Flags().StringArrayVar(&keys, "key", nil, "the public key of the checkpoints, as audit key prints it; may be repeated")
	c.Flags().StringVar(&rosterFile, "approvers", "", "a roster that was kept elsewhere, in which whoever approved must stand")
	return c
}

// rarely lets memory grow to five times what is kept before garbage is collected.
const rarely = 400

// audit checks a signed approval as an auditor does, long after it was used: by a
// key of a roster that the ledger had accepted, and that is in the given file as
// well. broken says why the rosters are not what approvers signed.
func (a authority) audit(ctx context.Context, file string) (check func(policies.Entry, policies.Approval) error, broken, err error) {
	acts, err := a.acts(ctx)
	if err != nil {
		return nil, nil, err
	}
	_, broken = approvers.Accepted(versions(acts), a.place)
	var rosters []approvers.Roster
	for _, act := range acts {
		if r, err := approvers.ParseRoster([]byte(act.Body)); err == nil { // otherwise it is broken
			rosters = append(rosters, r)
		}
	}
	if file == "" {
		return a.panel().Audit(rosters), broken, nil
	}
	_, given, err := readRoster(file)
	for i := range rosters {
		rosters[i] = rosters[i].Within(given)
	}
	return a.panel().Audit(rosters), broken, err
}

// verifier knows the given public keys, or those of the configured key's file.
func verifier(w world, keys []string) (checkpoint.Verifier, error) {
	if len(keys) > 0 {
		return publicKeys(keys)
	}
	s, err := configuredKey(w)
	if errors.Is(err, errNoKeyYet) {
		return checkpoint.Verifier{}, nil
	}
	return s.Verifier, err
}

func publicKeys(keys []string) (checkpoint.Verifier, error) {
	v, err := checkpoint.ParseVerifier(keys...)
	if err != nil {
		return v, fault.Invalidf("give a key as supportmcp audit key prints it", "%v", err)
	}
	return v, nil
}

// configuredKey reads the key that signs the checkpoints of the configured ledger.
func configuredKey(w world) (checkpoint.Signer, error) {
	cfg, err := readConfig(w.environ)
	if err != nil {
		return checkpoint.Signer{}, err
	}
	url, err := cfg.databaseURL()
	if err != nil && cfg.AuditKeyFile == "" {
		return checkpoint.Signer{}, err
	}
	k, err := cfg.auditKey(url)
	if err != nil {
		return checkpoint.Signer{}, err
	}
	s, err := k.read()
	if errors.Is(err, errNoKeyYet) {
		err = refusal(err, "start supportmcp serve once, which makes it, or set "+auditKeyFile, "there is no key for checkpoints in %s yet", k.path)
	}
	return s, err
}

func printReport(w world, r ledger.Report) error {
	for _, p := range r.Problems {
		fmt.Fprintln(w.out, "PROBLEM", oneLine(p))
	}
	if r.More > 0 {
		fmt.Fprintf(w.out, "PROBLEM and %d more\n", r.More)
	}
	if !r.Sound() {
		fmt.Fprintf(w.out, "%d events, %d problems: the ledger was changed outside supportmcp or is damaged\n", r.Events, len(r.Problems)+r.More)
		return errSilent
	}
	fits := counted(r.Events, "event")
	if r.Checkpoints > 0 {
		fits += " and " + counted(r.Checkpoints, "checkpoint")
	}
	_, err := fmt.Fprintf(w.out, "%s fit, tree root %s\n", fits, r.Root)
	if r.Erased > 0 {
		_, err = fmt.Fprintf(w.out, "%s had their texts erased, as events tell; all else of them fits\n", counted(r.Erased, "action"))
	}
	return err
}

func auditProve(w world) *cobra.Command {
	return &cobra.Command{
		Use: "prove ACTION", Short: "Print a proof of an action that anybody can check with audit check", Args: one,
		Long: "Print a proof, as JSON, that the events of an action are in the log: their exact bytes, the way from each to\n" +
			"the root of the tree, and a signed checkpoint. It holds no text of customers or agents.",
		RunE: func(cmd *cobra.Command, args []string) error {
			return withLedger(cmd.Context(), w, func(ctx context.Context, l *ledger.Ledger) error {
				key, err := configuredKey(w)
				if err != nil {
					return err
				}
				proof, err := l.Prove(ctx, args[0], key)
				if err != nil {
					return err
				}
				_, err = w.out.Write(proof)
				return err
			})
		},
	}
}

func auditCheck(w world) *cobra.Command {
	var keys []string
	c := &cobra.Command{
		Use: "check PROOF", Short: "Check a proof, without a ledger or any configuration", Args: one,
		Long: "Check a file that audit prove printed. Only the public key is needed, as audit key prints it; get it from\n" +
			"somebody you trust, and not with the proof. Exit status 1 when a single byte is not as it was.",
		RunE: func(_ *cobra.Command, args []string) error {
			if len(keys) == 0 {
				return fault.Invalidf("give it with --key", "without the public key a proof proves nothing")
			}
			known, err := publicKeys(keys)
			if err != nil {
				return err
			}
			b, err := os.ReadFile(args[0])
			if err != nil {
				return fmt.Errorf("read the proof: %w", err)
			}
			under, said, err := known.Check(b)
			if err != nil {
				return refusal(nil, "ask for the proof again; do not trust this one", "NOT PROVED: %v", err)
			}
			return printProof(w, under, said)
		},
	}
	c.Flags().StringArrayVar(&keys, "key", nil, "the public key of the checkpoints; may be repeated")
	return c
}

func auditKeyCommand(w world) *cobra.Command {
	var newFile string
	c := &cobra.Command{
		Use: "key", Short: "Print the public key of the checkpoints", Args: cobra.NoArgs,
		Long: "Print the public key that checkpoints and proofs are checked with, and below it those that were in use before.\n\n" +
			"With --new, make a private key in a new file for " + auditKeyFile + ". It knows the keys that are configured\n" +
			"now, so that what they signed is still accepted.",
		RunE: func(*cobra.Command, []string) error {
			key, err := configuredKey(w)
			if newFile != "" {
				if err != nil && !errors.Is(err, errNoKeyYet) {
					return err
				}
				key, err = makeKey(newFile, key.Verifier)
			}
			if err != nil {
				return err
			}
			for _, k := range key.Keys() {
				fmt.Fprintln(w.out, k)
			}
			return nil
		},
	}
	c.Flags().StringVar(&newFile, "new", "", "make a new private key in this file, which must not exist")
	return c
}

func makeKey(path string, before checkpoint.Verifier) (checkpoint.Signer, error) {
	text, err := checkpoint.Generate(before)
	if err != nil {
		return checkpoint.Signer{}, err
	}
	k := keyFile{path: path, given: true}
	if err := k.write(text); err != nil {
		return checkpoint.Signer{}, refusal(err, "name a file that does not exist, in a folder that you may write to", "%s cannot be made: %v", path, err)
	}
	return k.read()
}

// exportFlags are the flags of audit export.
type exportFlags struct {
	since, until  string
	kinds, states []string
	principal     string
	which         ledger.Selection
}

func auditExport(w world) *cobra.Command {
	var f exportFlags
	c := &cobra.Command{
		Use: "export", Short: "Print recorded events as JSON lines", Args: cobra.NoArgs,
		Long: "Print recorded events in the order of the log, one JSON object a line: seq, its place in the log; event, the\n" +
			"exact bytes that were recorded; leaf, their hash in the tree. It ends with an error at an event that was changed.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			which, err := f.selection()
			if err != nil {
				return err
			}
			return withLedger(cmd.Context(), w, func(ctx context.Context, l *ledger.Ledger) error { return export(ctx, w, l, which) })
		},
	}
	flags := c.Flags()
	flags.StringVar(&f.since, "since", "", "only events from this day or time on")
	flags.StringVar(&f.until, "until", "", "only events before this day or time")
	flags.StringVar(&f.which.Action, "action", "", "only events of this action")
	flags.StringSliceVar(&f.kinds, "kind", nil, "only these kinds, such as refund,reply")
	flags.StringSliceVar(&f.states, "state", nil, "only events that lead to these states, such as done,denied")
	flags.StringVar(&f.principal, "principal", "", "only what this caller asked for")
	flags.StringVar(&f.which.Conversation, "conversation", "", "only events about this conversation")
	flags.StringVar(&f.which.Customer, "customer", "", "only events about this customer of Stripe")
	flags.StringVar(&f.which.Charge, "charge", "", "only events about this charge")
	return c
}

func (f exportFlags) selection() (which ledger.Selection, err error) {
	which = f.which
	which.Principal = policies.Principal(f.principal)
	for _, k := range f.kinds {
		which.Kinds = append(which.Kinds, policies.Kind(k))
	}
	for _, s := range f.states {
		which.States = append(which.States, policies.State(s))
	}
	if which.Since, err = moment("since", f.since); err != nil {
		return which, err
	}
	which.Until, err = moment("until", f.until)
	return which, err
}

func export(ctx context.Context, w world, l *ledger.Ledger, which ledger.Selection) error {
	out := bufio.NewWriter(w.out)
	lines := json.NewEncoder(out)
	lines.SetEscapeHTML(false)
	n := 0
	err := l.Export(ctx, which, func(e ledger.Exported) error {
		n++
		return lines.Encode(e)
	})
	if err = errors.Join(err, out.Flush()); err != nil {
		return err
	}
	fmt.Fprintf(w.err, "%s exported\n", counted(n, "event"))
	return nil
}
