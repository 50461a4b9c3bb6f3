package main

import (
	"context"

	"supportmcp/internal/intercom"
	"supportmcp/policies"
)

// identity says whether anybody can be proven to be who they say.
func (d *doctor) identity(me intercom.Me) {
	const topic = "intercom.identity"
	if me.Verifies {
		d.ok(topic, "the workspace verifies who signs in to the Messenger, so that an agent can act alone for them")
		return
	}
	d.add(warning, topic, "the workspace does not verify who signs in to the Messenger: nobody is proven, so a person decides on all money",
		"switch on identity verification in Intercom under Settings > Messenger > Security; docs/identity.md says what it proves")
}

// ties says how contacts belong to customers, and whether a customer could choose.
func (d *doctor) ties(ctx context.Context, p *policies.Policy) {
	const topic = "policy.ties"
	ways := p.Ways()
	if d.workspace == nil {
		return // told above
	}
	c, err := checkTies(ctx, d.workspace, ways)
	switch {
	case err != nil:
		d.add(warning, topic, "it cannot be told whether customers can write what ties them to money: "+err.Error(),
			"give the app in Intercom's Developer Hub the permission to read data attributes")
		return
	case len(c.open) > 0:
		d.add(ailing, topic, openTies(c), closeAttributes)
		return
	}
	d.ok(topic, "contacts belong to customers by %s; no customer can write these attributes", namedWays(ways))
	if len(c.missing) > 0 && len(p.Ties) > 0 {
		d.add(warning, topic+".missing", "the workspace has no attribute for "+namedWays(c.missing), "correct its name in the policy, or make it in Intercom")
	}
	if c.mailOpen {
		d.add(warning, topic+".email", "customers can write their own e-mail address from the Messenger, and an equal address ties them to a customer",
			"tie by external_id or contact_attribute in the policy, and leave email out")
	}
}
