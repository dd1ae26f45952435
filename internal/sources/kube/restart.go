package kube

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

const (
	restartedAt  = "kubectl.kubernetes.io/restartedAt"
	fieldManager = "devops-tui"
	mergePatch   = "application/strategic-merge-patch+json"
)

// PlanRestart plans what `kubectl rollout restart` does to a deployment,
// stateful set or daemon set: a new annotation of the pod template, so that
// its controller replaces the pods by its own rules. For a pod it is the
// workload that owns the pod.
func (s *Source) PlanRestart(ctx context.Context, ref core.Ref) (*core.Operation, error) {
	k, o, err := s.restartable(ctx, ref)
	if err != nil {
		return nil, err
	}
	rs := &restart{
		s: s, k: k, before: o,
		ref: s.ref(k.Name, o.str("metadata", "namespace"), o.str("metadata", "name"), o.str("metadata", "uid")),
		rev: o.str("metadata", "resourceVersion"), at: s.now().UTC().Format(time.RFC3339),
	}
	plan, err := rs.plan(ctx)
	if err != nil {
		return nil, err
	}
	return &core.Operation{Plan: plan, Execute: rs.execute, Verify: rs.verify}, nil
}

// restartable finds the workload that a restart of ref means.
func (s *Source) restartable(ctx context.Context, ref core.Ref) (*kind, tree, error) {
	k, o, err := s.fetch(ctx, ref)
	if err != nil {
		return nil, nil, err
	}
	for range 3 { // pod → replica set → deployment
		switch k.Name {
		case "deployment", "statefulset", "daemonset":
			if o.str("spec", "updateStrategy", "type") == "OnDelete" {
				return nil, nil, &core.Problem{Kind: core.Unsupported, Summary: text.Sprintf("%s %s replaces pods only when they are deleted (OnDelete)", k.Name, o.str("metadata", "name"))}
			}
			if o.str("spec", "paused") == "true" {
				return nil, nil, &core.Problem{
					Kind: core.Refused, Summary: text.Sprintf("%s %s is paused: a restart would wait until it is resumed", k.Name, o.str("metadata", "name")),
					Hint: text.Sprintf("kubectl -n %s rollout resume %s/%s", o.str("metadata", "namespace"), k.Name, o.str("metadata", "name")),
				}
			}
			return k, o, nil
		}
		var owner tree
		for _, w := range o.items("metadata", "ownerReferences") {
			if w.str("controller") == "true" {
				owner = w
			}
		}
		if owner == nil {
			if k.Name == "pod" {
				return nil, nil, &core.Problem{Kind: core.Unsupported, Summary: text.Sprintf("nothing would start pod %s again: no controller owns it", o.str("metadata", "name"))}
			}
			break
		}
		next := s.kinds.byGVK(owner.str("apiVersion"), owner.str("kind"))
		if next == nil {
			break
		}
		ns := o.str("metadata", "namespace")
		if k, o, err = s.fetch(ctx, s.ref(next.Name, ns, owner.str("name"), owner.str("uid"))); err != nil {
			return nil, nil, err
		}
	}
	return nil, nil, &core.Problem{Kind: core.Unsupported, Summary: text.Sprintf("a %s cannot be restarted", k.Name)}
}

// restart is one planned restart.
type restart struct {
	s      *Source
	k      *kind
	ref    core.Ref
	rev    string
	at     string
	before tree
	gen    int // the generation that the change made
}

// patch carries UID and revision, so that the server itself refuses it when
// the object was replaced or changed since it was seen.
func (r *restart) patch() []byte {
	b, _ := json.Marshal(map[string]any{
		"metadata": map[string]any{"uid": r.ref.UID, "resourceVersion": r.rev},
		"spec":     map[string]any{"template": map[string]any{"metadata": map[string]any{"annotations": map[string]any{restartedAt: r.at}}}},
	})
	return b
}

func (r *restart) send(ctx context.Context, dry bool) (tree, error) {
	q := url.Values{"fieldManager": {fieldManager}}
	if dry {
		q.Set("dryRun", "All")
	}
	b, err := r.s.client.do(ctx, request{method: http.MethodPatch, path: r.k.object(r.ref), query: q, contentType: mergePatch, body: r.patch()}, nil)
	if err != nil {
		return nil, err
	}
	return parseTree(b)
}

func (r *restart) plan(ctx context.Context) (core.Plan, error) {
	name, ns := r.ref.Name, r.ref.Namespace
	old := r.before.str("spec", "template", "metadata", "annotations", restartedAt)
	p := core.Plan{
		Verb: "restart", Target: r.ref, Rev: r.rev, Danger: 1,
		Title: text.Sprintf("Restart %s %s in %s", r.k.Name, name, ns),
		Changes: []core.FieldChange{{
			Field: text.Lit("spec.template.metadata.annotations[" + restartedAt + "]"), Before: text.Clean(old), After: text.Clean(r.at),
		}},
		Command:  text.Sprintf("kubectl -n %s --context %s rollout restart %s/%s", ns, shellWord(r.s.scope), r.k.Name, name),
		UndoHint: text.Lit("cannot be undone: the pods are replaced by equal ones; nothing else changes"),
	}
	after, err := r.send(ctx, true)
	for range 3 { // the status changes all the time and takes the revision along
		if !isStatus(err, http.StatusConflict) {
			break
		}
		_, now, ferr := r.s.fetch(ctx, r.ref)
		if ferr != nil {
			return p, ferr
		}
		r.before, r.rev = now, now.str("metadata", "resourceVersion")
		p.Rev = r.rev
		after, err = r.send(ctx, true)
	}
	switch {
	case err == nil:
		p.Diff = r.diff(after)
	case isStatus(err, http.StatusNotFound, http.StatusConflict):
		return p, r.s.problem(text.Sprintf("cannot restart %s %s", r.k.Name, name), err)
	default:
		p.Preview = text.Concat(text.Lit("no preview: "), r.s.problem(text.Safe{}, err).Summary)
	}
	r.impact(ctx, &p)
	return p, nil
}

// diff compares the object with the server's dry run.
func (r *restart) diff(after tree) []text.Line {
	clean := func(o tree) []string {
		b, _ := json.Marshal(o) // a copy: what was fetched is used again
		c, err := parseTree(b)
		if err != nil {
			return nil
		}
		redact(c)
		delete(c, "status")
		for _, k := range []string{"resourceVersion", "generation"} {
			delete(c.sub("metadata"), k)
		}
		y, err := toYAML(c)
		if err != nil {
			return nil
		}
		return strings.Split(strings.TrimSuffix(string(y), "\n"), "\n")
	}
	var out []text.Line
	for _, l := range unifiedDiff(clean(r.before), clean(after), 3) {
		out = append(out, text.CleanLine(l))
	}
	return out
}

// execute re-checks the object and sends the change once.
func (r *restart) execute(ctx context.Context, _ core.Output) error {
	_, now, err := r.s.fetch(ctx, r.ref)
	if err != nil {
		return err
	}
	// The status changes all the time and takes the revision along; what was
	// planned against is the spec.
	if now.str("metadata", "generation") != r.before.str("metadata", "generation") {
		return &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("%s %s was changed since the plan was made", r.k.Name, r.ref.Name), Hint: text.Lit("look at the plan again")}
	}
	r.rev = now.str("metadata", "resourceVersion")
	after, err := r.send(ctx, false)
	if err != nil {
		return r.outcome(err)
	}
	r.gen = after.num("metadata", "generation")
	return nil
}

// outcome tells apart: refused by the server or never sent, and not known.
func (r *restart) outcome(err error) error {
	var status *statusError
	var plug *pluginError
	switch {
	case errors.As(err, &status) && status.Code < 500, errors.Is(err, core.ErrReadOnly), errors.As(err, &plug), errors.Is(err, errBadName), neverSent(err):
		if errors.Is(err, core.ErrReadOnly) {
			return err
		}
		return r.s.problem(text.Sprintf("cannot restart %s %s", r.k.Name, r.ref.Name), err)
	case strings.Contains(err.Error(), "not part of a confirmed action"):
		return err
	}
	return fmt.Errorf("restart %s: %w (%w)", r.ref.Path(), core.ErrOutcomeUnknown, err)
}

func shellWord(s string) string {
	if s != "" && !strings.ContainsFunc(s, func(c rune) bool {
		return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("-_./:@=+,", c))
	}) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
