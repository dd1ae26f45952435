package app

import (
	"fmt"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/store"
	"devops-tui/internal/text"
	"devops-tui/internal/views/kit"
	"devops-tui/internal/views/list"
	"devops-tui/themes"
)

// printSnapshot writes the sources and then a table per list.
func (r *run) printSnapshot(w *world, snap *store.Snapshot, s state, o snapshotOptions) {
	p := r.painter(w.cfg)
	var rows [][]field
	for _, i := range w.infos {
		rows = append(rows, sourceRow(w, snap, i.Instance()))
	}
	p.printTable(r.stdout, rows)
	shown := 0
	for _, t := range s.tables {
		shown += len(t.rows)
		if len(t.rows) == 0 && t.State.Problem == nil && (o.problems || !o.filter.Empty() || o.kinds == nil) {
			continue
		}
		fmt.Fprintln(r.stdout)
		fmt.Fprintln(r.stdout, p.paint(themes.Title, tableTitle(t).String()))
		if t.State.Problem != nil {
			fmt.Fprintln(r.stdout, "  "+p.paint(themes.Failed, t.State.Problem.Summary.String()))
		}
		p.printTable(r.stdout, tableRows(snap, t, o.wide))
	}
	switch {
	case shown > 0:
	case o.problems:
		fmt.Fprintln(r.stdout, "\nno problems")
	default:
		fmt.Fprintln(r.stdout, "\nno objects")
	}
}

func sourceRow(w *world, snap *store.Snapshot, i core.Instance) []field {
	h, _ := snap.HealthOf(i)
	says := h.Version
	if h.Problem != nil {
		says = h.Problem.Summary
		if !h.Problem.Hint.Empty() {
			says = text.Sprintf("%s (%s)", says, h.Problem.Hint)
		}
	}
	state := text.Clean(h.State.String())
	if h.State == core.Stale {
		state = text.Sprintf("stale for %s", text.Duration(time.Since(w.store.LastSeen(i)).Round(time.Second)))
	}
	return []field{plainField(text.Clean(i.String())), {text: state, tok: kit.StateToken(h.State)}, plainField(says)}
}

func tableTitle(t shownTable) text.Safe {
	name := text.Clean(t.Key.Kind)
	if t.Kind != nil && t.Kind.Plural != "" {
		name = text.Clean(t.Kind.Plural)
	}
	more := text.Safe{}
	if !t.State.Listed && t.State.Problem == nil {
		more = text.Lit(", not all are listed yet")
	}
	return text.Sprintf("%s  %s (%d%s)", t.Key.Instance.String(), name, len(t.rows), more)
}

// tableRows is a heading and a line per object, with a glyph for the phase in
// front as in the cockpit.
func tableRows(snap *store.Snapshot, t shownTable, wide bool) [][]field {
	if len(t.rows) == 0 || t.Kind == nil {
		return nil
	}
	glyphs := kit.GlyphsFor(kit.Unicode)
	columns := shownColumns(snap, t, wide)
	head := []field{{text: text.Lit(" "), tok: themes.Header}}
	if t.Kind.Namespaced {
		place := t.Kind.Place
		if place.Empty() {
			place = text.Lit("NAMESPACE")
		}
		head = append(head, field{text: place, tok: themes.Header})
	}
	for _, i := range columns {
		c := &t.Kind.Columns[i]
		head = append(head, field{text: c.Title, tok: themes.Header, right: numeric(c.Type)})
	}
	rows := [][]field{head}
	now := time.Now()
	for _, r := range t.rows {
		tok := kit.PhaseToken(r.Phase)
		row := []field{{text: glyphs.Phase[r.Phase].Safe(), tok: tok}}
		if t.Kind.Namespaced {
			row = append(row, plainField(text.Clean(r.Ref.Namespace)))
		}
		for _, i := range columns {
			row = append(row, cellField(snap, r, &t.Kind.Columns[i], i, now))
		}
		rows = append(rows, row)
	}
	return rows
}

// shownColumns are the columns' indexes; usage only where some is known.
func shownColumns(snap *store.Snapshot, t shownTable, wide bool) []int {
	var out []int
	for i := range t.Kind.Columns {
		c := &t.Kind.Columns[i]
		if c.Wide && !wide {
			continue
		}
		if c.Usage != core.MeasureNone {
			known := false
			for _, r := range t.rows {
				u := snap.Usage(r.Ref)
				known = known || u != nil && u.Values[c.Usage] == u.Values[c.Usage]
			}
			if !known {
				continue
			}
		}
		out = append(out, i)
	}
	return out
}

func cellField(snap *store.Snapshot, r *core.Resource, c *core.Column, i int, now time.Time) field {
	f := field{tok: themes.FG, right: numeric(c.Type)}
	switch {
	case c.Usage != core.MeasureNone:
		if u := snap.Usage(r.Ref); u != nil && u.Values[c.Usage] == u.Values[c.Usage] {
			f.text = list.MeasureText(c.Usage, u.Values[c.Usage])
		}
	case i < len(r.Cells):
		f.text = list.Value(&r.Cells[i], c.Type, now)
	}
	if c.Type == core.Status {
		f.tok = kit.PhaseToken(r.Phase)
		if f.text.Empty() {
			f.text = r.Reason
		}
		if f.text.Empty() {
			f.text = text.Clean(r.Phase.String())
		}
	}
	if f.text.Empty() {
		f.text, f.tok = text.Lit("-"), themes.Muted
	}
	return f
}

func numeric(t core.ColumnType) bool {
	switch t {
	case core.Number, core.Bytes, core.CPU, core.Percent, core.Age, core.Duration:
		return true
	}
	return false
}
