// Package mutants owns the faults that the tests must find: each is a small
// change of the code that would cost money, lose a record or stop the desk. Its
// tests plant one after the other, through go's overlay and never in the code
// itself, and want the suite to fail.
package mutants
