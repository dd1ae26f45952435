package docker

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// What can be pruned: the names of the form and the command line.
const (
	pruneContainers = "containers"
	pruneNetworks   = "networks"
	pruneVolumes    = "volumes"     // anonymous ones
	pruneVolumesAll = "volumes-all" // all unused
	pruneImages     = "images"      // dangling ones
	pruneImagesAll  = "images-all"  // all unused
	pruneCache      = "build-cache"
)

// pruneUsual is what `docker system prune` means.
var pruneUsual = []string{pruneContainers, pruneNetworks, pruneImages, pruneCache}

// pruneKinds are all of them, in the order in which they are removed: what
// uses others goes first.
var pruneKinds = []string{pruneContainers, pruneNetworks, pruneVolumes, pruneVolumesAll, pruneImages, pruneImagesAll, pruneCache}

// waste is one object that nobody uses.
type waste struct {
	what  string // one of pruneKinds
	id    string // as the engine removes it
	name  string // raw
	rev   string // what must not have changed
	tags  []string
	bytes int64 // that its removal frees, as far as the engine tells
}

// reckoning is what is on a host, with what it takes.
type reckoning struct {
	du       client.DiskUsageResult
	networks []network.Summary
}

// reckonTimeout bounds the engine's walk through its folders.
const reckonTimeout = 2 * time.Minute

// reckon asks the engine for everything that it keeps (API: SystemDataUsage).
func (s *Source) reckon(ctx context.Context) (*reckoning, error) {
	ctx, cancel := context.WithTimeout(ctx, reckonTimeout)
	defer cancel()
	api, err := s.client(ctx)
	if err != nil {
		return nil, err
	}
	x := &reckoning{}
	if x.du, err = s.diskUsage(ctx, api, client.DiskUsageOptions{Containers: true, Images: true, Volumes: true, BuildCache: true, Verbose: true}); err != nil {
		return nil, err
	}
	list, err := api.NetworkList(ctx, client.NetworkListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list networks: %w", err)
	}
	x.networks = list.Items
	s.measured.set(disk{
		total:       x.du.Images.TotalSize + x.du.Containers.TotalSize + x.du.Volumes.TotalSize + x.du.BuildCache.TotalSize,
		reclaimable: x.du.Images.Reclaimable + x.du.Containers.Reclaimable + x.du.Volumes.Reclaimable + x.du.BuildCache.Reclaimable,
		at:          s.now(),
	})
	s.measured.shown.Store(x)
	return x, nil
}

// diskUsage asks what takes the disk. Engines answer one at a time only and
// refuse the others, so it waits for its turn, and for other clients'.
func (s *Source) diskUsage(ctx context.Context, api *client.Client, o client.DiskUsageOptions) (client.DiskUsageResult, error) {
	select {
	case s.measured.turn <- struct{}{}:
		defer func() { <-s.measured.turn }()
	case <-ctx.Done():
		return client.DiskUsageResult{}, fmt.Errorf("ask what takes the disk: %w", ctx.Err())
	}
	for {
		du, err := api.DiskUsage(ctx, o)
		switch {
		case err == nil:
			return du, nil
		case !strings.Contains(err.Error(), "already running"):
			return du, fmt.Errorf("ask what takes the disk: %w", err)
		}
		select {
		case <-time.After(verifyEvery):
		case <-ctx.Done():
			return du, fmt.Errorf("ask what takes the disk: %w", err)
		}
	}
}

// alone reports whether a container could be pruned: it has ended, or never
// began.
func alone(c *container.Summary) bool {
	return c.State == container.StateExited || c.State == container.StateCreated || c.State == container.StateDead
}

// wasted lists what of the kinds nobody uses. What only containers use that
// go too counts as unused.
func (x *reckoning) wasted(what []string) []waste {
	want := func(kind string) bool { return slices.Contains(what, kind) }
	var out []waste
	images, volumes, networks := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for i := range x.du.Containers.Items {
		c := &x.du.Containers.Items[i]
		if alone(c) && want(pruneContainers) {
			out = append(out, waste{what: pruneContainers, id: c.ID, name: containerName(c), rev: string(c.State), bytes: c.SizeRw})
			continue
		}
		images[c.ImageID] = true
		for _, m := range c.Mounts {
			volumes[m.Name] = true
		}
		if c.NetworkSettings != nil {
			for name, n := range c.NetworkSettings.Networks {
				networks[name] = true
				if n != nil {
					networks[n.NetworkID] = true
				}
			}
		}
	}
	if want(pruneNetworks) {
		for i := range x.networks {
			n := &x.networks[i].Network
			if n.Scope == "local" && !n.Ingress && !slices.Contains(builtinNetworks, n.Name) && !networks[n.Name] && !networks[n.ID] {
				out = append(out, waste{what: pruneNetworks, id: n.ID, name: n.Name})
			}
		}
	}
	for i := range x.du.Volumes.Items {
		v := &x.du.Volumes.Items[i]
		what := pruneVolumesAll
		if anonymous(v.Name) {
			what = pruneVolumes
		}
		if volumes[v.Name] || !want(pruneVolumesAll) && !want(what) {
			continue
		}
		w := waste{what: what, id: v.Name, name: v.Name, rev: v.CreatedAt}
		if v.UsageData != nil {
			w.bytes = max(v.UsageData.Size, 0)
		}
		out = append(out, w)
	}
	parents := map[string]bool{}
	for _, m := range x.du.Images.Items {
		parents[m.ParentID] = true
	}
	for _, m := range x.du.Images.Items {
		tags := tagsOf(m.RepoTags)
		what := pruneImagesAll
		if len(tags) == 0 {
			what = pruneImages
		}
		if images[m.ID] || !want(pruneImagesAll) && !want(what) || len(tags) == 0 && parents[m.ID] {
			continue
		}
		w := waste{what: what, id: m.ID, name: imageTitle(m.RepoTags, m.RepoDigests, m.ID), tags: tags, bytes: m.Size}
		if m.SharedSize > 0 {
			w.bytes -= m.SharedSize
		}
		out = append(out, w)
	}
	if want(pruneCache) {
		for _, r := range x.du.BuildCache.Items {
			if !r.InUse {
				w := waste{what: pruneCache, id: r.ID, name: r.ID + " " + r.Description}
				if !r.Shared {
					w.bytes = r.Size
				}
				out = append(out, w)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b waste) int {
		return cmp.Or(cmp.Compare(slices.Index(pruneKinds, a.what), slices.Index(pruneKinds, b.what)), cmp.Compare(b.bytes, a.bytes), cmp.Compare(a.name, b.name))
	})
	return out
}

// title is how an object is called in the plan.
func (w *waste) title() text.Safe {
	switch w.what {
	case pruneContainers:
		return text.Sprintf("container %s", w.name)
	case pruneNetworks:
		return text.Sprintf("network %s", w.name)
	case pruneVolumes:
		return text.Sprintf("volume %s", shortID(w.name))
	case pruneVolumesAll:
		return text.Sprintf("volume %s", w.name)
	case pruneCache:
		return text.Sprintf("build cache %s", strings.TrimSpace(w.name))
	}
	return text.Sprintf("image %s", w.name)
}

// plural is a kind in words.
func plural(what string) text.Safe {
	switch what {
	case pruneContainers:
		return text.Lit("stopped containers")
	case pruneNetworks:
		return text.Lit("networks without containers")
	case pruneVolumes:
		return text.Lit("anonymous volumes without containers")
	case pruneVolumesAll:
		return text.Lit("volumes without containers")
	case pruneImages:
		return text.Lit("dangling images")
	case pruneImagesAll:
		return text.Lit("images without containers")
	}
	return text.Lit("build cache records")
}

func sum(list []waste) (bytes int64) {
	for i := range list {
		bytes += list[i].bytes
	}
	return bytes
}

// pruneForm offers what can be removed, with how much that is.
func (s *Source) pruneForm(ctx context.Context) (core.Form, error) {
	x, err := s.reckon(ctx)
	if err != nil {
		return core.Form{}, err
	}
	f := core.Field{
		Name: "what", Title: text.Lit("remove what is unused of"), Type: core.FieldChoice, Open: true, Value: strings.Join(pruneUsual, ","),
		Help:    text.Lit("several with commas; what exactly goes is listed below"),
		Columns: []text.Safe{text.Lit("WHAT"), text.Lit("IS"), text.Lit("COUNT"), text.Lit("FREES")},
	}
	add := func(value string, is text.Safe, what []string) {
		list := x.wasted(what)
		c := core.Choice{Value: value, Cells: []text.Safe{text.Clean(value), is, text.Int(len(list)), text.Bytes(float64(sum(list)))}}
		if len(list) == 0 {
			c.Disabled = text.Lit("there is none")
		}
		f.Choices = append(f.Choices, c)
	}
	add(f.Value, text.Lit("what docker system prune removes"), pruneUsual)
	for _, kind := range pruneKinds {
		add(kind, plural(kind), []string{kind})
	}
	return core.Form{Fields: []core.Field{f}}, nil
}
