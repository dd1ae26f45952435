package kube

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// sorted are the pods of a node by what a drain does with them.
type sorted struct {
	evicted   []tree
	ending    []tree // are going already
	daemons   []tree // stay: their daemon set would start them here again
	mirrors   []tree // stay: the kubelet's own (static pods)
	unmanaged []tree // nothing starts them again
	local     []tree // have data on the node
	lost      []tree // of the evicted: nothing starts them again, or their local data goes
	how       core.Drain
}

// sortPods tells apart what `kubectl drain` tells apart.
func sortPods(pods []tree, how core.Drain) sorted {
	out := sorted{how: how}
	for _, p := range pods {
		owner := controller(p)
		over := p.str("status", "phase") == "Succeeded" || p.str("status", "phase") == "Failed"
		_, mirror := p.sub("metadata", "annotations")["kubernetes.io/config.mirror"]
		switch {
		case mirror:
			out.mirrors = append(out.mirrors, p)
		case owner.str("kind") == "DaemonSet" && !over:
			out.daemons = append(out.daemons, p)
		case p.str("metadata", "deletionTimestamp") != "":
			out.ending = append(out.ending, p)
		default:
			lost := false
			if owner == nil && !over {
				out.unmanaged, lost = append(out.unmanaged, p), true
			}
			if hasEmptyDir(p) && !over {
				out.local, lost = append(out.local, p), true
			}
			out.evicted = append(out.evicted, p)
			if lost {
				out.lost = append(out.lost, p)
			}
		}
	}
	return out
}

func hasEmptyDir(pod tree) bool {
	return slices.ContainsFunc(pod.items("spec", "volumes"), func(v tree) bool { return v.sub("emptyDir") != nil })
}

// refusal is what nobody has agreed to lose; nil: nothing.
func (d *sorted) refusal(node string) error {
	switch {
	case len(d.unmanaged) > 0 && !d.how.Force:
		return &core.Problem{
			Kind: core.Refused, Summary: text.Sprintf("node %s has %d pods that nothing would start again: %s", node, len(d.unmanaged), someNames(d.unmanaged)),
			Hint: text.Lit("force evicts them too (--set force=true); they are gone then"),
		}
	case len(d.local) > 0 && !d.how.DeleteEmptyDir:
		return &core.Problem{
			Kind: core.Refused, Summary: text.Sprintf("node %s has %d pods with local data (emptyDir): %s", node, len(d.local), someNames(d.local)),
			Hint: text.Lit("delete-emptydir lets that data go (--set delete-emptydir=true)"),
		}
	}
	return nil
}

// tell says in the plan what happens to which pods.
func (d *sorted) tell(p *core.Plan) {
	by := map[string]int{}
	for _, pod := range d.evicted {
		owner := "no owner"
		if o := controller(pod); o != nil {
			owner = o.str("kind") + " " + pod.str("metadata", "namespace") + "/" + o.str("name")
		}
		by[owner]++
	}
	p.Impact = append(p.Impact, text.Sprintf("%d pods are evicted", len(d.evicted)))
	owners := slices.Sorted(maps.Keys(by))
	slices.SortStableFunc(owners, func(a, b string) int { return by[b] - by[a] })
	for i, o := range owners {
		if i == 8 {
			p.Impact = append(p.Impact, text.Sprintf("  and of %d more owners", len(owners)-i))
			break
		}
		p.Impact = append(p.Impact, text.Sprintf("  %d of %s", by[o], o))
	}
	for _, x := range []struct {
		pods []tree
		what text.Safe
	}{
		{d.daemons, text.Lit("pods of daemon sets stay")},
		{d.mirrors, text.Lit("static pods of the kubelet stay")},
		{d.ending, text.Lit("pods are ending already")},
	} {
		if len(x.pods) > 0 {
			p.Impact = append(p.Impact, text.Sprintf("%d %s", len(x.pods), x.what))
		}
	}
	if len(d.unmanaged) > 0 {
		p.Warnings = append(p.Warnings, text.Sprintf("%d pods are lost, nothing starts them again: %s", len(d.unmanaged), someNames(d.unmanaged)))
	}
	if len(d.local) > 0 {
		p.Warnings = append(p.Warnings, text.Sprintf("%d pods lose their local data (emptyDir): %s", len(d.local), someNames(d.local)))
	}
}

// someNames names the first of the objects.
func someNames(list []tree) string {
	out := ""
	for i, o := range list {
		if i == 3 {
			return out + fmt.Sprintf(" and %d more", len(list)-i)
		}
		if i > 0 {
			out += ", "
		}
		if ns := o.str("metadata", "namespace"); ns != "" {
			out += ns + "/"
		}
		out += o.str("metadata", "name")
	}
	return out
}

// budgetsOfDrain names the disruption budgets that cover the pods, with what
// they allow now.
func (s *Source) budgetsOfDrain(ctx context.Context, pods []tree, p *core.Plan) {
	namespaces := map[string][]tree{}
	for _, pod := range pods {
		ns := pod.str("metadata", "namespace")
		namespaces[ns] = append(namespaces[ns], pod)
	}
	for _, ns := range slices.Sorted(maps.Keys(namespaces)) {
		for _, b := range s.listed(ctx, "apis", "policy", "v1", "namespaces", ns, "poddisruptionbudgets") {
			covered, allowed := 0, b.num("status", "disruptionsAllowed")
			for _, pod := range namespaces[ns] {
				if matchesLabels(b.sub("spec", "selector"), pod.sub("metadata", "labels")) {
					covered++
				}
			}
			name := ns + "/" + b.str("metadata", "name")
			switch {
			case covered == 0:
			case allowed == 0:
				p.Warnings = append(p.Warnings, text.Sprintf("disruption budget %s blocks: it allows 0 disruptions now and covers %d of the pods; the drain waits for it up to %s", name, covered, text.Duration(drainLimit)))
			case allowed < covered:
				p.Impact = append(p.Impact, text.Sprintf("disruption budget %s allows %d disruptions now and covers %d of the pods: they go one batch after the other", name, allowed, covered))
			default:
				p.Impact = append(p.Impact, text.Sprintf("disruption budget %s allows %d disruptions now and covers %d of the pods", name, allowed, covered))
			}
		}
	}
}

// roomElsewhere warns when no other node takes the pods.
func (s *Source) roomElsewhere(ctx context.Context, node string, p *core.Plan) {
	nodes := s.listed(ctx, builtinByName["node"].path("")...)
	if len(nodes) > 0 && !slices.ContainsFunc(nodes, func(n tree) bool { return n.str("metadata", "name") != node && !cordoned(n) }) {
		p.Warnings = append(p.Warnings, text.Lit("no other node takes pods: those that are evicted will wait"))
	}
}

// drainForm asks for what a drain may lose, with what is there.
func (s *Source) drainForm(ctx context.Context, k *kind, ref core.Ref) (core.Form, error) {
	if k.Name != "node" {
		return core.Form{}, nil
	}
	pods, err := s.podsOn(ctx, ref.Name)
	if err != nil {
		return core.Form{}, s.problem(text.Sprintf("cannot list the pods of node %s", ref.Name), err)
	}
	d := sortPods(pods, core.Drain{})
	return core.Form{
		Note: text.Sprintf("%d pods to evict; %d of daemon sets and %d static ones stay", len(d.evicted), len(d.daemons), len(d.mirrors)),
		Fields: []core.Field{
			{Name: "delete-emptydir", Title: text.Lit("delete local data"), Type: core.FieldBool, Value: "false", Help: text.Sprintf("%d pods have data on the node (emptyDir), which is lost", len(d.local))},
			{Name: "force", Title: text.Lit("force"), Type: core.FieldBool, Value: "false", Help: text.Sprintf("%d pods are started again by nothing; they are lost", len(d.unmanaged))},
			graceField(),
		},
	}, nil
}

// graceField asks for seconds until a pod is killed.
func graceField() core.Field {
	return core.Field{Name: "grace", Title: text.Lit("grace"), Help: text.Lit("seconds until what does not end is killed; -1: each one's own"), Type: core.FieldNumber, Value: "-1", Min: -1, Max: 86400}
}
