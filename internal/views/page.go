package views

import (
	"devops-tui/internal/core"
	"devops-tui/internal/text"
	"devops-tui/internal/views/kit"
	"devops-tui/internal/views/pane"
	"devops-tui/themes"
)

// page is one screenful: panes side by side (grid) or as tabs.
type page struct {
	id    string
	title text.Safe // in the breadcrumbs
	slots []slot
	tabs  []string // of an object page: the command that opens each slot
	grid  bool     // 2 x 2 where there is room
	focus int
	lead  int // of a grid: the list that had the focus last; the followers show its selection
	zoom  bool

	more func(*page)     // adds the slots of kinds that came to be known; nil: there are none
	has  map[string]bool // kinds that it added
	meta uint64          // version of the kinds that it has seen

	rects []rect // of the slots at the last draw; empty rect: not on screen
}

type slot struct {
	pane  pane.Pane
	title text.Safe
	make  func() pane.Pane    // a tab that is made when it is first shown
	count func(*pane.Env) int // what its title counts while there is some; nil: nothing
}

// tab is the title of a slot as a tab: with its count.
func (s *slot) tab(e *pane.Env) text.Safe {
	if s.count != nil {
		if n := s.count(e); n > 0 {
			return text.Sprintf("%s %d", s.title, n)
		}
	}
	return s.title
}

type rect struct{ x, y, w, h int }

func (r rect) contains(x, y int) bool { return x >= r.x && x < r.x+r.w && y >= r.y && y < r.y+r.h }

// focused returns the pane with the focus.
func (p *page) focused() pane.Pane {
	s := &p.slots[p.focus]
	if s.pane == nil {
		s.pane = s.make()
	}
	return s.pane
}

func (p *page) setFocus(e *pane.Env, i int) {
	n := len(p.slots)
	p.focus = ((i % n) + n) % n
	fresh := p.slots[p.focus].pane == nil
	f := p.focused()
	if fresh || !p.grid {
		f.Refresh(e)
	}
	if _, follows := f.(pane.Follower); !follows {
		p.lead = p.focus
	}
}

// shown are the slots that the page shows at its size, focus included.
func (p *page) shown(w, h int) []int {
	if !p.grid || p.zoom || w < 80 || h < 22 || len(p.slots) < 2 {
		return []int{p.focus}
	}
	if w >= 120 {
		all := make([]int, len(p.slots))
		for i := range all {
			all[i] = i
		}
		return all
	}
	if h < 28 {
		return []int{p.focus}
	}
	return []int{p.focus, p.companion()}
}

// companion is the pane that stands under the focused one on a narrow screen:
// the logs under a list, the list above the logs.
func (p *page) companion() int {
	if p.focus == slotLogs || p.focus == slotMetrics {
		return slotPods
	}
	return slotLogs
}

func (p *page) refresh(e *pane.Env) {
	if p.more != nil && p.meta != e.Snap.MetaVersion {
		p.meta = e.Snap.MetaVersion
		p.more(p)
	}
	for i := range p.slots {
		if p.slots[i].pane != nil && (p.grid || i == p.focus) {
			p.slots[i].pane.Refresh(e)
		}
	}
}

// subject is the object that the page is about: of the focused pane, or of the
// list that leads when a follower has the focus.
func (p *page) subject() core.Ref {
	f := p.focused()
	if _, follows := f.(pane.Follower); !follows || !p.grid {
		return f.Subject()
	}
	for _, i := range []int{p.lead, slotPods, slotBuilds} {
		if i < len(p.slots) {
			if s := p.slots[i].pane.Subject(); !s.IsZero() {
				return s
			}
		}
	}
	return core.Ref{}
}

func (p *page) followers() bool {
	if !p.grid {
		return false
	}
	for _, s := range p.slots {
		if _, ok := s.pane.(pane.Follower); ok {
			return true
		}
	}
	return false
}

// rest gives up what an object page has running when it is left; coming back
// to it starts it again. Views go on: they are few, and one goes back and forth.
func (p *page) rest() {
	if len(p.tabs) == 0 {
		return
	}
	for _, s := range p.slots {
		if r, ok := s.pane.(interface{ Rest() }); ok {
			r.Rest()
		}
	}
}

func (p *page) close() {
	for _, s := range p.slots {
		if s.pane != nil {
			s.pane.Close()
		}
	}
}

// draw returns the body: w x h cells of framed panes.
func (p *page) draw(e *pane.Env, w, h int) kit.Block {
	p.rects = make([]rect, len(p.slots))
	if w <= 0 || h <= 0 {
		return nil
	}
	shown := p.shown(w, h)
	if len(shown) == 4 {
		lw, th := w/2, h/2
		top := kit.Beside(p.frame(e, 0, rect{0, 0, lw, th}, false), p.frame(e, 1, rect{lw, 0, w - lw, th}, false))
		bottom := kit.Beside(p.frame(e, 2, rect{0, th, lw, h - th}, false), p.frame(e, 3, rect{lw, th, w - lw, h - th}, false))
		return kit.Stack(top, bottom)
	}
	if len(shown) == 2 {
		th := h / 2
		return kit.Stack(p.frame(e, shown[0], rect{0, 0, w, th}, true), p.frame(e, shown[1], rect{0, th, w, h - th}, false))
	}
	return p.frame(e, shown[0], rect{0, 0, w, h}, len(p.slots) > 1)
}

// frame draws slot i with its frame in r; tabs shows the other slots' names on
// the title line.
func (p *page) frame(e *pane.Env, i int, r rect, tabs bool) kit.Block {
	p.rects[i] = r
	s := &p.slots[i]
	if s.pane == nil {
		s.pane = s.make()
		s.pane.Refresh(e)
	}
	focused := i == p.focus
	iw, ih := kit.Box{}.Inner(r.w, r.h)
	inner := s.pane.Draw(e, iw, ih, focused)
	head := s.pane.Head(e)
	box := kit.Box{Title: head.Title, Info: head.Info, Right: head.Right, Bottom: head.Bottom, Focused: focused}
	if tabs {
		for j := range p.slots {
			box.Tabs = append(box.Tabs, p.slots[j].tab(e))
		}
		box.Tab = i
		if !p.grid {
			box.Title = p.title
		} else {
			box.Title = text.Safe{}
		}
		if len(head.Info) == 0 && !head.Title.Empty() && head.Title != p.slots[i].title && p.grid {
			box.Info = []kit.Span{{Tok: themes.Muted, Text: head.Title}}
		}
	}
	return box.Draw(e.Styles, r.w, r.h, inner)
}
