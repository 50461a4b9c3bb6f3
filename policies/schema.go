package policies

import (
	"bytes"
	"encoding/json"
	"strings"
)

// Schema is the JSON Schema of a policy file, for editors. It comes from the keys
// that the reader knows, and refuses unknown keys and wrong shapes. What only the
// reader can tell, such as a currency that does not exist, it lets through.
func Schema() []byte {
	root := schemaBlock{}
	for _, k := range Keys() {
		root.at(strings.Split(strings.ReplaceAll(k.Path, "[]", ".[]"), ".")).key = k
	}
	s := root.schema()
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["title"] = "The policy of supportmcp"
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(s); err != nil { // of maps and texts, which always encode
		return nil
	}
	return out.Bytes()
}

// schemaBlock is a key with the keys below it.
type schemaBlock struct {
	key   Key
	names []string
	below map[string]*schemaBlock
}

func (b *schemaBlock) at(path []string) *schemaBlock {
	if len(path) == 0 {
		return b
	}
	next, ok := b.below[path[0]]
	if !ok {
		if b.below == nil {
			b.below = map[string]*schemaBlock{}
		}
		next = &schemaBlock{}
		b.below[path[0]] = next
		b.names = append(b.names, path[0])
	}
	return next.at(path[1:])
}

type schema = map[string]any

func (b *schemaBlock) schema() schema {
	var s schema
	switch valueKind(b.key.Kind) {
	case kindList:
		s = schema{"type": "array", "minItems": 1, "items": b.below["[]"].schema()}
	case kindBlock, "":
		s = b.block()
	default:
		s = b.key.value()
	}
	if b.key.Doc != "" {
		s["description"] = b.key.Doc
	}
	if b.key.Default != "" && !strings.HasPrefix(b.key.Default, "{") {
		s["default"] = b.key.Default
	}
	return s
}

// block has known keys, or such as others choose.
func (b *schemaBlock) block() schema {
	s := schema{"type": "object", "additionalProperties": false, "minProperties": 1}
	properties, needed := schema{}, []string{}
	for _, name := range b.names {
		switch below := b.below[name].schema(); name {
		case anyCurrency:
			s["patternProperties"] = schema{"^[A-Za-z]{3}$": below}
		case anyKey:
			s["additionalProperties"] = below
			s["propertyNames"] = schema{"minLength": 1, "maxLength": longest}
		default:
			properties[name] = below
		}
		if b.below[name].key.Required {
			needed = append(needed, name)
		}
	}
	if len(properties) > 0 {
		s["properties"] = properties
	}
	if len(needed) > 0 {
		s["required"] = needed
	}
	return s
}

// value is the schema of a single value.
func (k Key) value() schema {
	switch valueKind(k.Kind) {
	case kindSpan:
		return schema{"type": "string", "pattern": "^[1-9][0-9]*[smhd]$"}
	case kindAmount: // YAML reads 50.00 as a number; the reader takes its text
		return schema{"type": []string{"number", "string"}, "minimum": 0, "pattern": `^(0|[1-9][0-9]*)(\.[0-9]{1,3})?$`}
	case kindNumber:
		return schema{"type": "integer", "minimum": 1, "maximum": k.Most}
	case kindWord:
		return schema{"enum": enumerated(k.Words)}
	case kindName:
		return schema{"type": "string", "minLength": 1, "maxLength": longest, "pattern": `^\S(.*\S)?$`}
	case kindID:
		return schema{"type": "string", "maxLength": longest, "pattern": "^[a-z0-9]+([-_][a-z0-9]+)*$"}
	case kindCited:
		return schema{"type": "string", "maxLength": longest, "pattern": "^kb://"}
	case kindText, kindBlock, kindList:
	}
	return schema{"type": "string", "minLength": 1, "maxLength": maxMessage}
}

// enumerated are the values of an enumeration. Only the version looks like a number.
func enumerated(known []string) (out []any) {
	for _, w := range known {
		out = append(out, w)
		if w == "1" {
			out = append(out, 1)
		}
	}
	return out
}
