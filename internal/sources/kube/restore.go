package kube

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

var _ sources.Restorer = (*Source)(nil)

// PlanRestore plans that what undo has saved is put back: an object that was
// deleted, or the former values of an edit.
func (s *Source) PlanRestore(ctx context.Context, ref core.Ref, b []byte) (*core.Operation, error) {
	what, err := readSaved(b)
	switch {
	case err != nil:
		return nil, &core.Problem{Kind: core.Invalid, Summary: text.Lit("what was saved cannot be read"), Cause: err}
	case what.Manifest != nil:
		return s.planRecreate(ctx, ref, what.Manifest)
	case len(what.Steps) > 0:
		return s.planPutBack(ctx, ref, what)
	}
	return nil, &core.Problem{Kind: core.Invalid, Summary: text.Lit("nothing was saved")}
}

// creation is one planned object.
type creation struct {
	s        *Source
	k        *kind
	ref      core.Ref // without UID until it is made
	manifest tree
	made     tree // the server's answer; nil: none came
}

// planRecreate plans that an object is made from its saved definition.
func (s *Source) planRecreate(ctx context.Context, ref core.Ref, manifest tree) (*core.Operation, error) {
	ref.UID = ""
	k, _, err := s.fetch(ctx, ref)
	switch {
	case err == nil:
		return nil, &core.Problem{Kind: core.Refused, Summary: text.Sprintf("a %s %s is there already; it is not replaced", k.Name, ref.Name), Hint: text.Lit("look at the one that is there")}
	case !isProblem(err, core.NotFound) || k == nil:
		return nil, err
	case manifest.str("metadata", "name") != ref.Name || manifest.str("metadata", "namespace") != ref.Namespace || manifest.str("kind") != k.gvkKind:
		return nil, &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("what was saved is not %s %s", k.Name, ref.Name)}
	}
	c := &creation{s: s, k: k, ref: s.ref(k.Name, ref.Namespace, ref.Name, ""), manifest: copied(manifest)}
	p := core.Plan{
		Verb: core.VerbRestore, Target: c.ref, Danger: 1, Title: text.Sprintf("Make %s %s again", k.Name, ref.Name),
		UndoHint: text.Lit("U deletes it again"), Inverse: &core.Inverse{Verb: core.VerbDelete},
	}
	if ref.Namespace != "" {
		p.Title = text.Sprintf("%s in %s", p.Title, ref.Namespace)
	}
	if k.Name == "service" {
		c.give(ctx, &p)
	}
	made, err := c.send(ctx, true)
	switch {
	case err == nil:
		p.Diff = diffTrees(nil, made)
	case isStatus(err, http.StatusConflict, http.StatusNotFound, http.StatusUnprocessableEntity):
		return nil, s.problem(c.cannot(), err)
	default:
		p.Blind, p.Preview = true, s.problem(text.Safe{}, err).Summary
	}
	if j := jsonOf(c.manifest); len(j) <= 4000 {
		p.Command = text.Sprintf("printf %%s %s | %s create -f -", shellWord(string(j)), s.kubectl(ref.Namespace))
	}
	p.Impact = append(p.Impact, text.Lit("it is a new object with a new UID"))
	if slices.Contains(rolled, k.Name) {
		p.Impact = append(p.Impact, text.Lit("its pods start anew; those that run without an owner and fit its selector are taken over"))
	}
	s.managers(manifest, &p, text.Lit("if it is in Git it would come back from there"))
	return &core.Operation{Plan: p, Execute: c.execute, Verify: c.verify}, nil
}

func (c *creation) cannot() text.Safe {
	return text.Sprintf("cannot make %s %s", c.k.Name, c.ref.Name)
}

// give lets the server choose what a service cannot have any more because another
// has it by now: a dry run does not tell.
func (c *creation) give(ctx context.Context, p *core.Plan) {
	ips, ports := map[string]string{}, map[string]string{}
	for _, o := range c.s.listed(ctx, c.k.path("")...) {
		owner := o.str("metadata", "namespace") + "/" + o.str("metadata", "name")
		ips[o.str("spec", "clusterIP")] = owner
		for _, port := range o.items("spec", "ports") {
			ports[port.str("nodePort")] = owner
		}
	}
	spec := c.manifest.sub("spec")
	if ip := scalar(spec["clusterIP"]); ip != "" && ip != "None" && ips[ip] != "" {
		p.Warnings = append(p.Warnings, text.Sprintf("it gets a new cluster IP: %s belongs to service %s by now", ip, ips[ip]))
		delete(spec, "clusterIP")
		delete(spec, "clusterIPs")
	}
	for _, port := range spec.items("ports") {
		if n := port.str("nodePort"); n != "" && ports[n] != "" {
			p.Warnings = append(p.Warnings, text.Sprintf("it gets a new node port: %s belongs to service %s by now", n, ports[n]))
			delete(port, "nodePort")
		}
	}
}

func (c *creation) send(ctx context.Context, dry bool) (tree, error) {
	q := url.Values{"fieldManager": {fieldManager}}
	if dry {
		q.Set("dryRun", "All")
	}
	b, err := c.s.client.do(ctx, request{method: http.MethodPost, path: c.k.path(c.ref.Namespace), query: q, contentType: "application/json", body: jsonOf(c.manifest)}, nil)
	if err != nil {
		return nil, err
	}
	return parseTree(b)
}

func (c *creation) execute(ctx context.Context, _ core.Output) error {
	made, err := c.send(ctx, false) // the server refuses a name that is taken
	if err != nil {
		return c.s.outcome(c.cannot(), err)
	}
	c.made = made
	return nil
}

// verify follows the new object; without an answer it looks whether it is there.
func (c *creation) verify(ctx context.Context, report func(core.Progress)) (core.Outcome, error) {
	ref := c.ref
	if c.made != nil {
		ref.UID = c.made.str("metadata", "uid")
	}
	_, o, err := c.s.fetch(ctx, ref)
	if c.made == nil && isProblem(err, core.NotFound) {
		return core.OutcomeRefused, &core.Problem{Kind: core.NotFound, Summary: text.Sprintf("the request did not arrive: there is no %s %s", c.k.Name, c.ref.Name)}
	}
	if err != nil {
		var p *core.Problem
		if errors.As(err, &p) && p.Kind == core.NotFound {
			return core.OutcomeFailed, err
		}
		return core.OutcomeUnknown, err
	}
	f := c.s.newChange(c.k, o, "make")
	f.gen, f.done = max(o.num("metadata", "generation"), 1), text.Sprintf("%s %s is there", c.k.Name, c.ref.Name)
	f.arrived = func(tree) bool { return true }
	if follows(c.k, o) {
		f.settled, f.done = f.rollout, text.Lit("all pods are available")
	}
	return f.verify(ctx, report)
}

// follows reports whether a rollout of the object comes to an end by itself.
func follows(k *kind, o tree) bool {
	return slices.Contains(rolled, k.Name) && o.str("spec", "paused") != "true" && o.str("spec", "updateStrategy", "type") != "OnDelete"
}

// planPutBack plans that the former values of an edit are set again, unless
// they were changed since by somebody else.
func (s *Source) planPutBack(ctx context.Context, ref core.Ref, what saved) (*core.Operation, error) {
	k, o, err := s.fetch(ctx, ref)
	if err != nil {
		return nil, err
	}
	if _, moved := back(editable(k, o), what.Steps); len(moved) > 0 {
		return nil, &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("it was changed again since: %s", strings.Join(moved, ", ")), Hint: text.Lit("edit it instead")}
	}
	e := &edit{s: s, k: k, verb: core.VerbRestore, merge: func(now tree) (tree, []string) { return back(now, what.Steps) }}
	return e.plan(ctx, o, text.Sprintf("Put back what was edited of %s %s", k.Name, ref.Name))
}
