package text

// apply changes the style by the parameters of one SGR sequence. Values that
// are not known, blink (5, 6) and conceal (8) among them, change nothing.
func (st *Style) apply(params string) {
	p := sgrParams{s: params}
	for {
		v, sub, ok := p.next()
		if !ok {
			return
		}
		switch {
		case v == 0:
			*st = Style{}
		case v == 1:
			st.Attr |= Bold
		case v == 2:
			st.Attr |= Faint
		case v == 3:
			st.Attr |= Italic
		case v == 4:
			if sub && p.s != "" { // 4:0 is none, 4:1 to 4:5 are the kinds
				if kind, _, _ := p.next(); kind == 0 {
					st.Attr &^= Underline
					continue
				}
			}
			st.Attr |= Underline
		case v == 7:
			st.Attr |= Reverse
		case v == 9:
			st.Attr |= Strike
		case v == 21:
			st.Attr |= Underline // double
		case v == 22:
			st.Attr &^= Bold | Faint
		case v == 23:
			st.Attr &^= Italic
		case v == 24:
			st.Attr &^= Underline
		case v == 27:
			st.Attr &^= Reverse
		case v == 29:
			st.Attr &^= Strike
		case v >= 30 && v <= 37:
			st.FG = Color{Palette, uint32(v - 30)}
		case v == 38, v == 48, v == 58:
			c, ok := p.color(sub)
			if !ok {
				continue
			}
			if v == 38 {
				st.FG = c
			} else if v == 48 {
				st.BG = c
			}
		case v == 39:
			st.FG = Color{}
		case v >= 40 && v <= 47:
			st.BG = Color{Palette, uint32(v - 40)}
		case v == 49:
			st.BG = Color{}
		case v >= 90 && v <= 97:
			st.FG = Color{Palette, uint32(v - 90 + 8)}
		case v >= 100 && v <= 107:
			st.BG = Color{Palette, uint32(v - 100 + 8)}
		}
		if sub && v != 4 && v != 38 && v != 48 && v != 58 {
			p.skipSub()
		}
	}
}

// sgrParams reads the parameters of an SGR sequence one by one.
type sgrParams struct {
	s    string
	done bool
	sub  bool // the last separator was a colon
}

// next returns the next value, -1 if it is empty inside a colon form and 0 if
// it is empty elsewhere; sub tells that sub-parameters of it follow.
func (p *sgrParams) next() (v int, sub, ok bool) {
	if p.done {
		return 0, false, false
	}
	wasSub := p.sub
	digits := false
	for i := 0; i < len(p.s); i++ {
		switch b := p.s[i]; {
		case b >= '0' && b <= '9':
			digits = true
			if v < 1<<16 {
				v = v*10 + int(b-'0')
			}
		default: // ; or :, and whatever else is taken for a separator
			p.s = p.s[i+1:]
			p.sub = b == ':'
			if !digits && (wasSub || p.sub) {
				v = -1
			}
			return v, p.sub, true
		}
	}
	p.s, p.done, p.sub = "", true, false
	if !digits && wasSub {
		v = -1
	}
	return v, false, true
}

// skipSub leaves out the remaining sub-parameters of a value.
func (p *sgrParams) skipSub() {
	for more := p.sub; more; {
		_, more, _ = p.next()
	}
}

// color reads what follows 38, 48 or 58: ";5;n", ";2;r;g;b", ":5:n",
// ":2:r:g:b" or ":2:space:r:g:b".
func (p *sgrParams) color(colon bool) (Color, bool) {
	kind, more, _ := p.next()
	if colon {
		var v [8]int
		n := 0
		for more && n < len(v) {
			v[n], more, _ = p.next()
			n++
		}
		p.skipSub()
		switch {
		case kind == 5 && n >= 1:
			return paletteColor(v[0])
		case kind == 2 && n == 3:
			return rgbColor(v[0], v[1], v[2])
		case kind == 2 && n >= 4: // the first is a colour space
			return rgbColor(v[1], v[2], v[3])
		}
		return Color{}, false
	}
	switch kind {
	case 5:
		n, _, ok := p.next()
		if !ok {
			return Color{}, false
		}
		return paletteColor(n)
	case 2:
		r, _, _ := p.next()
		g, _, _ := p.next()
		b, _, ok := p.next()
		if !ok {
			return Color{}, false
		}
		return rgbColor(r, g, b)
	}
	return Color{}, false
}

func paletteColor(n int) (Color, bool) {
	if n < 0 || n > 255 {
		return Color{}, false
	}
	return Color{Palette, uint32(n)}, true
}

func rgbColor(r, g, b int) (Color, bool) {
	r, g, b = max(r, 0), max(g, 0), max(b, 0)
	if r > 255 || g > 255 || b > 255 {
		return Color{}, false
	}
	return Color{RGB, uint32(r)<<16 | uint32(g)<<8 | uint32(b)}, true
}

// visible returns the style without its colours if they hide the text: a
// foreground that is its background, or cannot be told from it.
func (st Style) visible() Style {
	if st.FG.Kind == Default || st.BG.Kind == Default {
		return st
	}
	if st.FG == st.BG || sameRGB(st.FG, st.BG) {
		st.FG, st.BG = Color{}, Color{}
	}
	return st
}

// sameRGB reports whether two colours whose look is known differ by less than
// an eye can see. The first 16 of the palette are the user's own.
func sameRGB(a, b Color) bool {
	x, okX := a.rgb()
	y, okY := b.rgb()
	if !okX || !okY {
		return false
	}
	diff := 0
	for shift := 0; shift <= 16; shift += 8 {
		d := int(x>>shift&0xff) - int(y>>shift&0xff)
		diff += max(d, -d)
	}
	return diff < 24
}

// rgb returns 0xRRGGBB where it does not depend on the terminal.
func (c Color) rgb() (uint32, bool) {
	switch {
	case c.Kind == RGB:
		return c.Value, true
	case c.Kind != Palette || c.Value < 16:
		return 0, false
	case c.Value >= 232:
		g := 8 + (c.Value-232)*10
		return g<<16 | g<<8 | g, true
	}
	step := func(n uint32) uint32 {
		if n == 0 {
			return 0
		}
		return 55 + n*40
	}
	n := c.Value - 16
	return step(n/36)<<16 | step(n/6%6)<<8 | step(n%6), true
}
