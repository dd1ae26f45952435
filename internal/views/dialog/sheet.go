package dialog

import (
	"strings"

	"devops-tui/internal/actions"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
	"devops-tui/internal/views/kit"
	"devops-tui/themes"
)

// labelCells is the column of the labels: "left out" and a space.
const labelCells = 11

// sheet lays a plan out as rows of w cells: a column of labels, and beside it
// what they stand for, broken where it is too long.
type sheet struct {
	st   *kit.Styles
	w    int
	rows kit.Block

	label text.Safe
	tok   themes.Token
	glyph kit.Glyph
	mark  bool
}

func newSheet(st *kit.Styles, w int) *sheet { return &sheet{st: st, w: w} }

// section begins a labelled part; its first row carries the label.
func (s *sheet) section(label text.Safe) { s.label, s.tok, s.mark = label, themes.Muted, false }

// alert begins a part that a glyph points out.
func (s *sheet) alert(tok themes.Token, label text.Safe) {
	s.label, s.tok, s.mark, s.glyph = label, tok, true, s.st.Glyphs.Warning
}

// room is the cells beside the labels.
func (s *sheet) room() int { return max(s.w-labelCells-2, 8) }

// row begins a row with the label that is due.
func (s *sheet) row() *kit.Builder {
	b := kit.NewBuilder(s.st, s.w).Space(1)
	if s.mark {
		b.Glyph(s.tok, s.glyph).Space(1).Cell(s.tok, s.label, labelCells-2, false)
	} else {
		b.Cell(s.tok, s.label, labelCells, false)
	}
	s.label, s.mark = text.Safe{}, false
	return b
}

func (s *sheet) add(b *kit.Builder) { s.rows = append(s.rows, b.Line()) }

func (s *sheet) blank() { s.rows = append(s.rows, kit.Blank(s.st, s.w, 1)...) }

// say adds text, broken into rows.
func (s *sheet) say(tok themes.Token, t text.Safe) {
	for _, row := range wrapped(t, s.room()) {
		s.add(s.row().Text(tok, row))
	}
}

// wrapped breaks a text into rows of w cells; the space at a break is dropped.
func wrapped(t text.Safe, w int) []text.Safe {
	rows := t.Line().Wrap(max(w, 8))
	out := make([]text.Safe, len(rows))
	for i, r := range rows {
		if i > 0 && strings.HasPrefix(r.String(), " ") {
			r = r.Cut(1, r.Width())
		}
		out[i] = r.Safe()
	}
	return out
}

// heading is the title of one object among many.
func (s *sheet) heading(t text.Safe) {
	s.blank()
	s.add(kit.NewBuilder(s.st, s.w).Space(1).Text(themes.Title, t))
}

// maxFieldCells bounds the column of the fields' names.
const maxFieldCells = 26

// changes are before and after in columns: what was is secondary, what comes
// is plain. Where both do not fit beside each other, what comes stands below.
func (s *sheet) changes(cs []core.FieldChange) {
	s.section(text.Lit("changes"))
	fieldW, beforeW, afterW := 0, 0, 0
	for _, c := range cs {
		fieldW = max(fieldW, min(c.Field.Width(), maxFieldCells))
		beforeW, afterW = max(beforeW, orNone(c.Before).Width()), max(afterW, orNone(c.After).Width())
	}
	room := s.room() - fieldW - 2
	if beforeW+3+afterW > room {
		beforeW = min(beforeW, room*2/5)
	}
	for _, c := range cs {
		before, after := orNone(c.Before), orNone(c.After)
		b := s.row().Cell(themes.FG, c.Field, fieldW, false).Space(2)
		if max(before.Width(), beforeW)+3+after.Width() <= room {
			b.Cell(beforeToken(c.Before), before, max(before.Width(), beforeW), false).Space(1).Glyph(themes.Muted, s.st.Glyphs.Becomes).Space(1).Text(themes.Accent, after)
			s.add(b)
			continue
		}
		indent := fieldW + 2
		if room < 24 { // the field's name has a row of its own
			s.add(b)
			indent = 2
		} else {
			first := true
			for _, row := range wrapped(before, room-2) {
				if !first {
					b = s.row().Space(indent)
				}
				first = false
				s.add(b.Text(beforeToken(c.Before), row))
			}
			s.becomes(indent, after)
			continue
		}
		for _, row := range wrapped(before, s.room()-indent-2) {
			s.add(s.row().Space(indent).Text(beforeToken(c.Before), row))
		}
		s.becomes(indent, after)
	}
}

// becomes is the row that says what comes, where it stands below what was.
func (s *sheet) becomes(indent int, after text.Safe) {
	for i, row := range wrapped(after, s.room()-indent-2) {
		b := s.row().Space(indent)
		if i == 0 {
			b.Glyph(themes.Muted, s.st.Glyphs.Becomes).Space(1)
		} else {
			b.Space(2)
		}
		s.add(b.Text(themes.Accent, row))
	}
}

func beforeToken(before text.Safe) themes.Token {
	if before.Empty() {
		return themes.Faint
	}
	return themes.Muted
}

func orNone(s text.Safe) text.Safe {
	if s.Empty() {
		return text.Lit("(none)")
	}
	return s
}

// diff is a unified diff over the whole width. Its signs stand in a column of
// their own, so that it is read without colours too.
func (s *sheet) diff(note text.Safe, lines []text.Line) {
	added, removed := 0, 0
	for _, l := range lines {
		switch {
		case isHeader(l.String()):
		case strings.HasPrefix(l.String(), "+"):
			added++
		case strings.HasPrefix(l.String(), "-"):
			removed++
		}
	}
	s.section(text.Lit("diff"))
	s.add(s.row().Text(themes.Muted, note).Space(2).Text(themes.OK, text.Sprintf("+%d", added)).Space(1).Text(themes.Failed, text.Sprintf("-%d", removed)))
	for _, l := range lines {
		s.diffLine(l)
	}
}

func isHeader(l string) bool { return strings.HasPrefix(l, "+++ ") || strings.HasPrefix(l, "--- ") }

func (s *sheet) diffLine(l text.Line) {
	tok := themes.Muted
	raw := l.String()
	switch {
	case isHeader(raw):
		tok = themes.Header
	case strings.HasPrefix(raw, "@@"):
		tok = themes.Accent
	case strings.HasPrefix(raw, "+"):
		tok = themes.OK
	case strings.HasPrefix(raw, "-"):
		tok = themes.Failed
	}
	for i, row := range l.Wrap(max(s.w-8, 8)) {
		b := kit.NewBuilder(s.st, s.w).Space(4)
		if i > 0 { // it goes on: under the text, not under the sign
			b.Space(3)
		}
		s.add(b.Text(tok, row.Safe()))
	}
}

// plan adds the sections of one object's plan, in the order in which they are
// asked: what happens, to how much, who objects, how else, how back. The proof, which
// may be long, comes last, so that it pushes nothing out of sight.
func (s *sheet) plan(p *core.Plan) {
	if len(p.Changes) > 0 {
		s.changes(p.Changes)
	}
	if len(p.Impact) > 0 {
		s.section(text.Lit("touches"))
		s.listed(themes.FG, p.Impact)
	}
	for _, w := range p.Warnings {
		s.alert(themes.Warn, text.Lit("warning"))
		s.say(themes.Warn, w)
	}
	switch {
	case p.Blind:
		s.alert(themes.Warn, text.Lit("blind"))
		s.say(themes.Warn, text.Sprintf("no preview: %s", p.Preview))
	case !p.Preview.Empty():
		s.section(text.Lit("no preview"))
		s.say(themes.Muted, p.Preview)
	}
	if !p.Command.Empty() {
		s.section(text.Lit("same as"))
		s.say(themes.FG, p.Command)
	}
	if !p.UndoHint.Empty() {
		s.section(text.Lit("undo"))
		tok := themes.FG
		if p.Inverse == nil {
			tok = themes.Degraded
		}
		s.say(tok, p.UndoHint)
	}
	if len(p.Diff) > 0 {
		note := text.Lit("server-side dry run")
		if !p.Preview.Empty() {
			note = text.Lit("as far as can be told")
		}
		s.diff(note, p.Diff)
	}
}

// listed puts short texts behind each other and long ones below each other.
func (s *sheet) listed(tok themes.Token, ts []text.Safe) {
	var row text.Safe
	for _, t := range ts {
		if !row.Empty() && row.Width()+3+t.Width() > s.room() {
			s.say(tok, row)
			row = text.Safe{}
		}
		if row.Empty() {
			row = t
		} else {
			row = text.Sprintf("%s · %s", row, t)
		}
	}
	if !row.Empty() {
		s.say(tok, row)
	}
}

// overview is a line per object of a plan for many.
func (s *sheet) overview(targets []actions.Target) {
	s.section(text.Lit("objects"))
	pathW, instances := 0, map[core.Instance]bool{}
	for i := range targets {
		pathW = max(pathW, text.Clean(targets[i].Ref.Path()).Width())
		instances[targets[i].Ref.Instance()] = true
	}
	pathW = min(pathW, s.room()/2)
	for i := range targets {
		t := &targets[i]
		b := s.row().Cell(themes.FG, text.Clean(t.Ref.Path()), pathW, false).Space(2)
		if n := len(t.Plan.Warnings); n > 0 {
			b.Glyph(themes.Warn, s.st.Glyphs.Warning).Text(themes.Warn, text.Int(n)).Space(1)
		} else {
			b.Space(3)
		}
		if len(instances) > 1 {
			b.Text(themes.Muted, text.Clean(t.Ref.Scope)).Space(2)
		}
		if len(t.Plan.Changes) > 0 {
			c := t.Plan.Changes[0]
			b.Text(themes.Muted, c.Field).Space(1).Text(themes.Muted, orNone(c.Before)).Space(1).Glyph(themes.Muted, s.st.Glyphs.Becomes).Space(1).Text(themes.Accent, orNone(c.After))
			if n := len(t.Plan.Changes) - 1; n > 0 {
				b.Text(themes.Muted, text.Sprintf("  and %d more", n))
			}
		}
		s.add(b)
	}
}

// proposal lays out a whole plan.
func (s *sheet) proposal(p *actions.Proposal) kit.Block {
	if len(p.Targets) == 1 {
		s.plan(&p.Targets[0].Plan)
	} else {
		s.overview(p.Targets)
	}
	for _, x := range p.Skipped {
		s.alert(themes.Warn, text.Lit("left out"))
		s.say(themes.Warn, text.Sprintf("%s: %s", text.Clean(x.Ref.Path()), x.Problem.Summary))
	}
	if len(p.Targets) > 1 {
		for i := range p.Targets {
			s.heading(text.Sprintf("%d  %s", i+1, p.Targets[i].Plan.Title))
			s.plan(&p.Targets[i].Plan)
		}
	}
	return s.rows
}
