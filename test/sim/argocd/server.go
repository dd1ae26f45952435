package argocd

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"sort"
	"strconv"
	"strings"

	"devops-tui/test/sim"
)

// refusal is an error as gRPC's gateway writes it.
type refusal struct {
	code    int // of gRPC
	message string
}

// The codes of gRPC that are used, with their HTTP status.
var statuses = map[int]int{3: 400, 5: 404, 7: 403, 9: 400, 14: 503, 16: 401}

func refuse(w http.ResponseWriter, r refusal) {
	sim.JSON(w, statuses[r.code], map[string]any{"error": r.message, "code": r.code, "message": r.message})
}

var denied = refusal{7, "permission denied"}

// ServeHTTP answers as the API server does.
func (w *World) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/api/version" {
		sim.JSON(rw, 200, map[string]any{"Version": w.o.Version, "BuildDate": "2026-10-01T00:00:00Z", "GitCommit": "0000000", "Platform": "linux/amd64"})
		return
	}
	if bad, ok := w.authorized(r); !ok {
		if r.URL.Path == "/api/v1/session/userinfo" { // it tells everybody who they are
			sim.JSON(rw, 200, map[string]any{"loggedIn": false})
			return
		}
		refuse(rw, bad)
		return
	}
	rest, ok := strings.CutPrefix(r.URL.EscapedPath(), "/api/v1/")
	if !ok {
		http.NotFound(rw, r)
		return
	}
	parts := strings.Split(rest, "/")
	for i, p := range parts {
		parts[i], _ = url.PathUnescape(p)
	}
	switch {
	case rest == "session/userinfo":
		sim.JSON(rw, 200, map[string]any{"loggedIn": true, "username": w.o.User, "iss": "argocd"})
	case parts[0] == "account" && len(parts) == 5 && parts[1] == "can-i":
		sim.JSON(rw, 200, map[string]any{"value": w.can(parts[3])})
	case rest == "applications" && r.Method == "GET":
		w.list(rw, r)
	case rest == "stream/applications":
		w.stream(rw, r)
	case parts[0] == "applications" && len(parts) >= 2:
		w.application(rw, r, parts[1], parts[2:])
	default:
		http.NotFound(rw, r)
	}
}

func (w *World) authorized(r *http.Request) (refusal, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	switch {
	case token == "":
		return refusal{16, "no session information"}, false
	case w.expired:
		return refusal{16, "invalid session: token has invalid claims: token is expired"}, false
	case token != w.o.Token:
		return refusal{16, "invalid session: token signature is invalid"}, false
	}
	return refusal{}, true
}

func (w *World) can(action string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.denied[action] {
		return "no"
	}
	return "yes"
}

// matches are the applications that the query names, by name.
func (w *World) matches(q url.Values) []Application {
	var out []Application
	for _, a := range w.apps {
		if n := q.Get("name"); n != "" && n != a.Metadata.Name {
			continue
		}
		if n := q.Get("appNamespace"); n != "" && n != a.Metadata.Namespace {
			continue
		}
		if all := append(q["projects"], q["project"]...); len(all) > 0 && !contains(all, a.Spec.Project) {
			continue
		}
		out = append(out, a.Application)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Metadata.Name < out[j].Metadata.Name })
	return out
}

func contains(list []string, v string) bool {
	for _, s := range list {
		if s == v {
			return true
		}
	}
	return false
}

func (w *World) list(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	if !w.held {
		for _, a := range w.apps {
			w.step(a)
		}
	}
	items := w.matches(r.URL.Query())
	version := strconv.Itoa(w.version)
	w.mu.Unlock()
	if w.can("get") == "no" {
		items = nil // as the real one: what may not be seen is left out
	}
	var list any
	if items != nil {
		list = items
	}
	sim.JSON(rw, 200, pick(map[string]any{"metadata": map[string]any{"resourceVersion": version}, "items": list}, r.URL.Query().Get("fields")))
}

// stream tells changes as lines of JSON until the client goes. What is there is
// told first, unless the client says which version it has seen.
func (w *World) stream(rw http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	w.mu.Lock()
	var there []Application
	if q.Get("resourceVersion") == "" || q.Get("name") != "" {
		there = w.matches(q)
	}
	events := make(chan watchEvent, 1000+len(there))
	for _, a := range there {
		events <- watchEvent{"ADDED", a}
	}
	w.watchers[events] = true
	w.mu.Unlock()
	defer w.locked(func() { delete(w.watchers, events) })
	for {
		select {
		case <-r.Context().Done():
			return
		case e, ok := <-events:
			if !ok {
				panic(http.ErrAbortHandler)
			}
			if n := q.Get("name"); n != "" && n != e.Application.Metadata.Name {
				continue
			}
			rw.Header().Set("Content-Type", "application/json") // only now: the header goes with the first event
			b, _ := json.Marshal(pick(map[string]any{"result": e}, q.Get("fields")))
			_, _ = rw.Write(append(b, '\n'))
			_ = http.NewResponseController(rw).Flush()
		}
	}
}

// selectable are the fields of an application that a list can be narrowed to. The
// real server (3.2.11) has this fixed selection and leaves everything else out as
// soon as fields are named, also what was named: uid, revision, history.
var selectable = []string{
	"metadata.name", "metadata.namespace", "metadata.annotations", "metadata.labels", "metadata.creationTimestamp", "metadata.deletionTimestamp",
	"spec", "status.sourceHydrator", "status.sync.status", "status.health", "status.summary", "status.operationState.startedAt",
	"status.operationState.finishedAt", "status.resources", "operation.sync", "status.operationState.phase", "status.operationState.operation.sync",
}

// pick keeps the fields of v that are named: "items.metadata.name,items.spec".
func pick(v any, fields string) any {
	if fields == "" {
		return v
	}
	b, _ := json.Marshal(v)
	var tree any
	_ = json.Unmarshal(b, &tree)
	var paths [][]string
	for f := range strings.SplitSeq(fields, ",") {
		for _, head := range []string{"items.", "result.application."} {
			if name, ok := strings.CutPrefix(f, head); ok && slices.Contains(selectable, name) {
				paths = append(paths, strings.Split(f, "."))
			}
		}
	}
	return prune(tree, paths)
}

func prune(v any, paths [][]string) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = prune(v[i], paths)
		}
	case map[string]any:
		for k, item := range v {
			var below [][]string
			whole := false
			for _, p := range paths {
				if p[0] == k {
					whole = whole || len(p) == 1
					below = append(below, p[1:])
				}
			}
			switch {
			case whole:
			case below == nil:
				delete(v, k)
			default:
				v[k] = prune(item, below)
			}
		}
	}
	return v
}
