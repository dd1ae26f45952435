package pane

import "devops-tui/internal/views/kit"

// Message centres lines of text in a pane, wrapped at its width: what an empty
// pane says.
func Message(st *kit.Styles, w, h int, spans ...kit.Span) kit.Block {
	if w <= 0 || h <= 0 {
		return nil
	}
	var rows []string
	for _, s := range spans {
		if s.Text.Empty() {
			continue
		}
		for _, row := range s.Text.Line().Wrap(max(w-4, 1)) {
			b := kit.NewBuilder(st, w)
			rows = append(rows, b.Space(max((w-row.Width())/2, 0)).Text(s.Tok, row.Safe()).Line())
		}
	}
	out := kit.Stack(kit.Blank(st, w, max((h-len(rows))/2, 0)), rows)
	if len(out) > h {
		return out[:h]
	}
	return append(out, kit.Blank(st, w, h-len(out))...)
}
