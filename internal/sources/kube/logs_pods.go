package kube

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"devops-tui/internal/text"
)

// ofWorkload reads the logs of all pods that belong to a workload or service.
func (t *tail) ofWorkload(ctx context.Context) error {
	selector, err := t.selector(ctx)
	if err != nil {
		return err
	}
	pods, rev, err := t.listPods(ctx, selector)
	if err != nil {
		return err
	}
	var all []*stream
	byPod := map[*corev1.Pod][]*stream{}
	for _, p := range pods {
		byPod[p] = t.add(p)
		all = append(all, byPod[p]...)
	}
	if err := t.history(ctx, all); err != nil || !t.req.Follow || t.req.Previous {
		return err
	}
	if len(pods) == 0 {
		t.marker(nil, text.Sprintf("%s %s has no pods yet", t.req.Ref.Kind, t.req.Ref.Name))
	}
	seen := map[string]bool{}
	for p, streams := range byPod {
		seen[string(p.UID)] = true
		t.followAll(ctx, streams, p)
	}
	t.watchPods(ctx, selector, rev, seen)
	t.wg.Wait()
	return nil
}

func (t *tail) listPods(ctx context.Context, selector string) (pods []*corev1.Pod, rev string, err error) {
	proceed := ""
	for {
		q := url.Values{"labelSelector": {selector}, "limit": {strconv.Itoa(pageSize)}}
		if proceed != "" {
			q.Set("continue", proceed)
		}
		b, err := t.s.client.do(ctx, request{path: builtinByName["pod"].path(t.req.Ref.Namespace), query: q, accept: acceptProto}, nil)
		if err != nil {
			return nil, "", err
		}
		_, raw, err := unwrap(b)
		if err != nil {
			return nil, "", err
		}
		page, err := splitList(raw, func(item []byte) error {
			p := &corev1.Pod{}
			if err := p.Unmarshal(item); err != nil {
				return err
			}
			if t.pick == nil || t.pick(p) {
				pods = append(pods, p)
			}
			return nil
		})
		if err != nil {
			return nil, "", err
		}
		if rev == "" {
			rev = page.rev
		}
		if proceed = page.proceed; proceed == "" {
			return pods, rev, nil
		}
	}
}

// watchPods starts the streams of pods that join, until ctx ends. Pods that
// leave are noticed by their streams.
func (t *tail) watchPods(ctx context.Context, selector, rev string, seen map[string]bool) {
	var wait backoff
	join := func(p *corev1.Pod) {
		if t.pick != nil && !t.pick(p) {
			return
		}
		fresh := !seen[string(p.UID)]
		seen[string(p.UID)] = true
		if p.DeletionTimestamp != nil && fresh {
			return
		}
		streams := t.add(p) // also ephemeral containers that were added
		if ended := p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed; ended && !fresh {
			t.forget(streams)
			return
		}
		if fresh && len(streams) > 0 {
			streams[0].marker("pod %s joined", p.Name)
		}
		for i, st := range streams {
			if !fresh && !newContainer(p, st.origin.Container) {
				t.forget(streams[i : i+1])
				continue
			}
			st.began = true // read from its beginning
			st.fresh = true
			t.followAll(ctx, streams[i:i+1], p)
		}
	}
	for ctx.Err() == nil {
		rung := t.s.bell.wait()
		if rev == "" {
			pods, r, err := t.listPods(ctx, selector)
			if err != nil {
				pause(ctx, wait.next(err), rung)
				continue
			}
			rev = r
			for _, p := range pods {
				join(p)
			}
		}
		began := time.Now()
		err := t.followPods(ctx, selector, &rev, join)
		if ctx.Err() != nil {
			return
		}
		if time.Since(began) > 5*time.Second {
			wait.reset()
		}
		if err != nil {
			rev = ""
			d := wait.next(err)
			if isStatus(err, http.StatusForbidden) {
				d = 15 * time.Second // one may list but not watch
			}
			pause(ctx, d, rung)
		}
	}
}

// forget takes streams back that were added and are not started.
func (t *tail) forget(streams []*stream) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, st := range streams {
		delete(t.streams, st.key)
	}
}

// newContainer reports whether a container of a known pod is one that was
// added to it: only ephemeral ones can be.
func newContainer(p *corev1.Pod, name string) bool {
	for i := range p.Spec.EphemeralContainers {
		if p.Spec.EphemeralContainers[i].Name == name {
			c := statusOfContainer(p, name)
			return c == nil || c.State.Terminated == nil
		}
	}
	return false
}

// followPods watches from *rev on, which it moves along.
func (t *tail) followPods(ctx context.Context, selector string, rev *string, join func(*corev1.Pod)) error {
	resp, err := t.s.client.open(ctx, request{path: builtinByName["pod"].path(t.req.Ref.Namespace), accept: acceptWatch, query: url.Values{
		"watch": {"1"}, "labelSelector": {selector}, "resourceVersion": {*rev}, "allowWatchBookmarks": {"true"}, "timeoutSeconds": {"600"},
	}})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	r := bufio.NewReader(resp.Body)
	var buf []byte
	for {
		if buf, err = readFrame(r, buf); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		typ, object, err := splitEvent(buf)
		if err != nil {
			return err
		}
		_, raw, err := unwrap(object)
		if err != nil {
			return err
		}
		switch typ {
		case evError:
			var s metav1.Status
			if err := s.Unmarshal(raw); err != nil {
				return errWire
			}
			return eventError(&s)
		case evBookmark:
			var m metav1.ObjectMeta
			if err := metadata(raw, &m); err != nil {
				return err
			}
			*rev = m.ResourceVersion
			continue
		}
		p := &corev1.Pod{}
		if err := p.Unmarshal(raw); err != nil {
			return errWire
		}
		*rev = p.ResourceVersion
		if typ == evDeleted {
			t.gone(string(p.UID))
		} else {
			join(p)
		}
	}
}
