package actions

import (
	"context"
	"slices"
	"sync"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// Step is where one target of a task is.
type Step uint8

// The steps, in order.
const (
	Queued    Step = iota
	Checking       // is it still the object that was planned
	Sending        // the intent is in the journal, the request is on its way
	Verifying      // following until it is healthy
	Serving        // a session or a port-forward goes on until it is ended
	Finished
)

// String is the step's name in JSON.
func (s Step) String() string {
	return [...]string{"queued", "checking", "sending", "verifying", "serving", "finished"}[s]
}

// Task is a change that was started: a copy as it is now.
type Task struct {
	ID          string // the proposal's
	Verb        Verb
	Title       text.Safe // "restart deployment/payments/api", "restart 12 objects"
	Environment text.Safe
	Started     time.Time
	Ended       time.Time // zero while it runs
	Targets     []TaskTarget
	// Outcome is the worst of the targets; OutcomeUnknown while it runs.
	Outcome core.Outcome
	// UndoOf is the id of the change that this one takes back; "" if none.
	UndoOf string
	// Stopped: the user stopped waiting; the change itself was not taken back.
	Stopped bool
}

// Done reports whether the task has ended.
func (t Task) Done() bool { return !t.Ended.IsZero() }

// Undoable reports whether Undo can plan an inverse.
func (t Task) Undoable() bool {
	return t.Done() && slices.ContainsFunc(t.Targets, func(x TaskTarget) bool { return x.Undoable })
}

// Problem is the first problem of the targets; nil if there is none.
func (t Task) Problem() *core.Problem {
	for _, x := range t.Targets {
		if x.Problem != nil {
			return x.Problem
		}
	}
	return nil
}

// Conflicted reports whether a target was replaced or changed between preview
// and sending: nothing was sent for it; plan again and show it.
func (t Task) Conflicted() bool {
	return slices.ContainsFunc(t.Targets, func(x TaskTarget) bool {
		return x.Problem != nil && x.Problem.Kind == core.Conflict
	})
}

// TaskTarget is one object of a task.
type TaskTarget struct {
	Ref      core.Ref
	Step     Step
	Progress core.Progress // the last one
	Lines    int           // of output so far; Output has the last of them
	Exit     int           // exit code of the program of a session
	Outcome  core.Outcome  // valid when Finished
	Problem  *core.Problem // why the outcome is not healthy; nil if it is
	Journal  *core.Problem // the outcome could not be recorded; the intent was
	Undoable bool
}

// task is a running or ended one; guarded by Engine.mu.
type task struct {
	t        Task
	p        *Proposal
	by       string
	out      []*output
	term     *core.Terminal // of a session
	stop     context.CancelFunc
	done     chan struct{}
	progress func(Task)
	order    sync.Mutex // progress sees the updates in their order
}

// keepTasks is how many ended tasks stay in the list.
const keepTasks = 50

// Tasks are the changes of this session, newest first. Of the ended ones the
// last 50 are kept.
func (e *Engine) Tasks() []Task {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := make([]Task, 0, len(e.tasks))
	for _, t := range slices.Backward(e.tasks) {
		out = append(out, e.copy(t))
	}
	return out
}

// Task finds one by its id.
func (e *Engine) Task(id string) (Task, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if t := e.find(id); t != nil {
		return e.copy(t), true
	}
	return Task{}, false
}

// Running counts the tasks that have not ended: quitting asks when there are any.
func (e *Engine) Running() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := 0
	for _, t := range e.tasks {
		if !t.t.Done() {
			n++
		}
	}
	return n
}

// StopWaiting ends the following of a task; its outcome becomes unknown where
// it is not known yet. What was sent stays sent. False: there is no such
// running task.
func (e *Engine) StopWaiting(id string) bool {
	e.mu.Lock()
	t := e.find(id)
	if t == nil || t.t.Done() {
		e.mu.Unlock()
		return false
	}
	t.t.Stopped = true
	e.mu.Unlock()
	t.stop()
	return true
}

// Wait returns the task when it has ended, or as it is when ctx ends.
func (e *Engine) Wait(ctx context.Context, id string) (Task, bool) {
	e.mu.Lock()
	t := e.find(id)
	e.mu.Unlock()
	if t == nil {
		return Task{}, false
	}
	select {
	case <-t.done:
	case <-ctx.Done():
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.copy(t), true
}

// Subscribe calls changed, on a goroutine of its own, after tasks have
// changed. Changes while it runs become one more call, so a slow callee delays
// nobody. cancel, or Close of the engine, ends it.
func (e *Engine) Subscribe(changed func()) (cancel func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return func() {}
	}
	e.nextID++
	id, c := e.nextID, make(chan struct{}, 1)
	e.subs[id] = c
	core.Go("actions: subscriber", func() {
		for range c {
			changed()
		}
	})
	return func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		if c, ok := e.subs[id]; ok {
			close(c)
			delete(e.subs, id)
		}
	}
}

func (e *Engine) find(id string) *task {
	for _, t := range e.tasks {
		if t.t.ID == id {
			return t
		}
	}
	return nil
}

func (e *Engine) copy(t *task) Task {
	c := t.t
	c.Targets = slices.Clone(c.Targets)
	for i := range c.Targets {
		if e.undone[t.p.recordID(i)] {
			c.Targets[i].Undoable = false
		}
	}
	return c
}

// update changes a task and tells everyone.
func (e *Engine) update(t *task, f func(*Task)) {
	t.order.Lock()
	defer t.order.Unlock()
	e.mu.Lock()
	f(&t.t)
	e.notify()
	if t.progress == nil {
		e.mu.Unlock()
		return
	}
	c := e.copy(t)
	e.mu.Unlock()
	t.progress(c)
}

// notify tells the subscribers; under Engine.mu.
func (e *Engine) notify() {
	for _, s := range e.subs {
		select {
		case s <- struct{}{}:
		default: // one is waiting already
		}
	}
}

func (e *Engine) wake() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.notify()
}

// add lists a new task and drops the oldest ended ones.
func (e *Engine) add(t *task) {
	e.tasks = append(e.tasks, t)
	ended := 0
	for _, x := range e.tasks {
		if x.t.Done() {
			ended++
		}
	}
	e.tasks = slices.DeleteFunc(e.tasks, func(x *task) bool {
		if x.t.Done() && ended > keepTasks {
			ended--
			return true
		}
		return false
	})
}
