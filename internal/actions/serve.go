package actions

import (
	"context"
	"errors"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

// Attach carries out a confirmed proposal of one interactive session (a shell):
// it connects the terminal, blocks until the session or ctx ends, and journals
// both ends. What is typed and shown is not kept. The error is for what was
// not started at all, as of Execute; the program's exit code is in the task's
// target.
func (e *Engine) Attach(ctx context.Context, p *Proposal, term core.Terminal) (Task, error) {
	if p == nil || p.engine != e {
		return Task{}, ErrNotConfirmed
	}
	if len(p.Targets) != 1 || p.Targets[0].op.Session == nil {
		return Task{}, &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("%s is no session of one object", p.Verb.Title)}
	}
	t, err := e.start(p, nil, &term)
	if err != nil {
		return Task{}, err
	}
	return e.await(ctx, t), nil
}

// noTerminal is why a session cannot be carried out in the background.
func noTerminal(v Verb) *core.Problem {
	return &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("%s needs a terminal", v.Title)}
}

// session connects the terminal until either side ends.
func (e *Engine) session(wait context.Context, src sources.Source, t *task, i int) (core.Outcome, *core.Problem) {
	x := t.p.Targets[i]
	err := x.op.Session(sources.PermitFor(wait, x.Ref), *t.term)
	var exit *core.ExitError
	if errors.As(err, &exit) {
		e.update(t, func(y *Task) { y.Targets[i].Exit = exit.Code })
		return core.OutcomeHealthy, nil
	}
	return ended(wait, src, err)
}

// serve runs what goes on until the user ends it.
func (e *Engine) serve(wait context.Context, src sources.Source, t *task, i int) (core.Outcome, *core.Problem) {
	x := t.p.Targets[i]
	return ended(wait, src, x.op.Serve(sources.PermitFor(wait, x.Ref), listener{e, t, i}))
}

// ended is the outcome of what was to run until the user ends it.
func ended(wait context.Context, src sources.Source, err error) (core.Outcome, *core.Problem) {
	if err == nil || wait.Err() != nil {
		return core.OutcomeHealthy, nil
	}
	p := problem(src, err)
	if refusing(p) {
		return core.OutcomeRefused, p
	}
	return core.OutcomeFailed, p
}
