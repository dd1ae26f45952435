package kube

import (
	"bytes"
	"context"
	"maps"
	"net/url"
	"slices"
	"strings"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

var _ sources.Editor = (*Source)(nil)

// Definition is what an editor opens: the object's YAML without status and
// without what the server counts. Secrets are in it.
func (s *Source) Definition(ctx context.Context, ref core.Ref) ([]byte, error) {
	k, o, err := s.fetch(ctx, ref)
	if err != nil {
		return nil, err
	}
	b, err := toYAML(editable(k, o))
	if err != nil {
		return nil, s.problem(text.Sprintf("cannot write %s %s as YAML", k.Name, ref.Name), err)
	}
	return b, nil
}

// editable is the part of an object that is edited.
func editable(k *kind, o tree) tree {
	out := written(o)
	out["apiVersion"], out["kind"] = k.apiVersion(), k.gvkKind
	return out
}

// written is what somebody wrote of an object, without kubectl's own copy of
// it, which kubectl apply keeps.
func written(o tree) tree {
	out := copied(definition(o))
	withoutNulls(map[string]any(out))
	if notes := out.sub("metadata", "annotations"); notes != nil {
		delete(notes, lastApplied)
		if len(notes) == 0 {
			delete(out.sub("metadata"), "annotations")
		}
	}
	return out
}

// PlanEdit plans the difference between before, as it was opened, and after. What
// moved meanwhile is left as it is now, unless it was edited too.
func (s *Source) PlanEdit(ctx context.Context, ref core.Ref, before, after []byte) (*core.Operation, error) {
	b, err := oneManifest(before)
	if err != nil {
		return nil, err
	}
	a, err := oneManifest(after)
	if err != nil {
		return nil, err
	}
	for _, path := range [][]string{{"apiVersion"}, {"kind"}, {"metadata", "namespace"}, {"metadata", "name"}} {
		if was, is := b.str(path...), a.str(path...); was != is {
			return nil, &core.Problem{
				Kind: core.Invalid, Summary: text.Sprintf("%s was changed from %q to %q: that would be another object", pathName(path), was, is),
				Hint: text.Lit("apply it as a new manifest instead"),
			}
		}
	}
	if uid := a.str("metadata", "uid"); uid != "" && ref.UID != "" && uid != ref.UID {
		return nil, &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("the text is of a %s %s that was deleted and made anew since", ref.Kind, ref.Name)}
	}
	b, a = written(b), written(a)
	if bytes.Equal(jsonOf(b), jsonOf(a)) {
		return nil, &core.Problem{Kind: core.Invalid, Summary: text.Lit("nothing was changed")}
	}
	k, o, err := s.fetch(ctx, ref)
	if err != nil {
		return nil, err
	}
	if b.str("apiVersion") != k.apiVersion() || b.str("kind") != k.gvkKind || b.str("metadata", "name") != ref.Name || b.str("metadata", "namespace") != ref.Namespace {
		return nil, &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("the text is not that of %s %s", k.Name, ref.Name)}
	}
	e := &edit{s: s, k: k, verb: core.VerbEdit, merge: func(now tree) (tree, []string) {
		var moved []string
		m, _ := merge3(map[string]any(b), map[string]any(a), map[string]any(now), nil, &moved).(map[string]any)
		return m, moved
	}}
	return e.plan(ctx, o, text.Sprintf("Edit %s %s", k.Name, ref.Name))
}

// oneManifest reads the text of exactly one object.
func oneManifest(b []byte) (tree, error) {
	list, err := parseManifests(b)
	switch {
	case err != nil:
		return nil, &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("it cannot be read: %s", err), Hint: text.Lit("open it again")}
	case len(list) != 1:
		return nil, &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("there are %d objects in the text, not one", len(list))}
	}
	return list[0], nil
}

// edit is a change of whatever fields.
type edit struct {
	s    *Source
	k    *kind
	verb string
	// merge makes the wanted definition of one as it is now, or names the fields
	// that stand against it.
	merge func(now tree) (wanted tree, moved []string)
}

// patch is what is sent to an object as it is now.
func (e *edit) patch(o tree) (tree, error) {
	now := editable(e.k, o)
	wanted, moved := e.merge(now)
	if len(moved) > 0 {
		return nil, &core.Problem{
			Kind: core.Conflict, Summary: text.Sprintf("changed by somebody else meanwhile: %s", strings.Join(moved, ", ")),
			Hint: text.Lit("open it again: the text then shows what it is now"),
		}
	}
	return patchOf(now, wanted), nil
}

// plan makes the operation for an object that was just fetched.
func (e *edit) plan(ctx context.Context, o tree, title text.Safe) (*core.Operation, error) {
	patch, err := e.patch(o)
	if err != nil {
		return nil, err
	}
	if patch == nil {
		return nil, &core.Problem{Kind: core.Invalid, Summary: text.Lit("nothing would change: it is like that already")}
	}
	c := e.s.newChange(e.k, o, e.verb)
	c.contentType, c.strict, c.query = mergePatch, true, url.Values{"fieldValidation": {"Warn"}}
	c.body = c.merged(patch)
	c.fits = func(now tree) error {
		again, err := e.patch(now)
		if err == nil && !bytes.Equal(jsonOf(again), jsonOf(patch)) {
			err = &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("%s %s was changed since the plan was made", e.k.Name, c.ref.Name), Hint: text.Lit("look at the plan again")}
		}
		return err
	}
	p := core.Plan{Verb: e.verb, Title: title, Danger: 1, Command: e.command(c.ref, patch)}
	if c.ref.Namespace != "" {
		p.Title = text.Sprintf("%s in %s", p.Title, c.ref.Namespace)
	}
	if labelsOnly(patch) {
		p.Danger = 0
	}
	if err := c.preview(ctx, &p); err != nil {
		return nil, explain(err)
	}
	from, to := editable(e.k, c.before), applied(editable(e.k, c.before), patch)
	if c.after != nil {
		to = editable(e.k, c.after) // with what the server makes of it
	}
	set, diff := patchOf(from, to), differ(from, to)
	if set == nil {
		return nil, &core.Problem{Kind: core.Invalid, Summary: text.Lit("nothing would change: the server takes none of it"), Hint: text.Join(text.Lit("; "), p.Warnings...)}
	}
	c.arrived = func(o tree) bool { return includes(map[string]any(set), map[string]any(editable(e.k, o))) }
	p.Changes = diff.changes
	c.done = text.Lit("the change is there")
	if set.at("spec", "template") != nil || set.at("spec", "replicas") != nil {
		if follows(e.k, c.before) && follows(e.k, applied(c.before, set)) {
			c.settled, c.done = c.rollout, text.Lit("all pods are as they should be")
		}
	}
	e.impact(ctx, c, set, &p)
	diff.undo(&p)
	return c.operation(p), nil
}

// labelsOnly reports whether a patch changes labels and annotations alone.
func labelsOnly(patch tree) bool {
	return !slices.ContainsFunc(leaves(patch, nil), func(path []string) bool {
		return len(path) < 2 || path[0] != "metadata" || path[1] != "labels" && path[1] != "annotations"
	})
}

// command is the patch as kubectl sends it. What holds secrets or is long is
// edited instead.
func (e *edit) command(ref core.Ref, patch tree) text.Safe {
	begin := e.s.kubectl(ref.Namespace)
	if j := jsonOf(patch); len(j) <= 2000 && !e.secret(patch) {
		return text.Sprintf("%s patch %s --type=merge -p %s", begin, typeName(e.k, ref.Name), shellWord(string(j)))
	}
	return text.Sprintf("%s edit %s", begin, typeName(e.k, ref.Name))
}

// secret reports whether a patch has values that are not shown.
func (e *edit) secret(patch tree) bool {
	o := maps.Clone(patch)
	o["kind"] = e.k.gvkKind
	return e.k.Name == "secret" && (patch["data"] != nil || patch["stringData"] != nil) || holdsSecrets(o)
}

func (e *edit) impact(ctx context.Context, c *change, set tree, p *core.Plan) {
	switch {
	case slices.Contains(rolled, e.k.Name) && set.at("spec", "template") != nil:
		e.s.rolloutImpact(ctx, c, p)
	case e.k.Name == "configmap" || e.k.Name == "secret":
		if n := usedBy(e.k.Name, c.ref.Name, e.s.somePods(ctx, c.ref.Namespace, nil)); n > 0 && !labelsOnly(set) {
			p.Impact = append(p.Impact, text.Sprintf("%d pods use it: mounted files follow within a minute or so, variables only with a restart", n))
		}
	}
	if set.at("spec", "replicas") != nil {
		for _, h := range e.s.autoscalersOf(ctx, e.k, c.ref) {
			p.Warnings = append(p.Warnings, text.Sprintf("autoscaler %s sets the replicas again, between %s and %s", h.str("metadata", "name"), h.str("spec", "minReplicas"), h.str("spec", "maxReplicas")))
		}
	}
	e.s.owners(ctx, c.before, p, "spec")
}

// undo keeps the former values where they are no secret.
func (d difference) undo(p *core.Plan) {
	if d.hidden {
		p.UndoHint = text.Lit("cannot be undone: the former values are secret and are not kept")
		return
	}
	p.UndoHint = text.Lit("U puts the former values back")
	p.Inverse = &core.Inverse{Verb: core.VerbRestore, Saved: jsonOf(saved{Steps: d.steps})}
}

// explain adds to an answer what can be done about it.
func explain(err error) error {
	p, ok := err.(*core.Problem)
	if !ok || p.Kind != core.Invalid || !p.Hint.Empty() {
		return err
	}
	q := *p
	q.Hint = text.Lit("open it again and set it right")
	if strings.Contains(p.Summary.String(), "immutable") || strings.Contains(p.Summary.String(), "updates to") && strings.Contains(p.Summary.String(), "forbidden") {
		q.Hint = text.Lit("such a field is fixed when the object is made: delete it and make it anew to change it")
	}
	return &q
}
