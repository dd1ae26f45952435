package jenkins

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"devops-tui/internal/ci"
	"devops-tui/internal/core"
	"devops-tui/internal/rest"
	"devops-tui/internal/text"
)

// endIn is how long a build may take to end after it was asked to.
const endIn = 45 * time.Second

// ladder are the ways to end a build, each harder than the one before. Only
// Pipelines have the others than stop.
var ladder = []string{"stop", "term", "kill"}

// Jenkins writes these into the console of a Pipeline that was asked to end and
// has not: they tell across sessions which step is next.
var (
	offersTerm = []byte("Click here to forcibly terminate running steps")
	offersKill = []byte("Click here to forcibly kill entire build")
)

// rung is which step of the ladder comes next by force: 1 term, 2 kill.
func (s *Source) rung(ctx context.Context, t target, uid string) int {
	s.mu.Lock()
	step := s.stops[uid]
	s.mu.Unlock()
	if p, err := s.console(ctx, t.full, t.number, 256<<10, 64<<10); err == nil {
		switch {
		case bytes.Contains(p.data, offersKill):
			step = max(step, 2)
		case bytes.Contains(p.data, offersTerm):
			step = max(step, 1)
		}
	}
	return min(max(step, 1), 2)
}

// cancelForm says what force would do.
func (s *Source) cancelForm(ctx context.Context, ref core.Ref, t target) (core.Form, error) {
	if t.queue > 0 {
		return core.Form{}, nil
	}
	r, j, err := s.readRun(ctx, ref, t)
	if err != nil || !j.isPipeline() {
		return core.Form{}, err
	}
	f := core.Field{Name: "force", Title: text.Lit("by force"), Type: core.FieldBool, Value: "false"}
	f.Help = text.Lit("its running steps are terminated; files may be left half written")
	if s.rung(ctx, t, r.Ref.UID) == 2 {
		f.Help = text.Lit("the whole build is killed: it gets no chance to clean up, and agents and locks may stay taken")
	}
	return core.Form{Fields: []core.Field{f}, Note: text.Lit("without force it is stopped: steps are interrupted, and what the Pipeline does at its end is done")}, nil
}

// PlanCancel implements sources.Canceller.
func (s *Source) PlanCancel(ctx context.Context, ref core.Ref, how core.Cancel) (*core.Operation, error) {
	ctx = urgently(ctx)
	t, ok := parse(ref)
	if !ok || !isRun(ref) {
		return nil, notFound(ref)
	}
	if t.queue > 0 {
		return s.planUnqueue(ctx, ref, t)
	}
	r, j, err := s.readRun(ctx, ref, t)
	if err != nil {
		return nil, err
	}
	if r.Phase != core.Pending {
		return nil, overProblem(t, r.Reason)
	}
	step := 0
	if how.Force {
		if !j.isPipeline() {
			return nil, unsupported(text.Sprintf("%s is no Pipeline: Jenkins can only stop its builds", t.full), text.Lit("cancel it without force"))
		}
		step = s.rung(ctx, t, r.Ref.UID)
	}
	word := ladder[step]
	path := below(t.full, strconv.Itoa(t.number), word)
	p := core.Plan{
		Verb: core.VerbCancel, Target: r.Ref, Danger: 1 + min(step, 1), Title: text.Sprintf("%s %s #%d", strings.ToUpper(word[:1])+word[1:], t.full, t.number),
		Changes: []core.FieldChange{{Field: text.Lit("status"), Before: r.Reason, After: text.Lit("aborted")}},
		Impact: []text.Safe{[]text.Safe{
			text.Lit("its running steps: they are interrupted, and what it does at its end is done"),
			text.Lit("its running steps: they are terminated, and files may be left half written"),
			text.Lit("the whole build: it is killed and cannot clean up; agents and locks may stay taken"),
		}[step]},
		UndoHint: text.Lit("cannot be undone: rerun starts it from its beginning"),
		Preview:  text.Lit("Jenkins cannot try it"),
		Command:  s.curl(path, nil, nil),
	}
	if r.Environment != "" {
		p.Also = []core.Ref{s.ref(ci.KindEnvironment, ref.Namespace, r.Environment, "")}
	}
	if !r.Mine && r.Author != "" {
		p.Warnings = append(p.Warnings, text.Sprintf("it was started by %s", r.Author))
	}
	if !r.Stage.Cell().Text.Empty() {
		p.Impact = append(p.Impact, text.Sprintf("stage %s, where it is", r.Stage.At))
	}
	execute := func(ctx context.Context, _ core.Output) error {
		ctx = urgently(ctx)
		now, _, err := s.readRun(ctx, r.Ref, t)
		if err != nil {
			return err
		}
		if now.Phase != core.Pending {
			return overProblem(t, now.Reason)
		}
		_, err = s.post(ctx, path, nil, nil)
		if err == nil || errors.Is(err, core.ErrOutcomeUnknown) {
			s.mu.Lock()
			s.stops[r.Ref.UID] = max(s.stops[r.Ref.UID], step+1)
			s.mu.Unlock()
			s.poke(t.full)
		}
		return err
	}
	verify := func(ctx context.Context, report func(core.Progress)) (core.Outcome, error) {
		return s.followEnd(urgently(ctx), t, step, j.isPipeline(), report)
	}
	return &core.Operation{Plan: p, Execute: execute, Verify: verify, VerifyLimit: endIn + 15*time.Second}, nil
}

func overProblem(t target, reason text.Safe) *core.Problem {
	return &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("%s #%d has ended already: %s", t.full, t.number, reason), Hint: text.Lit("nothing was sent")}
}

// followEnd waits until a build has ended.
func (s *Source) followEnd(ctx context.Context, t target, step int, pipeline bool, report func(core.Progress)) (core.Outcome, error) {
	end := s.now().Add(endIn)
	for {
		var b apiBuild
		_, err := s.get(ctx, below(t.full, strconv.Itoa(t.number)), "number,building,result", &b)
		switch {
		case err != nil && ctx.Err() != nil:
			return core.OutcomeUnknown, ctx.Err()
		case err != nil && !passing(s.Problem(err)):
			return core.OutcomeUnknown, err
		case err == nil && !b.Building && b.Result != "":
			s.poke(t.full)
			report(core.Progress{Text: text.Clean(strings.ToLower(b.Result))})
			if b.Result == "ABORTED" || b.Result == "NOT_BUILT" {
				return core.OutcomeHealthy, nil
			}
			return core.OutcomeFailed, &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("%s #%d ended as %s instead", t.full, t.number, strings.ToLower(b.Result))}
		}
		if s.now().After(end) {
			p := &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("%s #%d was asked to end and still runs", t.full, t.number)}
			if pipeline && step < 2 {
				p.Hint = text.Sprintf("cancel it with force: %s is next", ladder[step+1])
			}
			return core.OutcomeFailed, p
		}
		report(core.Progress{Text: text.Lit("it is ending")})
		if !sleep(ctx, s.pace) {
			return core.OutcomeUnknown, ctx.Err()
		}
	}
}

// planUnqueue takes an item out of the queue.
func (s *Source) planUnqueue(ctx context.Context, ref core.Ref, t target) (*core.Operation, error) {
	j, q, err := s.readItem(ctx, ref, t)
	if err != nil {
		return nil, err
	}
	r := s.item(j, q)
	path, query := []string{"queue", "cancelItem"}, url.Values{"id": {strconv.FormatInt(t.queue, 10)}}
	p := core.Plan{
		Verb: core.VerbCancel, Target: r.Ref, Danger: 1, Title: text.Sprintf("Take a build of %s out of the queue", t.full),
		Changes: []core.FieldChange{{Field: text.Lit("queue"), Before: r.Message, After: text.Lit("taken out")}}, Impact: []text.Safe{text.Lit("a build that never begins then")},
		UndoHint: text.Lit("cannot be undone: deploy starts another build"), Preview: text.Lit("Jenkins cannot try it"), Command: s.curl(path, query, nil),
	}
	if !r.Mine && r.Author != "" {
		p.Warnings = append(p.Warnings, text.Sprintf("it was started by %s", r.Author))
	}
	if r.Environment != "" {
		p.Also = []core.Ref{s.ref(ci.KindEnvironment, ref.Namespace, r.Environment, "")}
	}
	execute := func(ctx context.Context, _ core.Output) error {
		ctx = urgently(ctx)
		if _, _, err := s.readItem(ctx, ref, t); err != nil {
			if p := s.Problem(err); p.Kind == core.NotFound {
				return &core.Problem{Kind: core.Conflict, Summary: p.Summary, Hint: p.Hint, Cause: err}
			}
			return err
		}
		_, err := s.post(ctx, path, query, nil)
		s.poke(t.full)
		if rest.StatusOf(err) == http.StatusNotFound || rest.StatusOf(err) == http.StatusUnprocessableEntity {
			return &core.Problem{Kind: core.Conflict, Summary: text.Lit("it has left the queue in this moment"), Hint: text.Lit("look at the runs of the job again"), Cause: err}
		}
		return err
	}
	verify := func(ctx context.Context, _ func(core.Progress)) (core.Outcome, error) {
		ctx = urgently(ctx)
		for {
			var q apiQueueItem
			_, err := s.get(ctx, []string{"queue", "item", strconv.FormatInt(t.queue, 10)}, "id,cancelled,executable[number]", &q)
			switch {
			case rest.StatusOf(err) == http.StatusNotFound, err == nil && q.Cancelled:
				s.poke(t.full)
				return core.OutcomeHealthy, nil
			case err != nil && ctx.Err() != nil:
				return core.OutcomeUnknown, ctx.Err()
			case err != nil && !passing(s.Problem(err)):
				return core.OutcomeUnknown, err
			case err == nil && q.Executable != nil:
				return core.OutcomeFailed, &core.Problem{
					Kind: core.Conflict, Summary: text.Sprintf("it had left the queue: it is %s #%d now", t.full, q.Executable.Number), Hint: text.Lit("cancel that run"),
				}
			}
			if !sleep(ctx, s.pace) {
				return core.OutcomeUnknown, ctx.Err()
			}
		}
	}
	return &core.Operation{Plan: p, Execute: execute, Verify: verify, VerifyLimit: endIn}, nil
}
