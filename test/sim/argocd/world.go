// Package argocd simulates the API server of Argo CD 3.2: applications with a
// history, resource trees, sync windows, rights, and operations that take a
// while. Its answers have the shapes of its swagger description and of the
// recordings of a real one.
//
// A test makes a World, serves it, and moves it:
//
//	w := argocd.New(argocd.Options{})
//	server := sim.Start(t, w, sim.Options{})
//	w.Add(argocd.Spec{Name: "shop"})                  // healthy and synced
//	w.Push("shop", "kim", "Fix the cart", "shop:v2")  // Git moves on: OutOfSync
//	w.Hold(true)                                      // operations wait for Step
//	w.Step("shop")                                    // requested, running, done
//	w.SetHealth("shop", "Degraded", "crash loop")
//	w.Log("shop", "a line")                           // of its pod
//	w.Deny("sync")                                    // the user may not
//	w.Expire()                                        // the token is refused from now on
//	w.Window(false)                                   // a deny window is open
//
// Operations go on by themselves as requests come, unless they are held.
package argocd

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// DefaultToken is accepted when Options name none.
const DefaultToken = "argocd-sim-token"

// Options are of the server.
type Options struct {
	Token   string           // "": DefaultToken
	User    string           // "": "admin"
	Version string           // "": "v3.2.11+sim"
	Now     func() time.Time // nil: time.Now
}

// World is the server's state; it is an http.Handler. Its methods are safe for use by several
// goroutines.
type World struct {
	o Options

	mu       sync.Mutex
	apps     map[string]*app
	commits  map[string]revisionMetadata
	version  int // the next resourceVersion
	ids      int
	denied   map[string]bool
	expired  bool
	held     bool
	window   *syncWindow
	watchers map[chan watchEvent]bool
	changed  chan struct{} // closed at every log line
}

// Spec is an application to add.
type Spec struct {
	Name      string
	Namespace string   // of the Application; "": argocd
	Project   string   // "": default
	Repo      string   // "": https://github.com/acme/NAME.git
	Target    string   // "": main
	Images    []string // nil: registry.example/NAME:v1
	AutoSync  bool
	Labels    map[string]string
}

// app is one application with what the server knows beside the object.
type app struct {
	Application
	head   string // the commit that the target revision is at
	images map[string][]string
	logs   []logEntry
	events []event
}

// New makes an empty world.
func New(o Options) *World {
	if o.Token == "" {
		o.Token = DefaultToken
	}
	if o.User == "" {
		o.User = "admin"
	}
	if o.Version == "" {
		o.Version = "v3.2.11+sim"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &World{
		o: o, apps: map[string]*app{}, commits: map[string]revisionMetadata{}, version: 100,
		denied: map[string]bool{}, watchers: map[chan watchEvent]bool{}, changed: make(chan struct{}),
	}
}

// Add adds an application that is synced and healthy, and returns its uid.
func (w *World) Add(s Spec) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	set(&s.Namespace, "argocd")
	set(&s.Project, "default")
	set(&s.Repo, "https://github.com/acme/"+s.Name+".git")
	set(&s.Target, "main")
	if s.Images == nil {
		s.Images = []string{"registry.example/" + s.Name + ":v1"}
	}
	now := w.o.Now()
	w.ids++
	a := &app{images: map[string][]string{}}
	a.Metadata = metadata{Name: s.Name, Namespace: s.Namespace, UID: fmt.Sprintf("00000000-0000-4000-8000-%012d", w.ids), Created: stamp(now.Add(-24 * time.Hour)), Labels: s.Labels}
	a.Spec = appSpec{Project: s.Project, Source: &source{RepoURL: s.Repo, Path: "deploy", TargetRevision: s.Target}, Destination: destination{Server: "https://kubernetes.default.svc", Namespace: s.Name}}
	if s.AutoSync {
		a.Spec.SyncPolicy = &syncPolicy{Automated: &automated{Prune: true, SelfHeal: true}}
	}
	a.head = w.commit(s.Name, "kim", "First version of "+s.Name, now.Add(-24*time.Hour))
	a.images[a.head] = s.Images
	a.Status.SourceType, a.Status.ControllerNamespace = "Directory", "argocd"
	a.Status.Sync = syncStatus{Status: "Synced", Revision: a.head, ComparedTo: comparedTo{*a.Spec.Source, a.Spec.Destination}}
	a.Status.Health = health{Status: "Healthy", Since: stamp(now.Add(-23 * time.Hour))}
	a.Status.Resources = []resourceStatus{
		{Version: "v1", Kind: "Service", Namespace: s.Name, Name: s.Name, Status: "Synced", Health: &health{Status: "Healthy"}},
		{Group: "apps", Version: "v1", Kind: "Deployment", Namespace: s.Name, Name: s.Name, Status: "Synced", Health: &health{Status: "Healthy"}},
	}
	a.Status.Summary.Images = s.Images
	a.Status.History = []historyEntry{{Revision: a.head, DeployedAt: stamp(now.Add(-23 * time.Hour)), DeployStartedAt: stamp(now.Add(-23*time.Hour - 4*time.Second)), Source: *a.Spec.Source, InitiatedBy: initiator{Username: "kim"}}}
	a.events = []event{{Reason: "ResourceUpdated", Message: "Updated sync status: OutOfSync -> Synced", Type: "Normal", Count: 1, First: stamp(now.Add(-23 * time.Hour)), Last: stamp(now.Add(-23 * time.Hour))}}
	w.apps[s.Name] = a
	w.touch(a, "ADDED")
	return a.Metadata.UID
}

// Remove deletes an application.
func (w *World) Remove(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if a := w.apps[name]; a != nil {
		delete(w.apps, name)
		w.touch(a, "DELETED")
	}
}

// Push makes a commit at the target revision and returns it. With auto-sync it
// is synced, else the application is OutOfSync.
func (w *World) Push(name, author, message string, images ...string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	a := w.apps[name]
	a.head = w.commit(name, author, message, w.o.Now())
	if images == nil {
		images = []string{"registry.example/" + name + ":v" + strconv.Itoa(len(a.images)+1)}
	}
	a.images[a.head] = images
	w.compare(a)
	w.touch(a, "MODIFIED")
	return a.head
}

// SetHealth changes the health of an application and of its workload.
func (w *World) SetHealth(name, status, message string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	a := w.apps[name]
	a.Status.Health = health{Status: status, Since: stamp(w.o.Now())}
	a.workload().Health = &health{Status: status, Message: message}
	w.touch(a, "MODIFIED")
}

// SetCondition gives an application a condition: "ComparisonError".
func (w *World) SetCondition(name, kind, message string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	a := w.apps[name]
	at := stamp(w.o.Now())
	a.Status.Conditions = []condition{{Type: kind, Message: message, At: &at}}
	w.touch(a, "MODIFIED")
}

// Edit changes anything of an application's object. What hangs on it by pointers
// and slices is replaced, not written.
func (w *World) Edit(name string, change func(a *Application)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change(&w.apps[name].Application)
	w.touch(w.apps[name], "MODIFIED")
}

// Application is a copy of an application's object.
func (w *World) Application(name string) (Application, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	a, ok := w.apps[name]
	if !ok {
		return Application{}, false
	}
	return a.Application, true
}

// Deny takes a right: "sync", "override", "update", "get", "logs".
func (w *World) Deny(action string) { w.locked(func() { w.denied[action] = true }) }

// Allow gives a right back.
func (w *World) Allow(action string) { w.locked(func() { delete(w.denied, action) }) }

// Expire makes the server refuse the token; Renew accepts it again.
func (w *World) Expire() { w.locked(func() { w.expired = true }) }

// Renew accepts the token again.
func (w *World) Renew() { w.locked(func() { w.expired = false }) }

// Window opens a deny window; manual says whether a human may sync all the same.
func (w *World) Window(manual bool) {
	w.locked(func() {
		w.window = &syncWindow{Kind: "deny", Schedule: "* * * * *", Duration: "1h", ManualSync: manual}
	})
}

// NoWindow closes it.
func (w *World) NoWindow() { w.locked(func() { w.window = nil }) }

// Log adds a line to the log of an application's pod.
func (w *World) Log(name, line string) {
	w.locked(func() {
		a := w.apps[name]
		a.logs = append(a.logs, logEntry{Content: line, PodName: name + "-7c9d8-abcde", At: w.o.Now()})
		close(w.changed)
		w.changed = make(chan struct{})
	})
}

// Drop ends all streams, as a server that restarts.
func (w *World) Drop() {
	w.locked(func() {
		for c := range w.watchers {
			close(c)
			delete(w.watchers, c)
		}
	})
}

func (w *World) locked(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
}

// commit makes a commit's name and keeps what it says.
func (w *World) commit(name, author, message string, at time.Time) string {
	sum := sha1.Sum([]byte(name + message + strconv.Itoa(len(w.commits))))
	rev := hex.EncodeToString(sum[:])
	w.commits[rev] = revisionMetadata{Author: author + " <" + author + "@example.org>", Message: message, Date: stamp(at)}
	return rev
}

// compare is what the controller does: is the cluster as Git says?
func (w *World) compare(a *app) {
	deployed := a.Status.History[len(a.Status.History)-1].Revision
	a.Status.Sync.Revision = a.head
	a.Status.Sync.Status = "Synced"
	if !slices.Equal(a.images[deployed], a.images[a.head]) {
		a.Status.Sync.Status = "OutOfSync"
	}
	a.workload().Status = a.Status.Sync.Status
	a.Status.ReconciledAt = stamp(w.o.Now())
	if a.Status.Sync.Status == "OutOfSync" && a.Spec.auto() && a.Operation == nil && !a.Status.State.busy() {
		a.Operation = &operation{Sync: &syncOperation{Revision: a.head, Prune: true}, InitiatedBy: initiator{Automated: true}}
	}
}

// workload is the status of the deployment, in a copy: objects that were given
// out stay as they were.
func (a *app) workload() *resourceStatus {
	a.Status.Resources = slices.Clone(a.Status.Resources)
	return &a.Status.Resources[1]
}

// touch gives an application a new version and tells who watches.
func (w *World) touch(a *app, event string) {
	w.version++
	a.Metadata.ResourceVersion = strconv.Itoa(w.version)
	a.Metadata.Generation++
	for c := range w.watchers {
		select {
		case c <- watchEvent{event, a.Application}:
		default: // as the real one: who is slow misses events
		}
	}
}

// Play lets the world live by itself until ctx ends: commits come, syncs run,
// pods log. speed 1 is a commit every half minute.
func (w *World) Play(ctx context.Context, speed float64) {
	if speed <= 0 {
		speed = 1
	}
	tick := time.NewTicker(time.Duration(float64(time.Second) / speed))
	defer tick.Stop()
	who := []string{"kim", "ada", "linus", "grace"}
	what := []string{"Raise the limits", "Fix the health check", "Use the new image", "Tune the cache", "Roll out the beta"}
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for _, name := range w.names() {
			w.Step(name)
			if n%3 == 0 {
				w.Log(name, fmt.Sprintf("level=info msg=\"request %d served\"", n))
			}
		}
		if names := w.names(); n%30 == 0 && len(names) > 0 {
			w.Push(names[rand.N(len(names))], who[rand.N(len(who))], what[rand.N(len(what))])
		}
	}
}

func (w *World) names() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []string
	for name := range w.apps {
		out = append(out, name)
	}
	slices.SortFunc(out, strings.Compare)
	return out
}

func set(s *string, v string) {
	if *s == "" {
		*s = v
	}
}
