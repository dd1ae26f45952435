package kube

import (
	"context"
	"net/http"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// verifyEvery is how often a change is read back.
const verifyEvery = 500 * time.Millisecond

// follow reads a change back until look knows how it ended, or ctx ends. It
// sends nothing. look reads once: it is done, with the outcome, or not yet; an error
// without being done is of the read. A server that is away is waited for; an object
// that is gone or was replaced has failed, unless look says otherwise; and what may
// not be read is not known.
func (s *Source) follow(ctx context.Context, report func(core.Progress), look func() (outcome core.Outcome, done bool, err error)) (core.Outcome, error) {
	var wait backoff
	for {
		rung := s.bell.wait()
		outcome, done, err := look()
		switch {
		case done:
			return outcome, err
		case ctx.Err() != nil:
			return core.OutcomeUnknown, ctx.Err()
		case err == nil:
			wait.reset()
			pause(ctx, verifyEvery, nil)
		case isProblem(err, core.NotFound, core.Conflict):
			return core.OutcomeFailed, err
		case isProblem(err, core.Forbidden, core.Unauthorized):
			return core.OutcomeUnknown, err
		case isStatus(err, http.StatusForbidden, http.StatusUnauthorized):
			return core.OutcomeUnknown, s.problem(text.Lit("cannot follow the change"), err)
		default:
			report(core.Progress{Text: text.Lit("waits for the API server")})
			pause(ctx, min(wait.next(err), 5*time.Second), rung)
		}
	}
}
