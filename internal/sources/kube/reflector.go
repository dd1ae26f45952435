package kube

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"devops-tui/internal/text"
)

const (
	pageSize = 500 // the server's own recommendation
	// silence is how old the last byte may be when Wake trusts a watch.
	silence = 10 * time.Second
	// overlap is how many events before the last one a watch is resumed: what
	// is replayed is dropped by its revision, and an event that was overtaken
	// by another just before the cut is not lost.
	overlap = 16
)

// pageSize is how many objects a page of the kind's list has.
func (k *kind) pageSize() int {
	if k.custom != nil {
		return customPage
	}
	return pageSize
}

// errExpired: the server no longer knows the revision; list again.
var errExpired = errors.New("the revision is too old")

// reflector lists and watches one kind in one namespace ("": all).
type reflector struct {
	s         *session
	k         *kind
	namespace string
	t         *tracker
	x         *reducer
	codec     codec
	buf       []byte
	revs      []string // the last events' revisions, oldest first
	lists     int      // expired lists in a row
	lived     bool     // it worked before
	stated    bool     // its state was reported
	told      bool     // a problem was reported
	refusals  int      // in a row
}

// codec reads one representation of objects: protobuf or the server's table.
type codec interface {
	accept() (list, watch string)
	// page reads a page of a list and calls add for its rows.
	page(body []byte, add func(row)) (listPage, error)
	// events calls take for each event of a watch until the stream ends.
	events(r *bufio.Reader, take func(kind string, r row, err error) error) error
}

// run lists and watches until ctx ends.
func (f *reflector) run(ctx context.Context) {
	var wait backoff
	rev := ""
	for ctx.Err() == nil {
		rung := f.s.src.bell.wait()
		began := time.Now()
		var err error
		if rev == "" {
			if rev, err = f.list(ctx); err == nil {
				f.works()
				wait.reset()
			}
		}
		if err == nil && rev != "" {
			if !f.k.watch {
				pause(ctx, 30*time.Second, rung)
				rev = ""
				continue
			}
			rev, err = f.watch(ctx, rev)
			if time.Since(began) > 2*time.Second {
				wait.reset()
			}
		}
		if ctx.Err() != nil {
			return
		}
		switch {
		case err == nil:
			continue // the watch's time was up
		case errors.Is(err, errExpired):
			if f.lists++; f.lists < 3 {
				continue
			}
		case isStatus(err, http.StatusForbidden, http.StatusUnauthorized, http.StatusNotFound, http.StatusMethodNotAllowed):
			if f.s.fallback(f, err) {
				return // the namespaces that are allowed are watched instead
			}
			if f.refused(err) {
				pause(ctx, forbiddenDelay, rung)
				continue
			}
		}
		pause(ctx, wait.next(err), rung)
	}
}

// works notes that the kind can be had.
func (f *reflector) works() {
	f.lived, f.refusals = true, 0
	if f.told || !f.stated {
		f.told, f.stated = false, true
		f.s.state(f, nil)
	}
}

// patience is how many refusals of what worked before are not believed: an API
// server that has just started does not know its roles and CRDs yet.
const patience = 4

// refused counts a refusal, tells it once, and reports whether it is to be
// taken for the server's last word.
func (f *reflector) refused(err error) bool {
	f.refusals++
	if f.lived && f.refusals <= patience {
		return false
	}
	if !f.told {
		f.told = true
		f.s.state(f, f.s.src.problem(text.Sprintf("cannot list %s%s", f.k.Plural, f.where()), err))
	}
	return !isStatus(err, http.StatusUnauthorized)
}

func (f *reflector) where() text.Safe {
	if f.namespace == "" {
		return text.Safe{}
	}
	return text.Sprintf(" in %s", f.namespace)
}

// list reads all pages and returns the revision to watch from.
func (f *reflector) list(ctx context.Context) (string, error) {
	f.revs = f.revs[:0]
	all := map[string]struct{}{}
	f.t.begin(f.namespace)
	if c, ok := f.codec.(interface{ begin() }); ok {
		c.begin()
	}
	accept, _ := f.codec.accept()
	proceed, rev := "", ""
	for {
		q := f.k.chosen()
		if f.lists < 2 { // else the list does not get through in pages before it expires
			q.Set("limit", strconv.Itoa(f.k.pageSize()))
		}
		if proceed != "" {
			q.Set("continue", proceed)
		}
		release, err := f.s.admit(ctx)
		if err != nil {
			return "", err
		}
		f.buf, err = f.s.src.client.do(ctx, request{path: f.k.path(f.namespace), query: q, accept: accept}, f.buf)
		release()
		if isStatus(err, http.StatusGone) {
			return "", errExpired
		}
		if err != nil {
			return "", err
		}
		f.alive()
		rows := make([]row, 0, pageSize)
		page, err := f.codec.page(f.buf, func(r row) {
			rows = append(rows, r)
			all[r.Ref.UID] = struct{}{}
		})
		if f.k.Name == "secret" {
			clear(f.buf[:cap(f.buf)])
		}
		if err != nil {
			return "", fmt.Errorf("list %s: %w", f.k.Plural, err)
		}
		f.t.listed(rows)
		if rev == "" {
			rev = page.rev
		}
		if proceed = page.proceed; proceed == "" {
			break
		}
	}
	f.t.end(f.namespace, all)
	f.lists = 0
	if cap(f.buf) > 64<<10 {
		f.buf = nil
	}
	return rev, nil
}

// watch follows the changes from rev on and returns where to go on; an empty
// revision asks for a new list.
func (f *reflector) watch(ctx context.Context, rev string) (string, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	_, accept := f.codec.accept()
	q := f.k.chosen()
	q.Set("watch", "1")
	q.Set("resourceVersion", rev)
	q.Set("allowWatchBookmarks", "true")
	q.Set("timeoutSeconds", strconv.Itoa(300+rand.IntN(300)))
	resp, err := f.s.src.client.open(ctx, request{path: f.k.path(f.namespace), accept: accept, query: q})
	if isStatus(err, http.StatusGone) {
		return "", errExpired
	}
	if err != nil {
		return rev, err
	}
	defer resp.Body.Close()
	f.alive()
	f.works()
	w := &watching{f: f, rev: rev, resume: rev}
	stop := w.guard(ctx, cancel)
	defer stop()
	err = f.codec.events(bufio.NewReaderSize(aliveReader{resp.Body, w.touch}, 32<<10), w.take)
	switch {
	case errors.Is(err, errExpired):
		return "", err
	case err == io.EOF || ctx.Err() != nil || errors.Is(err, errWake):
		return w.resume, nil
	case errors.Is(err, errWire):
		return "", err // what came cannot be trusted
	}
	return w.resume, err
}

func (f *reflector) alive() {
	f.s.sink.Alive()
}
