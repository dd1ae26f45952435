package kube

import (
	"reflect"
	"slices"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// maxFieldChanges bounds the readable list; the diff has the rest.
const maxFieldChanges = 40

// fieldChanges tells the fields that differ between two definitions, with
// values as they may be shown.
func fieldChanges(before, after tree) []core.FieldChange {
	hide := func(o tree) any {
		h := copied(o)
		redact(h)
		return map[string]any(h)
	}
	w := fieldWalk{}
	w.walk(nil, map[string]any(before), map[string]any(after), hide(before), hide(after))
	if n := len(w.out) - maxFieldChanges; n > 0 {
		w.out = append(w.out[:maxFieldChanges], core.FieldChange{Field: text.Lit("…"), After: text.Sprintf("and %d more fields", n)})
	}
	return w.out
}

type fieldWalk struct{ out []core.FieldChange }

// walk goes through the true values b and a, and tells the shown ones, hb and ha.
func (w *fieldWalk) walk(path []string, b, a, hb, ha any) {
	if reflect.DeepEqual(b, a) {
		return
	}
	bm, ok1 := b.(map[string]any)
	am, ok2 := a.(map[string]any)
	if (ok1 || b == nil) && (ok2 || a == nil) && len(bm)+len(am) > 0 && len(path) < 30 {
		hbm, _ := hb.(map[string]any)
		ham, _ := ha.(map[string]any)
		for _, k := range union(bm, am) {
			w.walk(append(slices.Clip(path), k), bm[k], am[k], hbm[k], ham[k])
		}
		return
	}
	bl, ok1 := b.([]any)
	al, ok2 := a.([]any)
	if key := keyOf(bl, al); ok1 && ok2 && key != "" {
		hbl, _ := hb.([]any)
		hal, _ := ha.([]any)
		was, is := byKey(bl, hbl, key), byKey(al, hal, key)
		for _, id := range union(was, is) {
			x, _ := was[id].([2]any)
			y, _ := is[id].([2]any)
			w.walk(append(slices.Clip(path), "["+id+"]"), x[0], y[0], x[1], y[1])
		}
		return
	}
	w.out = append(w.out, core.FieldChange{Field: text.CleanLong(pathName(path)), Before: shownValue(b, hb), After: shownValue(a, ha)})
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
