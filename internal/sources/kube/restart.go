package kube

import (
	"context"
	"strings"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

const restartedAt = "kubectl.kubernetes.io/restartedAt"

// PlanRestart plans what `kubectl rollout restart` does to a deployment,
// stateful set or daemon set: a new annotation of the pod template, so that
// its controller replaces the pods by its own rules. For a pod it is the
// workload that owns the pod.
func (s *Source) PlanRestart(ctx context.Context, ref core.Ref) (*core.Operation, error) {
	k, o, err := s.restartable(ctx, ref)
	if err != nil {
		return nil, err
	}
	if k.Name == kindRollout {
		return s.planRolloutRestart(ctx, ref, k, o)
	}
	c := s.newChange(k, o, "restart")
	at := s.now().UTC().Format(time.RFC3339)
	c.body = c.merged(map[string]any{
		"spec": map[string]any{"template": map[string]any{"metadata": map[string]any{"annotations": map[string]any{restartedAt: at}}}},
	})
	c.arrived = func(o tree) bool {
		return o.str("spec", "template", "metadata", "annotations", restartedAt) == at
	}
	c.settled, c.done = c.rollout, text.Lit("all pods are new and available")
	old := o.str("spec", "template", "metadata", "annotations", restartedAt)
	p := core.Plan{
		Verb: core.VerbRestart, Danger: 1,
		Title: text.Sprintf("Restart %s %s in %s", k.Name, c.ref.Name, c.ref.Namespace),
		Changes: []core.FieldChange{{
			Field: text.Lit("annotation restartedAt"), Before: text.Clean(old), After: text.Clean(at),
		}},
		Command:  text.Sprintf("%s rollout restart %s/%s", s.kubectl(c.ref.Namespace), k.Name, c.ref.Name),
		UndoHint: text.Lit("cannot be undone: the pods are replaced by equal ones; nothing else changes"),
	}
	if k.Name != ref.Kind {
		p.From = ref
	}
	if err := c.preview(ctx, &p); err != nil {
		return nil, err
	}
	s.rolloutImpact(ctx, c, &p)
	s.managers(c.before, &p, text.Lit("it leaves the restart annotation alone unless it is in Git"))
	return c.operation(p), nil
}

// restartable finds the workload that a restart of ref means.
func (s *Source) restartable(ctx context.Context, ref core.Ref) (*kind, tree, error) {
	k, o, err := s.workloadOf(ctx, ref)
	if err != nil {
		return nil, nil, err
	}
	switch {
	case k.Name == kindRollout:
	case k.Name != "deployment" && k.Name != "statefulset" && k.Name != "daemonset":
		return nil, nil, &core.Problem{Kind: core.Unsupported, Summary: text.Sprintf("a %s cannot be restarted", k.Name)}
	case o.str("spec", "updateStrategy", "type") == "OnDelete":
		return nil, nil, &core.Problem{Kind: core.Unsupported, Summary: text.Sprintf("%s %s replaces pods only when they are deleted (OnDelete)", k.Name, o.str("metadata", "name"))}
	case o.str("spec", "paused") == "true":
		return nil, nil, &core.Problem{
			Kind: core.Refused, Summary: text.Sprintf("%s %s is paused: a restart would wait until it is resumed", k.Name, o.str("metadata", "name")),
			Hint: text.Sprintf("kubectl -n %s rollout resume %s/%s", o.str("metadata", "namespace"), k.Name, o.str("metadata", "name")),
		}
	}
	return k, o, nil
}

// workloadOf fetches ref, and for a pod or replica set the workload that
// controls it in the end.
func (s *Source) workloadOf(ctx context.Context, ref core.Ref) (*kind, tree, error) {
	k, o, err := s.fetch(ctx, ref)
	if err != nil {
		return nil, nil, err
	}
	for range 3 { // pod → replica set → deployment
		if k.Name != "pod" && k.Name != "replicaset" {
			return k, o, nil
		}
		owner := controller(o)
		if owner == nil {
			if k.Name == "pod" {
				return nil, nil, &core.Problem{Kind: core.Unsupported, Summary: text.Sprintf("nothing would start pod %s again: no controller owns it", o.str("metadata", "name"))}
			}
			return k, o, nil
		}
		next := s.kinds.byGVK(owner.str("apiVersion"), owner.str("kind"))
		if name := kindName(owner.str("apiVersion"), owner.str("kind")); next == nil && name == kindRollout { // not discovered yet
			next, _ = s.kindOf(ctx, name)
		}
		if next == nil {
			return k, o, nil
		}
		ns := o.str("metadata", "namespace")
		if k, o, err = s.fetch(ctx, s.ref(next.Name, ns, owner.str("name"), owner.str("uid"))); err != nil {
			return nil, nil, err
		}
	}
	return k, o, nil
}

// controller is the owner reference of the object's controller; nil: none.
func controller(o tree) tree {
	for _, w := range o.items("metadata", "ownerReferences") {
		if w.str("controller") == "true" {
			return w
		}
	}
	return nil
}

// kubectl is how the equivalent command begins; namespace "" for objects that
// have none.
func (s *Source) kubectl(namespace string) text.Safe {
	if namespace == "" {
		return text.Sprintf("kubectl --context %s", shellWord(s.scope))
	}
	return text.Sprintf("kubectl -n %s --context %s", shellWord(namespace), shellWord(s.scope))
}

func shellWord(s string) string {
	if s != "" && !strings.ContainsFunc(s, func(c rune) bool {
		return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("-_./:@=+,", c))
	}) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
