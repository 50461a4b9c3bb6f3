package policies

import (
	"testing"
	"time"
)

func TestParseSpan(t *testing.T) {
	for in, want := range map[string]time.Duration{
		"90s":    90 * time.Second,
		"30m":    30 * time.Minute,
		"24h":    24 * time.Hour,
		"30d":    30 * day,
		"1s":     time.Second,
		"36500d": 36500 * day,
	} {
		if got, err := ParseSpan(in); err != nil || got != want {
			t.Errorf("%s: got %s, %v", in, got, err)
		}
	}
	for _, in := range []string{
		"", "d", "30", "30 d", " 30d", "30d ", "0d", "-1d", "+1d", "1.5h", "1h30m", "30D", "1w", "1e3d", "0x10d", "1_0d", "dd", "1dd",
		"36501d", "2147483647d", "99999999999999999999d", "٣d", "1ms", "ns",
	} {
		if got, err := ParseSpan(in); err == nil || got != 0 {
			t.Errorf("%q: got %s", in, got)
		}
	}
}

func TestFormatSpanUsesTheLargestUnitThatReadsWell(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"24h": 24 * time.Hour, "2d": 48 * time.Hour, "25h": 25 * time.Hour, "1h": 60 * time.Minute, "61m": 61 * time.Minute, "2m": 120 * time.Second, "61s": 61 * time.Second,
	} {
		if got := FormatSpan(d); got != want {
			t.Errorf("%s: got %s", want, got)
		}
	}
}

func FuzzSpan(f *testing.F) {
	for _, s := range []string{"30d", "24h", "15m", "90s", "007d", "-1d", "9999999d", "1h30m"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := ParseSpan(s)
		if err != nil {
			return
		}
		if d <= 0 || d > forever {
			t.Fatalf("%q is %s", s, d)
		}
		if again, err := ParseSpan(FormatSpan(d)); err != nil || again != d {
			t.Fatalf("%q -> %s -> %s, %v", s, FormatSpan(d), again, err)
		}
	})
}
