package words

import (
	"slices"
	"strings"
)

// cards counts the payment card numbers in a plain text: 13 to 19 digits with a
// prefix that card networks use (ISO/IEC 7812) and Luhn's check digit.
func cards(s string) (n int) {
	for i := 0; i < len(s); {
		if s[i] < '0' || s[i] > '9' {
			i++
			continue
		}
		if end := cardEnd(s, i); end > 0 {
			n++
			i = end
			continue
		}
		for i < len(s) && s[i] >= '0' && s[i] <= '9' {
			i++
		}
	}
	return n
}

// cardEnd is where a card number that begins with the run of digits at i ends; 0 is no card.
func cardEnd(s string, i int) int {
	if i > 0 && (s[i-1] == '+' || s[i-1] == '.' && i > 1 && digitByte(s[i-2])) {
		return 0 // a telephone number, or the decimals of one
	}
	digits := make([]byte, 0, 20)
	for j := i; j < len(s) && len(digits) <= 19; {
		if !digitByte(s[j]) {
			k := separators(s[j:])
			if k == 0 {
				return 0
			}
			j += k
			continue
		}
		digits = append(digits, s[j])
		j++
		if (j == len(s) || !digitByte(s[j])) && card(string(digits)) {
			return j
		}
	}
	return 0
}

// separators is how many characters may stand between two groups of a number; 0
// ends it.
func separators(s string) int {
	n := 0
	for n < len(s) && n < 3 && strings.IndexByte(" -._\u00a0", s[n]) >= 0 {
		n++
	}
	if n == len(s) || !digitByte(s[n]) {
		return 0
	}
	return n
}

func digitByte(c byte) bool { return c >= '0' && c <= '9' }

func card(d string) bool {
	if len(d) < 13 || len(d) > 19 || !luhn(d) {
		return false
	}
	between := func(n int, low, high string) bool { return d[:n] >= low && d[:n] <= high }
	switch len(d) {
	case 15:
		return between(2, "34", "34") || between(2, "37", "37")
	case 14:
		return between(3, "300", "305") || between(2, "36", "36") || between(2, "38", "39")
	case 13:
		return d[0] == '4'
	}
	return d[0] == '4' || len(d) == 16 && (between(2, "51", "55") || between(4, "2221", "2720")) ||
		between(4, "6011", "6011") || between(3, "644", "649") || between(2, "65", "65") || between(2, "62", "62") || between(2, "81", "81") ||
		between(4, "3528", "3589") || between(2, "50", "50") || between(2, "56", "58") || between(3, "639", "639") || between(4, "6304", "6304") ||
		between(4, "6759", "6763") || between(2, "36", "36") || between(2, "38", "39") || between(2, "60", "60")
}

func luhn(d string) bool {
	sum := 0
	for i := range d {
		n := int(d[len(d)-1-i] - '0')
		if i%2 == 1 {
			n *= 2
		}
		sum += n/10 + n%10
	}
	return sum%10 == 0 && strings.Trim(d, d[:1]) != ""
}

// ibanLengths says how long the account numbers of a country are
// (https://www.swift.com/standards/data-standards/iban-international-bank-account-number).
const ibanLengths = " AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27" +
	" GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31" +
	" MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30 "

// ibans are the international bank account numbers in a plain text, without spaces.
func ibans(s string) []string {
	var out []string
	for i := 0; i+15 <= len(s); i++ {
		if i > 0 && alnum(s[i-1]) || !letterByte(s[i]) || !letterByte(s[i+1]) || !digitByte(s[i+2]) || !digitByte(s[i+3]) {
			continue
		}
		if n := iban(s[i:]); n != "" && !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

func letterByte(c byte) bool { return alnum(c) && !digitByte(c) }

// iban reads the number that s begins with; "" is none.
func iban(s string) string {
	country := strings.ToUpper(s[:2])
	at := strings.Index(ibanLengths, " "+country)
	if at < 0 {
		return ""
	}
	length := int(ibanLengths[at+3]-'0')*10 + int(ibanLengths[at+4]-'0')
	got := make([]byte, 0, length)
	for j := 0; j < len(s) && len(got) < length; j++ {
		switch {
		case alnum(s[j]):
			got = append(got, s[j])
		case s[j] != ' ' && s[j] != '-' && s[j] != '.':
			return ""
		}
	}
	n := strings.ToUpper(string(got))
	if len(n) != length || mod97(n[4:]+n[:4]) != 1 {
		return ""
	}
	return n
}

func mod97(s string) int {
	n := 0
	for _, c := range []byte(s) {
		if digitByte(c) {
			n = (n*10 + int(c-'0')) % 97
		} else {
			n = (n*100 + int(c-'A') + 10) % 97
		}
	}
	return n
}
