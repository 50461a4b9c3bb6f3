package intercomapi

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"

	"supportmcp/internal/sandbox/control"
)

// control adds to the control of any sandbox server what Intercom's alone has:
//
//	POST /_sandbox/identity_verification  {"on": false}
//	POST /_sandbox/timezone  {"zone": "Europe/Berlin"}  by whose days search compares dates
//	POST /_sandbox/webhook  {"url": "…", "secret": "…", "topics": ["…"]}  set it up, and send a ping
//	POST /_sandbox/deliver  {"twice": true, "backwards": true}  tell it what has happened
//	POST /_sandbox/write    {"conversation": "…", "admin": "8002", "note": "…"}  type a note, as a person does
func (s *Server) control() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", control.Endpoint(&s.Desk, s.clock))
	mux.HandleFunc("POST /_sandbox/identity_verification", s.switchIdentityVerification)
	mux.HandleFunc("POST /_sandbox/timezone", commanded(func(_ *http.Request, to struct {
		Zone string `json:"zone"`
	},
	) error {
		zone, err := time.LoadLocation(to.Zone)
		if err == nil {
			s.SetTimezone(zone)
		}
		return err
	}))
	mux.HandleFunc("POST /_sandbox/webhook", commanded(func(r *http.Request, w Webhook) error {
		s.SetWebhook(w)
		return s.Deliver(r.Context(), Delivery{})
	}))
	mux.HandleFunc("POST /_sandbox/deliver", commanded(func(r *http.Request, how Delivery) error {
		return s.Deliver(r.Context(), how)
	}))
	mux.HandleFunc("POST /_sandbox/write", commanded(func(_ *http.Request, n typedNote) error { return s.typeNote(n) }))
	return mux
}

// commanded reads what a command of the control says, and carries it out.
func commanded[T any](do func(*http.Request, T) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in T
		d := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16))
		d.DisallowUnknownFields()
		if err := d.Decode(&in); err != nil {
			write(w, http.StatusBadRequest, object{"error": err.Error()})
			return
		}
		if err := do(r, in); err != nil {
			write(w, http.StatusBadGateway, object{"error": err.Error()})
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}
}

// typedNote is an internal note that somebody types.
type typedNote struct {
	Conversation string `json:"conversation"`
	Admin        string `json:"admin"`
	Note         string `json:"note"`
}

func (s *Server) typeNote(n typedNote) error {
	known := func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		_, there := s.conversations.get(n.Conversation)
		return there && slices.ContainsFunc(s.admins.order, func(a *Admin) bool { return a.ID == n.Admin })
	}
	if !known() || n.Note == "" {
		return errors.New("name a conversation and an admin that are there, and a note")
	}
	s.Write(n.Conversation, Message{From: "admin:" + n.Admin, Body: n.Note, Note: true})
	return nil
}
