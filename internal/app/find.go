package app

import (
	"context"
	"strings"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
)

// find asks the sources for an object that no list has: word spells its kind
// and the path behind it, source and scope before that as far as they are
// needed. It is found if exactly one source has it.
func (w *world) find(ctx context.Context, word string, limit time.Duration) (core.Ref, bool) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var hits []core.Ref
	for _, info := range w.infos {
		f, ok := w.hub.Source(info.Instance()).(sources.Finder)
		if !ok {
			continue
		}
		for _, k := range info.Kinds {
			if !k.Unlisted {
				continue
			}
			path, ok := pathOf(word, info, k)
			if !ok {
				continue
			}
			if ref, err := f.Find(ctx, k.Name, path); err == nil {
				hits = append(hits, ref)
			}
		}
	}
	if len(hits) != 1 {
		return core.Ref{}, false
	}
	return hits[0], true
}

// pathOf is what stands behind the kind in word, if word can mean an object of
// that kind of that instance: [source[:scope]/]kind/path.
func pathOf(word string, info sources.Info, k core.Kind) (string, bool) {
	for _, head := range []string{info.Instance().String() + "/", info.ID + "/", ""} {
		rest, ok := strings.CutPrefix(word, head)
		if !ok {
			continue
		}
		for _, name := range append([]string{k.Name, k.Plural}, k.Aliases...) {
			if path, ok := strings.CutPrefix(rest, name+"/"); ok && path != "" {
				return path, true
			}
		}
	}
	return "", false
}
