package kube

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"devops-tui/internal/core"
)

// maxCharts bounds the releases whose charts wait to be looked up.
const maxCharts = 512

// releaseCodec makes one row of all the revisions of a release. It reads the
// metadata of secrets; the chart of the newest revision is looked up beside the
// watch, one after the other.
type releaseCodec struct {
	s *Source
	t *tracker

	mu       sync.Mutex
	releases map[releaseName]*releaseState
	lookups  chan releaseName
}

type releaseState struct {
	revisions map[string]releaseRevision // by secret
	rev       string                     // the newest of all of them
}

func newReleaseCodec(ctx context.Context, s *Source, t *tracker) *releaseCodec {
	c := &releaseCodec{s: s, t: t, releases: map[releaseName]*releaseState{}, lookups: make(chan releaseName, maxCharts)}
	core.Go("kube: charts", func() { c.lookup(ctx) })
	return c
}

func (c *releaseCodec) accept() (list, watch string) {
	return acceptMetadata, "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
}

// begin forgets what was known: a list is the truth.
func (c *releaseCodec) begin() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.releases = map[releaseName]*releaseState{}
}

func (c *releaseCodec) page(body []byte, add func(row)) (listPage, error) {
	var list struct {
		Metadata struct {
			ResourceVersion string `json:"resourceVersion"`
			Continue        string `json:"continue"`
		} `json:"metadata"`
		Items []struct {
			Metadata tableMeta `json:"metadata"`
		} `json:"items"`
	}
	if err := json.Unmarshal(body, &list); err != nil {
		return listPage{}, fmt.Errorf("decode the list of releases: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range list.Items {
		if id, ok := c.take(&list.Items[i].Metadata, false); ok {
			add(row{Resource: c.row(id)})
		}
	}
	return listPage{rev: list.Metadata.ResourceVersion, proceed: list.Metadata.Continue}, nil
}

// take notes a secret and tells the release that it belongs to.
func (c *releaseCodec) take(m *tableMeta, gone bool) (releaseName, bool) {
	name, r, ok := releaseOf(m)
	if !ok {
		return releaseName{}, false
	}
	id := releaseName{m.Namespace, name}
	st := c.releases[id]
	if st == nil {
		st = &releaseState{revisions: map[string]releaseRevision{}}
		c.releases[id] = st
	}
	if revision(r.rev) > revision(st.rev) {
		st.rev = r.rev
	}
	switch {
	case gone:
		delete(st.revisions, r.secret)
	default:
		if st.revisions[r.secret] = r; len(st.revisions) > maxReleaseRev {
			all := st.sorted()
			delete(st.revisions, all[len(all)-1].secret)
		}
	}
	return id, true
}

func (st *releaseState) sorted() []releaseRevision {
	all := make([]releaseRevision, 0, len(st.revisions))
	for _, r := range st.revisions {
		all = append(all, r)
	}
	return newestFirst(all)
}

// row needs the lock.
func (c *releaseCodec) row(id releaseName) *core.Resource {
	st := c.releases[id]
	all := st.sorted()
	if _, known := c.s.helm.chartOf(id.namespace, id.name, all[0].version); !known {
		select {
		case c.lookups <- id:
		default: // too many; the row has no chart until it changes
		}
	}
	return c.s.releaseRow(id.namespace, id.name, all, st.rev)
}

func (c *releaseCodec) events(r *bufio.Reader, take func(string, row, error) error) error {
	d := json.NewDecoder(r)
	for {
		var e jsonEvent
		if err := d.Decode(&e); err != nil {
			var syntax *json.SyntaxError
			if err == io.EOF || !errors.As(err, &syntax) {
				return err
			}
			return fmt.Errorf("%w: %w", errWire, err)
		}
		if e.Type == evError {
			var s metav1.Status
			if err := json.Unmarshal(e.Object, &s); err != nil {
				return fmt.Errorf("%w: %w", errWire, err)
			}
			return take(e.Type, row{}, eventError(&s))
		}
		var o struct {
			Metadata tableMeta `json:"metadata"`
		}
		if err := json.Unmarshal(e.Object, &o); err != nil {
			return fmt.Errorf("%w: %w", errWire, err)
		}
		if e.Type == evBookmark {
			if err := take(e.Type, row{Resource: &core.Resource{Rev: o.Metadata.ResourceVersion}}, nil); err != nil {
				return err
			}
			continue
		}
		kind, out, ok := c.event(e.Type, &o.Metadata)
		if !ok {
			continue
		}
		if err := take(kind, row{Resource: out}, nil); err != nil {
			return err
		}
	}
}

// event is what a secret's event means for its release.
func (c *releaseCodec) event(kind string, m *tableMeta) (string, *core.Resource, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	id, ok := c.take(m, kind == evDeleted)
	if !ok {
		return "", nil, false
	}
	st := c.releases[id]
	if len(st.revisions) > 0 {
		return evModified, c.row(id), true
	}
	r := &core.Resource{Ref: c.s.ref(kindRelease, id.namespace, id.name, c.s.helm.uid(id.namespace, id.name)), Rev: st.rev}
	delete(c.releases, id)
	c.s.helm.died(id)
	return evDeleted, r, true
}

// lookup reads the charts that rows lack, until ctx ends.
func (c *releaseCodec) lookup(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case id := <-c.lookups:
			if !c.lookUp(ctx, id) {
				return
			}
		}
	}
}

// lookUp reports whether others may be asked for.
func (c *releaseCodec) lookUp(ctx context.Context, id releaseName) bool {
	c.mu.Lock()
	st := c.releases[id]
	var newest releaseRevision
	if st != nil && len(st.revisions) > 0 {
		newest = st.sorted()[0]
	}
	c.mu.Unlock()
	if _, known := c.s.helm.chartOf(id.namespace, id.name, newest.version); newest.version == 0 || known {
		return true
	}
	stored, err := c.s.storedRelease(ctx, id.namespace, newest.secret)
	if isProblem(err, core.Forbidden) {
		return false // secrets may be listed but not read
	}
	if err == nil {
		c.s.helm.setChart(id.namespace, id.name, newest.version, stored.Chart.Metadata)
	} else { // not asked for again and again
		c.s.helm.setChart(id.namespace, id.name, newest.version, chartInfo{})
	}
	for range 20 { // the page that the row came with may still be on its way
		if c.show(id, newest.version) {
			break
		}
		pause(ctx, 50*time.Millisecond, nil)
	}
	return ctx.Err() == nil
}

// show brings a release's row up to date; false: it is not listed yet.
func (c *releaseCodec) show(id releaseName, version int) bool {
	c.mu.Lock()
	st := c.releases[id]
	var out *core.Resource
	if st != nil && len(st.revisions) > 0 && st.sorted()[0].version == version {
		out = c.row(id)
	}
	c.mu.Unlock()
	return out == nil || c.t.again(row{Resource: out})
}

// again shows a row anew of which more is known, unless the object has changed
// meanwhile. It reports false if the object is not known (yet).
func (t *tracker) again(r row) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	s, ok := t.known[r.Ref.UID]
	if ok && !t.closed && s.rev == revision(r.Rev) {
		t.add(core.Change{Op: core.Upsert, Ref: r.Ref, Resource: r.Resource})
	}
	return ok || t.closed
}
