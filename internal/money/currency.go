package money

import (
	"fmt"
	"strings"
)

// Currency is a lower-case ISO 4217 code, as Stripe writes it ("eur").
type Currency string

// ParseCurrency reads a currency code in either case; one that Stripe cannot charge is an error.
func ParseCurrency(code string) (Currency, error) {
	c := Currency(strings.ToLower(code))
	_, known := c.decimals()
	if !known || len(code) != len(c) { // another letter, such as the Kelvin sign, can become one of ours
		return "", fmt.Errorf("unknown currency %q", code)
	}
	return c, nil
}

// Exponent is how many decimals the currency's minor unit has.
func (c Currency) Exponent() int {
	n, _ := c.decimals()
	return n
}

// Step is the smallest amount, in minor units, that Stripe can move: 1 for most
// currencies, 10 for those with three decimals, 100 for ISK and UGX, which are written
// with two decimals for compatibility and charged in whole units only.
func (c Currency) Step() int64 {
	if c == "isk" || c == "ugx" {
		return 100
	}
	if c.Exponent() == 3 {
		return 10
	}
	return 1
}

// decimals are those of a currency's minor unit, and whether Stripe can charge in it
// (https://docs.stripe.com/currencies).
func (c Currency) decimals() (n int, known bool) {
	switch c {
	case "bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf",
		"xof", "xpf":
		return 0, true
	case "bhd", "jod", "kwd", "omr", "tnd":
		return 3, true
	case "aed", "afn", "all", "amd", "ang", "aoa", "ars", "aud", "awg", "azn", "bam", "bbd", "bdt",
		"bgn", "bmd", "bnd", "bob", "brl", "bsd", "bwp", "byn", "bzd", "cad", "cdf", "chf", "cny",
		"cop", "crc", "cve", "czk", "dkk", "dop", "dzd", "egp", "etb", "eur", "fjd", "fkp", "gbp",
		"gel", "gip", "gmd", "gtq", "gyd", "hkd", "hnl", "hrk", "htg", "huf", "idr", "ils", "inr",
		"isk", "jmd", "kes", "kgs", "khr", "kyd", "kzt", "lak", "lbp", "lkr", "lrd", "lsl", "mad",
		"mdl", "mkd", "mmk", "mnt", "mop", "mur", "mvr", "mwk", "mxn", "myr", "mzn", "nad", "ngn",
		"nio", "nok", "npr", "nzd", "pab", "pen", "pgk", "php", "pkr", "pln", "qar", "ron", "rsd",
		"rub", "sar", "sbd", "scr", "sek", "sgd", "shp", "sle", "sos", "srd", "std", "szl", "thb",
		"tjs", "top", "try", "ttd", "twd", "tzs", "uah", "ugx", "usd", "uyu", "uzs", "wst", "xcd",
		"yer", "zar", "zmw":
		return 2, true
	}
	return 2, false
}
