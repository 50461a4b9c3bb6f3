package ledger

import (
	"strconv"
	"strings"
)

// arguments are the values of a statement that is put together at run time.
type arguments []any

// add notes a value and gives its place in the statement.
func (a *arguments) add(v any) string {
	*a = append(*a, v)
	return "$" + strconv.Itoa(len(*a))
}

// addAll notes values and gives their places, separated by commas.
func addAll[T any](a *arguments, vs []T) string {
	places := make([]string, len(vs))
	for i, v := range vs {
		places[i] = a.add(v)
	}
	return strings.Join(places, ", ")
}

// quoted writes constants of this program as an SQL list.
func quoted[T ~string](names ...T) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = "'" + string(n) + "'"
	}
	return strings.Join(out, ", ")
}
