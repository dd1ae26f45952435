package jenkins

import (
	"context"

	"devops-tui/internal/ci"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// Disabled implements sources.Permitter: what can be told from the row.
func (s *Source) Disabled(verb string, r *core.Resource) text.Safe {
	if r == nil {
		return text.Lit("not something Jenkins can do")
	}
	has := false
	for _, k := range s.Info().Kinds {
		if k.Name == r.Ref.Kind {
			for _, v := range k.Verbs {
				has = has || v == verb
			}
		}
	}
	if !has {
		return text.Sprintf("%s is not possible with a %s of Jenkins", verb, r.Ref.Kind)
	}
	t, _ := parse(r.Ref)
	over := r.Phase != core.Pending
	switch verb {
	case core.VerbDeploy, core.VerbRollback:
		if r.Reason == disabledWord {
			return text.Lit("the job is disabled")
		}
		if t.queue > 0 {
			return text.Lit("it is still in the queue")
		}
	case core.VerbRerun:
		if t.queue > 0 {
			return text.Lit("it is still in the queue")
		}
	case core.VerbCancel:
		if over {
			return text.Lit("it has ended")
		}
	case core.VerbApprove, core.VerbReject:
		switch {
		case over:
			return text.Lit("it has ended")
		case r.Facts != nil && len(r.Facts.Waits) > 0:
		case s.stagesAbsent():
			return text.Lit("what waits for an answer is told by the plugin Pipeline: REST API, which this Jenkins has not")
		case s.stagesSeen(t):
			return text.Lit("nothing of it waits for an answer")
		}
	}
	return text.Safe{}
}

// stagesSeen reports whether the stages of a run were read, and with them what it
// waits for; what is not known is left to the plan.
func (s *Source) stagesSeen(t target) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	j := s.jobs[t.full]
	return j != nil && (!j.isPipeline() || j.runs[t.number].Stage.Total > 0)
}

func (s *Source) stagesAbsent() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stages.absent
}

// Form implements sources.Former.
func (s *Source) Form(ctx context.Context, verb string, ref core.Ref) (core.Form, error) {
	ctx = urgently(ctx)
	t, ok := parse(ref)
	if !ok {
		return core.Form{}, notFound(ref)
	}
	switch verb {
	case core.VerbDeploy:
		return s.deployForm(ctx, ref, t)
	case core.VerbRollback:
		return s.rollbackForm(ctx, ref, t)
	case core.VerbRerun:
		return s.rerunForm(ctx, t)
	case core.VerbCancel:
		return s.cancelForm(ctx, ref, t)
	case core.VerbApprove, core.VerbReject:
		return s.gateForm(ctx, verb, ref, t)
	}
	return core.Form{}, nil
}

func isRun(ref core.Ref) bool { return ref.Kind == ci.KindRun }
