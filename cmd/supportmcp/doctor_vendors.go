package main

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"

	"supportmcp/internal/fault"
	"supportmcp/internal/intercom"
	"supportmcp/internal/stripe"
	"supportmcp/policies"
)

const newKey = "create a restricted key in Stripe under Developers > API keys, and set STRIPE_SECRET_KEY to it"

// stripe looks at the key and reads once for each permission that the tools need.
func (d *doctor) stripe(ctx context.Context) {
	if d.refuses("stripe.key", d.cfg.checkStripe()) {
		return
	}
	key := string(d.cfg.StripeKey)
	mode, err := stripe.ModeOf(key)
	if err != nil {
		d.fails("stripe.key", err, newKey)
		return
	}
	d.stripeKey(mode, stripe.Restricted(key))
	client, err := stripe.New(stripe.Config{
		Key: key, BaseURL: strings.TrimRight(d.cfg.StripeBase, "/"), HTTP: d.http, Log: d.log, Now: d.now,
	})
	if err != nil {
		d.fails("stripe.key", err, newKey)
		return
	}
	d.permissions(client.Inspect(ctx), d.cfg.StripeBase)
	if stripe.Restricted(key) {
		d.excess(client.Excess(ctx))
	}
	d.stripeAccount(client.Account(ctx))
}

// stripeAccount is what a ledger belongs to. What else stands in the way of
// reading it was told with the permissions.
func (d *doctor) stripeAccount(id string, a stripe.Access) {
	d.account = id
	switch a.Reach {
	case stripe.Readable:
		d.ok("stripe.account", "the key is of account %s", id)
	case stripe.Forbidden:
		d.add(warning, "stripe.account", "the key may not read its account, so it cannot be told whether the ledger belongs to it",
			"let the key read "+permissionName(a)+" if you use more than one account")
	case stripe.KeyRefused, stripe.Unanswered:
	}
}

func (d *doctor) stripeKey(mode stripe.Mode, restricted bool) {
	switch {
	case restricted:
		d.ok("stripe.key", "a restricted key, %s mode", mode)
	case mode == stripe.Live:
		d.add(warning, "stripe.key", "an unrestricted key, live mode: whoever has it can do everything in the account",
			"use a restricted key (rk_live_…) with the permissions that docs/stripe.md lists")
	default:
		d.ok("stripe.key", "an unrestricted key, %s mode", mode)
	}
}

// permissions tells what the key can read. What stands in the way of all reads
// alike is told once.
func (d *doctor) permissions(all []stripe.Access, base string) {
	told := map[stripe.Reach]bool{}
	for _, a := range all {
		topic := "stripe." + strings.ReplaceAll(a.Objects, " ", "_")
		switch a.Reach {
		case stripe.Readable:
			d.ok(topic, "%s can be read", a.Objects)
		case stripe.Forbidden:
			if a.Only != "" {
				d.add(warning, topic, "the key may not read "+permissionName(a)+", without which "+a.Only+" cannot work",
					"edit the key in Stripe under Developers > API keys and let it read "+permissionName(a)+", if you want that")
				break
			}
			d.fails(topic, a.Err, "edit the key in Stripe under Developers > API keys and let it read "+permissionName(a))
		case stripe.KeyRefused, stripe.Unanswered:
			if !told[a.Reach] {
				d.unreached(a, base)
			}
			told[a.Reach] = true
		}
	}
}

// excess tells what a restricted key can do beyond the table of docs/stripe.md.
func (d *doctor) excess(objects []string) {
	if len(objects) == 0 {
		d.ok("stripe.excess", "the key can read nothing that was tried and no tool needs")
		return
	}
	d.add(warning, "stripe.excess", "the key can also read "+strings.Join(objects, ", ")+", which no tool needs",
		"take away from the key in Stripe under Developers > API keys what docs/stripe.md does not list")
}

func permissionName(a stripe.Access) string {
	if a.Permission == "" {
		return a.Objects
	}
	return a.Objects + " (" + a.Permission + ")"
}

func (d *doctor) unreached(a stripe.Access, base string) {
	mend := "check that this machine reaches " + base + " (STRIPE_API_BASE, proxy, firewall), then try again"
	if a.Reach == stripe.KeyRefused {
		mend = "the key was deleted, rolled or mistyped: " + newKey
	}
	d.fails("stripe", a.Err, mend)
}

// intercom looks at the token, the workspace and the teammate who answers.
func (d *doctor) intercom(ctx context.Context) {
	if d.refuses("intercom.token", d.cfg.checkIntercom()) {
		return
	}
	client, err := intercom.New(intercom.Config{
		Token: string(d.cfg.IntercomToken), BaseURL: d.cfg.IntercomBase, AdminID: d.cfg.IntercomAdmin, HTTP: d.http, Log: d.log, Now: d.now,
	})
	if err != nil {
		d.fails("intercom.token", err, "")
		return
	}
	me, err := client.Me(ctx)
	if err != nil {
		d.fails("intercom.token", err, d.intercomMend(err))
		return
	}
	d.ok("intercom.token", "accepted; it belongs to admin %s (%s)", me.ID, me.Name)
	d.workspace = client
	d.region(client, me)
	d.identity(me)
	d.author(ctx, client, me)
	d.readable(ctx, client)
}

func (d *doctor) intercomMend(err error) string {
	status, _ := errors.AsType[intercom.Status](err)
	switch status {
	case http.StatusUnauthorized:
		return "copy the access token of your app again from Intercom's Developer Hub, and set INTERCOM_ACCESS_TOKEN to it"
	case http.StatusForbidden:
		return "give the app in Intercom's Developer Hub the permission to read admins"
	}
	return "check that this machine reaches " + d.cfg.IntercomBase + " (INTERCOM_API_BASE, proxy, firewall), then try again"
}

func (d *doctor) region(client *intercom.Client, me intercom.Me) {
	if err := client.CheckRegion(me); err != nil {
		d.fails("intercom.workspace", err, regionMend(me.Region))
		return
	}
	d.ok("intercom.workspace", "workspace %s in region %s, through %s", me.App, me.Region, d.cfg.IntercomBase)
}

func regionMend(region string) string {
	switch region {
	case "US":
		return "set INTERCOM_API_BASE to https://api.intercom.io"
	case "EU", "AU":
		return "set INTERCOM_API_BASE to https://api." + strings.ToLower(region) + ".intercom.io"
	}
	return "set INTERCOM_API_BASE to the host of the workspace's region"
}

// author is the one whose name customers will read, so it is shown.
func (d *doctor) author(ctx context.Context, client *intercom.Client, me intercom.Me) {
	const topic = "intercom.admin"
	if d.cfg.IntercomAdmin == "" {
		d.add(warning, topic, "nobody is named to answer customers, so nothing is written to Intercom",
			"set INTERCOM_ADMIN_ID to the id of a teammate with an inbox seat, such as the token's own, "+me.ID)
		return
	}
	name, err := client.Author(ctx, me)
	switch {
	case fault.CodeOf(err) == fault.NotFound:
		d.fails(topic, err, "set INTERCOM_ADMIN_ID to the id of a teammate of workspace "+me.App)
	case err != nil && name != "":
		d.add(ailing, topic, name+" (admin "+d.cfg.IntercomAdmin+") has no inbox seat and so cannot answer",
			"give them an inbox seat in Intercom under Settings > Teammates, or set INTERCOM_ADMIN_ID to somebody who has one")
	case err != nil:
		d.fails(topic, err, "")
	default:
		d.ok(topic, "customers are answered by %s (admin %s), who has an inbox seat", name, d.cfg.IntercomAdmin)
	}
}

// writes says what would be written where, and why not.
func (d *doctor) writes(context.Context) {
	mode, err := stripe.ModeOf(string(d.cfg.StripeKey))
	if err != nil || d.cfg.checkStripe() != nil || d.cfg.checkIntercom() != nil {
		return // told above, and nothing starts until it is mended
	}
	locked := d.cfg.locked(mode)
	what := map[policies.Vendor]string{
		policies.Stripe:   "refunds, in " + d.cfg.mode(mode) + " mode; whether the key may make them shows at the first one",
		policies.Intercom: "replies, notes, states and tags, at " + d.cfg.IntercomBase,
	}
	for _, vendor := range slices.Sorted(maps.Keys(what)) {
		topic := "writes." + string(vendor)
		if why, is := locked[vendor]; is {
			d.add(warning, topic, "nothing is written: "+why, "leave it so to try things out, or see \"What is written where\" in docs/config.md")
			continue
		}
		d.ok(topic, "%s", what[vendor])
	}
}
