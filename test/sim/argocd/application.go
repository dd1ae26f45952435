package argocd

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"devops-tui/test/sim"
)

// application answers what is below /api/v1/applications/NAME.
func (w *World) application(rw http.ResponseWriter, r *http.Request, name string, rest []string) {
	w.mu.Lock()
	a := w.apps[name]
	if a != nil && !w.held && r.Method == http.MethodGet && len(rest) == 0 {
		w.step(a)
	}
	w.mu.Unlock()
	q := r.URL.Query()
	if a == nil || q.Get("appNamespace") != "" && q.Get("appNamespace") != a.Metadata.Namespace || w.can("get") == "no" {
		if q.Get("project") != "" {
			refuse(rw, refusal{5, fmt.Sprintf("error getting application: applications.argoproj.io %q not found", name)})
			return
		}
		refuse(rw, denied) // the real one does not say what is not there
		return
	}
	what := ""
	if len(rest) > 0 {
		what = rest[0]
	}
	switch key := r.Method + " " + what; key {
	case "GET ":
		w.mu.Lock()
		if q.Get("refresh") != "" {
			w.compare(a)
			w.touch(a, "MODIFIED")
		}
		c := a.Application
		w.mu.Unlock()
		sim.JSON(rw, 200, c)
	case "PATCH ":
		w.patch(rw, r, a)
	case "POST sync":
		w.sync(rw, r, a)
	case "POST rollback":
		w.rollback(rw, r, a)
	case "DELETE operation":
		w.terminate(rw, a)
	case "GET resource-tree":
		sim.JSON(rw, 200, w.tree(a))
	case "GET managed-resources":
		sim.JSON(rw, 200, w.managed(a))
	case "GET manifests":
		w.mu.Lock()
		m := deployment(a, a.images[a.head], false)
		head, to := a.head, a.Spec.Destination
		w.mu.Unlock()
		sim.JSON(rw, 200, map[string]any{"manifests": []string{m}, "namespace": to.Namespace, "server": to.Server, "revision": head, "sourceType": "Directory"})
	case "GET events":
		w.events(rw, a)
	case "GET syncwindows":
		w.windows(rw)
	case "GET logs":
		w.logs(rw, r, a)
	case "GET revisions":
		if len(rest) != 3 || rest[2] != "metadata" {
			http.NotFound(rw, r)
			return
		}
		w.mu.Lock()
		m, ok := w.commits[rest[1]]
		w.mu.Unlock()
		if !ok {
			refuse(rw, refusal{5, "revision not found"})
			return
		}
		sim.JSON(rw, 200, m)
	default:
		http.NotFound(rw, r)
	}
}

// read decodes a body.
func read(r *http.Request, v any) bool {
	b, err := io.ReadAll(r.Body)
	return err == nil && json.Unmarshal(b, v) == nil
}

func (w *World) sync(rw http.ResponseWriter, r *http.Request, a *app) {
	var q struct {
		Revision    string        `json:"revision"`
		Prune       bool          `json:"prune"`
		DryRun      bool          `json:"dryRun"`
		Strategy    *syncStrategy `json:"strategy"`
		Resources   []resourceKey `json:"resources"`
		SyncOptions struct {
			Items []string `json:"items"`
		} `json:"syncOptions"`
	}
	if !read(r, &q) {
		refuse(rw, refusal{3, "unable to decode the request"})
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	rev := q.Revision
	if rev == "" || rev == a.Spec.Source.TargetRevision {
		rev = a.head
	}
	switch {
	case w.denied["sync"]:
		refuse(rw, denied)
		return
	case w.window != nil && !w.window.ManualSync:
		refuse(rw, refusal{7, "cannot sync: blocked by sync window"})
		return
	case a.Operation != nil || a.Status.State.busy():
		refuse(rw, refusal{9, "another operation is already in progress"})
		return
	case a.Spec.auto() && rev != a.head && !q.DryRun:
		refuse(rw, refusal{9, fmt.Sprintf("cannot sync to %s: auto-sync currently set to %s", q.Revision, a.Spec.Source.TargetRevision)})
		return
	case a.images[rev] == nil:
		refuse(rw, refusal{9, fmt.Sprintf("error resolving repo revision: unable to resolve '%s' to a commit SHA", q.Revision)})
		return
	}
	a.Operation = &operation{
		Sync:        &syncOperation{Revision: rev, Prune: q.Prune, DryRun: q.DryRun, Strategy: q.Strategy, SyncOptions: q.SyncOptions.Items, Resources: q.Resources},
		InitiatedBy: initiator{Username: w.o.User},
	}
	w.touch(a, "MODIFIED")
	sim.JSON(rw, 200, a.Application)
}

func (w *World) rollback(rw http.ResponseWriter, r *http.Request, a *app) {
	var q struct {
		ID    int  `json:"id"`
		Prune bool `json:"prune"`
	}
	if !read(r, &q) {
		refuse(rw, refusal{3, "unable to decode the request"})
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.denied["sync"]:
		refuse(rw, denied)
		return
	case a.Spec.auto():
		refuse(rw, refusal{9, "rollback cannot be initiated when auto-sync is enabled"})
		return
	case a.Operation != nil || a.Status.State.busy():
		refuse(rw, refusal{9, "another operation is already in progress"})
		return
	}
	for _, h := range a.Status.History {
		if h.ID == q.ID {
			src := h.Source
			a.Operation = &operation{Sync: &syncOperation{Revision: h.Revision, Prune: q.Prune, Source: &src, Strategy: &syncStrategy{Apply: &force{}}}, InitiatedBy: initiator{Username: w.o.User}}
			w.touch(a, "MODIFIED")
			sim.JSON(rw, 200, a.Application)
			return
		}
	}
	refuse(rw, refusal{3, fmt.Sprintf("application %s does not have deployment with id %d", a.Metadata.Name, q.ID)})
}

func (w *World) terminate(rw http.ResponseWriter, a *app) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch s := a.Status.State; {
	case w.denied["sync"]:
		refuse(rw, denied)
	case !s.busy():
		refuse(rw, refusal{3, "unable to terminate operation. No operation is in progress"})
	default:
		c := *s
		c.Phase, c.Message = "Terminating", "operation is terminating"
		a.Status.State = &c
		w.touch(a, "MODIFIED")
		sim.JSON(rw, 200, map[string]any{})
	}
}

// patch takes a merge patch of the spec's sync policy, which is all that a user
// of rollback needs.
func (w *World) patch(rw http.ResponseWriter, r *http.Request, a *app) {
	var q struct {
		Patch     string `json:"patch"`
		PatchType string `json:"patchType"`
	}
	if !read(r, &q) || q.PatchType != "merge" {
		refuse(rw, refusal{3, "only merge patches"})
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.denied["update"] {
		refuse(rw, denied)
		return
	}
	b, _ := json.Marshal(a.Spec)
	var spec, change map[string]any
	_ = json.Unmarshal(b, &spec)
	if json.Unmarshal([]byte(q.Patch), &change) != nil {
		refuse(rw, refusal{3, "the patch is not JSON"})
		return
	}
	if c, ok := change["spec"].(map[string]any); ok {
		merge(spec, c)
	}
	b, _ = json.Marshal(spec)
	var next appSpec
	if err := json.Unmarshal(b, &next); err != nil {
		refuse(rw, refusal{3, err.Error()})
		return
	}
	a.Spec = next
	w.touch(a, "MODIFIED")
	sim.JSON(rw, 200, a.Application)
}

func merge(into, change map[string]any) {
	for k, v := range change {
		old, ok := into[k].(map[string]any)
		c, isMap := v.(map[string]any)
		switch {
		case v == nil:
			delete(into, k)
		case isMap && ok:
			merge(old, c)
		default:
			into[k] = v
		}
	}
}

func (w *World) windows(rw http.ResponseWriter) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.window == nil {
		sim.JSON(rw, 200, map[string]any{"canSync": true})
		return
	}
	list := []syncWindow{*w.window}
	sim.JSON(rw, 200, map[string]any{"activeWindows": list, "assignedWindows": list, "canSync": w.window.ManualSync})
}

func (w *World) events(rw http.ResponseWriter, a *app) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var items []any
	for i, e := range a.events {
		items = append(items, map[string]any{
			"metadata": map[string]any{"name": fmt.Sprintf("%s.%x", a.Metadata.Name, i), "namespace": a.Metadata.Namespace}, "reason": e.Reason, "message": e.Message,
			"type": e.Type, "count": e.Count, "firstTimestamp": e.First, "lastTimestamp": e.Last, "source": map[string]any{"component": "argocd-application-controller"},
			"involvedObject": map[string]any{"kind": "Application", "name": a.Metadata.Name, "namespace": a.Metadata.Namespace, "uid": a.Metadata.UID},
		})
	}
	sim.JSON(rw, 200, map[string]any{"metadata": map[string]any{}, "items": items})
}

// deployment is the manifest of the one workload.
func deployment(a *app, images []string, live bool) string {
	image := strings.Join(images, ",")
	status := ""
	if live {
		status = `,"status":{"replicas":2,"readyReplicas":2}`
	}
	return fmt.Sprintf(`{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":%q,"namespace":%q},"spec":{"replicas":2,"template":{"spec":{"containers":[{"name":"app","image":%q}]}}}%s}`,
		a.Metadata.Name, a.Spec.Destination.Namespace, image, status)
}

func (w *World) managed(a *app) any {
	w.mu.Lock()
	defer w.mu.Unlock()
	service := fmt.Sprintf(`{"apiVersion":"v1","kind":"Service","metadata":{"name":%q,"namespace":%q},"spec":{"ports":[{"port":80}]}}`, a.Metadata.Name, a.Spec.Destination.Namespace)
	deployed := a.Status.History[len(a.Status.History)-1].Revision
	live, target := deployment(a, a.images[deployed], true), deployment(a, a.images[a.head], false)
	return map[string]any{"items": []any{
		map[string]any{"kind": "Service", "namespace": a.Spec.Destination.Namespace, "name": a.Metadata.Name, "targetState": service, "liveState": service, "normalizedLiveState": service, "predictedLiveState": service},
		map[string]any{
			"group": "apps", "kind": "Deployment", "namespace": a.Spec.Destination.Namespace, "name": a.Metadata.Name, "targetState": target, "liveState": live,
			"normalizedLiveState": strings.Replace(live, `,"status":{"replicas":2,"readyReplicas":2}`, "", 1), "predictedLiveState": target, "modified": live != target,
		},
	}}
}

func (w *World) tree(a *app) any {
	w.mu.Lock()
	defer w.mu.Unlock()
	ns, name := a.Spec.Destination.Namespace, a.Metadata.Name
	node := func(group, kind, name, id string, parents ...any) map[string]any {
		n := map[string]any{"version": "v1", "kind": kind, "namespace": ns, "name": name, "uid": a.Metadata.UID[:24] + id, "createdAt": a.Metadata.Created, "health": map[string]any{"status": a.Status.Health.Status}}
		if group != "" {
			n["group"] = group
		}
		if parents != nil {
			n["parentRefs"] = parents
		}
		return n
	}
	parent := func(kind, name string) any {
		return map[string]any{"group": "apps", "version": "v1", "kind": kind, "namespace": ns, "name": name}
	}
	pod := node("", "Pod", name+"-7c9d8-abcde", "000000000004", parent("ReplicaSet", name+"-7c9d8"))
	pod["images"] = a.Status.Summary.Images
	pod["info"] = []any{map[string]any{"name": "Status Reason", "value": "Running"}, map[string]any{"name": "Containers", "value": "1/1"}}
	return map[string]any{"nodes": []any{
		node("", "Service", name, "000000000001"), node("apps", "Deployment", name, "000000000002"),
		node("apps", "ReplicaSet", name+"-7c9d8", "000000000003", parent("Deployment", name)), pod,
	}}
}

// logs streams the log of the application's pods, a line of JSON each.
func (w *World) logs(rw http.ResponseWriter, r *http.Request, a *app) {
	q := r.URL.Query()
	if w.can("logs") == "no" {
		refuse(rw, denied)
		return
	}
	rw.Header().Set("Content-Type", "application/json")
	at := 0
	w.mu.Lock()
	if n := len(a.logs); q.Get("tailLines") != "" {
		tail := 0
		_, _ = fmt.Sscan(q.Get("tailLines"), &tail)
		if tail > 0 {
			at = max(0, n-tail)
		}
	}
	w.mu.Unlock()
	since := time.Time{}
	if s := q.Get("sinceTime.seconds"); s != "" {
		var sec, nano int64
		_, _ = fmt.Sscan(s, &sec)
		_, _ = fmt.Sscan(q.Get("sinceTime.nanos"), &nano)
		since = time.Unix(sec, nano)
	}
	line := func(v any) {
		b, _ := json.Marshal(map[string]any{"result": v})
		_, _ = rw.Write(append(b, '\n'))
	}
	for {
		w.mu.Lock()
		lines, changed := append([]logEntry(nil), a.logs[min(at, len(a.logs)):]...), w.changed
		w.mu.Unlock()
		at += len(lines)
		for _, l := range lines {
			if l.At.Before(since) {
				continue
			}
			line(map[string]any{"content": l.Content, "podName": l.PodName, "timeStamp": l.At.UTC().Format(time.RFC3339), "timeStampStr": l.At.UTC().Format(time.RFC3339Nano), "last": false})
		}
		_ = http.NewResponseController(rw).Flush()
		if q.Get("follow") != "true" {
			line(map[string]any{"content": "", "timeStamp": stamp(w.o.Now()), "timeStampStr": stamp(w.o.Now()), "last": true})
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-changed:
		}
	}
}
