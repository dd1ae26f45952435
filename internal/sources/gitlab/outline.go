package gitlab

import (
	"context"
	"net/url"
	"strconv"
	"strings"

	"devops-tui/internal/ci"
	"devops-tui/internal/core"
	"devops-tui/internal/rest"
	"devops-tui/internal/text"
)

const (
	// deepest is how far child pipelines are followed.
	deepest = 3
	// mostChildren are followed in one outline.
	mostChildren = 12
)

// Outline implements sources.Outliner: stages, their jobs, and the pipelines that
// they started. Jobs that were retried are below the one that counts.
func (s *Source) Outline(ctx context.Context, ref core.Ref) (core.Outline, error) {
	if ref.Kind != ci.KindRun {
		return core.Outline{}, unsupported(ref.Kind, "outline")
	}
	id, err := runID(ref)
	if err != nil {
		return core.Outline{}, err
	}
	b := &outliner{s: s, left: mostChildren}
	status, err := b.pipeline(ctx, ref.Namespace, id, 0)
	if err != nil {
		return core.Outline{}, err
	}
	out := core.Outline{Nodes: b.nodes, Done: isOver(status) && !b.open}
	switch {
	case !b.note.Empty():
		out.Note = b.note
	case len(b.nodes) == 0:
		out.Note = text.Lit("it has no jobs")
	case b.left < 0:
		out.Note = text.Sprintf("only the first %d child pipelines are shown", mostChildren)
	}
	return out, nil
}

type outliner struct {
	s     *Source
	nodes []core.Node
	left  int  // child pipelines that may still be followed
	open  bool // something below goes on
	note  text.Safe
}

// pipeline appends the nodes of a pipeline and returns its status.
func (b *outliner) pipeline(ctx context.Context, path string, id, depth int) (string, error) {
	s := b.s
	jobs, _, err := s.jobsOf(ctx, path, id, true, true)
	if rest.StatusOf(err) == 404 {
		return "", s.gone(err, text.Sprintf("pipeline %d", id), path)
	}
	if err != nil {
		return "", err
	}
	var state string
	if len(jobs) > 0 {
		state = jobs[0].Pipeline.Status
	}
	if state == "" { // it has no jobs, or the server does not tell
		p, err := s.fresh(ctx, path, id)
		if err != nil {
			return "", err
		}
		state = p.Status
		if p.YAMLErrors != "" && depth == 0 {
			b.note = text.Sprintf("its configuration is not valid: %s", p.YAMLErrors)
		}
	}
	blocked := s.blocked(ctx, path, jobs)
	name := strconv.Itoa(id)
	run := s.ref(ci.KindRun, path, name, name)
	all := attempts(jobs)
	var stages []string
	of := map[string][]attempted{}
	for _, a := range all {
		if of[a.Stage] == nil {
			stages = append(stages, a.Stage)
		}
		of[a.Stage] = append(of[a.Stage], a)
	}
	for _, stage := range stages {
		at := len(b.nodes)
		b.nodes = append(b.nodes, core.Node{Depth: depth, Title: text.Clean(stage)})
		for _, a := range of[stage] {
			if a.attempt == 0 {
				b.job(ctx, path, id, run, &a, of[stage], depth+1, blocked)
			}
		}
		b.nodes[at].Phase, b.nodes[at].Started, b.nodes[at].Ended = sum(b.nodes[at+1:], depth+1)
		b.nodes[at].Reason = leftOut(b.nodes[at+1:], depth+1)
	}
	return state, nil
}

// job appends a job, its earlier attempts and what it started.
func (b *outliner) job(ctx context.Context, path string, id int, run core.Ref, a *attempted, stage []attempted, depth int, blocked map[int]apiDeployment) {
	s := b.s
	j := s.jobOf(path, run, s.jobRef(path, id, &a.apiJob, 0), &a.apiJob, a.of, blocked)
	n := j.Node(depth)
	if !n.Row.Ref.IsZero() && a.bridge {
		n.Row = nil // it has no log, and no verb of its own
	}
	info := []text.Safe{n.Info}
	if j.Environment != "" {
		info = append(info, text.Sprintf("to %s", j.Environment))
	}
	if a.AllowFailure && a.Status == "failed" {
		info = append(info, text.Lit("may fail"))
	}
	if a.of > 1 {
		info = append(info, text.Sprintf("attempt %d", a.of))
	}
	if n.Info.Empty() {
		info = info[1:]
	}
	n.Info = text.Join(text.Lit(" · "), info...)
	if n.Message.Empty() && len(j.Waits) > 0 {
		n.Message = text.Sprintf("waits: %s", text.Join(text.Lit(", "), j.Waits...))
	}
	at := len(b.nodes)
	b.nodes = append(b.nodes, n)
	for _, old := range stage {
		if old.Name == a.Name && old.attempt > 0 {
			o := s.jobOf(path, run, s.jobRef(path, id, &old.apiJob, old.attempt), &old.apiJob, old.attempt, nil).Node(depth + 1)
			o.Info = text.Sprintf("attempt %d, retried", old.attempt)
			if old.bridge {
				o.Row = nil
			}
			b.nodes, b.nodes[at].Closed = append(b.nodes, o), true
		}
	}
	d := a.Downstream
	if !a.bridge || d == nil {
		return
	}
	child := s.downstream(path, a.Pipeline.ProjectID, d)
	if child == "" {
		return
	}
	// The bridge's line stands for the pipeline that it started.
	name := strconv.Itoa(d.ID)
	b.nodes[at].Ref = s.ref(ci.KindRun, child, name, name)
	b.nodes[at].Row = s.runOf(&repository{path: child}, &pipeline{p: *d}).Resource()
	b.nodes[at].Info = text.Sprintf("pipeline %s #%d", child, d.ID)
	b.nodes[at].Closed = isOver(d.Status) && d.Status != "failed"
	if !isOver(d.Status) {
		b.open = true
	}
	if depth/2 >= deepest {
		return
	}
	if b.left--; b.left < 0 {
		return
	}
	if _, err := b.pipeline(ctx, child, d.ID, depth+1); err != nil {
		b.nodes = append(b.nodes, core.Node{Depth: depth + 1, Title: s.Problem(err).Summary, Phase: core.Unknown})
	}
}

// downstream is the path of the project of a pipeline that a bridge started.
func (s *Source) downstream(path string, projectID int, d *apiPipeline) string {
	if d.ProjectID == projectID && projectID != 0 {
		return path
	}
	u, err := url.Parse(d.WebURL)
	if err != nil {
		return ""
	}
	p, _, ok := strings.Cut(strings.TrimPrefix(u.Path, s.server.base.Path), "/-/")
	if p = strings.Trim(p, "/"); !ok || !strings.Contains(p, "/") {
		return ""
	}
	return p
}

// sum is how a stage stands by its jobs.
func sum(nodes []core.Node, depth int) (phase core.Phase, started, ended int64) {
	best, first := -1, true
	over := true
	for i := range nodes {
		n := &nodes[i]
		if n.Depth != depth {
			continue
		}
		if t := n.Phase.Trouble(); t > best || first {
			best, phase = t, n.Phase
		}
		first = false
		if n.Started != 0 && (started == 0 || n.Started < started) {
			started = n.Started
		}
		ended = max(ended, n.Ended)
		over = over && n.Phase != core.Pending
	}
	if !over {
		ended = 0
	}
	return phase, started, ended
}

// leftOut is the word for a stage none of whose jobs did anything: it was skipped,
// which is no success.
func leftOut(nodes []core.Node, depth int) (word text.Safe) {
	for i := range nodes {
		n := &nodes[i]
		switch {
		case n.Depth != depth:
		case n.Phase != core.Succeeded || n.Reason.String() != "skipped":
			return text.Safe{}
		default:
			word = n.Reason
		}
	}
	return word
}
