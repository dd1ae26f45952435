package kube

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

var _ sources.Drainer = (*Source)(nil)

// drainLimit is how long a drain waits for disruption budgets and for the last
// pod to end.
const drainLimit = 30 * time.Minute

// emptying is one planned emptying of a node.
type emptying struct {
	s      *Source
	cordon *change // the node; nothing is sent when it is cordoned already
	how    core.Drain
	sort   sorted // as planned
}

// PlanDrain plans what `kubectl drain` does: the node takes no new pods, and
// those on it are evicted by the API that asks the disruption budgets
// (https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/).
// Nothing is deleted past a budget.
func (s *Source) PlanDrain(ctx context.Context, ref core.Ref, how core.Drain) (*core.Operation, error) {
	k, node, err := s.fetch(ctx, ref)
	if err != nil {
		return nil, err
	}
	if k.Name != "node" {
		return nil, &core.Problem{Kind: core.Unsupported, Summary: text.Sprintf("a %s cannot be drained", k.Name)}
	}
	pods, err := s.podsOn(ctx, ref.Name)
	if err != nil {
		return nil, s.problem(text.Sprintf("cannot list the pods of node %s", ref.Name), err)
	}
	d := &emptying{s: s, cordon: s.newCordon(k, node, true), how: how, sort: sortPods(pods, how)}
	d.cordon.doing = "drain"
	if err := d.sort.refusal(ref.Name); err != nil {
		return nil, err
	}
	if cordoned(node) && len(d.sort.evicted) == 0 && len(d.sort.ending) == 0 {
		return nil, &core.Problem{Kind: core.Refused, Summary: text.Sprintf("node %s is drained already", ref.Name)}
	}
	p := core.Plan{
		Verb: core.VerbDrain, Danger: 1, Target: d.cordon.ref, Rev: d.cordon.rev,
		Title: text.Sprintf("Drain node %s", ref.Name), Command: s.drainCommand(ref.Name, how),
		UndoHint: text.Lit("U uncordons the node; the pods do not come back to it by themselves"),
		Inverse:  &core.Inverse{Verb: core.VerbUncordon},
	}
	if cordoned(node) {
		p.UndoHint = text.Lit("cannot be undone: it was cordoned before, and the pods do not come back by themselves")
		p.Inverse = nil
	} else {
		p.Changes = []core.FieldChange{{Field: text.Lit("spec.unschedulable"), Before: text.Lit("false"), After: text.Lit("true")}}
		if err := d.cordon.preview(ctx, &p); err != nil {
			return nil, err
		}
	}
	p.Changes = append(p.Changes, core.FieldChange{Field: text.Lit("pods to evict"), Before: text.Int(len(d.sort.evicted)), After: text.Lit("0")})
	if len(d.sort.lost) > 0 {
		p.Danger = 2
	}
	d.sort.tell(&p)
	s.budgetsOfDrain(ctx, d.sort.evicted, &p)
	s.roomElsewhere(ctx, ref.Name, &p)
	d.tryEviction(ctx, &p)
	return &core.Operation{Plan: p, Execute: d.execute, Verify: d.verify, SendLimit: drainLimit, VerifyLimit: drainLimit}, nil
}

func (s *Source) drainCommand(name string, how core.Drain) text.Safe {
	args := []string{"drain", shellWord(name), "--ignore-daemonsets"}
	if how.DeleteEmptyDir {
		args = append(args, "--delete-emptydir-data")
	}
	if how.Force {
		args = append(args, "--force")
	}
	if how.Grace >= 0 {
		args = append(args, "--grace-period="+text.Int(how.Grace).String())
	}
	return text.Sprintf("%s %s", s.kubectl(""), strings.Join(args, " "))
}

// podsOn lists the pods of a node.
func (s *Source) podsOn(ctx context.Context, node string) ([]tree, error) {
	b, err := s.client.do(ctx, request{path: []string{"api", "v1", "pods"}, query: url.Values{"fieldSelector": {"spec.nodeName=" + node}}}, nil)
	if err != nil {
		return nil, err
	}
	o, err := parseTree(b)
	if err != nil {
		return nil, err
	}
	return o.items("items"), nil
}

// tryEviction dry-runs the eviction of the first pod: whether one may evict at
// all, and whether the server takes it, is known before.
func (d *emptying) tryEviction(ctx context.Context, p *core.Plan) {
	if len(d.sort.evicted) == 0 {
		return
	}
	pod := d.sort.evicted[0]
	err := d.evict(ctx, pod, true)
	if err == nil || isStatus(err, http.StatusTooManyRequests, http.StatusNotFound, http.StatusConflict) {
		return
	}
	p.Blind = true
	p.Preview = text.Sprintf("eviction of pod %s: %s", pod.str("metadata", "name"), d.s.problem(text.Safe{}, err).Summary)
}

// execute cordons the node and evicts its pods. Each eviction is sent once; one
// that a budget refuses (429: nothing was done) is asked for again, as the API's contract
// says, until ctx ends.
func (d *emptying) execute(ctx context.Context, out core.Output) error {
	if !cordoned(d.cordon.before) {
		if err := d.cordon.execute(ctx, out); err != nil {
			return err
		}
	} else if _, _, err := d.s.fetch(ctx, d.cordon.ref); err != nil {
		return err
	}
	pods, err := d.s.podsOn(ctx, d.cordon.ref.Name) // none is added any more
	if err != nil {
		return d.s.problem(text.Lit("the node is cordoned, but its pods cannot be listed"), err)
	}
	now := sortPods(pods, d.how)
	if err := now.refusal(d.cordon.ref.Name); err != nil {
		return err // a pod that nobody agreed to lose came meanwhile
	}
	left, total := now.evicted, len(now.evicted)
	for {
		var refused []tree
		var why text.Safe
		for i, pod := range left {
			err := d.evict(ctx, pod, false)
			name := pod.str("metadata", "namespace") + "/" + pod.str("metadata", "name")
			switch {
			case err == nil:
				out.Line(text.Sprintf("pod %s is evicted", name).Line())
			case isStatus(err, http.StatusNotFound, http.StatusConflict): // it is gone, or another has its name
				out.Line(text.Sprintf("pod %s is gone", name).Line())
			case isStatus(err, http.StatusTooManyRequests):
				refused = append(refused, pod)
				why = text.Sprintf("pod %s waits: %s", name, err)
			default:
				return d.s.partly(text.Sprintf("the node is cordoned, %d of %d pods are evicted; cannot evict pod %s", total-len(left)+i-len(refused), total, name), err)
			}
		}
		left = refused
		if len(left) == 0 {
			out.Progress(core.Progress{Done: total, Total: total, Text: text.Lit("all pods are told to end")})
			return nil
		}
		out.Progress(core.Progress{Done: total - len(left), Total: total, Text: why})
		pause(ctx, d.s.evicting, nil)
		if ctx.Err() != nil {
			return &core.Problem{
				Kind: core.Internal, Summary: text.Sprintf("%d of %d pods are evicted; %d wait for disruption budgets. The node stays cordoned", total-len(left), total, len(left)),
				Hint: why,
			}
		}
	}
}

// evict sends one eviction, for this life of the pod only.
func (d *emptying) evict(ctx context.Context, pod tree, dry bool) error {
	name, namespace := pod.str("metadata", "name"), pod.str("metadata", "namespace")
	options := map[string]any{"preconditions": map[string]any{"uid": pod.str("metadata", "uid")}}
	if d.how.Grace >= 0 {
		options["gracePeriodSeconds"] = d.how.Grace
	}
	q := url.Values{}
	if dry {
		q.Set("dryRun", "All")
		options["dryRun"] = []string{"All"}
	}
	body := jsonOf(map[string]any{
		"apiVersion": "policy/v1", "kind": "Eviction",
		"metadata": map[string]any{"name": name, "namespace": namespace}, "deleteOptions": options,
	})
	path := builtinByName["pod"].object(core.Ref{Namespace: namespace, Name: name}, "eviction")
	_, err := d.s.client.do(ctx, request{method: http.MethodPost, path: path, query: q, contentType: "application/json", body: body}, nil)
	return err
}

// verify waits until nothing is left on the node but what stays.
func (d *emptying) verify(ctx context.Context, report func(core.Progress)) (core.Outcome, error) {
	total := max(len(d.sort.evicted)+len(d.sort.ending), 1)
	return d.s.follow(ctx, report, func() (core.Outcome, bool, error) {
		_, node, err := d.s.fetch(ctx, d.cordon.ref)
		var pods []tree
		if err == nil {
			pods, err = d.s.podsOn(ctx, d.cordon.ref.Name)
		}
		if err != nil {
			return core.OutcomeUnknown, false, err
		}
		if !cordoned(node) {
			if d.cordon.gen == 0 && !cordoned(d.cordon.before) {
				return core.OutcomeRefused, true, &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("the change did not arrive: node %s is not cordoned", d.cordon.ref.Name)}
			}
			return core.OutcomeFailed, true, &core.Problem{Kind: core.Conflict, Summary: text.Lit("somebody uncordoned the node meanwhile")}
		}
		now := sortPods(pods, core.Drain{Force: true, DeleteEmptyDir: true})
		left := append(now.evicted, now.ending...)
		if len(left) == 0 {
			report(core.Progress{Done: total, Total: total, Text: text.Sprintf("node %s is empty; %d pods of daemon sets stay", d.cordon.ref.Name, len(now.daemons))})
			return core.OutcomeHealthy, true, nil
		}
		if len(now.evicted) > 0 && len(now.ending) == 0 {
			return core.OutcomeFailed, true, &core.Problem{Kind: core.Refused, Summary: text.Sprintf("%d pods are still on node %s and not about to end", len(now.evicted), d.cordon.ref.Name), Hint: text.Lit("drain it again, or uncordon it")}
		}
		report(core.Progress{Done: max(total-len(left), 0), Total: total, Text: text.Sprintf("%d pods end, pod %s among them", len(left), left[len(left)-1].str("metadata", "name"))})
		return core.OutcomeUnknown, false, nil
	})
}

// partly is the error of a change of several requests of which some were
// carried out: it failed, it was not refused.
func (s *Source) partly(what text.Safe, err error) error {
	err = s.outcome(what, err)
	if p, ok := err.(*core.Problem); ok {
		q := *p
		q.Kind = core.Internal
		return &q
	}
	return err
}
