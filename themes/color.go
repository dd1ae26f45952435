package themes

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"devops-tui/internal/text"
)

var colorNames = []string{
	"black", "red", "green", "yellow", "blue", "magenta", "cyan", "white",
	"bright-black", "bright-red", "bright-green", "bright-yellow", "bright-blue", "bright-magenta", "bright-cyan", "bright-white",
}

var attrNames = map[string]text.Attr{
	"bold": text.Bold, "faint": text.Faint, "italic": text.Italic,
	"underline": text.Underline, "reverse": text.Reverse, "strike": text.Strike,
}

// parseColor reads "default", "#rrggbb", a palette index 0-255, a name of one
// of the terminal's 16 colours, or a name from the theme's own palette.
func parseColor(s string, palette map[string]text.Color) (text.Color, error) {
	if c, ok := palette[s]; ok {
		return c, nil
	}
	if s == "default" {
		return text.Color{}, nil
	}
	if hex, ok := strings.CutPrefix(s, "#"); ok {
		v, err := strconv.ParseUint(hex, 16, 32)
		if err != nil || len(hex) != 6 {
			return text.Color{}, fmt.Errorf("colour %q is not #rrggbb", s)
		}
		return text.Color{Kind: text.RGB, Value: uint32(v)}, nil
	}
	if n, err := strconv.ParseUint(s, 10, 8); err == nil {
		return text.Color{Kind: text.Palette, Value: uint32(n)}, nil
	}
	for i, name := range colorNames {
		if s == name {
			return text.Color{Kind: text.Palette, Value: uint32(i)}, nil
		}
	}
	return text.Color{}, fmt.Errorf("unknown colour %q: want #rrggbb, 0-255, default, a name like bright-red, or a name of the theme's palette", s)
}

// parseStyle reads "fg on bg attributes"; every part may be left out.
func parseStyle(s string, palette map[string]text.Color) (text.Style, error) {
	var st text.Style
	words := strings.Fields(s)
	for i := 0; i < len(words); i++ {
		w := words[i]
		if a, ok := attrNames[w]; ok {
			st.Attr |= a
			continue
		}
		back := w == "on"
		if back {
			if i++; i == len(words) {
				return st, fmt.Errorf("style %q: no colour after \"on\"; a colour with # needs quotes", s)
			}
			w = words[i]
		}
		c, err := parseColor(w, palette)
		if err != nil {
			return st, err
		}
		switch {
		case back:
			st.BG = c
		case i > 0:
			return st, fmt.Errorf("style %q: the foreground comes first, attributes last", s)
		default:
			st.FG = c
		}
	}
	return st, nil
}

// basic reports whether a terminal with 16 colours has it.
func basic(c text.Color) bool {
	return c.Kind == text.Default || c.Kind == text.Palette && c.Value < 16
}

// rgb returns a colour's value; false where it is the terminal's own business.
func rgb(c text.Color) (uint32, bool) {
	switch {
	case c.Kind == text.RGB:
		return c.Value, true
	case c.Kind == text.Palette && c.Value >= 232: // xterm's grey ramp
		g := 8 + 10*(c.Value-232)
		return g<<16 | g<<8 | g, true
	case c.Kind == text.Palette && c.Value >= 16: // xterm's 6x6x6 cube
		n := c.Value - 16
		step := func(i uint32) uint32 {
			if i == 0 {
				return 0
			}
			return 55 + 40*i
		}
		return step(n/36)<<16 | step(n/6%6)<<8 | step(n%6), true
	}
	return 0, false
}

// Contrast is the contrast ratio of two colours 0xRRGGBB, 1 to 21
// (WCAG 2.2, "contrast ratio").
func Contrast(a, b uint32) float64 {
	la, lb := luminance(a), luminance(b)
	if la < lb {
		la, lb = lb, la
	}
	return (la + 0.05) / (lb + 0.05)
}

// luminance is the relative luminance of WCAG 2.2.
func luminance(c uint32) float64 {
	lin := func(v uint32) float64 {
		f := float64(v&0xff) / 255
		if f <= 0.04045 {
			return f / 12.92
		}
		return math.Pow((f+0.055)/1.055, 2.4)
	}
	return 0.2126*lin(c>>16) + 0.7152*lin(c>>8) + 0.0722*lin(c)
}
