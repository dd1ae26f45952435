package kube

import (
	"devops-tui/internal/argo"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// The kinds of Argo. They are custom resources: they are there when a cluster
// serves them, and then they are read as what they are.
const (
	kindApplication = argo.KindApplication
	kindRollout     = argo.KindRollout
	kindAnalysisRun = argo.KindAnalysisRun
)

// customPage is the page size of custom resources that are read whole: an
// application has 20 to 60 KB, so a page stays below 6 MB.
const customPage = 100

// ownKinds are the kinds of custom resources that are not read as the server's
// table, by group/resource.
var ownKinds = map[string]*kind{
	argo.Group + "/applications": {
		Kind: core.Kind{
			Name: kindApplication, Plural: "applications", Aliases: []string{"app", "apps"}, Title: text.Lit("Applications"), Namespaced: true, Rank: 26,
			// Argo CD's own server tells more of an application: whose commits they are
			Columns: argo.ApplicationColumns(), Yields: "argocd", Outline: true, Explains: true, History: true, Diff: true,
		},
		group: argo.Group, custom: reduceApplication,
	},
	argo.Group + "/rollouts": {
		Kind: core.Kind{
			Name: kindRollout, Plural: "rollouts", Aliases: []string{"ro"}, Title: text.Lit("Rollouts"), Namespaced: true, Logs: true, Workload: true, Rank: 20,
			Columns: argo.RolloutColumns(), Outline: true, Explains: true, History: true,
		},
		group: argo.Group, custom: reduceRolloutObject,
	},
	argo.Group + "/analysisruns": {
		Kind: core.Kind{
			Name: kindAnalysisRun, Plural: "analysisruns", Aliases: []string{"ar"}, Title: text.Lit("Analysis runs"), Namespaced: true, Rank: 27,
			Columns: argo.AnalysisColumns(), Outline: true, Explains: true,
		},
		group: argo.Group, custom: reduceAnalysisRun,
	},
}

// reserved are the groups of the names of those kinds: another group's kind of
// that name gets its group behind it.
var reserved = map[string]string{}

func init() {
	for _, k := range ownKinds {
		reserved[k.Name] = k.group
		k.Verbs, k.list = verbsOf(k.Name), true
	}
}

// served is a custom kind as the server has it.
func (k *kind) served(a *apiResource) *kind {
	c := *k
	found := a.kind()
	c.group, c.version, c.resource, c.gvkKind, c.watch, c.Namespaced = found.group, found.version, found.resource, found.gvkKind, found.watch, found.Namespaced
	c.bare = found.bare
	return &c
}

// place is the ref of an object of Argo.
func (x *reducer) place(kind string, m *argo.Meta) core.Ref {
	return core.Ref{Source: ID, Scope: x.scope, Kind: kind, Namespace: intern(m.Namespace), Name: m.Name, UID: m.UID}
}

// owned fills in the row's owner.
func (x *reducer) owned(r *core.Resource, m *argo.Meta) *core.Resource {
	for _, o := range m.Owners {
		if o.Controller {
			r.Owner = core.Ref{Source: ID, Scope: x.scope, Kind: intern(kindName(o.APIVersion, o.Kind)), Namespace: r.Ref.Namespace, Name: intern(o.Name), UID: intern(o.UID)}
		}
	}
	return r
}

func reduceApplication(x *reducer, decode func(any) error) (*core.Resource, *argo.Meta, error) {
	var o argo.Application
	if err := decode(&o); err != nil {
		return nil, &o.Meta, err
	}
	return x.owned(argo.ApplicationRow(&o, x.place(kindApplication, &o.Meta)), &o.Meta), &o.Meta, nil
}

func reduceRolloutObject(x *reducer, decode func(any) error) (*core.Resource, *argo.Meta, error) {
	var o argo.Rollout
	if err := decode(&o); err != nil {
		return nil, &o.Meta, err
	}
	o.Complete()
	r := x.owned(argo.RolloutRow(&o, x.place(kindRollout, &o.Meta)), &o.Meta)
	r.Facts.Selector = x.set(r.Facts.Selector, nil)
	r.Facts.Image, r.Facts.Containers = x.list(r.Facts.Image), x.list(r.Facts.Containers)
	return r, &o.Meta, nil
}

func reduceAnalysisRun(x *reducer, decode func(any) error) (*core.Resource, *argo.Meta, error) {
	var o argo.AnalysisRun
	if err := decode(&o); err != nil {
		return nil, &o.Meta, err
	}
	return x.owned(argo.AnalysisRow(&o, x.place(kindAnalysisRun, &o.Meta)), &o.Meta), &o.Meta, nil
}
