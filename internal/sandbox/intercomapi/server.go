// Package intercomapi owns a stand-in for one Intercom workspace: its REST API
// in version 2.16, kept in memory, deterministic, and so close to the real one
// that any Intercom client can be pointed at it over loopback HTTP.
//
// It follows Intercom's published reference
// (https://developers.intercom.com/docs/references/2.16/rest-api/api.intercom.io)
// and its awkward sides too: no idempotency keys, a search index that lags
// behind, bodies that come back changed. It never sends anything to anyone,
// imports no vendor library and knows nothing of the rest of the product.
package intercomapi

import (
	"net/http"
	"sync"
	"time"

	"supportmcp/internal/sandbox/control"
)

// Server is one Intercom workspace in memory. It is safe for concurrent use,
// but Settings are to be changed only before the first request; later there are
// SetIdentityVerification and SetTimezone.
type Server struct {
	Desk     control.Desk // plays faults and keeps the list of requests
	Settings Settings

	clock *control.Clock
	mu    sync.Mutex // guards everything below
	state
	quota    quota
	hooks    hooks
	answered int64 // answers so far; request ids are made of it
}

// Settings are the workspace's own choices, and those behaviours of Intercom
// that are not documented and so must be open to test both ways.
type Settings struct {
	AppID                string // id_code of the workspace
	Region               string // US, EU or AU, as GET /me tells it
	IdentityVerification bool
	Timezone             *time.Location // contact search compares dates by its days
	Me                   string         // id of the admin whom the token belongs to; the first one added when empty
	DefaultVersion       string         // the version of a request that names none
	IndexLag             time.Duration  // until a change is found by search; reading by id is immediate
	RateLimit            int            // requests in each window of ten seconds
	SecondTagConflicts   bool           // putting a tag where it already is answers 409 instead of doing nothing
	AdminCommentReopens  bool           // an admin's comment opens a closed conversation
}

// New is an empty workspace that lives by the clock.
func New(clock *control.Clock) *Server {
	return &Server{
		clock: clock,
		state: newState(),
		Settings: Settings{
			AppID: "sandbox1", Region: "US", Timezone: time.UTC,
			DefaultVersion: "2.16", IndexLag: 3 * time.Second, RateLimit: 1666,
		},
	}
}

// Handler serves the REST API behind the Desk, and the sandbox's own controls
// under /_sandbox/.
func (s *Server) Handler() http.Handler {
	api := http.NewServeMux()
	for pattern, e := range s.endpoints() {
		api.Handle(pattern, s.serve(e))
	}
	mux := http.NewServeMux()
	mux.Handle("/_sandbox/", s.control())
	mux.Handle("/", s.Desk.Wrap(api, s.fail))
	return mux
}

// endpoint answers one request with a body for 200, or with a *refusal. It runs
// with s.mu held, and its body is written before that is released.
type endpoint func(*http.Request) (any, error)

func (s *Server) endpoints() map[string]endpoint {
	return map[string]endpoint{
		"GET /me":                               s.getMe,
		"GET /admins":                           s.listAdmins,
		"GET /admins/{id}":                      s.getAdmin,
		"GET /teams":                            s.listTeams,
		"GET /conversations":                    s.listConversations,
		"POST /conversations":                   s.createConversation,
		"DELETE /contacts/{id}":                 s.deleteContact,
		"DELETE /tags/{id}":                     s.deleteTag,
		"POST /conversations/search":            s.searchConversations,
		"GET /conversations/{id}":               s.getConversation,
		"POST /conversations/{id}/reply":        s.reply,
		"POST /conversations/{id}/parts":        s.manage,
		"POST /conversations/{id}/tags":         s.tagConversation,
		"DELETE /conversations/{id}/tags/{tag}": s.untagConversation,
		"GET /tags":                             s.listTags,
		"POST /tags":                            s.createTag,
		"POST /contacts":                        s.createContact,
		"POST /contacts/search":                 s.searchContacts,
		"GET /contacts/{id}":                    s.getContact,
		"PUT /contacts/{id}":                    s.updateContact,
		"GET /contacts/{id}/{part}":             s.getOfContact,
		"POST /contacts/{id}/tags":              s.tagContact,
		"DELETE /contacts/{id}/tags/{tag}":      s.untagContact,
		"GET /companies/{id}":                   s.getCompany,
		"GET /segments":                         s.listSegments,
		"GET /segments/{id}":                    s.getSegment,
		"GET /macros":                           s.listMacros,
		"GET /articles":                         s.listArticles,
		"GET /articles/{id}":                    s.getArticle,
		"GET /internal_articles":                s.listInternal,
		"GET /internal_articles/{id}":           s.getInternal,
		"POST /events":                          s.createEvent,
		"GET /events":                           s.listEvents,
		"POST /data_attributes":                 s.createAttribute,
		"GET /data_attributes":                  s.listAttributes,
		"/":                                     func(*http.Request) (any, error) { return nil, notFound("The requested resource was not found") },
	}
}

// serve runs an endpoint as one step: nothing else happens in the workspace
// meanwhile.
func (s *Server) serve(e endpoint) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		allowance := s.quota.spend(s.clock.Now(), s.Settings.RateLimit)
		id := s.stamp(w, allowance)
		body, err := s.run(w, r, allowance, e)
		if err != nil {
			refuse(w, id, err)
			return
		}
		if _, later := body.(accepted); later {
			w.WriteHeader(http.StatusAccepted)
			return
		}
		write(w, http.StatusOK, body)
	})
}

func (s *Server) run(w http.ResponseWriter, r *http.Request, a allowance, e endpoint) (any, error) {
	if a.exceeded {
		return nil, rateLimited()
	}
	if err := authorize(r); err != nil {
		return nil, err
	}
	version, err := s.version(r)
	if err != nil {
		return nil, err
	}
	w.Header().Set(versionHeader, version)
	s.wake()
	return e(r)
}

// stamp writes the headers every answer has and tells the answer's request id.
func (s *Server) stamp(w http.ResponseWriter, a allowance) (requestID string) {
	s.answered++
	requestID = requestIDOf(s.answered)
	w.Header().Set("X-Request-Id", requestID)
	a.describe(w.Header())
	return requestID
}

// fail is how a fault of the Desk looks: an answer in Intercom's own form.
func (s *Server) fail(w http.ResponseWriter, status int) {
	s.mu.Lock()
	a := s.quota.look(s.clock.Now(), s.Settings.RateLimit)
	if status == http.StatusTooManyRequests {
		a.remaining = 0
	}
	id := s.stamp(w, a)
	s.mu.Unlock()
	refuse(w, id, faulty(status))
}
