// Package money owns amounts: whole minor units with their currency inside, one
// exact string such as "12.50 EUR" outside. It never converts between
// currencies, never rounds and never uses floating point.
package money

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Money is an amount in its currency's minor unit (cents for EUR, yen for JPY,
// fils for KWD). The zero value is no money in no currency.
type Money struct {
	Minor    int64
	Currency Currency
}

// Of makes an amount from minor units.
func Of(minor int64, c Currency) Money { return Money{Minor: minor, Currency: c} }

// IsZero reports whether m is the zero value: no money in no currency.
func (m Money) IsZero() bool { return m == Money{} }

// String is the exact amount, such as "12.50 EUR", "1200 JPY" or "1.500 KWD".
func (m Money) String() string {
	if m.Currency == "" {
		return strconv.FormatInt(m.Minor, 10)
	}
	const end = 24 // of the digits: the longest number with a sign and a point fits before it
	var room [end + 8]byte
	at, left, e := end, magnitude(m.Minor), m.Currency.Exponent()
	for i := 0; i <= e || left > 0; i++ {
		if i == e && e > 0 {
			at--
			room[at] = '.'
		}
		at--
		room[at] = byte('0' + left%10)
		left /= 10
	}
	if m.Minor < 0 {
		at--
		room[at] = '-'
	}
	out := append(room[at:end], ' ')
	for _, c := range []byte(m.Currency) {
		out = append(out, upper(c))
	}
	return string(out)
}

func upper(c byte) byte {
	if c >= 'a' && c <= 'z' {
		return c - 'a' + 'A'
	}
	return c
}

func magnitude(n int64) uint64 {
	if n < 0 {
		return -uint64(n)
	}
	return uint64(n)
}

// Parse reads an exact positive amount with its currency, such as "12.50 EUR".
// It accepts one space, a point, and at most the decimals the currency has;
// signs, exponents, separators of thousands and unknown currencies are errors.
func Parse(s string) (Money, error) {
	number, code, ok := strings.Cut(s, " ")
	if !ok {
		return Money{}, fmt.Errorf("amount %q: want a number, a space and a currency, such as \"12.50 EUR\"", s)
	}
	c, err := ParseCurrency(code)
	if err != nil {
		return Money{}, fmt.Errorf("amount %q: %w", s, err)
	}
	m, err := ParseIn(number, c)
	if err != nil {
		return Money{}, fmt.Errorf("amount %q: %w", s, err)
	}
	return m, nil
}

// ParseIn reads the number of an exact amount whose currency is known, such as "12.50".
func ParseIn(number string, c Currency) (Money, error) {
	whole, frac, point := strings.Cut(number, ".")
	if !digitsOnly(whole) || point && !digitsOnly(frac) || len(whole) > 1 && whole[0] == '0' {
		return Money{}, errors.New("want plain digits with at most one point, such as 12.50")
	}
	e := c.Exponent()
	if len(frac) > e {
		return Money{}, fmt.Errorf("%s has %d decimals, got %d", strings.ToUpper(string(c)), e, len(frac))
	}
	n, err := strconv.ParseInt(whole+frac+strings.Repeat("0", e-len(frac)), 10, 64)
	if err != nil || n > math.MaxInt64/1000 {
		return Money{}, errors.New("amount is too large")
	}
	if step := c.Step(); n%step != 0 {
		return Money{}, fmt.Errorf("the smallest step in %s is %s", strings.ToUpper(string(c)), Of(step, c))
	}
	return Of(n, c), nil
}

func digitsOnly(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// MarshalText gives the exact string, so that money is a string in JSON. The zero value is "".
func (m Money) MarshalText() ([]byte, error) {
	if m.IsZero() {
		return nil, nil
	}
	return []byte(m.String()), nil
}

// UnmarshalText reads what MarshalText wrote, negative amounts included.
func (m *Money) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*m = Money{}
		return nil
	}
	s, negative := strings.CutPrefix(string(b), "-")
	p, err := Parse(s)
	if err != nil {
		return err
	}
	if negative {
		p.Minor = -p.Minor
	}
	*m = p
	return nil
}
