package object

import (
	"context"
	"errors"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"devops-tui/internal/core"
	"devops-tui/internal/store"
	"devops-tui/internal/text"
	"devops-tui/internal/views/kit"
	"devops-tui/internal/views/pane"
)

// How often the outline of what goes on is asked for: while it is in sight, when
// an answer did not come, and at the soonest after its object changed.
const (
	outlineEvery = 3 * time.Second
	outlineRetry = 10 * time.Second
	outlineSoon  = time.Second
)

// story is what an object page tells of a run, an application, a rollout: why
// it failed, and what it is made of, live. It asks only while it is in sight.
type story struct {
	ref      core.Ref
	of       core.Ref // whose outline is asked: the object, or the run that a job is part of
	outlines bool
	explains bool
	row      *core.Resource // as of the last Refresh

	outline core.Outline
	got     bool
	err     *core.Problem
	epoch   int // of the question that is under way
	busy    bool
	due     bool // an answer would be new
	asked   time.Time
	cancel  context.CancelFunc

	why     *core.Explanation
	whyErr  *core.Problem
	whyOf   stateKey // the state that it explains
	whyBusy bool
	whyEnd  context.CancelFunc

	moved  bool            // by the user: until then the cursor is on the first line
	folds  map[string]bool // what the user folded or opened, by the node's key
	lines  []storyLine
	cursor int
	at     string // key of the line under the cursor
	offset int
	above  int // rows of what is said above the lines
	h      int // rows for lines at the last drawing

	dirty bool
	drawn storyKey
	block kit.Block
}

// stateKey is a state of a run that is explained once.
type stateKey struct {
	uid     string
	phase   core.Phase
	changed int64
	reason  text.Safe
}

func keyOf(r *core.Resource) stateKey { return stateKey{r.Ref.UID, r.Phase, r.Changed, r.Reason} }

type (
	outlineMsg struct {
		of    *story
		epoch int
		o     core.Outline
		err   error
	}
	explainMsg struct {
		of    *story
		state stateKey
		x     core.Explanation
		err   error
	}
	dueMsg struct {
		of    *story
		epoch int
	}
)

// newStory returns nil for kinds that have nothing to tell.
func newStory(ref core.Ref, kind *core.Kind, can core.Abilities) *story {
	if kind == nil {
		return nil
	}
	s := &story{ref: ref, outlines: kind.Outline && can.Outline, explains: kind.Explains && can.Explain, folds: map[string]bool{}, due: true, dirty: true}
	if s.outlines {
		s.of = ref
	}
	if !s.outlines && !s.explains {
		return nil
	}
	return s
}

// adopt lets a job be told by the outline of the run that it is part of: no
// list has it, and its state is known from there alone.
func (s *story) adopt(run core.Ref) {
	if s.of.IsZero() && !run.IsZero() {
		s.of = run
	}
}

// refresh takes the object's newest row.
func (s *story) refresh(r *core.Resource) {
	if r == nil || r == s.row {
		return
	}
	if s.row != nil {
		s.due = true
	}
	s.row, s.dirty = r, true
	if s.why != nil { // which is not so any more, or again
		s.build()
	}
}

// wake asks what is to be asked; the model calls it while the page is in sight.
func (s *story) wake(e *pane.Env) tea.Cmd {
	return tea.Batch(s.askOutline(e), s.askWhy(e))
}

func (s *story) askOutline(e *pane.Env) tea.Cmd {
	if s.of.IsZero() || !s.due || s.busy {
		return nil
	}
	if wait := outlineSoon - e.Now.Sub(s.asked); s.got && wait > 0 {
		s.due = false
		return s.later(wait)
	}
	s.due, s.busy, s.asked = false, true, e.Now
	s.epoch++
	epoch, ref, back := s.epoch, s.of, e.Backend
	ctx, cancel := context.WithTimeout(context.Background(), loadLimit)
	s.cancel = cancel
	return func() tea.Msg {
		defer cancel()
		o, err := back.Outline(ctx, ref)
		return outlineMsg{s, epoch, o, err}
	}
}

// later makes the outline due again. Whether it is asked for then the next
// wake decides: not while nobody looks.
func (s *story) later(d time.Duration) tea.Cmd {
	epoch := s.epoch
	return tea.Tick(d, func(time.Time) tea.Msg { return dueMsg{s, epoch} })
}

func (s *story) askWhy(e *pane.Env) tea.Cmd {
	r := s.row
	if !s.explains || s.whyBusy || r == nil || !r.Phase.IsProblem() || s.whyOf == keyOf(r) {
		return nil
	}
	state := keyOf(r)
	s.whyOf, s.whyBusy, s.whyErr, s.dirty = state, true, nil, true
	ref, back := s.ref, e.Backend
	ctx, cancel := context.WithTimeout(context.Background(), loadLimit)
	s.whyEnd = cancel
	return func() tea.Msg {
		defer cancel()
		x, err := back.Explain(ctx, ref)
		return explainMsg{s, state, x, err}
	}
}

// message takes an answer.
func (s *story) message(msg tea.Msg) tea.Cmd {
	switch m := msg.(type) {
	case dueMsg:
		if m.of == s && m.epoch == s.epoch {
			s.due = true
		}
	case outlineMsg:
		if m.of != s || m.epoch != s.epoch {
			return nil
		}
		s.busy, s.dirty = false, true
		if m.err != nil {
			s.err = problemOf(m.err)
			return s.later(outlineRetry)
		}
		s.err, s.got, s.outline = nil, true, m.o
		s.build()
		if !m.o.Done {
			return s.later(outlineEvery)
		}
	case explainMsg:
		if m.of != s || m.state != s.whyOf {
			return nil
		}
		s.whyBusy, s.dirty = false, true
		if m.err != nil {
			s.whyErr = problemOf(m.err)
		} else {
			s.why = &m.x
		}
		s.build()
	}
	return nil
}

func problemOf(err error) *core.Problem {
	var p *core.Problem
	if errors.As(err, &p) {
		return p
	}
	return &core.Problem{Summary: text.Error(err)}
}

// ended reports whether nothing of the outline goes on any more, as far as it is
// known.
func (s *story) ended() bool { return s.got && s.outline.Done }

// again asks everything afresh.
func (s *story) again() {
	s.due, s.whyOf = true, stateKey{}
}

// pause gives up what is under way: its answer is dropped. What comes back to
// the page asks anew.
func (s *story) pause() {
	s.close()
	s.epoch++
	if s.whyBusy {
		s.whyBusy, s.whyOf = false, stateKey{}
	}
	s.busy, s.due = false, s.due || !s.outline.Done
}

func (s *story) close() {
	if s.cancel != nil {
		s.cancel()
	}
	if s.whyEnd != nil {
		s.whyEnd()
	}
}

// rowOf is the row of an object that only the outline knows.
func (s *story) rowOf(ref core.Ref) *core.Resource {
	for i := range s.outline.Nodes {
		if n := &s.outline.Nodes[i]; n.Row != nil && n.Ref == ref {
			return n.Row
		}
	}
	return nil
}

// nodes are those that the page shows: of a job, what its run's outline has
// below it.
func (s *story) nodes() (nodes []core.Node, base int) {
	all := s.outline.Nodes
	if s.of == s.ref {
		return all, 0
	}
	for i := range all {
		if all[i].Ref != s.ref {
			continue
		}
		end := i + 1
		for end < len(all) && all[end].Depth > all[i].Depth {
			end++
		}
		return all[i+1 : end], all[i].Depth + 1
	}
	return nil, 0
}

// runOf is the run that a job is part of, by its name; zero if none is listed.
func runOf(n *store.Snapshot, job core.Ref) core.Ref {
	t := n.Table(store.Key{Instance: job.Instance(), Kind: "run"})
	if t == nil {
		return core.Ref{}
	}
	for _, r := range t.Rows {
		if r.Ref.Namespace == job.Namespace && strings.HasPrefix(job.Name, r.Ref.Name+"/") {
			return r.Ref
		}
	}
	return core.Ref{}
}
