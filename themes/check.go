package themes

import (
	"fmt"

	"devops-tui/internal/text"
)

// Least contrast ratios (WCAG 2.2, 1.4.3 and 1.4.11), and how far a selected
// row must stand out from the ground.
const (
	minText      = 4.5
	minGraphics  = 3
	minSelection = 1.2
)

// Check returns what cannot be read in a theme, one sentence each; nil if all
// is well. Colours that are the terminal's own have no value to be checked.
func Check(t *Theme) []string {
	var bad []string
	need := func(tok Token, what string, fg, bg uint32, least float64) {
		if c := Contrast(fg, bg); c < least {
			bad = append(bad, fmt.Sprintf("%s: #%06x on %s #%06x has contrast %.2f, less than %.1f", tok, fg, what, bg, c, least))
		}
	}
	for tok := range NumTokens {
		info := tokenInfo[tok]
		st := t.Styles[tok]
		fg, fgKnown := rgb(st.FG)
		if !fgKnown {
			continue
		}
		least := float64(minText)
		if info.role == graphics {
			least = minGraphics
		}
		if info.role == badge {
			if bg, ok := rgb(st.BG); ok {
				need(tok, "its own background", fg, bg, minText)
			}
			continue
		}
		if info.role == ground {
			continue
		}
		for _, bg := range t.On {
			need(tok, "the background", fg, bg, least)
		}
		if !info.inRow {
			continue
		}
		for _, sel := range []Token{Selection, SelectionBlur} {
			if bg, ok := rgb(t.Styles[sel].BG); ok && t.Styles[sel].Attr&text.Reverse == 0 {
				need(tok, sel.String(), fg, bg, least)
			}
		}
	}
	for _, sel := range []Token{Selection, SelectionBlur} {
		st := t.Styles[sel]
		bg, ok := rgb(st.BG)
		if !ok {
			if st.BG == (text.Color{}) && st.Attr&(text.Reverse|text.Underline|text.Bold) == 0 {
				bad = append(bad, sel.String()+": neither a background nor an attribute sets the selected row apart")
			}
			continue
		}
		for _, on := range t.On {
			if c := Contrast(bg, on); c < minSelection && st.Attr&(text.Reverse|text.Underline|text.Bold) == 0 {
				bad = append(bad, fmt.Sprintf("%s: background #%06x stands out from #%06x by %.2f only, less than %.1f", sel, bg, on, c, minSelection))
			}
		}
	}
	return bad
}
