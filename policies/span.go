package policies

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

const day = 24 * time.Hour

// ParseSpan reads a time span as a policy file writes it: 90s, 30m, 24h, 30d.
func ParseSpan(s string) (time.Duration, error) {
	units := map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour, "d": day}
	number := strings.TrimRight(s, "smhd")
	unit, ok := units[s[len(number):]]
	n, err := strconv.ParseInt(number, 10, 32)
	if !ok || err != nil || n <= 0 || strings.HasPrefix(number, "+") || n > int64(forever/unit) {
		return 0, fmt.Errorf("want a time span such as 30d, 24h or 15m, got %q", s)
	}
	return time.Duration(n) * unit, nil
}

// FormatSpan writes a time span as ParseSpan reads it, in the largest unit that is exact; one day is 24h.
func FormatSpan(d time.Duration) string { return string(appendSpan(nil, d)) }

func appendSpan(to []byte, d time.Duration) []byte {
	unit, letter := time.Second, byte('s')
	switch {
	case d%day == 0 && d != day:
		unit, letter = day, 'd'
	case d%time.Hour == 0:
		unit, letter = time.Hour, 'h'
	case d%time.Minute == 0:
		unit, letter = time.Minute, 'm'
	}
	return append(strconv.AppendInt(to, int64(d/unit), 10), letter)
}
