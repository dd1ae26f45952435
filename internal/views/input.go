package views

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"devops-tui/internal/core"
	"devops-tui/internal/keys"
	"devops-tui/internal/text"
	"devops-tui/internal/views/dialog"
	"devops-tui/internal/views/logs"
	"devops-tui/internal/views/metrics"
	"devops-tui/internal/views/pane"
	"devops-tui/internal/views/tasks"
)

// key routes one key press: to the dialog, to a prompt, or to the command that
// it stands for here.
func (m *Model) key(k tea.KeyPressMsg) tea.Cmd {
	s := k.String()
	if s == "ctrl+c" {
		return m.interrupt(k)
	}
	if d := m.dialog; d != nil {
		closed, cmd := d.Key(&m.env, k)
		if closed && m.dialog == d { // it may have opened the next one
			m.closeDialog()
		}
		return cmd
	}
	f := m.top().focused()
	if f.Typing() {
		return f.Key(&m.env, k)
	}
	ctxs := m.contexts()
	if m.keyBuf != "" {
		s = m.keyBuf + " " + s
		m.keyBuf = ""
	}
	c, ok := m.o.Keys.Lookup(ctxs, s)
	if !ok && m.o.Keys.Prefix(ctxs, s) {
		m.keyBuf = s
		return nil
	}
	if !ok {
		if len(s) == 1 {
			return m.notify(pane.Notify{Text: text.Sprintf("%s does nothing here · ? shows the keys", text.Clean(s))})
		}
		return nil
	}
	return m.command(c)
}

func (m *Model) contexts() []keys.Context {
	ctxs := m.top().focused().Contexts()
	if m.top().focused().Typing() {
		return ctxs
	}
	if len(m.top().tabs) > 0 {
		ctxs = append(append([]keys.Context(nil), ctxs...), keys.Object)
	}
	return append(append([]keys.Context(nil), ctxs...), keys.Global)
}

// interrupt is ctrl+c: it closes what is open; twice within 2 s it quits. It
// never reaches a remote job.
func (m *Model) interrupt(k tea.KeyPressMsg) tea.Cmd {
	if m.env.Now.Sub(m.quitArmed) < quitWindow {
		return m.quit(true)
	}
	m.quitArmed = m.env.Now
	if d := m.dialog; d != nil {
		_, cmd := d.Key(&m.env, k) // it may have something to put in order first
		if m.dialog == d {
			m.closeDialog()
		}
		return cmd
	}
	if f := m.top().focused(); f.Typing() {
		return f.Key(&m.env, k)
	}
	return m.notify(pane.Notify{Text: text.Lit("ctrl+c again quits")})
}

// quit leaves the cockpit. While something runs it asks first, and says what.
func (m *Model) quit(force bool) tea.Cmd {
	n := m.running()
	if n == 0 || force {
		return tea.Quit
	}
	items := []pane.Item{
		{Title: text.Lit("stay"), Do: func(*pane.Env) tea.Cmd { return nil }},
		{Title: text.Lit("quit"), Detail: text.Lit("ends forwards and the waiting, not what was sent"), Do: func(*pane.Env) tea.Cmd { return tea.Quit }},
	}
	for _, t := range m.o.Engine.Tasks() {
		if !t.Done() {
			items = append(items, pane.Item{Title: t.Title, Disabled: tasks.State(t)})
		}
	}
	title := text.Sprintf("%d are still running", n)
	if n == 1 {
		title = text.Lit("1 is still running")
	}
	m.open(dialog.NewMenu(title, items, false))
	return nil
}

func (m *Model) running() int {
	if m.o.Engine == nil {
		return 0
	}
	return m.o.Engine.Running()
}

func (m *Model) open(d dialog.Dialog) {
	m.closeDialog()
	m.dialog = d
	m.frame = nil
}

func (m *Model) closeDialog() {
	if m.dialog != nil {
		m.dialog.Close()
		m.dialog = nil
		m.frame = nil
	}
}

func (m *Model) paste(s string) tea.Cmd {
	switch f := m.top().focused(); {
	case m.dialog != nil:
		return m.dialog.Paste(&m.env, s)
	case f.Typing():
		f.Paste(&m.env, s)
	}
	return nil
}

// command carries out a command: first the focused pane's, then the page's and
// the program's.
func (m *Model) command(c keys.Command) tea.Cmd {
	if !c.Exists() {
		return m.notify(pane.Notify{Text: c.Notice()})
	}
	if c.Changes {
		return m.change(c.Verb)
	}
	if cmd, ok := m.top().focused().Command(&m.env, c); ok {
		if c.ID == keys.Pin && m.top().followers() { // what is pinned no more turns to the selection
			return tea.Batch(cmd, m.follow())
		}
		return cmd
	}
	if name, ok := strings.CutPrefix(c.ID, keys.ViewID("")); ok {
		return m.goTo(name)
	}
	p := m.top()
	switch c.ID {
	case keys.Back:
		return m.back()
	case keys.Quit:
		return m.quit(false)
	case keys.FocusNext:
		m.focusStep(1, false)
	case keys.FocusPrev:
		m.focusStep(-1, false)
	case keys.TabNext:
		m.focusStep(1, true)
	case keys.TabPrev:
		m.focusStep(-1, true)
	case keys.Zoom:
		p.zoom = !p.zoom
	case keys.HistoryBack:
		if len(m.trail) > 1 {
			m.pop()
		}
	case keys.HistoryNext:
		if n := len(m.ahead); n > 0 {
			next := m.ahead[n-1]
			m.ahead = m.ahead[:n-1]
			m.trail = append(m.trail, next)
			m.entered()
		}
	case keys.Pin:
		m.pin()
		if m.top().followers() {
			return m.follow()
		}
	case keys.OpenPalette:
		m.openPalette()
	case keys.Scope:
		m.openScope()
	case keys.Problems:
		m.toggleProblems()
	case keys.Refresh:
		m.o.Backend.Wake()
		return m.notify(pane.Notify{Text: text.Lit("asked all sources afresh")})
	case keys.Redraw:
		m.frame = nil
		return tea.ClearScreen
	case keys.Suspend:
		return tea.Suspend
	case keys.Help:
		m.open(dialog.NewHelp(m.o.Keys, m.contexts(), m.verbReason))
	case keys.Actions:
		m.openActions()
	case keys.Shell:
		return m.opens(core.VerbShell)
	case keys.PortForward:
		return m.opens(core.VerbForward)
	case keys.Diff:
		return m.diff()
	case keys.OpenURL:
		return m.openURL(m.objectOf())
	case keys.Tasks, keys.Journal:
		return m.goTo(viewTasks)
	case keys.BreakGlass:
		return m.askGlass(pane.Change{})
	case keys.EndGlass:
		return m.endGlass()
	case keys.ViewLogs, keys.ViewPrevious, keys.Describe, keys.Manifest, keys.Events, keys.Metrics:
		return m.look(c.ID)
	case keys.Copy:
		m.env.Send(pane.CopyText{Text: text.Clean(m.objectOf().String()), What: text.Lit("reference")})
	default:
		return m.notify(pane.Notify{Text: text.Sprintf("%s: not here", c.Title)})
	}
	return nil
}

// verbReason says why a verb is not possible for the subject now.
func (m *Model) verbReason(verb string) text.Safe {
	r := m.row(m.objectOf())
	if r == nil {
		return text.Lit("nothing is selected")
	}
	return m.reason(verb, r)
}

// objectOf is the object that a look or a change is about.
func (m *Model) objectOf() core.Ref {
	p := m.top()
	if s := p.subject(); !s.IsZero() {
		return s
	}
	return m.pageObject()
}

// pageObject is what the page on screen is about, whatever part of it is
// selected; zero: it is no object page.
func (m *Model) pageObject() core.Ref {
	if o, ok := m.top().slots[0].pane.(interface{ Object() core.Ref }); ok {
		return o.Object()
	}
	return core.Ref{}
}

// look opens what a look key asks for of the object of the page.
func (m *Model) look(what string) tea.Cmd {
	ref := m.objectOf()
	if ref.IsZero() {
		return m.notify(pane.Notify{Text: text.Lit("nothing is selected")})
	}
	switch what {
	case keys.ViewLogs:
		m.env.Send(pane.OpenLogs{Ref: ref})
	case keys.ViewPrevious:
		m.env.Send(pane.OpenLogs{Ref: ref, Previous: true})
	default:
		m.env.Send(pane.Open{Ref: ref, Tab: what})
	}
	return nil
}

func (m *Model) focusStep(by int, tabsOnly bool) {
	p := m.top()
	if tabsOnly && p.grid && len(p.shown(m.w, m.h-chrome)) == len(p.slots) {
		by = 0 // all panes are there: no tabs
	}
	p.setFocus(&m.env, p.focus+by)
}

func (m *Model) pin() {
	for _, s := range m.top().slots {
		if f, ok := s.pane.(pane.Follower); ok {
			f.Command(&m.env, keys.Command{ID: keys.Pin})
		}
	}
}

// troubled is a pane that can show problems only.
type troubled interface {
	SetProblems(e *pane.Env, on bool)
}

func (m *Model) toggleProblems() {
	m.problems = !m.problems
	for _, p := range m.pages {
		for _, s := range p.slots {
			if l, ok := s.pane.(troubled); ok {
				l.SetProblems(&m.env, m.problems)
			}
		}
	}
}

// goTo opens a numbered view; going to the view that is on screen changes nothing.
func (m *Model) goTo(name string) tea.Cmd {
	p := m.page(name)
	if p == nil {
		return m.notify(pane.Notify{Text: text.Sprintf("there is no view %s", name)})
	}
	subject := m.objectOf()
	m.push(p)
	switch f := p.focused().(type) {
	case *logs.Pane:
		if f.Subject().IsZero() && !subject.IsZero() {
			return f.Follow(&m.env, subject)
		}
	case *metrics.Pane:
		if !subject.IsZero() {
			f.Show(&m.env, subject)
		}
	}
	return nil
}

// push shows a page; esc leads back from it to exactly where one was.
func (m *Model) push(p *page) {
	if m.top() == p {
		return
	}
	for i, t := range m.trail { // a page stands in the trail once
		if t == p {
			m.trail = append(m.trail[:i:i], m.trail[i+1:]...)
			break
		}
	}
	m.trail = append(m.trail, p)
	m.ahead = nil
	m.entered()
}

func (m *Model) pop() {
	n := len(m.trail)
	left := m.trail[n-1]
	m.ahead = append(m.ahead, left)
	m.trail = m.trail[:n-1]
	left.rest()
	m.entered()
}

// entered brings the page on screen up to date.
func (m *Model) entered() {
	p := m.top()
	p.focused()
	p.refresh(&m.env)
	if p.followers() { // the selection may have moved on without them
		m.subject = core.Ref{}
	}
	for i := range p.slots {
		if l, ok := p.slots[i].pane.(troubled); ok {
			l.SetProblems(&m.env, m.problems)
		}
	}
	m.forget()
}

// maxObjectPages bounds how many object pages are kept with their state.
const maxObjectPages = 24

// forget closes object pages that nothing leads to any more.
func (m *Model) forget() {
	if len(m.pages) <= maxObjectPages {
		return
	}
	reachable := map[*page]bool{}
	for _, p := range append(append([]*page(nil), m.trail...), m.ahead...) {
		reachable[p] = true
	}
	for id, p := range m.pages {
		if strings.HasPrefix(id, "object:") && !reachable[p] {
			p.close()
			delete(m.pages, id)
		}
	}
}

// back is esc and q: unzoom, then the page before; at the root q quits.
func (m *Model) back() tea.Cmd {
	p := m.top()
	switch {
	case p.zoom:
		p.zoom = false
	case len(m.trail) > 1:
		m.pop()
	default:
		if m.env.Now.Sub(m.quitArmed) < quitWindow {
			return m.quit(false)
		}
		m.quitArmed = m.env.Now
		return m.notify(pane.Notify{Text: text.Lit("q again quits")})
	}
	return nil
}
