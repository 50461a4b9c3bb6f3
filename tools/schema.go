package tools

import (
	"encoding"
	"encoding/json"
	"reflect"
	"slices"
	"time"

	"github.com/google/jsonschema-go/jsonschema"

	"supportmcp/internal/money"
	"supportmcp/policies"
)

// Described types say their own schema, so that enums and patterns stand beside
// the type and nowhere else.
type Described interface{ Schema() *jsonschema.Schema }

// schemaFor derives the schema of T: every type single, nothing dropped silently.
// A type without a schema is a programming error that no test run survives.
func schemaFor[T any]() *jsonschema.Schema {
	types := map[reflect.Type]*jsonschema.Schema{
		reflect.TypeFor[json.RawMessage](): {Type: "object"},
		reflect.TypeFor[time.Time]():       {Type: "string", Format: "date-time"},
		reflect.TypeFor[money.Money]():     {Type: "string"},
		reflect.TypeFor[policies.Decision](): {
			Type:        "object",
			Description: "the guard's verdict and findings",
		},
	}
	describe(reflect.TypeFor[T](), types, map[reflect.Type]bool{})
	s, err := jsonschema.For[T](&jsonschema.ForOptions{TypeSchemas: types})
	if err != nil {
		panic("schema of " + reflect.TypeFor[T]().String() + ": " + err.Error())
	}
	singleTypes(s)
	return s
}

// describe collects the schemas that types below t say of themselves.
func describe(t reflect.Type, into map[reflect.Type]*jsonschema.Schema, seen map[reflect.Type]bool) {
	if seen[t] || into[t] != nil {
		return
	}
	seen[t] = true
	if d, ok := reflect.TypeAssert[Described](reflect.Zero(t)); ok && t.Kind() != reflect.Pointer {
		into[t] = d.Schema()
		return
	}
	if t.Kind() != reflect.Interface && t.Implements(reflect.TypeFor[encoding.TextMarshaler]()) {
		into[t] = &jsonschema.Schema{Type: "string"}
		return
	}
	switch t.Kind() { //nolint:exhaustive // only these kinds contain others
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		describe(t.Elem(), into, seen)
	case reflect.Struct:
		for f := range t.Fields() {
			describe(f.Type, into, seen)
		}
	}
}

// singleTypes removes "null" from types: our slices are never nil and our
// pointers are left out when nil, and several clients refuse lists of types.
func singleTypes(s *jsonschema.Schema) {
	if s == nil {
		return
	}
	s.Types = slices.DeleteFunc(s.Types, func(t string) bool { return t == "null" })
	if len(s.Types) == 1 {
		s.Type, s.Types = s.Types[0], nil
	}
	for _, p := range s.Properties {
		singleTypes(p)
	}
	singleTypes(s.Items)
}

// control are the arguments every write takes; no tool declares them.
type control struct {
	DryRun   bool   `json:"dry_run,omitempty" jsonschema:"judge only, change nothing"`
	RepeatOf string `json:"repeat_of,omitempty" jsonschema:"action_id to repeat on purpose"`
}

// withControl adds the arguments of control to a tool's own.
func withControl(in *jsonschema.Schema) *jsonschema.Schema {
	out, c := in.CloneSchemas(), schemaFor[control]()
	for _, name := range c.PropertyOrder {
		if out.Properties[name] != nil {
			panic("input declares the reserved argument " + name)
		}
		out.Properties[name] = c.Properties[name]
		out.PropertyOrder = append(out.PropertyOrder, name)
	}
	return out
}
