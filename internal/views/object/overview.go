package object

import (
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"devops-tui/internal/core"
	"devops-tui/internal/keys"
	"devops-tui/internal/text"
	"devops-tui/internal/views/kit"
	"devops-tui/internal/views/list"
	"devops-tui/internal/views/pane"
	"devops-tui/themes"
)

// Overview is the first tab of an object page: its state in words, and the
// list of its parts where it has some.
type Overview struct {
	pane.Base
	ref  core.Ref
	row  *core.Resource
	gone bool
	// unlisted says that no list has it, as of the last Refresh: it is older than
	// what is listed, or is a part of another object.
	unlisted bool

	parts *list.List
	story *story
	look  *lookup // nil: what no list has is not there
	above int     // rows above the story at the last drawing
}

// NewOverview makes the tab. kind is that of the object, nil if it is not
// known; row is the object itself where no list has it.
func NewOverview(ref core.Ref, kind *core.Kind, can core.Abilities, row *core.Resource) *Overview {
	o := &Overview{ref: ref, row: row, story: newStory(ref, kind, can)}
	if o.story != nil {
		o.look = newLookup(ref, kind)
		o.story.refresh(row)
		if row != nil {
			o.story.adopt(row.Owner)
		}
		return o
	}
	if kind := partKind(ref, kind); kind != "" {
		title := text.Lit("Pods")
		if kind == "container" {
			title = text.Lit("Containers")
		}
		o.parts = list.New(list.Options{
			Title: title, Kinds: []string{kind},
			Only:  func(r *core.Resource) bool { return pane.PartOf(r, ref) },
			Empty: text.Lit("nothing runs for it"),
		})
	}
	return o
}

// partKind is what an object of the kind is made of; "" nothing.
func partKind(ref core.Ref, kind *core.Kind) string {
	if kind != nil && kind.Unlisted { // the job of a pipeline
		return ""
	}
	switch ref.Kind {
	case "project":
		return "container"
	case "deployment", "rollout", "statefulset", "daemonset", "replicaset", "job", "cronjob", "node", "namespace":
		return "pod"
	default:
		return ""
	}
}

// Subject is the selected part, or the object.
func (o *Overview) Subject() core.Ref {
	if o.story != nil {
		if s := o.story.subject(); !s.IsZero() {
			return s
		}
	}
	if o.parts != nil {
		if s := o.parts.Subject(); !s.IsZero() {
			return s
		}
	}
	return o.ref
}

// Marked is how many parts are marked.
func (o *Overview) Marked() int {
	if o.parts == nil {
		return 0
	}
	return o.parts.Marked()
}

// Targets are the marked parts in sight.
func (o *Overview) Targets() []core.Ref {
	if o.parts == nil {
		return nil
	}
	return o.parts.Targets()
}

// Object is what the page is about, whatever part is selected.
func (o *Overview) Object() core.Ref { return o.ref }

// Contexts: with parts it is a list, else the page alone.
func (o *Overview) Contexts() []keys.Context {
	switch {
	case o.parts != nil:
		return o.parts.Contexts()
	case o.story != nil:
		return []keys.Context{keys.Outline}
	}
	return nil
}

// Wake asks for what the page tells while it is in sight.
func (o *Overview) Wake(e *pane.Env) tea.Cmd {
	if o.story == nil {
		return nil
	}
	return tea.Batch(o.look.ask(e), o.story.wake(e))
}

// Message takes an answer.
func (o *Overview) Message(e *pane.Env, msg tea.Msg) tea.Cmd {
	if o.story == nil {
		return nil
	}
	if m, ok := msg.(rowMsg); ok {
		o.fromSystem(e, m)
		return nil
	}
	ended := o.story.ended()
	cmd := o.story.message(msg)
	if o.look != nil && o.unlisted && o.story.of == o.ref && o.story.ended() != ended {
		o.look.due = true // it goes on, or is done
	}
	o.fromOutline()
	return cmd
}

// Rest gives up what is asked while nobody looks.
func (o *Overview) Rest() {
	if o.story != nil {
		o.story.pause()
		o.look.pause()
	}
}

// Close ends what is asked.
func (o *Overview) Close() {
	if o.story != nil {
		o.story.close()
		o.look.close()
	}
}

// Interest keeps the object and its parts watched.
func (o *Overview) Interest(w *pane.Want) {
	w.Kind(o.ref.Kind)
	if o.story != nil { // a run uses nothing; its system is asked for it often
		w.Shown[o.ref] = true
		if of := o.story.of; of != o.ref && !of.IsZero() {
			w.Kind(of.Kind)
			w.Shown[of] = true
		}
		return
	}
	w.UsageOf[o.ref] = true
	if o.parts != nil {
		o.parts.Interest(w)
	}
}

// Refresh takes the newest row.
func (o *Overview) Refresh(e *pane.Env) {
	r := e.Snap.Find(o.ref)
	if r == nil {
		anyLife := o.ref
		anyLife.UID = ""
		r = e.Snap.Find(anyLife)
	}
	switch {
	case r != nil:
		o.row, o.gone = r, false
		o.look.listed()
	case o.look == nil:
		o.gone = o.row != nil && (o.story == nil || o.story.of == o.ref)
	case !o.unlisted && (o.row == nil || o.story.of == o.ref): // jobs come with the outline of their run
		o.look.due = true
	}
	o.unlisted = r == nil
	if o.story != nil {
		o.story.refresh(r)
		if o.ref.Kind == "job" && o.story.of.IsZero() {
			o.story.adopt(runOf(e.Snap, o.ref))
		}
	}
	if o.parts != nil {
		scope := e.Scope
		e.Scope = pane.Scope{}
		o.parts.Refresh(e)
		e.Scope = scope
	}
}

// Head of the frame.
func (o *Overview) Head(e *pane.Env) pane.Head {
	h := pane.Head{Title: text.Lit("Overview")}
	if o.parts != nil {
		h.Bottom = o.parts.Head(e).Bottom
		h.Right = o.parts.Head(e).Right
	}
	if o.story != nil {
		h.Bottom = o.story.position()
	}
	return h
}

// Typing, Key and Paste go to the list of parts.
func (o *Overview) Typing() bool { return o.parts != nil && o.parts.Typing() }

// Key goes to the open filter of the parts.
func (o *Overview) Key(e *pane.Env, k tea.KeyPressMsg) tea.Cmd { return o.parts.Key(e, k) }

// Paste goes to the open filter of the parts.
func (o *Overview) Paste(e *pane.Env, s string) {
	if o.parts != nil {
		o.parts.Paste(e, s)
	}
}

// Command goes to the parts first; what looks at an object without a selected
// part is about the object.
func (o *Overview) Command(e *pane.Env, c keys.Command) (tea.Cmd, bool) {
	if o.parts != nil && o.parts.Selected() != nil {
		return o.parts.Command(e, c)
	}
	if o.story != nil {
		return nil, o.storyCommand(e, c)
	}
	return nil, false
}

// storyCommand carries out a command for the line under the cursor.
func (o *Overview) storyCommand(e *pane.Env, c keys.Command) bool {
	s := o.story
	if pane.Move(c.ID, s, 1) {
		return true
	}
	ref := o.Subject()
	switch c.ID {
	case keys.Open:
		s.open(e)
	case keys.MatchNext, keys.MatchPrev:
		dir := 1
		if c.ID == keys.MatchPrev {
			dir = -1
		}
		if !s.next(dir) {
			e.Send(pane.Notify{Text: text.Lit("nothing of it has failed")})
		}
	case keys.ViewLogs, keys.ViewPrevious:
		if l := s.line(); l != nil && l.tab != "" && !l.ref.IsZero() { // the log that says why
			ref = l.ref
		}
		e.Send(pane.OpenLogs{Ref: ref, Previous: c.ID == keys.ViewPrevious})
	case keys.Describe, keys.Manifest, keys.Events, keys.Metrics:
		e.Send(pane.Open{Ref: ref, Tab: c.ID, Row: s.rowOf(ref)})
	case keys.OpenURL:
		e.Send(pane.OpenURL{Ref: ref})
	case keys.Copy:
		if line := s.plain(); !line.Empty() {
			e.Send(pane.CopyText{Text: line, What: text.Lit("line")})
		}
	case keys.Refresh:
		s.again()
		if o.look != nil && o.unlisted {
			o.look.due = true
		}
		return false
	default:
		return false
	}
	return true
}

// Mouse goes to the parts, below the words.
func (o *Overview) Mouse(e *pane.Env, m tea.MouseMsg, x, y int) tea.Cmd {
	switch {
	case o.story != nil:
		switch ev := m.(type) {
		case tea.MouseWheelMsg:
			if ev.Button == tea.MouseWheelUp {
				o.story.Scroll(-3)
			} else {
				o.story.Scroll(3)
			}
		case tea.MouseClickMsg:
			o.story.click(y - o.above)
		}
		return nil
	case o.parts == nil:
		return nil
	}
	return o.parts.Mouse(e, m, x, y-len(o.words(e, 80))-1)
}

// SetProblems keeps the parts with problems only, or all.
func (o *Overview) SetProblems(e *pane.Env, on bool) {
	if o.parts != nil {
		o.parts.SetProblems(e, on)
	}
}

// Draw returns the words, and the parts below.
func (o *Overview) Draw(e *pane.Env, w, h int, focused bool) kit.Block {
	if o.story != nil {
		words := o.storyWords(e, w)
		words = words[:max(min(len(words), h-min(len(o.story.lines)+2, h*2/3)), 0)]
		o.above = len(words)
		return kit.Stack(words, o.story.draw(e, w, h-len(words), focused))
	}
	words := o.words(e, w)
	if o.parts == nil || h < len(words)+4 {
		if len(words) > h {
			words = words[:max(h, 0)]
		}
		if o.parts == nil {
			return kit.Stack(words, kit.Blank(e.Styles, w, h-len(words)))
		}
		if h < 8 {
			return o.parts.Draw(e, w, h, focused)
		}
		words = words[:min(len(words), h/2)]
	}
	head := kit.NewBuilder(e.Styles, w).Space(1).Text(themes.Title, o.parts.Head(e).Title).Space(2).Spans(o.parts.Head(e).Info...).Line()
	words = append(words, head)
	return kit.Stack(words, o.parts.Draw(e, w, h-len(words), focused))
}

// words says what is known of the object, a line each.
func (o *Overview) words(e *pane.Env, w int) kit.Block {
	r := o.row
	if r == nil {
		return pane.Message(e.Styles, w, 3, kit.Span{Tok: themes.Muted, Text: text.Sprintf("%s is not there (yet)", text.Clean(o.ref.Path()))})
	}
	var out kit.Block
	line := func(label text.Safe, spans ...kit.Span) {
		b := kit.NewBuilder(e.Styles, w).Space(1).Text(themes.Muted, label.Pad(12))
		out = append(out, b.Spans(spans...).Line())
	}
	state := []kit.Span{
		{Tok: kit.PhaseToken(r.Phase), Text: text.Clean(e.Styles.PhaseGlyph(r.Phase).String() + " ")},
		{Tok: kit.PhaseToken(r.Phase), Text: orPhase(r)},
	}
	if !r.Message.Empty() {
		state = append(state, kit.Span{Tok: themes.FG, Text: text.Sprintf("  %s", r.Message)})
	}
	if o.gone {
		state = append(state, kit.Span{Tok: themes.Warn, Text: text.Lit("  gone")})
	}
	line(text.Lit("state"), state...)
	if r.Started > 0 {
		t := time.Unix(0, r.Started)
		line(text.Lit("age"), kit.Span{Tok: themes.FG, Text: text.Age(e.Now.Sub(t))}, kit.Span{Tok: themes.Muted, Text: text.Sprintf("  since %s", t.Local().Format("2006-01-02 15:04"))})
	}
	if !r.Owner.IsZero() {
		line(text.Lit("owner"), kit.Span{Tok: themes.FG, Text: text.Clean(r.Owner.Path())})
	}
	for _, s := range o.usage(e) {
		line(s[0].Text, s[1:]...)
	}
	o.facts(r, line)
	o.cells(e, r, line)
	return out
}

func orPhase(r *core.Resource) text.Safe {
	if r.Reason.Empty() {
		return text.Clean(r.Phase.String())
	}
	return r.Reason
}

// usage is what the object uses now, of what it may.
func (o *Overview) usage(e *pane.Env) [][]kit.Span {
	u := e.Snap.Usage(o.ref)
	if u == nil {
		return nil
	}
	var out [][]kit.Span
	for _, m := range []struct {
		label      text.Safe
		used, most core.Measure
	}{{text.Lit("cpu"), core.CPUUsed, core.CPULimit}, {text.Lit("memory"), core.MemUsed, core.MemLimit}} {
		v := u.Values[m.used]
		if v != v {
			continue
		}
		spans := []kit.Span{{Text: m.label}, {Tok: themes.FG, Text: list.MeasureText(m.used, v)}}
		if limit := u.Values[m.most]; limit > 0 {
			spans = append(spans, kit.Span{Tok: themes.Muted, Text: text.Sprintf(" of %s (%.0f%%)", list.MeasureText(m.used, limit), 100*v/limit)})
		}
		out = append(out, spans)
	}
	return out
}

func (o *Overview) facts(r *core.Resource, line func(text.Safe, ...kit.Span)) {
	f := r.Facts
	if f == nil {
		return
	}
	one := func(label text.Safe, s string) {
		if s != "" {
			line(label, kit.Span{Tok: themes.FG, Text: text.Clean(s)})
		}
	}
	for i, s := range f.Image {
		digest := ""
		if i < len(f.Digest) && f.Digest[i] != "" && f.Digest[i] != s {
			digest = "  " + f.Digest[i]
		}
		line(text.Lit("image"), kit.Span{Tok: themes.FG, Text: text.Clean(s)}, kit.Span{Tok: themes.Faint, Text: text.Clean(digest)})
	}
	one(text.Lit("service"), f.Service)
	one(text.Lit("environment"), f.Environment)
	one(text.Lit("commit"), f.Commit)
	one(text.Lit("repository"), f.Repo)
	one(text.Lit("node"), f.Node)
	if len(f.Containers) > 1 {
		var names text.Safe
		for i, c := range f.Containers {
			if i > 0 {
				names = text.Concat(names, text.Lit(", "))
			}
			names = text.Concat(names, text.Clean(c))
		}
		line(text.Lit("containers"), kit.Span{Tok: themes.FG, Text: names})
	}
}

// cells are the columns of the kind that were not said yet.
func (o *Overview) cells(e *pane.Env, r *core.Resource, line func(text.Safe, ...kit.Span)) {
	k := e.Snap.Kind(r.Ref)
	if k == nil {
		return
	}
	said := []string{"name", "status", "age", "image", "images", "node", "service", "commit", "branch-commit"}
	for i, c := range k.Columns {
		if i >= len(r.Cells) || c.Usage != core.MeasureNone || c.Type == core.Name || c.Type == core.Status || c.Type == core.Age || slices.Contains(said, c.ID) {
			continue
		}
		v := list.Value(&r.Cells[i], c.Type, e.Now)
		if v.Empty() {
			continue
		}
		line(text.Clean(c.ID), kit.Span{Tok: themes.FG, Text: v})
	}
}
