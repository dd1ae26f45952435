// Package tasks is the page of what runs now, port-forwards included, and of
// what was changed: the journal.
package tasks

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"devops-tui/internal/actions"
	"devops-tui/internal/actions/journal"
	"devops-tui/internal/core"
	"devops-tui/internal/keys"
	"devops-tui/internal/text"
	"devops-tui/internal/views/kit"
	"devops-tui/internal/views/pane"
	"devops-tui/themes"
)

// keepRecords is how much of the journal is listed; the command line has all.
const keepRecords = 4000

// Audit is what a check of the journal found.
type Audit struct {
	OK      bool
	Records int
	Says    text.Safe // what is wrong, with the first bad line; empty: nothing
}

// Pane lists tasks and journal.
type Pane struct {
	pane.Base
	engine *actions.Engine
	audit  func() Audit

	running []actions.Task
	entries []entry
	shown   []int // of entries, as the filter lets them
	err     *core.Problem
	checked *Audit

	ended   int // tasks of this session that had ended at the last load
	loaded  bool
	loading bool
	epoch   int

	at     int // selected row: running first, then shown entries
	top    int
	rows   int
	search pane.Search
}

type loadedMsg struct {
	pane    *Pane
	epoch   int
	records []journal.Record
	err     error
	audit   *Audit
}

// New makes the page. audit checks the journal; nil: it cannot be checked.
func New(engine *actions.Engine, audit func() Audit) *Pane {
	return &Pane{engine: engine, audit: audit}
}

// Refresh takes the tasks as they are now.
func (p *Pane) Refresh(*pane.Env) {
	if p.engine == nil {
		return
	}
	selected := p.selected()
	p.running = p.running[:0]
	ended := 0
	for _, t := range p.engine.Tasks() {
		if t.Done() {
			ended++
		} else {
			p.running = append(p.running, t)
		}
	}
	if ended != p.ended {
		p.ended, p.loaded = ended, false
	}
	p.reselect(selected)
}

// Wake loads the journal when there is need; it reads files.
func (p *Pane) Wake(*pane.Env) tea.Cmd {
	if p.loaded || p.loading || p.engine == nil {
		return nil
	}
	p.loading = true
	p.epoch++
	epoch, engine, audit := p.epoch, p.engine, p.audit
	return func() tea.Msg {
		m := loadedMsg{pane: p, epoch: epoch}
		m.records, m.err = engine.History(journal.Filter{Last: keepRecords})
		if audit != nil && m.err == nil {
			a := audit()
			m.audit = &a
		}
		return m
	}
}

// Message takes the journal.
func (p *Pane) Message(_ *pane.Env, msg tea.Msg) tea.Cmd {
	m, ok := msg.(loadedMsg)
	if !ok || m.pane != p || m.epoch != p.epoch {
		return nil
	}
	selected := p.selected()
	p.loading, p.loaded, p.err = false, true, nil
	if m.err != nil {
		p.err = &core.Problem{Summary: text.Error(m.err)}
		return nil
	}
	p.entries, p.checked = entries(m.records), m.audit
	p.narrow()
	p.reselect(selected)
	return nil
}

// narrow applies the filter.
func (p *Pane) narrow() {
	p.shown = p.shown[:0]
	for i := range p.entries {
		if p.search.Query.Empty() || p.search.Query.MatchText(p.entries[i].words()) {
			p.shown = append(p.shown, i)
		}
	}
	p.clamp()
}

func (p *Pane) count() int { return len(p.running) + len(p.shown) }

func (p *Pane) clamp() { p.at = max(min(p.at, p.count()-1), 0) }

// current is what is selected: a running task or an entry; both nil: nothing.
func (p *Pane) current() (*actions.Task, *entry) {
	switch n := len(p.running); {
	case p.at < n:
		return &p.running[p.at], nil
	case p.at-n < len(p.shown):
		return nil, &p.entries[p.shown[p.at-n]]
	}
	return nil, nil
}

// selected names the selected row, to find it again.
func (p *Pane) selected() string {
	t, e := p.current()
	switch {
	case t != nil:
		return "task " + t.ID
	case e != nil && p.at > len(p.running): // the first row stays the first
		return "entry " + e.first.ID + e.first.Event
	}
	return ""
}

func (p *Pane) reselect(name string) {
	p.clamp()
	if name == "" || p.selected() == name {
		return
	}
	was := p.at
	for i := range p.count() {
		if p.at = i; p.selected() == name {
			return
		}
	}
	p.at = was
	p.clamp()
}

// Contexts of the page.
func (p *Pane) Contexts() []keys.Context {
	if p.search.Typing() {
		return []keys.Context{keys.Prompt}
	}
	return []keys.Context{keys.TaskList}
}

// Subject is none: what is listed here may be long gone.
func (*Pane) Subject() core.Ref { return core.Ref{} }

// UndoID is the change that undo is about here: the selected one.
func (p *Pane) UndoID() (id string, why text.Safe) {
	t, e := p.current()
	switch {
	case t != nil:
		return "", text.Sprintf("undo: %s has not ended yet", t.Title)
	case e == nil:
		return "", text.Safe{}
	case e.first.Event != journal.Intent:
		return "", text.Sprintf("undo: %s is no change", e.verb())
	}
	return e.first.ID, text.Safe{}
}

// Head says how much there is, and whether the journal holds.
func (p *Pane) Head(e *pane.Env) pane.Head {
	h := pane.Head{Title: text.Lit("Changes & tasks")}
	if n := len(p.running); n > 0 {
		h.Info = []kit.Span{{Tok: themes.Pending, Text: text.Sprintf("%d running", n)}}
	}
	if tag, ok := p.search.Tag(); ok {
		h.Right = append(h.Right, kit.Span{Tok: themes.Accent, Text: text.Sprintf("%s  ", tag)})
	}
	if a := p.checked; a != nil {
		switch gl := e.Styles.Glyphs; {
		case a.OK:
			h.Right = append(h.Right, kit.Span{Tok: themes.OK, Text: text.Sprintf("%s chain verified", gl.Phase[core.Succeeded].Safe())})
		default:
			h.Right = append(h.Right, kit.Span{Tok: themes.Failed, Text: text.Sprintf("%s journal broken: %s", gl.Phase[core.Failed].Safe(), a.Says)})
		}
	}
	if n := p.count(); n > 0 {
		h.Bottom = []kit.Span{{Tok: themes.Muted, Text: text.Sprintf("%d/%d", min(p.at+1, n), n)}}
	}
	return h
}

// Command carries out a command of the page.
func (p *Pane) Command(e *pane.Env, c keys.Command) (tea.Cmd, bool) {
	if pane.Move(c.ID, mover{p}, 0) {
		return nil, true
	}
	t, x := p.current()
	switch c.ID {
	case keys.Filter:
		p.search.Open(text.Lit("who, verb, object, environment, outcome"))
	case keys.Back:
		if p.search.Query.Empty() {
			return nil, false
		}
		p.search.Set("")
		p.narrow()
	case keys.Refresh:
		p.loaded = false
		return nil, false
	case keys.Open:
		p.open(e, t, x)
	case keys.TaskStop:
		p.stop(e, t)
	case keys.Copy:
		if x != nil && x.first.Plan != nil && x.first.Plan.Command != "" {
			e.Send(pane.CopyText{Text: text.CleanLong(x.first.Plan.Command), What: text.Lit("command")})
		} else {
			e.Send(pane.Notify{Text: text.Lit("no command to copy here")})
		}
	default:
		return nil, false
	}
	return nil, true
}

func (p *Pane) open(e *pane.Env, t *actions.Task, x *entry) {
	switch {
	case t != nil:
		e.Send(pane.FollowTask{ID: t.ID})
	case x != nil:
		e.Send(pane.ShowText{Title: text.Sprintf("Record %d · %s", int(x.first.Seq), x.verb()), Syntax: "diff", Lines: x.lines()})
	}
}

// stop ends a forward, or the waiting for a change.
func (p *Pane) stop(e *pane.Env, t *actions.Task) {
	switch {
	case t == nil:
		e.Send(pane.Notify{Text: text.Lit("it has ended already")})
	case p.engine.StopWaiting(t.ID):
		says := text.Sprintf("%s: nobody waits for it any more; what was sent stays sent", t.Title)
		if t.Verb.ID == core.VerbForward {
			says = text.Sprintf("%s: ended", t.Title)
		}
		e.Send(pane.Notify{Text: says})
	}
}

// mover moves the selection where a text would scroll.
type mover struct{ p *Pane }

func (m mover) Scroll(n int)   { m.p.at += n; m.p.clamp() }
func (m mover) Page(n int)     { m.Scroll(n * max(m.p.rows-1, 1)) }
func (m mover) HalfPage(n int) { m.Scroll(n * max(m.p.rows/2, 1)) }
func (m mover) Home()          { m.p.at = 0 }
func (m mover) End()           { m.p.at = m.p.count(); m.p.clamp() }
func (mover) Pan(int)          {}

// Typing reports an open prompt.
func (p *Pane) Typing() bool { return p.search.Typing() }

// Key edits the filter; the list follows each key.
func (p *Pane) Key(_ *pane.Env, k tea.KeyPressMsg) tea.Cmd {
	if changed, _ := p.search.Key(k); changed {
		p.narrow()
	}
	return nil
}

// Paste goes into the open prompt.
func (p *Pane) Paste(_ *pane.Env, s string) {
	if p.search.Paste(s) {
		p.narrow()
	}
}

// Mouse selects and scrolls.
func (p *Pane) Mouse(_ *pane.Env, ev tea.MouseMsg, _, y int) tea.Cmd {
	switch ev := ev.(type) {
	case tea.MouseWheelMsg:
		by := 3
		if ev.Button == tea.MouseWheelUp {
			by = -3
		}
		mover{p}.Scroll(by)
	case tea.MouseClickMsg:
		if i := p.rowAt(y); i >= 0 {
			p.at = i
		}
	}
	return nil
}

// age is how long a task has been running, in the coarsest unit that is true.
func age(t actions.Task, now time.Time) text.Safe {
	d := now.Sub(t.Started)
	if d < time.Minute {
		return text.Lit("<1m")
	}
	return text.Age(d)
}
