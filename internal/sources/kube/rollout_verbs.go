package kube

import (
	"context"
	"slices"
	"time"

	"devops-tui/internal/argo"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

func refused(summary, hint text.Safe) error {
	return &core.Problem{Kind: core.Refused, Summary: summary, Hint: hint}
}

// planPromote plans what `kubectl argo rollouts promote` does: the pause ends,
// or the step that the canary is at is skipped; full skips all that is left.
func (s *Source) planPromote(ctx context.Context, ref core.Ref, full bool) (*core.Operation, error) {
	k, o, r, err := s.rolloutOf(ctx, ref)
	if err != nil {
		return nil, err
	}
	at, of := r.At()
	name := r.Meta.Name
	switch {
	case r.Status.Abort:
		return nil, refused(text.Sprintf("rollout %s was aborted: there is nothing to promote", name), text.Lit("rerun tries the new version again"))
	case r.Settled():
		return nil, refused(text.Sprintf("rollout %s runs its newest version everywhere: there is nothing to promote", name), text.Safe{})
	case r.Spec.Paused:
		return nil, refused(text.Sprintf("rollout %s was paused by hand", name), text.Lit("resume it first"))
	case r.Status.PromoteFull:
		return nil, refused(text.Sprintf("rollout %s is being promoted in full already", name), text.Safe{})
	case !full && len(r.Status.PauseConditions) == 0 && (r.Spec.Strategy.Canary == nil || at >= of):
		return nil, refused(text.Sprintf("rollout %s does not wait for anybody", name), text.Lit("full=true promotes it at once"))
	}
	fields, after := map[string]any{"pauseConditions": nil}, text.Safe{}
	skips := text.Safe{}
	switch next := min(at+1, of); {
	case full:
		fields = map[string]any{"promoteFull": true}
		after = text.Lit("the new version everywhere")
		skips = text.Sprintf("%d steps are skipped, with their pauses and analyses", of-at)
		if of == 0 {
			skips = text.Lit("analyses are skipped")
		}
	case inconclusive(r): // else the same pause would come again
		fields["controllerPause"], fields["currentStepIndex"] = false, next
	case len(r.Status.PauseConditions) == 0:
		fields["currentStepIndex"] = next
		skips = text.Concat(text.Lit("the step that it is at is skipped: "), r.Steps()[at].Title())
	}
	if after.Empty() {
		after = text.Lit("the preview becomes active")
		if of > 0 {
			after = text.Lit("all traffic to the new version")
			if at+1 < of {
				after = text.Concat(text.Sprintf("step %d of %d: ", at+2, of), r.Steps()[at+1].Title())
			}
		}
	}
	c := s.statusChange(k, o, r, "promote", fields)
	been := point(r)
	c.arrived = func(o tree) bool { n, err := asRollout(o); return err == nil && point(n) != been }
	s.reaches(c, forward(c, been))
	p := core.Plan{
		Verb: core.VerbApprove, Danger: 1, Title: text.Sprintf("Promote rollout %s in %s", name, c.ref.Namespace),
		Changes:  []core.FieldChange{{Field: text.Lit("rollout"), Before: r.Where(), After: after}},
		Command:  s.rolloutsLine(c.ref, text.Lit("promote")),
		UndoHint: text.Lit("abort sends all traffic back to the stable version, until the new one is everywhere; then only a rollback does"),
		Inverse:  &core.Inverse{Verb: core.VerbCancel},
	}
	if full {
		p.Title = text.Sprintf("Promote rollout %s in %s in full", name, c.ref.Namespace)
		p.Command = s.rolloutsLine(c.ref, text.Lit("promote"), text.Lit("--full"))
		p.Inverse, p.UndoHint = nil, text.Lit("once it is everywhere, roll it back to the revision before")
	} else if at+1 >= of {
		p.Inverse, p.UndoHint = nil, text.Lit("it was the last step: roll it back to the revision before")
	}
	if !skips.Empty() {
		p.Warnings = append(p.Warnings, skips)
	}
	p.Impact = append(p.Impact, s.sideImpact(r)...)
	p.Impact = append(p.Impact, s.plain(c, map[string]any{"status": fields}))
	return s.statusPlan(ctx, c, o, p)
}

// statusPlan previews a change of the status and warns of who else acts.
func (s *Source) statusPlan(ctx context.Context, c *change, o tree, p core.Plan) (*core.Operation, error) {
	if err := c.preview(ctx, &p); err != nil {
		return nil, err
	}
	if len(p.Diff) == 0 && !p.Blind && p.Preview.Empty() {
		p.Diff = nil
	}
	s.owners(ctx, o, &p, "spec", "replicas")
	return c.operation(p), nil
}

func inconclusive(r *argo.Rollout) bool {
	run := r.Status.Canary.StepRun
	return run != nil && run.Status == "Inconclusive" && len(r.Status.PauseConditions) > 0 && r.Status.ControllerPause
}

// sideImpact says what runs on both sides.
func (s *Source) sideImpact(r *argo.Rollout) []text.Safe {
	return []text.Safe{text.Sprintf("%d pods of the new version, %d in all, %d wanted", r.Status.Updated, r.Status.Replicas, r.Desired())}
}

// planAbort plans what `kubectl argo rollouts abort` does: all traffic goes
// back to the stable version.
func (s *Source) planAbort(ctx context.Context, ref core.Ref) (*core.Operation, error) {
	k, o, r, err := s.rolloutOf(ctx, ref)
	if err != nil {
		return nil, err
	}
	switch name := r.Meta.Name; {
	case r.Status.Abort:
		return nil, refused(text.Sprintf("rollout %s is aborted already", name), text.Safe{})
	case r.Settled():
		return nil, refused(text.Sprintf("rollout %s runs its newest version everywhere: there is nothing to abort", name), text.Lit("rollback brings an earlier version back"))
	case r.Status.StableRS == "":
		return nil, refused(text.Sprintf("rollout %s has no stable version to go back to", name), text.Safe{})
	}
	fields := map[string]any{"abort": true}
	c := s.statusChange(k, o, r, "abort", fields)
	c.arrived = func(o tree) bool { return o.str("status", "abort") == "true" }
	c.done = text.Lit("the stable version serves everything")
	s.reaches(c, func(r *argo.Rollout) (text.Safe, error) {
		if r.Status.Phase != "Degraded" || r.Status.Available < r.Desired() {
			return text.Sprintf("%d of %d pods of the stable version are available", r.Status.Available, r.Desired()), nil
		}
		return text.Safe{}, nil
	})
	p := core.Plan{
		Verb: core.VerbCancel, Danger: 1, Title: text.Sprintf("Abort rollout %s in %s", r.Meta.Name, c.ref.Namespace),
		Changes:  []core.FieldChange{{Field: text.Lit("rollout"), Before: r.Where(), After: text.Lit("aborted: the stable version serves everything")}},
		Impact:   append(s.sideImpact(r), s.plain(c, map[string]any{"status": fields})),
		Command:  s.rolloutsLine(c.ref, text.Lit("abort")),
		UndoHint: text.Lit("U tries the new version again, from its first step"),
		Inverse:  &core.Inverse{Verb: core.VerbRerun},
		Warnings: []text.Safe{text.Lit("the definition still wants the new version: the rollout counts as degraded until it is retried, or another version is deployed")},
	}
	return s.statusPlan(ctx, c, o, p)
}

// planRetry plans what `kubectl argo rollouts retry rollout` does: the aborted
// version is tried again.
func (s *Source) planRetry(ctx context.Context, ref core.Ref) (*core.Operation, error) {
	k, o, r, err := s.rolloutOf(ctx, ref)
	if err != nil {
		return nil, err
	}
	if !r.Status.Abort {
		return nil, refused(text.Sprintf("rollout %s was not aborted: there is nothing to try again", r.Meta.Name), text.Safe{})
	}
	fields := map[string]any{"abort": false}
	c := s.statusChange(k, o, r, "retry", fields)
	c.arrived = func(o tree) bool { return o.str("status", "abort") != "true" }
	been := point(r)
	over := forward(c, been)
	began := s.now()
	s.reaches(c, func(r *argo.Rollout) (text.Safe, error) {
		if r.Status.Phase == "Degraded" && !r.Status.Abort && s.now().Sub(began) < s.unheard {
			return text.Lit("waits for the rollouts controller to begin again"), nil // it has not looked yet
		}
		return over(r)
	})
	p := core.Plan{
		Verb: core.VerbRerun, Danger: 1, Title: text.Sprintf("Retry rollout %s in %s", r.Meta.Name, c.ref.Namespace),
		Changes:  []core.FieldChange{{Field: text.Lit("rollout"), Before: text.Lit("aborted"), After: text.Lit("the new version again, from its first step")}},
		Impact:   append(s.sideImpact(r), s.plain(c, map[string]any{"status": fields})),
		Command:  s.rolloutsLine(c.ref, text.Lit("retry rollout")),
		UndoHint: text.Lit("U aborts it again"), Inverse: &core.Inverse{Verb: core.VerbCancel},
	}
	return s.statusPlan(ctx, c, o, p)
}

// planRolloutHold plans that a rollout is held by hand, or goes on.
func (s *Source) planRolloutHold(ctx context.Context, ref core.Ref, on bool) (*core.Operation, error) {
	k, o, r, err := s.rolloutOf(ctx, ref)
	if err != nil {
		return nil, err
	}
	switch name := r.Meta.Name; {
	case on && r.Spec.Paused:
		return nil, refused(text.Sprintf("rollout %s is paused already", name), text.Safe{})
	case !on && !r.Spec.Paused && r.Waiting():
		return nil, refused(text.Sprintf("rollout %s is not paused by hand: it waits for a promotion", name), text.Lit("approve promotes it"))
	case !on && !r.Spec.Paused:
		return nil, refused(text.Sprintf("rollout %s is not paused", name), text.Safe{})
	}
	doing, title, verb, back := "pause", text.Lit("Pause"), core.VerbPause, core.VerbResume
	hint := text.Lit("U resumes it")
	if !on {
		doing, title, verb, back = "resume", text.Lit("Resume"), core.VerbResume, core.VerbPause
		hint = text.Lit("U pauses it again; what was rolled out meanwhile stays")
	}
	fields := map[string]any{"spec": map[string]any{"paused": on}}
	c := s.newChange(k, o, doing)
	c.contentType, c.body = mergePatch, c.merged(fields)
	c.arrived = func(o tree) bool { return (o.str("spec", "paused") == "true") == on }
	c.done = text.Lit("the rollout is paused")
	over := func(*argo.Rollout) (text.Safe, error) { return text.Safe{}, nil }
	if !on {
		over = forward(c, "")
	}
	s.reaches(c, over)
	p := core.Plan{
		Verb: verb, Title: text.Concat(title, text.Sprintf(" rollout %s in %s", r.Meta.Name, c.ref.Namespace)),
		Changes:  []core.FieldChange{{Field: text.Lit("spec.paused"), Before: text.Sprintf("%t", !on), After: text.Sprintf("%t", on)}},
		Impact:   append(s.sideImpact(r), s.plain(c, fields)),
		UndoHint: hint, Inverse: &core.Inverse{Verb: back},
	}
	if on {
		p.Command = s.rolloutsLine(c.ref, text.Lit("pause"))
		p.Impact = append(p.Impact, text.Lit("pods of both sides stay as they are; scaling still works"))
	} else { // the plugin resumes by promoting, which does more
		p.Danger, p.Command = 1, text.Concat(s.kubectl(c.ref.Namespace), text.Sprintf(` patch %s %s --type=merge -p '{"spec":{"paused":false}}'`, k.argument(), shellWord(c.ref.Name)))
		p.Impact = p.Impact[:len(p.Impact)-1]
	}
	if err := c.preview(ctx, &p); err != nil {
		return nil, err
	}
	s.owners(ctx, o, &p, "spec", "paused")
	return c.operation(p), nil
}

// planRolloutRestart plans what `kubectl argo rollouts restart` does: pods that
// are older than now are replaced, a few at a time.
func (s *Source) planRolloutRestart(ctx context.Context, from core.Ref, k *kind, o tree) (*core.Operation, error) {
	r, err := asRollout(o)
	if err != nil {
		return nil, err
	}
	at := s.now().UTC().Format(time.RFC3339)
	fields := map[string]any{"spec": map[string]any{"restartAt": at}}
	c := s.newChange(k, o, "restart")
	c.contentType, c.body = mergePatch, c.merged(fields)
	c.arrived = func(o tree) bool { return o.str("spec", "restartAt") == at }
	c.done = text.Lit("all pods are new and available")
	want, _ := time.Parse(time.RFC3339, at)
	s.reaches(c, func(r *argo.Rollout) (text.Safe, error) {
		if r.Status.RestartedAt.Before(want) {
			return text.Sprintf("pods are replaced, %d of %d are available", r.Status.Available, r.Desired()), nil
		}
		if r.Status.Available < r.Desired() {
			return text.Sprintf("%d of %d pods are available", r.Status.Available, r.Desired()), nil
		}
		return text.Safe{}, nil
	})
	p := core.Plan{
		Verb: core.VerbRestart, Danger: 1, Title: text.Sprintf("Restart rollout %s in %s", r.Meta.Name, c.ref.Namespace),
		Changes:  []core.FieldChange{{Field: text.Lit("spec.restartAt"), Before: text.Clean(o.str("spec", "restartAt")), After: text.Clean(at)}},
		Impact:   []text.Safe{text.Sprintf("%d pods are replaced, a few at a time (maxUnavailable)", r.Status.Replicas), s.plain(c, fields)},
		Command:  s.rolloutsLine(c.ref, text.Lit("restart")),
		UndoHint: text.Lit("cannot be undone: the pods are replaced by equal ones; nothing else changes"),
	}
	if r.Spec.Paused {
		p.Warnings = append(p.Warnings, text.Lit("it is paused by hand; a restart goes on all the same"))
	}
	if from.Kind != kindRollout {
		p.From = from
	}
	if err := c.preview(ctx, &p); err != nil {
		return nil, err
	}
	s.owners(ctx, o, &p, "spec", "restartAt")
	return c.operation(p), nil
}

// planRolloutImage plans what `kubectl argo rollouts set image` does.
func (s *Source) planRolloutImage(ctx context.Context, from core.Ref, k *kind, o tree, what core.Deploy) (*core.Operation, error) {
	r, err := asRollout(o)
	if err != nil {
		return nil, err
	}
	if w := r.Spec.WorkloadRef; w != nil {
		return nil, refused(text.Sprintf("rollout %s takes its pods from %s %s", r.Meta.Name, w.Kind, w.Name), text.Sprintf("set the image there"))
	}
	container, image, err := newImage(o.sub("spec", "template"), what)
	if err != nil {
		return nil, err
	}
	parsed, err := parseImage(image)
	if err != nil {
		return nil, err
	}
	name, old := container.str("name"), container.str("image")
	c := s.newChange(k, o, "set the image of")
	c.contentType = jsonPatch
	op := map[string]any{"op": "replace", "path": containerPath(o, name) + "/image", "value": image}
	c.body = c.operations(op)
	c.arrived = func(o tree) bool {
		return slices.ContainsFunc(containersOf(o.sub("spec", "template")), func(c tree) bool { return c.str("name") == name && c.str("image") == image })
	}
	s.reaches(c, forward(c, point(r)))
	p := core.Plan{
		Verb: core.VerbDeploy, Danger: 1, Title: text.Sprintf("Set the image of %s in rollout %s in %s", name, r.Meta.Name, c.ref.Namespace),
		Changes:  []core.FieldChange{{Field: text.Sprintf("image of %s", name), Before: text.Clean(old), After: text.Clean(image)}},
		Command:  s.rolloutsLine(c.ref, text.Lit("set image"), text.Clean(shellWord(name+"="+image))),
		UndoHint: text.Sprintf("U sets %s again", old),
		Inverse:  &core.Inverse{Verb: core.VerbDeploy, Params: map[string]string{"image": old, "container": name}},
	}
	if from.Kind != kindRollout {
		p.From = from
	}
	if err := c.preview(ctx, &p); err != nil {
		return nil, err
	}
	imageWarnings(&p, old, image, parsed)
	s.newVersion(r, &p)
	p.Impact = append(p.Impact, s.plain(c, []any{op}))
	s.owners(ctx, o, &p, "spec", "template")
	return c.operation(p), nil
}

// containerPath is where a container stands in a pod template.
func containerPath(o tree, name string) string {
	for _, list := range []string{"initContainers", "containers"} {
		for i, c := range o.items("spec", "template", "spec", list) {
			if c.str("name") == name {
				return text.Sprintf("/spec/template/spec/%s/%d", list, i).String()
			}
		}
	}
	return ""
}

// newVersion says what a new pod template sets in motion.
func (s *Source) newVersion(r *argo.Rollout, p *core.Plan) {
	switch steps := r.Steps(); {
	case r.Spec.Strategy.BlueGreen != nil:
		p.Impact = append(p.Impact, text.Sprintf("blue/green: %d pods of the new version are made beside the others", r.Desired()))
		if b := r.Spec.Strategy.BlueGreen; b.AutoPromotion != nil && !*b.AutoPromotion {
			p.Impact = append(p.Impact, text.Lit("it becomes active when it is promoted"))
		}
	case len(steps) > 0:
		p.Impact = append(p.Impact, text.Concat(text.Sprintf("canary of %d steps, the first: ", len(steps)), steps[0].Title()))
	default:
		p.Impact = append(p.Impact, text.Sprintf("canary without steps: %d pods are replaced as in a rolling update", r.Desired()))
	}
	if r.Status.Abort {
		p.Warnings = append(p.Warnings, text.Lit("the version before was aborted"))
	} else if !r.Settled() && r.Status.StableRS != "" {
		p.Warnings = append(p.Warnings, text.Concat(text.Lit("a rollout is under way ("), r.Where(), text.Lit("): the new version takes its place and begins at the first step")))
	}
	if r.Spec.Paused {
		p.Warnings = append(p.Warnings, text.Lit("it is paused by hand: nothing happens until it is resumed"))
	}
}

// planRolloutUndo plans what `kubectl argo rollouts undo` does: the pod
// template of an earlier revision comes back, by the rollout's own steps.
func (s *Source) planRolloutUndo(ctx context.Context, from core.Ref, k *kind, o tree, all []rolloutRevision, target *rolloutRevision) (*core.Operation, error) {
	r, err := asRollout(o)
	if err != nil {
		return nil, err
	}
	if w := r.Spec.WorkloadRef; w != nil {
		return nil, refused(text.Sprintf("rollout %s takes its pods from %s %s", r.Meta.Name, w.Kind, w.Name), text.Lit("roll that back"))
	}
	now := present(all)
	template := map[string]any(target.template)
	if now != nil { // only what differs: the rollout keeps the form that its author gave it
		if t, ok := graft(map[string]any(o.sub("spec", "template")), map[string]any(now.template), map[string]any(target.template), "").(map[string]any); ok {
			template = t
		}
	}
	c := s.newChange(k, o, "roll back")
	c.contentType = jsonPatch
	op := map[string]any{"op": "replace", "path": "/spec/template", "value": template}
	c.body = c.operations(op)
	c.arrived = func(o tree) bool { return c.hasTemplate(o, template) }
	s.reaches(c, forward(c, point(r)))
	p := core.Plan{
		Verb: core.VerbRollback, Danger: 1, Title: text.Sprintf("Roll back rollout %s in %s to revision %d", r.Meta.Name, c.ref.Namespace, target.number),
		Command: s.rolloutsLine(c.ref, text.Lit("undo"), text.Sprintf("--to-revision=%d", target.number)),
		Changes: revisionChanges(o, now, target),
	}
	if from.Kind != kindRollout {
		p.From = from
	}
	if err := c.preview(ctx, &p); err != nil {
		return nil, err
	}
	if target.name == r.Meta.Name+"-"+r.Status.StableRS {
		p.Impact = append(p.Impact, text.Lit("that revision is the stable one: it takes over at once, without the steps"))
	} else {
		s.newVersion(r, &p)
	}
	s.owners(ctx, o, &p, "spec", "template")
	c.rollbackUndo(&p, o, now, target)
	return c.operation(p), nil
}
