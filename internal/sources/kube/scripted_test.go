package kube

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	"devops-tui/internal/core"
)

// scripted is an API server with a memory, for faults that a real one does not
// show on demand. It serves one collection at /api/v1/things.
type scripted struct {
	proto bool // objects are pods in protobuf, else rows of JSON tables

	mu       sync.Mutex
	rng      *rand.Rand
	faulty   bool
	objs     map[string]thing // by UID
	rev      uint64
	floor    uint64 // events up to here are forgotten
	log      []happened
	lists    map[string][]thing // what is left of paged lists, by continue token
	changed  chan struct{}
	requests []asked
	clock    func() time.Time
	notUntil time.Time // Retry-After of the last 429
	early    int       // requests that came before that
	override func(*http.Request) *http.Response
}

type asked struct {
	at   time.Time
	what string
}

type thing struct {
	uid, name string
	rev       uint64
}

type happened struct {
	typ string
	obj thing
}

func newScripted(seed uint64, proto bool) *scripted {
	return &scripted{proto: proto, rng: rand.New(rand.NewPCG(seed, 1)), objs: map[string]thing{}, rev: 10, floor: 10, lists: map[string][]thing{}, changed: make(chan struct{}), clock: time.Now}
}

// source is a source that talks to the script and to nothing else.
func (s *scripted) source(t testing.TB) *Source {
	t.Helper()
	src := &Source{
		scope: "scripted", home: "default", bell: newBell(), wanted: make(chan struct{}, 1), now: time.Now, linger: time.Second,
		client: &client{base: &url.URL{Scheme: "https", Host: "scripted"}, http: &http.Client{Transport: s}, conns: newConnTracker(nil), timeout: time.Minute},
	}
	src.kinds.init()
	src.permits = newPermits(src)
	src.interest.Store(&core.Interest{Kinds: []string{"thing"}})
	k := &kind{Kind: core.Kind{Name: "thing", Plural: "things", Namespaced: true}, version: "v1", resource: "things", gvkKind: "Pod", list: true, watch: true}
	if s.proto {
		k.reduce = typed(func(x *reducer, p *corev1.Pod) *core.Resource { return x.start("thing", &p.ObjectMeta) })
	}
	src.kinds.byName["thing"] = k
	src.kinds.names["/things"] = "thing"
	return src
}

// change makes one random change.
func (s *scripted) change() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rev += 1 + s.rng.Uint64N(3) // others write, too
	uids := slices.Sorted(maps.Keys(s.objs))
	switch n := s.rng.IntN(10); {
	case n < 4 || len(uids) == 0:
		// A small set of names: the same name comes back with another UID.
		name := "n" + strconv.Itoa(s.rng.IntN(6))
		for _, u := range uids {
			if s.objs[u].name == name {
				s.touch(u)
				return
			}
		}
		o := thing{fmt.Sprintf("u%d", s.rev), name, s.rev}
		s.objs[o.uid] = o
		s.log = append(s.log, happened{evAdded, o})
	case n < 8:
		s.touch(uids[s.rng.IntN(len(uids))])
	default:
		o := s.objs[uids[s.rng.IntN(len(uids))]]
		delete(s.objs, o.uid)
		o.rev = s.rev
		s.log = append(s.log, happened{evDeleted, o})
	}
	s.wake()
}

func (s *scripted) touch(uid string) {
	o := s.objs[uid]
	o.rev = s.rev
	s.objs[uid] = o
	s.log = append(s.log, happened{evModified, o})
	s.wake()
}

func (s *scripted) wake() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// compact forgets history.
func (s *scripted) compact() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.floor, s.log = s.rev, nil
	s.wake()
}

func (s *scripted) chance(n int) bool { return s.faulty && s.rng.IntN(n) == 0 }

func answer(code int, body []byte, head http.Header) *http.Response {
	if head == nil {
		head = http.Header{}
	}
	return &http.Response{StatusCode: code, Header: head, Body: io.NopCloser(bytes.NewReader(body)), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
}

func status(code int, reason string) *http.Response {
	b, _ := json.Marshal(metav1.Status{TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: "Failure", Code: int32(code), Reason: metav1.StatusReason(reason), Message: "scripted " + reason})
	return answer(code, b, http.Header{"Content-Type": {"application/json"}})
}

func (s *scripted) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := r.URL.Query()
	now := s.clock()
	s.requests = append(s.requests, asked{now, r.Method + " " + r.URL.Path + " watch=" + q.Get("watch")})
	if s.override != nil {
		if resp := s.override(r); resp != nil {
			return resp, nil
		}
	}
	if !strings.HasSuffix(r.URL.Path, "/things") {
		return answer(200, []byte(`{"kind":"APIGroupDiscoveryList","items":[{"metadata":{"name":""},"versions":[{"version":"v1","resources":[{"resource":"things","singularResource":"thing","verbs":["list","watch"],"responseKind":{"kind":"Pod"},"scope":"Namespaced"}]}]}]}`), nil), nil
	}
	if now.Before(s.notUntil) {
		s.early++
	}
	switch {
	case s.chance(10):
		resp := status(429, "TooManyRequests")
		resp.Header.Set("Retry-After", "3")
		s.notUntil = now.Add(3 * time.Second)
		return resp, nil
	case s.chance(10):
		return status(500, "InternalError"), nil
	case s.chance(15):
		return nil, io.ErrUnexpectedEOF
	case q.Get("watch") != "":
		return s.watch(r, q)
	}
	return s.list(q), nil
}

func (s *scripted) list(q url.Values) *http.Response {
	var left []thing
	rev := s.rev
	if token := q.Get("continue"); token != "" {
		if s.chance(8) {
			return status(410, "Expired")
		}
		left = s.lists[token]
		at, _, _ := strings.Cut(token, "-")
		rev, _ = strconv.ParseUint(at, 10, 64)
	} else {
		for _, uid := range slices.Sorted(maps.Keys(s.objs)) {
			left = append(left, s.objs[uid])
		}
	}
	page := left
	var next string
	if size := 1 + s.rng.IntN(4); q.Get("limit") != "" && len(left) > size {
		page = left[:size]
		next = fmt.Sprintf("%d-%d", rev, s.rng.Uint64())
		s.lists[next] = left[size:]
	}
	body := s.encodeList(page, rev, next)
	if s.chance(12) {
		body = body[:s.rng.IntN(len(body))]
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(io.MultiReader(bytes.NewReader(body), broken{})), ProtoMajor: 1}
	}
	return answer(200, body, nil)
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func (s *scripted) pod(o thing) *corev1.Pod {
	return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: o.name, Namespace: "default", UID: types.UID(o.uid), ResourceVersion: strconv.FormatUint(o.rev, 10)}}
}

func (s *scripted) row(o thing) map[string]any {
	return map[string]any{"cells": []any{o.name, "Ready"}, "object": map[string]any{"metadata": map[string]any{
		"name": o.name, "namespace": "default", "uid": o.uid, "resourceVersion": strconv.FormatUint(o.rev, 10),
	}}}
}

var columns = []map[string]any{{"name": "Name", "type": "string"}, {"name": "Status", "type": "string"}}

func (s *scripted) encodeList(page []thing, rev uint64, next string) []byte {
	if s.proto {
		l := &corev1.PodList{ListMeta: metav1.ListMeta{ResourceVersion: strconv.FormatUint(rev, 10), Continue: next}}
		for _, o := range page {
			l.Items = append(l.Items, *s.pod(o))
		}
		raw, _ := l.Marshal()
		return envelope("PodList", raw)
	}
	rows := []any{}
	for _, o := range page {
		rows = append(rows, s.row(o))
	}
	b, _ := json.Marshal(map[string]any{"kind": "Table", "metadata": map[string]any{"resourceVersion": strconv.FormatUint(rev, 10), "continue": next}, "columnDefinitions": columns, "rows": rows})
	return b
}

func envelope(kind string, raw []byte) []byte {
	u := runtime.Unknown{TypeMeta: runtime.TypeMeta{APIVersion: "v1", Kind: kind}, Raw: raw}
	b, _ := u.Marshal()
	return append(slices.Clone(magic), b...)
}

func (s *scripted) encodeEvent(h happened) []byte {
	if s.proto {
		var object []byte
		if h.typ == evError {
			st := metav1.Status{Code: 410, Reason: metav1.StatusReasonExpired, Message: "too old"}
			raw, _ := st.Marshal()
			object = envelope("Status", raw)
		} else {
			raw, _ := s.pod(h.obj).Marshal()
			object = envelope("Pod", raw)
		}
		e := metav1.WatchEvent{Type: h.typ, Object: runtime.RawExtension{Raw: object}}
		b, _ := e.Marshal()
		return append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...)
	}
	var object any = map[string]any{"kind": "Table", "metadata": map[string]any{"resourceVersion": strconv.FormatUint(h.obj.rev, 10)}, "rows": []any{s.row(h.obj)}}
	if h.typ == evError {
		object = metav1.Status{Code: 410, Reason: metav1.StatusReasonExpired, Message: "too old"}
	}
	b, _ := json.Marshal(map[string]any{"type": h.typ, "object": object})
	return append(b, '\n')
}

// watch streams what happened after the revision asked for, with duplicates,
// neighbours swapped, bookmarks, and an end at any byte.
func (s *scripted) watch(r *http.Request, q url.Values) (*http.Response, error) {
	from, _ := strconv.ParseUint(q.Get("resourceVersion"), 10, 64)
	if from < s.floor || s.chance(12) {
		return status(410, "Expired"), nil
	}
	pr, pw := io.Pipe()
	ctx := r.Context()
	go func() {
		<-ctx.Done()
		_ = pw.CloseWithError(ctx.Err())
	}()
	go s.stream(ctx, pw, from)
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: pr, ProtoMajor: 1}, nil
}

func (s *scripted) stream(ctx context.Context, pw *io.PipeWriter, sent uint64) {
	for {
		s.mu.Lock()
		if sent < s.floor {
			b := s.encodeEvent(happened{typ: evError})
			s.mu.Unlock()
			_, _ = pw.Write(b)
			_ = pw.Close()
			return
		}
		var todo []happened
		for _, h := range s.log {
			if h.obj.rev > sent {
				todo = append(todo, h)
			}
		}
		if n := len(todo); n > 0 {
			sent = todo[n-1].obj.rev
			for i := 0; i+1 < n; i++ {
				if s.chance(4) && todo[i].obj.uid != todo[i+1].obj.uid {
					todo[i], todo[i+1] = todo[i+1], todo[i]
					i++
				}
			}
		}
		var out []byte
		for i, h := range todo {
			out = append(out, s.encodeEvent(h)...)
			if s.chance(5) {
				out = append(out, s.encodeEvent(todo[s.rng.IntN(i+1)])...)
			}
		}
		if s.chance(4) || !s.faulty && s.rng.IntN(4) == 0 {
			sent = max(sent, s.rev)
			out = append(out, s.encodeEvent(happened{evBookmark, thing{rev: sent}})...)
		}
		cut := -1
		end := error(nil)
		if s.chance(6) {
			cut = 0
			if len(out) > 0 {
				cut = s.rng.IntN(len(out) + 1)
			}
			if end = io.ErrUnexpectedEOF; s.rng.IntN(2) == 0 {
				end = io.EOF
			}
		}
		changed := s.changed
		s.mu.Unlock()
		if cut >= 0 {
			_, _ = pw.Write(out[:cut])
			_ = pw.CloseWithError(end)
			return
		}
		if len(out) > 0 {
			if _, err := pw.Write(out); err != nil {
				return
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

// truth is what a LIST would return now.
func (s *scripted) truth() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]string{}
	for uid, o := range s.objs {
		out[uid] = strconv.FormatUint(o.rev, 10)
	}
	return out
}
