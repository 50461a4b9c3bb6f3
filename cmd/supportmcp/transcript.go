package main

import (
	"encoding/json"
	"fmt"
	"io"

	"supportmcp/policies"
)

// transcript is how the demo is told.
type transcript interface {
	begin(s ticketStory)
	called(c toolCall)
	typed(command, output string)
	happened(cs []change)
	recorded(f policies.Finding)
	checked(ok bool, claim string)
	end(failed int)
}

// toolCall is one call of a tool and what came of it.
type toolCall struct {
	Tool      string
	Arguments map[string]any
	answer    answer
	Changes   []change
}

// jsonLines tells the demo to programs: one object a line.
type jsonLines struct {
	out   io.Writer
	story string
}

func (j *jsonLines) print(event string, fields map[string]any) {
	fields["event"], fields["story"] = event, j.story
	b, err := json.Marshal(fields)
	if err != nil {
		b = []byte(`{"event":"unprintable"}`)
	}
	fmt.Fprintf(j.out, "%s\n", b)
}

func (j *jsonLines) begin(s ticketStory) {
	j.story = s.Title
	j.print("story", map[string]any{"ticket": s.Name, "point": s.Point, "conversation_id": s.conversation()})
}

func (j *jsonLines) called(c toolCall) {
	j.print("call", map[string]any{"tool": c.Tool, "arguments": c.Arguments, "is_error": c.answer.isError, "answer": c.answer.raw, "changes": c.Changes})
}

func (j *jsonLines) typed(command, output string) {
	j.print("command", map[string]any{"command": command, "output": output})
}

func (j *jsonLines) happened(cs []change) {
	if len(cs) > 0 {
		j.print("changes", map[string]any{"changes": cs})
	}
}

func (j *jsonLines) recorded(f policies.Finding) { j.print("ledger", map[string]any{"finding": f}) }

func (j *jsonLines) checked(ok bool, claim string) {
	j.print("check", map[string]any{"ok": ok, "claim": claim})
}

func (j *jsonLines) end(failed int) {
	j.story = ""
	j.print("end", map[string]any{"failed": failed})
}
