package kube

import (
	"reflect"
	"slices"
	"strings"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// maxFieldChanges bounds the readable list; the diff has the rest.
const maxFieldChanges = 40

// difference is what differs between two definitions.
type difference struct {
	changes []core.FieldChange // with values as they may be shown
	steps   []step             // with the true ones
	hidden  bool               // some of the true ones may not be shown
}

// differ compares two definitions field by field.
func differ(before, after tree) difference {
	hide := func(o tree) any {
		h := copied(o)
		redact(h)
		return map[string]any(h)
	}
	var d difference
	d.walk(nil, map[string]any(before), map[string]any(after), hide(before), hide(after))
	if n := len(d.changes) - maxFieldChanges; n > 0 {
		d.changes = append(d.changes[:maxFieldChanges], core.FieldChange{Field: text.Lit("…"), After: text.Sprintf("and %d more fields", n)})
	}
	return d
}

// walk goes through the true values b and a, and the shown ones, hb and ha.
func (d *difference) walk(path []string, b, a, hb, ha any) {
	if reflect.DeepEqual(b, a) {
		return
	}
	bm, ok1 := b.(map[string]any)
	am, ok2 := a.(map[string]any)
	// Labels and annotations are set one by one, also the first of them.
	each := len(path) == 2 && path[0] == "metadata" && (path[1] == "labels" || path[1] == "annotations")
	if ok1 && ok2 || each && (ok1 || b == nil) && (ok2 || a == nil) {
		hbm, _ := hb.(map[string]any)
		ham, _ := ha.(map[string]any)
		for _, k := range union(bm, am) {
			d.walk(append(slices.Clip(path), k), bm[k], am[k], hbm[k], ham[k])
		}
		return
	}
	bl, ok1 := b.([]any)
	al, ok2 := a.([]any)
	if key := keyOf(bl, al); ok1 && ok2 && key != "" && !ordered(path) && sameOrder(bl, al, key) {
		hbl, _ := hb.([]any)
		hal, _ := ha.([]any)
		was, is := byKey(bl, hbl, key), byKey(al, hal, key)
		for _, id := range union(was, is) {
			x, _ := was[id].([2]any)
			y, _ := is[id].([2]any)
			d.walk(append(slices.Clip(path), element(key, id)), x[0], y[0], x[1], y[1])
		}
		return
	}
	d.steps = append(d.steps, step{path, b, a})
	d.hidden = d.hidden || !reflect.DeepEqual(b, hb) || !reflect.DeepEqual(a, ha)
	d.changes = append(d.changes, core.FieldChange{Field: text.CleanLong(pathName(path)), Before: shownValue(b, hb), After: shownValue(a, ha)})
}

// sameOrder reports whether what is in both lists stands in the same order.
func sameOrder(a, b []any, key string) bool {
	ids := func(list, other []any) []string {
		in := byKey(other, nil, key)
		var out []string
		for _, x := range list {
			if id := scalar(x.(map[string]any)[key]); in[id] != nil {
				out = append(out, id)
			}
		}
		return out
	}
	return slices.Equal(ids(a, b), ids(b, a))
}

// byKey pairs the true elements of a list with the shown ones.
func byKey(list, shown []any, key string) map[string]any {
	out := map[string]any{}
	for i, x := range list {
		pair := [2]any{x, nil}
		if i < len(shown) {
			pair[1] = shown[i]
		}
		out[scalar(x.(map[string]any)[key])] = pair
	}
	return out
}

func shownValue(v, shown any) text.Safe {
	if v != nil && shown == nil {
		return text.Lit("(hidden)")
	}
	return text.CleanLong(scalar(shown)).Truncate(200)
}

// back undoes the steps on a definition. Paths that are no longer as the steps
// left them are moved.
func back(o tree, steps []step) (was tree, moved []string) {
	var v any = map[string]any(copied(o))
	for _, s := range slices.Backward(steps) {
		next, ok := setAt(v, s.Path, s.Is, s.Was)
		if !ok {
			moved = append(moved, pathName(s.Path))
			continue
		}
		v = next
	}
	m, _ := v.(map[string]any)
	return m, moved
}

// setAt sets the value at a path from one value to another; false when it is
// not the first one. v is written.
func setAt(v any, path []string, from, to any) (any, bool) {
	if len(path) == 0 {
		return to, reflect.DeepEqual(v, from)
	}
	if !strings.HasPrefix(path[0], "[") {
		m, ok := v.(map[string]any)
		if !ok {
			if v != nil || from != nil {
				return nil, false
			}
			m = map[string]any{}
		}
		x, ok := setAt(m[path[0]], path[1:], from, to)
		if !ok {
			return nil, false
		}
		if m[path[0]] = x; x == nil {
			delete(m, path[0])
		}
		return m, true
	}
	list, ok := v.([]any)
	if !ok && v != nil {
		return nil, false
	}
	key, id, _ := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(path[0], "["), "]"), "=")
	at := slices.IndexFunc(list, func(x any) bool {
		m, ok := x.(map[string]any)
		return ok && scalar(m[key]) == id
	})
	var old any
	if at >= 0 {
		old = list[at]
	}
	x, ok := setAt(old, path[1:], from, to)
	switch {
	case !ok:
		return nil, false
	case at >= 0 && x == nil:
		list = slices.Delete(list, at, at+1)
	case at >= 0:
		list[at] = x
	case x != nil:
		list = append(list, x)
	}
	return list, true
}
