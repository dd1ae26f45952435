package demo

import (
	"context"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// Diagnose adds lines to doctor.
func (s *Source) Diagnose(context.Context) []core.Finding {
	s.w.lock()
	defer s.w.mu.Unlock()
	n := 0
	for _, t := range s.place.tables {
		n += len(t)
	}
	out := []core.Finding{{
		Source: ID, Scope: s.place.scope, Level: core.FindingOK,
		Text: text.Sprintf("demo world: %d objects, a bad deploy every %s; nothing real is touched", n, s.w.story(period)),
	}}
	for _, i := range s.w.incidents {
		if i.dep.place == s.place && i.to.IsZero() {
			out = append(out, core.Finding{
				Source: ID, Scope: s.place.scope, Level: core.FindingInfo,
				Text: text.Sprintf("story: %s of %s since deploy #%d (%s)", i.build.defect.String(), i.dep.service.name, i.build.number, i.build.commit.short()),
				Fix:  text.Lit("roll it back, or wait: a colleague does"),
			})
		}
	}
	return out
}
