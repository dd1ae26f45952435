package kube

import (
	"reflect"
	"slices"
	"strings"
)

// Merging of definitions: three ways for what somebody edited while the object
// moved, and merge patches (RFC 7396) for what is sent. Values are those of
// parseTree without nulls: nil is what is not there.

// merge3 applies to theirs what was changed from base to mine. Paths that both
// changed in different ways are added to moved.
func merge3(base, mine, theirs any, path []string, moved *[]string) any {
	switch {
	case reflect.DeepEqual(mine, base), reflect.DeepEqual(mine, theirs):
		return theirs
	case reflect.DeepEqual(theirs, base):
		return mine
	}
	m, ok1 := mine.(map[string]any)
	t, ok2 := theirs.(map[string]any)
	b, ok3 := base.(map[string]any)
	if ok1 && ok2 && (ok3 || base == nil) {
		out := map[string]any{}
		for _, k := range union(m, t) {
			if v := merge3(b[k], m[k], t[k], append(slices.Clip(path), k), moved); v != nil {
				out[k] = v
			}
		}
		return out
	}
	if out, ok := mergeLists(base, mine, theirs, path, moved); ok {
		return out
	}
	*moved = append(*moved, pathName(path))
	return mine
}

func union(a, b map[string]any) []string {
	out := tree(a).keys()
	for k := range b {
		if _, ok := a[k]; !ok {
			out = append(out, k)
		}
	}
	slices.Sort(out)
	return out
}

// mergeLists merges lists of objects that have names: containers, variables, ports.
func mergeLists(base, mine, theirs any, path []string, moved *[]string) (any, bool) {
	b, ok := base.([]any)
	m, ok1 := mine.([]any)
	t, ok2 := theirs.([]any)
	if !ok1 || !ok2 || !ok && base != nil {
		return nil, false
	}
	key := keyOf(b, m, t)
	if key == "" || ordered(path) {
		return nil, false
	}
	find := func(list []any, id string) any {
		for _, x := range list {
			if scalar(x.(map[string]any)[key]) == id {
				return x
			}
		}
		return nil
	}
	out := []any{}
	for _, x := range m {
		id := scalar(x.(map[string]any)[key])
		if v := merge3(find(b, id), x, find(t, id), append(slices.Clip(path), element(key, id)), moved); v != nil {
			out = append(out, v)
		}
	}
	for _, x := range t {
		id := scalar(x.(map[string]any)[key])
		if find(m, id) == nil {
			if v := merge3(find(b, id), nil, x, append(slices.Clip(path), element(key, id)), moved); v != nil {
				out = append(out, v)
			}
		}
	}
	return out, true
}

// element is the part of a path that leads to an element of a list.
func element(key, id string) string { return "[" + key + "=" + id + "]" }

// ordered reports whether the list at path is one whose order has a meaning.
func ordered(path []string) bool {
	return len(path) > 0 && path[len(path)-1] == "initContainers"
}

// keyOf is the field that tells the objects of lists apart; "": none does.
func keyOf(lists ...[]any) string {
	for _, key := range []string{"name", "mountPath", "containerPort", "key", "port", "ip", "type", "topologyKey"} {
		if !slices.ContainsFunc(lists, func(l []any) bool { return !hasKeys(l, key) }) {
			return key
		}
	}
	return ""
}

func hasKeys(list []any, key string) bool {
	seen := map[string]bool{}
	for _, x := range list {
		m, _ := x.(map[string]any)
		id := scalar(m[key])
		if id == "" || seen[id] {
			return false
		}
		seen[id] = true
	}
	return true
}

// patchOf is the merge patch that makes to of from; nil: they are equal.
func patchOf(from, to map[string]any) tree {
	var out tree
	set := func(k string, v any) {
		if out == nil {
			out = tree{}
		}
		out[k] = v
	}
	for _, k := range union(from, to) {
		f, t := from[k], to[k]
		if reflect.DeepEqual(f, t) {
			continue
		}
		fm, ok1 := f.(map[string]any)
		tm, ok2 := t.(map[string]any)
		if ok1 && ok2 {
			if p := patchOf(fm, tm); p != nil {
				set(k, map[string]any(p))
			}
			continue
		}
		set(k, t)
	}
	return out
}

// applied is o with a merge patch applied; o is not written.
func applied(o, patch map[string]any) tree {
	out := tree{}
	for k, v := range o {
		out[k] = v
	}
	for k, v := range patch {
		if m, ok := v.(map[string]any); ok {
			was, _ := out[k].(map[string]any)
			out[k] = map[string]any(applied(was, m))
			continue
		}
		if v == nil {
			delete(out, k)
			continue
		}
		out[k] = v
	}
	return out
}

// leaves are the paths of a patch's values, in order.
func leaves(patch map[string]any, path []string) [][]string {
	var out [][]string
	for _, k := range tree(patch).keys() {
		here := append(slices.Clip(path), k)
		if m, ok := patch[k].(map[string]any); ok && len(m) > 0 {
			out = append(out, leaves(m, here)...)
			continue
		}
		out = append(out, here)
	}
	return out
}

// includes reports whether have has all of want; nil wants nothing to be there.
func includes(want, have any) bool {
	switch w := want.(type) {
	case map[string]any:
		h, ok := have.(map[string]any)
		for k, x := range w {
			if !includes(x, h[k]) {
				return false
			}
		}
		return ok || len(w) == 0
	case []any:
		h, ok := have.([]any)
		if !ok || len(h) != len(w) {
			return false
		}
		for i := range w {
			if !includes(w[i], h[i]) {
				return false
			}
		}
		return true
	}
	return reflect.DeepEqual(want, have)
}

// pathName writes a path as people do: spec.replicas, metadata.annotations[a.b/c].
func pathName(path []string) string {
	var b strings.Builder
	for i, p := range path {
		switch {
		case strings.HasPrefix(p, "["):
			_, id, _ := strings.Cut(p, "=")
			b.WriteString("[" + id)
		case strings.ContainsAny(p, "./"):
			b.WriteString("[" + p + "]")
		default:
			if i > 0 {
				b.WriteByte('.')
			}
			b.WriteString(p)
		}
	}
	return b.String()
}

// withoutNulls takes out of v what is null: nil is what is not there.
func withoutNulls(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			if x == nil {
				delete(v, k)
				continue
			}
			withoutNulls(x)
		}
	case []any:
		for _, x := range v {
			withoutNulls(x)
		}
	}
	return v
}
