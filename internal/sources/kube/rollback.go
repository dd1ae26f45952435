package kube

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

var _ sources.Roller = (*Source)(nil)

const viaHelm = "helm"

// PlanRollback plans what `kubectl rollout undo` does: the pod template of an
// earlier revision replaces the present one. For a pod or replica set it is the
// workload that owns it. Unlike kubectl it leaves the workload's annotations
// alone, but for the change cause and kubectl apply's copy of the definition, which
// follow the rollback. A release is rolled back by Helm.
func (s *Source) PlanRollback(ctx context.Context, ref core.Ref, to core.Rollback) (*core.Operation, error) {
	switch ref.Kind {
	case kindRelease:
		return s.planReleaseRollback(ctx, ref, to.To)
	case kindApplication:
		return s.planApplicationRollback(ctx, ref, to)
	}
	k, o, err := s.workloadOf(ctx, ref)
	if err != nil {
		return nil, err
	}
	if err := rollable(k, o); err != nil {
		return nil, err
	}
	all, err := s.history(ctx, k, o)
	if err != nil {
		return nil, err
	}
	name := o.str("metadata", "name")
	target := pick(all, to.To)
	if target == nil {
		return nil, noRevision(k, name, to.To)
	}
	switch to.Via {
	case "":
	case viaHelm:
		return s.planOwnerRollback(ctx, ref, o, target, to.To == "")
	default:
		return nil, &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("a %s cannot be rolled back via %s", k.Name, to.Via), Hint: text.Lit("via=helm rolls back the Helm release; without it the workload itself goes back")}
	}
	if target.current {
		return nil, &core.Problem{Kind: core.Refused, Summary: text.Sprintf("%s %s runs revision %d already", k.Name, name, target.number)}
	}
	if k.Name == kindRollout {
		return s.planRolloutUndo(ctx, ref, k, o, all, target)
	}
	return s.planRevision(ctx, ref, k, o, all, target)
}

// rollable refuses what kubectl refuses.
func rollable(k *kind, o tree) error {
	name := o.str("metadata", "name")
	switch {
	case k.Name == kindRollout:
	case !slices.Contains(rolled, k.Name):
		return &core.Problem{Kind: core.Unsupported, Summary: text.Sprintf("a %s has no revisions to go back to", k.Name)}
	case o.str("spec", "paused") == "true":
		return &core.Problem{
			Kind: core.Refused, Summary: text.Sprintf("deployment %s is paused: a rollback would wait until it is resumed", name),
			Hint: text.Sprintf("resume it first: kubectl -n %s rollout resume deployment/%s", o.str("metadata", "namespace"), name),
		}
	}
	return nil
}

func (s *Source) planRevision(ctx context.Context, ref core.Ref, k *kind, o tree, all []rolloutRevision, target *rolloutRevision) (*core.Operation, error) {
	c := s.newChange(k, o, "roll back")
	now := present(all)
	template := target.template.cloned()
	template["$patch"] = "replace"
	live := o.sub("spec", "template")
	notes := map[string]any{}
	if target.cause != o.str("metadata", "annotations", changeCause) {
		notes[changeCause] = nil
		if target.cause != "" {
			notes[changeCause] = target.cause
		}
	}
	applied, follows := "", false
	if old := o.str("metadata", "annotations", lastApplied); old != "" {
		if applied, follows = followTemplate(old, live, target.template); follows {
			notes[lastApplied] = applied
		}
	}
	fields := map[string]any{"spec": map[string]any{"template": map[string]any(template)}}
	if len(notes) > 0 {
		fields["metadata"] = map[string]any{"annotations": notes}
	}
	c.body = c.merged(fields)
	c.arrived = func(o tree) bool { return c.hasTemplate(o, target.template) }
	c.settled, c.done = c.rollout, text.Sprintf("all pods run revision %d's template and are available", target.number)
	p := core.Plan{
		Verb: core.VerbRollback, Danger: 1,
		Title:   text.Sprintf("Roll back %s %s in %s to revision %d", k.Name, c.ref.Name, c.ref.Namespace, target.number),
		Command: text.Sprintf("%s rollout undo %s/%s --to-revision=%d", s.kubectl(c.ref.Namespace), k.Name, shellWord(c.ref.Name), target.number),
		Changes: revisionChanges(o, now, target),
	}
	if follows {
		p.Changes = append(p.Changes, core.FieldChange{Field: text.Lit("kubectl apply's last applied definition"), Before: text.Lit("as applied"), After: text.Lit("follows the rollback, so that the next apply leaves nothing stale")})
	}
	if k.Name != ref.Kind {
		p.From = ref
	}
	p.Impact = append(p.Impact, text.Sprintf("revision %d: %s", target.number, target.health(s.now())))
	if err := c.preview(ctx, &p); err != nil {
		return nil, err
	}
	s.rolloutImpact(ctx, c, &p)
	if target.bad() {
		p.Warnings = slices.Insert(p.Warnings, 0, text.Sprintf("revision %d is not known to work: it %s", target.number, target.seen.words(s.now())))
	}
	if r := helmOwner(o); r.name != "" {
		p.Warnings = append(p.Warnings, text.Sprintf("Helm goes on believing in its own revision: via=helm rolls back release %s instead", r.name))
	}
	s.owners(ctx, o, &p, "spec", "template")
	s.stuckSets(k, c, o, &p)
	c.rollbackUndo(&p, o, now, target)
	return c.operation(p), nil
}

// stuckSets warns of what keeps stateful and daemon sets from replacing pods.
func (s *Source) stuckSets(k *kind, c *change, o tree, p *core.Plan) {
	if k.Name == "deployment" {
		return
	}
	if o.str("spec", "updateStrategy", "type") == "OnDelete" {
		c.settled, c.done = nil, text.Lit("the template is back; pods take it as they are deleted")
		p.Warnings = append(p.Warnings, text.Lit("OnDelete: no pod is replaced until it is deleted by hand"))
		return
	}
	// https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#forced-rollback
	if policy := o.str("spec", "podManagementPolicy"); k.Name == "statefulset" && policy != "Parallel" && o.num("status", "readyReplicas") < o.num("spec", "replicas") {
		p.Warnings = append(p.Warnings, text.Lit("a pod is not ready, and an ordered stateful set waits for it before it replaces any: delete that pod once this is sent"))
	}
}

// rollbackUndo says how the rollback is taken back. The inverse names the
// present revision by its object: numbers move with every rollback, names stay.
func (c *change) rollbackUndo(p *core.Plan, o tree, now, target *rolloutRevision) {
	limit := o.at("spec", "revisionHistoryLimit")
	switch {
	case now == nil:
		p.UndoHint = text.Lit("cannot be undone: the present state has no revision yet")
	case limit != nil && o.num("spec", "revisionHistoryLimit") == 0:
		p.UndoHint = text.Lit("cannot be undone: no history is kept (revisionHistoryLimit 0)")
	default:
		p.Inverse = &core.Inverse{Verb: core.VerbRollback, Params: map[string]string{"to": now.name}}
		p.UndoHint = text.Sprintf("U brings the template of revision %d back", now.number)
	}
	p.Impact = append(p.Impact, text.Sprintf("revision %d is numbered anew as the newest one", target.number))
}

// hasTemplate reports whether an object has the template that was sent, or what
// the server made of it.
func (c *change) hasTemplate(o, want tree) bool {
	have := map[string]any(o.sub("spec", "template"))
	return sameJSON(have, map[string]any(want)) || c.after != nil && sameJSON(have, map[string]any(c.after.sub("spec", "template")))
}

// revisionChanges are the differences between the present state and a
// revision that a human looks for.
func revisionChanges(o tree, now, target *rolloutRevision) []core.FieldChange {
	before := text.Lit("not numbered yet")
	if now != nil {
		before = text.Sprintf("%d", now.number)
	}
	out := []core.FieldChange{{Field: text.Lit("revision"), Before: before, After: text.Sprintf("%d", target.number)}}
	out = append(out, templateChanges(o.sub("spec", "template"), target.template)...)
	if cause := o.str("metadata", "annotations", changeCause); cause != target.cause {
		out = append(out, core.FieldChange{Field: text.Lit("change cause"), Before: text.Clean(cause), After: text.Clean(target.cause)})
	}
	return out
}

// templateChanges are the containers' images that differ, and the containers
// that come and go.
func templateChanges(from, to tree) []core.FieldChange {
	images := map[string][2]string{}
	for i, t := range []tree{from, to} {
		for _, c := range containersOf(t) {
			pair := images[c.str("name")]
			pair[i] = c.str("image")
			images[c.str("name")] = pair
		}
	}
	var out []core.FieldChange
	for _, name := range slices.Sorted(maps.Keys(images)) {
		if pair := images[name]; pair[0] != pair[1] {
			out = append(out, core.FieldChange{Field: text.Sprintf("image of %s", name), Before: text.Clean(pair[0]), After: text.Clean(pair[1])})
		}
	}
	return out
}

// rollbackForm offers the revisions, newest first.
func (s *Source) rollbackForm(ctx context.Context, k *kind, ref core.Ref) (core.Form, error) {
	switch k.Name {
	case kindRelease:
		return s.releaseForm(ctx, ref)
	case kindApplication:
		return s.applicationHistoryForm(ctx, ref)
	}
	k, o, err := s.workloadOf(ctx, ref)
	if err != nil {
		return core.Form{}, err
	}
	if err := rollable(k, o); err != nil {
		return core.Form{}, err
	}
	all, err := s.history(ctx, k, o)
	if err != nil {
		return core.Form{}, err
	}
	def := previous(all)
	if def == nil {
		return core.Form{}, noRevision(k, o.str("metadata", "name"), "")
	}
	f := core.Field{
		Name: "to", Title: text.Lit("Revision"), Type: core.FieldChoice, Value: strconv.Itoa(def.number), Required: true, Open: true,
		Help:    text.Lit("a revision's number, or an image that one has"),
		Columns: []text.Safe{text.Lit("REVISION"), text.Lit("IMAGE"), text.Lit("CHANGE CAUSE"), text.Lit("AGE"), text.Lit("PODS NOW"), text.Lit("HEALTH")},
	}
	for i := range all {
		r := &all[i]
		choice := core.Choice{
			Value: strconv.Itoa(r.number), Current: r.current,
			Cells: []text.Safe{
				text.Sprintf("%d", r.number), text.Clean(strings.Join(imagesOf(r.template), ", ")), text.Clean(r.cause),
				s.ageOf(r.created), text.Sprintf("%d", r.pods), r.health(s.now()),
			},
		}
		if r.current {
			choice.Disabled = text.Lit("it runs now")
		}
		f.Choices = append(f.Choices, choice)
	}
	form := core.Form{Fields: []core.Field{f}}
	if k.Name != ref.Kind {
		form.Note = text.Sprintf("of %s %s, which owns the %s", k.Name, o.str("metadata", "name"), ref.Kind)
	}
	if r := helmOwner(o); r.name != "" {
		form.Fields = append(form.Fields, s.viaField(r))
	}
	return form, nil
}

// viaField offers Helm's way back beside the workload's own.
func (s *Source) viaField(r releaseName) core.Field {
	helm := core.Choice{Value: viaHelm, Cells: []text.Safe{text.Sprintf("Helm: roll back release %s, so that its next upgrade agrees", r.name)}}
	if _, p := s.helm.find(); p != nil {
		helm.Disabled = p.Summary
	}
	return core.Field{
		Name: "via", Title: text.Lit("By"), Type: core.FieldChoice,
		Choices: []core.Choice{{Value: "", Cells: []text.Safe{text.Lit("the workload's own revisions")}}, helm},
	}
}
