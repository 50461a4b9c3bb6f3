package resources

import (
	"context"

	"supportmcp/internal/access"
	"supportmcp/internal/fault"
)

// Policy is the policy file in force, so that an agent can explain it. Reading
// it changes nothing; only the operator can replace it.
func Policy(d Deps) Resource {
	const uri = "policy://current"
	return Resource{
		URI: uri, Name: uri, Title: "Policy in force", MIME: "application/yaml", Scopes: access.All(),
		Description: "What an agent may do alone, what a person must approve, and what is never done here.",
		Read: func(context.Context, string) (Content, error) {
			p := d.Guard.Policy()
			if p == nil {
				return Content{}, &fault.Error{Code: fault.Refused, Took: fault.No, Message: "no policy is in force", NextStep: "tell the operator"}
			}
			return Content{URI: uri, MIME: "application/yaml", Text: "# revision " + p.Revision + "\n" + string(d.Policy())}, nil
		},
	}
}
