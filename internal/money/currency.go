package money

import (
	"fmt"
	"strings"
)

// Currency is a lower-case ISO 4217 code, as Stripe writes it ("eur").
type Currency string

// The currencies Stripe can charge, by the decimals of their minor unit.
// See https://docs.stripe.com/currencies.
const (
	noDecimals    = " bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf "
	threeDecimals = " bhd jod kwd omr tnd "
	twoDecimals   = " aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bmd bnd bob brl bsd bwp byn bzd" +
		" cad cdf chf cny cop crc cve czk dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gtq gyd hkd hnl hrk" +
		" htg huf idr ils inr isk jmd kes kgs khr kyd kzt lak lbp lkr lrd lsl mad mdl mkd mmk mnt mop mur mvr" +
		" mwk mxn myr mzn nad ngn nio nok npr nzd pab pen pgk php pkr pln qar ron rsd rub sar sbd scr sek sgd" +
		" shp sle sos srd std szl thb tjs top try ttd twd tzs uah ugx usd uyu uzs wst xcd yer zar zmw "
	// Written with two decimals for compatibility, charged in whole units only.
	wholeUnits = " isk ugx "
)

// ParseCurrency reads a currency code in either case; one that Stripe cannot charge is an error.
func ParseCurrency(code string) (Currency, error) {
	c := Currency(strings.ToLower(code))
	if len(code) != 3 || !c.in(noDecimals) && !c.in(twoDecimals) && !c.in(threeDecimals) {
		return "", fmt.Errorf("unknown currency %q", code)
	}
	return c, nil
}

// Exponent is how many decimals the currency's minor unit has.
func (c Currency) Exponent() int {
	switch {
	case c.in(noDecimals):
		return 0
	case c.in(threeDecimals):
		return 3
	}
	return 2
}

// Step is the smallest amount, in minor units, that Stripe can move: 1 for most
// currencies, 10 for those with three decimals, 100 for ISK and UGX.
func (c Currency) Step() int64 {
	switch {
	case c.in(wholeUnits):
		return 100
	case c.in(threeDecimals):
		return 10
	}
	return 1
}

// in reports whether a list has the code. In a list, three letters and one space
// follow each other. Every amount that is written asks this, so it is quick.
func (c Currency) in(list string) bool {
	for i := 1; i+3 <= len(list); i += 4 {
		if list[i:i+3] == string(c) {
			return true
		}
	}
	return false
}
