package kube

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"devops-tui/internal/argo"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

const (
	revisionNote = "deployment.kubernetes.io/revision"
	changeCause  = "kubernetes.io/change-cause"
	templateHash = "pod-template-hash"        // label of a deployment's replica sets
	revisionHash = "controller-revision-hash" // label of the pods of stateful and daemon sets
	// maxRevisions bounds what is read of a history; the default limit of the
	// controllers is 10.
	maxRevisions = 500
)

// rolloutRevision is one entry of a workload's rollout history.
type rolloutRevision struct {
	number   int
	name     string // of its replica set or controller revision: it stays when the number changes
	template tree   // of the pods, as the workload has it
	cause    string // change-cause
	created  time.Time
	pods     int // that run it now
	ready    int // of them; -1: not known
	current  bool
	seen     sighting
}

// history reads the rollout history of a deployment, stateful set or daemon
// set, newest first.
func (s *Source) history(ctx context.Context, k *kind, o tree) ([]rolloutRevision, error) {
	var out []rolloutRevision
	var err error
	switch k.Name {
	case "deployment":
		out, err = s.replicaSets(ctx, o, revisionNote, templateHash)
	case kindRollout:
		out, err = s.replicaSets(ctx, o, argo.RolloutRevision, argo.RolloutHash)
	default:
		out, err = s.controllerRevisions(ctx, k, o)
	}
	if err != nil {
		return nil, s.problem(text.Sprintf("cannot read the history of %s %s", k.Name, o.str("metadata", "name")), err)
	}
	slices.SortFunc(out, func(a, b rolloutRevision) int { return b.number - a.number })
	for i := range out {
		if k.Name == kindRollout { // a custom resource has none of the defaults that its replica sets have
			out[i].current = strings.HasSuffix(out[i].name, "-"+o.str("status", "currentPodHash"))
		} else {
			out[i].current = sameJSON(map[string]any(out[i].template), map[string]any(o.sub("spec", "template")))
		}
		out[i].seen = s.witness.of(o.str("metadata", "uid"), hashTemplate(out[i].template))
	}
	// Equal templates do not come twice, but a server that was upgraded has
	// defaults that old revisions lack: then the number tells.
	if !slices.ContainsFunc(out, func(r rolloutRevision) bool { return r.current }) && o.num("status", "observedGeneration") >= o.num("metadata", "generation") {
		for i := range out {
			switch k.Name {
			case "deployment":
				out[i].current = strconv.Itoa(out[i].number) == o.str("metadata", "annotations", revisionNote)
			case "statefulset":
				out[i].current = out[i].name == o.str("status", "updateRevision")
			default:
				out[i].current = i == 0
			}
		}
	}
	return out, nil
}

// replicaSets reads the history that deployments and rollouts keep: the number
// is in an annotation, and a label is added to each template.
func (s *Source) replicaSets(ctx context.Context, o tree, numbered, hash string) ([]rolloutRevision, error) {
	list, err := s.owned(ctx, "replicasets", o, acceptJSON)
	if err != nil {
		return nil, err
	}
	var out []rolloutRevision
	for _, rs := range list {
		n, _ := strconv.Atoi(rs.str("metadata", "annotations", numbered))
		if n == 0 {
			continue
		}
		t := rs.sub("spec", "template")
		delete(t.sub("metadata", "labels"), hash)
		out = append(out, rolloutRevision{
			number: n, name: rs.str("metadata", "name"), template: t, cause: rs.str("metadata", "annotations", changeCause),
			created: rs.time("metadata", "creationTimestamp"), pods: rs.num("status", "replicas"), ready: rs.num("status", "readyReplicas"),
		})
	}
	return out, nil
}

// controllerRevisions reads the history that stateful and daemon sets keep as
// patches of their spec: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/controller-revision-v1/
func (s *Source) controllerRevisions(ctx context.Context, k *kind, o tree) ([]rolloutRevision, error) {
	list, err := s.owned(ctx, "controllerrevisions", o, acceptJSON)
	if err != nil {
		return nil, err
	}
	pods := map[string]int{}
	if b, err := s.client.do(ctx, request{
		path: builtinByName["pod"].path(o.str("metadata", "namespace")), accept: acceptMetadata,
		query: url.Values{"labelSelector": {formatSelector(o.sub("spec", "selector", "matchLabels"), o.items("spec", "selector", "matchExpressions"))}},
	}, nil); err == nil {
		if all, err := parseTree(b); err == nil {
			for _, p := range all.items("items") {
				if w := controller(p); w != nil && w.str("uid") == o.str("metadata", "uid") {
					pods[p.str("metadata", "labels", revisionHash)]++
				}
			}
		}
	}
	var out []rolloutRevision
	for _, cr := range list {
		t := cr.sub("data", "spec", "template")
		if t == nil {
			continue
		}
		delete(t, "$patch")
		name := cr.str("metadata", "name")
		label := name // a stateful set's pods have the whole name
		if k.Name == "daemonset" {
			label = strings.TrimPrefix(name, o.str("metadata", "name")+"-")
		}
		out = append(out, rolloutRevision{
			number: cr.num("revision"), name: name, template: t, cause: cr.str("metadata", "annotations", changeCause),
			created: cr.time("metadata", "creationTimestamp"), pods: pods[label], ready: -1,
		})
	}
	return out, nil
}

// acceptMetadata asks for the metadata of objects only.
const acceptMetadata = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"

// owned lists the objects of apps/v1 that a workload controls.
func (s *Source) owned(ctx context.Context, resource string, o tree, accept string) ([]tree, error) {
	b, err := s.client.do(ctx, request{
		path: []string{"apis", "apps", "v1", "namespaces", o.str("metadata", "namespace"), resource}, accept: accept,
		query: url.Values{
			"labelSelector": {formatSelector(o.sub("spec", "selector", "matchLabels"), o.items("spec", "selector", "matchExpressions"))},
			"limit":         {strconv.Itoa(maxRevisions)},
		},
	}, nil)
	if err != nil {
		return nil, err
	}
	all, err := parseTree(b)
	if err != nil {
		return nil, err
	}
	var out []tree
	for _, i := range all.items("items") {
		if w := controller(i); w != nil && w.str("uid") == o.str("metadata", "uid") {
			out = append(out, i)
		}
	}
	return out, nil
}

// present is the revision that the workload has now; nil: its controller has
// not numbered it yet.
func present(all []rolloutRevision) *rolloutRevision {
	for i := range all {
		if all[i].current {
			return &all[i]
		}
	}
	return nil
}

// previous is the newest revision before the present one that is not known to
// be bad, else the newest one; nil: there is none.
func previous(all []rolloutRevision) *rolloutRevision {
	var newest *rolloutRevision
	for i := range all {
		if all[i].current {
			continue
		}
		if newest == nil {
			newest = &all[i]
		}
		if !all[i].bad() {
			return &all[i]
		}
	}
	return newest
}

// pick finds the revision that a user means: its number, the name of its
// replica set or controller revision, or an image that it has.
func pick(all []rolloutRevision, to string) *rolloutRevision {
	if to == "" {
		return previous(all)
	}
	for i := range all {
		if strconv.Itoa(all[i].number) == to || all[i].name == to {
			return &all[i]
		}
	}
	for i := range all { // the newest that has it
		if !all[i].current && slices.Contains(imagesOf(all[i].template), to) {
			return &all[i]
		}
	}
	return nil
}

// containersOf are the containers of a pod template, init containers first.
func containersOf(template tree) []tree {
	return append(template.items("spec", "initContainers"), template.items("spec", "containers")...)
}

func imagesOf(template tree) []string {
	var out []string
	for _, c := range template.items("spec", "containers") {
		out = append(out, c.str("image"))
	}
	return out
}

// bad reports whether the revision is known not to work.
func (r *rolloutRevision) bad() bool { return r.ready <= 0 && r.seen.bad() }

// health says what is known of how a revision fared.
func (r *rolloutRevision) health(now time.Time) text.Safe {
	seen := r.seen.words(now)
	switch {
	case r.ready > 0 || r.current && r.ready == 0:
		return text.Sprintf("%d/%d ready now, %s", r.ready, r.pods, seen)
	case r.current:
		return text.Sprintf("now, %s", seen)
	}
	return seen
}

// sameJSON compares two values of decoded JSON. What is null, and objects and
// lists without anything in them, count as missing.
func sameJSON(a, b any) bool {
	switch x := a.(type) {
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok {
			return vacant(a) && vacant(b)
		}
		for k, v := range x {
			if !sameJSON(v, y[k]) {
				return false
			}
		}
		for k, v := range y {
			if _, ok := x[k]; !ok && !vacant(v) {
				return false
			}
		}
		return true
	case []any:
		y, ok := b.([]any)
		if !ok {
			return len(x) == 0 && vacant(b)
		}
		return slices.EqualFunc(x, y, sameJSON)
	case nil:
		return vacant(b)
	}
	return a == b
}

func vacant(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case map[string]any:
		for _, x := range v {
			if !vacant(x) {
				return false
			}
		}
		return true
	case []any:
		return len(v) == 0
	}
	return false
}

// cloned is a deep copy.
func (o tree) cloned() tree {
	b, _ := json.Marshal(o) // decoded JSON always can be
	c, _ := parseTree(b)
	return c
}

// ageOf is how long ago t was, for a table of choices.
func (s *Source) ageOf(t time.Time) text.Safe {
	if t.IsZero() {
		return text.Safe{}
	}
	return text.Age(s.now().Sub(t))
}

// noRevision is the answer to a rollback that has nowhere to go.
func noRevision(k *kind, name, to string) error {
	if to == "" {
		return &core.Problem{Kind: core.Refused, Summary: text.Sprintf("%s %s has no earlier revision to go back to", k.Name, name)}
	}
	return &core.Problem{
		Kind: core.NotFound, Summary: text.Sprintf("%s %s has no revision %s", k.Name, name, to),
		Hint: text.Lit("revisions are numbered anew after a rollback, and only some are kept (revisionHistoryLimit): kubectl rollout history"),
	}
}
