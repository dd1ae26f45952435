package kube

import (
	"context"
	"net/url"
	"strconv"
	"strings"

	"devops-tui/internal/argo"
	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

var (
	_ sources.Outliner  = (*Source)(nil)
	_ sources.Explainer = (*Source)(nil)
	_ sources.Historian = (*Source)(nil)
	_ sources.Differ    = (*Source)(nil)
)

// readCustom reads one object of Argo afresh.
func readCustom[T any](ctx context.Context, s *Source, ref core.Ref, decode func([]byte) (*T, error), meta func(*T) *argo.Meta) (*T, error) {
	k, err := s.kindOf(ctx, ref.Kind)
	if err != nil {
		return nil, err
	}
	what := text.Sprintf("cannot read %s %s", k.Name, ref.Name)
	b, err := s.client.do(ctx, request{path: k.object(ref), accept: acceptJSON}, nil)
	if err != nil {
		return nil, s.problem(what, err)
	}
	o, err := decode(b)
	if err != nil {
		return nil, s.problem(what, err)
	}
	return o, sameLife(ref, meta(o).UID)
}

func (s *Source) application(ctx context.Context, ref core.Ref) (*argo.Application, error) {
	return readCustom(ctx, s, ref, argo.DecodeApplication, func(a *argo.Application) *argo.Meta { return &a.Meta })
}

func (s *Source) rollout(ctx context.Context, ref core.Ref) (*argo.Rollout, error) {
	return readCustom(ctx, s, ref, argo.DecodeRollout, func(o *argo.Rollout) *argo.Meta { return &o.Meta })
}

func (s *Source) analysis(ctx context.Context, ref core.Ref) (*argo.AnalysisRun, error) {
	return readCustom(ctx, s, ref, argo.DecodeAnalysisRun, func(a *argo.AnalysisRun) *argo.Meta { return &a.Meta })
}

// project is an application's project; nil: it is not there or may not be seen.
func (s *Source) project(ctx context.Context, a *argo.Application) *argo.Project {
	name := a.Spec.Project
	if name == "" {
		name = "default"
	}
	namespace := a.Status.Namespace
	if namespace == "" {
		namespace = a.Meta.Namespace
	}
	b, err := s.client.do(ctx, request{path: []string{"apis", argo.Group, argo.Version, "namespaces", namespace, "appprojects", name}, accept: acceptJSON}, nil)
	if err != nil {
		return nil
	}
	p, err := argo.DecodeProject(b)
	if err != nil {
		return nil
	}
	return p
}

// Outline is what an object is made of: an application's resources, the steps
// and sides of a rollout, the metrics of an analysis.
func (s *Source) Outline(ctx context.Context, ref core.Ref) (core.Outline, error) {
	switch ref.Kind {
	case kindApplication:
		a, err := s.application(ctx, ref)
		if err != nil {
			return core.Outline{}, err
		}
		out := a.Outline(nil, s.resolve(a))
		if out.Note.Empty() && a.Status.Sync.Status != "Synced" { // else nothing waits for a window
			if ok, why := argo.SyncAllowed(a, s.project(ctx, a), s.now(), true); !ok {
				out.Note = why
			}
		}
		return out, nil
	case kindRollout:
		o, err := s.rollout(ctx, ref)
		if err != nil {
			return core.Outline{}, err
		}
		sets, err := s.sides(ctx, o)
		if err != nil {
			return core.Outline{}, err
		}
		return o.Outline(sets, s.analyses(ctx, o)), nil
	case kindAnalysisRun:
		a, err := s.analysis(ctx, ref)
		if err != nil {
			return core.Outline{}, err
		}
		return a.Outline(), nil
	}
	return core.Outline{}, hasNo(ref, text.Lit("outline"))
}

func hasNo(ref core.Ref, what text.Safe) error {
	return &core.Problem{Kind: core.Unsupported, Summary: text.Concat(text.Sprintf("a %s has no ", ref.Kind), what)}
}

// resolve finds the objects of an application that is deployed to this
// cluster; those of other clusters have no page here.
func (s *Source) resolve(a *argo.Application) argo.Resolve {
	d := a.Spec.Destination
	if !s.here(d) {
		return nil
	}
	return func(group, version, gvk, namespace, name string) core.Ref {
		api := version
		if group != "" {
			api = group + "/" + version
		}
		kind := kindName(api, gvk)
		if k := s.kinds.byGVK(api, gvk); k != nil {
			kind = k.Name
			if !k.Namespaced {
				namespace = ""
			} else if namespace == "" {
				namespace = d.Namespace
			}
		}
		return s.ref(kind, namespace, name, "")
	}
}

// here reports whether a destination is this cluster: that of Argo CD itself,
// which has the application, or the address that this program uses.
func (s *Source) here(d argo.Destination) bool {
	return d.Local() || s.client.base != nil && strings.TrimSuffix(d.Server, "/") == strings.TrimSuffix(s.client.base.String(), "/")
}

// maxSidePods is how many pods of one side are told.
const maxSidePods = 50

// sides are the replica sets of a rollout, with the pods of those that have any.
func (s *Source) sides(ctx context.Context, o *argo.Rollout) ([]argo.Set, error) {
	selector := o.Spec.Selector.MatchLabels
	if len(selector) == 0 { // of the workload that it refers to
		selector = nil
	}
	labels := tree{}
	for k, v := range selector {
		labels[k] = v
	}
	what := text.Sprintf("cannot list the replica sets of rollout %s", o.Meta.Name)
	hash := tree{"key": argo.RolloutHash, "operator": "Exists"}
	q := url.Values{"labelSelector": {formatSelector(labels, []tree{hash})}, "limit": {strconv.Itoa(maxRevisions)}}
	path := []string{"apis", "apps", "v1", "namespaces", o.Meta.Namespace, "replicasets"}
	b, err := s.client.do(ctx, request{path: path, query: q, accept: acceptJSON}, nil)
	if err != nil {
		return nil, s.problem(what, err)
	}
	all, err := parseTree(b)
	if err != nil {
		return nil, s.problem(what, err)
	}
	var out []argo.Set
	at := map[string]int{}
	for _, rs := range all.items("items") {
		if w := controller(rs); w == nil || w.str("uid") != o.Meta.UID {
			continue
		}
		n, _ := strconv.Atoi(rs.str("metadata", "annotations", argo.RolloutRevision))
		at[rs.str("metadata", "uid")] = len(out)
		out = append(out, argo.Set{
			Ref:  s.ref("replicaset", o.Meta.Namespace, rs.str("metadata", "name"), rs.str("metadata", "uid")),
			Name: rs.str("metadata", "name"), Hash: rs.str("metadata", "labels", argo.RolloutHash), Revision: n, Images: imagesOf(rs.sub("spec", "template")),
			Ready: rs.num("status", "readyReplicas"), Want: rs.num("spec", "replicas"),
		})
	}
	x := newReducer(s.scope, s.now)
	pods := builtinByName["pod"]
	if b, err = s.client.do(ctx, request{path: pods.path(o.Meta.Namespace), query: q, accept: acceptProto}, nil); err != nil {
		return out, nil //nolint:nilerr // who may not see pods sees the sides
	}
	_, err = (&protoCodec{pods, x}).page(b, func(r row) {
		if i, ok := at[r.Owner.UID]; ok && len(out[i].Pods) < maxSidePods {
			out[i].Pods = append(out[i].Pods, r.Resource)
		}
	})
	if err != nil {
		return nil, s.problem(what, err)
	}
	return out, nil
}

// analyses are the analysis runs of a rollout's sides, newest first; none if
// they may not be seen.
func (s *Source) analyses(ctx context.Context, o *argo.Rollout) []argo.Analysis {
	q := url.Values{"labelSelector": {argo.RolloutHash + " in (" + o.Status.CurrentPodHash + "," + o.Status.StableRS + ")"}, "limit": {"100"}}
	if o.Status.CurrentPodHash == "" {
		return nil
	}
	b, err := s.client.do(ctx, request{path: []string{"apis", argo.Group, argo.Version, "namespaces", o.Meta.Namespace, "analysisruns"}, query: q, accept: acceptJSON}, nil)
	if err != nil {
		return nil
	}
	runs, err := argo.DecodeAnalysisRuns(b)
	if err != nil {
		return nil
	}
	var out []argo.Analysis
	for _, r := range runs {
		for _, w := range r.Meta.Owners {
			if w.Controller && w.UID == o.Meta.UID {
				out = append(out, argo.Analysis{Ref: s.ref(kindAnalysisRun, r.Meta.Namespace, r.Meta.Name, r.Meta.UID), Run: r})
			}
		}
	}
	return out
}

// Explain tells why an application, a rollout or an analysis is not as it
// should be.
func (s *Source) Explain(ctx context.Context, ref core.Ref) (core.Explanation, error) {
	switch ref.Kind {
	case kindApplication:
		a, err := s.application(ctx, ref)
		if err != nil {
			return core.Explanation{}, err
		}
		e := a.Explain(s.resolve(a), s.now())
		if ok, why := argo.SyncAllowed(a, s.project(ctx, a), s.now(), true); !ok {
			e.Annotations = append(e.Annotations, core.Annotation{Level: core.LevelWarn, Title: text.Lit("sync window"), Message: why})
		}
		return e, nil
	case kindRollout:
		o, err := s.rollout(ctx, ref)
		if err != nil {
			return core.Explanation{}, err
		}
		e := o.Explain(s.analyses(ctx, o))
		if e.At.IsZero() {
			s.sickPod(ctx, o, &e)
		}
		return e, nil
	case kindAnalysisRun:
		a, err := s.analysis(ctx, ref)
		if err != nil {
			return core.Explanation{}, err
		}
		return a.Explain(), nil
	}
	return core.Explanation{}, hasNo(ref, text.Lit("explanation of its own"))
}

// sickPod points at the first pod of the new version that does not run.
func (s *Source) sickPod(ctx context.Context, o *argo.Rollout, e *core.Explanation) {
	sets, err := s.sides(ctx, o)
	if err != nil {
		return
	}
	for _, set := range sets {
		if set.Hash != o.Status.CurrentPodHash {
			continue
		}
		for _, p := range set.Pods {
			if p.Phase == core.Failed || p.Phase == core.Degraded {
				e.At = p.Ref
				e.Annotations = append(e.Annotations, core.Annotation{Level: core.LevelError, Title: text.Sprintf("pod %s %s", p.Ref.Name, p.Reason), Message: p.Message})
				return
			}
		}
	}
}

// History is what was deployed, newest first.
func (s *Source) History(ctx context.Context, ref core.Ref) (core.Document, error) {
	switch ref.Kind {
	case kindApplication:
		a, err := s.application(ctx, ref)
		if err != nil {
			return core.Document{}, err
		}
		return a.History(nil, s.now()), nil
	case kindRollout:
		k, o, err := s.fetch(ctx, ref)
		if err != nil {
			return core.Document{}, err
		}
		all, err := s.history(ctx, k, o)
		if err != nil {
			return core.Document{}, err
		}
		return s.revisionDocument(o, all), nil
	}
	return core.Document{}, hasNo(ref, text.Lit("history of its own"))
}

// revisionDocument is a rollout's history to read.
func (s *Source) revisionDocument(o tree, all []rolloutRevision) core.Document {
	doc := core.Document{Title: text.Sprintf("History of rollout %s", o.str("metadata", "name"))}
	add := func(t text.Safe) { doc.Lines = append(doc.Lines, t.Line()) }
	if len(all) == 0 {
		add(text.Lit("there are no revisions yet"))
	}
	for i := range all {
		r := &all[i]
		head := text.Sprintf("%d  %s  made %s ago, %d pods", r.number, r.name, s.ageOf(r.created), r.pods)
		switch {
		case r.current:
			head = text.Concat(head, text.Lit("  (wanted now)"))
		case strings.HasSuffix(r.name, "-"+o.str("status", "stableRS")):
			head = text.Concat(head, text.Lit("  (stable)"))
		}
		add(head)
		for _, image := range imagesOf(r.template) {
			add(text.Sprintf("   image %s", image))
		}
		if r.cause != "" {
			add(text.Sprintf("   %s", r.cause))
		}
		if seen := r.health(s.now()); !seen.Empty() {
			add(text.Concat(text.Lit("   "), seen))
		}
	}
	return doc
}
