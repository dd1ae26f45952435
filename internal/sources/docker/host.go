package docker

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/system"
	"github.com/moby/moby/client"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

// disk is what the engine's objects take, added up at a moment. The engine
// walks folders for that, so it is only asked when somebody wants to know.
type disk struct {
	total, reclaimable int64 // bytes
	at                 time.Time
}

// measured keeps the last disk and tells the watch of a new one.
type measured struct {
	last  atomic.Pointer[disk]
	shown atomic.Pointer[reckoning] // what the engine's page shows
	news  sources.Bell
	turn  chan struct{} // capacity 1: one question at a time
}

func (m *measured) begin() { m.news, m.turn = sources.NewBell(), make(chan struct{}, 1) }

func (m *measured) set(d disk) {
	m.last.Store(&d)
	m.news.Ring()
}

// hostCounts are of the objects of a host.
type hostCounts struct{ running, containers, images int }

// hostRow makes the row of the engine itself.
func (s *Source) hostRow(i *system.Info, n hostCounts) *core.Resource {
	uid := i.ID
	if uid == "" {
		uid = s.host.scope
	}
	r := &core.Resource{Ref: s.ref(kindHost, s.host.scope, uid), Phase: core.Running, Reason: text.Lit("up")}
	for _, w := range i.Warnings {
		r.Message = text.CleanLong(w)
		break
	}
	unknown := core.Cell{Text: text.Lit("–")}
	total, reclaimable := unknown, unknown
	if d := s.measured.last.Load(); d != nil {
		total, reclaimable = core.Cell{Num: float64(d.total)}, core.Cell{Num: float64(d.reclaimable)}
	}
	r.Cells = []core.Cell{
		label(s.host.scope),
		{Text: r.Reason},
		label(i.ServerVersion),
		number(n.running), number(n.containers), number(n.images),
		label(i.Driver),
		total, reclaimable,
		number(i.NCPU),
		{Num: float64(i.MemTotal)},
		label(i.OperatingSystem), label(i.KernelVersion), label(i.DockerRootDir), label(i.Name),
	}
	return r
}

// getHost reads the engine's row.
func (s *Source) getHost(ctx context.Context, ref core.Ref) (*core.Resource, error) {
	if ref.Name != s.host.scope {
		return nil, notFound(kindHost, ref.Name)
	}
	api, err := s.client(ctx)
	if err != nil {
		return nil, err
	}
	x, err := api.Info(ctx, client.InfoOptions{})
	if err != nil {
		return nil, fmt.Errorf("ask for the engine's state: %w", err)
	}
	i := &x.Info
	r := s.hostRow(i, hostCounts{running: i.ContainersRunning, containers: i.Containers, images: i.Images})
	if ref.UID != "" && ref.UID != r.Ref.UID {
		return nil, &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("another engine answers at %s now", s.where())}
	}
	return r, nil
}

// pageAge is how old the figures on the engine's page may be: the page is read
// again whenever the row changes, and adding up is dear.
const pageAge = time.Minute

// describeHost writes the engine's page, with what takes how much disk.
func (s *Source) describeHost(ctx context.Context, b *sheet, ref core.Ref) error {
	x := s.measured.shown.Load()
	if d := s.measured.last.Load(); x == nil || d == nil || s.now().Sub(d.at) > pageAge {
		var err error
		if x, err = s.reckon(ctx); err != nil {
			return err
		}
	}
	row, err := s.getHost(ctx, ref)
	if err != nil {
		return err
	}
	s.describeRow(b, row)
	b.head(text.Lit("Disk"))
	for _, c := range []struct {
		name                text.Safe
		count, used         int64
		total, reclaimables int64
	}{
		{text.Lit("images"), x.du.Images.TotalCount, x.du.Images.ActiveCount, x.du.Images.TotalSize, x.du.Images.Reclaimable},
		{text.Lit("containers"), x.du.Containers.TotalCount, x.du.Containers.ActiveCount, x.du.Containers.TotalSize, x.du.Containers.Reclaimable},
		{text.Lit("volumes"), x.du.Volumes.TotalCount, x.du.Volumes.ActiveCount, x.du.Volumes.TotalSize, x.du.Volumes.Reclaimable},
		{text.Lit("build cache"), x.du.BuildCache.TotalCount, x.du.BuildCache.ActiveCount, x.du.BuildCache.TotalSize, x.du.BuildCache.Reclaimable},
	} {
		b.field(c.name, text.Sprintf("%d, %d in use, %s, %s could be freed", c.count, c.used, text.Bytes(float64(c.total)), text.Bytes(float64(c.reclaimables))).String())
	}
	return nil
}

// hostView is what the watch keeps of the engine.
type hostView struct {
	info   *system.Info
	images int
}

// hostRows lists the one row. The engine itself is asked once a session;
// afterwards the counts follow from what is watched anyway.
func (w *watch) hostRows(ctx context.Context, api *client.Client, full bool) ([]*core.Resource, error) {
	h := &w.host
	switch {
	case full || h.info == nil:
		x, err := api.Info(ctx, client.InfoOptions{})
		if err != nil {
			return nil, fmt.Errorf("ask for the engine's state: %w", err)
		}
		*h = hostView{info: &x.Info, images: x.Info.Images}
	case w.dirty.images.Swap(false):
		list, err := api.ImageList(ctx, client.ImageListOptions{})
		if err != nil {
			return nil, fmt.Errorf("list images: %w", err)
		}
		h.images = len(list.Items)
	}
	n := hostCounts{containers: len(w.items), images: h.images}
	for _, it := range w.items {
		if it.sum.State == container.StateRunning {
			n.running++
		}
	}
	return []*core.Resource{w.s.hostRow(h.info, n)}, nil
}
