package actions

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"devops-tui/internal/actions/journal"
	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

// senders is how many objects of one plan are changed at the same time.
const senders = 4

var (
	errClosed = errors.New("the program is ending")
	errLimit  = errors.New("time limit of the verification")
)

// Execute carries out a confirmed proposal and returns when its outcome is
// known. The end of ctx ends the waiting, not the change. progress, which may
// be nil, is called after every step, one call at a time, and must not block.
//
// The error is for what was not started at all: not confirmed, denied,
// read-only, carried out already. What happened to each object is in the Task.
func (e *Engine) Execute(ctx context.Context, p *Proposal, progress func(Task)) (Task, error) {
	t, err := e.start(p, progress, nil)
	if err != nil {
		return Task{}, err
	}
	return e.await(ctx, t), nil
}

// await returns when t has ended, which the end of ctx hastens.
func (e *Engine) await(ctx context.Context, t *task) Task {
	select {
	case <-t.done:
	case <-ctx.Done():
		e.StopWaiting(t.t.ID)
		<-t.done
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.copy(t)
}

// Start is Execute in the background: it returns the task's id at once. Tasks
// and Subscribe tell how it goes.
func (e *Engine) Start(p *Proposal, progress func(Task)) (string, error) {
	t, err := e.start(p, progress, nil)
	if err != nil {
		return "", err
	}
	return t.t.ID, nil
}

func (e *Engine) start(p *Proposal, progress func(Task), term *core.Terminal) (*task, error) {
	if p == nil || p.engine != e {
		return nil, ErrNotConfirmed
	}
	for _, x := range p.Targets {
		if x.op.Session != nil && term == nil {
			return nil, noTerminal(p.Verb)
		}
		now := e.policyOf(p.Verb, x.From(), &x.Plan)
		if no := e.refusal(p.Verb, x.Ref, now); no != nil {
			return nil, no
		}
		if demanded(p.Verb, &x.Plan, now) > p.Level {
			return nil, &core.Problem{
				Kind:    core.Refused,
				Summary: text.Sprintf("policy asks for more than was confirmed now: %s", now.Level),
				Hint:    text.Lit("plan again"),
			}
		}
	}
	if no := e.undoneSince(p); no != nil {
		return nil, no
	}
	by, err := p.spend()
	if err != nil {
		return nil, err
	}
	t := &task{p: p, by: by, progress: progress, term: term, done: make(chan struct{})}
	t.t = Task{
		UndoOf: p.UndoOf,
		ID:     p.ID, Verb: p.Verb, Environment: p.Policy.Environment, Started: e.o.Clock(),
		Title: text.Sprintf("%s %d objects", p.Verb.Title, len(p.Targets)),
	}
	if len(p.Targets) == 1 {
		t.t.Title = text.Sprintf("%s %s", p.Verb.Title, text.Clean(p.Targets[0].Ref.Path()))
	}
	for _, x := range p.Targets {
		t.t.Targets = append(t.t.Targets, TaskTarget{Ref: x.Ref})
		t.out = append(t.out, &output{})
	}

	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return nil, errClosed
	}
	var wait context.Context
	wait, t.stop = context.WithCancel(e.waits)
	if no := e.claim(p); no != nil {
		e.mu.Unlock()
		t.stop()
		return nil, no
	}
	e.add(t)
	e.wg.Add(1)
	e.mu.Unlock()

	core.Go("actions: "+p.Verb.ID, func() {
		defer e.wg.Done()
		defer close(t.done)
		defer t.stop()
		e.run(wait, t)
	})
	return t, nil
}

func (e *Engine) run(wait context.Context, t *task) {
	slots := make(chan struct{}, senders)
	var wg sync.WaitGroup
	for i, x := range t.p.Targets {
		bounded := x.op.Execute != nil // what runs until it is ended would hold a slot for good
		if bounded {
			slots <- struct{}{}
		}
		wg.Add(1)
		core.Go("actions: "+t.p.Verb.ID, func() {
			defer wg.Done()
			if bounded {
				defer func() { <-slots }()
			}
			e.runTarget(wait, t, i)
		})
	}
	wg.Wait()
	e.update(t, func(x *Task) {
		x.Ended = e.o.Clock()
		x.Outcome = worst(x.Targets)
	})
}

// worst ranks failed over unknown over refused over healthy.
func worst(targets []TaskTarget) core.Outcome {
	rank := map[core.Outcome]int{core.OutcomeHealthy: 0, core.OutcomeRefused: 1, core.OutcomeUnknown: 2, core.OutcomeFailed: 3}
	out := core.OutcomeHealthy
	for _, t := range targets {
		if rank[t.Outcome] > rank[out] {
			out = t.Outcome
		}
	}
	return out
}

// runTarget is the life of one change: check, intent, send once, follow,
// outcome.
func (e *Engine) runTarget(wait context.Context, t *task, i int) {
	target := t.p.Targets[i]
	step := func(s Step) { e.update(t, func(x *Task) { x.Targets[i].Step = s }) }
	finish := func(o core.Outcome, p, unrecorded *core.Problem) {
		e.update(t, func(x *Task) {
			y := &x.Targets[i]
			y.Step, y.Outcome, y.Problem, y.Journal = Finished, o, p, unrecorded
			y.Undoable = o != core.OutcomeRefused && target.Plan.Inverse != nil
			if o == core.OutcomeRefused {
				delete(e.undone, target.undoOf) // nothing was taken back
			}
		})
	}

	step(Checking)
	src, no := e.recheck(wait, t.p.Verb, target)
	if no != nil {
		finish(core.OutcomeRefused, no, nil)
		return
	}
	record, err := e.record(t, i)
	if err == nil {
		err = e.append(record)
	}
	if err != nil {
		finish(core.OutcomeRefused, noJournal(err), nil)
		return
	}
	outcome, p := e.carryOut(wait, src, t, i, step)

	record.Event, record.Plan, record.Result = journal.Outcome, nil, &journal.Result{Outcome: outcome.String()}
	if p != nil {
		record.Result.Message = p.Error()
	}
	var unrecorded *core.Problem
	if err := e.append(record); err != nil {
		unrecorded = &core.Problem{
			Kind: core.Internal, Cause: err,
			Summary: text.Sprintf("the outcome could not be recorded: %s", text.Error(err)),
			Hint:    text.Lit("the intent is in the journal; no further change is made until it can be written"),
		}
	}
	finish(outcome, p, unrecorded)
}

// carryOut does what the journal has the intent of.
func (e *Engine) carryOut(wait context.Context, src sources.Source, t *task, i int, step func(Step)) (core.Outcome, *core.Problem) {
	op := t.p.Targets[i].op
	switch {
	case op.Session != nil:
		step(Serving)
		return e.session(wait, src, t, i)
	case op.Serve != nil:
		step(Serving)
		return e.serve(wait, src, t, i)
	}
	step(Sending)
	outcome, p := e.send(src, t, i)
	if p == nil || outcome == core.OutcomeUnknown {
		step(Verifying)
		outcome, p = e.verify(wait, src, op, p, listener{e, t, i}.Progress)
	}
	return outcome, p
}

// recheck makes sure that the object is the one that was planned, and that
// changing it is still allowed.
func (e *Engine) recheck(wait context.Context, v Verb, t Target) (sources.Source, *core.Problem) {
	if wait.Err() != nil {
		return nil, &core.Problem{Kind: core.Refused, Summary: text.Lit("stopped before anything was sent")}
	}
	src := e.o.Resolver.Source(t.Ref.Instance())
	if src == nil {
		return nil, &core.Problem{Kind: core.Unreachable, Summary: text.Sprintf("%s is not connected any more; nothing was sent", t.Ref.Instance())}
	}
	if _, err := e.read(wait, src, t.Ref); err != nil {
		p := *problem(src, err)
		if t.Ref.UID != "" || p.Kind != core.NotFound { // without a UID it is one that will be made
			p.Summary = text.Sprintf("nothing was sent: %s", p.Summary)
			return nil, &p
		}
	}
	if no := e.refusal(v, t.Ref, e.policyOf(v, t.From(), &t.Plan)); no != nil {
		return nil, no
	}
	return src, nil
}

// send sends the request once. A nil problem means that it was carried out;
// OutcomeUnknown that this cannot be told.
func (e *Engine) send(src sources.Source, t *task, i int) (core.Outcome, *core.Problem) {
	x := t.p.Targets[i]
	ctx, cancel := context.WithTimeout(sources.PermitFor(e.sends, x.Ref), orElse(x.op.SendLimit, e.o.SendLimit))
	defer cancel()
	err := x.op.Execute(ctx, listener{e, t, i})
	if err == nil {
		return core.OutcomeHealthy, nil
	}
	p := problem(src, err)
	switch {
	case unknown(err):
		return core.OutcomeUnknown, p
	case refusing(p):
		return core.OutcomeRefused, p
	}
	return core.OutcomeFailed, p
}

// refusing reports whether the problem means that nothing was carried out.
func refusing(p *core.Problem) bool {
	switch p.Kind {
	case core.Unreachable, core.Unauthorized, core.Forbidden, core.NotFound, core.Conflict,
		core.Unsupported, core.Invalid, core.Throttled, core.Refused:
		return true
	}
	return false
}

func orElse(d, other time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return other
}

// unknown reports whether the request may have arrived though no answer came.
// Sources say so with core.ErrOutcomeUnknown; the errors of a connection that
// ended are taken for the same, because reading back harms nobody.
func unknown(err error) bool {
	if errors.Is(err, core.ErrReadOnly) {
		return false
	}
	for _, e := range []error{
		core.ErrOutcomeUnknown, context.DeadlineExceeded, context.Canceled, os.ErrDeadlineExceeded,
		io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE, net.ErrClosed,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	var ne net.Error
	return errors.As(err, &ne) && ne.Timeout()
}

// verify follows the change, or reads back what became of a request without
// an answer (lost). It never sends anything again.
func (e *Engine) verify(wait context.Context, src sources.Source, op *core.Operation, lost *core.Problem, report func(core.Progress)) (core.Outcome, *core.Problem) {
	limit := orElse(op.VerifyLimit, e.o.VerifyLimit)
	ctx, cancel := context.WithTimeoutCause(wait, limit, errLimit)
	defer cancel()
	var outcome core.Outcome
	err := wait.Err()
	if err == nil {
		outcome, err = op.Verify(ctx, report)
	}
	switch {
	case outcome == core.OutcomeHealthy && err == nil:
		return outcome, nil
	case outcome == core.OutcomeFailed || outcome == core.OutcomeRefused:
		if err != nil {
			return outcome, problem(src, err)
		}
		if outcome == core.OutcomeRefused {
			return outcome, &core.Problem{Summary: text.Lit("the change did not arrive")}
		}
		return outcome, &core.Problem{Summary: text.Lit("it did not become healthy")}
	case wait.Err() != nil:
		return core.OutcomeUnknown, &core.Problem{Summary: text.Lit("stopped waiting; the change was sent"), Cause: wait.Err()}
	case errors.Is(context.Cause(ctx), errLimit) && lost == nil:
		return core.OutcomeFailed, &core.Problem{
			Kind: core.Internal, Cause: errLimit,
			Summary: text.Sprintf("not healthy after %s", limit),
		}
	case lost != nil:
		return core.OutcomeUnknown, &core.Problem{
			Kind: lost.Kind, Cause: lost,
			Summary: text.Sprintf("outcome unknown: %s", lost.Summary),
			Hint:    text.Lit("look at the object before you do it again"),
		}
	case err != nil:
		return core.OutcomeUnknown, problem(src, err)
	default:
		return core.OutcomeUnknown, &core.Problem{Summary: text.Lit("it cannot be told how it ended")}
	}
}

func (e *Engine) append(r journal.Record) error {
	if e.o.Journal == nil {
		return errNoJournal
	}
	r.Time = e.o.Clock().UTC().Truncate(time.Microsecond)
	if err := e.o.Journal.Append(r); err != nil {
		return err
	}
	e.remember(r)
	return nil
}
