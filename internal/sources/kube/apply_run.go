package kube

import (
	"context"
	"net/http"
	"strings"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// execute sends each document once, in order, and stops at the first that fails.
func (a *apply) execute(ctx context.Context, out core.Output) error {
	for _, d := range a.docs { // nothing is sent when the plan is old
		if _, err := a.current(ctx, d); err != nil {
			return err
		}
	}
	for i, d := range a.docs {
		if err := a.apply(ctx, d); err != nil {
			return err
		}
		a.sent = i + 1
		a.served(ctx, d, out)
		out.Line(text.Sprintf("%s %s is applied (%s)", d.k.Name, d.ref.Name, d.verdict()).Line())
		out.Progress(core.Progress{Done: i + 1, Total: len(a.docs), Text: text.Sprintf("%s %s", d.k.Name, d.ref.Name)})
	}
	return nil
}

// apply sends one document. Where the server refuses it because the status
// moved in between, nothing was done: it is checked and sent for the new revision.
func (a *apply) apply(ctx context.Context, d *applying) error {
	for tries := 1; ; tries++ {
		now, err := a.current(ctx, d)
		if err != nil {
			return err
		}
		d.answer, err = a.send(ctx, d, now, false)
		if isStatus(err, http.StatusConflict) && tries < maxTries && !strings.Contains(err.Error(), applyConflict) {
			continue
		}
		if err != nil {
			return a.s.partlyIf(a.sent > 0, text.Sprintf("%d of %d objects are applied; cannot apply %s %s", a.sent, len(a.docs), d.k.Name, d.ref.Name), err)
		}
		return nil
	}
}

// served waits until the server knows a kind that was just defined: objects of
// it may be next.
func (a *apply) served(ctx context.Context, d *applying, out core.Output) {
	if d.before != nil || d.k.gvkKind != "CustomResourceDefinition" {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, servedLimit)
	defer cancel()
	for _, v := range d.o.items("spec", "versions") {
		for v.str("served") == "true" && ctx.Err() == nil {
			_, err := a.s.count(ctx, []string{"apis", d.o.str("spec", "group"), v.str("name"), d.o.str("spec", "names", "plural")})
			if !isStatus(err, http.StatusNotFound, http.StatusServiceUnavailable) {
				break
			}
			out.Progress(core.Progress{Text: text.Sprintf("waits for kind %s to be served", d.o.str("spec", "names", "kind"))})
			pause(ctx, verifyEvery/5, nil)
		}
	}
}

// servedLimit bounds how long a new kind is waited for; seconds are usual.
const servedLimit = 30 * time.Second

// partlyIf is partly when something was done before, else the plain outcome.
func (s *Source) partlyIf(some bool, what text.Safe, err error) error {
	if some {
		return s.partly(what, err)
	}
	return s.outcome(what, err)
}

// current reads a document's object and refuses one that is not as it was planned against.
func (a *apply) current(ctx context.Context, d *applying) (tree, error) {
	now, err := a.live(ctx, d)
	if err != nil {
		return nil, err
	}
	same := (now == nil) == (d.before == nil)
	if same && now != nil {
		same = now.str("metadata", "uid") == d.before.str("metadata", "uid") && !changedSince(d.before, now)
	}
	if !same {
		return nil, &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("%s %s was changed since the plan was made; %d of %d objects are applied", d.k.Name, d.ref.Name, a.sent, len(a.docs)), Hint: text.Lit("look at the plan again")}
	}
	return now, nil
}

// verify follows the workloads of what was applied, one after the other.
func (a *apply) verify(ctx context.Context, report func(core.Progress)) (core.Outcome, error) {
	for i, d := range a.docs {
		if i > a.sent {
			return core.OutcomeFailed, &core.Problem{Kind: core.Internal, Summary: text.Sprintf("%d of %d objects were not applied, %s %s first of them", len(a.docs)-i, len(a.docs), d.k.Name, d.ref.Name), Hint: text.Lit("apply it again")}
		}
		now, err := a.live(ctx, d)
		if ctx.Err() != nil {
			return core.OutcomeUnknown, ctx.Err()
		}
		if err != nil {
			return core.OutcomeUnknown, err
		}
		if now == nil {
			if i < a.sent {
				return core.OutcomeFailed, &core.Problem{Kind: core.NotFound, Summary: text.Sprintf("%s %s was deleted meanwhile", d.k.Name, d.ref.Name)}
			}
			return a.missed(i)
		}
		c := a.s.newChange(d.k, now, "apply")
		c.done = text.Sprintf("%d objects are as the manifest says", len(a.docs))
		c.gen = max(now.num("metadata", "generation"), 1)
		want := d.answer
		if want == nil {
			want = d.after
		}
		set := patchOf(definition(d.before), definition(want))
		c.arrived = func(o tree) bool { return want == nil || includes(map[string]any(set), map[string]any(o)) }
		if d.k.version != a.version(d.k) {
			c.arrived = func(tree) bool { return true } // it is read back in another version
		}
		if d.answer == nil && !c.arrived(now) {
			return a.missed(i)
		}
		if follows(d.k, now) && d.verdict() != "unchanged" {
			c.settled = c.rollout
		}
		if out, err := c.verify(ctx, report); out != core.OutcomeHealthy {
			return out, err
		}
	}
	return core.OutcomeHealthy, nil
}

// missed: document i got no answer and is not there.
func (a *apply) missed(i int) (core.Outcome, error) {
	d := a.docs[i]
	p := &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("the request did not arrive: %s %s is as it was", d.k.Name, d.ref.Name)}
	if i == 0 {
		return core.OutcomeRefused, p
	}
	p.Summary = text.Sprintf("%s; %d of %d objects are applied", p.Summary, i, len(a.docs))
	return core.OutcomeFailed, p
}
