package kube

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// step is one value that a change has set; nil is what is not there.
type step struct {
	Path []string `json:"path"` // "spec", "containers", "[name=main]", "image"
	Was  any      `json:"was,omitempty"`
	Is   any      `json:"is,omitempty"`
}

// saved is what undo puts back (core.Inverse.Saved). Exactly one of both ways
// is used. It holds no secret.
type saved struct {
	// Manifest is an object that was deleted.
	Manifest tree `json:"manifest,omitempty"`
	// Steps are what a change has done to an object.
	Steps []step `json:"steps,omitempty"`
}

// manifestOf is the definition of an object as it can be created anew.
func manifestOf(k *kind, o tree) tree {
	out := copied(definition(o))
	out["apiVersion"], out["kind"] = k.apiVersion(), k.gvkKind
	meta := out.sub("metadata")
	delete(meta, "ownerReferences")
	if list, ok := meta["finalizers"].([]any); ok { // those of the system are set anew
		list = slices.DeleteFunc(list, func(f any) bool {
			name := scalar(f)
			return strings.Contains(name, "kubernetes.io/") || name == "foregroundDeletion" || name == "orphan"
		})
		meta["finalizers"] = list
		if len(list) == 0 {
			delete(meta, "finalizers")
		}
	}
	if notes := meta.sub("annotations"); notes != nil {
		delete(notes, "deployment.kubernetes.io/revision")
		delete(notes, "deprecated.daemonset.template.generation")
		if len(notes) == 0 {
			delete(meta, "annotations")
		}
	}
	if k.Name == "serviceaccount" {
		delete(out, "secrets") // tokens of the old one
	}
	return out
}

// holdsSecrets reports whether an object has values that are not shown: they
// are not kept either.
func holdsSecrets(o tree) bool {
	clear := copied(o)
	meta := clear.sub("metadata")
	delete(meta, "managedFields")
	if notes := meta.sub("annotations"); notes != nil {
		if last := scalar(notes[lastApplied]); last != "" {
			delete(notes, lastApplied)
			if l, err := parseTree([]byte(last)); err != nil || holdsSecrets(l) {
				return true
			}
		}
		if len(notes) == 0 {
			delete(meta, "annotations")
		}
	}
	hidden := copied(clear)
	redact(hidden)
	return !bytes.Equal(jsonOf(clear), jsonOf(hidden))
}

func readSaved(b []byte) (saved, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var s saved
	err := d.Decode(&s)
	return s, err
}
