package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// sandboxClockCommand tells the time of a running sandbox, or moves it ahead.
func sandboxClockCommand(w world) *cobra.Command {
	var at string
	c := &cobra.Command{
		Use:   "clock [DURATION]",
		Short: "Tell the time of a running sandbox, or move it ahead by a duration such as 720h",
		Long: "Both vendors share the clock. What falls due on the way happens: refunds end, subscriptions renew and are billed,\n" +
			"cards expire, disputes close. Time never runs back.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			method, body := http.MethodGet, []byte(nil)
			if len(args) == 1 {
				d, err := time.ParseDuration(args[0])
				if err != nil || d <= 0 {
					return fmt.Errorf("%q is no duration ahead: give one such as 720h or 90m", args[0])
				}
				method, body = http.MethodPost, fmt.Appendf(nil, `{"advance":%q}`, d)
			}
			now, err := sandboxClock(cmd, method, strings.TrimRight(at, "/")+"/_sandbox/clock", body)
			if err != nil {
				return err
			}
			fmt.Fprintln(w.out, now.Format(time.RFC3339))
			return nil
		},
	}
	c.Flags().StringVar(&at, "url", "http://127.0.0.1:12111", "where the sandbox answers, as either vendor")
	return c
}

func sandboxClock(cmd *cobra.Command, method, url string, body []byte) (time.Time, error) {
	r, err := http.NewRequestWithContext(cmd.Context(), method, url, bytes.NewReader(body))
	if err != nil {
		return time.Time{}, fmt.Errorf("ask the sandbox for its time: %w", err)
	}
	res, err := (&http.Client{Timeout: longestLook}).Do(r)
	if err != nil {
		return time.Time{}, fmt.Errorf("ask the sandbox for its time: %w", err)
	}
	defer res.Body.Close()
	var answer struct{ Now time.Time }
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil || res.StatusCode != http.StatusOK || answer.Now.IsZero() {
		return time.Time{}, fmt.Errorf("no sandbox answers at %s (status %d)", url, res.StatusCode)
	}
	return answer.Now, nil
}
