package argocd

import (
	"slices"

	"devops-tui/internal/argo"
	"devops-tui/internal/core"
)

// fills are the namespaces that an application has objects in: what guards them
// by their names guards it. The cluster behind the server is known by its name
// only where Argo CD has one for it: such a namespace is also one of the context
// of that name.
func (s *Source) fills(a *argo.Application) []core.Ref {
	var names []string
	add := func(ns string) {
		if ns != "" && !slices.Contains(names, ns) {
			names = append(names, ns)
		}
	}
	add(a.Spec.Destination.Namespace)
	for _, r := range a.Status.Resources {
		add(r.Namespace)
	}
	var out []core.Ref
	for _, ns := range names {
		out = append(out, core.Ref{Source: ID, Scope: s.server.scope, Kind: "namespace", Name: ns})
		if cluster := a.Spec.Destination.Name; cluster != "" && !a.Spec.Destination.Local() {
			out = append(out, core.Ref{Source: "kube", Scope: cluster, Kind: "namespace", Name: ns})
		}
	}
	return out
}
