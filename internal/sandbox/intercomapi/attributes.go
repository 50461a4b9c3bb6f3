package intercomapi

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"time"
)

// listAttributes lists the custom attributes. Contacts and companies share one
// name space.
func (s *Server) listAttributes(r *http.Request) (any, error) {
	model := r.URL.Query().Get("model")
	if model != isContact && model != "company" {
		return nil, invalid("model", "Model must be contact or company")
	}
	names := maps.Clone(s.attributes)
	if model == "company" {
		for _, c := range s.companies.order {
			for name, v := range c.CustomAttributes {
				names[name] = kindOfValue(v)
			}
		}
	}
	data := []object{}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		data = append(data, object{
			"type": "data_attribute", "name": name, "full_name": attributePrefix + name, "label": name, "model": model,
			"data_type": names[name].dataType(), "api_writable": true, "ui_writable": true, "custom": true, "archived": false,
			"messenger_writable": s.customersWrite[name],
		})
	}
	return object{"type": "list", "data": data}, nil
}

func (k kind) dataType() string {
	switch k {
	case kindNumber:
		return "float"
	case kindFlag:
		return "boolean"
	case kindDate:
		return "date"
	default:
		return "string"
	}
}

// SetMessengerWritable lets whoever sits before the Messenger write an attribute,
// or no longer.
func (s *Server) SetMessengerWritable(attribute string, on bool) {
	s.seed(func() { s.customersWrite[attribute] = on })
}

// SetIdentityVerification switches identity verification of the workspace on or off.
func (s *Server) SetIdentityVerification(on bool) {
	s.seed(func() { s.Settings.IdentityVerification = on })
}

// SetTimezone moves the workspace to another time zone, by whose days dates are compared.
func (s *Server) SetTimezone(zone *time.Location) { s.seed(func() { s.Settings.Timezone = zone }) }

func (s *Server) switchIdentityVerification(w http.ResponseWriter, r *http.Request) {
	var body struct {
		On *bool `json:"on"`
	}
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<10))
	d.DisallowUnknownFields()
	if err := d.Decode(&body); err != nil || body.On == nil {
		write(w, http.StatusBadRequest, object{"error": `want {"on": true} or {"on": false}`})
		return
	}
	s.SetIdentityVerification(*body.On)
	write(w, http.StatusOK, object{"on": *body.On})
}
