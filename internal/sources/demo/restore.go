package demo

import (
	"context"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// restorable reports whether a saved definition of a kind can be put back.
func restorable(kind string) bool { return kind == "deployment" || kind == "configmap" }

// PlanRestore plans that a saved definition is put back: over what stands there
// now, or anew.
func (s *Source) PlanRestore(ctx context.Context, ref core.Ref, saved []byte) (*core.Operation, error) {
	if !restorable(ref.Kind) {
		return nil, problemf(core.Unsupported, "a %s cannot be put back", ref.Kind)
	}
	if err := ctx.Err(); err != nil {
		return nil, s.Problem(err)
	}
	lines, err := outline(string(saved))
	if err != nil || lines["metadata.name"] != ref.Name || lines["metadata.namespace"] != ref.Namespace {
		return nil, problemf(core.Invalid, "the saved definition is not one of %s (%v)", ref.Path(), err)
	}
	s.w.lock()
	defer s.w.mu.Unlock()
	ref.UID = ""
	if o := s.place.find(ref); o != nil {
		now, err := outline(define(o))
		if err != nil {
			return nil, problemf(core.Internal, "%s: %v", ref.Path(), err)
		}
		return s.planRewrite(core.VerbRestore, o, now, lines)
	}
	return s.planRebirth(ref, lines)
}

// planRebirth plans that a deleted object is made again.
func (s *Source) planRebirth(ref core.Ref, lines map[string]string) (*core.Operation, error) {
	var sv *service
	for _, x := range s.w.services {
		if x.namespace == ref.Namespace && (ref.Kind == "deployment" && x.name == ref.Name || ref.Kind == "configmap" && x.settingsName() == ref.Name) {
			sv = x
		}
	}
	if sv == nil {
		return nil, problemf(core.Unsupported, "the demo knows no service behind %s", ref.Path())
	}
	to, err := wanted(lines, sv)
	if err != nil {
		return nil, err
	}
	plan := core.Plan{ // its target has no UID: it is made first
		Verb: core.VerbRestore, Target: ref, Title: text.Sprintf("Create %s %s/%s again", ref.Kind, ref.Namespace, ref.Name),
		Changes:  []core.FieldChange{change("definition", "none", "as it was saved")},
		Warnings: []text.Safe{text.Lit("it is a new object: new UID, new creation time, no history")},
		Command:  text.Sprintf("%s create -f saved.yaml", s.place.kubectl(ref.Namespace)),
		UndoHint: text.Lit("U plans its deletion"), Inverse: &core.Inverse{Verb: core.VerbDelete},
	}
	var judge func() verdict
	var do func()
	if ref.Kind == "configmap" {
		plan.Impact = []text.Safe{text.Sprintf("%d values, as they were when it was deleted", len(to.data))}
		do = func() {
			s.place.put(&settings{place: s.place, service: sv, uid: s.w.uid(), created: s.w.now, changed: s.w.now, edits: 1, data: to.data})
		}
		judge = func() verdict { return arrived(s.place.settings(sv) != nil, "it is there again") }
	} else {
		n := max(to.replicas, 0)
		b := s.w.registry(sv, to.image)
		plan.Impact = []text.Safe{text.Sprintf("%d pods start with image %s", n, b.image)}
		var d *deployment
		do = func() {
			d = s.place.erect(sv, b, n, to.labels)
		}
		judge = func() verdict { return d.verdict(d.generation) }
	}
	op := s.operation(plan, nil, do, judge)
	return op, nil
}

// erect puts up a deployment of a service that has none.
func (p *place) erect(s *service, b *build, replicas int, labels map[string]string) *deployment {
	w := p.w
	d := &deployment{
		place: p, service: s, uid: w.uid(), replicas: replicas, created: w.now, changed: w.now, since: w.now, generation: 1, revision: 1,
		rolling: true, labels: labels,
	}
	if s.name == "web" && p.scope == Prod {
		d.scaler = &autoscaler{least: 3, most: 8}
	}
	rs := &replicaSet{dep: d, uid: w.uid(), hash: w.suffix(9), build: b, revision: 1, created: w.now, changed: w.now}
	d.current, d.sets = rs, []*replicaSet{rs}
	p.put(d)
	p.put(rs)
	for _, o := range p.tables["service"] { // its endpoint finds the pods by their labels
		if e := o.(*endpoint); e.dep.service == s {
			e.dep = d
		}
	}
	d.stir()
	return d
}
