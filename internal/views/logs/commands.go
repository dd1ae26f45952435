package logs

import (
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"devops-tui/internal/keys"
	"devops-tui/internal/text"
	"devops-tui/internal/views/kit"
	"devops-tui/internal/views/pane"
	"devops-tui/themes"
)

// findLimit bounds how many lines one step of a search looks at.
const findLimit = 200_000

// panCells is a step to the side.
const panCells = 8

// savedMsg is how saving went.
type savedMsg struct {
	pane *Pane
	path string
	n    int
	err  error
}

// Command carries out a log command.
func (p *Pane) Command(e *pane.Env, c keys.Command) (tea.Cmd, bool) {
	p.force = true
	if arg, ok := strings.CutPrefix(c.ID, "since-"); ok {
		return p.reopen(e, arg), true
	}
	if pane.Move(c.ID, p.view, panCells) {
		return nil, true
	}
	switch c.ID {
	case keys.Follow:
		p.view.SetFollow(!p.view.Following())
	case keys.Wrap:
		p.view.SetWrap(!p.view.Wrapped())
	case keys.Timestamps:
		p.view.SetTime(p.view.Time().Next())
	case keys.Pretty:
		p.pretty(e)
	case keys.Patterns:
		p.src.fold = !p.src.fold
		p.refilter()
	case keys.MatchesOnly:
		p.src.only = !p.src.only
		p.refilter()
	case keys.MoreContext:
		p.src.context = min(p.src.context+1, 20)
		p.refilter()
	case keys.LessContext:
		p.src.context = max(p.src.context-1, 0)
		p.refilter()
	case keys.FoldGroup:
		l, ok := p.view.Current()
		if !ok || !p.src.groups.toggle(l.Pos) {
			e.Send(pane.Notify{Text: text.Sprintf("no group at this line: %s goes to the next", e.KeyOf("group-next"))})
			return nil, true
		}
		p.folded(l.Pos)
	case keys.FoldAll:
		if !p.src.groups.any() {
			e.Send(pane.Notify{Text: text.Lit("this log has no groups")})
			return nil, true
		}
		p.src.groups.toggleAll()
		p.refold()
	case keys.GroupNext, keys.GroupPrev:
		dir := 1
		if c.ID == keys.GroupPrev {
			dir = -1
		}
		if !p.view.Find(dir, findLimit, func(l *kit.LogLine) bool { return l.Title != kit.NoTitle }) {
			e.Send(pane.Notify{Text: text.Lit("no further group")})
		}
	case keys.MarkLine:
		if l, ok := p.view.Current(); ok {
			p.view.ToggleMark(l.Pos)
		}
	case keys.Save:
		return p.save(e), true
	case keys.Copy:
		if l, ok := p.view.Current(); ok {
			e.Send(pane.CopyText{Text: l.Text.Safe(), What: text.Lit("line")})
		}
	case keys.Filter:
		p.search.Open(text.Lit("text  !not  ~regex  \"a phrase\"  a|b"))
	case keys.MatchNext:
		p.find(e, 1)
	case keys.MatchPrev:
		p.find(e, -1)
	case keys.Pin:
		p.pinned = !p.pinned
	case keys.Back:
		if p.search.Query.Empty() {
			return nil, false
		}
		p.search.Set("")
		p.searched()
	default:
		return nil, false
	}
	return nil, true
}

// pretty goes through the forms of structured lines: the message first (the
// default), field by field, as they are.
func (p *Pane) pretty(e *pane.Env) {
	say := text.Lit("structured lines: message first")
	switch {
	case !p.src.raw && !p.view.Pretty():
		p.src.raw = true
		p.view.SetPretty(true)
		say = text.Lit("structured lines: field by field")
	case p.view.Pretty():
		p.view.SetPretty(false)
		say = text.Lit("structured lines: as they are")
	default:
		p.src.raw = false
	}
	p.view.ReplaceSource(&p.src)
	e.Send(pane.Notify{Text: say})
}

// refilter runs the buffer through the filter again and stays at the place.
func (p *Pane) refilter() {
	p.src.search = p.search.Query
	p.src.restart()
	p.view.ReplaceSource(&p.src)
}

// refold shows the log with other groups folded and stays at the place.
func (p *Pane) refold() {
	p.src.refold()
	p.view.ReplaceSource(&p.src)
}

// folded is refold for the group at one line, whose title becomes the current
// line.
func (p *Pane) folded(pos uint64) {
	g := p.src.groups.at(pos)
	title := g.title
	p.refold()
	p.view.GoTo(title)
}

// searched takes over a search that changed.
func (p *Pane) searched() {
	p.view.SetFinder(p.search.Finder())
	p.refilter()
}

func (p *Pane) find(e *pane.Env, dir int) {
	if p.search.Query.Empty() {
		e.Send(pane.Notify{Text: text.Lit("no search: / starts one")})
		return
	}
	if !p.view.Find(dir, findLimit, func(l *kit.LogLine) bool { return p.search.Query.MatchText(l.Text.String()) }) {
		e.Send(pane.Notify{Text: text.Lit("no further match")})
	}
}

// reopen opens the log again over a span of time back from now.
func (p *Pane) reopen(e *pane.Env, arg string) tea.Cmd {
	if p.log == nil {
		return nil
	}
	req := p.req
	req.Since, req.Tail = time.Time{}, p.o.Tail
	switch arg {
	case "tail":
	case "all":
		req.Tail = -1
	default:
		d, err := time.ParseDuration(arg)
		if err != nil {
			return nil
		}
		req.Since, req.Tail = e.Now.Add(-d), -1
	}
	e.Send(pane.Notify{Text: text.Sprintf("log: %s", rangeTitle(arg))})
	return p.Open(e, req)
}

func rangeTitle(arg string) text.Safe {
	switch arg {
	case "tail":
		return text.Lit("the last lines")
	case "all":
		return text.Lit("from the start")
	default:
		return text.Sprintf("the last %s", arg)
	}
}

// Typing reports an open search prompt.
func (p *Pane) Typing() bool { return p.search.Typing() }

// Key edits the search; the view follows each key.
func (p *Pane) Key(e *pane.Env, k tea.KeyPressMsg) tea.Cmd {
	p.force = true
	changed, done := p.search.Key(k)
	if changed {
		p.searched()
	}
	if done && !p.search.Query.Empty() {
		p.find(e, -1)
	}
	return nil
}

// Paste goes into the open prompt.
func (p *Pane) Paste(_ *pane.Env, s string) {
	if p.search.Paste(s) {
		p.force = true
		p.searched()
	}
}

// Mouse scrolls and chooses a line.
func (p *Pane) Mouse(_ *pane.Env, m tea.MouseMsg, _, y int) tea.Cmd {
	p.force = true
	switch m := m.(type) {
	case tea.MouseWheelMsg:
		if m.Button == tea.MouseWheelUp {
			p.view.Scroll(-3)
		} else if m.Button == tea.MouseWheelDown {
			p.view.Scroll(3)
		}
	case tea.MouseClickMsg:
		p.view.SetCurrent(y)
	}
	return nil
}

// save writes what is shown to a file of the user's.
func (p *Pane) save(e *pane.Env) tea.Cmd {
	if p.log == nil || p.src.Len() == 0 {
		e.Send(pane.Notify{Text: text.Lit("nothing to save")})
		return nil
	}
	out := p.src.plain(func(ns int64) text.Safe {
		return text.Clean(time.Unix(0, ns).UTC().Format(time.RFC3339Nano))
	})
	if d := p.src.view.Dropped; d > 0 {
		out = append([]string{text.Sprintf("# %d older lines were dropped from the buffer", d).String()}, out...)
	}
	name, backend := p.req.Ref.Name, e.Backend
	return func() tea.Msg {
		path, err := backend.Save(name+".log", out)
		return savedMsg{p, path, len(out), err}
	}
}

func (p *Pane) saved(e *pane.Env, m savedMsg) {
	if m.err != nil {
		e.Send(pane.Notify{Text: text.Sprintf("not saved: %s", text.Error(m.err)), Bad: true})
		return
	}
	e.Send(pane.Notify{Text: text.Sprintf("%d lines saved to %s", m.n, text.Clean(m.path))})
}

// histogram is the volume of the log over its time, by level.
func (p *Pane) histogram(e *pane.Env, w int) kit.Block {
	const h = 2
	bins, from, to := p.log.Levels(max(w-14, 1))
	if seconds := int(to.Sub(from) / time.Second); seconds < len(bins) { // a second is the least that a bar stands for
		bins, from, to = p.log.Levels(seconds)
	}
	counts := make([]kit.LevelCount, len(bins))
	for i, b := range bins {
		counts[i] = kit.LevelCount(b)
	}
	chart := kit.LogHistogram(e.Styles, max(w-14, 1), h, counts)
	side := make(kit.Block, h)
	for y := range side {
		b := kit.NewBuilder(e.Styles, w-max(w-14, 1))
		if !from.IsZero() {
			t := from
			if y == 1 {
				t = to
			}
			b.Space(1).Text(themes.Muted, text.Clean(t.Local().Format("15:04")))
			if y == 0 {
				b.Text(themes.Muted, text.Lit(" to"))
			}
		}
		side[y] = b.Line()
	}
	return kit.Beside(chart, side)
}
