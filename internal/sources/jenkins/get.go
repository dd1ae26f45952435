package jenkins

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"devops-tui/internal/ci"
	"devops-tui/internal/core"
	"devops-tui/internal/rest"
	"devops-tui/internal/text"
)

// target is what a ref stands for.
type target struct {
	full   string // the job's full name
	number int    // of a build; 0: none
	queue  int64  // of a queue item; 0: none
	stage  string // of a build's stage, with " #2" where the name is taken
}

func numberOf(runName string) int {
	_, after, _ := strings.Cut(runName, "/")
	n, _ := strconv.Atoi(after)
	return n
}

// parse reads a ref of this source.
func parse(ref core.Ref) (target, bool) {
	t := target{}
	if ref.Kind == ci.KindWorkflow {
		t.full = join(ref.Namespace, ref.Name)
		return t, ref.Name != ""
	}
	parts := strings.SplitN(ref.Name, "/", 3)
	if len(parts) < 2 || parts[0] == "" {
		return t, false
	}
	t.full = join(ref.Namespace, parts[0])
	if id, ok := strings.CutPrefix(parts[1], "queue-"); ok {
		t.queue, _ = strconv.ParseInt(id, 10, 64)
	} else {
		t.number, _ = strconv.Atoi(parts[1])
	}
	if len(parts) == 3 {
		t.stage = parts[2]
	}
	switch ref.Kind {
	case ci.KindRun:
		return t, t.stage == "" && (t.number > 0 || t.queue > 0)
	case ci.KindJob:
		return t, t.stage != "" && t.number > 0
	}
	return t, false
}

// missing makes NotFound of a 404.
func missing(ref core.Ref, err error) error {
	if rest.StatusOf(err) == http.StatusNotFound {
		return notFound(ref)
	}
	return err
}

// jobFor is what is known of a job, read from the controller where the watch
// has not seen it. It is a copy.
func (s *Source) jobFor(ctx context.Context, full string) (*job, error) {
	s.mu.Lock()
	if j := s.jobs[full]; j != nil {
		c := *j
		c.runs = nil
		s.mu.Unlock()
		return &c, nil
	}
	s.mu.Unlock()
	var it apiItem
	if _, err := s.get(ctx, below(full), "_class,name,displayName,color,buildable,jobs[name],lastBuild["+lastTree+"]", &it); err != nil {
		return nil, err
	}
	ns, name := split(full)
	if it.isFolder() {
		return nil, &core.Problem{Kind: core.NotFound, Summary: text.Sprintf("%s is a folder of Jenkins, not a job", full)}
	}
	project := ""
	if ns != "" {
		var up apiItem
		if _, err := s.get(ctx, below(ns), "_class,name,displayName", &up); err == nil {
			project = projectOf(&up)
		}
	}
	it.Name = name
	return jobFrom(&it, full, ns, project), nil
}

// readBuild reads one build; a UID that the ref has must be the build's.
func (s *Source) readBuild(ctx context.Context, ref core.Ref, t target) (*job, *apiBuild, error) {
	if t.number <= 0 {
		return nil, nil, notFound(ref)
	}
	var b apiBuild
	if _, err := s.get(ctx, below(t.full, strconv.Itoa(t.number)), "_class,"+buildTree, &b); err != nil {
		return nil, nil, missing(ref, err)
	}
	j, err := s.jobFor(ctx, t.full)
	if err != nil {
		return nil, nil, missing(ref, err)
	}
	if ref.UID != "" && ref.Kind == ci.KindRun && ref.UID != b.uid() {
		return nil, nil, replaced(ref)
	}
	return j, &b, nil
}

// readItem reads a queue item of the ref's job.
func (s *Source) readItem(ctx context.Context, ref core.Ref, t target) (*job, *apiQueueItem, error) {
	var q apiQueueItem
	_, err := s.get(ctx, []string{"queue", "item", strconv.FormatInt(t.queue, 10)}, "id,why,inQueueSince,cancelled,task[name,url],executable[number],actions["+causeTree+","+paramTree+"]", &q)
	if err != nil {
		return nil, nil, missing(ref, err)
	}
	if full, _ := q.target(); full != t.full {
		return nil, nil, notFound(ref)
	}
	switch {
	case q.Executable != nil:
		return nil, nil, &core.Problem{
			Kind: core.NotFound, Summary: text.Sprintf("%s has left the queue: it is build %d now", text.Clean(ref.Path()), q.Executable.Number),
			Hint: text.Sprintf("look at run/%s/%d", t.full, q.Executable.Number),
		}
	case q.Cancelled:
		return nil, nil, &core.Problem{Kind: core.NotFound, Summary: text.Sprintf("%s was taken out of the queue", text.Clean(ref.Path()))}
	}
	j, err := s.jobFor(ctx, t.full)
	if err != nil {
		return nil, nil, missing(ref, err)
	}
	return j, &q, nil
}

// Get implements sources.Getter.
func (s *Source) Get(ctx context.Context, ref core.Ref) (*core.Resource, error) {
	ctx = urgently(ctx)
	t, ok := parse(ref)
	if !ok {
		return nil, notFound(ref)
	}
	switch {
	case ref.Kind == ci.KindWorkflow:
		j, err := s.readWorkflow(ctx, ref, t)
		if err != nil {
			return nil, err
		}
		return s.workflowOf(j).Resource(), nil
	case t.queue > 0:
		j, q, err := s.readItem(ctx, ref, t)
		if err != nil {
			return nil, err
		}
		return s.item(j, q).Resource(), nil
	case ref.Kind == ci.KindJob:
		return s.getStage(ctx, ref, t)
	}
	r, _, err := s.readRun(ctx, ref, t)
	if err != nil {
		return nil, err
	}
	return r.Resource(), nil
}

// readRun reads a build as its row, with what the watch knows besides.
func (s *Source) readRun(ctx context.Context, ref core.Ref, t target) (ci.Run, *job, error) {
	j, b, err := s.readBuild(ctx, ref, t)
	if err != nil {
		return ci.Run{}, nil, err
	}
	r := s.run(j, b)
	if r.Phase == core.Pending {
		r.Seen = s.serverTime()
	}
	s.mu.Lock()
	if known := s.jobs[t.full]; known != nil {
		if old, ok := known.runs[t.number]; ok && old.Ref == r.Ref {
			r.Stage, r.Past = old.Stage, old.Past
			if r.Phase == core.Pending {
				r.Waits, r.Message, r.Reason = old.Waits, old.Message, old.Reason
			}
		}
	}
	s.mu.Unlock()
	return r, j, nil
}

// readWorkflow reads a job afresh.
func (s *Source) readWorkflow(ctx context.Context, ref core.Ref, t target) (*job, error) {
	var it apiItem
	if _, err := s.get(ctx, below(t.full), "_class,name,displayName,color,buildable,jobs[name],lastBuild["+lastTree+"]", &it); err != nil {
		return nil, missing(ref, err)
	}
	if it.isFolder() {
		return nil, notFound(ref)
	}
	j, err := s.jobFor(ctx, t.full)
	if err != nil {
		return nil, missing(ref, err)
	}
	if it.Buildable != nil {
		j.buildable = *it.Buildable
	}
	j.last = summary{}
	if it.Last != nil {
		j.last = *it.Last
	}
	return j, nil
}

// getStage reads a stage of a build.
func (s *Source) getStage(ctx context.Context, ref core.Ref, t target) (*core.Resource, error) {
	o, err := s.Outline(ctx, s.runRef(ref.Namespace, t))
	if err != nil {
		return nil, missing(ref, err)
	}
	for _, n := range o.Nodes {
		if n.Ref.Kind == ci.KindJob && n.Ref.Name == ref.Name && n.Row != nil {
			if ref.UID != "" && ref.UID != n.Ref.UID {
				return nil, replaced(ref)
			}
			return n.Row, nil
		}
	}
	return nil, notFound(ref)
}

// runRef is the run of a stage, without a UID.
func (s *Source) runRef(ns string, t target) core.Ref {
	_, name := split(t.full)
	return s.ref(ci.KindRun, ns, name+"/"+strconv.Itoa(t.number), "")
}

// Find implements sources.Finder: runs that are older than those listed, and
// stages. Names are as Jenkins has them; a branch may also be given as Git has
// it.
func (s *Source) Find(ctx context.Context, kind, path string) (core.Ref, error) {
	ctx = urgently(ctx)
	parts := strings.Split(path, "/")
	asked := s.ref(kind, "", path, "")
	switch kind {
	case ci.KindWorkflow:
		return s.found(ctx, kind, parts, nil, asked)
	case ci.KindRun:
		if len(parts) < 2 {
			return core.Ref{}, notFound(asked)
		}
		return s.found(ctx, kind, parts[:len(parts)-1], parts[len(parts)-1:], asked)
	case ci.KindJob:
		at := slices.IndexFunc(parts, func(p string) bool { n, err := strconv.Atoi(p); return err == nil && n > 0 })
		if at < 1 || at == len(parts)-1 {
			return core.Ref{}, notFound(asked)
		}
		return s.found(ctx, kind, parts[:at], parts[at:], asked)
	}
	return core.Ref{}, notFound(asked)
}

// found tries the names as they are, and the last two as a branch with a slash.
func (s *Source) found(ctx context.Context, kind string, names, rest []string, asked core.Ref) (core.Ref, error) {
	try := [][]string{names}
	for n := 1; n < len(names); n++ {
		joined := strings.Join(names[n:], "%2F")
		try = append(try, append(slices.Clone(names[:n]), joined))
	}
	for _, names := range try {
		ns := strings.Join(names[:len(names)-1], "/")
		ref := s.ref(kind, ns, strings.Join(append([]string{names[len(names)-1]}, rest...), "/"), "")
		r, err := s.Get(ctx, ref)
		if err == nil {
			return r.Ref, nil
		}
		if p := s.Problem(err); p.Kind != core.NotFound {
			return core.Ref{}, p
		}
	}
	return core.Ref{}, notFound(asked)
}
