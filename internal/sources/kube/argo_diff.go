package kube

import (
	"context"
	"errors"
	"strings"

	"devops-tui/internal/argo"
	"devops-tui/internal/core"
	"devops-tui/internal/diff"
	"devops-tui/internal/text"
)

// maxCompared is how many resources one comparison reads.
const maxCompared = 20

// Diff compares the resources of an application that are out of sync with
// what was applied last. What Git says now is rendered by Argo CD's repository
// server and is not in the cluster: the comparison says so, and which resources it
// cannot tell anything of.
func (s *Source) Diff(ctx context.Context, ref core.Ref) (core.Document, error) {
	if ref.Kind != kindApplication {
		return core.Document{}, hasNo(ref, text.Lit("definition to be compared with"))
	}
	a, err := s.application(ctx, ref)
	if err != nil {
		return core.Document{}, err
	}
	doc := core.Document{Title: text.Sprintf("Application %s: live against what was applied last", a.Meta.Name)}
	doc.Lines = s.compare(ctx, a)
	return doc, nil
}

// compare is the text of Diff; a plan to sync shows it too.
func (s *Source) compare(ctx context.Context, a *argo.Application) []text.Line {
	var out []text.Line
	add := func(t text.Safe) { out = append(out, t.Line()) }
	off := a.OutOfSync()
	if len(off) == 0 {
		add(text.Sprintf("every resource is as it should be at %s", strings.Join(shortAll(a.Status.Sync.All()), ", ")))
		return out
	}
	add(text.Sprintf("%d of %d resources are out of sync with %s.", len(off), len(a.Status.Resources), strings.Join(shortAll(a.Status.Sync.All()), ", ")))
	add(text.Lit("What Git says now is known to Argo CD's API server only; below is what changed in the cluster since it was applied last."))
	resolve := s.resolve(a)
	if resolve == nil {
		add(text.Sprintf("They are in another cluster (%s): nothing of them can be compared here.", a.Spec.Destination.String()))
	}
	for i, r := range off {
		add(text.Safe{})
		if i == maxCompared {
			add(text.Sprintf("%d more are not compared", len(off)-i))
			break
		}
		name := text.Sprintf("%s %s/%s", r.Kind, r.Namespace, r.Name)
		switch {
		case r.RequiresPruning:
			add(text.Concat(name, text.Lit(": is not in Git any more; a sync with prune deletes it")))
			continue
		case r.Health != nil && r.Health.Status == "Missing":
			add(text.Concat(name, text.Lit(": is in Git and not in the cluster; a sync makes it")))
			continue
		case resolve == nil:
			add(text.Concat(name, text.Lit(": differs")))
			continue
		}
		lines, why := s.drift(ctx, resolve(r.Group, r.Version, r.Kind, r.Namespace, r.Name))
		if why.Empty() {
			add(name)
			out = append(out, lines...)
			continue
		}
		add(text.Concat(name, text.Lit(": "), why))
	}
	return out
}

// drift compares a live object with what was applied last; why says that there
// is nothing to show, and what that means.
func (s *Source) drift(ctx context.Context, ref core.Ref) (lines []text.Line, why text.Safe) {
	_, live, err := s.fetch(ctx, ref)
	if err != nil {
		var p *core.Problem
		if errors.As(err, &p) && p.Kind == core.NotFound {
			return nil, text.Lit("is not in the cluster; a sync makes it")
		}
		return nil, text.Concat(text.Lit("cannot be read: "), s.problem(text.Safe{}, err).Summary)
	}
	note := live.str("metadata", "annotations", lastApplied)
	if note == "" {
		return nil, text.Lit("differs; how cannot be told here: it was applied server-side, or never")
	}
	applied, err := parseTree([]byte(note))
	if err != nil {
		return nil, text.Lit("differs; its last applied definition cannot be read")
	}
	delete(live.sub("metadata", "annotations"), lastApplied)
	seen, _ := projected(map[string]any(live), map[string]any(applied)).(map[string]any)
	lines = diff.Lines(readable(seen), readable(applied), 3)
	if len(lines) == 0 {
		return nil, text.Lit("is as it was applied last: Git has changed since")
	}
	return lines, text.Safe{}
}

// projected is live with only those fields that want has too: the server adds
// many more.
func projected(live, want any) any {
	switch w := want.(type) {
	case map[string]any:
		l, ok := live.(map[string]any)
		if !ok {
			return live
		}
		out := map[string]any{}
		for k, v := range w {
			if x, ok := l[k]; ok {
				out[k] = projected(x, v)
			}
		}
		return out
	case []any:
		l, ok := live.([]any)
		if !ok {
			return live
		}
		out := make([]any, len(l))
		for i, x := range l {
			out[i] = x
			if match := counterpart(x, i, w); match != nil {
				out[i] = projected(x, match)
			}
		}
		return out
	}
	return live
}

// counterpart finds an item of a list in another: by its name, else by its place.
func counterpart(x any, i int, in []any) any {
	if m, ok := x.(map[string]any); ok && m["name"] != nil {
		for _, y := range in {
			if n, ok := y.(map[string]any); ok && scalar(n["name"]) == scalar(m["name"]) {
				return y
			}
		}
		return nil
	}
	if i < len(in) {
		return in[i]
	}
	return nil
}

func shortAll(revisions []string) []string {
	out := make([]string, len(revisions))
	for i, r := range revisions {
		out[i] = argo.Short(r)
	}
	return out
}
