package kube

import (
	"context"
	"strings"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

var _ sources.Cordoner = (*Source)(nil)

// PlanCordon plans that a node takes no new pods (on), or takes them again.
func (s *Source) PlanCordon(ctx context.Context, ref core.Ref, on bool) (*core.Operation, error) {
	k, o, err := s.fetch(ctx, ref)
	if err != nil {
		return nil, err
	}
	verb, inverse, doing := core.VerbCordon, core.VerbUncordon, text.Lit("Cordon")
	if !on {
		verb, inverse, doing = core.VerbUncordon, core.VerbCordon, text.Lit("Uncordon")
	}
	if k.Name != "node" {
		return nil, &core.Problem{Kind: core.Unsupported, Summary: text.Sprintf("a %s cannot be cordoned", k.Name)}
	}
	if cordoned(o) == on {
		return nil, &core.Problem{Kind: core.Refused, Summary: cordonState(ref.Name, on)}
	}
	c := s.newCordon(k, o, on)
	p := core.Plan{
		Verb: verb, Title: text.Sprintf("%s node %s", doing, c.ref.Name),
		Changes:  []core.FieldChange{{Field: text.Lit("spec.unschedulable"), Before: text.Sprintf("%t", !on), After: text.Sprintf("%t", on)}},
		Command:  text.Sprintf("%s %s %s", s.kubectl(""), verb, shellWord(c.ref.Name)),
		UndoHint: text.Sprintf("U %ss it again", inverse),
		Inverse:  &core.Inverse{Verb: inverse},
	}
	if err := c.preview(ctx, &p); err != nil {
		return nil, err
	}
	s.cordonImpact(ctx, o, on, &p)
	s.managers(o, &p, text.Lit("it may put the node back as it is in Git"))
	return c.operation(p), nil
}

func cordonWhy(r *core.Resource) text.Safe   { return cordonRow(r, true) }
func uncordonWhy(r *core.Resource) text.Safe { return cordonRow(r, false) }

// cordonRow tells from a node's row that it is like that already.
func cordonRow(r *core.Resource, on bool) text.Safe {
	if strings.Contains(r.Reason.String(), "SchedulingDisabled") == on {
		return cordonState(r.Ref.Name, on)
	}
	return text.Safe{}
}

func cordoned(node tree) bool { return node.str("spec", "unschedulable") == "true" }

func cordonState(name string, on bool) text.Safe {
	if on {
		return text.Sprintf("node %s is cordoned already", name)
	}
	return text.Sprintf("node %s is not cordoned", name)
}

// newCordon is the request that sets whether a node takes pods, as
// `kubectl cordon` does.
func (s *Source) newCordon(k *kind, node tree, on bool) *change {
	c := s.newChange(k, node, "cordon")
	c.done = text.Lit("the node takes no new pods")
	var value any = true
	if !on {
		c.doing, c.done = "uncordon", text.Lit("the node takes pods again")
		value = nil
	}
	c.body = c.merged(map[string]any{"spec": map[string]any{"unschedulable": value}})
	c.arrived = func(o tree) bool { return cordoned(o) == on }
	return c
}

func (s *Source) cordonImpact(ctx context.Context, node tree, on bool, p *core.Plan) {
	if !on {
		p.Impact = append(p.Impact, text.Lit("new pods can be placed on it; those that run elsewhere stay there"))
		for _, t := range node.items("spec", "taints") {
			if t.str("key") != "node.kubernetes.io/unschedulable" {
				p.Warnings = append(p.Warnings, text.Sprintf("taint %s:%s goes on keeping pods away", t.str("key"), t.str("effect")))
			}
		}
		return
	}
	if pods, err := s.podsOn(ctx, node.str("metadata", "name")); err == nil {
		p.Impact = append(p.Impact, text.Sprintf("%d pods on it go on running; no new ones are placed on it", len(pods)))
	}
	open, total := 0, 0
	for _, n := range s.listed(ctx, "api", "v1", "nodes") {
		total++
		if !cordoned(n) && n.str("metadata", "name") != node.str("metadata", "name") {
			open++
		}
	}
	if total > 0 && open == 0 {
		p.Warnings = append(p.Warnings, text.Lit("it is the last node that takes pods: new pods will wait"))
	}
}
