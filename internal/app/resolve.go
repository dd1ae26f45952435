package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/query"
	"devops-tui/internal/sources"
)

// errNoSource is exit code 69.
var errNoSource = errors.New("no source can be reached")

// resolve finds the objects that REFs name. It lists the kinds that a REF
// spells, or, where it spells none, those that use accepts.
func (r *run) resolve(ctx context.Context, w *world, words []string, use func(core.Kind) bool, limit time.Duration) ([]core.Ref, error) {
	if len(words) == 0 {
		return nil, &usageError{"a REF is missing: source[:scope]/kind/[namespace/]name or the end of it"}
	}
	patterns := make([]query.RefPattern, len(words))
	kinds := w.kinds()
	names := w.kindNames()
	var want []string
	for i, word := range words {
		p, err := query.ParseRef(word)
		if err != nil {
			return nil, &usageError{err.Error()}
		}
		patterns[i] = p.WithKinds(kinds)
		spelled := spelledKinds(word, names)
		if len(spelled) == 0 {
			if parts := strings.Split(word, "/"); len(parts) > 1 && slices.ContainsFunc(w.infos, sources.Info.MoreKinds) {
				spelled = append(spelled, parts[:2]...) // a kind of the cluster's own
			}
			for _, k := range kinds {
				if use(k) {
					spelled = append(spelled, k.Name)
				}
			}
		}
		want = append(want, spelled...)
	}
	slices.Sort(want)
	want = slices.Compact(want)
	w.hub.Want(core.Interest{Kinds: want})
	w.start(ctx)
	snap, complete := w.await(ctx, listing{kinds: want, known: known(kinds)}, limit)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if w.reachable(snap) == 0 {
		return nil, errNoSource
	}
	var refs, listed []core.Ref
	for _, t := range snap.Tables {
		for _, row := range t.Rows {
			if !r.inNamespace(t.Kind, row.Ref) {
				continue
			}
			refs = append(refs, row.Ref)
			if !row.Hidden && row.Twin == nil {
				listed = append(listed, row.Ref)
			}
		}
	}
	out := make([]core.Ref, 0, len(patterns))
	for _, p := range patterns {
		ref, err := p.Resolve(refs)
		if err != nil { // what no list shows makes no word ambiguous
			if only, fine := p.Resolve(listed); fine == nil {
				ref, err = only, nil
			}
		}
		if err != nil {
			if found, ok := w.find(ctx, p.String(), limit); ok {
				ref, err = found, nil
			}
		}
		if err != nil {
			if !complete {
				err = fmt.Errorf("%w\n(not everything was listed within %s)", err, limit)
			}
			return nil, &usageError{err.Error()}
		}
		if !slices.Contains(out, ref) {
			out = append(out, ref)
		}
	}
	return out, nil
}

func known(kinds []core.Kind) map[string]bool {
	out := map[string]bool{}
	for _, k := range kinds {
		out[k.Name] = true
	}
	return out
}

// spelledKinds are the kinds that stand first or second in a REF with a name
// behind them.
func spelledKinds(word string, names map[string]string) []string {
	parts := strings.Split(word, "/")
	var out []string
	for i := range min(2, len(parts)-1) {
		if k, ok := names[parts[i]]; ok {
			out = append(out, k)
		}
	}
	return out
}

// unresolved is the exit code for an error of resolve.
func (r *run) unresolved(ctx context.Context, w *world, err error) int {
	switch {
	case ctx.Err() != nil:
		return exitInterrupted
	case errors.Is(err, errNoSource):
		if w.empty() {
			r.nothingFound(w)
			return exitNoSource
		}
		r.complain(err)
		for _, i := range w.infos {
			if h := w.hub.Health(i.Instance()); h.Problem != nil {
				r.complain(h.Problem)
			}
		}
		return exitNoSource
	}
	return r.usage(err)
}
