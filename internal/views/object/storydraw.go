package object

import (
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
	"devops-tui/internal/views/kit"
	"devops-tui/internal/views/list"
	"devops-tui/internal/views/pane"
	"devops-tui/themes"
)

// storyKey is what a drawing of a story was made for.
type storyKey struct {
	w, h    int
	focused bool
	st      *kit.Styles
	beat    int64
}

// liveStep is how coarse the duration of what goes on is written below a
// minute: the screen does not tick by the second.
const liveStep = 5 * time.Second

// draw returns exactly w x h cells.
func (s *story) draw(e *pane.Env, w, h int, focused bool) kit.Block {
	if w <= 0 || h <= 0 {
		return nil
	}
	key := storyKey{w, h, focused, e.Styles, e.Now.UnixNano() / int64(time.Minute)}
	if s.live() {
		key.beat = e.Now.UnixNano() / int64(liveStep)
	}
	if !s.dirty && key == s.drawn {
		return s.block
	}
	s.drawn, s.dirty = key, false
	out := append(make(kit.Block, 0, h), s.says(e.Styles, w, h)...)
	if s.above = len(out); h-s.above != s.h {
		s.h = h - s.above
		s.clamp()
	}
	nodes, _ := s.nodes()
	widths := s.measure(nodes, w)
	for i := s.offset; i < len(s.lines) && len(out) < h; i++ {
		out = append(out, s.drawLine(e, w, i, focused, nodes, widths))
	}
	s.block = append(out, kit.Blank(e.Styles, w, h-len(out))...)
	return s.block
}

// live reports whether a node in sight goes on.
func (s *story) live() bool {
	if s.outline.Done {
		return false
	}
	for i := range s.outline.Nodes {
		if n := &s.outline.Nodes[i]; n.Started > 0 && n.Ended == 0 {
			return true
		}
	}
	return false
}

// says is what stands above the lines: what is awaited, what did not come.
func (s *story) says(st *kit.Styles, w, h int) kit.Block {
	var out kit.Block
	say := func(tok themes.Token, t text.Safe, hint text.Safe) {
		for i, part := range []text.Safe{t, hint} {
			if i == 1 {
				tok = themes.Muted
			}
			for _, row := range part.Line().Wrap(max(w-2, 1)) {
				if len(out) < max(h-1, 1) && !part.Empty() {
					out = append(out, kit.NewBuilder(st, w).Space(1).Text(tok, row.Safe()).Line())
				}
			}
		}
	}
	switch {
	case s.whyErr != nil && s.err != nil && s.err.Summary == s.whyErr.Summary: // said once
	case s.whyErr != nil:
		say(themes.Failed, text.Sprintf("why it failed cannot be told: %s", s.whyErr.Summary), s.whyErr.Hint)
	case s.whyBusy && s.why == nil:
		say(themes.Muted, text.Lit("looking for why it failed…"), text.Safe{})
	}
	switch {
	case s.err != nil && s.got:
		say(themes.Warn, text.Sprintf("not fresh: %s", s.err.Summary), s.err.Hint)
	case s.err != nil:
		say(themes.Failed, s.err.Summary, s.err.Hint)
	case s.of.IsZero():
	case !s.got:
		say(themes.Muted, text.Lit("loading…"), text.Safe{})
	case len(s.lines) == 0:
		say(themes.Muted, text.Lit("nothing to show yet"), text.Safe{})
	}
	return out
}

// outlineWidths are the columns of an outline.
type outlineWidths struct{ title, reason, took int }

func (s *story) measure(nodes []core.Node, w int) outlineWidths {
	out := outlineWidths{took: 7}
	for i := range s.lines {
		l := &s.lines[i]
		if l.kind != lineNode || l.index >= len(nodes) {
			continue
		}
		out.title = max(out.title, 2*l.depth+l.title.Width())
		out.reason = max(out.reason, word(&nodes[l.index]).Width())
	}
	out.title = min(out.title, max(w*2/5, 12))
	out.reason = min(out.reason, max(w/6, 16)) // "OutOfSync, Healthy" on a wide screen
	return out
}

// word is how a node is, in the system's own word.
func word(n *core.Node) text.Safe {
	if n.Reason.Empty() && n.Phase != core.Unknown {
		return text.Clean(n.Phase.String())
	}
	return n.Reason
}

// drawLine draws one line, the one under the cursor on the surface of the
// selection.
func (s *story) drawLine(e *pane.Env, w, i int, focused bool, nodes []core.Node, widths outlineWidths) string {
	st, l := e.Styles, &s.lines[i]
	b := kit.NewBuilder(st, w)
	if i == s.cursor {
		surface := kit.Blurred
		if focused {
			surface = kit.Selected
		}
		b.OnSurface(surface).Glyph(themes.FG, st.Glyphs.Cursor)
	} else {
		b.Space(1)
	}
	label := func(t text.Safe) { b.Cell(themes.Muted, t, 12, false) }
	switch l.kind {
	case lineHead:
		b.Text(themes.Title, l.title)
		if !s.outline.Note.Empty() {
			b.Space(2).Text(themes.Muted, s.outline.Note)
		}
	case lineWhy:
		why := text.Lit("why failed")
		if s.row != nil && s.row.Phase == core.Degraded { // it only differs, or works in part
			why = text.Lit("why")
		}
		label(why)
		b.Text(themes.Failed, l.title)
		if !l.ref.IsZero() {
			hint(b, e, text.Lit("its log"))
		}
	case lineLog:
		b.Space(3).Styled(themes.FG, s.why.Lines[l.index])
	case lineRemark:
		a := &s.why.Annotations[l.index]
		b.Space(1).Text(kit.LevelToken(a.Level), remarkWord(a.Level)).Space(1).Text(themes.Accent, place(a)).Space(2)
		if !a.Title.Empty() {
			b.Text(themes.FG, text.Concat(a.Title, text.Lit(": ")))
		}
		b.Text(themes.FG, a.Message)
	case lineGood:
		label(text.Lit("last green"))
		b.Text(themes.OK, l.title)
		if !l.ref.IsZero() {
			hint(b, e, text.Lit("opens it"))
		}
	case lineCommit:
		c := &s.why.Commits[l.index]
		if l.index == 0 {
			since := text.Lit("since then")
			if s.why.Good.IsZero() && s.why.GoodTitle.Empty() {
				since = text.Lit("brings")
			}
			label(since)
		} else {
			label(text.Safe{})
		}
		b.Text(themes.Accent, text.Clean(short(c.SHA))).Space(2).Text(themes.FG, c.Title).Space(2).Text(themes.Muted, c.Author)
		if c.At > 0 {
			b.Space(2).Text(themes.Muted, text.Age(e.Now.Sub(time.Unix(0, c.At))))
		}
	case lineNote:
		label(text.Safe{})
		b.Text(themes.Muted, l.title)
		if l.more {
			hint(b, e, text.Lit("shows them"))
		}
	case lineNode:
		if l.index < len(nodes) {
			s.drawNode(b, e, l, &nodes[l.index], widths)
		}
	}
	return b.Line()
}

// hint says at the end of a line what enter does there, if there is room.
func hint(b *kit.Builder, e *pane.Env, what text.Safe) {
	t := text.Sprintf("%s %s ", e.KeyOf("open"), what)
	if b.Left() > t.Width()+2 {
		b.Right(kit.Span{Tok: themes.Muted, Text: t})
	}
}

func remarkWord(l core.Level) text.Safe {
	switch l {
	case core.LevelError, core.LevelFatal:
		return text.Lit("error  ")
	case core.LevelWarn:
		return text.Lit("warning")
	default:
		return text.Lit("notice ")
	}
}

// drawNode draws fold, glyph, title, word, duration, and what else is said.
func (s *story) drawNode(b *kit.Builder, e *pane.Env, l *storyLine, n *core.Node, widths outlineWidths) {
	st := e.Styles
	b.Space(min(2*l.depth, widths.title))
	switch {
	case l.folded:
		b.Glyph(themes.Muted, st.Glyphs.Folded)
	case l.group:
		b.Glyph(themes.Muted, st.Glyphs.Unfolded)
	default:
		b.Space(1)
	}
	tok, glyph := kit.PhaseToken(n.Phase), st.PhaseGlyph(n.Phase)
	if idle(n) {
		tok, glyph = themes.Muted, st.Glyphs.Dot
	}
	b.Space(1).Glyph(tok, glyph).Space(1)
	name := themes.FG
	if n.Phase.IsProblem() {
		name = tok
	}
	b.Cell(name, l.title, max(widths.title-2*l.depth, 1), false).Space(2)
	b.Cell(wordToken(n.Phase), word(n), widths.reason, false).Space(1)
	b.Cell(themes.Muted, took(n, e.Now), widths.took, true).Space(2)
	if !n.Message.Empty() {
		b.Text(themes.FG, n.Message).Space(2)
	}
	b.Text(themes.Muted, n.Info)
}

// idle reports whether a node has not begun, or was left out: no mark of
// success is due to it.
func idle(n *core.Node) bool {
	return n.Phase == core.Unknown || kit.LeftOut(n.Phase, n.Reason)
}

func wordToken(p core.Phase) themes.Token {
	if p == core.Unknown {
		return themes.Muted
	}
	return kit.WordToken(p)
}

// took is how long a node took, or takes by now: that one coarsely.
func took(n *core.Node, now time.Time) text.Safe {
	switch {
	case n.Started <= 0:
		return text.Safe{}
	case n.Ended >= n.Started:
		return text.Duration(time.Duration(n.Ended - n.Started))
	}
	d := now.Sub(time.Unix(0, n.Started))
	if d < time.Minute {
		return text.Duration(max(d.Truncate(liveStep), 0))
	}
	return text.Age(d)
}

// storyWords is the head of the page: who must answer, how it is, what it
// brings, how long it takes.
func (o *Overview) storyWords(e *pane.Env, w int) kit.Block {
	r := o.row
	var out kit.Block
	if r == nil { // older than what is listed, or not listed yet: its parts may be told all the same
		tok, say := themes.Muted, text.Sprintf("%s is on no list; what its system tells of it:", text.Clean(o.ref.Path()))
		switch l := o.look; {
		case l == nil:
		case l.gone:
			tok, say = themes.Warn, text.Sprintf("%s is gone", text.Clean(o.ref.Path()))
		case l.err != nil:
			tok, say = themes.Failed, text.Sprintf("%s is on no list: %s", text.Clean(o.ref.Path()), l.err.Summary)
		}
		return append(out, kit.NewBuilder(e.Styles, w).Space(1).Text(tok, say).Line())
	}
	line := func(label text.Safe, spans ...kit.Span) {
		out = append(out, kit.NewBuilder(e.Styles, w).Space(1).Text(themes.Muted, label.Pad(12)).Spans(spans...).Line())
	}
	plain := func(t text.Safe) kit.Span { return kit.Span{Tok: themes.FG, Text: t} }
	f := r.Facts
	if f == nil {
		f = &core.Facts{}
	}
	for _, gate := range f.Waits {
		b := kit.NewBuilder(e.Styles, w).Space(1).Glyph(themes.Degraded, e.Styles.Glyphs.Flag).Space(1).Text(themes.Degraded, text.Sprintf("Waiting for you: %s", gate))
		answer := text.Sprintf(" %s answers ", e.KeyOf("approve"))
		if why := e.Reason(core.VerbApprove, r); !why.Empty() {
			answer = text.Sprintf(" %s ", why)
		}
		if b.Left() > answer.Width() {
			b.Right(kit.Span{Tok: themes.Accent, Text: answer})
		}
		out = append(out, b.Line())
	}
	tok := kit.RowToken(r)
	state := []kit.Span{{Tok: tok, Text: text.Clean(e.Styles.RowGlyph(r).String() + " ")}, {Tok: tok, Text: orPhase(r)}}
	if r.Past {
		state = append(state, kit.Span{Tok: themes.Muted, Text: text.Lit("  a later run has told since")})
	}
	if o.gone {
		state = append(state, kit.Span{Tok: themes.Warn, Text: text.Lit("  gone")})
	}
	if s := o.cell(e, "stage"); s != nil {
		if v := list.Value(s, core.Stages, e.Now); !v.Empty() {
			state = append(state, kit.Span{Tok: themes.Muted, Text: text.Sprintf("  %s", v)})
		}
	}
	title := o.say(e, "title")
	if !r.Message.Empty() && r.Message != title {
		state = append(state, plain(text.Sprintf("  %s", r.Message)))
	}
	line(text.Lit("state"), state...)
	number := o.say(e, "number")
	if !number.Empty() {
		number = text.Sprintf("#%s", number)
	}
	if what := join(o.say(e, "system"), number, o.say(e, "branch"), o.commit(e, f), title); !what.Empty() {
		line(text.Lit("what"), plain(what))
	}
	by := join(o.author(e, f), o.say(e, "event"), o.attempt(e))
	if r.Started > 0 {
		t := time.Unix(0, r.Started)
		by = join(by, text.Sprintf("%s ago (%s)", text.Age(e.Now.Sub(t)), t.Local().Format("2006-01-02 15:04")))
	}
	if !by.Empty() {
		line(text.Lit("by"), plain(by))
	}
	o.duration(e, line)
	if where := join(text.Clean(f.Environment), text.Clean(f.Service), text.Clean(f.Repo)); !where.Empty() {
		line(text.Lit("where"), plain(where))
	}
	for i, image := range f.Image {
		if i == 3 {
			line(text.Safe{}, kit.Span{Tok: themes.Muted, Text: text.Sprintf("and %d more images", len(f.Image)-i)})
			break
		}
		line(text.Lit("image"), plain(text.Clean(image)))
	}
	if f.URL != "" {
		line(text.Lit("web"), kit.Span{Tok: themes.Muted, Text: text.Clean(f.URL)})
	}
	return out
}

// duration says how long it took, and whether that is usual.
func (o *Overview) duration(e *pane.Env, line func(text.Safe, ...kit.Span)) {
	took, usual := o.cell(e, "duration"), o.cell(e, "usual")
	if took == nil || !(took.Num > 0) {
		return
	}
	spans := []kit.Span{{Tok: themes.FG, Text: list.Value(took, core.Duration, e.Now)}}
	if usual != nil && usual.Num > 0 {
		says, tok := text.Sprintf("  usually %s", list.Value(usual, core.Duration, e.Now)), themes.Muted
		if list.Slow(took.Num, usual.Num) {
			says, tok = text.Sprintf("%s: %.1f times as long", says, took.Num/usual.Num), themes.Degraded
		}
		spans = append(spans, kit.Span{Tok: tok, Text: says})
	}
	line(text.Lit("duration"), spans...)
}

// cell is the cell of a column of the object's kind; nil: it has none.
func (o *Overview) cell(e *pane.Env, id string) *core.Cell {
	k := e.Snap.Kind(o.row.Ref)
	if k == nil {
		return nil
	}
	for i := range k.Columns {
		if k.Columns[i].ID == id && i < len(o.row.Cells) {
			return &o.row.Cells[i]
		}
	}
	return nil
}

// say is the text of a cell.
func (o *Overview) say(e *pane.Env, id string) text.Safe {
	if c := o.cell(e, id); c != nil {
		return c.Text
	}
	return text.Safe{}
}

func (o *Overview) commit(e *pane.Env, f *core.Facts) text.Safe {
	if c := o.say(e, "commit"); !c.Empty() {
		return c
	}
	return text.Clean(short(f.Commit))
}

func (o *Overview) author(e *pane.Env, f *core.Facts) text.Safe {
	if a := o.say(e, "author"); !a.Empty() {
		return a
	}
	return text.Clean(f.Actor)
}

func (o *Overview) attempt(e *pane.Env) text.Safe {
	if c := o.cell(e, "attempt"); c != nil && c.Num > 1 {
		return text.Sprintf("attempt %.0f", c.Num)
	}
	return text.Safe{}
}

// join puts what is known side by side.
func join(parts ...text.Safe) text.Safe {
	var out text.Safe
	for _, p := range parts {
		switch {
		case p.Empty():
		case out.Empty():
			out = p
		default:
			out = text.Concat(out, text.Lit("  "), p)
		}
	}
	return out
}
