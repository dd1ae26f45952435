// Package jenkins is a Jenkins controller for tests: an http.Handler with
// state. Its answers have the shape of a real one's; a contract test compares
// them with recorded ones, and Debian's python3-jenkins is driven against it.
//
//	w := jenkins.New(jenkins.Options{Prefix: "/jenkins", Users: []jenkins.User{{ID: "kim", Token: "…"}}})
//	job := w.Pipeline("team/app/deploy", jenkins.Param{Name: "VERSION", Kind: jenkins.String, Default: "1.0"})
//	b := job.Start(jenkins.Start{By: "kim", Values: map[string]string{"VERSION": "1.4.2"}})
//	b.Stage("Build"); b.Log("compiling\n"); b.Stage("Deploy")
//	b.Ask(jenkins.Input{ID: "Ship", Message: "Ship it?"})   // waits for a human
//	b.End("SUCCESS")
//
// Folders and multibranch projects: Folder, Multibranch; a branch's job is made
// by Branch, with the branch's name as Git has it. What is posted is queued, and
// goes on with Work (or by itself with Options.Auto). Fill and Play make a world that
// lives by itself, to be looked at by hand. Plugins that may be
// missing: Options.NoStages. Outages: SetReady, SetQuiet; faults of the network
// are the business of package sim.
package jenkins

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Options is how the controller is set up.
type Options struct {
	Prefix    string // "/jenkins": the path that it is served below
	Version   string // by default 2.504.3
	Users     []User // none: no security, everybody may do everything
	Anonymous bool   // who is not logged in may read
	NoCrumbs  bool   // no CSRF protection
	NoStages  bool   // without the plugin Pipeline: REST API (wfapi)
	NoReplay  bool   // nobody may replay
	Executors int    // by default 2
	Auto      bool   // what is queued starts with the next request that looks at it
	// Linger is how long an item that left the queue can still be read; by
	// default 5 minutes.
	Linger time.Duration
	Now    func() time.Time
}

// User is an account.
type User struct {
	ID, Name, Token, Password string
	ReadOnly                  bool // may read only
	Hidden                    []string
}

// World is the controller.
type World struct {
	o  Options
	mu sync.Mutex

	root     *item
	queue    []*QueueItem
	nextID   int
	quiet    bool
	starting bool
	sessions map[string]*session
	secrets  int
	busy     map[string]string // why nothing of a job leaves the queue
}

// New makes an empty controller.
func New(o Options) *World {
	if o.Version == "" {
		o.Version = "2.504.3"
	}
	if o.Executors == 0 {
		o.Executors = 2
	}
	if o.Linger == 0 {
		o.Linger = 5 * time.Minute
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Prefix = strings.TrimSuffix(o.Prefix, "/")
	w := &World{o: o, root: &item{}, sessions: map[string]*session{}, busy: map[string]string{}, nextID: 100}
	w.root.w = w
	return w
}

// SetReady says whether the controller has started; until then it answers 503
// to everything.
func (w *World) SetReady(ready bool) { w.locked(func() { w.starting = !ready }) }

// SetQuiet says whether it is going to shut down: nothing leaves the queue.
func (w *World) SetQuiet(on bool) { w.locked(func() { w.quiet = on }) }

// SetUser replaces the account with the same ID.
func (w *World) SetUser(u User) {
	w.locked(func() {
		for i := range w.o.Users {
			if w.o.Users[i].ID == u.ID {
				w.o.Users[i] = u
				return
			}
		}
		w.o.Users = append(w.o.Users, u)
	})
}

// SetStages says whether the plugin Pipeline: REST API is there.
func (w *World) SetStages(on bool) { w.locked(func() { w.o.NoStages = !on }) }

func (w *World) locked(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
}

// Now is the controller's clock.
func (w *World) Now() time.Time { return w.o.Now() }

func (w *World) now() time.Time { return w.o.Now() }

// ServeHTTP implements http.Handler.
func (w *World) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	rw.Header().Set("Date", w.now().UTC().Format(http.TimeFormat))
	if w.starting {
		page(rw, http.StatusServiceUnavailable, "Starting Jenkins", "Please wait while Jenkins is getting ready to work ...")
		return
	}
	rw.Header().Set("X-Jenkins", w.o.Version)
	rw.Header().Set("X-Content-Type-Options", "nosniff")
	path, ok := strings.CutPrefix(r.URL.EscapedPath(), w.o.Prefix)
	if !ok || path != "" && path[0] != '/' {
		page(rw, http.StatusNotFound, "Not Found", "Not Found")
		return
	}
	c := &call{World: w, rw: rw, r: r, base: baseOf(r) + w.o.Prefix}
	c.parts = segments(path)
	if !c.admit() {
		return
	}
	if w.o.Auto {
		w.work()
	}
	c.route()
}

func baseOf(r *http.Request) string {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}

func fail(format string, args ...any) { panic(fmt.Sprintf("sim/jenkins: "+format, args...)) }
