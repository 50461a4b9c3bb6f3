package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// bar shows how far something is: on one line of a terminal, and elsewhere on a new
// line after every tenth of the way, so that a log stays short.
type bar struct {
	out  io.Writer
	live bool
	last string // what was shown
	said int    // tenths
}

func newBar(out io.Writer) *bar {
	f, ok := out.(*os.File)
	return &bar{out: out, live: ok && term.IsTerminal(int(f.Fd())), said: -1}
}

// tell shows a text, on terminals only.
func (b *bar) tell(text string) {
	if !b.live || text == b.last {
		return
	}
	pad := max(0, len(b.last)-len(text))
	fmt.Fprint(b.out, "\r"+text+strings.Repeat(" ", pad))
	b.last = text
}

// show tells that so much of all is done.
func (b *bar) show(done, all int) {
	if all == 0 {
		return
	}
	const width = 40
	full := done * width / all
	text := fmt.Sprintf("%d of %s", done, counted(all, "contact"))
	b.tell(fmt.Sprintf("[%s%s] %s", strings.Repeat("#", full), strings.Repeat(".", width-full), text))
	if tenths := done * 10 / all; !b.live && tenths > b.said {
		b.said = tenths
		fmt.Fprintln(b.out, text)
	}
}

// end leaves the line.
func (b *bar) end() {
	if b.live && b.last != "" {
		fmt.Fprintln(b.out)
	}
}
