// Package pane is what the panes of the cockpit have in common: the
// environment that they are drawn in, the interface that the model drives them
// by, and the requests that they send up to it.
package pane

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"devops-tui/internal/core"
	"devops-tui/internal/keys"
	"devops-tui/internal/store"
	"devops-tui/internal/text"
	"devops-tui/internal/views/kit"
)

// Backend is the world behind the screen, as far as panes look. The app wires
// it to the sources. Methods with a context may wait; they are called from
// commands only, never from Update or View.
type Backend interface {
	// Want replaces what the sources watch; it does not wait.
	Want(core.Interest)
	// Focus names the objects whose usage is kept at full length.
	Focus([]core.Ref)
	// Wake makes the sources retry and list afresh.
	Wake()
	Abilities(core.Ref) core.Abilities
	// Get reads one object afresh, for those that no list has.
	Get(ctx context.Context, ref core.Ref) (*core.Resource, error)
	Tail(ctx context.Context, req core.LogRequest, sink core.LogSink) error
	Describe(ctx context.Context, ref core.Ref) (core.Document, error)
	Manifest(ctx context.Context, ref core.Ref) (core.Document, error)
	Outline(ctx context.Context, ref core.Ref) (core.Outline, error)
	Explain(ctx context.Context, ref core.Ref) (core.Explanation, error)
	History(ctx context.Context, ref core.Ref) (core.Document, error)
	Diff(ctx context.Context, ref core.Ref) (core.Document, error)
	Events(ctx context.Context, ref core.Ref) ([]core.Event, error)
	// Series returns what the system kept of the object's usage, if it does.
	Series(ctx context.Context, ref core.Ref, since time.Time) ([]core.Series, error)
	// NewLog returns a log buffer whose lines wake the screen.
	NewLog() *store.Log
	// Save writes lines to a file of the user's (mode 0600) and returns its path.
	Save(name string, lines []string) (string, error)
}

// Env is what a pane is drawn in. It is valid for one call only.
type Env struct {
	Snap    *store.Snapshot
	Styles  *kit.Styles
	Keys    *keys.Map
	Now     time.Time // the frame's clock
	Backend Backend
	Scope   Scope
	Reason  func(verb string, r *core.Resource) text.Safe // why a change is not possible now; empty: it is

	out []Request
}

// Scope narrows what the panes show.
type Scope struct {
	Instance  core.Instance // zero: all
	Namespace string        // "": all
	// Repository says that Namespace is a repository or folder of pipelines, not a
	// namespace of a cluster. The one never narrows what has the other: the runs of
	// a service are in sight beside its pods.
	Repository bool
}

// Shows reports whether the scope shows the object, which is of the kind k; nil:
// not known.
func (s Scope) Shows(k *core.Kind, ref core.Ref) bool {
	if s.Instance != (core.Instance{}) && s.Instance != ref.Instance() {
		return false
	}
	return s.Namespace == "" || ref.Namespace == "" || s.Namespace == ref.Namespace || s.Repository != (k != nil && !k.Place.Empty())
}

// Lists reports whether the row belongs into lists and counts of the scope.
func (s Scope) Lists(k *core.Kind, r *core.Resource) bool {
	return !r.Hidden && s.Shows(k, r.Ref) && (r.Twin == nil || !s.Shows(k, *r.Twin))
}

// KeyOf is the key of a command, as it is shown.
func (e *Env) KeyOf(id string) text.Safe {
	if c, ok := e.Keys.Command(id); ok {
		return c.Key()
	}
	return text.Safe{}
}

// Send asks the model for something; it is served when the call returns.
func (e *Env) Send(r Request) { e.out = append(e.out, r) }

// Take returns the requests since the last Take.
func (e *Env) Take() []Request {
	out := e.out
	e.out = nil
	return out
}

// Request is something that only the model can do for a pane.
type Request interface{ request() }

// The requests.
type (
	// Open opens the object page of Ref, at a tab if Tab is not empty.
	Open struct {
		Ref core.Ref
		Tab string
		Row *core.Resource // of an object that no list has; nil: the store knows it
	}
	// OpenURL opens the page of Ref in the system's own web UI.
	OpenURL struct{ Ref core.Ref }
	// OpenLogs shows the logs of Ref in the logs view.
	OpenLogs struct {
		Ref       core.Ref
		Container string
		Previous  bool
	}
	// Notify shows a message above the footer for a while.
	Notify struct {
		Text text.Safe
		Bad  bool
	}
	// CopyText puts text on the clipboard (OSC 52 too, for SSH).
	CopyText struct{ Text, What text.Safe }
	// CopyLines is CopyText for a whole text.
	CopyLines struct {
		Lines []text.Line
		What  text.Safe
	}
	// Change plans a verb for objects. What it asks is asked, unless there is
	// nothing to choose and Hurry is set.
	Change struct {
		Verb  string
		Refs  []core.Ref
		Hurry bool
	}
	// Undo plans the inverse of a change; ID "" is the last one that has any.
	Undo struct{ ID string }
	// BreakGlass asks for the reason, breaks the glass, and plans Then if it
	// names a verb.
	BreakGlass struct{ Then Change }
	// FollowTask shows how a change goes.
	FollowTask struct{ ID string }
	// CloseDialog closes the dialog that is open.
	CloseDialog struct{}
	// ShowText shows a text in a dialog of its own.
	ShowText struct {
		Title  text.Safe
		Syntax string
		Lines  []text.Line
	}
	// Choose opens a menu; the chosen item's Do is called with the environment.
	Choose struct {
		Title text.Safe
		Items []Item
	}
)

// Item is one line of a menu.
type Item struct {
	Title, Detail text.Safe
	Key           text.Safe
	Search        string    // more words that find it, raw
	Disabled      text.Safe // why it cannot be chosen; empty: it can
	Do            func(*Env) tea.Cmd
}

func (Open) request()        {}
func (OpenLogs) request()    {}
func (OpenURL) request()     {}
func (Notify) request()      {}
func (CopyText) request()    {}
func (CopyLines) request()   {}
func (Change) request()      {}
func (Choose) request()      {}
func (Undo) request()        {}
func (BreakGlass) request()  {}
func (CloseDialog) request() {}
func (FollowTask) request()  {}
func (ShowText) request()    {}

// Pane is one rectangle of the cockpit. Panes are plain structs on the model's
// goroutine; they never wait.
type Pane interface {
	// Refresh takes a new snapshot (or new lines); it marks itself for drawing
	// only if something that it shows changed.
	Refresh(*Env)
	// Head is what the frame around the pane says.
	Head(*Env) Head
	// Draw returns exactly w x h cells, without frame. While nothing changed it
	// returns the very same block.
	Draw(e *Env, w, h int, focused bool) kit.Block
	// Contexts are the key contexts that apply, innermost first, without Global.
	Contexts() []keys.Context
	// Command carries out a command of one of its contexts; false: not its own.
	Command(*Env, keys.Command) (tea.Cmd, bool)
	// Typing reports that keys are text now; they go to Key.
	Typing() bool
	Key(*Env, tea.KeyPressMsg) tea.Cmd
	// Paste takes pasted text while typing.
	Paste(*Env, string)
	// Message takes the reply of a command that the pane returned.
	Message(*Env, tea.Msg) tea.Cmd
	// Mouse takes a click or a wheel turn at x, y of the pane's own rectangle.
	Mouse(e *Env, m tea.MouseMsg, x, y int) tea.Cmd
	// Subject is the object that the pane is about; zero: none.
	Subject() core.Ref
	// Interest adds the kinds and objects that the pane shows.
	Interest(*Want)
	// Close ends what the pane has running.
	Close()
}

// Head is the title line and the bottom line of a pane's frame.
type Head struct {
	Title  text.Safe
	Info   []kit.Span // after the title
	Right  []kit.Span // at the right end of the title line
	Bottom []kit.Span // at the right end of the bottom line
}

// Follower is a pane that shows the subject of another one.
type Follower interface {
	Pane
	// Follow turns to another subject; the model calls it when the selection
	// has settled.
	Follow(e *Env, ref core.Ref) tea.Cmd
}

// Loader is a pane that fetches what it shows while it is on screen.
type Loader interface {
	// Wake starts a fetch if there is need for one.
	Wake(*Env) tea.Cmd
}

// Want collects the interest of the panes on screen.
type Want struct {
	Kinds   map[string]bool
	Usage   bool
	Shown   map[core.Ref]bool // rows in sight of kinds that are Polled
	UsageOf map[core.Ref]bool
	Focus   map[core.Ref]bool
}

// NewWant returns an empty collection.
func NewWant() *Want {
	return &Want{Kinds: map[string]bool{}, Shown: map[core.Ref]bool{}, UsageOf: map[core.Ref]bool{}, Focus: map[core.Ref]bool{}}
}

// Kind adds kinds.
func (w *Want) Kind(kinds ...string) {
	for _, k := range kinds {
		w.Kinds[k] = true
	}
}

// Base gives panes the parts of the interface that most of them do not need.
type Base struct{}

// Typing is false.
func (Base) Typing() bool { return false }

// Key does nothing.
func (Base) Key(*Env, tea.KeyPressMsg) tea.Cmd { return nil }

// Paste does nothing.
func (Base) Paste(*Env, string) {}

// Message does nothing.
func (Base) Message(*Env, tea.Msg) tea.Cmd { return nil }

// Mouse does nothing.
func (Base) Mouse(*Env, tea.MouseMsg, int, int) tea.Cmd { return nil }

// Close does nothing.
func (Base) Close() {}

// Interest adds nothing.
func (Base) Interest(*Want) {}
