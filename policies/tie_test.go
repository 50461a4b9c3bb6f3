package policies

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestTiesAreReadInTheirOrder(t *testing.T) {
	for file, want := range map[string][]Way{
		"version: 1": DefaultWays(),
		"version: 1\nties: [email: equal]": {
			{TieEmail, ""},
		},
		"version: 1\nties:\n  - {external_id: user_id}\n  - company_attribute: payer\n  - contact_attribute: stripe id\n  - email: equal": {
			{TieExternalID, "user_id"}, {TieCompanyAttribute, "payer"}, {TieContactAttribute, "stripe id"}, {TieEmail, ""},
		},
	} {
		p, err := Parse("policy.yaml", []byte(file))
		if err != nil || !slices.Equal(p.Ways(), want) {
			t.Errorf("%q: %v, %v, want %v", file, p, err, want)
		}
	}
	if !slices.Equal((*Policy)(nil).Ways(), DefaultWays()) {
		t.Error("without a policy contacts are tied in another way")
	}
}

func TestATieThatAnAgentMayWriteIsALoadError(t *testing.T) {
	for file, want := range map[string]string{
		"version: 1\ncontact: {attributes: [plan_note, stripe_customer_id]}":               "policy.yaml:2:23: contact.attributes: stripe_customer_id ties contacts to customers",
		"version: 1\ncontact:\n  attributes: [Payer]\nties:\n  - company_attribute: payer": "policy.yaml:3:15: contact.attributes: Payer ties contacts to customers",
		"version: 1\nties: [{contact_attribute: payer}]\ncontact: {attributes: [payer]}":   "contact.attributes: payer ties contacts to customers",
		"version: 1\nties: [email: equal]\ncontact: {attributes: [email]}":                 "email says who somebody is",
		"version: 1\nties: [{external_id: user_id}]\ncontact: {attributes: [external_id]}": "external_id says who somebody is",
		"version: 1\nties: [phone]":                                        "want a block of keys and values",
		"version: 1\nties: []":                                             "want a list",
		"version: 1\nties: [email: equal, email: equal]":                   "this tie is listed twice",
		"version: 1\nties: [{email: like}]":                                "unknown word",
		"version: 1\nties: [{contact_attribute: a, company_attribute: b}]": "names several ties",
		"version: 1\nties: [{phone: mobile}]":                              "unknown key",
		"version: 1\nidentity: {claimed: allow}":                           `unknown word "allow"`,
		"version: 1\nidentity: {claimed_up_to: {eur: 0}}":                  "must be more than zero",
		"version: 1\nidentity: {}":                                         "want a block",
		"version: 1\nidentity: {claimed_up_to: {eur: 1.001}}":              "is no amount",
		"version: 1\nidentity: {claim: deny}":                              "did you mean claimed?",
	} {
		_, err := Parse("policy.yaml", []byte(file))
		if wrong, ok := errors.AsType[*FileError](err); !ok || !strings.Contains(wrong.Error(), want) {
			t.Errorf("%q: %v, want %s", file, err, want)
		}
	}
	// An attribute ties only where the file says so.
	if _, err := Parse("policy.yaml", []byte("version: 1\nties: [email: equal]\ncontact: {attributes: [stripe_customer_id]}")); err != nil {
		t.Error(err)
	}
}

func TestNoRuleListsAnAttributeThatTies(t *testing.T) {
	p := &Policy{Contact: &ContactRules{Attributes: []string{"note", "payer"}}, Ties: []Way{{TieContactAttribute, "payer"}}}
	for name, want := range map[string]Effect{"note": Allow, "payer": Deny, "email": Deny} {
		if f := p.listed(map[string]string{name: "x"}); f.Effect != want {
			t.Errorf("%s: %s", name, f.Effect)
		}
	}
}
