package wiki

import (
	"cmp"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"supportmcp/internal/knowledge"
)

// GoogleConfig names the folders of Google Drive that are read.
type GoogleConfig struct {
	Name        string   // of the source
	Credentials []byte   // the JSON key of a service account that the folders are shared with
	Folders     []string // their ids, each with all below it
	URL         string   // another address than Google's, for tests
	Now         func() time.Time
}

// Google is the Google Docs of some folders, exported as Markdown. A look lists
// them, and exports those that were changed since
// (https://developers.google.com/workspace/drive/api/guides/manage-downloads).
type Google struct {
	GoogleConfig
	account account
	key     *rsa.PrivateKey
	api     *api
	token   string
	until   time.Time // the token is good
}

var _ knowledge.Source = (*Google)(nil)

// account is the part of a key file that is needed.
type account struct {
	Email    string `json:"client_email"`
	Key      string `json:"private_key"`
	KeyID    string `json:"private_key_id"`
	TokenURI string `json:"token_uri"`
}

// NewGoogle makes a source without asking Google.
func NewGoogle(c GoogleConfig) (*Google, error) {
	if err := knowledge.CheckSource(c.Name); err != nil {
		return nil, err
	}
	if len(c.Folders) == 0 {
		return nil, errors.New("Google needs the ids of folders")
	}
	for _, id := range c.Folders {
		if !regexp.MustCompile(`^[A-Za-z0-9_-]{10,100}$`).MatchString(id) {
			return nil, fmt.Errorf("%q is no id of a folder; it is the last part of its address", id)
		}
	}
	g := &Google{GoogleConfig: c}
	if err := g.readKey(); err != nil {
		return nil, err
	}
	var err error
	g.api, err = newAPI("Google", cmp.Or(c.URL, "https://www.googleapis.com"), func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+g.token) })
	return g, err
}

func (g *Google) readKey() error {
	wrong := errors.New("the credentials are no JSON key of a service account")
	if json.Unmarshal(g.Credentials, &g.account) != nil || g.account.Email == "" {
		return wrong
	}
	block, _ := pem.Decode([]byte(g.account.Key))
	if block == nil {
		return wrong
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return wrong
	}
	var ok bool
	if g.key, ok = key.(*rsa.PrivateKey); !ok {
		return wrong
	}
	return nil
}

// Name implements [knowledge.Source].
func (g *Google) Name() string { return g.GoogleConfig.Name }

// Sync implements [knowledge.Source].
func (g *Google) Sync(ctx context.Context, last knowledge.State, put func(knowledge.File) error) (knowledge.State, error) {
	if err := g.signIn(ctx); err != nil {
		return knowledge.State{}, err
	}
	r := newReading(last, put)
	seen, folders := map[string]bool{}, g.Folders
	for len(folders) > 0 {
		id := folders[0]
		folders = folders[1:]
		if seen[id] {
			continue
		}
		seen[id] = true
		below, err := g.folder(ctx, &r, id)
		if err != nil {
			return knowledge.State{}, err
		}
		folders = append(folders, below...)
	}
	return r.now, nil
}

const (
	folderType   = "application/vnd.google-apps.folder"
	documentType = "application/vnd.google-apps.document"
)

type googleFile struct {
	ID, Name string
	Type     string    `json:"mimeType"`
	Modified time.Time `json:"modifiedTime"`
	Link     string    `json:"webViewLink"`
}

// folder takes the documents of a folder, and gives the folders in it.
func (g *Google) folder(ctx context.Context, r *reading, id string) (below []string, err error) {
	query := url.Values{
		"q": {"'" + id + "' in parents and trashed = false"}, "pageSize": {"1000"},
		"fields":            {"nextPageToken,files(id,name,mimeType,modifiedTime,webViewLink)"},
		"supportsAllDrives": {"true"}, "includeItemsFromAllDrives": {"true"},
	}
	for range mostPages {
		var got struct {
			Files []googleFile
			Next  string `json:"nextPageToken"`
		}
		if err := g.api.get(ctx, "list the folder "+id, "/drive/v3/files?"+query.Encode(), &got); err != nil {
			return nil, err
		}
		for _, f := range got.Files {
			switch f.Type {
			case folderType:
				below = append(below, f.ID)
			case documentType:
				if err := g.take(ctx, r, f); err != nil {
					return nil, err
				}
			}
		}
		if got.Next == "" {
			return below, nil
		}
		query.Set("pageToken", got.Next)
	}
	return nil, fmt.Errorf("the folder %s has more files than are read", id)
}

func (g *Google) take(ctx context.Context, r *reading, f googleFile) error {
	file := knowledge.File{
		Path: f.ID + ".md", Mark: digest(f.Modified.String(), f.Name), URL: f.Link, UpdatedAt: f.Modified, Title: f.Name,
	}
	return r.take(file, func() ([]byte, error) {
		return g.api.send(ctx, "export "+f.ID, http.MethodGet, "/drive/v3/files/"+url.PathEscape(f.ID)+"/export?mimeType=text/markdown", nil)
	})
}

// signIn gets a token for an hour, as a service account does
// (https://developers.google.com/identity/protocols/oauth2/service-account).
func (g *Google) signIn(ctx context.Context) error {
	if g.Now().Before(g.until) {
		return nil
	}
	address := cmp.Or(g.account.TokenURI, "https://oauth2.googleapis.com/token")
	assertion, err := g.assertion(address)
	if err != nil {
		return fmt.Errorf("sign in to Google: %w", err)
	}
	form := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {assertion}}
	a, err := newAPI("Google", address, func(r *http.Request) { r.Header.Set("Content-Type", "application/x-www-form-urlencoded") })
	if err != nil {
		return err
	}
	body, err := a.send(ctx, "sign in", http.MethodPost, address, []byte(form.Encode()))
	if isStatus(err, http.StatusBadRequest) {
		return errors.New("sign in to Google: the key of the service account is revoked or wrong")
	}
	if err != nil {
		return err
	}
	var got struct {
		Token   string `json:"access_token"`
		Seconds int    `json:"expires_in"`
	}
	if err := a.decode("sign in", body, &got); err != nil {
		return err
	}
	g.token, g.until = got.Token, g.Now().Add(time.Duration(got.Seconds)*time.Second-time.Minute)
	return nil
}

// assertion is a JSON web token that says who asks for which right.
func (g *Google) assertion(audience string) (string, error) {
	now := g.Now()
	head, err := json.Marshal(map[string]string{"alg": "RS256", "typ": "JWT", "kid": g.account.KeyID})
	if err != nil {
		return "", err
	}
	claims, err := json.Marshal(map[string]any{
		"iss": g.account.Email, "scope": "https://www.googleapis.com/auth/drive.readonly", "aud": audience,
		"iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	})
	if err != nil {
		return "", err
	}
	text := base64.RawURLEncoding.EncodeToString(head) + "." + base64.RawURLEncoding.EncodeToString(claims)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, g.key, crypto.SHA256, sum[:])
	return strings.Join([]string{text, base64.RawURLEncoding.EncodeToString(signature)}, "."), err
}
