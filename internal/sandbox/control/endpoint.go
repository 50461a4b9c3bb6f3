package control

import (
	"encoding/json"
	"net/http"
	"time"
)

// Endpoint serves the control of one sandbox server under /_sandbox/:
//
//	POST   /_sandbox/faults    a Fault as JSON
//	DELETE /_sandbox/faults    remove all faults
//	GET    /_sandbox/requests  requests answered so far, oldest first
//	POST   /_sandbox/clock     {"advance": "24h"}
//	GET    /_sandbox/clock     {"now": "…"}
func Endpoint(d *Desk, c *Clock) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /_sandbox/faults", func(w http.ResponseWriter, r *http.Request) {
		var f Fault
		if err := read(r, &f); err != nil {
			answer(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
			return
		}
		if err := d.Inject(f); err != nil {
			answer(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
			return
		}
		answer(w, http.StatusOK, f)
	})
	mux.HandleFunc("DELETE /_sandbox/faults", func(w http.ResponseWriter, _ *http.Request) {
		d.Clear()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /_sandbox/requests", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, d.Requests())
	})
	mux.HandleFunc("POST /_sandbox/clock", func(w http.ResponseWriter, r *http.Request) {
		var move struct {
			Advance Duration `json:"advance"`
		}
		if err := read(r, &move); err != nil {
			answer(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
			return
		}
		c.Advance(time.Duration(move.Advance))
		answer(w, http.StatusOK, map[string]any{"now": c.Now()})
	})
	mux.HandleFunc("GET /_sandbox/clock", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]any{"now": c.Now()})
	})
	return mux
}

func read(r *http.Request, into any) error {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	return d.Decode(into)
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
