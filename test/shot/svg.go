package main

import (
	"fmt"
	"html"
	"strings"

	"github.com/hinshun/vt10x"
)

// Sizes of a cell in the SVG's own units.
const (
	cellW = 8.4
	cellH = 18.0
)

const (
	groundColor = "#16181d"
	textColor   = "#d7dae0"
)

// vt10x's bits of Glyph.Mode, which it does not export.
const (
	attrReverse = 1 << iota
	attrUnderline
	attrBold
)

// draw writes the screen as SVG: a rectangle for each run of cells with a
// background, a text for each word of one style.
func draw(t vt10x.Terminal, cols, rows int) string {
	var b strings.Builder
	w, h := float64(cols)*cellW+16, float64(rows)*cellH+16
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="14">`+"\n", w, h)
	fmt.Fprintf(&b, `<rect width="%.0f" height="%.0f" rx="8" fill="%s"/>`+"\n", w, h, groundColor)
	for y := range rows {
		for x := 0; x < cols; {
			fg, bg, bold := colors(t.Cell(x, y))
			start := x
			var run []rune
			for x < cols {
				g := t.Cell(x, y)
				f2, b2, bo2 := colors(g)
				if f2 != fg || b2 != bg || bo2 != bold {
					break
				}
				c := g.Char
				if c == 0 {
					c = ' '
				}
				run = append(run, c)
				x++
			}
			left, top := 8+float64(start)*cellW, 8+float64(y)*cellH
			if bg != groundColor {
				fmt.Fprintf(&b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"/>`+"\n", left, top, float64(x-start)*cellW, cellH, bg)
			}
			words(&b, run, left, top+13.5, fg, bold)
		}
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// words writes a run without its blanks: a word is as wide as its cells, so
// that the grid holds in any monospace font.
func words(b *strings.Builder, run []rune, left, y float64, fg string, bold bool) {
	weight := ""
	if bold {
		weight = ` font-weight="bold"`
	}
	for i := 0; i < len(run); {
		if run[i] == ' ' {
			i++
			continue
		}
		j := i
		for j < len(run) && run[j] != ' ' {
			j++
		}
		fmt.Fprintf(b, `<text x="%.1f" y="%.1f" fill="%s"%s textLength="%.1f">%s</text>`+"\n", left+float64(i)*cellW, y, fg, weight, float64(j-i)*cellW, html.EscapeString(string(run[i:j])))
		i = j
	}
}

func colors(g vt10x.Glyph) (fg, bg string, bold bool) {
	fg, bg = hex(g.FG, textColor), hex(g.BG, groundColor)
	return fg, bg, g.Mode&(attrBold<<1) != 0 || g.Mode&attrBold != 0
}

// basic are the 16 colours of a terminal, for themes that use them.
var basic = [16]string{"#1d1f21", "#cc6666", "#b5bd68", "#f0c674", "#81a2be", "#b294bb", "#8abeb7", "#c5c8c6", "#666666", "#d54e53", "#b9ca4a", "#e7c547", "#7aa6da", "#c397d8", "#70c0b1", "#eaeaea"}

func hex(c vt10x.Color, def string) string {
	switch {
	case c == vt10x.DefaultFG || c == vt10x.DefaultBG || c >= 1<<24:
		return def
	case c < 16:
		return basic[c]
	case c < 256:
		n := int(c) - 16
		if n >= 216 {
			v := 8 + (n-216)*10
			return fmt.Sprintf("#%02x%02x%02x", v, v, v)
		}
		level := func(i int) int { return [6]int{0, 95, 135, 175, 215, 255}[i] }
		return fmt.Sprintf("#%02x%02x%02x", level(n/36), level(n/6%6), level(n%6))
	default:
		return fmt.Sprintf("#%06x", uint32(c))
	}
}
