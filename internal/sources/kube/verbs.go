package kube

import (
	"slices"

	"devops-tui/internal/argo"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// access is what the server must allow for a verb.
type access struct {
	verb string // of RBAC: "patch"
	kind string // "": the object's own
	sub  string // "/exec"; "": the object itself
	name string // anyName where the object's own does not count; "": its own
}

// verbRule says which kinds have a verb, what it needs, and what else speaks
// against it.
type verbRule struct {
	kinds []string // built-in kinds that have it; nil: all that can be changed
	need  func(r *core.Resource) []access
	// why tells from the row alone why it makes no sense now; nil: it always does.
	why func(r *core.Resource) text.Safe
}

var (
	rolled    = []string{"deployment", "statefulset", "daemonset"}
	withPods  = []string{"pod", "deployment", "statefulset", "daemonset", "replicaset", "job", kindRollout}
	reachable = append([]string{"service"}, withPods...)
	// records of what happened are not edited or deleted by hand
	unchanging = []string{"event", kindRelease}
)

func patches(*core.Resource) []access { return []access{{verb: "patch"}} }

func creates(kind, sub string) func(*core.Resource) []access {
	return func(*core.Resource) []access {
		return []access{{verb: "create", kind: kind, sub: sub, name: anyName}}
	}
}

// verbRules is the table of the verbs of this source.
var verbRules = map[string]verbRule{
	core.VerbRestart:  {kinds: append([]string{"pod", kindRollout}, rolled...), need: workloadPatches, why: restartWhy},
	core.VerbRollback: {kinds: append([]string{"pod", "replicaset", kindRelease, kindRollout, kindApplication}, rolled...), need: rollbackNeeds, why: argoOr(core.VerbRollback, rollbackWhy)},
	core.VerbDeploy: {kinds: append([]string{"pod", "replicaset", "cronjob", "namespace", kindRollout, kindApplication}, rolled...), why: argoOr(core.VerbDeploy, deployWhy), need: func(r *core.Resource) []access {
		switch r.Ref.Kind {
		case "cronjob":
			return []access{{verb: "create", kind: "job", name: anyName}}
		case "namespace":
			return nil // depends on the file
		}
		return workloadPatches(r)
	}},
	core.VerbScale: {kinds: append([]string{kindRollout}, scaledKinds...), need: func(*core.Resource) []access {
		return []access{{verb: "patch", sub: "/scale"}}
	}},
	core.VerbPause:    {kinds: []string{"deployment", "cronjob", "job", kindRollout, kindApplication}, need: patches, why: argoOr(core.VerbPause, holdWhy(true))},
	core.VerbResume:   {kinds: []string{"deployment", "cronjob", "job", kindRollout, kindApplication}, need: patches, why: argoOr(core.VerbResume, holdWhy(false))},
	core.VerbApprove:  {kinds: []string{kindRollout}, need: commands, why: argoWhy(core.VerbApprove)},
	core.VerbCancel:   {kinds: []string{kindRollout, kindApplication}, need: commands, why: argoWhy(core.VerbCancel)},
	core.VerbRerun:    {kinds: []string{kindRollout, kindApplication}, need: commands, why: argoWhy(core.VerbRerun)},
	core.VerbCordon:   {kinds: []string{"node"}, need: patches, why: cordonWhy},
	core.VerbUncordon: {kinds: []string{"node"}, need: patches, why: uncordonWhy},
	core.VerbDrain: {kinds: []string{"node"}, need: func(*core.Resource) []access {
		return []access{{verb: "patch"}, {verb: "create", kind: "pod", sub: "/eviction", name: anyName}}
	}},
	core.VerbEdit:    {need: patches},
	core.VerbDelete:  {need: func(*core.Resource) []access { return []access{{verb: "delete"}} }, why: deleteWhy},
	core.VerbShell:   {kinds: withPods, need: creates("pod", "/exec")},
	core.VerbForward: {kinds: reachable, need: creates("pod", "/portforward")},
	core.VerbCopy:    {kinds: []string{"pod"}, need: creates("pod", "/exec")},
	core.VerbRestore: {need: func(*core.Resource) []access { return nil }}, // what it needs depends on what was saved
}

// has reports whether a kind has the verb.
func (v verbRule) has(kind string) bool {
	if v.kinds == nil {
		return !slices.Contains(unchanging, kind)
	}
	return slices.Contains(v.kinds, kind)
}

// verbsOf are the verbs of a kind in the order of core.Verbs.
func verbsOf(kind string) []string {
	var out []string
	for _, verb := range core.Verbs() {
		if rule, ok := verbRules[verb]; ok && rule.has(kind) {
			out = append(out, verb)
		}
	}
	return out
}

// Disabled tells from the cache why verb cannot be done to r. What is not
// known yet is asked for in the background and can be planned meanwhile: the
// plan's dry run has the last word.
func (s *Source) Disabled(verb string, r *core.Resource) text.Safe {
	k := s.kinds.get(r.Ref.Kind)
	if k == nil {
		return text.Sprintf("the cluster has no kind %s", r.Ref.Kind)
	}
	rule, ok := verbRules[verb]
	if !ok || !slices.Contains(k.Verbs, verb) {
		return text.Sprintf("%s is not possible with a %s", verb, r.Ref.Kind)
	}
	if r.Ref.Kind == kindRelease {
		if _, missing := s.helm.find(); missing != nil {
			return missing.Summary
		}
	}
	if rule.why != nil {
		if why := rule.why(r); !why.Empty() {
			return why
		}
	}
	namespace := r.Ref.Namespace
	if namespace == "" {
		namespace = s.home // rules of cluster-wide objects are listed in every namespace
	}
	rules, fresh := s.permits.cached(namespace, permitsFresh)
	if !fresh {
		select {
		case s.permits.asked <- namespace:
		default:
		}
	}
	if rules.at.IsZero() || rules.incomplete {
		return text.Safe{}
	}
	for _, a := range rule.need(r) {
		on := *k
		if other := s.kinds.get(a.kind); other != nil {
			on = *other
		}
		on.resource += a.sub
		name := a.name
		if name == "" {
			name = r.Ref.Name
		}
		if !rules.allows(a.verb, &on, name) {
			if r.Ref.Namespace == "" {
				return text.Sprintf("RBAC: cannot %s %s", a.verb, on.resource)
			}
			return text.Sprintf("RBAC: cannot %s %s in %s", a.verb, on.resource, r.Ref.Namespace)
		}
	}
	return text.Safe{}
}

// workloadPatches: the workload is what is patched, also when it is asked for
// on a pod or replica set.
func workloadPatches(r *core.Resource) []access {
	switch {
	case r.Ref.Kind != "pod" && r.Ref.Kind != "replicaset":
		return patches(r)
	case r.Owner.Kind == kindRollout, r.Owner.Kind == "replicaset" && r.Facts != nil && r.Facts.Labels[argo.RolloutHash] != "":
		return []access{{verb: "patch", kind: kindRollout, name: anyName}}
	case r.Owner.Kind == "replicaset":
		return []access{{verb: "patch", kind: "deployment", name: anyName}} // its name is not known here
	case builtinByName[r.Owner.Kind] != nil:
		return []access{{verb: "patch", kind: r.Owner.Kind, name: r.Owner.Name}}
	}
	return nil
}

func rollbackNeeds(r *core.Resource) []access {
	if r.Ref.Kind == kindRelease { // Helm keeps its history there; what else it touches is in the chart
		return []access{{verb: "list", kind: "secret", name: anyName}, {verb: "create", kind: "secret", name: anyName}, {verb: "update", kind: "secret", name: anyName}}
	}
	return workloadPatches(r)
}

func rollbackWhy(r *core.Resource) text.Safe {
	switch r.Ref.Kind {
	case "pod":
		return ownerWhy(r, text.Lit("has no history"))
	case "replicaset":
		if r.Owner.Kind != "deployment" && r.Owner.Kind != kindRollout {
			return text.Lit("a replica set without a deployment has no history")
		}
	}
	return text.Safe{}
}

func deployWhy(r *core.Resource) text.Safe {
	switch r.Ref.Kind {
	case "pod":
		return ownerWhy(r, text.Lit("takes no new image"))
	case "replicaset":
		if r.Owner.Kind != "deployment" && r.Owner.Kind != kindRollout {
			return text.Lit("the image of a replica set cannot be changed in place")
		}
	}
	return text.Safe{}
}

// ownerWhy tells pods whose owner cannot have done to it what is asked for.
func ownerWhy(r *core.Resource, cannot text.Safe) text.Safe {
	switch r.Owner.Kind {
	case "":
		return text.Lit("no controller owns this pod")
	case "replicaset", "statefulset", "daemonset":
		return text.Safe{}
	}
	return text.Sprintf("its owner is a %s, which %s", r.Owner.Kind, cannot)
}

func restartWhy(r *core.Resource) text.Safe {
	if r.Ref.Kind != "pod" {
		return text.Safe{}
	}
	switch r.Owner.Kind {
	case "":
		return text.Lit("nothing would start it again: no controller owns this pod")
	case "job":
		return text.Lit("a job's pod runs once; it cannot be restarted")
	case "replicaset", "statefulset", "daemonset":
		return text.Safe{}
	}
	return text.Sprintf("its owner is a %s, which cannot be restarted", r.Owner.Kind)
}
