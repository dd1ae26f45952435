package views

import (
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"devops-tui/internal/core"
	"devops-tui/internal/keys"
	"devops-tui/internal/store"
	"devops-tui/internal/text"
	"devops-tui/internal/views/kit"
	"devops-tui/internal/views/logs"
	"devops-tui/internal/views/pane"
	"devops-tui/themes"
)

// chrome is the rows that are not body: header and footer. The trouble line
// and a message take one more each while they have something to say.
const chrome = 2

// The smallest screen that panes are drawn on.
const (
	leastWidth  = 40
	leastHeight = 10
)

// View returns the screen. It is made anew only if something on it changed.
func (m *Model) View() tea.View {
	if m.dirty {
		m.dirty = false
		m.draw()
		m.tellInterest()
	}
	v := tea.NewView(m.content)
	v.AltScreen = true
	v.ReportFocus = true
	v.WindowTitle = "devops-tui"
	if m.mouse {
		v.MouseMode = tea.MouseModeCellMotion
	}
	return v
}

// draw composes the screen of blocks; blocks that are the same as last time
// leave the content as it is, so that nothing is written to the terminal.
func (m *Model) draw() {
	m.env.Now = m.o.Clock()
	tiny := m.w < leastWidth || m.h < leastHeight
	if tiny && m.dialog != nil {
		m.dialog.Draw(&m.env, nil, max(m.w, 0), 0) // it is out of sight: what it asks cannot be confirmed
	}
	if m.w <= 0 || m.h <= 0 {
		m.content = ""
		return
	}
	if tiny {
		m.content = m.tiny().String()
		return
	}
	header := kit.Block{m.header()}
	if g := m.glass(); g != "" {
		header = append(header, g)
	}
	if t := m.trouble(); t != "" {
		header = append(header, t)
	}
	var footer kit.Block
	if !m.notice.Text.Empty() {
		level := core.LevelInfo
		if m.notice.Bad {
			level = core.LevelError
		}
		footer = append(footer, kit.Toast{Level: level, Text: m.notice.Text}.Draw(m.styles, m.w))
	}
	footer = append(footer, m.footer())
	bodyH := m.h - len(header) - len(footer)
	body := m.top().draw(&m.env, m.w, bodyH)
	m.bodyY = len(header)
	if m.dialog != nil {
		body = m.dialog.Draw(&m.env, body, m.w, bodyH)
	}
	all := kit.Stack(header, body, footer)
	m.content = strings.Join(all, "\n")
}

// tiny is what fits on a screen too small for panes: what is broken, and a
// request to enlarge.
func (m *Model) tiny() kit.Block {
	counts := m.counts()
	line := text.Sprintf("%d failed %d degraded %d running", counts[core.Failed], counts[core.Degraded], counts[core.Running])
	return pane.Message(m.styles, m.w, m.h, kit.Span{Tok: themes.FG, Text: line}, kit.Span{Tok: themes.Muted, Text: text.Lit("enlarge the window")})
}

func (m *Model) counts() (n [6]int) {
	for _, t := range m.env.Snap.Tables {
		if t.Kind != nil && (t.Kind.Polled || t.Kind.Yields != "") { // of runs the newest counts, of twins one
			for _, r := range t.Rows {
				if !r.Past && r.Twin == nil {
					n[r.Phase]++
				}
			}
			continue
		}
		for p, c := range t.ByPhase {
			n[p] += c
		}
	}
	return n
}

// header is the first line: where one is, how the sources are, what mode it is.
// Where the room is short the names of the sources give way first, then the
// clock, then the older breadcrumbs; the mode stays.
func (m *Model) header() string {
	crumbs := m.crumbs()
	here := min(crumbs[len(crumbs)-1].Width(), 16) + 4
	names, clock := true, true
	right := m.status(names, clock)
	if width(right)+here > m.w {
		names = false
		right = m.status(names, clock)
	}
	if width(right)+here > m.w {
		right = m.status(names, false)
	}
	room := m.w - 2 - width(right)
	scope := len(crumbs) - min(len(m.trail), shownTrail)
	for len(crumbs) > 1 && crumbsWidth(crumbs) > room {
		at := min(scope, len(crumbs)-2) // the scope stays longer than the pages
		crumbs = append(crumbs[:at:at], crumbs[at+1:]...)
	}
	b := kit.NewBuilder(m.styles, m.w)
	b.Text(themes.Header, text.Lit(" "))
	for i, p := range crumbs {
		if i > 0 {
			b.Space(1).Glyph(themes.Faint, m.styles.Glyphs.Crumb).Space(1)
		}
		tok := themes.Muted
		if i == len(crumbs)-1 {
			tok, p = themes.Header, p.Truncate(max(room-b.Used()+1, 0))
		}
		b.Text(tok, p)
	}
	return b.Right(right...).Line()
}

func width(spans []kit.Span) (n int) {
	for _, s := range spans {
		n += s.Text.Width()
	}
	return n
}

func crumbsWidth(crumbs []text.Safe) (n int) {
	for _, c := range crumbs {
		n += c.Width() + 3
	}
	return n - 3
}

// status is the right end of the header: sources, what is under way, the mode,
// the time.
func (m *Model) status(names, clock bool) []kit.Span {
	right := m.sources(names)
	sep := kit.Span{Tok: themes.Muted, Text: text.Lit("  ")}
	if n := m.running(); n > 0 {
		right = append(right, sep, kit.Span{Tok: themes.Pending, Text: text.Sprintf("%d running", n)})
	}
	if m.o.Demo {
		right = append(right, sep, kit.Span{Tok: themes.Demo, Text: text.Lit(" DEMO ")})
	}
	if m.o.ReadOnly != nil && m.o.ReadOnly() {
		right = append(right, sep, kit.Span{Tok: themes.EnvFree, Text: text.Lit(" READ-ONLY ")})
	}
	if m.o.Badge != nil {
		if ref := m.objectOf(); !ref.IsZero() {
			if name, tok := m.o.Badge(ref); !name.Empty() {
				right = append(right, sep, kit.Span{Tok: tok, Text: text.Sprintf(" %s ", name)})
			}
		}
	}
	if clock {
		right = append(right, sep, kit.Span{Tok: themes.Muted, Text: text.Clean(m.env.Now.Local().Format("15:04") + " ")})
	}
	return right
}

// shownTrail is how many pages the breadcrumbs name at most.
const shownTrail = 3

// crumbs are the scope and the trail.
func (m *Model) crumbs() []text.Safe {
	var out []text.Safe
	s := m.env.Scope
	if (s.Instance != core.Instance{}) {
		out = append(out, text.Clean(s.Instance.Scope))
	}
	if s.Namespace != "" {
		out = append(out, text.Clean(s.Namespace))
	}
	from := max(len(m.trail)-shownTrail, 0)
	for _, p := range m.trail[from:] {
		t := p.title
		if len(m.trail) > 1 && m.w < 100 {
			t = t.Truncate(24)
		}
		out = append(out, t)
	}
	return out
}

// sources is one mark per source instance, with its age when it is stale. On a
// narrow screen the instances of a source share its name.
func (m *Model) sources(names bool) []kit.Span {
	var out []kit.Span
	gl := m.styles.Glyphs
	count := map[string]int{}
	for _, h := range m.env.Snap.Health {
		count[h.Instance.Source]++
	}
	last := ""
	for _, h := range m.env.Snap.Health {
		name := h.Instance.Source
		if count[name] > 1 && m.w >= 100 {
			name = h.Instance.Scope
		}
		tok := kit.StateToken(h.State)
		if name != last {
			if len(out) > 0 {
				out = append(out, kit.Span{Tok: themes.Muted, Text: text.Lit(" ")})
			}
			if names {
				out = append(out, kit.Span{Tok: themes.Muted, Text: text.Clean(name).Truncate(16)}, kit.Span{Tok: themes.Muted, Text: text.Lit(" ")})
			}
			last = name
		}
		out = append(out, kit.Span{Tok: tok, Text: text.Clean(gl.State[h.State].String())})
		if (h.State == core.Stale || h.State == core.Down) && !h.LastSeen.IsZero() {
			out = append(out, kit.Span{Tok: tok, Text: staleAge(m.env.Now.Sub(h.LastSeen))})
		}
		if h.Skew != 0 && m.w >= 100 {
			out = append(out, kit.Span{Tok: themes.Warn, Text: text.Sprintf(" clock %+.0fs", h.Skew.Seconds())})
		}
	}
	return out
}

// trouble is the line that answers "what is broken?" before any key is
// pressed; "" when nothing is.
func (m *Model) trouble() string {
	if !m.o.Offer.Empty() && len(m.env.Snap.Health) == 0 {
		return kit.NewBuilder(m.styles, m.w).Space(1).Text(themes.Warn, m.o.Offer).Line()
	}
	for _, h := range m.env.Snap.Health {
		if h.State == core.Down && h.Problem != nil && m.top().id == viewCockpit {
			return kit.NewBuilder(m.styles, m.w).Space(1).Glyph(themes.Failed, m.styles.Glyphs.State[core.Down]).Space(1).
				Text(themes.Failed, h.Problem.Summary).Space(2).Text(themes.Muted, h.Problem.Hint).Line()
		}
	}
	r, n := m.worst()
	if r == nil {
		return ""
	}
	tok := kit.PhaseToken(r.Phase)
	b := kit.NewBuilder(m.styles, m.w).Space(1).Glyph(tok, m.styles.PhaseGlyph(r.Phase)).Space(1)
	name := r.Ref.Name
	if r.Ref.Namespace != "" {
		name = r.Ref.Namespace + "/" + name
	}
	b.Text(tok, text.Clean(name)).Space(1).Text(tok, r.Reason)
	if !r.Message.Empty() {
		b.Space(1).Text(themes.Muted, r.Message)
	}
	if n > 1 {
		more := text.Sprintf("and %d more %s", n-1, "problems")
		if n == 2 {
			more = text.Lit("and 1 more problem")
		}
		b.Right(kit.Span{Tok: themes.Muted, Text: text.Concat(more, text.Lit(" · * shows them "))})
	}
	return b.Line()
}

// problemsSeen is what worst found, for as long as nothing changes.
type problemsSeen struct {
	snap  *store.Snapshot
	scope pane.Scope
	worst *core.Resource
	n     int
}

// worst is the newest of the worst problems in scope, and how many there are.
func (m *Model) worst() (*core.Resource, int) {
	if m.seen.snap != m.env.Snap || m.seen.scope != m.env.Scope {
		worst, n := m.findWorst()
		m.seen = problemsSeen{m.env.Snap, m.env.Scope, worst, n}
	}
	return m.seen.worst, m.seen.n
}

func (m *Model) findWorst() (worst *core.Resource, n int) {
	for _, t := range m.env.Snap.Tables {
		if t.Key.Kind == "event" || t.ByPhase[core.Failed]+t.ByPhase[core.Degraded] == 0 {
			continue
		}
		for _, r := range t.Rows {
			if !r.IsProblem() || !m.env.Scope.Lists(t.Kind, r) {
				continue
			}
			n++
			if worst == nil || r.Trouble() > worst.Trouble() || r.Phase == worst.Phase && r.Changed/int64(time.Minute) > worst.Changed/int64(time.Minute) {
				worst = r
			}
		}
	}
	return worst, n
}

// footer is the keys that are valid here, looks first, then changes.
func (m *Model) footer() string {
	var hints []kit.Hint
	cmds := m.hints(m.contexts())
	var row *core.Resource
	if ref := m.objectOf(); !ref.IsZero() {
		row = m.row(ref)
	}
	for i := range cmds {
		c := &cmds[i]
		if c.Changes && m.o.Engine == nil {
			continue
		}
		if row != nil && !m.has(c.ID, row) {
			continue
		}
		h := kit.Hint{Key: c.Key(), Label: c.Title, Change: c.Changes}
		if c.Changes && c.Verb != core.VerbUndo {
			if row == nil {
				continue
			}
			group := m.o.Engine.Group(c.Verb)
			offers := m.offersHinted(row)
			if !offers.exist(group) {
				continue
			}
			h.Disabled = !offers.why(group, c.Verb).Empty()
			if t, one := offers.only(group); one { // a run has no restart, it is run again
				h.Label = t
			}
		}
		if c.ID != keys.Help {
			hints = append(hints, h)
		}
	}
	if row != nil && waits(row) { // what it waits for comes first
		first := slices.IndexFunc(hints, func(h kit.Hint) bool { return h.Change })
		approve := slices.IndexFunc(hints, func(h kit.Hint) bool { return h.Change && h.Key == m.env.KeyOf(keys.Approve) })
		if approve > first {
			h := hints[approve]
			copy(hints[first+1:approve+1], hints[first:approve])
			hints[first] = h
		}
	}
	hints = append(hints, kit.Hint{Key: text.Lit("?"), Label: text.Lit("help")})
	return kit.KeyHints(m.styles, m.w, hints)
}

// has reports whether an object has what a look key opens.
func (m *Model) has(look string, r *core.Resource) bool {
	switch look {
	case keys.ViewLogs:
		return logs.HasLogs(&m.env, r.Ref)
	case keys.Describe:
		return m.o.Backend.Abilities(r.Ref).Describe
	case keys.Manifest:
		return m.o.Backend.Abilities(r.Ref).Manifest
	case keys.Events:
		return m.o.Backend.Abilities(r.Ref).Events
	case keys.Metrics:
		return measurable(r.Ref.Kind, m.env.Snap.Kind(r.Ref))
	case keys.Shell:
		return m.o.Engine == nil || m.offersHinted(r).exist(m.o.Engine.Group(core.VerbShell))
	}
	return true
}

// hints are the commands for the footer; they are looked up once for each set
// of contexts, not for each frame.
func (m *Model) hints(ctxs []keys.Context) []keys.Command {
	if !slices.Equal(ctxs, m.hintsFor) || m.hinted == nil {
		m.hintsFor, m.hinted = slices.Clone(ctxs), m.o.Keys.Hints(ctxs)
	}
	return m.hinted
}
