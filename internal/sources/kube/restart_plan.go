package kube

import (
	"context"
	"errors"
	"net"
	"strings"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// impact says what the restart touches and who else has a say.
func (r *restart) impact(ctx context.Context, p *core.Plan) {
	o := r.before
	pods := o.num("spec", "replicas")
	if r.k.Name == "daemonset" {
		pods = o.num("status", "desiredNumberScheduled")
	}
	p.Impact = append(p.Impact, text.Sprintf("%d pods are replaced", pods), r.strategy())
	if pods == 0 {
		p.Warnings = append(p.Warnings, text.Lit("it is scaled to zero: nothing will be restarted"))
	}
	if pods == 1 && r.k.Name != "deployment" {
		p.Warnings = append(p.Warnings, text.Lit("its only pod is stopped before the new one starts: an outage"))
	}
	if r.k.Name == "deployment" && o.str("spec", "strategy", "type") == "Recreate" {
		p.Warnings = append(p.Warnings, text.Lit("strategy Recreate: all pods are stopped before new ones start: an outage"))
	}
	if n, at := o.num("metadata", "generation"), o.num("status", "observedGeneration"); at < n {
		p.Warnings = append(p.Warnings, text.Lit("a change made before is still being rolled out"))
	}
	r.budgets(ctx, p)
	r.autoscalers(ctx, p)
	r.owners(p)
}

func (r *restart) strategy() text.Safe {
	o := r.before
	switch r.k.Name {
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

// listed reads a small list and says what it may not see.
func (r *restart) listed(ctx context.Context, path ...string) []tree {
	b, err := r.s.client.do(ctx, request{path: path}, nil)
	if err != nil {
		return nil
	}
	o, err := parseTree(b)
	if err != nil {
		return nil
	}
	return o.items("items")
}

func (r *restart) budgets(ctx context.Context, p *core.Plan) {
	labels := r.before.sub("spec", "template", "metadata", "labels")
	for _, b := range r.listed(ctx, "apis", "policy", "v1", "namespaces", r.ref.Namespace, "poddisruptionbudgets") {
		if !matchesLabels(b.sub("spec", "selector"), labels) {
			continue
		}
		p.Impact = append(p.Impact, text.Sprintf("disruption budget %s: %d disruptions allowed now (a rollout does not ask it)", b.str("metadata", "name"), b.num("status", "disruptionsAllowed")))
		if b.num("status", "disruptionsAllowed") == 0 {
			p.Warnings = append(p.Warnings, text.Sprintf("disruption budget %s allows no disruption now", b.str("metadata", "name")))
		}
	}
}

func (r *restart) autoscalers(ctx context.Context, p *core.Plan) {
	for _, h := range r.listed(ctx, "apis", "autoscaling", "v2", "namespaces", r.ref.Namespace, "horizontalpodautoscalers") {
		if h.str("spec", "scaleTargetRef", "kind") == r.k.gvkKind && h.str("spec", "scaleTargetRef", "name") == r.ref.Name {
			p.Impact = append(p.Impact, text.Sprintf("autoscaler %s keeps %s to %s replicas", h.str("metadata", "name"), h.str("spec", "minReplicas"), h.str("spec", "maxReplicas")))
		}
	}
}

// owners warns of tools that may put the object back as they know it.
func (r *restart) owners(p *core.Plan) {
	labels, notes := r.before.sub("metadata", "labels"), r.before.sub("metadata", "annotations")
	for k := range labels {
		switch {
		case strings.HasPrefix(k, "kustomize.toolkit.fluxcd.io/"), strings.HasPrefix(k, "helm.toolkit.fluxcd.io/"):
			if k == "kustomize.toolkit.fluxcd.io/name" || k == "helm.toolkit.fluxcd.io/name" {
				p.Warnings = append(p.Warnings, text.Sprintf("managed by Flux (%s): it leaves the restart annotation alone unless it is in Git", scalar(labels[k])))
			}
		case k == "argocd.argoproj.io/instance":
			p.Warnings = append(p.Warnings, text.Sprintf("managed by Argo CD (application %s): it may show as out of sync", scalar(labels[k])))
		}
	}
	if id := scalar(notes["argocd.argoproj.io/tracking-id"]); id != "" {
		app, _, _ := strings.Cut(id, ":")
		p.Warnings = append(p.Warnings, text.Sprintf("managed by Argo CD (application %s): it may show as out of sync", app))
	}
	if rel := scalar(notes["meta.helm.sh/release-name"]); rel != "" {
		p.Warnings = append(p.Warnings, text.Sprintf("managed by Helm (release %s): its next upgrade keeps the annotation only if the chart has it", rel))
	} else if scalar(labels["app.kubernetes.io/managed-by"]) == "Helm" {
		p.Warnings = append(p.Warnings, text.Lit("managed by Helm"))
	}
	for _, w := range r.before.items("metadata", "ownerReferences") {
		if w.str("controller") == "true" {
			p.Warnings = append(p.Warnings, text.Sprintf("owned by %s %s, which may undo the change", w.str("kind"), w.str("name")))
		}
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

// unifiedDiff compares lines and shows n lines of context: the longest common
// subsequence after equal ends are taken off, which is small for one change.
func unifiedDiff(a, b []string, n int) []string {
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	x, y := a[head:len(a)-tail], b[head:len(b)-tail]
	if len(x) == 0 && len(y) == 0 {
		return nil
	}
	var out []string
	for _, l := range a[max(head-n, 0):head] {
		out = append(out, "  "+l)
	}
	out = append(out, diffMiddle(x, y)...)
	for _, l := range a[len(a)-tail : min(len(a)-tail+n, len(a))] {
		out = append(out, "  "+l)
	}
	return out
}

func diffMiddle(x, y []string) []string {
	lcs := make([][]int, len(x)+1)
	for i := range lcs {
		lcs[i] = make([]int, len(y)+1)
	}
	for i := len(x) - 1; i >= 0; i-- {
		for j := len(y) - 1; j >= 0; j-- {
			if x[i] == y[j] {
				lcs[i][j] = lcs[i+1][j+1] + 1
			} else {
				lcs[i][j] = max(lcs[i+1][j], lcs[i][j+1])
			}
		}
	}
	var out []string
	i, j := 0, 0
	for i < len(x) || j < len(y) {
		switch {
		case i < len(x) && j < len(y) && x[i] == y[j]:
			out = append(out, "  "+x[i])
			i, j = i+1, j+1
		case j == len(y) || i < len(x) && lcs[i+1][j] >= lcs[i][j+1]:
			out = append(out, "- "+x[i])
			i++
		default:
			out = append(out, "+ "+y[j])
			j++
		}
	}
	return out
}
