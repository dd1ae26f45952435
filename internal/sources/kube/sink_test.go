package kube

import (
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// memory is a Sink that does what the store does, naively.
type memory struct {
	mu       sync.Mutex
	writing  sync.RWMutex                         // within mu: while something is changed
	rows     map[string]map[string]*core.Resource // kind -> UID
	fresh    map[string]map[string]struct{}       // kind/namespace -> UIDs since Begin
	listed   map[string]bool                      // kind/namespace
	problems map[string]*core.Problem
	told     map[string]int // State calls with a problem
	kinds    map[string]core.Kind
	usages   map[string]core.Usage
	noUsage  *core.Problem
	noUsages int
	vers     text.Safe
	applies  int
	alive    int
	changed  chan struct{} // closed and replaced by every call
}

func newMemory() *memory {
	return &memory{
		rows: map[string]map[string]*core.Resource{}, fresh: map[string]map[string]struct{}{}, listed: map[string]bool{}, problems: map[string]*core.Problem{},
		told: map[string]int{}, kinds: map[string]core.Kind{}, usages: map[string]core.Usage{}, changed: make(chan struct{}),
	}
}

func (m *memory) do(f func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.writing.Lock()
	f()
	m.writing.Unlock()
	close(m.changed)
	m.changed = make(chan struct{})
}

func (m *memory) Begin(kind, ns string) {
	m.do(func() { m.fresh[kind+"/"+ns] = map[string]struct{}{}; m.listed[kind+"/"+ns] = false })
}

func (m *memory) Apply(kind string, changes []core.Change) {
	m.do(func() {
		m.applies++
		if m.rows[kind] == nil {
			m.rows[kind] = map[string]*core.Resource{}
		}
		for _, c := range changes {
			if c.Op == core.Delete {
				delete(m.rows[kind], c.Ref.UID)
				continue
			}
			m.rows[kind][c.Ref.UID] = c.Resource
			for _, ns := range []string{"", c.Ref.Namespace} {
				if f := m.fresh[kind+"/"+ns]; f != nil {
					f[c.Ref.UID] = struct{}{}
				}
			}
		}
	})
}

func (m *memory) End(kind, ns string) {
	m.do(func() {
		f := m.fresh[kind+"/"+ns]
		for uid, r := range m.rows[kind] {
			if _, ok := f[uid]; !ok && (ns == "" || r.Ref.Namespace == ns) {
				delete(m.rows[kind], uid)
			}
		}
		delete(m.fresh, kind+"/"+ns)
		m.listed[kind+"/"+ns] = true
	})
}

func (m *memory) Drop(kind string) {
	m.do(func() {
		delete(m.rows, kind)
		maps.DeleteFunc(m.listed, func(k string, _ bool) bool { return len(k) > len(kind) && k[:len(kind)+1] == kind+"/" })
	})
}

func (m *memory) State(kind string, p *core.Problem) {
	m.do(func() {
		m.problems[kind] = p
		if p != nil {
			m.told[kind]++
		}
	})
}

func (m *memory) Kinds(kinds []core.Kind) {
	m.do(func() {
		for _, k := range kinds {
			m.kinds[k.Name] = k
		}
	})
}

func (m *memory) Usage(samples []core.Usage) {
	m.do(func() {
		for _, u := range samples {
			m.usages[u.Ref.Path()] = u
		}
	})
}
func (m *memory) UsageState(p *core.Problem) { m.do(func() { m.noUsage = p; m.noUsages++ }) }
func (m *memory) Alive()                     { m.do(func() { m.alive++ }) }
func (m *memory) Version(v text.Safe)        { m.do(func() { m.vers = v }) }

// row finds a row by namespace/name; within await and outside of it.
func (m *memory) row(kind, ns, name string) *core.Resource {
	m.writing.RLock()
	defer m.writing.RUnlock()
	for _, r := range m.rows[kind] {
		if r.Ref.Namespace == ns && r.Ref.Name == name {
			return r
		}
	}
	return nil
}

// await waits until ok (called with the lock held) is true.
func (m *memory) await(t testing.TB, what string, limit time.Duration, ok func() bool) {
	t.Helper()
	deadline := time.After(limit)
	for {
		m.mu.Lock()
		done, ch := ok(), m.changed
		m.mu.Unlock()
		if done {
			return
		}
		select {
		case <-ch:
		case <-deadline:
			m.mu.Lock()
			state := ""
			for k, r := range m.rows {
				state += fmt.Sprintf(" %s:%d", k, len(r))
			}
			for k, p := range m.problems {
				if p != nil {
					state += fmt.Sprintf("; %s: %v", k, p)
				}
			}
			m.mu.Unlock()
			t.Fatalf("%s: not within %s; have%s", what, limit, state)
		}
	}
}
