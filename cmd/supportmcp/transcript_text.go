package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/term"

	"supportmcp/policies"
)

// storyteller tells the demo to a person. Colour and width are those of the
// terminal; without one it is plain text of 100 columns.
type storyteller struct {
	out    io.Writer
	width  int
	colour bool
	number int
}

func newStory(out io.Writer) *storyteller {
	s := &storyteller{out: out, width: 100}
	if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		s.colour = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
		if w, _, err := term.GetSize(int(f.Fd())); err == nil {
			s.width = min(max(w, 60), 120)
		}
	}
	return s
}

// The colours, as the terminal's own palette shows them.
const (
	bold   = "1"
	dim    = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
	cyan   = "36"
)

func (s *storyteller) paint(colour, text string) string {
	if !s.colour {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

// line prints a labelled text, wrapped behind its label.
func (s *storyteller) line(indent int, label, colour, text string) {
	lead := strings.Repeat(" ", indent) + fmt.Sprintf("%-9s", oneLine(label))
	for i, part := range wrap(visible(text), s.width-utf8.RuneCountInString(lead)) {
		if i > 0 {
			lead = strings.Repeat(" ", utf8.RuneCountInString(lead))
		}
		fmt.Fprintln(s.out, strings.TrimRight(lead+s.paint(colour, part), " "))
	}
}

// wrap breaks text at spaces into lines of at most width characters.
func wrap(text string, width int) []string {
	var lines []string
	for paragraph := range strings.SplitSeq(text, "\n") {
		line := ""
		for word := range strings.FieldsSeq(paragraph) {
			if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
				lines, line = append(lines, line), ""
			}
			line = strings.TrimLeft(line+" "+word, " ")
		}
		lines = append(lines, line)
	}
	return lines
}

func (s *storyteller) begin(t ticketStory) {
	if s.number == 0 {
		fmt.Fprintln(s.out, "A day's tickets at Northwind Notes. Stripe, Intercom and the ledger are on this\nmachine; nothing leaves it.")
	}
	s.number++
	fmt.Fprintf(s.out, "\n%s\n%s\n", s.paint(bold, fmt.Sprintf("%d. %s", s.number, t.Title)),
		s.paint(dim, "   "+t.Point+"; conversation "+t.conversation()))
}

func (s *storyteller) called(c toolCall) {
	fmt.Fprintln(s.out)
	s.line(3, "agent", cyan, c.Tool+arguments(c.Arguments))
	switch c.Tool {
	case "get_conversation":
		s.conversation(c.answer)
	case "search":
		s.hits(c.answer)
	case "fetch":
		s.line(5, "reads", dim, brief(textOf(c.answer.raw), 300))
	default:
		s.outcome(c.answer)
	}
	s.happened(c.Changes)
}

// arguments are a call's arguments in one line; the conversation is in the heading.
func arguments(args map[string]any) string {
	var b strings.Builder
	for _, name := range sortedKeys(args) {
		if name != "conversation_id" {
			fmt.Fprintf(&b, "  %s=%v", name, args[name])
		}
	}
	return b.String()
}

// conversation shows what one reading call gives an agent.
func (s *storyteller) conversation(a answer) {
	var c struct {
		Name     string `json:"contact_name"`
		Messages []struct{ From, Text string }
		Billing  struct {
			Customers []struct {
				Customer      string `json:"customer_id"`
				TiedBy        string `json:"tied_by"`
				Subscriptions []struct{ Plan, Price, Interval, Status string }
				Payments      []struct {
					Charge      string `json:"charge_id"`
					Amount      string
					At          time.Time
					Status      string
					Policy      string
					DuplicateOf string `json:"duplicate_of"`
				}
				Headroom []string `json:"refund_headroom"`
			}
		}
	}
	if err := json.Unmarshal(a.raw, &c); err != nil {
		s.line(5, "", red, err.Error())
		return
	}
	for _, m := range c.Messages {
		s.line(5, m.From, "0", "“"+m.Text+"”")
	}
	for _, cu := range c.Billing.Customers {
		s.line(5, "billing", "0", fmt.Sprintf("%s is %s, known by %s", c.Name, cu.Customer, cu.TiedBy))
		for _, sub := range cu.Subscriptions {
			s.line(5, "", "0", fmt.Sprintf("%s, %s a %s, %s", sub.Plan, sub.Price, sub.Interval, sub.Status))
		}
		for _, p := range cu.Payments {
			text := fmt.Sprintf("%s  %s of %s, %s", p.Charge, p.Amount, p.At.Format(time.DateOnly), p.Status)
			if p.DuplicateOf != "" {
				text += ", a duplicate of " + p.DuplicateOf
			}
			if p.Policy != "" {
				text += "; a full refund: " + p.Policy
			}
			s.line(5, "", "0", text)
		}
		s.line(5, "headroom", "0", strings.Join(cu.Headroom, ", ")+" of refunds left for this customer")
	}
}

func (s *storyteller) hits(a answer) {
	var r struct {
		Results []struct{ ID, Title, Section, Snippet string }
	}
	if err := json.Unmarshal(a.raw, &r); err != nil || len(r.Results) == 0 {
		s.line(5, "", red, "nothing found")
		return
	}
	s.line(5, "found", "0", r.Results[0].ID)
	s.line(5, "", dim, brief(r.Results[0].Snippet, 160))
}

func brief(text string, n int) string {
	if r := []rune(text); len(r) > n {
		return string(r[:n]) + "…"
	}
	return text
}

// outcome shows what the guard judged, why, and what came of it.
func (s *storyteller) outcome(a answer) {
	if a.Decision != nil && !a.Replayed {
		s.decision(*a.Decision)
	}
	switch {
	case a.isError:
		s.line(5, "refused", red, strings.TrimPrefix(a.Code+": "+a.Message, "refused: "))
	case a.Replayed:
		s.line(5, string(a.State), green, "this was asked before; its first receipt again: "+receipt(a.Receipt))
	case a.State == policies.Awaiting:
		s.line(5, "waits", yellow, a.Action+" waits for a person")
	case a.Receipt != nil:
		s.line(5, string(a.State), green, receipt(a.Receipt))
	default:
		s.line(5, string(a.State), yellow, a.Message)
	}
	if a.NextStep != "" {
		s.line(5, "next", dim, a.NextStep)
	}
}

// receipt is a receipt's facts without their names.
func receipt(raw json.RawMessage) string {
	var fields map[string]any
	if json.Unmarshal(raw, &fields) != nil {
		return string(raw)
	}
	var parts []string
	for _, name := range []string{"id", "amount", "charge", "part_id", "state", "status"} {
		if v, ok := fields[name]; ok {
			parts = append(parts, fmt.Sprint(v))
		}
	}
	return strings.Join(parts, ", ")
}

func (s *storyteller) decision(d policies.Decision) {
	colour := map[policies.Effect]string{policies.Allow: green, policies.NeedsApproval: yellow, policies.Deny: red}[d.Effect]
	s.line(5, "guard", colour, strings.ReplaceAll(d.Effect.String(), "_", " "))
	for _, f := range d.Against() {
		s.line(5, "", colour, finding(f))
	}
	for _, document := range d.Cites() {
		s.line(5, "see", "0", document)
	}
	var limits []string
	allowed := 0
	for _, f := range d.Findings {
		if f.Effect == policies.Allow {
			allowed++
		}
		if f.Effect == policies.Allow && f.Limit != "" && f.Actual != "" {
			limits = append(limits, finding(f))
		}
	}
	s.line(5, "", dim, strings.Join(append([]string{plural(allowed, "rule allows", "rules allow")}, limits...), " · "))
	if !d.Headroom.IsZero() {
		s.line(5, "headroom", "0", d.Headroom.String()+" left")
	}
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

func finding(f policies.Finding) string {
	text := f.Rule
	if f.Actual != "" && f.Limit != "" {
		text += " " + f.Actual + " of " + f.Limit
	}
	if f.Message != "" {
		text += ": " + f.Message
	}
	if f.Effect == policies.Deny && !f.MaxAllowedNow.IsZero() {
		text += "; " + f.MaxAllowedNow.String() + " would still be allowed"
	}
	if !f.RetryAfter.IsZero() {
		text += "; this amount fits again after " + f.RetryAfter.Format(time.DateOnly)
	}
	return text
}

func (s *storyteller) typed(command, output string) {
	fmt.Fprintln(s.out)
	s.line(3, "person", cyan, "$ "+command)
	for line := range strings.SplitSeq(output, "\n") {
		fmt.Fprintln(s.out, strings.TrimRight("     "+s.paint(dim, line), " "))
	}
}

func (s *storyteller) happened(cs []change) {
	for _, c := range cs {
		s.line(5, "changed", bold, c.What+"  "+brief(strings.ReplaceAll(c.Now, "\n", " "), 110))
	}
}

func (s *storyteller) recorded(f policies.Finding) { s.line(5, "ledger", red, finding(f)) }

func (s *storyteller) checked(ok bool, claim string) {
	if ok {
		s.line(5, "✓", green, claim)
		return
	}
	s.line(5, "✗ WRONG", red, claim)
}

func (s *storyteller) end(failed int) {
	if failed == 0 {
		fmt.Fprintf(s.out, "\n%s Next: point your own client at  supportmcp serve --sandbox\n", s.paint(green, "Every step ended as the story says."))
	}
}
