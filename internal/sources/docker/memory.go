package docker

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/moby/moby/api/types/container"

	"devops-tui/internal/core"
)

const (
	// memoryFile is below the state folder.
	memoryFile = "docker-images.json"
	// memoryImages and memoryRunners bound what is remembered.
	memoryImages  = 20
	memoryRunners = 500
	memorySize    = 4 << 20
	// memoryRefresh is how old the last sight of a running image may become on disk.
	memoryRefresh = 24 * time.Hour
)

// endHealthy is the end of an image that was seen healthy, or, without a
// health check, running for a while.
const endHealthy = "healthy"

// sighting is an image that was seen to run.
type sighting struct {
	container, project, service string
	id, ref                     string // of the image
}

// remembered is what is known of an image that ran somewhere.
type remembered struct {
	ID    string    `json:"id"`
	Ref   string    `json:"ref"` // what the container called it
	First time.Time `json:"first"`
	Last  time.Time `json:"last"`
	End   string    `json:"end,omitempty"`  // how it was seen last: "healthy", "exited (1)"; "": not known
	Well  bool      `json:"well,omitempty"` // it was healthy, or ran for a while, at some time
}

// runner is a container, or a service of Compose: what keeps its identity
// when containers are made again.
type runner struct {
	Scope     string       `json:"scope"`
	Container string       `json:"container,omitempty"`
	Project   string       `json:"project,omitempty"`
	Service   string       `json:"service,omitempty"`
	Images    []remembered `json:"images"` // last seen first
}

func (r *runner) is(scope string, x *sighting) bool {
	if r.Scope != scope {
		return false
	}
	if x.project != "" && x.service != "" {
		return r.Project == x.project && r.Service == x.service
	}
	return r.Container == x.container && r.Project == ""
}

// memory is what the cockpit remembers of the images that it has seen run, so
// that it can go back. Several processes share its file.
type memory struct {
	path string // "": nothing is kept
	now  func() time.Time

	mu      sync.Mutex
	loaded  bool
	runners []*runner
	saving  bool
	dirty   bool
	broken  error // why nothing is kept, or what was set aside
}

func newMemory(dir string) *memory {
	m := &memory{now: time.Now}
	if dir != "" {
		m.path = filepath.Join(dir, memoryFile)
	}
	return m
}

// memories are the memories of this process, one for each file.
var memories = struct {
	sync.Mutex
	byDir map[string]*memory
}{byDir: map[string]*memory{}}

// memoryAt is the memory below a state folder, the same for all hosts.
func memoryAt(dir string) *memory {
	if dir == "" {
		return newMemory("")
	}
	memories.Lock()
	defer memories.Unlock()
	m := memories.byDir[dir]
	if m == nil {
		m = newMemory(dir)
		memories.byDir[dir] = m
	}
	return m
}

// tell takes a sighting. It writes in the background, and only what is new:
// another image, or another end.
func (m *memory) tell(scope string, x sighting, end string, well bool) {
	if m == nil || x.id == "" || x.container == "" {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.load()
	if !m.note(scope, x, end, well, m.now().UTC().Truncate(time.Second)) || m.path == "" {
		return
	}
	m.dirty = true
	if m.saving {
		return
	}
	m.saving = true
	core.Go("docker image memory", m.save)
}

// note changes what is remembered and tells whether it is worth a write.
func (m *memory) note(scope string, x sighting, end string, well bool, now time.Time) bool {
	var r *runner
	for _, known := range m.runners {
		if known.is(scope, &x) {
			r = known
			break
		}
	}
	if r == nil {
		r = &runner{Scope: scope, Container: x.container}
		if x.project != "" && x.service != "" {
			r = &runner{Scope: scope, Project: x.project, Service: x.service}
		}
		m.runners = append(m.runners, r)
	}
	i := slices.IndexFunc(r.Images, func(k remembered) bool { return k.ID == x.id })
	if i < 0 {
		r.Images = append(r.Images, remembered{ID: x.id, Ref: x.ref, First: now, Last: now, End: end, Well: well})
		m.bound()
		return true
	}
	k := &r.Images[i]
	worth := end != "" && end != k.End || well && !k.Well || now.Sub(k.Last) > memoryRefresh
	k.Well = k.Well || well
	if x.ref != "" && x.ref != x.id && k.Ref != x.ref {
		k.Ref, worth = x.ref, true
	}
	if end != "" {
		k.End = end
	}
	k.Last = now
	slices.SortStableFunc(r.Images, func(a, b remembered) int { return b.Last.Compare(a.Last) })
	return worth
}

// bound forgets what was not seen for longest.
func (m *memory) bound() {
	for _, r := range m.runners {
		slices.SortStableFunc(r.Images, func(a, b remembered) int { return b.Last.Compare(a.Last) })
		r.Images = r.Images[:min(len(r.Images), memoryImages)]
	}
	if len(m.runners) <= memoryRunners {
		return
	}
	slices.SortStableFunc(m.runners, func(a, b *runner) int { return b.last().Compare(a.last()) })
	m.runners = m.runners[:memoryRunners]
}

func (r *runner) last() time.Time {
	if len(r.Images) == 0 {
		return time.Time{}
	}
	return r.Images[0].Last
}

// images is what is remembered of a container or service, last seen first.
func (m *memory) images(scope string, x sighting) []remembered {
	if m == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.load()
	if m.path != "" { // another process may have seen more
		if more, err := readMemory(m.path); err == nil {
			m.merge(more)
		}
	}
	for _, r := range m.runners {
		if r.is(scope, &x) {
			return slices.Clone(r.Images)
		}
	}
	return nil
}

// load reads the file once. One that cannot be read is set aside.
func (m *memory) load() {
	if m.loaded || m.path == "" {
		return
	}
	m.loaded = true
	runners, err := readMemory(m.path)
	switch {
	case err == nil:
		m.runners = runners
	case errors.Is(err, fs.ErrNotExist):
	default:
		m.broken = err
		var bad *badMemory
		if errors.As(err, &bad) {
			_ = os.Rename(m.path, m.path+".broken-"+m.now().UTC().Format("20060102T150405"))
		}
	}
}

// badMemory is a file that is no memory.
type badMemory struct{ cause error }

func (e *badMemory) Error() string { return "not readable: " + e.cause.Error() }

func readMemory(path string) ([]*runner, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > memorySize {
		return nil, &badMemory{fmt.Errorf("%d bytes are too many", info.Size())}
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var file memoryContent
	if err := json.Unmarshal(b, &file); err != nil {
		return nil, &badMemory{err}
	}
	if file.Version != 1 {
		return nil, &badMemory{fmt.Errorf("version %d", file.Version)}
	}
	return slices.DeleteFunc(file.Runners, func(r *runner) bool { return r == nil }), nil
}

// memoryContent is the file.
type memoryContent struct {
	Version int       `json:"version"`
	Runners []*runner `json:"runners"`
}

// merge takes what another process has written.
func (m *memory) merge(others []*runner) {
	for _, o := range others {
		x := sighting{container: o.Container, project: o.Project, service: o.Service}
		i := slices.IndexFunc(m.runners, func(r *runner) bool { return r.is(o.Scope, &x) })
		if i < 0 {
			m.runners = append(m.runners, o)
			continue
		}
		mine := m.runners[i]
		for _, k := range o.Images {
			j := slices.IndexFunc(mine.Images, func(n remembered) bool { return n.ID == k.ID })
			if j < 0 {
				mine.Images = append(mine.Images, k)
				continue
			}
			n := &mine.Images[j]
			if k.First.Before(n.First) {
				n.First = k.First
			}
			if k.Last.After(n.Last) {
				n.Last, n.End = k.Last, cmp.Or(k.End, n.End)
			}
			n.Well = n.Well || k.Well
		}
	}
	m.bound()
}

// save writes until nothing is new.
func (m *memory) save() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for m.dirty {
		m.dirty = false
		m.mu.Unlock()
		err := m.write()
		m.mu.Lock()
		if err != nil {
			m.broken = err
		}
	}
	m.saving = false
}

// write joins the memory with the file, under a lock, and replaces the file.
func (m *memory) write() error {
	dir := filepath.Dir(m.path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the state folder: %w", err)
	}
	unlock, err := lockFile(m.path + ".lock")
	if err != nil {
		return fmt.Errorf("lock the image memory: %w", err)
	}
	defer unlock()
	others, err := readMemory(m.path)
	m.mu.Lock()
	if err == nil {
		m.merge(others)
	}
	b, err := json.MarshalIndent(memoryContent{Version: 1, Runners: m.runners}, "", " ")
	m.mu.Unlock()
	if err != nil {
		return fmt.Errorf("write the image memory: %w", err)
	}
	f, err := os.CreateTemp(dir, memoryFile+".*") // 0600
	if err != nil {
		return fmt.Errorf("write the image memory: %w", err)
	}
	_, err = f.Write(append(b, '\n'))
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), m.path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return fmt.Errorf("write the image memory: %w", err)
	}
	return nil
}

// flush waits until everything is written, but not for ever: another process
// may hold the lock.
func (m *memory) flush(limit time.Duration) {
	for end := time.Now().Add(limit); time.Now().Before(end); {
		m.mu.Lock()
		saving := m.saving
		m.mu.Unlock()
		if !saving || !pause(context.Background(), 5*time.Millisecond) {
			return
		}
	}
}

// problem is why something is not kept; nil: everything is.
func (m *memory) problem() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.broken
}

// seen tells the memory of a container as the watch sees it.
func (s *Source) seen(c *container.Summary, d *detail, st *state) {
	name := containerName(c)
	if _, _, ok := leftover(name); ok || c.Labels[labelOneOff] == "True" || c.State == container.StateCreated {
		return
	}
	end, well := "", false
	switch {
	case st.phase == core.Running && st.health == container.Healthy:
		end, well = endHealthy, true
	case st.phase == core.Running && st.health == "":
		well = d != nil && !d.started.IsZero() && s.now().Sub(d.started) > settleAfter
	case st.phase == core.Succeeded, st.phase == core.Failed, st.health == container.Unhealthy:
		end, well = st.reason.String(), st.phase == core.Succeeded
	}
	s.memory.tell(s.host.scope, sighting{
		container: name, project: c.Labels[labelProject], service: c.Labels[labelService], id: c.ImageID, ref: c.Image,
	}, end, well)
}

// sighting is the old container's place with an image.
func (w *swap) sighting(id, ref string) sighting {
	return sighting{container: w.m.name, project: w.project, service: w.m.service, id: id, ref: ref}
}
