package kit

import (
	"math"

	"devops-tui/themes"
)

// PicKind is a kind of small picture in a table's cell.
type PicKind uint8

// The pictures.
const (
	NoPic  PicKind = iota
	Spark          // Values as a sparkline, the latest on the right
	Bar            // Value of Max as a bar, with Request as a mark
	Stages         // Value of Max stages done
)

// Pic is a picture of one line.
type Pic struct {
	Kind    PicKind
	Values  []float64 // Spark; NaN is a gap. Not kept.
	Value   float64   // Bar, Stages
	Max     float64   // Bar: the limit; Stages: how many; Spark: top of the scale, 0: the largest value
	Request float64   // Bar; 0 none
	Cells   int       // wished width; 0: 8, of Stages one each, which more than Cells share
}

func (p *Pic) width() int {
	switch {
	case p.Kind == NoPic:
		return 0
	case p.Kind == Stages && p.Cells > 0:
		return max(min(int(p.Max), p.Cells), 0)
	case p.Kind == Stages:
		return max(int(p.Max), 0)
	case p.Cells > 0:
		return p.Cells
	default:
		return 8
	}
}

// draw appends the picture in exactly w cells.
func (p *Pic) draw(b []byte, st *Styles, surface Surface, tok themes.Token, w int) []byte {
	if w <= 0 {
		return b
	}
	switch p.Kind {
	case Spark:
		b = append(b, st.On(surface, tok)...)
		return appendSpark(b, st.Glyphs, p.Values, w, p.Max)
	case Bar:
		return appendBar(b, st, surface, tok, w, p.Value, p.Request, p.Max)
	case Stages:
		b = append(b, st.On(surface, tok)...)
		return appendStages(b, st.Glyphs, int(p.Value), int(p.Max), w)
	default:
		return pad(b, w)
	}
}

// appendSpark draws the last w values.
func appendSpark(b []byte, g *Glyphs, values []float64, w int, top float64) []byte {
	if len(values) > w {
		values = values[len(values)-w:]
	}
	b = pad(b, w-len(values))
	if top <= 0 {
		for _, v := range values {
			if v > top && !math.IsInf(v, 0) {
				top = v
			}
		}
	}
	n := len(g.Levels)
	for _, v := range values {
		switch {
		case math.IsNaN(v):
			b = append(b, ' ')
		case v <= 0 || top <= 0:
			b = append(b, g.Levels[0].s...)
		default:
			i := int(math.Min(v/top, 1) * float64(n))
			b = append(b, g.Levels[min(i, n-1)].s...)
		}
	}
	return b
}

// appendBar draws value against request and limit. Without a limit the
// request is the scale, without both the bar is empty.
func appendBar(b []byte, st *Styles, surface Surface, tok themes.Token, w int, value, request, limit float64) []byte {
	top := limit
	if !(top > 0) {
		top = request
	}
	part := func(v float64) int {
		if !(top > 0) || math.IsNaN(v) || v <= 0 {
			return 0
		}
		return int(math.Round(math.Min(v/top, 1) * float64(w)))
	}
	full := part(value)
	if full == 0 && value > 0 && top > 0 {
		full = 1 // something is not nothing
	}
	mark := -1
	if request > 0 && limit > 0 && request < limit {
		mark = min(part(request), w-1)
	}
	b = append(b, st.On(surface, tok)...)
	on := true
	for i := range w {
		filled := i < full
		if i == mark {
			b = append(append(b, st.On(surface, themes.Guide)...), st.Glyphs.Vertical.s...)
			on = false
			continue
		}
		if !on {
			b, on = append(b, st.On(surface, tok)...), true
		}
		if filled {
			b = append(b, st.Glyphs.BarFull.s...)
		} else {
			b = append(b, st.Glyphs.BarEmpty.s...)
		}
	}
	return b
}

// appendStages draws done of n stages. If there are more stages than cells,
// they share them.
func appendStages(b []byte, g *Glyphs, done, n, w int) []byte {
	n, done = max(n, 0), max(done, 0)
	done = min(done, n)
	cells := n
	if n > w {
		cells, done = w, done*w/n
	}
	for i := range cells {
		if i < done {
			b = append(b, g.StageDone.s...)
		} else {
			b = append(b, g.StageTodo.s...)
		}
	}
	return pad(b, w-cells)
}

// Stages appends done of n stages in at most w cells.
func (l *Builder) Stages(tok themes.Token, done, n, w int) *Builder {
	if w = min(w, n, l.Left()); w > 0 {
		l.pen(tok)
		l.b = appendStages(l.b, l.st.Glyphs, done, n, w)
		l.foreign(w)
	}
	return l
}
