package kube

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"devops-tui/internal/argo"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// unheard is how long a change waits for a controller that does not look at it.
const unheard = 30 * time.Second

// unheardError ends the wait for a controller that is not there: nobody can tell
// what becomes of the change.
type unheardError struct{ *core.Problem }

func (e unheardError) Unwrap() error { return e.Problem }

// nobody is the end of a wait for a controller.
func (s *Source) nobody(controller text.Safe) error {
	return unheardError{&core.Problem{
		Kind: core.Unreachable, Summary: text.Concat(text.Lit("nobody acts on it: no "), controller, text.Sprintf(" answered within %s", text.Duration(s.unheard))),
		Hint: text.Lit("the change is in the cluster; it is carried out when the controller runs again"),
	}}
}

// unanswered reports whether a wait ended because nobody acts.
func unanswered(err error) (*core.Problem, bool) {
	var u unheardError
	if errors.As(err, &u) {
		return u.Problem, true
	}
	return nil, false
}

// asRollout reads a fetched rollout.
func asRollout(o tree) (*argo.Rollout, error) {
	b, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	return argo.DecodeRollout(b)
}

// rolloutOf fetches a rollout as both.
func (s *Source) rolloutOf(ctx context.Context, ref core.Ref) (*kind, tree, *argo.Rollout, error) {
	k, o, err := s.fetch(ctx, ref)
	if err != nil {
		return nil, nil, nil, err
	}
	r, err := asRollout(o)
	if err != nil {
		return nil, nil, nil, s.problem(text.Sprintf("cannot read rollout %s", ref.Name), err)
	}
	return k, o, r, nil
}

// rolloutsLine is the equivalent line with Argo's plugin of kubectl, whose flags
// stand at the end.
func (s *Source) rolloutsLine(ref core.Ref, what text.Safe, flags ...text.Safe) text.Safe {
	line := text.Concat(text.Lit("kubectl argo rollouts "), what, text.Sprintf(" %s -n %s --context %s", shellWord(ref.Name), shellWord(ref.Namespace), shellWord(s.scope)))
	for _, f := range flags {
		line = text.Concat(line, text.Lit(" "), f)
	}
	return line
}

// plain says how kubectl alone does the same.
func (s *Source) plain(c *change, fields any) text.Safe {
	b, _ := json.Marshal(fields)
	sub, kind := text.Safe{}, text.Lit("merge")
	if len(c.sub) > 0 {
		sub = text.Sprintf(" --subresource=%s", c.sub[0])
	}
	if c.contentType == jsonPatch {
		kind = text.Lit("json")
	}
	return text.Concat(text.Lit("without the plugin: "), s.kubectl(c.ref.Namespace), text.Sprintf(" patch %s %s", c.k.argument(), shellWord(c.ref.Name)), sub, text.Lit(" --type="), kind, text.Sprintf(" -p %s", shellWord(string(b))))
}

// jsonPatch is RFC 6902.
const jsonPatch = "application/json-patch+json"

// operations is the body of a JSON patch, with the preconditions: the server
// refuses another UID, and a revision that is no longer the newest.
func (c *change) operations(ops ...map[string]any) func(rev string) []byte {
	return func(rev string) []byte {
		all := []map[string]any{
			{"op": "replace", "path": "/metadata/uid", "value": c.ref.UID},
			{"op": "replace", "path": "/metadata/resourceVersion", "value": rev},
		}
		b, _ := json.Marshal(append(all, ops...)) // plain values always can be
		return b
	}
}

// statusChange is a change of a rollout's status, which is where commands for
// its controller stand. What is planned holds as long as the rollout is at the
// same point.
func (s *Source) statusChange(k *kind, o tree, r *argo.Rollout, doing string, fields map[string]any) *change {
	c := s.newChange(k, o, doing)
	c.contentType = mergePatch
	if !k.bare {
		c.sub = []string{"status"}
	}
	c.body = c.merged(map[string]any{"status": fields})
	c.fits = func(now tree) error {
		n, err := asRollout(now)
		if err != nil || point(n) == point(r) {
			return err
		}
		return &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("rollout %s is at another point than when the plan was made: %s now", c.ref.Name, n.Where()), Hint: text.Lit("look at the plan again")}
	}
	return c
}

// point is where a rollout is: another one means that somebody, or time, went on.
func point(o *argo.Rollout) string {
	at, _ := o.At()
	return fmt.Sprint(at, o.Status.CurrentPodHash, o.Status.StableRS, o.Status.Abort, o.Status.PromoteFull, o.Spec.Paused, o.Waiting(), o.Meta.Generation)
}

// reaches makes the judgement of a rollout that is followed. over looks at it
// once the controller has seen the newest spec: a message is what is waited for,
// an empty one means that it is there.
func (s *Source) reaches(c *change, over func(r *argo.Rollout) (text.Safe, error)) {
	var began time.Time
	c.settled = func(o tree, gen int) (int, int, text.Safe, error) {
		r, err := asRollout(o)
		if err != nil {
			return 0, 0, text.Safe{}, err
		}
		if began.IsZero() {
			began = s.now()
		}
		at, of := r.At()
		if of == 0 {
			at, of = r.Status.Updated, r.Desired()
		}
		if !r.Seen() || r.Status.Phase == "" {
			if s.now().Sub(began) > s.unheard {
				return 0, 0, text.Safe{}, s.nobody(text.Lit("rollouts controller"))
			}
			return 0, of, text.Lit("waits for the rollouts controller to see the change"), nil
		}
		msg, err := over(r)
		return min(at, of), of, msg, err
	}
}

// stuckRollout is why a rollout does not go on; nil: nothing is wrong.
func stuckRollout(r *argo.Rollout) error {
	if r.Status.Phase != "Degraded" && !r.Status.Abort {
		return nil
	}
	return &core.Problem{Kind: core.Refused, Summary: text.Sprintf("the rollout is %s: %s", r.Status.Phase, r.Status.Message), Hint: text.Lit("its analyses and events say more; the stable version serves on")}
}

// forward waits until the new version is everywhere, or until a human is asked.
// been is the point that is left; old is what went wrong before, which says
// nothing of the change.
func forward(c *change, been string) func(r *argo.Rollout) (text.Safe, error) {
	return func(r *argo.Rollout) (text.Safe, error) {
		if err := stuckRollout(r); err != nil {
			return text.Safe{}, err
		}
		at, of := r.At()
		switch {
		case r.Status.Phase == "Healthy" && r.Settled():
			c.done = text.Lit("the new version is everywhere and healthy")
			return text.Safe{}, nil
		case r.Waiting() && point(r) != been:
			c.done = text.Concat(text.Lit("it waits for "), text.Join(text.Lit(", "), r.Waits()...))
			return text.Safe{}, nil
		case r.Spec.Paused:
			c.done = text.Lit("it is paused by hand: it goes on when it is resumed")
			return text.Safe{}, nil
		case at < of:
			return text.Concat(r.Where(), text.Lit(": "), r.Steps()[at].Title()), nil
		}
		return text.Sprintf("%d of %d pods are new, %d are available", r.Status.Updated, r.Desired(), r.Status.Available), nil
	}
}
