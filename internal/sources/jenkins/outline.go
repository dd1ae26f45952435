package jenkins

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"devops-tui/internal/ci"
	"devops-tui/internal/core"
	"devops-tui/internal/rest"
	"devops-tui/internal/text"
)

// describe reads a run with its stages.
func (s *Source) describe(ctx context.Context, t target) (*apiRun, error) {
	var d apiRun
	_, err := s.getJSON(ctx, below(t.full, strconv.Itoa(t.number), "wfapi", "describe"), nil, &d)
	return &d, err
}

// stageNames are the names of the stages in refs: unique, the second of a name
// with #2.
func stageNames(stages []apiStage) []string {
	taken := map[string]int{}
	out := make([]string, len(stages))
	for i := range stages {
		name := stages[i].Name
		if name == "" {
			name = "node " + stages[i].ID
		}
		taken[name]++
		if n := taken[name]; n > 1 {
			name += " #" + strconv.Itoa(n)
		}
		out[i] = name
	}
	return out
}

// stageTitle is how the console calls a stage, and which of that name it is.
func stageTitle(name string, stages []apiStage) (title string, nth int) {
	names := stageNames(stages)
	if i := slices.Index(names, name); i >= 0 {
		title = stages[i].Name
		for k := range i + 1 {
			if stages[k].Name == title {
				nth++
			}
		}
		return title, nth
	}
	if i := strings.LastIndex(name, " #"); i > 0 {
		if n, err := strconv.Atoi(name[i+2:]); err == nil && n > 1 {
			return name[:i], n
		}
	}
	return name, 1
}

// stagePhase is a stage's status in common words.
func stagePhase(status string) core.Phase {
	switch status {
	case "SUCCESS", "ABORTED", "NOT_EXECUTED", "SKIPPED":
		return core.Succeeded
	case "FAILED":
		return core.Failed
	case "UNSTABLE":
		return core.Degraded
	case "IN_PROGRESS", "PAUSED_PENDING_INPUT", "QUEUED":
		return core.Pending
	}
	return core.Unknown
}

// Outline implements sources.Outliner: the stages of a build, by the plugin
// Pipeline: REST API; without it, by the marks of the console.
func (s *Source) Outline(ctx context.Context, ref core.Ref) (core.Outline, error) {
	ctx = urgently(ctx)
	t, ok := parse(ref)
	if !ok || ref.Kind != ci.KindRun {
		return core.Outline{}, notFound(ref)
	}
	if t.queue > 0 {
		_, q, err := s.readItem(ctx, ref, t)
		if err != nil {
			return core.Outline{}, err
		}
		return core.Outline{Note: text.Sprintf("it waits in the queue: %s", q.Why)}, nil
	}
	j, err := s.jobFor(ctx, t.full)
	if err != nil {
		return core.Outline{}, missing(ref, err)
	}
	s.mu.Lock()
	served := s.hasStages()
	s.mu.Unlock()
	if j.isPipeline() && served {
		d, err := s.describe(ctx, t)
		switch {
		case err == nil:
			return s.stagesOutline(ctx, j, ref, t, d)
		case rest.StatusOf(err) != http.StatusNotFound:
			return core.Outline{}, err
		}
	}
	return s.consoleOutline(ctx, j, ref, t)
}

func (s *Source) stagesOutline(ctx context.Context, j *job, ref core.Ref, t target, d *apiRun) (core.Outline, error) {
	o := core.Outline{Done: d.over()}
	names := stageNames(d.Stages)
	var waits []text.Safe
	if d.Status == "PAUSED_PENDING_INPUT" {
		inputs, err := s.readInputs(ctx, t.full, t.number)
		if err != nil && rest.StatusOf(err) != http.StatusNotFound {
			return o, err
		}
		for i := range inputs {
			waits = append(waits, gateWords(&inputs[i]))
		}
		if len(waits) > 0 {
			o.Note = text.Sprintf("waits for an answer: %s", waits[0])
		}
	}
	run := ref
	if run.UID == "" {
		run.UID = buildUID(t.number, d.Start)
	}
	for i := range d.Stages {
		x := &d.Stages[i]
		c := ci.Job{
			Ref: s.ref(ci.KindJob, ref.Namespace, j.name+"/"+strconv.Itoa(t.number)+"/"+names[i], x.ID), Run: run, System: ID,
			Title: x.Name, Runner: x.Node, Phase: stagePhase(x.Status), Reason: text.Clean(strings.ToLower(x.Status)),
			URL: s.pageOf(t.full, t.number), Created: fromMillis(x.Start), Started: fromMillis(x.Start), Seen: s.serverTime(), Rev: x.Status,
		}
		if c.Title == "" {
			c.Title = names[i]
		}
		if c.Phase != core.Pending && x.Start > 0 {
			c.Ended = fromMillis(x.Start + x.Duration)
		}
		if x.Error != nil {
			c.Message = text.Clean(x.Error.Message)
		}
		if x.Status == "PAUSED_PENDING_INPUT" && len(waits) > 0 {
			c.Message, c.Waits = waits[0], waits
		}
		o.Nodes = append(o.Nodes, c.Node(0))
	}
	if len(o.Nodes) == 0 {
		o.Note = text.Lit("it has no stages yet")
		if o.Done {
			o.Note = text.Lit("its Pipeline has no stages")
		}
	}
	return o, nil
}

// marks are the stages that a console names, read as far as next.
type marks struct {
	next   int64
	reader *ci.LogReader
	nodes  []core.Node
	open   []int // of nodes
	used   time.Time
}

const (
	keptMarks = 8
	mostNodes = 500
)

// consoleOutline is the outline of a build whose stages nobody serves.
func (s *Source) consoleOutline(ctx context.Context, j *job, ref core.Ref, t target) (core.Outline, error) {
	r, _, err := s.readRun(ctx, ref, t)
	if err != nil {
		return core.Outline{}, err
	}
	top := core.Node{Title: text.Lit("console"), Phase: r.Phase, Reason: r.Reason, Message: r.Message, Started: r.Started.UnixNano()}
	if r.Finished() {
		top.Ended = r.Ended.UnixNano()
	}
	o := core.Outline{Done: r.Finished(), Nodes: []core.Node{top}}
	if !j.isPipeline() {
		o.Note = text.Lit("a job of this kind has no stages")
		return o, nil
	}
	o.Note = text.Lit("by the console's marks: without the plugin Pipeline: REST API, Jenkins tells neither the state of a stage nor what waits for an answer")
	nodes, err := s.readMarks(ctx, r, t)
	if err != nil {
		return core.Outline{}, missing(ref, err)
	}
	for i := range nodes {
		n := &nodes[i]
		if n.Phase == core.Pending && r.Finished() { // where the console ended
			n.Phase, n.Reason = r.Phase, r.Reason
		}
		n.Depth++
	}
	o.Nodes = append(o.Nodes, nodes...)
	return o, nil
}

// readMarks reads what has come of a console since the last time.
func (s *Source) readMarks(ctx context.Context, r ci.Run, t target) ([]core.Node, error) {
	key := r.Ref.Path() + "\x00" + r.Ref.UID
	s.mu.Lock()
	m := s.marks[key]
	delete(s.marks, key) // whoever reads has it alone
	s.mu.Unlock()
	if m == nil {
		m = &marks{reader: ci.NewLogReader(ci.Jenkins)}
	}
	p, err := s.progressive(ctx, t.full, t.number, m.next, consoleWhole)
	if err != nil {
		return nil, err
	}
	if p.from < m.next {
		m = &marks{reader: ci.NewLogReader(ci.Jenkins)}
	}
	m.next, m.used = p.next, s.now()
	m.take(m.reader.Feed(p.data))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.marks[key] = m
	for len(s.marks) > keptMarks {
		oldest := ""
		for k, x := range s.marks {
			if oldest == "" || x.used.Before(s.marks[oldest].used) {
				oldest = k
			}
		}
		delete(s.marks, oldest)
	}
	return slices.Clone(m.nodes), nil
}

func (m *marks) take(lines []core.Line) {
	for _, l := range lines {
		switch l.Group {
		case core.GroupOpen:
			if len(m.nodes) == mostNodes {
				m.open = append(m.open, -1)
				continue
			}
			m.open = append(m.open, len(m.nodes))
			m.nodes = append(m.nodes, core.Node{Depth: len(m.open) - 1, Title: text.Clean(l.Text.String()), Phase: core.Pending, Reason: text.Lit("in_progress"), Started: l.Time})
		case core.GroupClose:
			if n := len(m.open); n > 0 {
				if i := m.open[n-1]; i >= 0 {
					m.nodes[i].Phase, m.nodes[i].Reason, m.nodes[i].Ended = core.Unknown, text.Lit("ended"), l.Time
				}
				m.open = m.open[:n-1]
			}
		}
	}
}
