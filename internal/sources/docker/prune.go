package docker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

var _ sources.Pruner = (*Source)(nil)

const (
	// pruneShown is how many objects a plan, and so the journal, lists by name.
	pruneShown = 300
	// pruneNamed is up to how many a command line names.
	pruneNamed = 40
	pruneLimit = 30 * time.Minute
	// cachePasses: a record of the build cache only goes after those made from it.
	cachePasses = 8
)

// PlanPrune implements sources.Pruner for the host. Exactly what the plan lists
// is removed, one by one by id, and never by the engine's own prune: that takes
// what is unused at its moment, which may be more.
func (s *Source) PlanPrune(ctx context.Context, ref core.Ref, what []string) (*core.Operation, error) {
	if ref.Kind != kindHost {
		return nil, unsupported(ref.Kind, "prune")
	}
	if len(what) == 0 {
		what = pruneUsual
	}
	for _, w := range what {
		if !slices.Contains(pruneKinds, w) {
			return nil, &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("%s cannot be pruned", w), Hint: text.Sprintf("what=%s", strings.Join(pruneKinds, ","))}
		}
	}
	row, err := s.getHost(ctx, ref)
	if err != nil {
		return nil, err
	}
	x, err := s.reckon(ctx)
	if err != nil {
		return nil, err
	}
	list := x.wasted(what)
	if len(list) == 0 {
		return nil, &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("nothing to remove on %s: all of it is in use", s.host.scope)}
	}
	p := core.Plan{
		Verb: core.VerbPrune, Target: row.Ref, Rev: row.Ref.UID, Danger: 2,
		Title:    text.Sprintf("Remove %d unused objects from %s", len(list), s.host.scope),
		Impact:   []text.Safe{text.Sprintf("frees about %s", text.Bytes(float64(sum(list))))},
		Preview:  text.Lit("this is the list: nothing else is removed, and what is used meanwhile stays"),
		UndoHint: text.Lit("cannot be undone: images can be built or pulled again, the rest is lost"),
	}
	for _, kind := range pruneKinds {
		of := slices.DeleteFunc(slices.Clone(list), func(w waste) bool { return w.what != kind })
		if len(of) == 0 {
			continue
		}
		p.Impact = append(p.Impact, text.Sprintf("%d %s, %s", len(of), plural(kind), text.Bytes(float64(sum(of)))))
		if kind == pruneVolumes || kind == pruneVolumesAll {
			p.Warnings = append(p.Warnings, text.Sprintf("the data in %d volumes is lost", len(of)))
		}
	}
	for i := range list {
		if i == pruneShown {
			p.Changes = append(p.Changes, core.FieldChange{Field: text.Sprintf("%d more", len(list)-i), Before: text.Bytes(float64(sum(list[i:]))), After: text.Lit("removed")})
			break
		}
		p.Changes = append(p.Changes, core.FieldChange{Field: list[i].title(), Before: text.Bytes(float64(list[i].bytes)), After: text.Lit("removed")})
	}
	p.Command = s.pruneCommand(list)
	r := &pruning{s: s, list: list, gone: make([]bool, len(list)), skipped: make([]text.Safe, len(list))}
	return &core.Operation{Plan: p, Execute: r.execute, Verify: r.verify, SendLimit: pruneLimit}, nil
}

// pruneCommand is what does the same by hand: by name where that fits a line.
func (s *Source) pruneCommand(list []waste) text.Safe {
	var parts []string
	for _, kind := range pruneKinds {
		var args []string
		for i := range list {
			w := &list[i]
			switch {
			case w.what != kind:
			case len(w.tags) > 0:
				for _, t := range w.tags {
					args = append(args, quoteArg(t))
				}
			case kind == pruneImages || kind == pruneImagesAll:
				args = append(args, shortID(w.id))
			default:
				args = append(args, quoteArg(w.name))
			}
		}
		if len(args) == 0 {
			continue
		}
		whole := map[string]string{
			pruneContainers: "container prune -f", pruneNetworks: "network prune -f", pruneVolumes: "volume prune -f", pruneVolumesAll: "volume prune -af",
			pruneImages: "image prune -f", pruneImagesAll: "image prune -af", pruneCache: "builder prune -af",
		}[kind]
		one := map[string]string{
			pruneContainers: "rm", pruneNetworks: "network rm", pruneVolumes: "volume rm", pruneVolumesAll: "volume rm", pruneImages: "image rm", pruneImagesAll: "image rm",
		}[kind]
		if one == "" || len(args) > pruneNamed {
			parts = append(parts, "docker "+s.hostFlag()+whole)
			continue
		}
		parts = append(parts, "docker "+s.hostFlag()+one+" "+strings.Join(args, " "))
	}
	return text.Clean(strings.Join(parts, " && "))
}

// pruning carries a prune out.
type pruning struct {
	s       *Source
	list    []waste
	gone    []bool
	skipped []text.Safe // why
	freed   int64
}

func (r *pruning) execute(ctx context.Context, out core.Output) error {
	done := 0
	tell := func(i int) {
		w := &r.list[i]
		switch {
		case r.gone[i]:
			r.freed += w.bytes
			done++
			out.Line(text.Sprintf("removed %s, %s", w.title(), text.Bytes(float64(w.bytes))).Line())
		case !r.skipped[i].Empty():
			out.Line(text.Sprintf("left %s: %s", w.title(), r.skipped[i]).Line())
		}
		out.Progress(core.Progress{Done: done, Total: len(r.list), Text: text.Sprintf("%s: %s freed", w.title(), text.Bytes(float64(r.freed)))})
	}
	for i := range r.list {
		if r.list[i].what == pruneCache {
			continue
		}
		if err := r.remove(ctx, i); err != nil {
			return err
		}
		tell(i)
	}
	for range cachePasses {
		progress := false
		for i := range r.list {
			if r.list[i].what != pruneCache || r.gone[i] {
				continue
			}
			if err := r.remove(ctx, i); err != nil {
				return err
			}
			if r.gone[i] {
				progress = true
				tell(i)
			}
		}
		if !progress {
			break
		}
	}
	if done == 0 {
		return &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("nothing was removed: %s", r.left()), Hint: text.Lit("look again and plan anew")}
	}
	return nil
}

// remove removes one object. Its error ends the prune; why an object was left
// alone is noted.
func (r *pruning) remove(ctx context.Context, i int) error {
	w := &r.list[i]
	r.skipped[i] = text.Safe{}
	why, err := r.changed(ctx, w)
	switch {
	case err != nil && !errdefs.IsNotFound(err):
		return err
	case err != nil:
		r.skipped[i] = text.Lit("it is gone already")
		return nil
	case !why.Empty():
		r.skipped[i] = why
		return nil
	}
	if w.what == pruneCache {
		return r.removeCache(ctx, i)
	}
	targets := w.tags
	if len(targets) == 0 {
		targets = []string{w.id}
	}
	for _, target := range targets {
		_, err = r.s.once(ctx, "remove "+w.title().String(), func(ctx context.Context, api *client.Client) error {
			var err error
			switch w.what {
			case pruneContainers:
				_, err = api.ContainerRemove(ctx, w.id, client.ContainerRemoveOptions{})
			case pruneNetworks:
				_, err = api.NetworkRemove(ctx, w.id, client.NetworkRemoveOptions{})
			case pruneVolumes, pruneVolumesAll:
				_, err = api.VolumeRemove(ctx, w.id, client.VolumeRemoveOptions{})
			default: // never forced: the engine keeps what a container uses
				_, err = api.ImageRemove(ctx, target, client.ImageRemoveOptions{PruneChildren: true})
			}
			return err
		})
		if err != nil {
			break
		}
	}
	switch {
	case err == nil:
		r.gone[i] = true
	case fatal(ctx, err):
		return err
	default:
		r.skipped[i] = r.s.Problem(err).Summary
	}
	return nil
}

// fatal reports whether a prune cannot go on after err; what the engine says
// of one object does not concern the others.
func fatal(ctx context.Context, err error) bool {
	return ctx.Err() != nil || errors.Is(err, core.ErrOutcomeUnknown) || errors.Is(err, core.ErrReadOnly) || errors.As(err, new(*connError)) ||
		!errdefs.IsConflict(err) && !errdefs.IsNotFound(err) && !errdefs.IsPermissionDenied(err) && !errdefs.IsInternal(err) && !errdefs.IsInvalidArgument(err)
}

// changed tells why an object is not what the plan listed any more.
func (r *pruning) changed(ctx context.Context, w *waste) (text.Safe, error) {
	api, err := r.s.client(ctx)
	if err != nil {
		return text.Safe{}, err
	}
	switch w.what {
	case pruneContainers:
		c, err := api.ContainerInspect(ctx, w.id, client.ContainerInspectOptions{})
		if err == nil && (c.Container.State == nil || string(c.Container.State.Status) != w.rev) {
			return text.Lit("it was started meanwhile"), nil
		}
		return text.Safe{}, err
	case pruneVolumes, pruneVolumesAll:
		v, err := api.VolumeInspect(ctx, w.id, client.VolumeInspectOptions{})
		if err == nil && v.Volume.CreatedAt != w.rev {
			return text.Lit("it is another one of that name"), nil
		}
		return text.Safe{}, err
	case pruneNetworks: // the engine only knows of running containers in it
		list, err := r.s.summaries(ctx, client.Filters{}.Add("network", w.id))
		for i := range list {
			return text.Sprintf("%s is in it", containerName(&list[i])), nil
		}
		return text.Safe{}, err
	case pruneImages, pruneImagesAll:
		m, err := api.ImageInspect(ctx, w.id)
		if err != nil {
			return text.Safe{}, err
		}
		if now := tagsOf(m.RepoTags); !slices.Equal(slices.Sorted(slices.Values(now)), slices.Sorted(slices.Values(w.tags))) {
			return text.Lit("its names have changed"), nil
		}
		for _, t := range w.tags {
			if x, err := api.ImageInspect(ctx, t); err != nil || x.ID != w.id {
				return text.Sprintf("%s is another image now", t), err
			}
		}
	}
	return text.Safe{}, nil
}

// removeCache removes one record of the build cache (API: BuildPrune with the
// filter id).
func (r *pruning) removeCache(ctx context.Context, i int) error {
	w := &r.list[i]
	var freed uint64
	removed := false
	_, err := r.s.once(ctx, "remove "+w.title().String(), func(ctx context.Context, api *client.Client) error {
		x, err := api.BuildCachePrune(ctx, client.BuildCachePruneOptions{All: true, Filters: client.Filters{}.Add("id", w.id)})
		freed, removed = x.Report.SpaceReclaimed, slices.Contains(x.Report.CachesDeleted, w.id)
		return err
	})
	switch {
	case err != nil && fatal(ctx, err):
		return err
	case err != nil:
		r.skipped[i] = r.s.Problem(err).Summary
	case removed:
		r.gone[i], w.bytes = true, int64(freed) //nolint:gosec // bytes on a disk
	default:
		r.skipped[i] = text.Lit("it is in use, or others were made from it")
	}
	return nil
}

// left says what was not removed and why, the first few.
func (r *pruning) left() text.Safe {
	var parts []text.Safe
	n := 0
	for i, why := range r.skipped {
		if why.Empty() {
			continue
		}
		if n++; n <= 5 {
			parts = append(parts, text.Sprintf("%s (%s)", r.list[i].title(), why))
		}
	}
	if n > 5 {
		parts = append(parts, text.Sprintf("%d more", n-5))
	}
	return text.Join(text.Lit(", "), parts...)
}

// verify reads back what of the list is still there.
func (r *pruning) verify(ctx context.Context, report func(core.Progress)) (core.Outcome, error) {
	there, err := r.there(ctx)
	for err != nil {
		if ctx.Err() != nil {
			return core.OutcomeUnknown, ctx.Err()
		}
		if r.s.Problem(err).Kind != core.Unreachable {
			return core.OutcomeUnknown, err
		}
		report(core.Progress{Text: r.s.Problem(err).Summary})
		select {
		case <-ctx.Done():
			return core.OutcomeUnknown, ctx.Err()
		case <-time.After(verifyEvery):
		}
		there, err = r.there(ctx)
	}
	left, gone, freed := 0, 0, int64(0)
	for i := range r.list {
		switch {
		case !there[r.list[i].key()]:
			gone++
			freed += r.list[i].bytes
		case r.skipped[i].Empty():
			left++
		}
	}
	says := text.Sprintf("%d of %d removed, %s freed", gone, len(r.list), text.Bytes(float64(freed)))
	if skipped := r.left(); !skipped.Empty() {
		says = text.Sprintf("%s; left: %s", says, skipped)
	}
	report(core.Progress{Done: gone, Total: len(r.list), Text: says})
	switch {
	case left == 0:
		return core.OutcomeHealthy, nil
	case gone == 0:
		return core.OutcomeRefused, &core.Problem{Kind: core.Conflict, Summary: text.Lit("nothing was removed")}
	}
	return core.OutcomeFailed, &core.Problem{Kind: core.Conflict, Summary: says, Hint: text.Lit("plan it again for the rest")}
}

// key tells the objects of a list apart.
func (w *waste) key() string {
	switch w.what {
	case pruneVolumes, pruneVolumesAll:
		return "volume " + w.id + "@" + w.rev
	case pruneCache:
		return "cache " + w.id
	}
	return w.id
}

// there lists what exists, by key; only of the kinds that are needed.
func (r *pruning) there(ctx context.Context) (map[string]bool, error) {
	api, err := r.s.client(ctx)
	if err != nil {
		return nil, err
	}
	out := map[string]bool{}
	has := func(kinds ...string) bool {
		return slices.ContainsFunc(r.list, func(w waste) bool { return slices.Contains(kinds, w.what) })
	}
	if has(pruneContainers) {
		list, err := api.ContainerList(ctx, client.ContainerListOptions{All: true})
		if err != nil {
			return nil, fmt.Errorf("list containers: %w", err)
		}
		for i := range list.Items {
			out[list.Items[i].ID] = list.Items[i].State != container.StateRemoving
		}
	}
	if has(pruneNetworks) {
		list, err := api.NetworkList(ctx, client.NetworkListOptions{})
		if err != nil {
			return nil, fmt.Errorf("list networks: %w", err)
		}
		for i := range list.Items {
			out[list.Items[i].ID] = true
		}
	}
	if has(pruneVolumes, pruneVolumesAll) {
		list, err := api.VolumeList(ctx, client.VolumeListOptions{})
		if err != nil {
			return nil, fmt.Errorf("list volumes: %w", err)
		}
		for i := range list.Items {
			out["volume "+list.Items[i].Name+"@"+list.Items[i].CreatedAt] = true
		}
	}
	if has(pruneImages, pruneImagesAll) {
		list, err := api.ImageList(ctx, client.ImageListOptions{All: true})
		if err != nil {
			return nil, fmt.Errorf("list images: %w", err)
		}
		for i := range list.Items {
			out[list.Items[i].ID] = true
		}
	}
	if has(pruneCache) {
		du, err := r.s.diskUsage(ctx, api, client.DiskUsageOptions{BuildCache: true, Verbose: true})
		if err != nil {
			return nil, err
		}
		for _, c := range du.BuildCache.Items {
			out["cache "+c.ID] = true
		}
	}
	return out, nil
}
