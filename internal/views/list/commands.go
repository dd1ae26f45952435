package list

import (
	tea "charm.land/bubbletea/v2"

	"devops-tui/internal/core"
	"devops-tui/internal/keys"
	"devops-tui/internal/query"
	"devops-tui/internal/text"
	"devops-tui/internal/views/kit"
	"devops-tui/internal/views/pane"
)

// Command carries out a list command.
func (l *List) Command(e *pane.Env, c keys.Command) (tea.Cmd, bool) {
	if pane.Move(c.ID, rows{l.table}, 1) {
		l.settled = true
		return nil, true
	}
	r := l.Selected()
	switch c.ID {
	case keys.Filter:
		l.openFilter(e)
	case keys.Back:
		return nil, l.back(e)
	case keys.MatchNext:
		l.nextProblem(1)
	case keys.MatchPrev:
		l.nextProblem(-1)
	case keys.SortNext:
		l.sortStep(e, 1)
	case keys.SortPrev:
		l.sortStep(e, -1)
	case keys.SortReverse:
		if l.sorter.Column != "" {
			l.sorter.Desc = !l.sorter.Desc
			l.resort(e)
		}
	case keys.SortDefault:
		l.sorter = query.Sorter{}
		l.resort(e)
	case keys.Wide:
		l.table.SetWide(!l.table.Wide())
	case keys.Mark:
		l.mark(e)
	case keys.MarkRange:
		l.markRange(e)
	case keys.Open:
		if r != nil && l.o.Enter != nil {
			l.o.Enter(e, r)
		} else if r != nil {
			e.Send(pane.Open{Ref: r.Ref})
		}
	case keys.ViewLogs:
		l.withRow(e, r, func() { e.Send(pane.OpenLogs{Ref: r.Ref}) })
	case keys.ViewPrevious:
		l.withRow(e, r, func() { e.Send(pane.OpenLogs{Ref: r.Ref, Previous: true}) })
	case keys.Describe, keys.Manifest, keys.Events, keys.Metrics:
		l.withRow(e, r, func() { e.Send(pane.Open{Ref: r.Ref, Tab: c.ID}) })
	case keys.OpenURL:
		l.withRow(e, r, func() { e.Send(pane.OpenURL{Ref: r.Ref}) })
	case keys.Copy:
		l.withRow(e, r, func() { l.copyMenu(e, r) })
	default:
		return nil, false
	}
	return nil, true
}

func (l *List) withRow(e *pane.Env, r *core.Resource, f func()) {
	if r == nil {
		e.Send(pane.Notify{Text: text.Lit("no row is selected")})
		return
	}
	f()
}

// rows moves the selection where a text would scroll.
type rows struct{ *kit.Table[core.Ref] }

func (r rows) Scroll(n int) { r.MoveBy(n) }

// back takes back one thing: marks, then the filter.
func (l *List) back(e *pane.Env) bool {
	switch {
	case len(l.marks) > 0:
		clear(l.marks)
		l.table.Invalidate()
	case !l.filter.Empty() || !l.badQuery.Empty():
		l.SetFilter(e, "")
	default:
		return false
	}
	return true
}

// nextProblem moves to the next row that needs a human.
func (l *List) nextProblem(dir int) {
	_, at, ok := l.table.Selected()
	if !ok {
		return
	}
	for i := 1; i <= len(l.order); i++ {
		j := ((at+dir*i)%len(l.order) + len(l.order)) % len(l.order)
		if l.order[j].IsProblem() {
			l.table.MoveTo(j)
			return
		}
	}
}

func (l *List) mark(e *pane.Env) {
	r := l.Selected()
	if r == nil {
		return
	}
	if l.marks[r.Ref] {
		delete(l.marks, r.Ref)
	} else {
		l.marks[r.Ref] = true
	}
	_, l.markRow, _ = l.table.Selected()
	l.table.MoveBy(1)
	l.table.Invalidate()
	_ = e
}

// markRange marks from the last mark to the selection.
func (l *List) markRange(*pane.Env) {
	_, at, ok := l.table.Selected()
	if !ok {
		return
	}
	from, to := min(l.markRow, at), max(l.markRow, at)
	for i := from; i <= to && i < len(l.order); i++ {
		l.marks[l.order[i].Ref] = true
	}
	l.table.Invalidate()
}

// sortStep makes the next column the one that is sorted by; before the first
// and after the last stands the default order, trouble first.
func (l *List) sortStep(e *pane.Env, dir int) {
	if len(l.columns) == 0 { // no source has the kind (yet)
		return
	}
	at := -1
	for i, c := range l.columns {
		if c.decl.ID == l.sorter.Column {
			at = i
		}
	}
	for range l.columns {
		at += dir
		if at < -1 {
			at = len(l.columns) - 1
		}
		if at == -1 || at >= len(l.columns) {
			l.sorter = query.Sorter{}
			l.resort(e)
			e.Send(pane.Notify{Text: text.Lit("sorted: trouble first")})
			return
		}
		if c := l.columns[at].decl; !c.Wide || l.table.Wide() {
			break
		}
	}
	l.sortBy(e, at)
}

// sortBy sorts by a column; numbers start with the largest. The same column
// again reverses.
func (l *List) sortBy(e *pane.Env, i int) {
	c := l.columns[i].decl
	if l.sorter.Column == c.ID {
		l.sorter.Desc = !l.sorter.Desc
	} else {
		l.sorter = query.Sorter{Column: c.ID, Desc: c.Type != core.Text && c.Type != core.Name && c.Type != core.Status}
	}
	l.resort(e)
}

func (l *List) resort(e *pane.Env) {
	l.setColumns()
	l.force = true
	l.Refresh(e)
}

// openFilter opens the prompt under the table.
func (l *List) openFilter(*pane.Env) {
	l.filterAt, l.filterOn = l.filter.String(), l.Subject()
	example := l.o.Filter
	if example.Empty() {
		example = text.Lit("text  !not  ~regex  cpu>500m  restarts>3  age<2h  ns:payments")
	}
	l.filterIn = &kit.Input{Prompt: text.Lit(" / "), Placeholder: example}
	l.filterIn.SetValue(l.filterAt)
}

// Typing reports an open prompt.
func (l *List) Typing() bool { return l.filterIn != nil }

// Key edits the filter; the list follows each key.
func (l *List) Key(e *pane.Env, k tea.KeyPressMsg) tea.Cmd {
	switch k.String() {
	case "esc", "ctrl+c":
		l.filterIn = nil
		l.SetFilter(e, l.filterAt)
		l.table.Select(l.filterOn)
	case "enter":
		l.filterIn = nil
		if !l.badQuery.Empty() {
			l.SetFilter(e, l.filterAt)
		}
	case "up":
		l.table.MoveBy(-1)
	case "down":
		l.table.MoveBy(1)
	default:
		if l.filterIn.Key(k) {
			l.SetFilter(e, l.filterIn.Value())
		}
	}
	return nil
}

// Paste goes into the open prompt.
func (l *List) Paste(e *pane.Env, s string) {
	if l.filterIn != nil && l.filterIn.Paste(s) {
		l.SetFilter(e, l.filterIn.Value())
	}
}

// copyMenu offers what can be copied of a row.
func (l *List) copyMenu(e *pane.Env, r *core.Resource) {
	item := func(title, value text.Safe) pane.Item {
		return pane.Item{Title: title, Detail: value, Do: func(e *pane.Env) tea.Cmd {
			e.Send(pane.CopyText{Text: value, What: title})
			return nil
		}}
	}
	items := []pane.Item{item(text.Lit("name"), text.Clean(r.Ref.Name)), item(text.Lit("reference"), text.Clean(r.Ref.String()))}
	if r.Ref.Namespace != "" {
		items = append(items, item(text.Lit("namespace"), text.Clean(r.Ref.Namespace)))
	}
	if r.Ref.UID != "" {
		items = append(items, item(text.Lit("UID"), text.Clean(r.Ref.UID)))
	}
	if r.Facts != nil {
		for _, s := range r.Facts.Image {
			items = append(items, item(text.Lit("image"), text.Clean(s)))
		}
		if r.Facts.Commit != "" {
			items = append(items, item(text.Lit("commit"), text.Clean(r.Facts.Commit)))
		}
	}
	if r.Facts != nil && r.Facts.URL != "" {
		items = append(items, item(text.Lit("address"), text.Clean(r.Facts.URL)))
	}
	if !r.Message.Empty() {
		items = append(items, item(text.Lit("message"), r.Message))
	}
	e.Send(pane.Choose{Title: text.Lit("Copy"), Items: items})
}
