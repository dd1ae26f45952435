package app

import (
	"context"
	"slices"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/store"
)

// listing is what a command waits for: kinds of the instances, listed once.
type listing struct {
	kinds []string // nil: each source's default
	known map[string]bool
	usage bool
}

// await publishes what comes until every instance has answered for every kind
// of the listing or is known not to, or ctx or limit ends it. It returns the
// newest snapshot and whether everything answered.
func (w *world) await(ctx context.Context, l listing, limit time.Duration) (*store.Snapshot, bool) {
	return w.awaitUntil(ctx, limit, func(snap *store.Snapshot) bool { return w.settled(snap, l) })
}

// awaitUntil publishes what comes until ok holds of it.
func (w *world) awaitUntil(ctx context.Context, limit time.Duration, ok func(*store.Snapshot) bool) (*store.Snapshot, bool) {
	t := time.NewTimer(limit)
	defer t.Stop()
	for {
		w.store.Publish()
		snap := w.store.Snapshot()
		if ok(snap) {
			return snap, true
		}
		select {
		case <-ctx.Done():
			return snap, false
		case <-t.C:
			w.store.Publish()
			return w.store.Snapshot(), false
		case <-w.store.Changed():
		}
	}
}

// settled reports whether nothing more is to be waited for.
func (w *world) settled(snap *store.Snapshot, l listing) bool {
	for _, info := range w.infos {
		i := info.Instance()
		switch h, _ := snap.HealthOf(i); h.State {
		case core.Down:
			continue
		case core.Connecting:
			return false
		}
		for _, k := range l.of(snap, info) {
			t := snap.Table(store.Key{Instance: i, Kind: k})
			if t == nil || !t.State.Listed && t.State.Problem == nil {
				return false
			}
		}
		if l.usage && snap.NoUsage(i) == nil && snap.UsageVersion == 0 {
			return false
		}
	}
	return true
}

// of are the kinds that an instance has to answer for. A kind that nobody
// declared, or that it may have as well as another, is waited for only until
// the instance has told all that it has.
func (l listing) of(snap *store.Snapshot, info sources.Info) []string {
	if l.kinds == nil {
		return info.Default
	}
	var out []string
	declared := snap.Kinds[info.Instance()]
	for _, k := range l.kinds {
		has := slices.ContainsFunc(declared, func(d core.Kind) bool { return d.Name == k && !d.Unlisted })
		if has || (!l.known[k] || slices.Contains(info.Custom, k)) && !discovered(snap, info) {
			out = append(out, k)
		}
	}
	return out
}

// discovered reports whether an instance has told of all its kinds: it has
// told of some that were not known before, or it has none of its users' making.
func discovered(snap *store.Snapshot, info sources.Info) bool {
	return !info.Open || len(snap.Kinds[info.Instance()]) > len(info.Kinds)
}

// reachable counts the instances that answer.
func (w *world) reachable(snap *store.Snapshot) int {
	n := 0
	for _, info := range w.infos {
		h, _ := snap.HealthOf(info.Instance())
		if h.State == core.Live || h.State == core.Stale || !h.LastSeen.IsZero() && h.State != core.Down {
			n++
		}
	}
	return n
}

// kindNames are all spellings of the declared kinds and what they mean.
func (w *world) kindNames() map[string]string {
	out := map[string]string{}
	for _, k := range w.kinds() {
		for _, a := range k.Aliases {
			if _, taken := out[a]; !taken {
				out[a] = k.Name
			}
		}
		if k.Plural != "" {
			out[k.Plural] = k.Name
		}
	}
	for _, k := range w.kinds() {
		out[k.Name] = k.Name
	}
	return out
}
