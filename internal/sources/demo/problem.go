package demo

import (
	"context"
	"errors"
	"fmt"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// problemf makes a problem; the words may hold foreign names.
func problemf(kind core.ProblemKind, format string, args ...any) *core.Problem {
	return &core.Problem{Kind: kind, Summary: text.CleanLong(fmt.Sprintf(format, args...))}
}

// Problem maps an error to words for a user.
func (s *Source) Problem(err error) *core.Problem {
	var p *core.Problem
	switch {
	case err == nil:
		return nil
	case errors.As(err, &p):
		return p
	case errors.Is(err, core.ErrReadOnly):
		return &core.Problem{
			Kind: core.Refused, Summary: text.Lit("read-only: the demo world was not changed"),
			Hint: text.Lit("start without --read-only"), Cause: err,
		}
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return &core.Problem{Kind: core.Unreachable, Summary: text.Lit("no answer in time"), Cause: err}
	}
	return &core.Problem{Kind: core.Internal, Summary: text.Error(err), Cause: err}
}
