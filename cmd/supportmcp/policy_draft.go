package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"supportmcp/internal/money"
	"supportmcp/internal/stripe"
)

// past is what an account has taken and given back.
type past struct {
	since    time.Time
	payments map[money.Currency]int
	refunds  map[money.Currency][]stripe.PastRefund
}

func (p past) refunded(r stripe.PastRefund) {
	p.refunds[r.Amount.Currency] = append(p.refunds[r.Amount.Currency], r)
}

func (p past) paid(m money.Money) { p.payments[m.Currency]++ }

func (p past) all() []stripe.PastRefund {
	return slices.Concat(slices.Collect(maps.Values(p.refunds))...)
}

// window is how old payments were when they were refunded, but for the last few.
func (p past) window(out *strings.Builder) {
	const day = 24 * time.Hour
	var ages []int64
	for _, r := range p.all() {
		ages = append(ages, int64(max(0, r.At.Sub(r.PaidAt))/day)+1)
	}
	if len(ages) == 0 {
		out.WriteString("  # Nothing was refunded yet, so this is a guess.\n  window: 30d\n")
		return
	}
	within := quantile(ages, 95)
	fmt.Fprintf(out, "  # 95 %% of the %s were given within %d days of the payment, the last after %d.\n  window: %dd\n",
		counted(len(ages), "refund"), within, quantile(ages, 100), max(2, within))
}

// currencies let an agent do alone what three of four refunds came to.
func (p past) currencies(out *strings.Builder) {
	out.WriteString("  currencies:\n")
	for _, c := range slices.Sorted(maps.Keys(p.refunds)) {
		amounts := minors(p.refunds[c])
		at := func(percent int64) money.Money { return money.Of(quantile(amounts, percent), c) }
		fmt.Fprintf(out, "    # %s, %s in all: half of them up to %s, three of four up to %s, the largest %s.\n",
			counted(len(amounts), "refund"), money.Of(sum(amounts), c), at(50), at(75), at(100))
		fmt.Fprintf(out, "    %s: {auto: %s, max: %s}\n", c, number(money.Of(down(at(75).Minor, c), c)), number(money.Of(up(at(100).Minor, c), c)))
	}
	for _, c := range slices.Sorted(maps.Keys(p.payments)) {
		if len(p.refunds[c]) == 0 {
			fmt.Fprintf(out, "    # %s in %s and no refund: without limits, refunds in it are denied.\n", counted(p.payments[c], "payment"), strings.ToUpper(string(c)))
			if len(p.refunds) == 0 {
				fmt.Fprintf(out, "    %s: {auto: 0, max: %s}\n", c, number(money.Of(100*c.Step(), c)))
			}
		}
	}
}

// budgets hold what was given to one customer, and on one day.
func (p past) budgets(out *strings.Builder) {
	if len(p.refunds) == 0 {
		return
	}
	const customers, daily = 90 * 24 * time.Hour, 24 * time.Hour
	var counts, perCustomer, perDay []string
	var most int64
	for _, c := range slices.Sorted(maps.Keys(p.refunds)) {
		n, most1 := running(p.refunds[c], customers, true)
		_, most2 := running(p.refunds[c], daily, false)
		most = max(most, n)
		counts = append(counts, money.Of(most1, c).String())
		perCustomer = append(perCustomer, fmt.Sprintf("%s: %s", c, number(money.Of(up(most1, c), c))))
		perDay = append(perDay, fmt.Sprintf("%s: %s", c, number(money.Of(up(most2+most2/2, c), c))))
	}
	fmt.Fprintf(out, "  budgets:\n    # One customer had at most %s in 90 days, and at most %s.\n", counted(most, "refund"), strings.Join(counts, ", "))
	fmt.Fprintf(out, "    - {scope: customer, window: 90d, count: %d, sum: {%s}}\n", most, strings.Join(perCustomer, ", "))
	fmt.Fprintf(out, "    # Half as much again as the most that was refunded in 24 hours.\n    - {scope: global, window: 24h, sum: {%s}}\n", strings.Join(perDay, ", "))
}

// running is the most that came together in a rolling window: how many refunds,
// and how much; of one customer, if it is asked so.
func running(all []stripe.PastRefund, window time.Duration, perCustomer bool) (count, minor int64) {
	together := map[string][]stripe.PastRefund{}
	for i, r := range all {
		key := ""
		if perCustomer {
			if key = r.Customer; key == "" {
				key = "unknown " + strconv.Itoa(i) // of whom nobody knows, is alone
			}
		}
		together[key] = append(together[key], r)
	}
	for _, rs := range together {
		slices.SortFunc(rs, func(a, b stripe.PastRefund) int { return a.At.Compare(b.At) })
		first, sum := 0, int64(0)
		for i, r := range rs {
			for sum += r.Amount.Minor; !rs[first].At.After(r.At.Add(-window)); first++ {
				sum -= rs[first].Amount.Minor
			}
			count, minor = max(count, int64(i-first+1)), max(minor, sum)
		}
	}
	return count, minor
}

func minors(rs []stripe.PastRefund) []int64 {
	out := make([]int64, len(rs))
	for i, r := range rs {
		out[i] = r.Amount.Minor
	}
	return out
}

func sum(of []int64) (total int64) {
	for _, n := range of {
		total += n
	}
	return total
}

// quantile is the smallest value that so many percent are not above.
func quantile(of []int64, percent int64) int64 {
	sorted := slices.Sorted(slices.Values(of))
	return sorted[max(0, (int64(len(sorted))*percent+99)/100-1)]
}

// down and up round to two digits, in steps that the currency has.
func down(minor int64, c money.Currency) int64 {
	step := c.Step()
	for minor/step >= 100 {
		step *= 10
	}
	return minor / step * step
}

func up(minor int64, c money.Currency) int64 {
	step := c.Step()
	for minor/step >= 100 {
		step *= 10
	}
	return max(step, (minor+step-1)/step*step)
}

// number is an amount as the policy file has it.
func number(m money.Money) string {
	n, _, _ := strings.Cut(m.String(), " ")
	return n
}
