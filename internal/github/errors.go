package github

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/google/go-github/v62/github"

	"supportmcp/internal/knowledge"
)

// pauseUnsaid is how long GitHub is left alone when it wants that and does not say
// how long.
const pauseUnsaid = time.Minute

// explain says what was being done and what an operator can do about it.
func (s *Source) explain(doing string, err error) error {
	wrapped := fmt.Errorf("%s of %s: %w", doing, s.Repository, err)
	if used, ok := errors.AsType[*github.RateLimitError](err); ok {
		return &knowledge.Later{In: max(used.Rate.Reset.Sub(s.Now()), pauseUnsaid), Err: fmt.Errorf("%s of %s: the hour's requests are used up", doing, s.Repository)}
	}
	if busy, ok := errors.AsType[*github.AbuseRateLimitError](err); ok {
		return &knowledge.Later{In: max(busy.GetRetryAfter(), pauseUnsaid), Err: fmt.Errorf("%s of %s: GitHub wants fewer requests", doing, s.Repository)}
	}
	answer, ok := errors.AsType[*github.ErrorResponse](err)
	if !ok || answer.Response == nil {
		return wrapped
	}
	switch answer.Response.StatusCode {
	case http.StatusUnauthorized:
		return fmt.Errorf("%s of %s: the token is revoked or wrong; make one with contents:read", doing, s.Repository)
	case http.StatusNotFound, http.StatusUnprocessableEntity:
		return fmt.Errorf("%s of %s: it is not there, or the token may not read it; check repository, ref and token", doing, s.Repository)
	case http.StatusForbidden:
		return fmt.Errorf("%s of %s: the token may not; give it contents:read", doing, s.Repository)
	case http.StatusConflict:
		return fmt.Errorf("%s of %s: the repository is empty", doing, s.Repository)
	}
	return wrapped
}
