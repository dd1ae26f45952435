// Package logs is the log pane: the merged and followed logs of one object,
// searched, filtered, folded, saved.
package logs

import (
	"context"

	tea "charm.land/bubbletea/v2"

	"devops-tui/internal/core"
	"devops-tui/internal/keys"
	"devops-tui/internal/store"
	"devops-tui/internal/text"
	"devops-tui/internal/views/kit"
	"devops-tui/internal/views/pane"
	"devops-tui/themes"
)

// Options are a log pane's defaults.
type Options struct {
	Tail       int // lines back from the end at the start, per stream
	Wrap       bool
	Timestamps bool
	Compact    bool // no histogram: a pane among others
}

// Pane shows the logs of one object.
type Pane struct {
	pane.Base
	o    Options
	view *kit.LogView
	log  *store.Log
	src  lines

	req     core.LogRequest
	label   text.Safe
	epoch   int
	cancel  context.CancelFunc
	ended   bool
	err     *core.Problem
	pinned  bool
	resting bool         // given up until somebody looks again
	first   *core.Origin // of the oldest line seen
	many    bool         // lines of several origins: each is labelled

	search pane.Search
	drawn  drawKey
	block  kit.Block
	force  bool
}

type drawKey struct {
	w, h    int
	version uint64
	st      *kit.Styles
	focused bool
}

// endMsg is how a tail ended.
type endMsg struct {
	pane  *Pane
	epoch int
	err   error
}

// New makes a pane without an object.
func New(o Options) *Pane {
	if o.Tail <= 0 {
		o.Tail = 500
	}
	p := &Pane{o: o, view: kit.NewLogView(), force: true}
	p.view.SetWrap(o.Wrap)
	if !o.Timestamps {
		p.view.SetTime(kit.TimeClock)
	} else {
		p.view.SetTime(kit.TimeMillis)
	}
	return p
}

// Request returns what the pane shows.
func (p *Pane) Request() core.LogRequest { return p.req }

// Subject is the object whose logs are shown.
func (p *Pane) Subject() core.Ref { return p.req.Ref }

// Contexts of a log.
func (p *Pane) Contexts() []keys.Context {
	if p.search.Typing() {
		return []keys.Context{keys.Prompt}
	}
	return []keys.Context{keys.Logs}
}

// Follow turns to the logs of another object; one without logs leaves the pane
// as it is.
func (p *Pane) Follow(e *pane.Env, ref core.Ref) tea.Cmd {
	if p.pinned || ref == p.req.Ref && p.log != nil {
		return nil
	}
	if ref.IsZero() || !HasLogs(e, ref) {
		if p.log == nil {
			p.req = core.LogRequest{Ref: ref}
			p.force = true
		}
		return nil
	}
	return p.Open(e, core.LogRequest{Ref: ref})
}

// HasLogs reports whether the kind of ref has logs.
func HasLogs(e *pane.Env, ref core.Ref) bool {
	k := e.Snap.Kind(ref)
	return k != nil && k.Logs && e.Backend.Abilities(ref).Logs
}

// Open shows the logs of an object. A zero Tail is the default.
func (p *Pane) Open(e *pane.Env, req core.LogRequest) tea.Cmd {
	p.Close()
	if req.Tail == 0 {
		req.Tail = p.o.Tail
	}
	req.Follow = !req.Previous
	p.req, p.err, p.ended, p.force = req, nil, false, true
	p.label = text.Clean(req.Ref.Name)
	p.log, p.resting = e.Backend.NewLog(), false
	p.clear()
	p.src.update(p.log.View())
	p.view.SetOrigins(false)
	p.epoch++
	epoch, log, backend := p.epoch, p.log, e.Backend
	ctx, cancel := context.WithCancel(context.Background())
	p.cancel = cancel
	return func() tea.Msg {
		done := make(chan error, 1)
		core.Go("logs "+req.Ref.String(), func() { done <- backend.Tail(ctx, req, log) })
		return endMsg{p, epoch, <-done}
	}
}

// Close ends the stream.
func (p *Pane) Close() {
	if p.cancel != nil {
		p.cancel()
		p.cancel = nil
	}
}

// Rest gives up the stream and the lines while nobody looks; Wake opens the log
// again.
func (p *Pane) Rest() {
	if p.log == nil || p.resting {
		return
	}
	p.Close()
	p.epoch++ // the end of the stream is none of the log's
	p.resting, p.log = true, nil
	p.clear()
}

// Wake opens a log again that was given up.
func (p *Pane) Wake(e *pane.Env) tea.Cmd {
	if !p.resting {
		return nil
	}
	return p.Open(e, p.req)
}

// clear empties the view and keeps how it was looked at.
func (p *Pane) clear() {
	p.src = lines{search: p.src.search, only: p.src.only, context: p.src.context, fold: p.src.fold, raw: p.src.raw}
	p.view.SetSource(&p.src)
	p.first, p.many = nil, false
}

// Message takes the end of the stream, or of saving.
func (p *Pane) Message(e *pane.Env, msg tea.Msg) tea.Cmd {
	if m, ok := msg.(savedMsg); ok && m.pane == p {
		p.saved(e, m)
		return nil
	}
	m, ok := msg.(endMsg)
	if !ok || m.pane != p || m.epoch != p.epoch {
		return nil
	}
	p.ended, p.force = true, true
	if m.err != nil {
		p.err = asProblem(m.err)
	}
	return nil
}

func asProblem(err error) *core.Problem {
	if p, ok := err.(*core.Problem); ok {
		return p
	}
	return &core.Problem{Kind: core.Internal, Summary: text.Error(err)}
}

// Refresh takes the lines that came.
func (p *Pane) Refresh(*pane.Env) {
	if p.log == nil {
		return
	}
	v := p.log.View()
	if v.Version == p.src.view.Version {
		return
	}
	p.src.update(v)
	p.showOrigins(&v)
}

// showOrigins shows where each line comes from as soon as there is more than one origin.
func (p *Pane) showOrigins(v *store.LogView) {
	if p.many {
		return
	}
	for i := v.Len - 1; i >= 0 && uint64(i)+v.Dropped >= v.From; i-- {
		o := v.At(i).Origin
		switch {
		case o == nil:
		case p.first == nil:
			p.first = o
		case o.Label != p.first.Label:
			p.many = true
			p.view.SetOrigins(true)
			return
		}
	}
}

// Head says whose logs these are and how fast they come.
func (p *Pane) Head(e *pane.Env) pane.Head {
	h := pane.Head{Title: text.Lit("Logs")}
	if p.log == nil {
		return h
	}
	name := p.label
	if p.req.Container != "" {
		name = text.Sprintf("%s/%s", name, p.req.Container)
	}
	h.Info = append(h.Info, kit.Span{Tok: themes.FG, Text: name})
	state, tok := p.view.Info(), themes.Muted
	switch {
	case p.err != nil:
		state, tok = text.Lit("failed"), themes.Failed
	case p.req.Previous:
		state = text.Lit("previous")
	case p.ended:
		state = text.Lit("ended")
	}
	h.Info = append(h.Info, kit.Span{Tok: tok, Text: text.Sprintf(" · %s", state)})
	if r := p.src.view.Rate; r >= 1 && !p.ended {
		h.Info = append(h.Info, kit.Span{Tok: themes.Muted, Text: text.Sprintf(" · %s/s", text.Count(int(r)))})
	}
	if p.pinned {
		h.Right = append(h.Right, kit.Span{Tok: themes.Accent, Text: text.Lit("pinned ")})
	}
	if p.src.fold {
		h.Right = append(h.Right, kit.Span{Tok: themes.Accent, Text: text.Lit("patterns ")})
	}
	if tag, ok := p.search.Tag(); ok {
		if p.src.only {
			tag = text.Concat(text.Lit("only "), tag)
		}
		h.Right = append(h.Right, kit.Span{Tok: themes.Accent, Text: tag})
	}
	if d := p.src.view.Dropped; d > 0 {
		h.Bottom = append(h.Bottom, kit.Span{Tok: themes.Warn, Text: text.Sprintf("dropped %s · ", text.Count(int(d)))})
	}
	if n := len(p.src.groups.all); n > 0 && !p.o.Compact {
		h.Bottom = append(h.Bottom, kit.Span{Tok: themes.Muted, Text: text.Sprintf("%s: %s opens one, %s all · ", groupsWord(n), e.KeyOf(keys.FoldGroup), e.KeyOf(keys.FoldAll))})
	}
	h.Bottom = append(h.Bottom, kit.Span{Tok: themes.Muted, Text: text.Sprintf("%s lines", text.Count(p.src.Len()))})
	return h
}

func groupsWord(n int) text.Safe {
	if n == 1 {
		return text.Lit("1 group")
	}
	return text.Sprintf("%d groups", n)
}

// Draw returns the lines, below a histogram of their levels where there is
// room for it.
func (p *Pane) Draw(e *pane.Env, w, h int, focused bool) kit.Block {
	key := drawKey{w: w, h: h, version: p.src.view.Version, st: e.Styles, focused: focused}
	if key == p.drawn && !p.force && p.block != nil {
		if b := p.body(e, w, h); sameBlock(b, p.block) {
			return p.block
		}
	}
	p.drawn, p.force = key, false
	p.block = p.body(e, w, h)
	return p.block
}

func sameBlock(a, b kit.Block) bool {
	return len(a) == len(b) && len(a) > 0 && &a[0] == &b[0]
}

func (p *Pane) body(e *pane.Env, w, h int) kit.Block {
	if p.log == nil {
		say := text.Lit("select something that has logs")
		if !p.req.Ref.IsZero() {
			say = text.Sprintf("%s has no logs", p.req.Ref.Kind)
		}
		return pane.Message(e.Styles, w, h, kit.Span{Tok: themes.Muted, Text: say})
	}
	if p.src.view.Len == 0 {
		switch {
		case p.err != nil:
			return pane.Message(e.Styles, w, h, kit.Span{Tok: themes.Failed, Text: p.err.Summary}, kit.Span{Tok: themes.Muted, Text: p.err.Hint})
		case p.ended:
			return pane.Message(e.Styles, w, h, kit.Span{Tok: themes.Muted, Text: text.Lit("the log is empty")})
		}
		return pane.Message(e.Styles, w, h, kit.Span{Tok: themes.Muted, Text: text.Lit("no lines yet")})
	}
	var top, bottom kit.Block
	if !p.o.Compact && h >= 12 {
		top = p.histogram(e, w)
	}
	switch {
	case p.search.Typing():
		bottom = p.search.Draw(e, w)
	case p.err != nil:
		bottom = append(bottom, kit.NewBuilder(e.Styles, w).Text(themes.Failed, p.err.Summary).Text(themes.Muted, text.Concat(text.Lit("  "), p.err.Hint)).Line())
	}
	rows := p.view.Draw(e.Styles, w, max(h-len(top)-len(bottom), 0))
	if len(top)+len(bottom) == 0 {
		return rows
	}
	return kit.Stack(top, rows, bottom)
}
