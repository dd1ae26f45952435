package kube

import (
	"encoding/json"
	"maps"
)

// serverKept are the fields of the metadata that the server keeps by itself.
var serverKept = []string{"managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink", "deletionTimestamp", "deletionGracePeriodSeconds"}

// definition is what somebody wrote of an object: without its status and
// without what the server counts. The copy is shallow but for the metadata.
func definition(o tree) tree {
	out := maps.Clone(o)
	delete(out, "status")
	if meta := o.sub("metadata"); meta != nil {
		meta = maps.Clone(meta)
		for _, k := range serverKept {
			delete(meta, k)
		}
		out["metadata"] = map[string]any(meta)
	}
	return out
}

// copied is a deep copy as JSON has it: numbers are json.Number, maps and
// lists are those of encoding/json.
func copied(o tree) tree {
	c, err := parseTree(jsonOf(map[string]any(o)))
	if err != nil {
		return tree{}
	}
	return c
}

// jsonOf encodes plain values, which always can be.
func jsonOf(v any) []byte {
	b, _ := json.Marshal(v)
	return b
}
