package kube

import (
	"context"
	"net/http"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

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
	s.diagnoseHelm(ctx, note)
	s.diagnoseArgo(ctx, note)
	return out
}

func (s *Source) diagnoseHelm(ctx context.Context, note func(core.FindingLevel, text.Safe, text.Safe)) {
	path, missing := s.helm.find()
	if missing != nil {
		note(core.FindingInfo, missing.Summary, missing.Hint)
		return
	}
	if _, version, err := s.helm.version(ctx, path); err != nil {
		note(core.FindingProblem, text.Sprintf("%s does not run: %s", path, complaint(err)), missingHelm)
	} else {
		note(core.FindingOK, text.Sprintf("helm %s rolls releases back (%s)", version, path), text.Safe{})
	}
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
