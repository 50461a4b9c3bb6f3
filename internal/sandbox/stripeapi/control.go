package stripeapi

import (
	"encoding/json"
	"net/http"
	"time"

	"supportmcp/internal/sandbox/control"
)

// control adds to the control of any sandbox server what Stripe's alone has:
//
//	POST /_sandbox/deliver  {"twice": true, "backwards": true}  tell webhook endpoints what has happened
//	POST /_sandbox/limits   {"per_endpoint": 25, "search_lag": "1m"}
func (s *Server) control() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", control.Endpoint(&s.Desk, s.clock))
	mux.HandleFunc("POST /_sandbox/deliver", func(w http.ResponseWriter, r *http.Request) {
		var how Delivery
		if !read(w, r, &how) {
			return
		}
		if err := s.Deliver(r.Context(), how); err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("POST /_sandbox/limits", func(w http.ResponseWriter, r *http.Request) {
		var limits struct {
			PerEndpoint int              `json:"per_endpoint"`
			SearchLag   control.Duration `json:"search_lag"`
		}
		if !read(w, r, &limits) {
			return
		}
		s.LimitRate(limits.PerEndpoint)
		s.SetSearchLag(time.Duration(limits.SearchLag))
		w.WriteHeader(http.StatusNoContent)
	})
	return mux
}

// read takes JSON without unknown fields, or answers what is wrong with it.
func read(w http.ResponseWriter, r *http.Request, into any) bool {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return false
	}
	return true
}
