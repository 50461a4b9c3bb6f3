package wiki

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"supportmcp/internal/knowledge"
)

// ConfluenceConfig names the spaces of a Confluence Cloud site that are read.
type ConfluenceConfig struct {
	Name   string   // of the source
	Site   string   // such as https://acme.atlassian.net
	User   string   // the e-mail address that the token belongs to
	Token  string   // an API token
	Spaces []string // their keys
}

// Confluence is the pages of some spaces. A look lists them, and reads those of
// another version than before
// (https://developer.atlassian.com/cloud/confluence/rest/v2/intro).
type Confluence struct {
	ConfluenceConfig
	api *api
}

var _ knowledge.Source = (*Confluence)(nil)

// NewConfluence makes a source without asking Confluence.
func NewConfluence(c ConfluenceConfig) (*Confluence, error) {
	if err := knowledge.CheckSource(c.Name); err != nil {
		return nil, err
	}
	if c.User == "" || c.Token == "" || len(c.Spaces) == 0 {
		return nil, errors.New("Confluence needs a user, a token and the keys of spaces")
	}
	for _, key := range c.Spaces {
		if !regexp.MustCompile(`^~?[A-Za-z0-9]{1,64}$`).MatchString(key) {
			return nil, fmt.Errorf("%q is no key of a space", key)
		}
	}
	a, err := newAPI("Confluence", c.Site, func(r *http.Request) { r.SetBasicAuth(c.User, c.Token) })
	return &Confluence{c, a}, err
}

// Name implements [knowledge.Source].
func (c *Confluence) Name() string { return c.ConfluenceConfig.Name }

// Sync implements [knowledge.Source].
func (c *Confluence) Sync(ctx context.Context, last knowledge.State, put func(knowledge.File) error) (knowledge.State, error) {
	r := newReading(last, put)
	for _, key := range c.Spaces {
		if err := c.space(ctx, &r, key); err != nil {
			return knowledge.State{}, err
		}
	}
	return r.now, nil
}

func (c *Confluence) space(ctx context.Context, r *reading, key string) error {
	var spaces struct {
		Results []struct{ ID, Key string }
	}
	what := "find the space " + key
	if err := c.api.get(ctx, what, "/wiki/api/v2/spaces?keys="+url.QueryEscape(key), &spaces); err != nil {
		return err
	}
	if len(spaces.Results) != 1 {
		return fmt.Errorf("%s: it is not there, or the token may not read it", what)
	}
	next := "/wiki/api/v2/pages?status=current&limit=250&space-id=" + url.QueryEscape(spaces.Results[0].ID)
	for range mostPages {
		var list pageList
		if err := c.api.get(ctx, "list the pages of "+key, next, &list); err != nil {
			return err
		}
		for _, p := range list.Results {
			if err := c.take(ctx, r, key, p); err != nil {
				return err
			}
		}
		if next = list.Links.Next; next == "" {
			return nil
		}
	}
	return fmt.Errorf("the space %s has more pages than are read", key)
}

// pageList is a part of a list.
type pageList struct {
	Results []confluencePage
	Links   struct{ Next string } `json:"_links"`
}

type confluencePage struct {
	ID, Title string
	Version   struct {
		Number    int
		CreatedAt time.Time
	}
	Links struct{ WebUI string } `json:"_links"`
	Body  struct{ View struct{ Value string } }
}

func (c *Confluence) take(ctx context.Context, r *reading, key string, p confluencePage) error {
	version := "v" + strconv.Itoa(p.Version.Number)
	f := knowledge.File{
		Path: strings.TrimPrefix(key, "~") + "/" + p.ID + ".html", Mark: version, Version: version,
		URL: c.api.base.String() + "/wiki" + p.Links.WebUI, UpdatedAt: p.Version.CreatedAt, Title: p.Title,
	}
	return r.take(f, func() ([]byte, error) {
		var whole confluencePage
		err := c.api.get(ctx, "read page "+p.ID, "/wiki/api/v2/pages/"+url.PathEscape(p.ID)+"?body-format=view", &whole)
		return []byte(whole.Body.View.Value), err
	})
}
