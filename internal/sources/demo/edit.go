package demo

import (
	"context"
	"maps"
	"strconv"
	"strings"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// The paths of a definition that the demo honours.
const (
	pathReplicas = "spec.replicas"
	pathImage    = "spec.template.spec.containers[app].image"
	pathLabels   = "metadata.labels."
	pathData     = "data."
	pathRevision = "metadata.resourceVersion"
	statusPath   = "status."
)

// wish is what a definition asks for.
type wish struct {
	replicas int
	image    string
	labels   map[string]string // besides the selector's
	data     map[string]string
}

// wanted reads what a definition asks for.
func wanted(lines map[string]string, s *service) (wish, error) {
	w := wish{replicas: -1, image: lines[pathImage], labels: map[string]string{}, data: map[string]string{}}
	if v, ok := lines[pathReplicas]; ok {
		n, err := strconv.Atoi(v)
		if err != nil || n < 0 || n > mostReplicas {
			return w, problemf(core.Invalid, "spec.replicas: %q is not a number from 0 to %d", v, mostReplicas)
		}
		w.replicas = n
	}
	for path, v := range lines {
		if k, ok := strings.CutPrefix(path, pathLabels); ok && s.selector()[k] == "" {
			w.labels[k] = v
		}
		if k, ok := strings.CutPrefix(path, pathData); ok {
			w.data[k] = v
		}
	}
	return w, nil
}

// editable finds a deployment or a configmap.
func (s *Source) editable(ctx context.Context, ref core.Ref) (object, func(), error) {
	o, done, err := s.object(ctx, ref)
	if err != nil {
		return nil, nil, err
	}
	switch o.(type) {
	case *deployment, *settings:
		return o, done, nil
	}
	done()
	return nil, nil, problemf(core.Unsupported, "the definition of a %s cannot be edited in the demo", ref.Kind)
}

// Definition is what the user's editor opens.
func (s *Source) Definition(ctx context.Context, ref core.Ref) ([]byte, error) {
	o, done, err := s.editable(ctx, ref)
	if err != nil {
		return nil, err
	}
	defer done()
	return []byte(define(o)), nil
}

// PlanEdit plans the difference between two definitions of an object.
func (s *Source) PlanEdit(ctx context.Context, ref core.Ref, before, after []byte) (*core.Operation, error) {
	o, done, err := s.editable(ctx, ref)
	if err != nil {
		return nil, err
	}
	defer done()
	old, err := outline(string(before))
	if err != nil {
		return nil, problemf(core.Invalid, "the definition from before: %v", err)
	}
	edited, err := outline(string(after))
	if err != nil {
		return nil, problemf(core.Invalid, "the edited definition: %v", err)
	}
	if rev := o.row().Rev; old[pathRevision] != rev {
		p := problemf(core.Conflict, "%s was changed while it was edited (revision %s, now %s)", ref.Path(), old[pathRevision], rev)
		p.Hint = text.Lit("open it again")
		return nil, p
	}
	return s.planRewrite(core.VerbEdit, o, old, edited)
}

// planRewrite plans that an object becomes what a definition says.
func (s *Source) planRewrite(verb string, o object, old, edited map[string]string) (*core.Operation, error) {
	ref := o.ref()
	var fields []core.FieldChange
	var lines [][3]string
	for _, path := range differing(old, edited) {
		if path == pathRevision && verb == core.VerbRestore || strings.HasPrefix(path, statusPath) {
			continue
		}
		_, isSettings := o.(*settings)
		honoured := strings.HasPrefix(path, pathLabels) || isSettings && strings.HasPrefix(path, pathData) || !isSettings && (path == pathReplicas || path == pathImage)
		if !honoured && verb == core.VerbRestore {
			continue
		}
		if !honoured {
			p := problemf(core.Unsupported, "%s: the demo cannot change it", path)
			p.Hint = text.Lit("replicas, the image of app, labels and a configmap's data can be edited")
			return nil, p
		}
		fields = append(fields, change(path, old[path], edited[path]))
		lines = append(lines, [3]string{path, old[path], edited[path]})
	}
	if len(fields) == 0 {
		return nil, problemf(core.Refused, "nothing was changed in %s", ref.Path())
	}
	title := text.Sprintf("Edit %s %s/%s", ref.Kind, ref.Namespace, ref.Name)
	if verb == core.VerbRestore {
		title = text.Sprintf("Put back the definition of %s %s/%s", ref.Kind, ref.Namespace, ref.Name)
	}
	plan := core.Plan{
		Verb: verb, Target: ref, Rev: o.row().Rev, Title: title, Changes: fields, Diff: difference(ref.Kind+"/"+ref.Name, lines...),
		Command:  text.Sprintf("%s replace -f edited.yaml", s.place.kubectl(ref.Namespace)),
		UndoHint: text.Lit("U plans the definition from before"),
		Inverse:  &core.Inverse{Verb: core.VerbRestore, Saved: []byte(define(o))},
	}
	switch o := o.(type) {
	case *deployment:
		return s.rewriteDeployment(o, plan, edited)
	case *settings:
		return s.rewriteSettings(o, plan, edited)
	}
	return nil, problemf(core.Unsupported, "a %s cannot be edited", ref.Kind)
}

func (s *Source) rewriteDeployment(d *deployment, plan core.Plan, edited map[string]string) (*core.Operation, error) {
	to, err := wanted(edited, d.service)
	if err != nil {
		return nil, err
	}
	if to.replicas < 0 {
		to.replicas = 1 // what the system fills in
	}
	b := d.current.build
	if to.image == "" {
		return nil, problemf(core.Invalid, "%s: a container needs an image", pathImage)
	}
	if to.image != b.image {
		b = s.w.registry(d.service, to.image)
		plan.Danger = 1
		plan.Impact = append(plan.Impact, text.Sprintf("%d pods, replaced one by one: the template changes", to.replicas))
	}
	if to.replicas != d.replicas {
		plan.Impact = append(plan.Impact, text.Sprintf("%d pods become %d", d.replicas, to.replicas))
		if d.scaler != nil {
			plan.Warnings = append(plan.Warnings, d.scaler.warning(d))
		}
	}
	if len(plan.Impact) == 0 {
		plan.Impact = []text.Safe{text.Lit("labels of the deployment only: no pod is replaced")}
	}
	var asked int
	return s.operation(plan,
		func() (core.Ref, string) { return d.ref(), d.rev() },
		func() {
			d.labels = to.labels
			if to.replicas != d.replicas {
				d.resize(to.replicas)
			}
			if b != d.current.build {
				d.bring(b)
			} else {
				d.generation++
				d.stir()
			}
			asked = d.generation
		},
		func() verdict {
			if d.rolling {
				return d.verdict(asked)
			}
			return d.sized(asked, to.replicas)
		}), nil
}

func (s *Source) rewriteSettings(c *settings, plan core.Plan, edited map[string]string) (*core.Operation, error) {
	to, err := wanted(edited, c.service)
	if err != nil {
		return nil, err
	}
	plan.Impact = []text.Safe{text.Sprintf("pods of %s read it when they start: those that run keep what they have read", c.service.name)}
	var asked int
	return s.operation(plan,
		func() (core.Ref, string) { return c.ref(), c.rev() },
		func() {
			c.data, c.changed = to.data, s.w.now
			c.edits++
			asked = c.edits
			c.place.touch(c)
		},
		func() verdict { return arrived(c.edits >= asked, "the settings are stored") }), nil
}

// allLabels are those of the selector and the user's.
func (d *deployment) allLabels() map[string]string {
	out := d.service.selector()
	maps.Copy(out, d.labels)
	return out
}
