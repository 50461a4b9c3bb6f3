package intercom

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"supportmcp/internal/fault"
)

// DataType is the type of a custom attribute.
type DataType string

// The types that values can be set of
// (https://developers.intercom.com/docs/references/rest-api/api.intercom.io/data-attributes/createdataattribute).
const (
	StringType   DataType = "string"
	IntegerType  DataType = "integer"
	FloatType    DataType = "float"
	BooleanType  DataType = "boolean"
	DateType     DataType = "date"
	DatetimeType DataType = "datetime"
)

// DataTypes are all of them.
func DataTypes() []DataType {
	return []DataType{StringType, IntegerType, FloatType, BooleanType, DateType, DatetimeType}
}

// Value reads a text as a value of the type, as Intercom wants it in JSON: a day is
// kept at noon UTC, so that it is the same day in most time zones. "" is no value.
func (t DataType) Value(text string) (any, error) {
	var v any
	var err error
	switch t {
	case StringType:
		v = text
	case IntegerType:
		v, err = strconv.ParseInt(text, 10, 64)
	case FloatType:
		v, err = strconv.ParseFloat(text, 64)
	case BooleanType:
		if v, err = strconv.ParseBool(text); text != "true" && text != "false" && text != "" {
			err = strconv.ErrSyntax
		}
	case DateType:
		var day time.Time
		day, err = time.Parse(time.DateOnly, text)
		v = day.Add(12 * time.Hour).Unix()
	case DatetimeType:
		var at time.Time
		at, err = time.Parse(time.RFC3339, text)
		v = at.Unix()
	default:
		return nil, fault.Invalidf("leave this attribute to a person", "attributes of type %q cannot be set", string(t))
	}
	if text == "" {
		return nil, nil
	}
	if err != nil {
		return nil, fault.Invalidf("give "+t.example(), "the value is no %s", string(t))
	}
	return v, nil
}

func (t DataType) example() string {
	switch t {
	case IntegerType:
		return "a whole number such as 12"
	case FloatType:
		return "a number such as 12.5"
	case BooleanType:
		return "true or false"
	case DateType:
		return "a day such as 2026-12-31"
	case DatetimeType:
		return "a time such as 2026-12-31T09:00:00Z"
	case StringType:
	}
	return "a text"
}

// ContactAttribute is the type of a custom attribute of contacts; "" when the
// workspace has none of this name.
func (c *Client) ContactAttribute(ctx context.Context, name string) (DataType, error) {
	var w struct {
		Data []struct {
			Name     text `json:"name"`
			Type     text `json:"data_type"`
			Custom   bool `json:"custom"`
			Archived bool `json:"archived"`
		} `json:"data"`
	}
	if err := c.read(ctx, "read the attributes of contacts", "/data_attributes?model=contact", &w); err != nil {
		return "", err
	}
	for _, a := range w.Data {
		if string(a.Name) == name && a.Custom && !a.Archived {
			return DataType(a.Type), nil
		}
	}
	return "", nil
}

// ensureAttribute is the type of an attribute, which is made with the wanted type
// when there is none. made tells whether this call did.
func (c *Client) ensureAttribute(ctx context.Context, name string, wanted DataType) (t DataType, made bool, err error) {
	if t, err = c.ContactAttribute(ctx, name); err != nil || t != "" {
		return t, false, err
	}
	if !slices.Contains(DataTypes(), wanted) {
		return "", false, fault.Invalidf("name the type to make it with", "the workspace has no such attribute")
	}
	_, err = c.write(ctx, call{
		what: "create contact attribute", method: http.MethodPost, path: "/data_attributes",
		body: struct {
			Name  string   `json:"name"`
			Model string   `json:"model"`
			Type  DataType `json:"data_type"`
		}{name, "contact", wanted},
	}, new(struct{}))
	if fault.CodeOf(err) != fault.Invalid && fault.CodeOf(err) != fault.Busy {
		return wanted, err == nil, err
	}
	// Somebody may have made it in between: then it has the type that they chose.
	if t, found := c.ContactAttribute(ctx, name); found == nil && t != "" {
		return t, false, nil
	}
	return wanted, false, err
}
