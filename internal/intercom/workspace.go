package intercom

import (
	"context"
	"errors"
	"strings"
	"time"

	"supportmcp/internal/fault"
)

// Me is the teammate the access token belongs to, and the workspace.
type Me struct {
	ID        string // of the admin
	Name      string
	InboxSeat bool   // may answer conversations
	App       string // id of the workspace
	Region    string // where it is kept: US, EU or AU
	// Verifies says that the Messenger takes nobody for a user without a proof
	// that the company's own back end has signed: app.identity_verification.
	Verifies bool
}

// Me asks whom the token belongs to
// (https://developers.intercom.com/docs/references/rest-api/api.intercom.io/admins/identifyadmin).
func (c *Client) Me(ctx context.Context) (Me, error) {
	var w struct {
		wireAdmin
		App struct {
			ID     ident `json:"id_code"`
			Region text  `json:"region"`

			Verifies bool `json:"identity_verification"`
		} `json:"app"`
	}
	if err := c.read(ctx, "read who the Intercom token belongs to", "/me", &w); err != nil {
		return Me{}, err
	}
	return Me{
		ID: string(w.ID), Name: string(w.Name), InboxSeat: w.InboxSeat,
		App: string(w.App.ID), Region: strings.ToUpper(string(w.App.Region)), Verifies: w.App.Verifies,
	}, nil
}

// workspaceFresh is how long the answer of /me is believed. It is short because an
// operator may switch identity verification off at any time.
const workspaceFresh = 5 * time.Minute

// known is an answer of /me and until when it is believed.
type known struct {
	me    Me
	until time.Time
}

// workspace is [Client.Me] as it was answered a short while ago.
func (c *Client) workspace(ctx context.Context) (Me, error) {
	now := c.now()
	if k := c.known.Load(); k != nil && now.Before(k.until) {
		return k.me, nil
	}
	me, err := c.Me(ctx)
	if err == nil {
		c.known.Store(&known{me, now.Add(workspaceFresh)})
	}
	return me, err
}

// VerifiesIdentity reports whether the workspace enforces identity verification,
// as Intercom said at most five minutes ago.
func (c *Client) VerifiesIdentity(ctx context.Context) (bool, error) {
	me, err := c.workspace(ctx)
	return me.Verifies, err
}

type wireAdmin struct {
	ID        ident `json:"id"`
	Name      text  `json:"name"`
	InboxSeat bool  `json:"has_inbox_seat"`
}

// Check asks Intercom whether this client can do its work: the host is that of
// the workspace's region, and the configured admin exists and has an inbox seat.
// The US host forwards requests of other regions, but not all of them.
func (c *Client) Check(ctx context.Context) error {
	me, err := c.workspace(ctx)
	if err != nil {
		return err
	}
	if err := c.CheckRegion(me); err != nil {
		return err
	}
	_, err = c.Author(ctx, me)
	return err
}

// CheckRegion compares the host with the region of the workspace. A host on this
// machine serves any region.
func (c *Client) CheckRegion(me Me) error {
	if want := regionOf(c.base.Host); !isLoopback(c.base) && me.Region != want {
		return fault.Invalidf("set the base URL to the host of the workspace's region",
			"the Intercom workspace is in region %q, but the configured host serves %s", me.Region, want)
	}
	return nil
}

// Writer is the id of the admin that this client writes as, "" when there is none.
func (c *Client) Writer() string { return c.admin }

// Author is the name of the admin that customers are answered by. One who is not
// configured, does not exist or has no inbox seat is an error; the name is given
// also without a seat.
func (c *Client) Author(ctx context.Context, me Me) (name string, err error) {
	if c.admin == "" {
		return "", fault.Invalidf("set the admin id (INTERCOM_ADMIN_ID); the token's own admin is "+me.ID, "no Intercom admin is configured to write as")
	}
	admin := wireAdmin{Name: text(me.Name), InboxSeat: me.InboxSeat}
	if c.admin != me.ID {
		err := c.read(ctx, "read Intercom admin "+c.admin, "/admins/"+c.admin, &admin)
		if fault.CodeOf(err) == fault.NotFound {
			return "", fault.Invalidf("set the admin id (INTERCOM_ADMIN_ID) to a teammate's; the token's own admin is "+me.ID,
				"Intercom has no admin %s", c.admin)
		}
		if err != nil {
			return "", err
		}
	}
	if !admin.InboxSeat {
		return string(admin.Name), fault.Invalidf("give the admin an inbox seat in Intercom, or configure another",
			"Intercom admin %s has no inbox seat and so cannot answer", c.admin)
	}
	return string(admin.Name), nil
}

// Ready is [Client.Check] before a first write: it asks until the answer was yes
// once. Its error tells an agent that the operator must act.
func (c *Client) Ready(ctx context.Context) error {
	if c.ready.Load() {
		return nil
	}
	err := c.Check(ctx)
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Code == fault.Invalid {
		return &fault.Error{
			Code: fault.Refused, Took: fault.No, Message: "nothing can be written to Intercom: " + f.Message,
			NextStep: "tell the operator of this server: " + f.NextStep,
		}
	}
	if err == nil {
		c.ready.Store(true)
	}
	return err
}
