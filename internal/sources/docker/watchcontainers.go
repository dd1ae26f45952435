package docker

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"devops-tui/internal/core"
)

// listAll lists everything that is wanted, afresh.
func (w *watch) listAll(ctx context.Context, api *client.Client) error {
	// What was gathered before is covered by the list.
	w.dirty.take()
	for _, it := range w.items {
		it.stale = true
	}
	if _, err := w.list(ctx, api, nil, nil); err != nil {
		return err
	}
	clear(w.shown) // every kind is published once more, as a full list
	for kind := range w.objects {
		if !slices.Contains(w.s.Wanted().Kinds, kind) {
			w.sink.Drop(kind)
			delete(w.objects, kind)
		}
	}
	w.last = time.Now()
	return w.reconcile(ctx, api)
}

// apply brings what has changed up to date.
func (w *watch) apply(ctx context.Context, api *client.Client) error {
	containers, all, kinds := w.dirty.take()
	if all || len(containers) > 0 {
		var ids []string
		if !all {
			for id := range containers {
				ids = append(ids, id)
			}
		}
		members, err := w.list(ctx, api, ids, containers)
		if err != nil {
			return err
		}
		if members { // who uses what has changed
			for _, kind := range []string{kindImage, kindVolume, kindNetwork} {
				kinds[kind] = true
			}
		}
	}
	for kind := range kinds {
		if w.shown[kind] {
			if err := w.listObjects(ctx, api, kind, false); err != nil {
				return err
			}
		}
	}
	return nil
}

// list reads the containers with these ids, or all of them without ids, and
// reports what is new. changed says whose detail is out of date. members tells
// that containers came or went.
func (w *watch) list(ctx context.Context, api *client.Client, ids []string, changed map[string]bool) (members bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, listTimeout)
	defer cancel()
	o := client.ContainerListOptions{All: true}
	if len(ids) > 0 {
		o.Filters = client.Filters{}.Add("id", ids...)
	}
	list, err := api.ContainerList(ctx, o)
	if err != nil {
		return false, fmt.Errorf("list containers: %w", err)
	}
	now := w.s.now()
	seen := make(map[string]bool, len(list.Items))
	var changes []core.Change
	var inspect []*item
	for i := range list.Items {
		sum := &list.Items[i]
		seen[sum.ID] = true
		it := w.items[sum.ID]
		if it == nil {
			it = &item{}
			w.items[sum.ID] = it
			members = true
		}
		if it.stale || it.detail == nil || changed[sum.ID] || it.sum.State != sum.State {
			it.stale = true
			inspect = append(inspect, it)
		}
		it.sum = *sum
		it.digests = w.images[sum.ImageID]
		changes = w.update(it, now, changes)
	}
	gone := ids
	if len(ids) == 0 {
		for id := range w.items {
			gone = append(gone, id)
		}
	}
	for _, id := range gone {
		if it := w.items[id]; it != nil && !seen[id] {
			delete(w.items, id)
			w.s.phases.Delete(id)
			members = true
			changes = append(changes, core.Change{Op: core.Delete, Ref: it.row.Ref})
		}
	}
	w.report(changes)
	w.ask(inspect)
	w.usage.want(w.s.Wanted(), w.items)
	return members, nil
}

// update makes the row of it and adds the change, if it is one.
func (w *watch) update(it *item, now time.Time, changes []core.Change) []core.Change {
	row, st := w.s.containerRow(it, now)
	if !st.settle.IsZero() {
		// In our clock, and a little later, so that the answer has changed.
		at := time.Now().Add(st.settle.Sub(now) + 50*time.Millisecond)
		if w.settle.IsZero() || at.Before(w.settle) {
			w.settle = at
		}
	}
	w.s.seen(&it.sum, it.detail, &st)
	w.s.phases.Store(row.Ref.UID, lifeState{it.sum.State, it.sum.Labels[labelProject]})
	if sameRow(it.row, row) {
		return changes
	}
	if it.row != nil && it.row.Ref != row.Ref { // renamed
		changes = append(changes, core.Change{Op: core.Delete, Ref: it.row.Ref})
	}
	it.row = row
	return append(changes, core.Change{Ref: row.Ref, Resource: row})
}

// report hands changes of containers to the sink, and the changes of the
// projects that follow from them.
func (w *watch) report(changes []core.Change) {
	if len(changes) == 0 {
		return
	}
	if w.shown[kindContainer] {
		w.sink.Apply(kindContainer, changes)
	}
	groups := byProject(w.items)
	var projects []core.Change
	for name, items := range groups {
		row := w.s.projectRow(name, items)
		if !sameRow(w.projects[name], row) {
			w.projects[name] = row
			projects = append(projects, core.Change{Ref: row.Ref, Resource: row})
		}
	}
	for name, row := range w.projects {
		if groups[name] == nil {
			delete(w.projects, name)
			projects = append(projects, core.Change{Op: core.Delete, Ref: row.Ref})
		}
	}
	if len(projects) > 0 && w.shown[kindProject] {
		w.sink.Apply(kindProject, projects)
	}
}

// sameRow reports whether b says the same as a.
func sameRow(a, b *core.Resource) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Ref == b.Ref && a.Owner == b.Owner && a.Phase == b.Phase && a.Reason == b.Reason && a.Message == b.Message &&
		a.Started == b.Started && a.Changed == b.Changed && a.Rev == b.Rev && a.Hidden == b.Hidden &&
		slices.Equal(a.Cells, b.Cells) && reflect.DeepEqual(a.Facts, b.Facts)
}

// settled looks again at the containers that were in a restart loop.
func (w *watch) settled() {
	now := w.s.now()
	var changes []core.Change
	for _, it := range w.items {
		if it.sum.State == container.StateRunning && it.detail != nil && it.detail.restarts >= loopRestarts {
			changes = w.update(it, now, changes)
		}
	}
	w.report(changes)
}

// ask has containers inspected: what has failed first.
func (w *watch) ask(items []*item) {
	slices.SortFunc(items, func(a, b *item) int { return b.row.Phase.Trouble() - a.row.Phase.Trouble() })
	for _, it := range items {
		w.inspect.container(it.sum.ID)
		if id := it.sum.ImageID; id != "" {
			if _, known := w.images[id]; !known {
				w.images[id] = nil
				w.inspect.image(id)
			}
		}
	}
}

// inspected takes the answer of an inspect.
func (w *watch) inspected(r inspection) {
	now := w.s.now()
	var changes []core.Change
	if r.image {
		w.images[r.id] = r.digests
		if len(r.digests) == 0 {
			return
		}
		for _, it := range w.items {
			if it.sum.ImageID == r.id {
				it.digests = r.digests
				changes = w.update(it, now, changes)
			}
		}
		w.report(changes)
		return
	}
	it := w.items[r.id]
	if it == nil || r.detail == nil {
		return
	}
	it.detail, it.stale = r.detail, false
	if r.state != it.sum.State {
		// It has moved on since it was listed: the event is on its way, or was
		// before the list. Asking once more is cheap and cannot loop, because
		// the list is then newer.
		w.dirty.touch(r.id)
	}
	w.report(w.update(it, now, changes))
	if r.detail.cpuLimit > 0 || r.detail.memLimit > 0 {
		w.usage.want(w.s.Wanted(), w.items)
	}
}
