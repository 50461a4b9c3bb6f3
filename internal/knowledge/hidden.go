package knowledge

import (
	"fmt"
	"strings"
)

// dropHidden takes out what a browser does not show: HTML comments, scripts and
// styles. Code, where they are shown, keeps them. One that is never closed is
// an error, since everything after it would be lost.
func dropHidden(text string) (string, error) {
	var out strings.Builder
	var code fence
	for text != "" {
		line := firstLine(text)
		if code.covers(line) {
			out.WriteString(line)
			text = text[len(line):]
			continue
		}
		length, err := copyShown(&out, text, len(line))
		if err != nil {
			return "", err
		}
		text = text[length:]
	}
	return out.String(), nil
}

// copyShown writes what is shown of the first line of text, which ends at end,
// and gives the length of what it has read. That is more than the line when a
// hidden element goes on below it; then the rest of the element's last line is
// copied as well.
func copyShown(out *strings.Builder, text string, end int) (int, error) {
	for at := 0; ; {
		start, tag := findHidden(text[at:end])
		if tag == "" {
			out.WriteString(text[at:end])
			return end, nil
		}
		length := hiddenLength(text[at+start:], tag)
		if length < 0 {
			return 0, fmt.Errorf("HTML %q is opened and never closed", tag)
		}
		// The space keeps what stood on both sides from becoming a new tag.
		out.WriteString(text[at:at+start] + " ")
		at += start + length
		if at > end {
			end = at + len(firstLine(text[at:]))
		}
	}
}

func firstLine(text string) string {
	if i := strings.IndexByte(text, '\n'); i >= 0 {
		return text[:i+1]
	}
	return text
}

// findHidden looks for the first hidden element that opens in line outside
// `code`. Without one, tag is "".
func findHidden(line string) (start int, tag string) {
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case '`':
			i += codeSpan(line[i:]) - 1
		case '<':
			for _, tag := range []string{"<!--", "<script", "<style"} {
				if opens(line[i:], tag) {
					return i, tag
				}
			}
		}
	}
	return 0, ""
}

// codeSpan is the length of the code span text begins with, or of its
// backticks alone when no equal number of them follows.
func codeSpan(text string) int {
	ticks := run(text)
	for at := len(ticks); at < len(text); {
		next := strings.IndexByte(text[at:], '`')
		if next < 0 {
			break
		}
		at += next
		closing := run(text[at:])
		at += len(closing)
		if len(closing) == len(ticks) {
			return at
		}
	}
	return len(ticks)
}

func opens(text, tag string) bool {
	if len(text) < len(tag) || !strings.EqualFold(text[:len(tag)], tag) {
		return false
	}
	after := text[len(tag):]
	return tag == "<!--" || after == "" || strings.ContainsRune(" \t\n/>", rune(after[0]))
}

// hiddenLength is the length of the hidden element that text begins with, -1
// when it is not closed.
func hiddenLength(text, tag string) int {
	if tag == "<!--" {
		// "<!-->" is a whole comment: the end may share the dashes of the start.
		if i := strings.Index(text[2:], "-->"); i >= 0 {
			return 2 + i + 3
		}
		return -1
	}
	closing := "</" + tag[1:]
	for i := range len(text) {
		if text[i] == '<' && opens(text[i:], closing) {
			if end := strings.IndexByte(text[i:], '>'); end >= 0 {
				return i + end + 1
			}
			return -1
		}
	}
	return -1
}

// fence follows fenced code through the lines of a text. The zero value is
// outside of code. How far a fence is indented does not matter, since inside a
// list it may be far.
type fence struct{ mark string }

// covers takes the next line and reports whether it belongs to fenced code,
// the fences themselves included.
func (f *fence) covers(line string) bool {
	line = strings.TrimSpace(line)
	marks := run(line)
	if f.mark != "" {
		if strings.HasPrefix(marks, f.mark) && marks == line {
			f.mark = ""
		}
		return true
	}
	if len(marks) < 3 || marks[0] == '`' && strings.Contains(line[len(marks):], "`") {
		return false
	}
	f.mark = marks
	return true
}

// run is the backticks, or the tildes, that text begins with.
func run(text string) string {
	if text == "" || text[0] != '`' && text[0] != '~' {
		return ""
	}
	return text[:len(text)-len(strings.TrimLeft(text, text[:1]))]
}
