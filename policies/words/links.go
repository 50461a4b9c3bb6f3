package words

import (
	"html"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

// unwrapped are the forms that software may read out of a text: as it is, and with
// percent signs and HTML entities decoded, as often as they are nested. Links
// hide in the values of other links that way.
func unwrapped(s string) []string {
	out := []string{s}
	for range 3 {
		next := html.UnescapeString(percent(s))
		if next == s {
			break
		}
		s = plain(next)
		out = append(out, s)
	}
	return out
}

// percent decodes what it can and leaves the rest.
func percent(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if i+2 < len(s) && s[i] == '%' {
			if c, err := url.PathUnescape(s[i : i+3]); err == nil {
				b.WriteString(c)
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return strings.ToValidUTF8(b.String(), "�")
}

// links are the hosts of everything in a plain text that a program could make a
// link of, in ASCII, and the schemes that lead to no host.
func links(s string) []string {
	var out []string
	add := func(host string) {
		if host != "" && !slices.Contains(out, host) {
			out = append(out, host)
		}
	}
	for _, form := range unwrapped(s) {
		for _, point := range []string{"[.]", "(.)", "[dot]", "(dot)"} {
			form = strings.ReplaceAll(form, point, ".")
		}
		schemes(form, add)
		bareHosts(form, add)
	}
	return out
}

// schemes finds "https://host", with as many and whichever slashes as browsers
// take (https://url.spec.whatwg.org/#concept-basic-url-parser), and other schemes.
func schemes(s string, add func(string)) {
	for at := 0; ; {
		i := strings.IndexByte(s[at:], ':')
		if i < 0 {
			return
		}
		i += at
		at = i + 1
		scheme, rest := strings.ToLower(schemeBefore(s[:i])), s[i+1:]
		after := strings.TrimLeft(rest, "/\\")
		switch {
		case scheme == "":
		case scheme == "http" || scheme == "https" || scheme == "ftp" || scheme == "ws" || scheme == "wss" || scheme == "hxxp" || scheme == "hxxps":
			if r, _ := utf8.DecodeRuneInString(after); after != "" && !unicode.IsSpace(r) {
				add(authority(after))
			}
		case len(rest)-len(after) >= 2:
			add(scheme + ":")
		case active(scheme) && rest != "" && !unicode.IsSpace(rune(rest[0])):
			add(scheme + ":")
		}
	}
}

func active(scheme string) bool {
	switch scheme {
	case "javascript", "data", "vbscript", "mailto", "tel", "sms", "file", "blob", "intent", "view-source", "callto", "whatsapp", "tg", "skype":
		return true
	}
	return false
}

func schemeBefore(s string) string {
	i := len(s)
	for i > 0 && (alnum(s[i-1]) || s[i-1] == '+' || s[i-1] == '-') {
		i--
	}
	return strings.TrimLeft(s[i:], "0123456789+-")
}

func alnum(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// authority is the host at the beginning of what follows a scheme: behind the last
// "@", and before the port.
func authority(s string) string {
	const longest = 1000 // bytes; browsers resolve no host that is longer than 253
	s = s[:min(len(s), longest)]
	if i := strings.IndexFunc(s, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("/?#\\<>\"'|{}^`", r) }); i >= 0 {
		s = s[:i]
	}
	s = s[strings.LastIndexByte(s, '@')+1:]
	if strings.HasPrefix(s, "[") {
		return s
	}
	s, _, _ = strings.Cut(s, ":")
	return ascii(strings.TrimRight(s, ".,;!)]*_"))
}

// ascii is a host in the one form in which hosts are compared; what is no host
// stays, and matches nothing.
func ascii(host string) string {
	host = strings.ToLower(host)
	if a, err := idna.Lookup.ToASCII(host); err == nil {
		return strings.TrimSuffix(a, ".")
	}
	return host
}

// bareHosts finds what looks like a host without a scheme: labels joined by
// points, of which the last is a public suffix such as "com".
func bareHosts(s string, add func(string)) {
	for at := 0; ; {
		i := strings.IndexByte(s[at:], '.')
		if i < 0 {
			return
		}
		start, end := around(s, at+i)
		at = max(end, at+i+1)
		if start == end || strings.HasPrefix(s[end:], "@") && mailHost(s[end+1:]) {
			continue // the first half of an e-mail address
		}
		if start > 1 && s[start-1] == '@' && mailName(s[:start-1]) && !strings.Contains(lastField(s[:start]), "://") {
			continue // its second half
		}
		host := strings.Trim(s[start:end], ".-")
		if public(host) || address(host, s[end:]) || strings.HasPrefix(strings.ToLower(host), "www.") {
			add(ascii(host))
		}
	}
}

// lastField is what follows the last space.
func lastField(s string) string { return s[strings.LastIndexAny(s, " \t\r\n")+1:] }

// around widens the point at i to all that can be part of a host.
func around(s string, i int) (start, end int) {
	for start = i; start > 0; {
		r, n := utf8.DecodeLastRuneInString(s[:start])
		if !hostRune(r) {
			break
		}
		start -= n
	}
	for end = i; end < len(s); {
		r, n := utf8.DecodeRuneInString(s[end:])
		if !hostRune(r) {
			break
		}
		end += n
	}
	return start, end
}

func hostRune(r rune) bool {
	return r == '.' || r == '-' || r == '_' || r >= '0' && r <= '9' || unicode.IsLetter(r) || unicode.IsMark(r)
}

// public reports whether a name ends in a public suffix of the root zone.
func public(host string) bool {
	i := strings.LastIndexByte(host, '.')
	if i <= 0 || i == len(host)-1 || len(host) > 253 {
		return false
	}
	a := ascii(host)
	i = strings.LastIndexByte(a, '.')
	if i <= 0 || len(a)-i-1 < 2 {
		return false
	}
	suffix, icann := publicsuffix.PublicSuffix(a[i+1:])
	return icann && suffix == a[i+1:]
}

// address reports whether an address of the internet stands where a link could: with a path or a port.
func address(host, rest string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil && (strings.HasPrefix(rest, "/") || strings.HasPrefix(rest, ":"))
}

// under reports whether a host is one of those allowed, or below one.
func under(host string, allowed []string) bool {
	return slices.ContainsFunc(allowed, func(a string) bool {
		a = ascii(a)
		return a != "" && (host == a || strings.HasSuffix(host, "."+a))
	})
}
