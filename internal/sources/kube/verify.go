package kube

import (
	"context"
	"net/http"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// verifyEvery is how often the rollout is read back.
const verifyEvery = 500 * time.Millisecond

// verify follows the rollout until all pods are new and available, the
// controller gives up, or ctx ends. After an unknown outcome it first reads
// back whether the change arrived.
func (r *restart) verify(ctx context.Context, report func(core.Progress)) (core.Outcome, error) {
	var wait backoff
	for {
		rung := r.s.bell.wait()
		_, o, err := r.s.fetch(ctx, r.ref)
		switch {
		case ctx.Err() != nil:
			return core.OutcomeUnknown, ctx.Err()
		case isProblem(err, core.NotFound, core.Conflict):
			return core.OutcomeFailed, err
		case isProblem(err, core.Forbidden, core.Unauthorized):
			return core.OutcomeUnknown, err
		case err != nil:
			report(core.Progress{Text: text.Lit("waits for the API server")})
			pause(ctx, min(wait.next(err), 5*time.Second), rung)
			continue
		}
		wait.reset()
		if o.str("spec", "template", "metadata", "annotations", restartedAt) != r.at {
			if r.gen == 0 {
				return core.OutcomeRefused, &core.Problem{Kind: core.Conflict, Summary: text.Lit("the change did not arrive: nothing was restarted")}
			}
			return core.OutcomeFailed, &core.Problem{Kind: core.Conflict, Summary: text.Lit("somebody changed it again meanwhile")}
		}
		if r.gen == 0 {
			r.gen = o.num("metadata", "generation")
		}
		done, total, msg := r.progress(o)
		report(core.Progress{Done: done, Total: total, Text: msg})
		if why := deadline(o); why != "" {
			return core.OutcomeFailed, &core.Problem{Kind: core.Unreachable, Summary: text.Sprintf("the rollout does not progress: %s", why), Hint: r.undo()}
		}
		if done == total && msg.Empty() {
			report(core.Progress{Done: done, Total: total, Text: text.Lit("all pods are new and available")})
			return core.OutcomeHealthy, nil
		}
		pause(ctx, verifyEvery, nil)
	}
}

func (r *restart) undo() text.Safe {
	return text.Sprintf("kubectl -n %s describe %s/%s; the old pods that still run are left alone", r.ref.Namespace, r.k.Name, r.ref.Name)
}

// progress follows the rules of `kubectl rollout status`. The message is empty
// when nothing is left to wait for.
func (r *restart) progress(o tree) (done, total int, msg text.Safe) {
	if o.num("status", "observedGeneration") < r.gen {
		return 0, o.num("spec", "replicas"), text.Lit("waits for the controller to see the change")
	}
	updated, available, exist := o.num("status", "updatedReplicas"), o.num("status", "availableReplicas"), o.num("status", "replicas")
	total = o.num("spec", "replicas")
	switch r.k.Name {
	case "daemonset":
		total = o.num("status", "desiredNumberScheduled")
		updated, available, exist = o.num("status", "updatedNumberScheduled"), o.num("status", "numberAvailable"), total
	case "statefulset":
		if part := o.num("spec", "updateStrategy", "rollingUpdate", "partition"); part > 0 {
			total = max(total-part, 0)
			available = min(available, total)
			exist = total
			break
		}
		if o.str("status", "updateRevision") == o.str("status", "currentRevision") && available == total {
			updated = total // the controller clears the count when it is through
		}
	}
	switch {
	case updated < total:
		return min(updated, total), total, text.Sprintf("%d of %d pods are new", updated, total)
	case exist > total:
		return min(updated, total), total, text.Sprintf("%d old pods end", exist-total)
	case available < total:
		return min(available, total), total, text.Sprintf("%d of %d pods are available", available, total)
	}
	return total, total, text.Safe{}
}

// deadline returns the controller's message when it gave up.
func deadline(o tree) string {
	for _, c := range o.items("status", "conditions") {
		if c.str("type") == "Progressing" && c.str("reason") == "ProgressDeadlineExceeded" {
			return c.str("message")
		}
	}
	return ""
}

func isProblem(err error, kinds ...core.ProblemKind) bool {
	p, ok := err.(*core.Problem)
	if !ok {
		return false
	}
	for _, k := range kinds {
		if p.Kind == k {
			return true
		}
	}
	return false
}

// Diagnose asks what doctor wants to know: version, permissions, metrics.
func (s *Source) Diagnose(ctx context.Context) []core.Finding {
	var out []core.Finding
	note := func(level core.FindingLevel, what, fix text.Safe) {
		out = append(out, core.Finding{Source: ID, Scope: s.scope, Level: level, Text: what, Fix: fix})
	}
	var v serverVersion
	began := time.Now()
	body, head, err := s.client.doHeader(ctx, request{path: []string{"version"}}, nil)
	if err != nil && !isStatus(err, http.StatusForbidden) {
		p := s.problem(text.Sprintf("cannot reach %s", s.client.base.Host), err)
		note(core.FindingProblem, p.Summary, p.Hint)
		return out
	}
	if o, err := parseTree(body); err == nil {
		v.GitVersion = o.str("gitVersion")
	}
	note(core.FindingOK, text.Sprintf("Kubernetes %s answers in %d ms", v.GitVersion, time.Since(began).Milliseconds()), text.Safe{})
	if at, err := http.ParseTime(head.Get("Date")); err == nil {
		if d := time.Until(at).Round(time.Second); d.Abs() > 5*time.Second {
			note(core.FindingProblem, text.Sprintf("the server's clock differs by %s", d), text.Lit("check NTP on both sides"))
		}
	}
	ns := s.home
	if s.pinned != nil {
		ns = s.pinned[0]
	}
	rules, err := s.permits.ask(ctx, ns)
	if err != nil {
		p := s.problem(text.Lit("cannot ask what is allowed"), err)
		note(core.FindingInfo, p.Summary, p.Hint)
	} else {
		s.diagnoseRules(rules, ns, note)
	}
	_, err = s.client.do(ctx, request{path: []string{"apis", "metrics.k8s.io", "v1beta1"}}, nil)
	switch {
	case err == nil:
		note(core.FindingOK, text.Lit("metrics.k8s.io is there"), text.Safe{})
	case isStatus(err, http.StatusNotFound):
		note(core.FindingMissing, text.Lit("metrics.k8s.io is not installed: usage comes from the kubelets, if they may be asked"), text.Lit("install metrics-server: https://github.com/kubernetes-sigs/metrics-server"))
	default:
		note(core.FindingProblem, s.problem(text.Lit("metrics.k8s.io"), err).Summary, text.Lit("kubectl get apiservice v1beta1.metrics.k8s.io -o yaml"))
	}
	return out
}

func (s *Source) diagnoseRules(rules ruleSet, ns string, note func(core.FindingLevel, text.Safe, text.Safe)) {
	for _, need := range []struct {
		verb, kind, sub string
		what            text.Safe
	}{
		{"list", "pod", "", text.Lit("list pods")},
		{"watch", "pod", "", text.Lit("watch pods")},
		{"list", "deployment", "", text.Lit("list deployments")},
		{"get", "pod", "/log", text.Lit("read logs")},
		{"patch", "deployment", "", text.Lit("restart deployments")},
	} {
		k := *builtinByName[need.kind]
		k.resource += need.sub
		if rules.allows(need.verb, &k, "") {
			note(core.FindingOK, text.Sprintf("may %s in %s", need.what, ns), text.Safe{})
		} else {
			note(core.FindingInfo, text.Sprintf("may not %s in %s", need.what, ns), text.Sprintf("kubectl auth can-i %s %s%s -n %s", need.verb, k.Plural, need.sub, ns))
		}
	}
}
