package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"supportmcp/internal/fault"
)

// health is how one thing stands.
type health string

const (
	healthy health = "ok"
	warning health = "warning" // works, and an operator should know
	ailing  health = "problem" // does not work until it is mended
)

// remark is what the doctor says of one thing.
type remark struct {
	Health health `json:"health"`
	Topic  string `json:"topic"` // what was looked at: "stripe.charges"
	What   string `json:"what"`
	Mend   string `json:"mend,omitempty"` // what to do about it
}

// diagnosis collects remarks. Texts come from vendors and files as well, so that
// each is made harmless to a terminal as it comes in.
type diagnosis []remark

func (d *diagnosis) add(h health, topic, what, mend string) {
	*d = append(*d, remark{h, topic, oneLine(what), oneLine(mend)})
}

func (d *diagnosis) ok(topic, format string, args ...any) {
	d.add(healthy, topic, fmt.Sprintf(format, args...), "")
}

// fails notes an error, with the next step that it names itself, or else this one.
// It does nothing for nil.
func (d *diagnosis) fails(topic string, err error, mend string) {
	if err == nil {
		return
	}
	what := err.Error()
	if f, is := errors.AsType[*fault.Error](err); is {
		what = f.Message
		if mend == "" {
			mend = f.NextStep
		}
	}
	d.add(ailing, topic, what, mend)
}

// refuses notes each of the problems that a check of the configuration joined.
// They name the variable and the cure. It reports whether there was any.
func (d *diagnosis) refuses(topic string, err error) bool {
	if several, are := err.(interface{ Unwrap() []error }); are {
		for _, e := range several.Unwrap() {
			d.refuses(topic, e)
		}
		return true
	}
	d.fails(topic, err, "")
	return err != nil
}

// sound reports that nothing has to be mended.
func (d *diagnosis) sound() bool { return d.count(ailing) == 0 }

func (d *diagnosis) count(h health) (n int) {
	for _, f := range *d {
		if f.Health == h {
			n++
		}
	}
	return n
}

// print writes one line for each remark, with the cure below it, and a count at the end.
func (d *diagnosis) print(w io.Writer) error {
	for _, f := range *d {
		fmt.Fprintf(w, "%-8s %-22s %s\n", f.Health, f.Topic, f.What)
		if f.Mend != "" {
			fmt.Fprintf(w, "%-8s %-22s mend: %s\n", "", "", f.Mend)
		}
	}
	_, err := fmt.Fprintf(w, "\n%d ok, %d to know, %d to mend\n", d.count(healthy), d.count(warning), d.count(ailing))
	return err
}

// printJSON writes one JSON object a line for each remark.
func (d *diagnosis) printJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for _, f := range *d {
		if err := enc.Encode(f); err != nil {
			return fmt.Errorf("write a remark: %w", err)
		}
	}
	return nil
}
