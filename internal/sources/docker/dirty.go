package docker

import (
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/moby/moby/api/types/events"

	"devops-tui/internal/sources"
)

// manyDirty is from how many changed containers on a full list is cheaper than
// asking for them by id.
const manyDirty = 64

// dirty gathers what the event stream says has changed. Events are taken at
// once, because the engine drops them for a reader that is slow.
type dirty struct {
	mu         sync.Mutex
	containers map[string]bool // id -> its detail is out of date too
	all        bool            // too many: list all
	kinds      map[string]bool // of images, volumes, networks, the host
	images     atomic.Bool     // came or went since the host's row counted them
	last       int64           // TimeNano of the newest event
	signal     sources.Bell
}

func newDirty() *dirty {
	return &dirty{containers: map[string]bool{}, kinds: map[string]bool{}, signal: sources.NewBell()}
}

// quiet are the actions that change nothing we show. Health checks alone make
// three of them every few seconds.
var quiet = map[events.Action]bool{
	events.ActionAttach: true, events.ActionDetach: true, events.ActionResize: true, events.ActionTop: true, events.ActionCopy: true,
	events.ActionArchivePath: true, events.ActionExtractToDir: true, events.ActionExport: true, events.ActionCommit: true,
	events.ActionKill: true, events.ActionPush: true, events.ActionSave: true,
}

// needsInspect are the actions after which restarts, exit code or OOM may be
// new. What is not known is treated like them. Pause and unpause are among
// them because engines tell them before their list knows: only the inspect,
// which waits for the engine's lock on the container, sees the new state.
func needsInspect(a events.Action) bool {
	switch a {
	case events.ActionCreate, events.ActionRename:
		return false
	}
	return !strings.HasPrefix(string(a), string(events.ActionHealthStatus))
}

// note takes one event.
func (d *dirty) note(m events.Message) {
	d.mu.Lock()
	defer d.mu.Unlock()
	at := m.TimeNano
	if at == 0 {
		at = m.Time * int64(time.Second)
	}
	d.last = max(d.last, at)
	if quiet[m.Action] || strings.HasPrefix(string(m.Action), "exec_") {
		return
	}
	switch m.Type {
	case events.ContainerEventType, "":
		if m.Actor.ID == "" {
			return
		}
		d.mark(m.Actor.ID, needsInspect(m.Action))
	case events.ImageEventType:
		d.kinds[kindImage], d.kinds[kindHost] = true, true
		d.images.Store(true)
	case events.VolumeEventType:
		if m.Action == events.ActionMount || m.Action == events.ActionUnmount {
			return // the container's own event says it
		}
		d.kinds[kindVolume] = true
	case events.NetworkEventType:
		d.kinds[kindNetwork] = true
		if id := m.Actor.Attributes["container"]; id != "" {
			d.mark(id, false)
		}
	default:
		return
	}
	d.signal.Ring()
}

func (d *dirty) mark(id string, inspect bool) {
	d.containers[id] = d.containers[id] || inspect
	d.kinds[kindHost] = true // it counts them
	if len(d.containers) > manyDirty {
		d.all = true
	}
}

// touch marks a container without an event.
func (d *dirty) touch(id string) {
	d.mu.Lock()
	d.mark(id, false)
	d.mu.Unlock()
	d.signal.Ring()
}

// take returns what has changed and forgets it.
func (d *dirty) take() (containers map[string]bool, all bool, kinds map[string]bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	containers, all, kinds = d.containers, d.all, d.kinds
	d.containers, d.all, d.kinds = map[string]bool{}, false, map[string]bool{}
	return containers, all, kinds
}

func (d *dirty) newest() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.last
}
