package dialog

import (
	"devops-tui/internal/actions"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
	"devops-tui/internal/views/kit"
	"devops-tui/internal/views/pane"
	"devops-tui/themes"
)

const (
	leastPlanWidth  = 50 // below that the question cannot be read
	mostPlanWidth   = 128
	leastPlanHeight = 9
	previewRows     = 6 // of the plan below a form, at least
)

func (p *Plan) title() text.Safe {
	switch {
	case p.proposal == nil && !p.o.Title.Empty():
		return p.o.Title
	case p.proposal == nil:
		verb := p.verb.Title
		if verb.Empty() {
			verb = text.Clean(p.o.Verb)
		}
		if len(p.o.Refs) == 1 {
			return text.Sprintf("%s %s", verb, text.Clean(p.o.Refs[0].Path()))
		}
		return text.Sprintf("%s %d objects", verb, len(p.o.Refs))
	case len(p.proposal.Targets) == 1:
		return p.proposal.Targets[0].Plan.Title
	}
	return text.Sprintf("%s %d objects", p.proposal.Verb.Title, len(p.proposal.Targets))
}

// width is the dialog's on a screen of w cells.
func (p *Plan) width(w int) int {
	width := w - 2
	if w > 100 {
		width = min(w-4, mostPlanWidth)
	}
	return max(width, leastPlanWidth, p.named())
}

// Draw implements Dialog. Title and question always stand; what does not fit
// between them scrolls.
func (p *Plan) Draw(e *pane.Env, body kit.Block, w, h int) kit.Block {
	width := p.width(w)
	p.layOut(e.Styles, width-2)
	foot := len(p.foot(e, width-2))
	want := foot + 4
	switch {
	case p.stage == running:
		want = foot + 2 + p.progressRows(e, width-2)
	case p.stage == filling:
		want = foot + 3 + len(p.form.draw(e.Styles, width-2, 1<<16)) + max(p.sheet.Len(), previewRows)
	case p.proposal != nil:
		want = foot + 4 + p.sheet.Len()
	}
	d := kit.Dialog{Box: kit.Box{Title: p.title(), Right: p.badge()}, W: width, H: min(max(want, leastPlanHeight), max(h-2, leastPlanHeight))}
	p.rect, p.clipped = d.Place(w, h)
	if p.stage == confirming && !p.clipped {
		p.proposal.Show()
		p.seen = true
	}
	inner := kit.Block(nil)
	iw, ih := kit.Box{}.Inner(p.rect.W, p.rect.H)
	if p.clipped {
		p.layOut(e.Styles, iw)
	}
	inner = p.inside(e, iw, ih)
	if s := p.scroller(); !s.Fits() {
		d.Box.Bottom = []kit.Span{{Tok: themes.Accent, Text: s.Position()}, {Tok: themes.Muted, Text: p.scrollHint()}}
	}
	return d.Draw(e.Styles, body, w, h, func(int, int) kit.Block { return inner })
}

func (p *Plan) scrollHint() text.Safe {
	if p.stage == filling || p.input != nil && p.stage == confirming {
		return text.Lit(" · pgup pgdn scroll")
	}
	return text.Lit(" · ↓ ↑ scroll")
}

// layOut makes the rows of the plan for a width.
func (p *Plan) layOut(st *kit.Styles, w int) {
	if key := (sheetKey{p.proposal, st, w}); p.proposal != nil && key != p.sheetFor {
		if p.sheetFor.proposal != p.proposal && p.stage == confirming {
			p.sheet.Home()
		}
		p.sheetFor = key
		p.sheet.Set(newSheet(st, w).proposal(p.proposal))
	}
	if p.proposal == nil {
		p.sheet.Set(nil)
		p.sheetFor = sheetKey{}
	}
}

// named is how many cells the name of the target takes with the frame: in the
// title, and where it has to be typed. A dialog that is cut below that cannot
// be confirmed.
func (p *Plan) named() int {
	n := p.title().Width() + 4
	if p.input != nil {
		n = max(n, p.input.Prompt.Width()+8)
	}
	return n
}

// badge says where, and how it will have to be confirmed.
func (p *Plan) badge() []kit.Span {
	if p.proposal == nil || p.stage == running {
		return nil
	}
	var out []kit.Span
	if env := p.proposal.Policy.Environment; !env.Empty() {
		tok := themes.EnvConfirm
		if p.o.Token != nil {
			tok = p.o.Token(p.proposal.Policy)
		}
		out = append(out, kit.Span{Tok: tok, Text: text.Sprintf(" %s ", env)}, kit.Span{Tok: themes.Muted, Text: text.Lit(" · ")})
	}
	how := text.Lit("enter confirms")
	switch {
	case p.proposal.Level == actions.Deny:
		how = text.Lit("denied")
	case p.proposal.Direct():
		how = text.Lit("enter opens")
	case p.proposal.Level == actions.Confirm:
		how = text.Lit("y confirms")
	case p.proposal.Level == actions.Name:
		how = text.Lit("confirm by name")
	}
	return append(out, kit.Span{Tok: themes.Muted, Text: how})
}

func (p *Plan) inside(e *pane.Env, w, h int) kit.Block {
	st := e.Styles
	foot := p.foot(e, w)
	if len(foot) > h {
		foot = foot[:max(h, 0)]
	}
	room := h - len(foot)
	switch {
	case p.stage == running:
		return kit.Stack(p.progress(e, w, room), foot)
	case p.stage == filling:
		return kit.Stack(p.filling(e, w, room), foot)
	case p.stage != confirming && p.err != nil:
		return kit.Stack(pane.Message(st, w, room, kit.Span{Tok: themes.Failed, Text: p.err.Summary}, kit.Span{Tok: themes.Muted, Text: p.err.Hint}), foot)
	case p.stage != confirming:
		says := text.Lit("planning: reading and dry-running, nothing is changed")
		if p.stage == asking {
			says = text.Lit("reading what can be chosen, nothing is changed")
		}
		return kit.Stack(pane.Message(st, w, room, kit.Span{Tok: themes.Muted, Text: says}), foot)
	}
	if room < 2 {
		return kit.Stack(p.sheet.Draw(st, w, room), foot)
	}
	return kit.Stack(kit.Blank(st, w, 1), p.sheet.Draw(st, w, room-2), kit.Block{kit.Rule(st, w, nil, nil)}, foot)
}

// filling is the form, and below it the plan that it makes.
func (p *Plan) filling(e *pane.Env, w, h int) kit.Block {
	st := e.Styles
	forms := p.form.draw(st, w, max(h-1-max(min(p.sheet.Len(), h/2), previewRows), 3))
	p.formRect = kit.Rect{X: p.rect.X + 1, Y: p.rect.Y + 1, W: w, H: len(forms)}
	if len(forms) > h-1 {
		forms = forms[:max(h-1, 0)]
	}
	var state []kit.Span
	fresh := p.have == p.epoch
	lacks := p.form.lacks()
	switch {
	case !lacks.Empty():
		state = []kit.Span{{Tok: themes.Warn, Text: lacks}}
	case !fresh && p.proposal != nil:
		state = []kit.Span{{Tok: themes.Pending, Text: text.Lit("planning anew")}}
	case !fresh:
		state = []kit.Span{{Tok: themes.Pending, Text: text.Lit("planning")}}
	}
	if more := p.form.more(); !more.Empty() {
		state = append([]kit.Span{{Tok: themes.Accent, Text: more}}, state...)
	}
	rule := kit.Rule(st, w, []kit.Span{{Tok: themes.Title, Text: text.Lit(" plan ")}}, state)
	room := h - len(forms) - 1
	var below kit.Block
	switch {
	case p.err != nil && fresh:
		below = problemRows(st, w, p.err)
	case p.proposal == nil:
		below = nil
	case fresh:
		below = p.sheet.Draw(st, w, room)
	default: // of other values: what it said, but not as if it held
		below = kit.Dim(st, p.sheet.Draw(st, w, room), w)
	}
	if len(below) > room {
		below = below[:max(room, 0)]
	}
	return kit.Stack(forms, kit.Block{rule}, below, kit.Blank(st, w, room-len(below)))
}

// problemRows is a problem with what to do about it.
func problemRows(st *kit.Styles, w int, p *core.Problem) kit.Block {
	s := newSheet(st, w)
	s.alert(themes.Failed, text.Lit("problem"))
	s.say(themes.Failed, p.Summary)
	if !p.Hint.Empty() {
		s.section(text.Safe{})
		s.say(themes.Muted, p.Hint)
	}
	return s.rows
}

// foot is the question, or what can be done now.
func (p *Plan) foot(e *pane.Env, w int) kit.Block {
	st := e.Styles
	line := func(tok themes.Token, s text.Safe) kit.Block {
		return kit.Block{kit.NewBuilder(st, w).Space(1).Text(tok, s).Line()}
	}
	keys := func(pairs ...text.Safe) kit.Block { return keyLine(st, w, pairs...) }
	var out kit.Block
	if !p.said.Empty() {
		out = line(themes.Warn, p.said)
	}
	switch {
	case p.stage == running:
		return p.runningFoot(st, w)
	case p.stage == filling:
		enter := text.Lit("goes on to confirm")
		switch {
		case p.advance:
			enter = text.Lit("goes on when the plan is there")
		case p.proposal != nil && p.proposal.Direct():
			enter = text.Lit("opens it")
		}
		if len(p.form.fields) > 1 {
			return append(out, keys(text.Lit("enter"), enter, text.Lit("tab"), text.Lit("next field"), text.Lit("esc"), text.Lit("cancels"))...)
		}
		return append(out, keys(text.Lit("enter"), enter, text.Lit("esc"), text.Lit("cancels"))...)
	case p.stage != confirming:
		ks := []text.Safe{text.Lit("esc"), text.Lit("closes")}
		if p.err != nil && p.o.Again != nil {
			ks = append([]text.Safe{text.Lit("e"), p.o.AgainHint}, ks...)
		} else if p.err != nil {
			ks = append([]text.Safe{text.Lit("r"), text.Lit("plans again")}, ks...)
		}
		return append(out, keys(ks...)...)
	case p.err != nil:
		for _, row := range wrapped(p.err.Summary, w-2) {
			out = append(out, line(themes.Failed, row)...)
		}
		ks := []text.Safe{text.Lit("esc"), text.Lit("closes")}
		if p.form != nil {
			ks[1] = text.Lit("back to the form")
		}
		if p.breakable() {
			ks = append([]text.Safe{text.Lit("b"), text.Lit("breaks the glass")}, ks...)
		}
		return append(out, keys(ks...)...)
	case p.clipped:
		return append(out, line(themes.Warn, text.Lit("make the window larger to confirm · esc cancels"))...)
	}
	return append(out, p.ask(st, w)...)
}

// ask is the question itself.
func (p *Plan) ask(st *kit.Styles, w int) kit.Block {
	var out kit.Block
	if d := p.danger(); d >= 2 {
		out = append(out, kit.NewBuilder(st, w).Space(1).Glyph(themes.Failed, st.Glyphs.Warning).Space(1).Text(themes.Failed, text.Lit("this loses data or state")).Line())
	}
	esc := text.Lit("cancels")
	if p.form != nil {
		esc = text.Lit("cancels: back to the form")
	}
	more := []text.Safe{text.Lit("esc"), esc}
	if p.o.Again != nil && p.input == nil {
		more = append([]text.Safe{text.Lit("e"), p.o.AgainHint}, more...)
	}
	if p.input == nil && len(p.proposal.Targets) == 1 && w >= 90 {
		more = append(more, text.Lit("c"), text.Lit("copies the command"))
	}
	switch {
	case p.input != nil:
		l, _ := p.input.Draw(st, w)
		out = append(out, l)
		return append(out, keyLine(st, w, append([]text.Safe{text.Lit("enter"), text.Lit("confirms")}, more...)...)...)
	case p.proposal.Level == actions.Free:
		return append(out, keyLine(st, w, append([]text.Safe{text.Lit("enter"), text.Lit("confirms")}, more...)...)...)
	default:
		return append(out, keyLine(st, w, append([]text.Safe{text.Lit("y"), text.Lit("confirms")}, more...)...)...)
	}
}

func (p *Plan) danger() (d int) {
	for i := range p.proposal.Targets {
		d = max(d, p.proposal.Targets[i].Plan.Danger)
	}
	return d
}

// keyLine is keys with what they do, in pairs.
func keyLine(st *kit.Styles, w int, pairs ...text.Safe) kit.Block {
	b := kit.NewBuilder(st, w).Space(1)
	for i := 0; i+1 < len(pairs); i += 2 {
		if i > 0 {
			b.Text(themes.Muted, text.Lit(" · "))
		}
		b.Text(themes.Key, pairs[i]).Space(1).Text(themes.Muted, pairs[i+1])
	}
	return kit.Block{b.Line()}
}
