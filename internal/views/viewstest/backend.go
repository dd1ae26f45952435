package viewstest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/store"
	"devops-tui/internal/text"
	"devops-tui/internal/views/pane"
)

// Backend does as a world behind the screen does, at once, and counts.
type Backend struct {
	w *World

	mu    sync.Mutex
	wants []core.Interest
	focus []core.Ref
	tails []core.LogRequest
	open  int
	wakes int
	saved map[string][]string

	outlines, explains, gets []core.Ref

	// Can replaces what objects can do; nil: everything.
	Can func(core.Ref) core.Abilities
	// OutlineOf and ExplainOf answer for runs and the like; nil: as the world has it.
	OutlineOf func(core.Ref) core.Outline
	ExplainOf func(core.Ref) core.Explanation
	// GetOf answers for objects that no list has; nil: runs that went well.
	GetOf func(core.Ref) (*core.Resource, error)
	// Lines replaces the lines of a log; nil: 60 lines of a service.
	Lines func(core.LogRequest) []core.Line
	// Fail, if not nil, is what documents, events and logs end with.
	Fail *core.Problem
}

var _ pane.Backend = (*Backend)(nil)

func newBackend(w *World) *Backend { return &Backend{w: w, saved: map[string][]string{}} }

// Want notes the interest.
func (b *Backend) Want(i core.Interest) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.wants = append(b.wants, i)
}

// Focus notes the objects.
func (b *Backend) Focus(refs []core.Ref) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.focus = refs
}

// Wake counts.
func (b *Backend) Wake() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.wakes++
}

// Wanted is the interest told last.
func (b *Backend) Wanted() core.Interest {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.wants) == 0 {
		return core.Interest{}
	}
	return b.wants[len(b.wants)-1]
}

// Wants is how often the interest was told.
func (b *Backend) Wants() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.wants)
}

// Focused are the objects in focus.
func (b *Backend) Focused() []core.Ref {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.focus
}

// Tails are the logs that were opened, in order; open is how many still are.
func (b *Backend) Tails() (all []core.LogRequest, open int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]core.LogRequest(nil), b.tails...), b.open
}

// Wakes is how often a fresh look was asked for.
func (b *Backend) Wakes() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.wakes
}

// Saved are the files that were written.
func (b *Backend) Saved() map[string][]string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.saved
}

// Abilities says what the object can do.
func (b *Backend) Abilities(ref core.Ref) core.Abilities {
	if b.Can != nil {
		return b.Can(ref)
	}
	return core.Abilities{Logs: true, Events: true, Manifest: true, Describe: true, Outline: true, Explain: true, History: true, Diff: true}
}

// Tail writes the lines and, if the log is followed, stays until ctx ends.
func (b *Backend) Tail(ctx context.Context, req core.LogRequest, sink core.LogSink) error {
	b.mu.Lock()
	b.tails = append(b.tails, req)
	b.open++
	b.mu.Unlock()
	defer func() {
		b.mu.Lock()
		b.open--
		b.mu.Unlock()
	}()
	if b.Fail != nil {
		return b.Fail
	}
	lines := b.Lines
	if lines == nil {
		lines = b.w.service
		if req.Ref.Source == GitHub.Source {
			lines = b.w.ciLog
		}
	}
	sink.Lines(lines(req))
	if req.Follow {
		<-ctx.Done()
	}
	return nil
}

// service is a log as services write it.
func (w *World) service(req core.LogRequest) []core.Line {
	origins := []*core.Origin{{Ref: req.Ref, Container: w.raw("container", "app"), Label: w.safe("label", req.Ref.Name+"/app")}}
	if req.Ref.Kind != "pod" && req.Ref.Kind != "container" && req.Ref.Kind != "run" {
		origins = append(origins, &core.Origin{Ref: req.Ref, Container: w.raw("container", "sidecar"), Label: w.safe("label", req.Ref.Name+"/sidecar")})
	}
	says := []struct {
		level core.Level
		text  string
	}{
		{core.LevelInfo, `level=info msg="request" path=/v1/pay status=200 ms=%d`},
		{core.LevelDebug, `level=debug msg="pool" size=200 idle=%d`},
		{core.LevelWarn, `level=warn msg="slow query" ms=%d`},
		{core.LevelError, "\x1b[31mERR\x1b[0m dial tcp 10.0.3.7:5432: connection refused (try %d)"},
		{core.LevelInfo, `{"level":"info","msg":"retrying","in":"4s","attempt":%d}`},
	}
	from := time.Now().Add(-5 * time.Minute)
	out := make([]core.Line, 0, 60)
	for n := range 60 {
		s := says[n%len(says)]
		l := core.Line{
			Time: from.Add(time.Duration(n) * 5 * time.Second).UnixNano(), Seq: uint64(n + 1), Origin: origins[n%len(origins)], Level: s.level,
			Text: text.CleanLine(w.raw("log", fmt.Sprintf(s.text, n))),
		}
		if s.level >= core.LevelWarn {
			l.Stream = core.Stderr
		}
		out = append(out, l)
	}
	return out
}

func (b *Backend) document(title text.Safe, syntax, body string) (core.Document, error) {
	if b.Fail != nil {
		return core.Document{}, b.Fail
	}
	var lines []text.Line
	for _, l := range strings.Split(body, "\n") {
		lines = append(lines, text.CleanLine(b.w.raw("document", l)))
	}
	return core.Document{Title: title, Syntax: syntax, Lines: lines}, nil
}

// Describe returns some words.
func (b *Backend) Describe(_ context.Context, ref core.Ref) (core.Document, error) {
	return b.document(text.Lit("Describe"), "", "Name:       "+ref.Name+"\nNamespace:  "+ref.Namespace+"\nNode:       node-b/10.0.0.2\nStatus:     Running\nConditions:\n  Ready      False  containers with unready status: [app]\n  Scheduled  True")
}

// Manifest returns a definition longer than a screen.
func (b *Backend) Manifest(_ context.Context, ref core.Ref) (core.Document, error) {
	var s strings.Builder
	s.WriteString("apiVersion: v1\nkind: " + ref.Kind + "\nmetadata:\n  name: " + ref.Name + "\n  labels:\n    app: \"api\" # the service\nspec:\n  containers:\n")
	for n := range 40 {
		_, _ = fmt.Fprintf(&s, "  - name: app-%d\n    image: registry/app:2.%d\n    ready: %t\n", n, n, n%2 == 0)
	}
	return b.document(text.Lit("Manifest"), "yaml", strings.TrimSuffix(s.String(), "\n"))
}

// Events returns what happened.
func (b *Backend) Events(_ context.Context, ref core.Ref) ([]core.Event, error) {
	if b.Fail != nil {
		return nil, b.Fail
	}
	event := func(before time.Duration, count int, warning bool, reason, message string) core.Event {
		return core.Event{At: ago(before), Count: count, Warning: warning, Reason: b.w.safe("reason", reason), Message: b.w.safe("message", message), From: b.w.safe("from", "kubelet"), Ref: ref}
	}
	return []core.Event{
		event(40*time.Second, 31, true, "BackOff", "Back-off restarting failed container app in pod"),
		event(4*time.Minute, 5, false, "Pulled", "Container image already present on machine"),
		event(9*time.Minute, 1, false, "Scheduled", "Successfully assigned to node-b"),
	}, nil
}

// NewLog returns a buffer of the store.
func (b *Backend) NewLog() *store.Log { return b.w.Store.NewLog(0, 0) }

// Save keeps the lines.
func (b *Backend) Save(name string, lines []string) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.saved[name] = lines
	return "/home/kim/" + name, nil
}

// Series returns nothing: these systems keep no history.
func (b *Backend) Series(context.Context, core.Ref, time.Time) ([]core.Series, error) {
	return nil, nil
}

// Outline returns what OutlineOf says.
func (b *Backend) Outline(_ context.Context, ref core.Ref) (core.Outline, error) {
	b.mu.Lock()
	b.outlines = append(b.outlines, ref)
	b.mu.Unlock()
	switch {
	case b.Fail != nil:
		return core.Outline{}, b.Fail
	case b.OutlineOf == nil:
		return b.w.outline(ref), nil
	}
	return b.OutlineOf(ref), nil
}

// Explain returns what ExplainOf says.
func (b *Backend) Explain(_ context.Context, ref core.Ref) (core.Explanation, error) {
	b.mu.Lock()
	b.explains = append(b.explains, ref)
	b.mu.Unlock()
	switch {
	case b.Fail != nil:
		return core.Explanation{}, b.Fail
	case b.ExplainOf == nil:
		return b.w.explain(ref), nil
	}
	return b.ExplainOf(ref), nil
}

// Get returns the row that a list has, else what GetOf says.
func (b *Backend) Get(_ context.Context, ref core.Ref) (*core.Resource, error) {
	b.mu.Lock()
	b.gets = append(b.gets, ref)
	b.mu.Unlock()
	if b.Fail != nil {
		return nil, b.Fail
	}
	if r := b.w.Store.Snapshot().Find(ref); r != nil {
		return r, nil
	}
	if b.GetOf != nil {
		return b.GetOf(ref)
	}
	return b.w.oldRun(ref), nil
}

// Gets are the objects that were read one by one, in order.
func (b *Backend) Gets() []core.Ref {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]core.Ref(nil), b.gets...)
}

// Outlines and Explains are the objects whose outlines and explanations were
// asked for, in order.
func (b *Backend) Outlines() []core.Ref {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]core.Ref(nil), b.outlines...)
}

// Explains are the objects whose explanations were asked for, in order.
func (b *Backend) Explains() []core.Ref {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]core.Ref(nil), b.explains...)
}

// History returns some words.
func (b *Backend) History(_ context.Context, _ core.Ref) (core.Document, error) {
	return b.document(text.Lit("History"), "", "12  9f3c2e1  kim   pool size 200  3m\n11  77aa001  alex  bump pgx       3d")
}

// Diff returns a difference.
func (b *Backend) Diff(_ context.Context, _ core.Ref) (core.Document, error) {
	return b.document(text.Lit("Diff"), "diff", "--- live\n+++ desired\n-  replicas: 3\n+  replicas: 4")
}
