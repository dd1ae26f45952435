package argocd

import (
	"context"
	"errors"
	"time"

	"devops-tui/internal/argo"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

const (
	// lookEvery is how often a change is read back.
	lookEvery = time.Second
	// healthSettles is how long bad health may last after a sync before it counts:
	// the controller judges a moment later.
	healthSettles = 10 * time.Second
)

// syncing is an operation that was asked for, and is followed.
type syncing struct {
	s       *Source
	planned *argo.Application
	before  *argo.OperationState // the one that was there before; nil: none
	looked  bool                 // before is known
	seen    bool                 // it was seen to be asked for, or to go on
}

// send checks that all is as planned, and asks.
func (c *syncing) send(ctx context.Context, ask func(context.Context) error) error {
	a, err := c.s.recheck(ctx, c.planned)
	if err != nil {
		return err
	}
	c.before, c.looked = a.Status.State, true
	defer c.s.changed.Ring()
	return ask(ctx)
}

// ours reports whether the state is of an operation after the one before. Times
// are whole seconds, so that two quick operations may have the same ones.
func (c *syncing) ours(a *argo.Application) bool {
	st, before := a.Status.State, c.before
	if !c.looked {
		before = c.planned.Status.State
	}
	if a.Busy() {
		c.seen = true
	}
	switch {
	case st == nil, a.Operation != nil && !st.Busy():
		return false
	case c.seen, before == nil, !st.StartedAt.Equal(before.StartedAt.Time), !st.FinishedAt.Equal(before.FinishedAt.Time):
		return true
	}
	was, is := c.planned.Deployed(), a.Deployed()
	return is != nil && (was == nil || is.ID != was.ID)
}

// verify follows the operation, and then the application's health.
func (c *syncing) verify(ctx context.Context, report func(core.Progress)) (core.Outcome, error) {
	var sick time.Time
	return c.s.until(ctx, func(ctx context.Context) (core.Outcome, error) {
		a, err := c.s.read(ctx, c.s.ref(c.planned))
		if err != nil {
			return core.OutcomeUnknown, err
		}
		st := a.Status.State
		if !c.ours(a) {
			if a.Operation != nil {
				report(core.Progress{Text: text.Lit("asked for; the application controller has not begun")})
			}
			return core.OutcomeUnknown, nil
		}
		switch {
		case st.Busy():
			done, total := 0, 0
			if st.SyncResult != nil {
				total = len(st.SyncResult.Resources)
				for _, r := range st.SyncResult.Resources {
					if r.Over() {
						done++
					}
				}
			}
			report(core.Progress{Done: done, Total: total, Text: text.CleanLong(st.Message)})
			return core.OutcomeUnknown, nil
		case st.Bad():
			return core.OutcomeFailed, failed(st)
		}
		health := a.Status.Health
		switch health.Status {
		case "Healthy", "":
			if !a.Status.ReconciledAt.Before(st.FinishedAt.Truncate(time.Second)) {
				return core.OutcomeHealthy, nil
			}
		case "Suspended":
			report(core.Progress{Text: text.Lit("synced; it waits for a human to go on")})
			return core.OutcomeHealthy, nil
		case "Degraded", "Missing":
			if sick.IsZero() {
				sick = c.s.now()
			}
			if c.s.now().Sub(sick) >= healthSettles {
				return core.OutcomeFailed, &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("synced, but %s is %s: %s", a.Meta.Name, health.Status, health.Message), Hint: text.Lit("its page tells why; B rolls back")}
			}
			report(core.Progress{Text: text.Sprintf("synced; its health is %s", health.Status)})
			return core.OutcomeUnknown, nil
		}
		sick = time.Time{}
		report(core.Progress{Text: text.Sprintf("synced; its health is %s", health.Status)})
		return core.OutcomeUnknown, nil
	})
}

func failed(st *argo.OperationState) error {
	return &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("the sync ended %s: %s", st.Phase, st.Message), Hint: text.Lit("its page tells which resource; R syncs again")}
}

// until looks again and again until there is an outcome, ctx ends, or the
// object is gone. That the server cannot be reached for a while ends nothing.
func (s *Source) until(ctx context.Context, look func(context.Context) (core.Outcome, error)) (core.Outcome, error) {
	t := time.NewTicker(lookEvery)
	defer t.Stop()
	for {
		out, err := look(ctx)
		switch {
		case ctx.Err() != nil:
			return core.OutcomeUnknown, ctx.Err()
		case out != core.OutcomeUnknown:
			return out, err
		case err != nil:
			var p *core.Problem
			if !errors.As(err, &p) {
				p = s.Problem(err)
			}
			if p.Kind != core.Unreachable && p.Kind != core.Throttled {
				return core.OutcomeUnknown, err
			}
		}
		select {
		case <-ctx.Done():
			return core.OutcomeUnknown, ctx.Err()
		case <-t.C:
		}
	}
}
