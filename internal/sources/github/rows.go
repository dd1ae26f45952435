package github

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"devops-tui/internal/ci"
	"devops-tui/internal/core"
)

// pollCounts count the lists that were asked for.
type pollCounts struct{ sent, same atomic.Int64 }

// rows are the runs as the last lists had them, for what must answer without a
// request.
type rows struct {
	mu    sync.Mutex
	repos map[string]*repoRows
}

// repoRows is what is known of a repository. It is written by Run's loop only.
type repoRows struct {
	path   string
	branch string                         // the default one; "" while unknown
	runs   []ci.Run                       // newest first
	gates  map[string][]pendingDeployment // by the run's UID
	states map[string]string              // of workflows, by UID: "active"
}

func (r *rows) init() { r.repos = map[string]*repoRows{} }

func (r *rows) repo(path string) *repoRows {
	key := strings.ToLower(path)
	x := r.repos[key]
	if x == nil {
		x = &repoRows{path: path, gates: map[string][]pendingDeployment{}, states: map[string]string{}}
		r.repos[key] = x
	}
	return x
}

// with calls f with what is known of a repository, under the lock.
func (r *rows) with(path string, f func(*repoRows)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f(r.repo(path))
}

func (r *rows) forget(path string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.repos, strings.ToLower(path))
}

// runs is a copy of the runs of a repository.
func (r *rows) runs(path string) []ci.Run {
	r.mu.Lock()
	defer r.mu.Unlock()
	if x := r.repos[strings.ToLower(path)]; x != nil {
		return slices.Clone(x.runs)
	}
	return nil
}

// held are the runs of a repository that wait at a gate, at most n.
func (r *rows) held(path string, n int) (out []core.Ref) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if x := r.repos[strings.ToLower(path)]; x != nil {
		for i := range x.runs {
			if len(out) < n && x.runs[i].Reason.String() == "waiting" {
				out = append(out, x.runs[i].Ref)
			}
		}
	}
	return out
}

// find is a run by its ref, with or without UID.
func (r *rows) find(ref core.Ref) (ci.Run, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if x := r.repos[strings.ToLower(ref.Namespace)]; x != nil {
		for i := range x.runs {
			if got := x.runs[i].Ref; got.UID == ref.UID && ref.UID != "" || ref.UID == "" && got.SameObject(ref) {
				return x.runs[i], true
			}
		}
	}
	return ci.Run{}, false
}

// byID are the runs of a repository by GitHub's id.
func byID(runs []ci.Run) map[int64]ci.Run {
	out := make(map[int64]ci.Run, len(runs))
	for _, r := range runs {
		out[number(r.Ref.UID)] = r
	}
	return out
}

// waiting are the gates of a run as they were read last.
func (r *rows) waiting(ref core.Ref) (list []pendingDeployment, known bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if x := r.repos[strings.ToLower(ref.Namespace)]; x != nil {
		list, known = x.gates[ref.UID]
	}
	return list, known
}
