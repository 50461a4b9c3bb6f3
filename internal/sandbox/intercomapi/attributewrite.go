package intercomapi

import "net/http"

// createAttribute makes a custom attribute of contacts. Its type cannot change
// afterwards, and its name is taken once.
func (s *Server) createAttribute(r *http.Request) (any, error) {
	in, err := decode[struct {
		Name     string `json:"name"`
		Model    string `json:"model"`
		DataType string `json:"data_type"`
	}](r)
	if err != nil {
		return nil, err
	}
	k, known := kindOfType(in.DataType)
	switch {
	case in.Name == "":
		return nil, missing("name")
	case in.Model != isContact:
		return nil, invalid("model", "the sandbox makes attributes of contacts only")
	case !known:
		return nil, invalid("data_type", "data_type must be string, integer, float, boolean, date or datetime")
	}
	if _, taken := s.attributes[in.Name]; taken {
		return nil, invalid("name", "You already have '"+in.Name+"' in your contact data")
	}
	s.attributes[in.Name] = k
	return object{
		"type": "data_attribute", "name": in.Name, "full_name": attributePrefix + in.Name, "label": in.Name, "model": in.Model,
		"data_type": in.DataType, "api_writable": true, "custom": true, "archived": false,
	}, nil
}
