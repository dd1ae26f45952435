package github

import (
	"path"
	"slices"
	"strings"
	"time"
)

// Repository is one repository.
type Repository struct {
	w            *World
	ID           int64
	Owner, Name  string
	private      bool
	branch       string // the default one
	created      time.Time
	branches     map[string]string // name -> sha
	commits      map[string]*commit
	workflows    []*Workflow
	runs         []*Run // oldest first
	numbers      map[int64]int
	environments []*environment
	deployments  []*deployment // oldest first
	version      int64
	forbidden    bool
}

type commit struct {
	sha, parent, message, author string
	at                           time.Time
}

// Workflow is one workflow with its file.
type Workflow struct {
	repo    *Repository
	ID      int64
	Name    string
	Path    string // .github/workflows/ci.yml
	State   string // "active"
	content map[string]string
	created time.Time
}

type environment struct {
	id        int64
	name      string
	reviewers []string // logins
	wait      time.Duration
	created   time.Time
}

type deployment struct {
	id                int64
	sha, ref, env     string
	creator           string
	created, updated  time.Time
	run, job          int64
	statuses          []deploymentStatus // oldest first
	description, task string
}

type deploymentStatus struct {
	id                 int64
	state, description string
	at                 time.Time
}

// FullName is owner/name.
func (r *Repository) FullName() string { return r.Owner + "/" + r.Name }

func (r *Repository) locked(f func()) {
	r.w.mu.Lock()
	defer r.w.mu.Unlock()
	f()
	r.version++
}

// SetPrivate makes the repository invisible without a token.
func (r *Repository) SetPrivate(on bool) { r.locked(func() { r.private = on }) }

// Forbid makes every request about the repository's Actions answer 403.
func (r *Repository) Forbid(on bool) { r.locked(func() { r.forbidden = on }) }

// Commit adds a commit to a branch, which is made if it is new, and returns its SHA.
func (r *Repository) Commit(branch, message, author string) string {
	var sha string
	r.locked(func() { sha = r.commit(branch, message, author) })
	return sha
}

func (r *Repository) commit(branch, message, author string) string {
	parent := r.branches[branch]
	if parent == "" {
		parent = r.branches[r.branch]
	}
	c := &commit{sha: r.w.sha(), parent: parent, message: message, author: author, at: r.w.now()}
	r.commits[c.sha] = c
	r.branches[branch] = c.sha
	return c.sha
}

// Head is the newest commit of a branch.
func (r *Repository) Head(branch string) string {
	r.w.mu.Lock()
	defer r.w.mu.Unlock()
	return r.branches[branch]
}

// AddWorkflow adds a workflow by the name of its file and its text, on every
// branch. Its name is what the text says, else the path.
func (r *Repository) AddWorkflow(file, content string) *Workflow {
	wf := &Workflow{
		repo: r, Name: workflowName(content), Path: path.Join(".github/workflows", file), State: "active",
		content: map[string]string{"": content},
	}
	if wf.Name == "" {
		wf.Name = wf.Path
	}
	r.locked(func() {
		wf.ID, wf.created = r.w.id(), r.w.now()
		r.workflows = append(r.workflows, wf)
	})
	return wf
}

// SetContent changes the workflow's file on one branch ("": on all others).
func (wf *Workflow) SetContent(branch, content string) {
	wf.repo.locked(func() { wf.content[branch] = content })
}

// SetState changes the state: "disabled_manually".
func (wf *Workflow) SetState(state string) { wf.repo.locked(func() { wf.State = state }) }

func (wf *Workflow) at(ref string) string {
	if c, ok := wf.content[ref]; ok {
		return c
	}
	return wf.content[""]
}

// AddEnvironment adds an environment; runs that deploy to it wait for one of
// the reviewers, or for the timer. Without either they go on.
func (r *Repository) AddEnvironment(name string, wait time.Duration, reviewers ...string) {
	r.locked(func() { r.environment(name, wait, reviewers) })
}

func (r *Repository) environment(name string, wait time.Duration, reviewers []string) *environment {
	for _, e := range r.environments {
		if strings.EqualFold(e.name, name) {
			return e
		}
	}
	e := &environment{id: r.w.id(), name: name, wait: wait, reviewers: slices.Clone(reviewers), created: r.w.now()}
	r.environments = append(r.environments, e)
	return e
}

// Runs returns the repository's runs, oldest first.
func (r *Repository) Runs() []*Run {
	r.w.mu.Lock()
	defer r.w.mu.Unlock()
	return slices.Clone(r.runs)
}

func (r *Repository) workflow(idOrFile string) *Workflow {
	for _, wf := range r.workflows {
		if itoa(wf.ID) == idOrFile || path.Base(wf.Path) == idOrFile || wf.Path == idOrFile {
			return wf
		}
	}
	return nil
}

func (r *Repository) run(id string) *Run {
	for _, x := range r.runs {
		if itoa(x.ID) == id {
			return x
		}
	}
	return nil
}

func (r *Repository) job(id string) *Job {
	for i := len(r.runs) - 1; i >= 0; i-- {
		for _, attempt := range r.runs[i].attempts {
			for _, j := range attempt.jobs {
				if itoa(j.ID) == id {
					return j
				}
			}
		}
	}
	return nil
}

// resolve finds a commit by branch, tag or SHA.
func (r *Repository) resolve(ref string) *commit {
	ref = strings.TrimPrefix(strings.TrimPrefix(ref, "refs/heads/"), "refs/tags/")
	if sha, ok := r.branches[ref]; ok {
		return r.commits[sha]
	}
	if c, ok := r.commits[ref]; ok {
		return c
	}
	if len(ref) >= 7 {
		for sha, c := range r.commits {
			if strings.HasPrefix(sha, ref) {
				return c
			}
		}
	}
	return nil
}

// history is the commit and its ancestors, newest first.
func (r *Repository) history(c *commit) []*commit {
	var out []*commit
	for c != nil {
		out = append(out, c)
		c = r.commits[c.parent]
	}
	return out
}
