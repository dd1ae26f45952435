package pane

import (
	"strings"

	"devops-tui/internal/core"
	"devops-tui/internal/store"
)

// RunKinds are the kinds that use CPU and memory themselves.
var RunKinds = []string{"pod", "container"}

// Parts returns the rows of the snapshot that the object is made of: the pods
// of a workload, the containers of a project, or the object itself when it
// runs by itself. Only kinds that are watched can be found.
func Parts(n *store.Snapshot, ref core.Ref) []*core.Resource {
	if ref.IsZero() {
		return nil
	}
	for _, k := range RunKinds {
		if ref.Kind == k {
			if r := n.Find(ref); r != nil {
				return []*core.Resource{r}
			}
			return nil
		}
	}
	var out []*core.Resource
	for _, k := range RunKinds {
		t := n.Table(store.Key{Instance: ref.Instance(), Kind: k})
		if t == nil {
			continue
		}
		for _, r := range t.Rows {
			if PartOf(r, ref) {
				out = append(out, r)
			}
		}
	}
	return out
}

// PartOf reports whether r belongs to ref, directly, through a ReplicaSet or
// Job of the owner's name, or by running on it.
func PartOf(r *core.Resource, ref core.Ref) bool {
	o := r.Owner
	if o == ref || (o.SameObject(ref) && (o.UID == "" || ref.UID == "")) {
		return true
	}
	if ref.Namespace != r.Ref.Namespace {
		return ref.Kind == "node" && r.Facts != nil && r.Facts.Node == ref.Name || ref.Kind == "namespace" && r.Ref.Namespace == ref.Name
	}
	switch {
	case (ref.Kind == "deployment" || ref.Kind == "rollout") && o.Kind == "replicaset", ref.Kind == "cronjob" && o.Kind == "job":
		i := strings.LastIndexByte(o.Name, '-')
		return i > 0 && o.Name[:i] == ref.Name
	}
	return false
}
