package server

import (
	"bytes"
	"encoding/json"
	"fmt"

	googleschema "github.com/google/jsonschema-go/jsonschema"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// compiled encodes a schema and proves that a JSON Schema compiler accepts it.
func compiled(name string, s *googleschema.Schema) (json.RawMessage, error) {
	raw, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("encode %s schema: %w", name, err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("read %s schema: %w", name, err)
	}
	const address = "mem:///schema.json"
	c := jsonschema.NewCompiler()
	if err := c.AddResource(address, doc); err != nil {
		return nil, fmt.Errorf("add %s schema: %w", name, err)
	}
	if _, err := c.Compile(address); err != nil {
		return nil, fmt.Errorf("compile %s schema: %w", name, err)
	}
	return raw, nil
}
