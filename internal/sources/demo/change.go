package demo

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// change is one field before and after.
func change(field, before, after string) core.FieldChange {
	return core.FieldChange{Field: text.Clean(field), Before: text.Clean(before), After: text.Clean(after)}
}

// difference is the unified diff of some fields below one path: name, before,
// after. A value "" is not there.
func difference(path string, fields ...[3]string) []text.Line {
	var b strings.Builder
	fmt.Fprintf(&b, "--- live\n+++ planned\n@@ %s @@\n", path)
	for _, f := range fields {
		if f[1] != "" {
			fmt.Fprintf(&b, "-%s: %s\n", f[0], scalar(f[1]))
		}
		if f[2] != "" {
			fmt.Fprintf(&b, "+%s: %s\n", f[0], scalar(f[2]))
		}
	}
	return text.Document(b.String())
}

// scalar is a value as YAML may write it: bare, unless it could be misread.
func scalar(s string) string {
	first := s[0]
	plain := first >= 'a' && first <= 'z' || first >= 'A' && first <= 'Z' || first >= '0' && first <= '9'
	if plain && !strings.Contains(s, ": ") && !strings.Contains(s, " #") && !strings.HasSuffix(s, ":") {
		return s
	}
	return strconv.Quote(s)
}

// kubectl is how the equivalent command begins; namespace "" for objects that
// have none.
func (p *place) kubectl(namespace string) string {
	if namespace == "" {
		return "kubectl --context " + p.scope
	}
	return "kubectl --context " + p.scope + " --namespace " + namespace
}

// verdict is how far a change is.
type verdict struct {
	done, total int
	text        string
	broken      string // why it will not become healthy, "" if it may
	superseded  bool   // somebody asked for something else meanwhile
	settled     bool   // what is done stays: there is nothing to wait for
}

// arrived is the verdict on what is done at once.
func arrived(ok bool, what string) verdict {
	v := verdict{total: 1, text: what, settled: true}
	if ok {
		v.done = 1
	}
	return v
}

// verdict judges the rollout of a generation.
func (d *deployment) verdict(generation int) verdict {
	v := verdict{total: d.replicas, done: d.current.ready()}
	v.text = fmt.Sprintf("%d of %d new pods ready", v.done, v.total)
	if d.generation != generation {
		v.superseded = true
		return v
	}
	if !d.rolled() {
		v.done = min(v.done, v.total-1)
	}
	for _, p := range d.current.live() {
		switch p.state {
		case backoff, unpulled, unconfigured:
			_, why, _ := p.status()
			v.broken = fmt.Sprintf("%s: %s", p.name, why)
		}
	}
	return v
}

// recheck makes sure that a plan is still of what stands there: present tells
// what does, and is nil for what the plan creates.
func (s *Source) recheck(plan core.Plan, present func() (core.Ref, string)) error {
	if present == nil {
		if s.place.find(plan.Target) != nil {
			return problemf(core.Conflict, "%s is there: somebody made it meanwhile", plan.Target.Path())
		}
		return nil
	}
	if _, err := s.place.lookup(plan.Target); err != nil {
		return err
	}
	if ref, rev := present(); ref != plan.Target || rev != plan.Rev {
		p := problemf(core.Conflict, "%s: it has changed since it was planned (revision %s, now %s)", plan.Target.Path(), plan.Rev, rev)
		p.Hint = text.Lit("look at it again and plan anew")
		return p
	}
	return nil
}

// operation binds a plan to what carries it out: all changes of the world by a
// user go through here, and through the gate. judge tells how far it is, again
// and again.
func (s *Source) operation(plan core.Plan, present func() (core.Ref, string), do func(), judge func() verdict) *core.Operation {
	var begun, done atomic.Bool
	what := plan.Verb + " " + plan.Target.Path()
	return &core.Operation{
		Plan: plan,
		Execute: func(ctx context.Context, _ core.Output) error {
			if begun.Swap(true) {
				return problemf(core.Invalid, "%s: this plan was carried out already", what)
			}
			if err := ctx.Err(); err != nil {
				return s.Problem(err)
			}
			s.w.lock()
			defer s.w.mu.Unlock()
			if err := s.recheck(plan, present); err != nil {
				return err
			}
			if err := s.w.gate.Check(ctx, what); err != nil {
				return s.Problem(err)
			}
			do()
			done.Store(true)
			return nil
		},
		Verify: func(ctx context.Context, report func(core.Progress)) (core.Outcome, error) {
			if !done.Load() {
				return core.OutcomeRefused, nil
			}
			return s.follow(ctx, judge, report)
		},
	}
}

// steady is how long a target must be healthy to be called so: a build that
// crashes is ready for a moment, too.
const steady = 8 * time.Second

// follow watches until the target is healthy for a while, is broken, or ctx ends.
func (s *Source) follow(ctx context.Context, judge func() verdict, report func(core.Progress)) (core.Outcome, error) {
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	var since time.Time
	said := ""
	for {
		s.w.lock()
		v, now := judge(), s.w.now
		s.w.mu.Unlock()
		if v.text != said {
			said = v.text
			report(core.Progress{Done: v.done, Total: v.total, Text: text.Clean(v.text)})
		}
		switch {
		case v.superseded:
			return core.OutcomeUnknown, problemf(core.Conflict, "somebody changed the target before it was healthy")
		case v.broken != "":
			return core.OutcomeFailed, nil
		case v.done < v.total:
			since = time.Time{}
		case v.settled:
			return core.OutcomeHealthy, nil
		case since.IsZero():
			since = now
		case now.Sub(since) >= s.w.story(steady):
			return core.OutcomeHealthy, nil
		}
		select {
		case <-ctx.Done():
			return core.OutcomeUnknown, s.Problem(ctx.Err())
		case <-tick.C:
		}
	}
}
