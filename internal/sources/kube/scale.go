package kube

import (
	"context"
	"net/http"
	"slices"
	"strconv"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

var _ sources.Scaler = (*Source)(nil)

// maxReplicas is the most that the form takes; the API has no limit.
const maxReplicas = 10000

// PlanScale plans another number of replicas, through the scale subresource: of
// the built-in workloads and of every kind that has one.
func (s *Source) PlanScale(ctx context.Context, ref core.Ref, replicas int) (*core.Operation, error) {
	if replicas < 0 {
		return nil, &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("%d replicas are not possible", replicas)}
	}
	k, o, scale, err := s.scalable(ctx, ref)
	if err != nil {
		return nil, err
	}
	old := scale.num("spec", "replicas")
	c := s.newChange(k, o, "scale")
	c.sub, c.contentType, c.shown = []string{"scale"}, mergePatch, scale
	c.body = c.merged(map[string]any{"spec": map[string]any{"replicas": replicas}})
	c.arrived = func(o tree) bool { return o.num("spec", "replicas") == replicas }
	c.done = text.Sprintf("%d replicas are ready", replicas)
	if replicas == 0 {
		c.done = text.Lit("no pod is left")
	}
	c.settled = scaled(replicas)
	if !slices.Contains(scaledKinds, k.Name) {
		// What a custom resource keeps where is its own affair; its scale is not.
		c.read = func(ctx context.Context) (tree, error) { return s.scaleOf(ctx, k, c.ref) }
		c.settled = func(o tree, _ int) (done, total int, msg text.Safe, err error) {
			if n := o.num("status", "replicas"); n != replicas {
				return min(n, replicas), replicas, text.Sprintf("%d of %d replicas", n, replicas), nil
			}
			return replicas, replicas, text.Safe{}, nil
		}
		c.done = text.Sprintf("%d replicas exist", replicas)
	}
	p := core.Plan{
		Verb:     core.VerbScale,
		Title:    text.Sprintf("Scale %s %s in %s to %d", k.Name, c.ref.Name, c.ref.Namespace, replicas),
		Changes:  []core.FieldChange{{Field: text.Lit("spec.replicas"), Before: text.Sprintf("%d", old), After: text.Sprintf("%d", replicas)}},
		Command:  text.Sprintf("%s scale %s/%s --replicas=%d", s.kubectl(c.ref.Namespace), k.argument(), shellWord(c.ref.Name), replicas),
		UndoHint: text.Sprintf("U scales to %d again", old),
		Inverse:  &core.Inverse{Verb: core.VerbScale, Params: map[string]string{"replicas": strconv.Itoa(old)}},
	}
	if replicas < old {
		p.Danger = 1
	}
	if err := c.preview(ctx, &p); err != nil {
		return nil, err
	}
	s.scaleImpact(ctx, c, &p, old, replicas)
	s.owners(ctx, o, &p, "spec", "replicas")
	return c.operation(p), nil
}

// scaledKinds are the built-in kinds with a scale.
var scaledKinds = []string{"deployment", "statefulset", "replicaset"}

// argument is how kubectl is told the kind: with the group where the short
// name could be another's.
func (k *kind) argument() string {
	if k.reduce != nil || k.group == "" {
		return k.Name
	}
	return k.resource + "." + k.group
}

func (s *Source) scalable(ctx context.Context, ref core.Ref) (k *kind, o, scale tree, err error) {
	if k, o, err = s.fetch(ctx, ref); err != nil {
		return nil, nil, nil, err
	}
	if !slices.Contains(k.Verbs, core.VerbScale) {
		return nil, nil, nil, &core.Problem{Kind: core.Unsupported, Summary: text.Sprintf("a %s cannot be scaled", k.Name)}
	}
	scale, err = s.scaleOf(ctx, k, s.ref(k.Name, o.str("metadata", "namespace"), o.str("metadata", "name"), o.str("metadata", "uid")))
	return k, o, scale, err
}

func (s *Source) scaleOf(ctx context.Context, k *kind, ref core.Ref) (tree, error) {
	b, err := s.client.do(ctx, request{path: k.object(ref, "scale")}, nil)
	if isStatus(err, http.StatusNotFound) { // the object is there, so it is the scale that is not; or it went just now
		return nil, s.problem(text.Sprintf("%s %s has no scale", k.Name, ref.Name), err)
	}
	if err != nil {
		return nil, s.problem(text.Sprintf("cannot read the scale of %s %s", k.Name, ref.Name), err)
	}
	o, err := parseTree(b)
	if err != nil {
		return nil, s.problem(text.Safe{}, err)
	}
	return o, sameLife(ref, o.str("metadata", "uid"))
}

// scaled judges a built-in workload: all wanted pods are ready and no others
// are left.
func scaled(want int) func(o tree, gen int) (done, total int, msg text.Safe, err error) {
	return func(o tree, gen int) (done, total int, msg text.Safe, err error) {
		exist, ready := o.num("status", "replicas"), o.num("status", "readyReplicas")
		switch {
		case o.num("status", "observedGeneration") < gen:
			return 0, want, text.Lit("waits for the controller to see the change"), nil
		case exist > want:
			return want, want, text.Sprintf("%d pods end", exist-want), nil
		case ready < want:
			return ready, want, text.Sprintf("%d of %d pods are ready", ready, want), nil
		}
		return want, want, text.Safe{}, nil
	}
}

func (s *Source) scaleImpact(ctx context.Context, c *change, p *core.Plan, old, replicas int) {
	o := c.before
	switch {
	case replicas > old:
		p.Impact = append(p.Impact, text.Sprintf("%d pods are added", replicas-old))
	case replicas < old:
		p.Impact = append(p.Impact, text.Sprintf("%d pods are ended", old-replicas))
	default:
		p.Warnings = append(p.Warnings, text.Sprintf("it has %d replicas already: nothing changes", old))
	}
	if replicas == 0 && old > 0 {
		p.Warnings = append(p.Warnings, text.Lit("zero replicas: an outage until it is scaled up again"))
	}
	for _, h := range s.autoscalersOf(ctx, c.k, c.ref) {
		p.Warnings = append(p.Warnings, overrule(h, replicas))
	}
	switch c.k.Name {
	case "statefulset":
		s.claims(o, p, old, replicas)
	case "replicaset":
		if w := controller(o); w != nil && w.str("kind") == "Deployment" {
			p.Warnings = append(p.Warnings, text.Sprintf("deployment %s sets the number of this replica set: it puts it back at once; scale the deployment", w.str("name")))
		}
	}
}

// overrule says what an autoscaler makes of a number: at 0 it stands still
// (https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#implicit-maintenance-mode-deactivation).
func overrule(h tree, replicas int) text.Safe {
	name, least, most := h.str("metadata", "name"), max(h.num("spec", "minReplicas"), 1), h.num("spec", "maxReplicas")
	switch {
	case replicas == 0:
		return text.Sprintf("autoscaler %s (%d..%d) stands still at 0, and takes over again when it is scaled up", name, least, most)
	case replicas < least || replicas > most:
		return text.Sprintf("autoscaler %s will overrule this: it keeps %d..%d", name, least, most)
	}
	return text.Sprintf("autoscaler %s will overrule this as the load says (%d..%d)", name, least, most)
}

// claims says what becomes of the volumes of the pods that go
// (https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#persistentvolumeclaim-retention).
func (s *Source) claims(o tree, p *core.Plan, old, replicas int) {
	n := len(o.items("spec", "volumeClaimTemplates"))
	if n == 0 || replicas >= old {
		return
	}
	if o.str("spec", "persistentVolumeClaimRetentionPolicy", "whenScaled") == "Delete" {
		p.Danger = 2
		p.Warnings = append(p.Warnings, text.Sprintf("%d volume claims are deleted with their pods (whenScaled: Delete): their data is lost", n*(old-replicas)))
		p.UndoHint = text.Sprintf("U scales to %d again, with empty volumes", old)
		return
	}
	p.Impact = append(p.Impact, text.Sprintf("%d volume claims of the pods that end stay", n*(old-replicas)))
}

// scaleForm asks for the number, with the bounds of who else sets it.
func (s *Source) scaleForm(ctx context.Context, _ *kind, ref core.Ref) (core.Form, error) {
	k, o, scale, err := s.scalable(ctx, ref)
	if err != nil {
		return core.Form{}, err
	}
	f := core.Field{
		Name: "replicas", Title: text.Lit("Replicas"), Type: core.FieldNumber, Value: strconv.Itoa(scale.num("spec", "replicas")), Max: maxReplicas, Required: true,
		Help: text.Sprintf("%d wanted, %d there now", scale.num("spec", "replicas"), scale.num("status", "replicas")),
	}
	form := core.Form{Fields: []core.Field{f}}
	for _, h := range s.autoscalersOf(ctx, k, s.ref(k.Name, o.str("metadata", "namespace"), o.str("metadata", "name"), "")) {
		form.Note = text.Sprintf("autoscaler %s keeps it at %d..%d", h.str("metadata", "name"), max(h.num("spec", "minReplicas"), 1), h.num("spec", "maxReplicas"))
	}
	return form, nil
}
