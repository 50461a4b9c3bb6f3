package words

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// emails are the addresses in a plain text, in lower case.
func emails(s string) []string {
	var out []string
	for _, form := range unwrapped(s) {
		for at := 0; ; {
			i := strings.IndexByte(form[at:], '@')
			if i < 0 {
				break
			}
			i += at
			at = i + 1
			name, host := form[nameStart(form[:i]):i], form[i+1:i+1+hostLength(form[i+1:])]
			host = strings.Trim(host, ".-")
			if name == "" || !strings.Contains(host, ".") {
				continue
			}
			if e := strings.ToLower(strings.TrimLeft(name, ".'")) + "@" + ascii(host); !slices.Contains(out, e) {
				out = append(out, e)
			}
		}
	}
	return out
}

func nameStart(s string) int {
	for i := len(s); i > 0; {
		r, n := utf8.DecodeLastRuneInString(s[:i])
		if !unicode.IsLetter(r) && !unicode.IsMark(r) && (r < '0' || r > '9') && !strings.ContainsRune(".!#$%&'*+-/=?^_`{|}~", r) || r == '/' || r == '=' || r == '?' {
			return i
		}
		i -= n
	}
	return 0
}

func mailName(s string) bool { return nameStart(s) < len(s) }

func hostLength(s string) int {
	for i, r := range s {
		if !hostRune(r) {
			return i
		}
	}
	return len(s)
}

func mailHost(s string) bool { return strings.Contains(strings.Trim(s[:hostLength(s)], ".-"), ".") }

// mayMail reports whether an address, or its domain, is allowed.
func mayMail(email string, allowed []string) bool {
	_, host, _ := strings.Cut(email, "@")
	return slices.ContainsFunc(allowed, func(a string) bool {
		if name, domain, ok := strings.Cut(strings.TrimSpace(a), "@"); ok && name != "" {
			return strings.ToLower(name)+"@"+ascii(domain) == email
		}
		return under(host, []string{strings.TrimPrefix(strings.TrimSpace(a), "@")})
	})
}
