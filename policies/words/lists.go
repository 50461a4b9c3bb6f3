package words

import "strings"

// IsHost reports whether a policy may list this as a host: the bare name, without
// scheme, port, path or star, and below a public suffix.
func IsHost(s string) bool {
	return s == strings.TrimSpace(s) && strings.IndexFunc(s, func(r rune) bool { return !hostRune(r) }) < 0 && public(plain(s)) && strings.Trim(s, ".-") == s
}

// IsMailbox reports whether a policy may list this as an address or a domain.
func IsMailbox(s string) bool {
	found := emails(plain(s))
	return IsHost(s) || len(found) == 1 && strings.EqualFold(found[0], s)
}

// IsIBAN reports whether this is a whole bank account number.
func IsIBAN(s string) bool {
	found := ibans(s)
	return len(found) == 1 && len(found[0]) == len(strings.NewReplacer(" ", "", "-", "").Replace(s))
}
