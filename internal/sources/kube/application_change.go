package kube

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"devops-tui/internal/argo"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// applicationOf fetches an application as both.
func (s *Source) applicationOf(ctx context.Context, ref core.Ref) (*kind, tree, *argo.Application, error) {
	k, o, err := s.fetch(ctx, ref)
	if err != nil {
		return nil, nil, nil, err
	}
	a, err := asApplication(o)
	if err != nil {
		return nil, nil, nil, s.problem(text.Sprintf("cannot read application %s", ref.Name), err)
	}
	return k, o, a, nil
}

func asApplication(o tree) (*argo.Application, error) {
	b, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	return argo.DecodeApplication(b)
}

// fills are the namespaces that an application as it is or would be has objects
// in, where that is this cluster: what guards them guards the application too.
func (s *Source) fills(versions ...tree) []core.Ref {
	var out []core.Ref
	add := func(namespace string) {
		if ref := s.ref("namespace", "", namespace, ""); namespace != "" && !slices.Contains(out, ref) {
			out = append(out, ref)
		}
	}
	for _, o := range versions {
		a, err := asApplication(o)
		if err != nil || !s.here(a.Spec.Destination) {
			continue
		}
		add(a.Spec.Destination.Namespace)
		for i := range a.Status.Resources {
			add(a.Status.Resources[i].Namespace)
		}
	}
	return out
}

// free refuses an application on which nothing new can be begun.
func free(a *argo.Application) error {
	switch name := a.Meta.Name; {
	case !a.Meta.Deleted.IsZero():
		return refused(text.Sprintf("application %s is being deleted", name), text.Safe{})
	case a.Busy():
		who := ""
		if st := a.Status.State; st.Busy() {
			who = st.Operation.InitiatedBy.Who()
		} else if a.Operation != nil {
			who = a.Operation.InitiatedBy.Who()
		}
		if who == "" {
			who = "somebody"
		}
		return refused(text.Sprintf("another operation of application %s is in progress, begun by %s", name, who), text.Lit("wait for it, or cancel it"))
	}
	return nil
}

// mark is what tells an operation of ours from all others: Argo CD keeps an
// operation's info with its result.
const markName = "devops-tui"

func newMark() string {
	b := make([]byte, 8)
	_, _ = rand.Read(b) // it never fails
	return hex.EncodeToString(b)
}

func marked(op tree, mark string) bool {
	return slices.ContainsFunc(op.items("info"), func(i tree) bool { return i.str("name") == markName && i.str("value") == mark })
}

// initiator is who Argo CD's history names.
func (s *Source) initiator() map[string]any {
	name := markName
	if user := s.getenv("USER"); user != "" {
		name = user + " (" + markName + ")"
	}
	return map[string]any{"username": name}
}

// begin is the change that asks for an operation, as Argo CD's own API server
// asks: the operation is set, and the last one's result taken away, in one request.
// spec holds what else changes with it.
func (s *Source) begin(k *kind, o tree, a *argo.Application, doing string, sync map[string]any, spec map[string]any) *change {
	mark := newMark()
	op := map[string]any{
		"initiatedBy": s.initiator(), "sync": sync,
		"info": []any{map[string]any{"name": markName, "value": mark}},
	}
	if retry := o.at("spec", "syncPolicy", "retry"); retry != nil {
		op["retry"] = retry
	}
	fields := map[string]any{"operation": op, "status": map[string]any{"operationState": nil}}
	if spec != nil {
		fields["spec"] = spec
	}
	c := s.newChange(k, o, doing)
	c.contentType, c.body = mergePatch, c.merged(fields)
	c.fits = sameApplication(o, free)
	c.arrived = func(o tree) bool {
		return marked(o.sub("operation"), mark) || marked(o.sub("status", "operationState", "operation"), mark)
	}
	s.operationEnds(c, mark)
	return c
}

// sameApplication tells whether an application is still the one that was
// planned for: its spec is. Its generation counts every change of its status.
func sameApplication(before tree, also func(*argo.Application) error) func(tree) error {
	return func(now tree) error {
		if !sameJSON(now.at("spec"), before.at("spec")) {
			return &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("application %s was changed since the plan was made", before.str("metadata", "name")), Hint: text.Lit("look at the plan again")}
		}
		a, err := asApplication(now)
		if err != nil {
			return err
		}
		if err := also(a); err != nil {
			var p core.Problem
			if q, ok := err.(*core.Problem); ok {
				p = *q
				p.Kind = core.Conflict // it was not so when it was planned
				return &p
			}
			return err
		}
		return nil
	}
}

// operationEnds follows the operation with the mark to its end, and then the
// application until its health is known.
func (s *Source) operationEnds(c *change, mark string) {
	var began, ended time.Time
	c.settled = func(o tree, _ int) (done, total int, msg text.Safe, err error) {
		a, err := asApplication(o)
		if err != nil {
			return 0, 0, text.Safe{}, err
		}
		if began.IsZero() {
			began = s.now()
		}
		st := a.Status.State
		if !marked(o.sub("status", "operationState", "operation"), mark) {
			if s.now().Sub(began) > s.unheard {
				return 0, 0, text.Safe{}, s.nobody(text.Lit("application controller"))
			}
			return 0, 0, text.Lit("waits for the application controller to begin"), nil
		}
		if st.SyncResult != nil {
			total = len(st.SyncResult.Resources)
			for _, r := range st.SyncResult.Resources {
				if r.Over() || r.Status == "Synced" {
					done++
				}
			}
		}
		switch {
		case st.Busy():
			return done, total, text.Sprintf("%s: %s", st.Phase, st.Message), nil
		case st.Bad():
			return done, total, text.Safe{}, &core.Problem{Kind: core.Refused, Summary: text.Sprintf("the sync ended as %s: %s", st.Phase, st.Message), Hint: text.Lit("which resource failed, and why, is in the application's explanation")}
		}
		if ended.IsZero() {
			ended = s.now()
		}
		return s.healthAfter(c, a, ended)
	}
}

// healthAfter waits for the health of an application whose sync went well. What
// the controller said before the sync's end does not count.
func (s *Source) healthAfter(c *change, a *argo.Application, ended time.Time) (done, total int, msg text.Safe, err error) {
	st := &a.Status
	done, total = len(st.Resources)-len(a.OutOfSync()), len(st.Resources)
	stale := st.ReconciledAt.Before(st.State.FinishedAt.Time) && s.now().Sub(ended) < s.unheard
	switch health := st.Health.Status; {
	case stale:
		return done, total, text.Lit("synced; waits for the application's health"), nil
	case health == "Healthy", health == "":
		c.done = text.Sprintf("synced to %s, the application is healthy", argo.Revisions(st.State.SyncResult.All()))
	case health == "Suspended":
		c.done = text.Sprintf("synced to %s; the application is suspended: something in it waits for a human", argo.Revisions(st.State.SyncResult.All()))
	case health == "Degraded", health == "Missing":
		return done, total, text.Safe{}, &core.Problem{Kind: core.Unreachable, Summary: text.Sprintf("synced, but the application is %s: %s", health, st.Health.Message), Hint: text.Lit("its explanation names what is unhealthy")}
	default:
		return done, total, text.Sprintf("synced; the application is %s", health), nil
	}
	return total, total, text.Safe{}, nil
}

// patchLine is how kubectl asks for the same.
func (s *Source) patchLine(c *change, fields map[string]any) text.Safe {
	b, _ := json.Marshal(fields)
	return text.Concat(s.kubectl(c.ref.Namespace), text.Sprintf(" patch %s %s --type=merge -p %s", c.k.argument(), shellWord(c.ref.Name), shellWord(string(b))))
}

// operationFields is the operation as the equivalent command sets it. Without
// sources Argo CD takes the application's own; they may hold secrets (parameters
// of a chart), which stand in no command line.
func operationFields(sync map[string]any) map[string]any {
	short := maps.Clone(sync)
	delete(short, "source")
	delete(short, "sources")
	return map[string]any{"operation": map[string]any{"sync": short}}
}

// pipeLine is how kubectl and jq ask for what the application's own status
// holds: the line itself has nothing of it.
func (s *Source) pipeLine(c *change, filter text.Safe) text.Safe {
	object := text.Sprintf("%s %s", c.k.argument(), shellWord(c.ref.Name))
	kubectl := s.kubectl(c.ref.Namespace)
	return text.Concat(kubectl, text.Lit(" get "), object, text.Lit(" -o json | jq '"), filter, text.Lit("' | "), kubectl, text.Lit(" patch "), object, text.Lit(" --type=merge --patch-file=/dev/stdin"))
}
