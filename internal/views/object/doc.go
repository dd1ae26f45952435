// Package object is the tabs of an object page: overview, events, manifest,
// description. Logs and metrics are panes of their own.
package object

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"devops-tui/internal/core"
	"devops-tui/internal/keys"
	"devops-tui/internal/text"
	"devops-tui/internal/views/kit"
	"devops-tui/internal/views/pane"
	"devops-tui/themes"
)

// loadLimit bounds one load of a document.
const loadLimit = 20 * time.Second

// panCells is a step to the side.
const panCells = 8

// reloadEvery is how soon a document follows a change of its object.
const reloadEvery = 3 * time.Second

// Load fetches a document.
type Load func(ctx context.Context, b pane.Backend, ref core.Ref) (core.Document, error)

// Doc is a document of an object, loaded on demand and again when the object
// changes.
type Doc struct {
	pane.Base
	title  text.Safe
	ref    core.Ref
	load   Load
	view   *kit.Doc
	loaded bool
	busy   bool
	at     time.Time
	row    *core.Resource
	err    *core.Problem
	epoch  int
	cancel context.CancelFunc

	search pane.Search
	text   []text.Line
	block  kit.Block
	drawn  drawKey
	force  bool
	start  bool
}

type drawKey struct {
	w, h int
	st   *kit.Styles
}

type loadedMsg struct {
	doc   *Doc
	epoch int
	d     core.Document
	err   error
}

type savedMsg struct {
	doc  *Doc
	path string
	err  error
}

// NewDoc makes a document tab.
func NewDoc(title text.Safe, ref core.Ref, load Load) *Doc {
	return &Doc{title: title, ref: ref, load: load, view: kit.NewDoc(), force: true}
}

// Manifest is the tab of an object's definition.
func Manifest(ref core.Ref) *Doc {
	return NewDoc(text.Lit("Manifest"), ref, func(ctx context.Context, b pane.Backend, ref core.Ref) (core.Document, error) {
		return b.Manifest(ctx, ref)
	})
}

// Describe is the tab of what a human wants to know.
func Describe(ref core.Ref) *Doc {
	return NewDoc(text.Lit("Describe"), ref, func(ctx context.Context, b pane.Backend, ref core.Ref) (core.Document, error) {
		return b.Describe(ctx, ref)
	})
}

// History is the tab of what the object has been before.
func History(ref core.Ref) *Doc {
	return NewDoc(text.Lit("History"), ref, func(ctx context.Context, b pane.Backend, ref core.Ref) (core.Document, error) {
		return b.History(ctx, ref)
	})
}

// Diff is the tab of what differs from what the object should be.
func Diff(ref core.Ref) *Doc {
	return NewDoc(text.Lit("Diff"), ref, func(ctx context.Context, b pane.Backend, ref core.Ref) (core.Document, error) {
		return b.Diff(ctx, ref)
	})
}

// Subject is the object.
func (d *Doc) Subject() core.Ref { return d.ref }

// Contexts of a text.
func (d *Doc) Contexts() []keys.Context {
	if d.search.Typing() {
		return []keys.Context{keys.Prompt}
	}
	return []keys.Context{keys.Doc}
}

// Interest keeps the object watched, so that the document follows it.
func (d *Doc) Interest(w *pane.Want) { w.Kind(d.ref.Kind) }

// Refresh notes that the object changed; Wake loads.
func (d *Doc) Refresh(e *pane.Env) {
	if r := e.Snap.Find(d.ref); r != nil && r != d.row {
		if d.row != nil && e.Now.Sub(d.at) > reloadEvery {
			d.loaded = false
		}
		d.row = r
	}
}

// Wake starts loading if there is need; the model calls it while the tab is shown.
func (d *Doc) Wake(e *pane.Env) tea.Cmd {
	if d.loaded || d.busy {
		return nil
	}
	d.busy, d.at = true, e.Now
	d.epoch++
	epoch, ref, load, backend := d.epoch, d.ref, d.load, e.Backend
	ctx, cancel := context.WithTimeout(context.Background(), loadLimit)
	d.cancel = cancel
	return func() tea.Msg {
		defer cancel()
		doc, err := load(ctx, backend, ref)
		return loadedMsg{d, epoch, doc, err}
	}
}

// Message takes the loaded document.
func (d *Doc) Message(e *pane.Env, msg tea.Msg) tea.Cmd {
	switch m := msg.(type) {
	case savedMsg:
		if m.doc != d {
			return nil
		}
		if m.err != nil {
			e.Send(pane.Notify{Text: text.Sprintf("not saved: %s", text.Error(m.err)), Bad: true})
		} else {
			e.Send(pane.Notify{Text: text.Sprintf("saved to %s", text.Clean(m.path))})
		}
	case loadedMsg:
		if m.doc != d || m.epoch != d.epoch {
			return nil
		}
		d.busy, d.loaded, d.force = false, true, true
		if m.err != nil {
			p, ok := m.err.(*core.Problem)
			if !ok {
				p = &core.Problem{Summary: text.Error(m.err)}
			}
			d.err = p
			return nil
		}
		d.err = nil
		d.text = m.d.Lines
		if d.start {
			d.view.Update(m.d.Syntax, m.d.Lines)
		} else {
			d.view.Set(m.d.Syntax, m.d.Lines)
			d.start = true
		}
	}
	return nil
}

// Close gives up loading.
func (d *Doc) Close() {
	if d.cancel != nil {
		d.cancel()
	}
}

// Head says where in the text one is.
func (d *Doc) Head(*pane.Env) pane.Head {
	h := pane.Head{Title: d.title}
	if d.err != nil && d.start {
		h.Right = append(h.Right, kit.Span{Tok: themes.Failed, Text: text.Sprintf("not fresh: %s ", d.err.Summary)})
	}
	if tag, ok := d.search.Tag(); ok {
		h.Right = append(h.Right, kit.Span{Tok: themes.Accent, Text: tag})
	}
	if d.start {
		h.Bottom = []kit.Span{{Tok: themes.Muted, Text: d.view.Position()}}
	}
	return h
}

// Draw returns the text.
func (d *Doc) Draw(e *pane.Env, w, h int, _ bool) kit.Block {
	key := drawKey{w, h, e.Styles}
	if d.block != nil && !d.force && key == d.drawn {
		return d.block
	}
	d.drawn, d.force = key, false
	d.block = d.draw(e, w, h)
	return d.block
}

func (d *Doc) draw(e *pane.Env, w, h int) kit.Block {
	if !d.start {
		if d.err != nil {
			return pane.Message(e.Styles, w, h, kit.Span{Tok: themes.Failed, Text: d.err.Summary}, kit.Span{Tok: themes.Muted, Text: d.err.Hint})
		}
		return pane.Message(e.Styles, w, h, kit.Span{Tok: themes.Muted, Text: text.Lit("loading…")})
	}
	prompt := d.search.Draw(e, w)
	if len(prompt) == 0 {
		return d.view.Draw(e.Styles, w, h)
	}
	return kit.Stack(d.view.Draw(e.Styles, w, max(h-len(prompt), 0)), prompt)
}

// Command carries out a command for texts.
func (d *Doc) Command(e *pane.Env, c keys.Command) (tea.Cmd, bool) {
	d.force = true
	if pane.Move(c.ID, d.view, panCells) {
		return nil, true
	}
	switch c.ID {
	case keys.Wrap:
		d.view.SetWrap(!d.view.Wrapped())
	case keys.Filter:
		d.search.Open(text.Lit("search"))
	case keys.MatchNext:
		d.next(e, 1)
	case keys.MatchPrev:
		d.next(e, -1)
	case keys.Refresh:
		d.loaded = false
		return nil, false
	case keys.Copy:
		e.Send(pane.CopyLines{Lines: d.text, What: d.title})
	case keys.Save:
		return d.save(e), true
	case keys.Back:
		if d.search.Query.Empty() {
			return nil, false
		}
		d.search.Set("")
		d.view.SetFinder(nil)
	default:
		return nil, false
	}
	return nil, true
}

func (d *Doc) next(e *pane.Env, dir int) {
	if d.search.Query.Empty() {
		e.Send(pane.Notify{Text: text.Lit("no search: / starts one")})
	} else if !d.view.Next(dir) {
		e.Send(pane.Notify{Text: text.Lit("no further match")})
	}
}

func (d *Doc) save(e *pane.Env) tea.Cmd {
	if len(d.text) == 0 {
		return nil
	}
	out := make([]string, len(d.text))
	for i, l := range d.text {
		out[i] = l.String()
	}
	name, backend := d.ref.Kind+"-"+d.ref.Name+".yaml", e.Backend
	return func() tea.Msg {
		path, err := backend.Save(name, out)
		return savedMsg{d, path, err}
	}
}

// Typing reports an open search prompt.
func (d *Doc) Typing() bool { return d.search.Typing() }

// Key edits the search.
func (d *Doc) Key(_ *pane.Env, k tea.KeyPressMsg) tea.Cmd {
	d.force = true
	changed, done := d.search.Key(k)
	if changed {
		d.view.SetFinder(d.search.Finder())
	}
	if done {
		d.view.Next(1)
	}
	return nil
}

// Paste goes into the open prompt.
func (d *Doc) Paste(_ *pane.Env, s string) {
	if d.search.Paste(s) {
		d.force = true
		d.view.SetFinder(d.search.Finder())
	}
}

// Mouse scrolls.
func (d *Doc) Mouse(_ *pane.Env, m tea.MouseMsg, _, _ int) tea.Cmd {
	if w, ok := m.(tea.MouseWheelMsg); ok {
		d.force = true
		if w.Button == tea.MouseWheelUp {
			d.view.Scroll(-3)
		} else {
			d.view.Scroll(3)
		}
	}
	return nil
}
