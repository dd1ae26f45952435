package jenkins

import (
	"context"
	"net/url"
	"strconv"
	"strings"

	"devops-tui/internal/ci"
	"devops-tui/internal/core"
)

const (
	// nesting is how many levels of folders one request of a sweep reads.
	nesting = 5
	// mostFolders bounds the further requests for folders that lie deeper.
	mostFolders = 100
	// jobsPage is how many jobs' builds one request reads.
	jobsPage = 40
	// many jobs of one folder that changed are read together.
	many = 4
)

// sweepTree asks for all jobs with how their last builds stand.
func sweepTree(levels int) string {
	const own = "_class,name,displayName,color,buildable,lastBuild[" + lastTree + "]"
	tree := "jobs[" + own + ",jobs[name]]"
	for range levels - 1 {
		tree = "jobs[" + own + "," + tree + "]"
	}
	return tree
}

// sweep reads all jobs, a few requests for all of them, and how much each folder
// has.
func (s *Source) sweep(ctx context.Context) (found map[string]*job, sizes map[string]int, err error) {
	found, sizes = map[string]*job{}, map[string]int{}
	folders := []struct{ full, project string }{{}}
	for i := 0; i < len(folders) && i <= mostFolders; i++ {
		var out struct {
			Quiet bool      `json:"quietingDown"`
			Jobs  []apiItem `json:"jobs"`
		}
		tree := sweepTree(nesting)
		if i == 0 {
			tree += ",quietingDown"
		}
		if _, err := s.get(ctx, below(folders[i].full), tree, &out); err != nil {
			if i > 0 && ctx.Err() == nil { // a folder went away between two requests
				continue
			}
			return nil, nil, err
		}
		if i == 0 {
			s.mu.Lock()
			s.quiet = out.Quiet
			s.mu.Unlock()
		}
		var walk func(items []apiItem, ns, project string, level int)
		walk = func(items []apiItem, ns, project string, level int) {
			sizes[ns] = len(items)
			for k := range items {
				it := &items[k]
				full := join(ns, it.Name)
				switch {
				case it.Name == "", it.Name == ".", it.Name == "..": // no address can have it
				case !it.isFolder():
					if s.admits(full) {
						found[full] = jobFrom(it, full, ns, project)
					}
				case level == nesting:
					if len(*it.Jobs) > 0 {
						folders = append(folders, struct{ full, project string }{full, projectOf(it)})
					}
				default:
					walk(*it.Jobs, full, projectOf(it), level+1)
				}
			}
		}
		walk(out.Jobs, folders[i].full, folders[i].project, 1)
	}
	return found, sizes, nil
}

// projectOf is the name of a multibranch project; "" of other folders.
func projectOf(it *apiItem) string {
	if !strings.Contains(it.Class, "MultiBranchProject") {
		return ""
	}
	if it.Display != "" {
		return it.Display
	}
	return it.Name
}

func jobFrom(it *apiItem, full, ns, project string) *job {
	j := &job{full: full, ns: ns, name: it.Name, class: it.Class, display: it.Display, project: project, buildable: true, runs: map[int]ci.Run{}}
	if j.display == "" {
		j.display = it.Name
	}
	if it.Buildable != nil {
		j.buildable = *it.Buildable
	}
	if it.Last != nil {
		j.last = *it.Last
	}
	return j
}

// admits reports whether the configuration wants the job.
func (s *Source) admits(full string) bool {
	if len(s.server.globs) == 0 {
		return true
	}
	for _, g := range s.server.globs {
		if core.MatchGlob(g, full, false) || strings.HasPrefix(full, strings.TrimSuffix(g, "/")+"/") && !strings.ContainsAny(g, "*?") {
			return true
		}
	}
	return false
}

// readBuilds reads the newest builds of a job.
func (s *Source) readBuilds(ctx context.Context, full string, n int) ([]apiBuild, error) {
	var out apiItem
	_, err := s.get(ctx, below(full), "builds["+buildTree+"]{0,"+strconv.Itoa(n)+"}", &out)
	return out.Builds, err
}

// readFolder reads the newest builds of the jobs of a folder, a page of them.
func (s *Source) readFolder(ctx context.Context, ns string, from, n int) ([]apiItem, error) {
	var out struct {
		Jobs []apiItem `json:"jobs"`
	}
	tree := "jobs[name,builds[" + buildTree + "]{0," + strconv.Itoa(n) + "}]{" + strconv.Itoa(from) + "," + strconv.Itoa(from+jobsPage) + "}"
	_, err := s.get(ctx, below(ns), tree, &out)
	return out.Jobs, err
}

// readStages reads the stages of a Pipeline's newest runs, those since a number
// (0: the last ten).
func (s *Source) readStages(ctx context.Context, full string, since int) ([]apiRun, error) {
	q := url.Values{}
	if since > 0 {
		q.Set("since", "#"+strconv.Itoa(since))
	}
	var out []apiRun
	_, err := s.getJSON(ctx, below(full, "wfapi", "runs"), q, &out)
	return out, err
}

// readInputs reads what a run waits for.
func (s *Source) readInputs(ctx context.Context, full string, number int) ([]apiInput, error) {
	var out []apiInput
	_, err := s.getJSON(ctx, below(full, strconv.Itoa(number), "wfapi", "pendingInputActions"), nil, &out)
	return out, err
}

func (s *Source) readQueue(ctx context.Context) ([]apiQueueItem, error) {
	var out struct {
		Items []apiQueueItem `json:"items"`
	}
	_, err := s.get(ctx, []string{"queue"}, queueTree, &out)
	return out.Items, err
}

// target is the job, and the build where it is one, that a queue item is about:
// a Pipeline that runs queues again for each agent that it wants.
func (q *apiQueueItem) target() (full string, number int) {
	path := q.Task.URL
	if u, err := url.Parse(path); err == nil {
		path = u.EscapedPath()
	}
	i := strings.Index("/"+strings.TrimPrefix(path, "/"), "/job/")
	if i < 0 {
		return "", 0
	}
	full, rest := jobOf(("/" + strings.TrimPrefix(path, "/"))[i:])
	if len(rest) > 0 {
		number, _ = strconv.Atoi(rest[0])
	}
	return full, number
}
