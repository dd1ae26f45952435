package kube

import (
	"encoding/json"
	"slices"
)

// kubectl apply takes away what the last applied definition has and the new one
// lacks (https://kubernetes.io/docs/tasks/manage-kubernetes-objects/declarative-config/#merge-patch-calculation).
// A rollback that leaves the copy of that definition as it is brings fields back
// which the next apply does not know of and leaves behind. So the copy follows the
// rollback: what comes back is in it, what goes is not.

// followTemplate returns the last applied definition with the differences
// between two pod templates applied to its own; ok is false if there is none or it
// cannot be read.
func followTemplate(definition string, from, to tree) (out string, ok bool) {
	o, err := parseTree([]byte(definition))
	if err != nil || o.sub("spec") == nil {
		return "", false
	}
	had := o.str("spec", "template", "metadata", "annotations", restartedAt) != ""
	t, _ := graft(o.at("spec", "template"), map[string]any(from), map[string]any(to), "").(map[string]any)
	if t == nil {
		return "", false
	}
	if !had { // a restart is nobody's definition
		delete(tree(t).sub("metadata", "annotations"), restartedAt)
	}
	o.sub("spec")["template"] = t
	b, err := json.Marshal(o)
	return string(b) + "\n", err == nil
}

// listKeys are the keys by which lists of a pod template are merged, as the
// API's patchMergeKey says; other lists are taken as a whole.
var listKeys = map[string]string{
	"containers": "name", "initContainers": "name", "ephemeralContainers": "name", "env": "name", "volumes": "name", "imagePullSecrets": "name",
	"ports": "containerPort", "volumeMounts": "mountPath", "volumeDevices": "devicePath", "hostAliases": "ip", "resourceClaims": "name",
	"topologySpreadConstraints": "topologyKey", "readinessGates": "conditionType", "schedulingGates": "name",
}

// graft applies the differences between from and to, two states of one field,
// to a third state of it, and leaves alone what is equal in both. None of the
// three is written to.
func graft(base, from, to any, field string) any {
	if sameJSON(from, to) {
		return base
	}
	switch want := to.(type) {
	case map[string]any:
		had, _ := from.(map[string]any)
		own, _ := base.(map[string]any)
		out := make(map[string]any, len(own))
		for k, v := range own {
			out[k] = v
		}
		for k, v := range want {
			if !sameJSON(had[k], v) {
				out[k] = graft(own[k], had[k], v, k)
			}
		}
		for k := range had {
			if _, ok := want[k]; !ok {
				delete(out, k)
			}
		}
		return out
	case []any:
		if key := listKeys[field]; key != "" {
			return graftList(base, from, want, key)
		}
	}
	return to
}

func graftList(base, from any, want []any, key string) any {
	own, _ := base.([]any)
	had, _ := from.([]any)
	find := func(list []any, id string) any {
		i := slices.IndexFunc(list, func(v any) bool { m, ok := v.(map[string]any); return ok && scalar(m[key]) == id })
		if i < 0 {
			return nil
		}
		return list[i]
	}
	var out []any
	for _, v := range own { // its order stays
		m, _ := v.(map[string]any)
		id := scalar(m[key])
		switch w := find(want, id); {
		case w != nil:
			out = append(out, graft(v, find(had, id), w, ""))
		case find(had, id) == nil:
			out = append(out, v) // neither state has it: not for us to take away
		}
	}
	for _, v := range want {
		m, _ := v.(map[string]any)
		id := scalar(m[key])
		if find(own, id) == nil && !sameJSON(find(had, id), v) {
			grafted := graft(nil, find(had, id), v, "")
			if g, ok := grafted.(map[string]any); ok {
				g[key] = m[key]
			}
			out = append(out, grafted)
		}
	}
	return out
}
