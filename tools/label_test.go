package tools

import (
	"strings"
	"testing"
)

func TestALabelIsOneShortVisibleLine(t *testing.T) {
	for in, want := range map[string]string{
		"Maria Jensen":                    "Maria Jensen",
		"  two\n\r\nlines\tand  spaces ":  "two lines and spaces",
		"\x1b[2Jred\x00 \u202eevil\u200b": "[2Jred evil",
		"نمی\u200cخواهم":                  "نمی\u200cخواهم",
		"tag\U000e0041s":                  "tags",
		"\xff\xfe":                        "��",
		"\u2060 \u2060":                   "",
		"12345678901234567890":            "12345678901234567890",
		"123456789012345678901":           "1234567890123456789…",
		strings.Repeat("€", 100_000):      strings.Repeat("€", 19) + "…",
	} {
		if got := label(in, 20); got != want {
			t.Errorf("%.40q becomes %q, want %q", in, got, want)
		}
	}
}
