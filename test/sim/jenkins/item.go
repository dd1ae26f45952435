package jenkins

import (
	"net/url"
	"strings"
)

// kind is what an item is.
type kind uint8

const (
	folder kind = iota
	multibranch
	freestyle
	pipeline
)

var classes = [...]string{
	"com.cloudbees.hudson.plugins.folder.Folder",
	"org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProject",
	"hudson.model.FreeStyleProject",
	"org.jenkinsci.plugins.workflow.job.WorkflowJob",
}

// item is a folder or a job.
type item struct {
	w        *World
	parent   *item
	kind     kind
	name     string // as in the API: a branch's is %-encoded
	display  string
	about    string
	items    []*item
	job      *Job
	disabled bool
}

// Job is something that can be built.
type Job struct {
	*item
	params     []Param
	builds     []*Build // oldest first
	next       int
	Repo       string // remote URL of what is checked out; set before builds start
	Timestamps bool   // the console's lines have the prefix of the Timestamper plugin
	Usual      int    // estimatedDuration in milliseconds; 0: -1, unknown
}

// The kinds of parameters.
const (
	String   = "String"
	Text     = "Text"
	Boolean  = "Boolean"
	Choice   = "Choice"
	Password = "Password"
	File     = "File"
)

// Param is the definition of a parameter, of a job or an input.
type Param struct {
	Name, Kind, Default, Help string
	Choices                   []string
}

// Folder makes a folder, and those above it.
func (w *World) Folder(path string) {
	w.locked(func() { w.reach(path, folder) })
}

// Multibranch makes a multibranch project.
func (w *World) Multibranch(path string) {
	w.locked(func() { w.reach(path, multibranch) })
}

// Freestyle makes a freestyle job at the path, with the folders above it.
func (w *World) Freestyle(path string, params ...Param) *Job { return w.add(path, freestyle, params) }

// Pipeline makes a Pipeline job at the path, with the folders above it.
func (w *World) Pipeline(path string, params ...Param) *Job { return w.add(path, pipeline, params) }

// Branch makes the Pipeline job of a branch of a multibranch project; the
// branch's name is as Git has it: "feature/login".
func (w *World) Branch(project, branch string, params ...Param) *Job {
	var j *Job
	w.locked(func() {
		up := w.reach(project, multibranch)
		j = w.newJob(up, strings.ReplaceAll(url.PathEscape(branch), "%20", " "), pipeline, params)
		j.display = branch
	})
	return j
}

func (w *World) add(path string, k kind, params []Param) *Job {
	var j *Job
	w.locked(func() {
		up, name := w.root, path
		if i := strings.LastIndex(path, "/"); i >= 0 {
			up, name = w.reach(path[:i], folder), path[i+1:]
		}
		j = w.newJob(up, name, k, params)
	})
	return j
}

func (w *World) newJob(up *item, name string, k kind, params []Param) *Job {
	if up.child(name) != nil {
		fail("%s exists already", name)
	}
	it := &item{w: w, parent: up, kind: k, name: name, display: name}
	it.job = &Job{item: it, params: params, next: 1}
	up.items = append(up.items, it)
	return it.job
}

// reach finds the folder at path, and makes what is missing of it; last is the
// kind of the last one.
func (w *World) reach(path string, last kind) *item {
	at := w.root
	names := strings.Split(path, "/")
	for i, name := range names {
		next := at.child(name)
		if next == nil {
			next = &item{w: w, parent: at, name: name, display: name}
			if i == len(names)-1 {
				next.kind = last
			}
			at.items = append(at.items, next)
		}
		at = next
	}
	return at
}

func (it *item) child(name string) *item {
	for _, c := range it.items {
		if c.name == name {
			return c
		}
	}
	return nil
}

// Remove deletes a job or a folder.
func (w *World) Remove(path string) {
	w.locked(func() {
		up, name := w.root, path
		if i := strings.LastIndex(path, "/"); i >= 0 {
			up, name = w.reach(path[:i], folder), path[i+1:]
		}
		for i, c := range up.items {
			if c.name == name {
				up.items = append(up.items[:i:i], up.items[i+1:]...)
				return
			}
		}
		fail("no item %s", path)
	})
}

// fullName is the item's name with those above it.
func (it *item) fullName() string {
	if it.parent == nil || it.parent.parent == nil {
		return it.name
	}
	return it.parent.fullName() + "/" + it.name
}

func (it *item) fullDisplay() string {
	if it.parent == nil || it.parent.parent == nil {
		return it.display
	}
	return it.parent.fullDisplay() + " » " + it.display
}

// path is the item's below the controller: "job/team/job/app/".
func (it *item) path() string {
	if it.parent == nil {
		return ""
	}
	return it.parent.path() + "job/" + url.PathEscape(it.name) + "/"
}

// find resolves job/a/job/b and returns what is left of the segments.
func (w *World) find(parts []string) (*item, []string) {
	at := w.root
	for len(parts) >= 2 && parts[0] == "job" {
		next := at.child(parts[1])
		if next == nil {
			return nil, nil
		}
		at, parts = next, parts[2:]
	}
	return at, parts
}

// Disable says that nothing of the job is built.
func (j *Job) Disable(on bool) { j.w.locked(func() { j.disabled = on }) }

// Describe sets the job's description.
func (j *Job) Describe(about string) { j.w.locked(func() { j.about = about }) }

// Path is the job's full name as the API has it.
func (j *Job) Path() string { return j.fullName() }

// Last is the newest build; nil: none.
func (j *Job) Last() *Build {
	j.w.mu.Lock()
	defer j.w.mu.Unlock()
	return j.last()
}

func (j *Job) last() *Build {
	if len(j.builds) == 0 {
		return nil
	}
	return j.builds[len(j.builds)-1]
}

// Number is the build of that number; nil: none.
func (j *Job) Number(n int) *Build {
	j.w.mu.Lock()
	defer j.w.mu.Unlock()
	return j.build(n)
}

func (j *Job) build(n int) *Build {
	for _, b := range j.builds {
		if b.number == n {
			return b
		}
	}
	return nil
}

// Count is how many builds the job has.
func (j *Job) Count() int {
	j.w.mu.Lock()
	defer j.w.mu.Unlock()
	return len(j.builds)
}

// Discard deletes a build, as a job that keeps only some does.
func (j *Job) Discard(n int) {
	j.w.locked(func() {
		for i, b := range j.builds {
			if b.number == n {
				j.builds = append(j.builds[:i:i], j.builds[i+1:]...)
				return
			}
		}
	})
}

// color is the ball of the job.
func (j *Job) color() string {
	if j.disabled {
		return "disabled"
	}
	b := j.last()
	if b == nil {
		return "notbuilt"
	}
	ball, suffix := "", ""
	if b.result == "" {
		suffix = "_anime"
	}
	for i := len(j.builds) - 1; i >= 0 && ball == ""; i-- {
		ball = map[string]string{"SUCCESS": "blue", "UNSTABLE": "yellow", "FAILURE": "red", "ABORTED": "aborted", "NOT_BUILT": "notbuilt"}[j.builds[i].result]
	}
	if ball == "" {
		ball = "notbuilt"
	}
	return ball + suffix
}
