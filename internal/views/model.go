// Package views is the cockpit's one tea.Model: it routes keys and messages,
// lays out panes, and owns what is open. Panes and dialogs are plain structs
// that it drives; they live in folders of their own below this one.
package views

import (
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"devops-tui/internal/actions"
	"devops-tui/internal/core"
	"devops-tui/internal/keys"
	"devops-tui/internal/text"
	"devops-tui/internal/views/dialog"
	"devops-tui/internal/views/kit"
	"devops-tui/internal/views/pane"
	"devops-tui/themes"
)

// settleTime is how long the selection rests before the panes that follow it
// turn to the new subject: holding j must not open forty log streams.
const settleTime = 180 * time.Millisecond

// noticeTime is how long a message stays above the footer.
const noticeTime = 6 * time.Second

// quitWindow is how soon the second ctrl+c must come.
const quitWindow = 2 * time.Second

// Model is the cockpit. It is used by pointer, on Bubble Tea's goroutine only.
type Model struct {
	o      Options
	styles *kit.Styles
	theme  *themes.Theme
	dark   bool
	env    pane.Env

	w, h   int
	pages  map[string]*page
	trail  []*page // where esc leads; the last one is on screen
	ahead  []*page // where history-forward leads
	dialog dialog.Dialog
	keyBuf string // a key sequence under way

	subject core.Ref // the selected row of the focused list
	settle  int      // epoch of the settle timer
	settled core.Ref // what the followers show
	pinned  bool

	notice    pane.Notify
	noticeSeq int
	quitArmed time.Time
	problems  bool // problems only
	mouse     bool

	watched map[string]actions.Step // of the tasks that were seen, where they were
	busy    bool                    // something ran at the last look
	blurred bool                    // the terminal has not the focus
	edits   map[string]*edit        // texts under edit, by their files

	want  core.Interest
	focus []core.Ref
	later []tea.Cmd // of panes that were made while drawing

	frame   []kit.Block // what the last view was made of
	content string
	bodyY   int // first row of the body

	hintsFor []keys.Context // what hinted was looked up for
	hinted   []keys.Command
	seen     problemsSeen
	offered  offersFor
	dirty    bool
}

// FrameMsg says that something behind the screen changed; the store's newest
// snapshot says what. The app's pump sends it, at most once a frame.
type FrameMsg struct{}

// TickMsg says that a minute began: ages and the clock may read differently.
type TickMsg struct{}

type (
	settleMsg struct{ epoch int }
	noticeMsg struct{ seq int }
)

// New makes the cockpit.
func New(o Options) *Model {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Keys == nil {
		o.Keys = keys.Default()
	}
	if o.Exec == nil {
		o.Exec = tea.Exec
	}
	m := &Model{o: o, pages: map[string]*page{}, watched: map[string]actions.Step{}, edits: map[string]*edit{}, dark: true, mouse: o.Mouse, dirty: true}
	m.setTheme()
	m.env = pane.Env{Snap: o.Store.Snapshot(), Styles: m.styles, Keys: o.Keys, Now: o.Clock(), Backend: o.Backend, Scope: o.Scope, Reason: m.reason}
	start := o.Start
	if start == "" {
		start = viewCockpit
	}
	m.trail = []*page{m.page(start)}
	if !o.Offer.Empty() {
		m.offer()
	}
	return m
}

// offer asks what to do where nothing was found to watch.
func (m *Model) offer() {
	items := []pane.Item{{Title: text.Lit("look around without"), Detail: text.Lit("devops-tui doctor says what was looked for"), Do: func(*pane.Env) tea.Cmd { return nil }}}
	if m.o.OpenDemo != nil {
		items = append([]pane.Item{{Title: text.Lit("open the demo world"), Detail: text.Lit("a bad deploy, end to end"), Do: func(*pane.Env) tea.Cmd {
			m.o.Demo, m.o.Offer = true, text.Safe{}
			m.o.OpenDemo()
			return nil
		}}}, items...)
	}
	items = append(items, pane.Item{Title: text.Lit("quit"), Do: func(*pane.Env) tea.Cmd { return tea.Quit }})
	m.dialog = dialog.NewMenu(text.Lit("Nothing was found to watch"), items, false)
}

func (m *Model) setTheme() {
	m.theme = m.o.Theme
	if m.theme == nil && m.o.Themes != nil {
		m.theme = m.o.Themes(m.dark)
	}
	m.styles = kit.NewStyles(m.theme, m.o.Profile, m.o.Glyphs)
	m.env.Styles = m.styles
	m.frame = nil
	m.dirty = true
}

// Close ends everything the panes have running.
func (m *Model) Close() {
	for _, p := range m.pages {
		p.close()
	}
}

// Init asks the terminal for its background, unless the theme is fixed.
func (m *Model) Init() tea.Cmd {
	m.refresh()
	m.tellInterest()
	cmds := []tea.Cmd{m.after()}
	if m.o.Theme == nil {
		cmds = append(cmds, tea.RequestBackgroundColor)
	}
	return tea.Batch(cmds...)
}

// Update takes one message.
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	m.env.Now = m.o.Clock()
	cmd := m.update(msg)
	return m, tea.Batch(cmd, m.after())
}

func (m *Model) update(msg tea.Msg) tea.Cmd {
	m.dirty = true
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.w, m.h = msg.Width, msg.Height
	case FrameMsg:
		m.refresh()
	case TickMsg:
		m.refresh()
	case tea.KeyPressMsg:
		return m.key(msg)
	case tea.PasteMsg:
		return m.paste(msg.Content)
	case tea.BlurMsg:
		m.blurred = true
	case tea.FocusMsg:
		m.blurred = false
	case sessionMsg:
		return m.sessionEnded(msg)
	case definitionMsg:
		return m.definition(msg)
	case editedMsg:
		return m.edited(msg)
	case openedMsg:
		if msg.err != nil {
			return m.notify(pane.Notify{Text: text.Sprintf("no browser took it (%s); the address is copied", text.Error(msg.err)), Bad: true})
		}
	case glassMsg: // the banner goes
	case tea.MouseMsg:
		return m.mouseEvent(msg)
	case tea.BackgroundColorMsg:
		if dark := msg.IsDark(); dark != m.dark {
			m.dark = dark
			m.setTheme()
		}
	case tea.ColorProfileMsg:
		if m.o.Profile == colorprofile.Unknown && msg.Profile != m.styles.Profile {
			m.o.Profile = msg.Profile
			m.setTheme()
		}
	case tea.ResumeMsg:
		m.o.Backend.Wake()
		m.frame = nil
	case settleMsg:
		if msg.epoch == m.settle && m.top().followers() {
			return m.follow()
		}
	case noticeMsg:
		if msg.seq == m.noticeSeq {
			m.notice = pane.Notify{}
		}
	default:
		return m.deliver(msg)
	}
	return nil
}

// deliver passes the reply of a command to the dialog and to the open panes;
// whoever asked knows it by its type and epoch.
func (m *Model) deliver(msg tea.Msg) tea.Cmd {
	var cmds []tea.Cmd
	if m.dialog != nil {
		cmds = append(cmds, m.dialog.Message(&m.env, msg))
	}
	for _, p := range m.pages {
		for _, s := range p.slots {
			if s.pane != nil {
				cmds = append(cmds, s.pane.Message(&m.env, msg))
			}
		}
	}
	return tea.Batch(cmds...)
}

// refresh takes the newest snapshot to the page on screen.
func (m *Model) refresh() {
	m.env.Snap = m.o.Store.Snapshot()
	m.top().refresh(&m.env)
	if m.dialog != nil {
		m.dialog.Refresh(&m.env)
	}
}

// after serves the panes' requests. What is shown now the sources hear from
// View: it is known when it is drawn.
func (m *Model) after() tea.Cmd {
	cmds := append(m.serve(), m.watch()...)
	for i, s := range m.top().slots {
		if l, ok := s.pane.(pane.Loader); ok && (m.top().grid || i == m.top().focus) {
			cmds = append(cmds, l.Wake(&m.env))
		}
	}
	if s := m.top().subject(); s != m.subject {
		m.subject = s
		if !m.pinned && m.top().followers() {
			m.settle++
			epoch := m.settle
			if m.settled.IsZero() {
				cmds = append(cmds, m.follow())
			} else {
				cmds = append(cmds, tea.Tick(settleTime, func(time.Time) tea.Msg { return settleMsg{epoch} }))
			}
			cmds = append(cmds, m.serve()...)
		}
	}
	cmds = append(cmds, m.later...)
	m.later = nil
	return tea.Batch(cmds...)
}

// follow turns the followers of the page on screen to the subject.
func (m *Model) follow() tea.Cmd {
	m.settled = m.subject
	var cmds []tea.Cmd
	for _, s := range m.top().slots {
		if f, ok := s.pane.(pane.Follower); ok {
			cmds = append(cmds, f.Follow(&m.env, m.subject))
		}
	}
	return tea.Batch(cmds...)
}

// reason says why a verb cannot be done to r now; empty: it can be planned.
func (m *Model) reason(verb string, r *core.Resource) text.Safe {
	if m.o.Engine == nil {
		return text.Lit("no actions here")
	}
	if verb == core.VerbUndo {
		return text.Safe{}
	}
	return m.offers(r).why(m.o.Engine.Group(verb), verb)
}

func (m *Model) top() *page { return m.trail[len(m.trail)-1] }

// notify shows a message above the footer for a while.
func (m *Model) notify(n pane.Notify) tea.Cmd {
	m.notice = n
	m.noticeSeq++
	seq := m.noticeSeq
	return tea.Tick(noticeTime, func(time.Time) tea.Msg { return noticeMsg{seq} })
}
