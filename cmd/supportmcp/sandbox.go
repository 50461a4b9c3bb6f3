package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"supportmcp/internal/sandbox"
)

func sandboxCommand(w world) *cobra.Command {
	var stripeAddr, intercomAddr, dir, seed string
	c := &cobra.Command{
		Use:   "sandbox",
		Short: "Run the built-in Stripe and Intercom alone, for any client",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			home, err := openHome(dir, seed, w)
			if err != nil {
				return err
			}
			defer func() { _ = home.leave() }() // what remains is empty
			running, err := home.sandbox.Listen(cmd.Context(), stripeAddr, intercomAddr)
			if err != nil {
				return err
			}
			defer running.Close()
			fmt.Fprintf(w.out, "Stripe    %s   key %s\nIntercom  %s   token %s   admin %s\n\n",
				running.StripeURL, sandbox.StripeKey, running.IntercomURL, sandbox.IntercomToken, sandbox.AdminID)
			tw := tabwriter.NewWriter(w.out, 0, 4, 2, ' ', 0)
			for _, s := range sandbox.Stories() {
				fmt.Fprintf(tw, "%s\t%s\t%s\n", s.Conversation, s.Name, s.Summary)
			}
			if err := tw.Flush(); err != nil {
				return fmt.Errorf("write the stories: %w", err)
			}
			fmt.Fprintf(w.out, "\nFaults, the clock and the list of requests are under %s/_sandbox/ (docs/sandbox.md). Stop with Ctrl-C.\n", running.StripeURL)
			<-cmd.Context().Done()
			return nil
		},
	}
	c.Flags().StringVar(&stripeAddr, "stripe", "127.0.0.1:12111", "where Stripe answers")
	c.Flags().StringVar(&intercomAddr, "intercom", "127.0.0.1:12112", "where Intercom answers")
	c.Flags().StringVar(&dir, "dir", "", "keep the vendors in this folder")
	c.Flags().StringVar(&seed, "seed", "", "large: add 10,000 customers and 5,000 contacts to the stories")
	c.AddCommand(sandboxClockCommand(w))
	return c
}
