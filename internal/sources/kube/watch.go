package kube

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"devops-tui/internal/core"
)

// errWake: the watch is opened again because somebody doubts it.
var errWake = errors.New("woken")

// The types of watch events.
const (
	evAdded    = "ADDED"
	evModified = "MODIFIED"
	evDeleted  = "DELETED"
	evBookmark = "BOOKMARK"
	evError    = "ERROR"
)

// watching is the state of one open watch.
type watching struct {
	f      *reflector
	rev    string // of the newest event
	resume string // where the next watch goes on
	heard  atomic.Int64
	told   time.Time // when Alive was called last
}

func (w *watching) touch() {
	now := time.Now()
	w.heard.Store(now.UnixNano())
	if now.Sub(w.told) > time.Second {
		w.told = now
		w.f.alive()
	}
}

// guard cancels the watch when Wake is called and nothing was heard lately: a
// connection that died in silence would otherwise stay unnoticed.
func (w *watching) guard(ctx context.Context, cancel context.CancelFunc) (stop func()) {
	w.touch()
	rung := w.f.s.src.bell.wait()
	core.Go("kube: watch guard", func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-rung:
				rung = w.f.s.src.bell.wait()
				if time.Since(time.Unix(0, w.heard.Load())) > silence {
					cancel()
					return
				}
			}
		}
	})
	return cancel
}

// take handles one event.
func (w *watching) take(kind string, r row, err error) error {
	if err != nil {
		return err
	}
	switch kind {
	case evAdded, evModified:
		w.f.t.changed(core.Upsert, r)
	case evDeleted:
		w.f.t.changed(core.Delete, r)
	case evBookmark:
		// Everything up to here was seen, in whatever order it came.
		w.rev, w.resume = r.Rev, r.Rev
		w.f.revs = w.f.revs[:0]
		return nil
	default:
		return nil
	}
	if revision(r.Rev) < revision(w.rev) {
		return nil
	}
	w.rev = r.Rev
	f := w.f
	f.revs = append(f.revs, r.Rev)
	if len(f.revs) > overlap {
		w.resume = f.revs[0]
		copy(f.revs, f.revs[1:])
		f.revs = f.revs[:overlap]
	}
	return nil
}

// aliveReader reports every byte as a sign of life.
type aliveReader struct {
	r     io.Reader
	touch func()
}

func (a aliveReader) Read(b []byte) (int, error) {
	n, err := a.r.Read(b)
	if n > 0 {
		a.touch()
	}
	return n, err
}

// eventError maps an ERROR event.
func eventError(s *metav1.Status) error {
	e := &statusError{}
	e.take(s)
	if e.Code == http.StatusGone || e.Reason == string(metav1.StatusReasonExpired) || e.Reason == string(metav1.StatusReasonGone) {
		return errExpired
	}
	return e
}

// protoCodec reads protobuf and reduces object by object.
type protoCodec struct {
	k *kind
	x *reducer
}

func (c *protoCodec) accept() (list, watch string) { return acceptProto, acceptWatch }

func (c *protoCodec) page(body []byte, add func(row)) (listPage, error) {
	kind, raw, err := unwrap(body)
	if err != nil {
		return listPage{}, err
	}
	if kind != c.k.gvkKind+"List" {
		return listPage{}, fmt.Errorf("got a %q: %w", kind, errWire)
	}
	return splitList(raw, func(item []byte) error {
		r, err := c.reduce(item)
		if err == nil {
			add(r)
		}
		return err
	})
}

// reduce makes the row of one object, and its later form if time changes it.
func (c *protoCodec) reduce(raw []byte) (row, error) {
	r, err := c.k.reduce(c.x, raw)
	if err != nil {
		return row{}, err
	}
	out := row{Resource: r, need: c.x.need, hasNeed: c.x.hasNeed}
	if at := c.x.recheck; !at.IsZero() {
		now := c.x.now
		c.x.now = func() time.Time { return at }
		out.later, err = c.k.reduce(c.x, raw)
		out.at, c.x.now = at, now
	}
	return out, err
}

func (c *protoCodec) events(r *bufio.Reader, take func(string, row, error) error) error {
	var buf []byte
	var err error
	for {
		if buf, err = readFrame(r, buf); err != nil {
			return err
		}
		typ, object, err := splitEvent(buf)
		if err != nil {
			return err
		}
		kind, raw, err := unwrap(object)
		if err != nil {
			return err
		}
		var out row
		switch {
		case typ == evError || kind == "Status":
			var s metav1.Status
			if err := s.Unmarshal(raw); err != nil {
				return fmt.Errorf("error event: %w", errWire)
			}
			return take(typ, out, eventError(&s))
		case typ == evBookmark:
			var m metav1.ObjectMeta
			if err := metadata(raw, &m); err != nil {
				return err
			}
			out.Resource = &core.Resource{Rev: m.ResourceVersion}
		case kind != c.k.gvkKind:
			return fmt.Errorf("event of a %q: %w", kind, errWire)
		default:
			if out, err = c.reduce(raw); err != nil {
				return fmt.Errorf("%w: %w", errWire, err)
			}
		}
		if c.k.Name == "secret" {
			clear(buf)
		}
		if err := take(typ, out, nil); err != nil {
			return err
		}
	}
}

// metadata reads an object's metadata, which is field 1 of all of them.
func metadata(raw []byte, m *metav1.ObjectMeta) error {
	return fields(raw, func(f field) error {
		if f.id == 1 {
			return m.Unmarshal(f.data)
		}
		return nil
	})
}

// jsonEvent is a watch event whose object is decoded later.
type jsonEvent struct {
	Type   string          `json:"type"`
	Object json.RawMessage `json:"object"`
}
