package kube

import (
	"context"
	"errors"
	"net"
	"strings"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// rolloutImpact says what a rollout of a workload touches and who else has a
// say: for every change of a pod template.
func (s *Source) rolloutImpact(ctx context.Context, c *change, p *core.Plan) {
	o, kind := c.before, c.k.Name
	pods := o.num("spec", "replicas")
	if kind == "daemonset" {
		pods = o.num("status", "desiredNumberScheduled")
	}
	p.Impact = append(p.Impact, text.Sprintf("%d pods are replaced", pods), strategy(kind, o))
	if pods == 0 {
		p.Warnings = append(p.Warnings, text.Lit("it is scaled to zero: no pod will start"))
	}
	if pods == 1 && kind != "deployment" {
		p.Warnings = append(p.Warnings, text.Lit("its only pod is stopped before the new one starts: an outage"))
	}
	if kind == "deployment" && o.str("spec", "strategy", "type") == "Recreate" {
		p.Warnings = append(p.Warnings, text.Lit("strategy Recreate: all pods are stopped before new ones start: an outage"))
	}
	if n, at := o.num("metadata", "generation"), o.num("status", "observedGeneration"); at < n {
		p.Warnings = append(p.Warnings, text.Lit("a change made before is still being rolled out"))
	}
	s.budgets(ctx, c.ref.Namespace, o.sub("spec", "template", "metadata", "labels"), p)
	for _, h := range s.autoscalersOf(ctx, c.k, c.ref) {
		p.Impact = append(p.Impact, text.Sprintf("autoscaler %s keeps %s to %s replicas", h.str("metadata", "name"), h.str("spec", "minReplicas"), h.str("spec", "maxReplicas")))
	}
}

func strategy(kind string, o tree) text.Safe {
	switch kind {
	case "deployment":
		if t := o.str("spec", "strategy", "type"); t != "RollingUpdate" && t != "" {
			return text.Sprintf("strategy %s", t)
		}
		return text.Sprintf("strategy RollingUpdate, maxUnavailable %s, maxSurge %s", o.str("spec", "strategy", "rollingUpdate", "maxUnavailable"), o.str("spec", "strategy", "rollingUpdate", "maxSurge"))
	case "daemonset":
		return text.Sprintf("strategy RollingUpdate, maxUnavailable %s", o.str("spec", "updateStrategy", "rollingUpdate", "maxUnavailable"))
	}
	if part := o.num("spec", "updateStrategy", "rollingUpdate", "partition"); part > 0 {
		return text.Sprintf("strategy RollingUpdate, only from ordinal %d on (partition)", part)
	}
	return text.Lit("strategy RollingUpdate, one pod after the other, from the last to the first")
}

// listed reads a small list for a plan; what may not be seen is empty.
func (s *Source) listed(ctx context.Context, path ...string) []tree {
	b, err := s.client.do(ctx, request{path: path}, nil)
	if err != nil {
		return nil
	}
	o, err := parseTree(b)
	if err != nil {
		return nil
	}
	return o.items("items")
}

// budgets names the disruption budgets that cover pods with the labels.
func (s *Source) budgets(ctx context.Context, namespace string, labels tree, p *core.Plan) {
	for _, b := range s.listed(ctx, "apis", "policy", "v1", "namespaces", namespace, "poddisruptionbudgets") {
		if !matchesLabels(b.sub("spec", "selector"), labels) {
			continue
		}
		p.Impact = append(p.Impact, text.Sprintf("disruption budget %s: %d disruptions allowed now (a rollout does not ask it)", b.str("metadata", "name"), b.num("status", "disruptionsAllowed")))
		if b.num("status", "disruptionsAllowed") == 0 {
			p.Warnings = append(p.Warnings, text.Sprintf("disruption budget %s allows no disruption now", b.str("metadata", "name")))
		}
	}
}

// autoscalersOf are the horizontal autoscalers that aim at an object.
func (s *Source) autoscalersOf(ctx context.Context, k *kind, ref core.Ref) []tree {
	var out []tree
	for _, h := range s.listed(ctx, "apis", "autoscaling", "v2", "namespaces", ref.Namespace, "horizontalpodautoscalers") {
		if h.str("spec", "scaleTargetRef", "kind") == k.gvkKind && h.str("spec", "scaleTargetRef", "name") == ref.Name {
			out = append(out, h)
		}
	}
	return out
}

// managers warns of the tools that own the object and may put it back as they
// know it. flux says what Flux does to this change.
func (s *Source) managers(o tree, p *core.Plan, flux text.Safe) {
	labels, notes := o.sub("metadata", "labels"), o.sub("metadata", "annotations")
	for _, k := range labels.keys() {
		switch k {
		case "kustomize.toolkit.fluxcd.io/name", "helm.toolkit.fluxcd.io/name":
			p.Warnings = append(p.Warnings, text.Sprintf("managed by Flux (%s): %s", scalar(labels[k]), flux))
		case "argocd.argoproj.io/instance":
			p.Warnings = append(p.Warnings, text.Sprintf("managed by Argo CD (application %s): it may show as out of sync", scalar(labels[k])))
		}
	}
	if id := scalar(notes["argocd.argoproj.io/tracking-id"]); id != "" {
		app, _, _ := strings.Cut(id, ":")
		p.Warnings = append(p.Warnings, text.Sprintf("managed by Argo CD (application %s): it may show as out of sync", app))
	}
	if rel := scalar(notes["meta.helm.sh/release-name"]); rel != "" {
		p.Warnings = append(p.Warnings, text.Sprintf("managed by Helm (release %s): its next upgrade sets what the chart says", rel))
	} else if scalar(labels["app.kubernetes.io/managed-by"]) == "Helm" {
		p.Warnings = append(p.Warnings, text.Lit("managed by Helm: its next upgrade sets what the chart says"))
	}
	if w := controller(o); w != nil {
		p.Warnings = append(p.Warnings, text.Sprintf("owned by %s %s, which may undo the change", w.str("kind"), w.str("name")))
	}
}

// matchesLabels evaluates a label selector; a missing one matches nothing.
func matchesLabels(sel, labels tree) bool {
	if sel == nil {
		return false
	}
	for k, v := range sel.sub("matchLabels") {
		if scalar(labels[k]) != scalar(v) {
			return false
		}
	}
	for _, e := range sel.items("matchExpressions") {
		v, there := labels[e.str("key")]
		in := false
		if list, ok := e.at("values").([]any); ok {
			for _, x := range list {
				in = in || there && scalar(x) == scalar(v)
			}
		}
		switch e.str("operator") {
		case "In":
			if !in {
				return false
			}
		case "NotIn":
			if in {
				return false
			}
		case "Exists":
			if !there {
				return false
			}
		case "DoesNotExist":
			if there {
				return false
			}
		}
	}
	return true
}

// neverSent reports errors from before the request was written.
func neverSent(err error) bool {
	var op *net.OpError
	var dns *net.DNSError
	return errors.As(err, &op) && op.Op == "dial" || errors.As(err, &dns)
}
