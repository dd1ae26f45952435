package demo

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

func (n *node) rev() string { return strconv.Itoa(n.spec) }

// mark sets whether the node takes new pods.
func (n *node) mark(cordoned bool) {
	n.cordoned = cordoned
	n.spec++
	reason := "NodeSchedulable"
	if cordoned {
		reason = "NodeNotSchedulable"
	}
	n.place.say(n.ref(), false, reason, "kubelet", "Node "+n.name+" status is now: "+reason)
	n.place.touch(n)
}

// pods are those on the node that do not end, by name.
func (n *node) pods() []*pod {
	var out []*pod
	for _, o := range n.place.list("pod") {
		if p := o.(*pod); p.node == n && p.state != ending {
			out = append(out, p)
		}
	}
	return out
}

func (s *Source) node(ctx context.Context, ref core.Ref) (*node, func(), error) {
	o, done, err := s.object(ctx, ref)
	if err != nil {
		return nil, nil, err
	}
	n, ok := o.(*node)
	if !ok {
		done()
		return nil, nil, problemf(core.Unsupported, "a %s is not a node", ref.Kind)
	}
	return n, done, nil
}

// PlanCordon plans that a node takes no new pods (on) or takes them again.
func (s *Source) PlanCordon(ctx context.Context, ref core.Ref, on bool) (*core.Operation, error) {
	n, done, err := s.node(ctx, ref)
	if err != nil {
		return nil, err
	}
	defer done()
	verb, inverse, title := core.VerbCordon, core.VerbUncordon, text.Lit("Cordon")
	if !on {
		verb, inverse, title = core.VerbUncordon, core.VerbCordon, text.Lit("Uncordon")
	}
	if n.cordoned == on {
		return nil, problemf(core.Refused, "node %s: nothing to %s", n.name, verb)
	}
	before, after := strconv.FormatBool(n.cordoned), strconv.FormatBool(on)
	plan := core.Plan{
		Verb: verb, Target: n.ref(), Rev: n.rev(), Title: text.Sprintf("%s node %s", title, n.name),
		Changes:  []core.FieldChange{change("spec.unschedulable", before, after)},
		Diff:     difference("spec", [3]string{"unschedulable", before, after}),
		Command:  text.Sprintf("%s %s %s", n.place.kubectl(""), verb, n.name),
		UndoHint: text.Sprintf("U plans %s", inverse), Inverse: &core.Inverse{Verb: inverse},
	}
	if on {
		plan.Impact = []text.Safe{text.Sprintf("%d pods on it go on running; no new ones are placed on it", len(n.pods()))}
		plan.Warnings = n.lastOne()
	} else {
		plan.Impact = []text.Safe{text.Lit("new pods can be placed on it; those that run elsewhere stay there")}
	}
	return s.operation(plan,
		func() (core.Ref, string) { return n.ref(), n.rev() },
		func() { n.mark(on) },
		func() verdict { return arrived(n.cordoned == on, "the node is marked") }), nil
}

// lastOne warns when no other node takes pods.
func (n *node) lastOne() []text.Safe {
	for _, o := range n.place.nodes {
		if o != n && !o.cordoned {
			return nil
		}
	}
	return []text.Safe{text.Lit("no other node takes pods: new ones will wait")}
}

// local reports whether a pod of the service keeps data in an emptyDir.
func (s *service) local() bool { return slices.Contains(s.containers, "proxy") }

// PlanDrain plans that a node is emptied: cordoned, and its pods evicted one
// after the other as their disruption budgets allow.
func (s *Source) PlanDrain(ctx context.Context, ref core.Ref, how core.Drain) (*core.Operation, error) {
	n, done, err := s.node(ctx, ref)
	if err != nil {
		return nil, err
	}
	defer done()
	pods := n.pods()
	var names, local []string
	services := map[*deployment]int{}
	for _, p := range pods {
		names = append(names, p.name)
		services[p.rs.dep]++
		if p.rs.dep.service.local() {
			local = append(local, p.name)
		}
	}
	if len(local) > 0 && !how.DeleteEmptyDir {
		p := problemf(core.Refused, "%d pods on %s keep data in an emptyDir (cache of the proxy): %s", len(local), n.name, strings.Join(local, ", "))
		p.Hint = text.Lit("delete-emptydir=true drains them too; what they keep is lost")
		return nil, p
	}
	plan := core.Plan{
		Verb: core.VerbDrain, Target: n.ref(), Rev: n.rev(), Danger: 1, Title: text.Sprintf("Drain node %s", n.name),
		Changes: []core.FieldChange{
			change("spec.unschedulable", strconv.FormatBool(n.cordoned), "true"), change("pods", strconv.Itoa(len(pods)), "0"),
		},
		Diff:     difference("spec", [3]string{"unschedulable", strconv.FormatBool(n.cordoned), "true"}),
		Command:  text.Sprintf("%s drain %s --ignore-daemonsets%s", n.place.kubectl(""), n.name, drainFlags(how)),
		Warnings: n.lastOne(),
		UndoHint: text.Lit("U plans uncordon; the pods stay where they are then"),
		Inverse:  &core.Inverse{Verb: core.VerbUncordon},
	}
	for _, name := range names {
		plan.Impact = append(plan.Impact, text.Sprintf("evicts %s", name))
	}
	if len(local) > 0 {
		plan.Danger = 2
		plan.Warnings = append(plan.Warnings, text.Sprintf("the emptyDir data of %d pods is lost", len(local)))
	}
	for _, o := range n.place.list("deployment") {
		if d := o.(*deployment); services[d] > 0 && d.replicas == 1 {
			plan.Warnings = append(plan.Warnings, text.Sprintf("%s has one pod only: it is away until the new one is ready", d.service.name))
		} else if services[d] > 0 {
			plan.Impact = append(plan.Impact, text.Sprintf("PodDisruptionBudget %s lets one of its %d pods go at a time", d.service.name, d.replicas))
		}
	}
	return s.operation(plan,
		func() (core.Ref, string) { return n.ref(), n.rev() },
		func() {
			n.mark(true)
			n.evict()
		},
		func() verdict {
			left := len(n.pods())
			v := verdict{total: len(pods) + 1, done: max(len(pods)-left, 0), text: fmt.Sprintf("%d pods are left", left)}
			whole := true
			for d := range services {
				whole = whole && (d.gone || d.ready() >= d.replicas || d.current.build.defect != sound)
			}
			switch {
			case !n.cordoned:
				v.superseded = true
			case left == 0 && whole:
				v.done, v.text, v.settled = v.total, "empty; the pods run elsewhere", true
			case left == 0:
				v.text = "empty; waiting for the pods elsewhere"
			}
			return v
		}), nil
}

func drainFlags(how core.Drain) string {
	out := ""
	if how.Grace >= 0 {
		out += fmt.Sprintf(" --grace-period=%d", how.Grace)
	}
	if how.DeleteEmptyDir {
		out += " --delete-emptydir-data"
	}
	if how.Force {
		out += " --force"
	}
	return out
}

// evict takes one pod away and looks again: a budget lets the next one of a
// deployment go when all others are ready.
func (n *node) evict() {
	w := n.place.w
	if !n.cordoned {
		return // somebody took it back
	}
	for _, p := range n.pods() {
		if d := p.rs.dep; p.ready && d.ready() < d.replicas {
			continue // its budget
		}
		n.place.say(p.ref(), false, "Evicted", "drain", "evicted from "+n.name)
		p.end()
		break
	}
	if len(n.pods()) > 0 {
		w.after(time.Second, n.evict)
	}
}
