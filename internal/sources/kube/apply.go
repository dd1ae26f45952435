package kube

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// apply is one planned set of manifests.
type apply struct {
	s     *Source
	docs  []*applying
	force bool
	sent  int // documents that the server took
}

// applying is one document of it.
type applying struct {
	document
	k      *kind
	ref    core.Ref
	before tree // nil: it is new
	after  tree // the dry run's answer; nil: none
	answer tree // the answer; nil: not sent, or lost
	blind  text.Safe
}

// planApply plans the server-side apply of a file, a folder or a kustomization
// (https://kubernetes.io/docs/reference/using-api/server-side-apply/). For a
// namespace all of it goes there; for another object the manifest must hold it, and
// only that is applied. Fields that belong to others are taken over
// with the option force alone.
func (s *Source) planApply(ctx context.Context, ref core.Ref, what core.Deploy) (*core.Operation, error) {
	for name, v := range what.Options {
		if name != applyForce.Name || v != "true" && v != "false" && v != "" {
			return nil, &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("a manifest is not applied with %s=%s", name, v), Hint: text.Lit("force=true takes over fields that others manage")}
		}
	}
	k, target, err := s.fetch(ctx, ref)
	if err != nil {
		return nil, err
	}
	docs, kustomized, err := readDocuments(ctx, what.File, s.getenv)
	if err != nil {
		return nil, &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("%s cannot be applied: %s", what.File, err), Cause: err}
	}
	a := &apply{s: s, force: what.Options[applyForce.Name] == "true"}
	p := core.Plan{
		Verb: core.VerbDeploy, Danger: 1, Rev: target.str("metadata", "resourceVersion"),
		Target: s.ref(k.Name, target.str("metadata", "namespace"), target.str("metadata", "name"), target.str("metadata", "uid")),
		Title:  text.Sprintf("Apply %s to %s %s", filepath.Base(what.File), k.Name, ref.Name),
	}
	home := ref.Namespace
	if k.Name == "namespace" {
		home = ref.Name
	}
	if err := a.resolve(ctx, docs, home); err != nil {
		return nil, err
	}
	if k.Name != "namespace" {
		others := len(a.docs)
		a.docs = slices.DeleteFunc(a.docs, func(d *applying) bool { return !d.ref.SameObject(s.ref(k.Name, ref.Namespace, ref.Name, "")) })
		if len(a.docs) == 0 {
			return nil, &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("%s %s is not in %s", k.Name, ref.Name, what.File), Hint: text.Lit("apply it to the namespace instead")}
		}
		if others -= len(a.docs); others > 0 {
			p.Impact = append(p.Impact, text.Sprintf("%d other objects of the manifest are left out: apply it to the namespace for all", others))
		}
	}
	if err := a.dryRun(ctx, &p); err != nil {
		return nil, err
	}
	a.tell(ctx, &p)
	p.Command = a.command(what.File, home, kustomized)
	a.undo(&p)
	return &core.Operation{Plan: p, Execute: a.execute, Verify: a.verify}, nil
}

// applyConflict is in the answer that names other managers of fields.
const applyConflict = "Apply failed"

// applyForce is the option that takes over fields.
var applyForce = core.Field{
	Name: "force", Title: text.Lit("Take over"), Type: core.FieldBool, Value: "false",
	Help: text.Lit("fields that other tools manage become those of the manifest"),
}

// resolve finds the kind and the place of every document, and their order:
// namespaces and definitions of kinds go first.
func (a *apply) resolve(ctx context.Context, docs []document, home string) error {
	for _, d := range docs {
		k, err := a.kindOf(ctx, d.o, docs)
		if err != nil {
			return err
		}
		meta := d.o.sub("metadata")
		ns := d.o.str("metadata", "namespace")
		switch {
		case !k.Namespaced && ns != "":
			delete(meta, "namespace")
			ns = ""
		case k.Namespaced && ns == "":
			if ns = home; ns == "" {
				ns = a.s.home
			}
			meta["namespace"] = ns
		case k.Namespaced && home != "" && ns != home:
			return &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("%s is for namespace %s, not for %s", d.from, ns, home), Hint: text.Lit("apply it to its own namespace")}
		}
		for _, f := range serverKept {
			delete(meta, f)
		}
		delete(d.o, "status")
		x := &applying{document: d, k: k, ref: a.s.ref(k.Name, ns, d.o.str("metadata", "name"), "")}
		if i := slices.IndexFunc(a.docs, func(o *applying) bool { return o.ref == x.ref }); i >= 0 {
			return &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("%s %s stands there twice: %s and %s", k.Name, x.ref.Name, a.docs[i].from, d.from)}
		}
		a.docs = append(a.docs, x)
	}
	slices.SortStableFunc(a.docs, func(x, y *applying) int { return turn(x.k) - turn(y.k) })
	return nil
}

func turn(k *kind) int {
	switch k.gvkKind {
	case "Namespace":
		return 0
	case "CustomResourceDefinition":
		return 1
	}
	return 2
}

// kindOf finds the kind of a manifest in the version that it is written in.
func (a *apply) kindOf(ctx context.Context, o tree, docs []document) (*kind, error) {
	group, version, ok := strings.Cut(o.str("apiVersion"), "/")
	if !ok {
		group, version = "", group
	}
	k := a.s.kinds.byGVK(o.str("apiVersion"), o.str("kind"))
	if k == nil {
		if err := a.s.kinds.discover(ctx, a.s.client); err != nil {
			return nil, a.s.problem(text.Sprintf("cannot find out what a %s is", o.str("kind")), err)
		}
		k = a.s.kinds.byGVK(o.str("apiVersion"), o.str("kind"))
	}
	if k != nil {
		if k.version != version {
			other := *k
			other.version = version
			return &other, nil
		}
		return k, nil
	}
	for _, d := range docs { // defined by the same manifest
		if d.o.str("kind") == "CustomResourceDefinition" && d.o.str("spec", "group") == group && d.o.str("spec", "names", "kind") == o.str("kind") {
			k := (&apiResource{Resource: d.o.str("spec", "names", "plural"), Singular: d.o.str("spec", "names", "singular"), Scope: d.o.str("spec", "scope"), group: group, version: version})
			k.ResponseKind.Kind = o.str("kind")
			return k.kind(), nil
		}
	}
	return nil, &core.Problem{Kind: core.Unsupported, Summary: text.Sprintf("the cluster has no kind %s in %s", o.str("kind"), o.str("apiVersion")), Hint: text.Lit("kubectl api-resources")}
}

// send applies one document. For one that exists it names the life and the
// revision that were seen.
func (a *apply) send(ctx context.Context, d *applying, now tree, dry bool) (tree, error) {
	q := url.Values{"fieldManager": {fieldManager}, "fieldValidation": {"Strict"}, "force": {fmt.Sprint(a.force)}}
	if dry {
		q.Set("dryRun", "All")
	}
	body := copied(d.o)
	if now != nil {
		meta := body.sub("metadata")
		meta["uid"] = now.str("metadata", "uid")
		if !dry { // the status moves between a read and a dry run, which harms nobody
			meta["resourceVersion"] = now.str("metadata", "resourceVersion")
		}
	}
	b, err := a.s.client.do(ctx, request{method: http.MethodPatch, path: d.k.object(d.ref), query: q, contentType: applyPatch, body: jsonOf(body)}, nil)
	if err != nil {
		return nil, err
	}
	return parseTree(b)
}

// live reads a document's object as it is now, in the document's version; nil: there is none.
func (a *apply) live(ctx context.Context, d *applying) (tree, error) {
	b, err := a.s.client.do(ctx, request{path: d.k.object(d.ref)}, nil)
	if isStatus(err, http.StatusNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, a.s.problem(text.Sprintf("cannot read %s %s", d.k.Name, d.ref.Name), err)
	}
	return parseTree(b)
}

// dryRun asks the server for each document what it would do.
func (a *apply) dryRun(ctx context.Context, p *core.Plan) error {
	var conflicts []text.Safe
	for _, d := range a.docs {
		var err error
		if d.before, err = a.live(ctx, d); err != nil {
			return err
		}
		what := text.Sprintf("%s %s", d.k.Name, d.ref.Name)
		d.after, err = a.send(ctx, d, d.before, true)
		switch {
		case err == nil:
		case isStatus(err, http.StatusConflict) && strings.Contains(err.Error(), applyConflict):
			conflicts = append(conflicts, text.Concat(what, text.Lit(": "), text.Error(err)))
		case isStatus(err, http.StatusNotFound) && a.makes(d):
			d.blind = text.Lit("its namespace or kind is made by this manifest")
		case strings.Contains(err.Error(), "failed to create typed patch object"): // the server calls a field that it does not know its own error
			_, why, _ := strings.Cut(err.Error(), "): ")
			return &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("%s (%s) cannot be applied: %s", what, d.from, why), Cause: err}
		case isStatus(err, http.StatusNotFound, http.StatusConflict), invalid(err):
			return a.s.problem(text.Sprintf("%s (%s) cannot be applied", what, d.from), err)
		default:
			d.blind = a.s.problem(text.Safe{}, err).Summary
		}
		if !d.blind.Empty() {
			p.Blind, p.Preview = true, text.Sprintf("%s: %s", what, d.blind)
		}
	}
	if len(conflicts) > 0 {
		return &core.Problem{
			Kind: core.Conflict, Summary: text.Join(text.Lit("; "), conflicts...),
			Hint: text.Lit("others manage these fields: leave them out of the manifest, or take them over (--set force=true)"),
		}
	}
	if !slices.ContainsFunc(a.docs, func(d *applying) bool { return d.verdict() != "unchanged" }) {
		return &core.Problem{Kind: core.Invalid, Summary: text.Lit("nothing would change: the cluster is as the manifest says")}
	}
	return nil
}

// makes reports whether the manifest itself makes what d waits for.
func (a *apply) makes(d *applying) bool {
	return slices.ContainsFunc(a.docs, func(x *applying) bool {
		return x.before == nil && (x.k.Name == "namespace" && x.ref.Name == d.ref.Namespace ||
			x.k.gvkKind == "CustomResourceDefinition" && x.o.str("spec", "group") == d.k.group && x.o.str("spec", "names", "plural") == d.k.resource)
	})
}

func (d *applying) verdict() string {
	switch {
	case d.before == nil:
		return "new"
	case d.after != nil && sameDefinition(d.before, d.after):
		return "unchanged"
	}
	return "changed"
}

// tell says in the plan what happens to which objects.
func (a *apply) tell(ctx context.Context, p *core.Plan) {
	count := map[string]int{}
	var wide []string
	for _, d := range a.docs {
		v := d.verdict()
		count[v]++
		name := d.k.Name + " " + d.ref.Name
		p.Changes = append(p.Changes, core.FieldChange{Field: text.CleanLong(name), After: text.CleanLong(v)})
		if !d.k.Namespaced && v != "unchanged" {
			wide = append(wide, name)
		}
		if v == "unchanged" || d.after == nil {
			continue
		}
		p.Diff = append(p.Diff, text.Sprintf("  # %s: %s", name, v).Line())
		lines := diffTrees(d.before, d.after)
		if len(lines) == 0 {
			lines = []text.Line{text.Lit("  # hidden values").Line()}
		}
		p.Diff = append(p.Diff, lines...)
		if slices.Contains(rolled, d.k.Name) && v == "changed" {
			c := a.s.newChange(d.k, d.before, "apply")
			if patchOf(definition(d.before), definition(d.after)).at("spec", "template") != nil {
				p.Impact = append(p.Impact, text.Sprintf("%s:", name))
				a.s.rolloutImpact(ctx, c, p)
			}
			a.s.managers(d.before, p, text.Lit("it puts back what is in Git"))
		}
	}
	p.Impact = append([]text.Safe{text.Sprintf("%d new, %d changed, %d unchanged", count["new"], count["changed"], count["unchanged"])}, p.Impact...)
	if len(wide) > 0 {
		p.Warnings = append(p.Warnings, text.Sprintf("cluster-wide, not in the namespace alone: %s", strings.Join(wide, ", ")))
		p.Danger = 2
	}
	if a.force {
		p.Warnings = append(p.Warnings, text.Lit("fields that others manage are taken over (force)"))
	}
}

func (a *apply) command(file, home string, kustomized bool) text.Safe {
	flag := "-f"
	if kustomized {
		flag = "-k"
	}
	out := text.Sprintf("%s apply --server-side --field-manager=%s %s %s", a.s.kubectl(home), fieldManager, flag, shellWord(file))
	if a.force {
		out = text.Sprintf("%s --force-conflicts", out)
	}
	return out
}

// version is the one in which objects of a kind are read.
func (a *apply) version(k *kind) string {
	if known := a.s.kinds.get(k.Name); known != nil {
		return known.version
	}
	return k.version
}

// undo is offered where one object changes or is made: then it is all or nothing.
func (a *apply) undo(p *core.Plan) {
	var moved []*applying
	for _, d := range a.docs {
		if d.verdict() != "unchanged" {
			moved = append(moved, d)
		}
	}
	if len(moved) > 1 {
		p.UndoHint = text.Sprintf("cannot be undone: %d objects change, and not together; apply the former manifest", len(moved))
		return
	}
	d := moved[0]
	switch {
	case d.before == nil:
		p.UndoHint = text.Sprintf("U deletes %s %s again", d.k.Name, d.ref.Name)
		p.Inverse = &core.Inverse{Verb: core.VerbDelete, Target: d.ref}
	case d.k.version != a.version(d.k):
		p.UndoHint = text.Sprintf("cannot be undone: the manifest is written as %s, and it is read back as version %s", d.k.apiVersion(), a.version(d.k))
	case d.after == nil:
		p.UndoHint = text.Lit("cannot be undone: without a dry run it is not known what changes")
	default:
		if differ(editable(d.k, d.before), editable(d.k, d.after)).undo(p); p.Inverse != nil {
			p.Inverse.Target = d.ref
		}
	}
}
