package actions

import (
	"slices"
	"sync"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// The most of a program's output that is kept for one target.
const (
	OutputLines = 2000
	outputBytes = 4 << 20
)

// output is the last lines that a change said.
type output struct {
	mu    sync.Mutex
	lines []text.Line // oldest first, after the first start ones
	start int
	bytes int
}

// add takes a line and drops the oldest beyond the bounds.
func (o *output) add(l text.Line) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.lines = append(o.lines, l)
	o.bytes += len(l.String())
	for len(o.lines)-o.start > OutputLines || o.bytes > outputBytes && len(o.lines)-o.start > 1 {
		o.bytes -= len(o.lines[o.start].String())
		o.lines[o.start] = text.Line{}
		o.start++
	}
	if o.start >= OutputLines { // rarely, so that a line costs no copy of all
		o.lines = slices.Clone(o.lines[o.start:])
		o.start = 0
	}
}

func (o *output) last() []text.Line {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.lines[o.start:])
}

// Output is the last 2,000 lines that a target of a task said while it was
// changed, oldest first; TaskTarget.Lines counts them all. nil: there is none.
func (e *Engine) Output(id string, target int) []text.Line {
	e.mu.Lock()
	t := e.find(id)
	e.mu.Unlock()
	if t == nil || target < 0 || target >= len(t.out) {
		return nil
	}
	return t.out[target].last()
}

// listener is the core.Output of one target.
type listener struct {
	e *Engine
	t *task
	i int
}

// Progress implements core.Output.
func (l listener) Progress(p core.Progress) {
	l.e.update(l.t, func(x *Task) { x.Targets[l.i].Progress = p })
}

// Line implements core.Output.
func (l listener) Line(line text.Line) {
	l.t.out[l.i].add(line)
	l.e.update(l.t, func(x *Task) { x.Targets[l.i].Lines++ })
}
