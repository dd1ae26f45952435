// Package gitlab is a GitLab that keeps state: a real HTTP handler with
// projects, pipelines, jobs, traces that grow, environments, deployments that
// wait for approval, tokens with scopes and expiry, rate limits and ETags, in
// the shapes of GitLab's REST API v4.
//
//	w := gitlab.New(gitlab.Options{})             // user kim, token "glpat-sim" with scope api
//	p := w.AddProject("acme/shop")                // default branch main, one commit
//	id := w.Push("acme/shop", gitlab.Spec{Jobs: []gitlab.JobSpec{{Name: "build", Stage: "build"}, {Name: "deploy", Stage: "deploy", Manual: true, Environment: "production"}}})
//	job := w.JobID(id, "build")
//	w.SetJob(job, "running", "")                  // created, pending, running, success, failed, canceled, skipped, manual
//	w.Log(job, "go test ./...\n")                 // the trace grows
//	w.SetJob(job, "failed", "script_failure")
//	w.Finish(id, "success")                       // all that is not done ends so
//	w.Block("acme/shop", "production", 1)         // deployments to it wait for one approval
//
// What refuses: SetToken (scopes, expiry), Deny (a status for a path's
// beginning), Limit (429 after n requests), Premium(false), Rename; Ranges says
// how traces answer. Mutations tells every changing request that was carried
// out. Fill adds projects to look at, and Play lets their pipelines go on by
// themselves.
package gitlab

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Options describe the server.
type Options struct {
	Prefix  string           // "/gitlab": of a server below a path
	Now     func() time.Time // nil: time.Now
	Version string           // "": "18.5.2-ee"
	Free    bool             // no premium features: protected environments and approvals answer 404 or 403
	Empty   bool             // no user and no token to begin with
}

// DefaultToken is the token that a world has from the start, of user kim.
const DefaultToken = "glpat-sim"

// World is one GitLab server. Its methods may be called from any goroutine.
type World struct {
	opts Options

	mu       sync.Mutex
	seq      int
	users    []*user
	tokens   map[string]*Token
	projects []*Project
	renamed  map[string]string
	free     bool
	ranges   bool
	walls    []wall
	limit    int // requests left; <0: unlimited
	max      int
	reset    time.Time
	changes  []Mutation
	requests int
	same     int // answered 304
}

type user struct {
	id             int
	username, name string
}

// Token is a personal access token.
type Token struct {
	User    string
	Scopes  []string
	Expires time.Time // the day; zero: never
	Revoked bool
	OAuth   bool // taken as a bearer only
}

// wall is an answer that stands before everything.
type wall struct {
	method, prefix string // of the path below /api/v4
	status         int
}

// Mutation is a changing request that was carried out.
type Mutation struct{ Method, Path, Body, User string }

// New makes a server.
func New(o Options) *World {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Version == "" {
		o.Version = "18.5.2-ee"
	}
	w := &World{opts: o, tokens: map[string]*Token{}, renamed: map[string]string{}, free: o.Free, limit: -1, seq: 1000}
	if !o.Empty {
		w.AddUser("kim", "Kim Sato")
		w.SetToken(DefaultToken, Token{User: "kim", Scopes: []string{"api"}, Expires: o.Now().AddDate(0, 3, 0)})
	}
	return w
}

func (w *World) now() time.Time { return w.opts.Now().UTC().Truncate(time.Millisecond) }

func (w *World) id() int {
	w.seq++
	return w.seq
}

// AddUser adds a user.
func (w *World) AddUser(username, name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.users = append(w.users, &user{w.id(), username, name})
}

func (w *World) user(username string) *user {
	for _, u := range w.users {
		if u.username == username {
			return u
		}
	}
	return &user{0, username, username}
}

// SetToken adds or replaces a token.
func (w *World) SetToken(secret string, t Token) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tokens[secret] = &t
}

// Deny makes every request with the method ("": any) whose path below /api/v4
// begins with prefix be answered with status.
func (w *World) Deny(method, prefix string, status int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.walls = append(w.walls, wall{method, prefix, status})
}

// Allow takes all of Deny back.
func (w *World) Allow() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.walls = nil
}

// Limit answers 429 after n more requests until reset; n < 0: never.
func (w *World) Limit(n int, reset time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.limit, w.max, w.reset = n, max(n, 1), reset
}

// Premium says whether the paid features exist.
func (w *World) Premium(on bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.free = !on
}

// Ranges says whether traces honour Range.
func (w *World) Ranges(on bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ranges = on
}

// Rename moves a project; its old path redirects GETs.
func (w *World) Rename(from, to string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if p := w.project(from); p != nil {
		p.Path = to
		w.renamed[from] = to
	}
}

// RemoveProject takes a project away.
func (w *World) RemoveProject(path string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, p := range w.projects {
		if p.Path == path {
			w.projects = append(w.projects[:i], w.projects[i+1:]...)
			return
		}
	}
}

// Mutations are the changing requests that were carried out so far.
func (w *World) Mutations() []Mutation {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]Mutation(nil), w.changes...)
}

// Counts are the requests so far, and those of them that were answered 304.
func (w *World) Counts() (requests, notModified int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.requests, w.same
}

func (w *World) changed(r *http.Request, body string, who *user) {
	w.changes = append(w.changes, Mutation{r.Method, r.URL.EscapedPath(), body, who.username})
}

// Project is a repository with its CI. Its fields are set before requests come.
type Project struct {
	ID            int
	Path          string
	DefaultBranch string
	Archived      bool
	CIYAML        string // .gitlab-ci.yml of the default branch
	Access        int    // level of the token's user: 30 developer, 40 maintainer

	created      time.Time
	iid          int
	deployIID    int
	commits      []*commit // oldest first
	branches     map[string]string
	tags         map[string]string
	pipelines    []*pipeline // oldest first
	environments []*environment
	deployments  []*deployment // oldest first
	protected    []*protectedEnvironment
	schedules    []*schedule
}

type commit struct {
	sha, title, author string
	at                 time.Time
}

type schedule struct {
	id               int
	description, ref string
	variables        map[string]string
}

// AddProject adds a project with one commit on main.
func (w *World) AddProject(path string) *Project {
	w.mu.Lock()
	defer w.mu.Unlock()
	p := &Project{
		ID: w.id(), Path: path, DefaultBranch: "main", Access: 40, created: w.now(),
		branches: map[string]string{}, tags: map[string]string{},
	}
	w.projects = append(w.projects, p)
	w.commit(p, "main", "Begin", "Kim Sato")
	return p
}

// Commit adds a commit to a branch and returns its hash.
func (w *World) Commit(path, branch, title, author string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.commit(w.project(path), branch, title, author).sha
}

func (w *World) commit(p *Project, branch, title, author string) *commit {
	c := &commit{fmt.Sprintf("%08x%032x", (w.id()*2654435761)&0xffffffff, w.seq), title, author, w.now()}
	p.commits = append(p.commits, c)
	p.branches[branch] = c.sha
	return c
}

// Tag names the newest commit of the default branch.
func (w *World) Tag(path, name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	p := w.project(path)
	p.tags[name] = p.branches[p.DefaultBranch]
}

// Schedule adds a pipeline schedule with variables.
func (w *World) Schedule(path, description, ref string, variables map[string]string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	p := w.project(path)
	p.schedules = append(p.schedules, &schedule{id: w.id(), description: description, ref: ref, variables: variables})
}

// project finds by path; nil: none.
func (w *World) project(path string) *Project {
	for _, p := range w.projects {
		if strings.EqualFold(p.Path, path) {
			return p
		}
	}
	return nil
}

func (p *Project) commitOf(sha string) *commit {
	for _, c := range p.commits {
		if c.sha == sha || len(sha) >= 7 && strings.HasPrefix(c.sha, sha) {
			return c
		}
	}
	return nil
}

// ProjectID is the id of a project; 0: there is none.
func (w *World) ProjectID(path string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	if p := w.project(path); p != nil {
		return p.ID
	}
	return 0
}
