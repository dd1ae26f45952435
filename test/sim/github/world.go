// Package github is a simulator of GitHub's REST API for Actions: a real HTTP
// handler with state. Repositories, workflows with their files, runs with
// attempts, jobs and steps, logs behind short-lived addresses, annotations,
// environments with reviewers, deployments, tokens with scopes, conditional
// requests, and both rate limits. github.com at the root and GitHub Enterprise
// Server under /api/v3.
//
//	w := github.New(github.Options{})
//	w.AddToken("secret", "kim", "repo", "workflow")
//	r := w.AddRepo("acme/shop")
//	r.AddWorkflow("ci.yml", github.CI)
//	run := r.Start(github.Spec{Workflow: "ci.yml", Branch: "main"})
//	run.Advance()                // one step further; Finish goes to the end
//	run.Job("test").Fail("go test", "--- FAIL: TestSum")
//	api := httptest.NewServer(w) // and the texts of logs from another host:
//	w.SetBlobs(httptest.NewServer(w.Blobs()).URL)
//
// All methods may be called from several goroutines while requests are served.
package github

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Options describe a world.
type Options struct {
	Now func() time.Time // nil: the real clock
	// Enterprise is the version of GitHub Enterprise Server ("3.14.2"): the API is
	// also under /api/v3. Empty: github.com.
	Enterprise string
	// NoRunDetails makes a dispatch answer 204 without the run's id, as servers
	// before 2026 do.
	NoRunDetails bool
	// Limit and AnonymousLimit are requests an hour; 0: 5,000 and 60.
	Limit, AnonymousLimit int
	// PointsPerMinute is the secondary limit: a GET costs 1, a change 5; 0: 900.
	PointsPerMinute int
}

// World is a simulated GitHub.
type World struct {
	o   Options
	mux *http.ServeMux

	mu       sync.Mutex
	ids      int64
	repos    map[string]*Repository // by lower-case full name
	order    []*Repository
	tokens   map[string]*token
	windows  map[string]*window // primary limit by token, "" anonymous
	minutes  map[string]*window // secondary limit
	holds    []hold             // refusals to come
	blobs    map[string]blob
	blobURL  string
	etags    map[string]etag
	counts   Counts
	commitsN int
}

// Counts are what was asked of a world.
type Counts struct {
	Requests     int // all but /rate_limit and logs' texts
	Charged      int // counted against the primary limit
	NotModified  int // answered 304
	Changes      int // POST, PUT, PATCH, DELETE
	Limited      int // refused by a rate limit
	WithoutToken int
	Blobs        int // texts of logs that were fetched
	// BlobCredentials counts requests for a log's text that carried a credential,
	// which GitHub's storage refuses.
	BlobCredentials int
}

type token struct {
	login   string
	classic bool
	scopes  []string
	read    bool // fine-grained without write access to Actions
	expired bool
	only    map[string]bool // repositories; nil: all
}

// New makes an empty world.
func New(o Options) *World {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Limit == 0 {
		o.Limit = 5000
	}
	if o.AnonymousLimit == 0 {
		o.AnonymousLimit = 60
	}
	if o.PointsPerMinute == 0 {
		o.PointsPerMinute = 900
	}
	w := &World{
		o: o, ids: 1000, repos: map[string]*Repository{}, tokens: map[string]*token{}, windows: map[string]*window{},
		minutes: map[string]*window{}, blobs: map[string]blob{}, etags: map[string]etag{},
	}
	w.mux = w.routes()
	return w
}

func (w *World) id() int64 {
	w.ids++
	return w.ids
}

func (w *World) now() time.Time { return w.o.Now().UTC().Truncate(time.Second) }

// AddToken adds a classic token of a user with its scopes: "repo", "workflow".
func (w *World) AddToken(secret, login string, scopes ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tokens[secret] = &token{login: login, classic: true, scopes: scopes}
}

// AddFineGrained adds a fine-grained token, which tells no scopes. Without
// write it may only read. repos: the only ones it may see; none: all.
func (w *World) AddFineGrained(secret, login string, write bool, repos ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	t := &token{login: login, read: !write}
	for _, r := range repos {
		if t.only == nil {
			t.only = map[string]bool{}
		}
		t.only[strings.ToLower(r)] = true
	}
	w.tokens[secret] = t
}

// AddApp adds a token of an app or a pipeline: it may change things, and is no
// user's.
func (w *World) AddApp(secret string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tokens[secret] = &token{}
}

// Expire makes a token answer 401 from now on; on false takes that back.
func (w *World) Expire(secret string, on bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if t := w.tokens[secret]; t != nil {
		t.expired = on
	}
}

// SetBlobs tells where Blobs is served: another host or port than the API.
// Without it the addresses of logs are on the API's own host.
func (w *World) SetBlobs(base string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.blobURL = strings.TrimSuffix(base, "/")
}

// Counts returns what was asked so far.
func (w *World) Counts() Counts {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.counts
}

// ResetCounts begins counting again.
func (w *World) ResetCounts() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.counts = Counts{}
}

// Repo returns a repository by its full name; nil if there is none.
func (w *World) Repo(full string) *Repository {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.repos[strings.ToLower(full)]
}

// AddRepo makes a repository with a first commit on its default branch main.
// A private one is seen with a token only.
func (w *World) AddRepo(full string) *Repository {
	owner, name, _ := strings.Cut(full, "/")
	w.mu.Lock()
	defer w.mu.Unlock()
	r := &Repository{
		w: w, ID: w.id(), Owner: owner, Name: name, branch: "main", branches: map[string]string{}, created: w.now(),
		commits: map[string]*commit{}, numbers: map[int64]int{},
	}
	w.repos[strings.ToLower(full)] = r
	w.order = append(w.order, r)
	r.commit("main", "First commit", "kim")
	return r
}

// RemoveRepo makes a repository answer 404.
func (w *World) RemoveRepo(full string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.repos[strings.ToLower(full)]
	delete(w.repos, strings.ToLower(full))
	for i, x := range w.order {
		if x == r {
			w.order = append(w.order[:i:i], w.order[i+1:]...)
			break
		}
	}
}

func (w *World) sha() string {
	w.commitsN++
	sum := sha1.Sum(fmt.Appendf(nil, "commit %d", w.commitsN))
	return hex.EncodeToString(sum[:])
}
