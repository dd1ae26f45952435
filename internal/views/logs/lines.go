package logs

import (
	"sort"

	"devops-tui/internal/core"
	"devops-tui/internal/query"
	"devops-tui/internal/store"
	"devops-tui/internal/text"
	"devops-tui/internal/views/kit"
)

// lines is what the view reads of a log buffer: all lines, or those that a
// search and a time range keep, with context around them, similar ones folded.
// It follows the buffer at the cost of the lines that came.
type lines struct {
	view    store.LogView
	search  query.Query
	only    bool // matches only
	context int  // lines kept around a match
	since   int64
	fold    bool
	raw     bool // JSON lines as they are

	groups groups
	kept   []keptLine // of the filtered form; ordered by number
	seenTo uint64     // lines below this number went through the filter
}

type keptLine struct {
	number  uint64
	context bool
	fold    int
	pattern string
}

// filtered reports whether the buffer is not shown as it is.
func (l *lines) filtered() bool {
	return l.since != 0 || l.fold || l.narrowed() || l.groups.any()
}

// narrowed reports that only matches are shown, whatever group they are in.
func (l *lines) narrowed() bool { return l.only && !l.search.Empty() }

// update takes a newer view of the buffer.
func (l *lines) update(v store.LogView) {
	l.view = v
	from := max(min(l.seenTo, v.From), v.Dropped)
	if first := l.groups.update(&v, from, &l.search); first < from {
		if from = first; l.fold { // lines that were counted would be counted again
			from = v.Dropped
		}
	}
	l.seenTo = v.Dropped + uint64(v.Len)
	if !l.filtered() {
		l.kept = nil
		return
	}
	if l.context > 0 && from > v.Dropped { // a match that comes may ask for lines before it
		from = max(from-min(uint64(l.context), from), v.Dropped)
	}
	cut := sort.Search(len(l.kept), func(i int) bool { return l.kept[i].number >= from })
	l.kept = l.kept[:cut]
	old := sort.Search(len(l.kept), func(i int) bool { return l.kept[i].number >= v.Dropped })
	l.kept = l.kept[old:]
	l.scan(from)
}

// restart runs all lines through the filter again.
func (l *lines) restart() {
	l.kept, l.seenTo = nil, l.view.Dropped+uint64(l.view.Len)
	l.groups.search(&l.view, &l.search)
	l.groups.settle(l.view.Dropped)
	if l.filtered() {
		l.scan(l.view.Dropped)
	}
}

// refold runs all lines through the folds again.
func (l *lines) refold() {
	l.groups.settle(l.view.Dropped)
	l.kept = nil
	if l.filtered() {
		l.scan(l.view.Dropped)
	}
}

func (l *lines) scan(from uint64) {
	v := &l.view
	next := from // first line that is not kept yet
	after := 0   // lines of context still to keep
	narrow, grouped := l.narrowed(), l.groups.any()
	for i := int(from - v.Dropped); i < v.Len; i++ {
		line := v.At(i)
		if line.Time != 0 && line.Time < l.since {
			continue
		}
		n := v.Dropped + uint64(i)
		if line.Group == core.GroupClose || !narrow && grouped && line.Stream != core.Marker && l.groups.hides(n) {
			continue
		}
		match := !l.only || l.search.Empty() || line.Stream == core.Marker || l.search.MatchText(line.Text.String())
		switch {
		case match:
			start := max(next, n-min(uint64(l.context), n))
			for c := start; c < n && l.context > 0; c++ {
				l.keep(keptLine{number: c, context: true})
			}
			l.keep(keptLine{number: n})
			next, after = n+1, l.context
		case after > 0:
			l.keep(keptLine{number: n, context: true})
			next, after = n+1, after-1
		}
	}
}

// keep appends a line, or counts it with the one before if they are alike.
func (l *lines) keep(k keptLine) {
	if l.fold {
		k.pattern = pattern(l.view.At(int(k.number - l.view.Dropped)).Text.String())
		for back := 1; back <= foldWindow && back <= len(l.kept); back++ {
			if p := &l.kept[len(l.kept)-back]; p.pattern == k.pattern {
				p.fold = max(p.fold, 1) + 1
				return
			}
		}
	}
	l.kept = append(l.kept, k)
}

// foldWindow is how many shown lines back a similar one is folded into.
const foldWindow = 8

// pattern is a line with everything that varies taken out: numbers, hex, ids.
func pattern(s string) string {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); {
		c := s[i]
		if !wordByte(c) {
			out = append(out, c)
			i++
			continue
		}
		j, digit := i, false
		for j < len(s) && (wordByte(s[j]) || digit && (s[j] == '.' || s[j] == ':')) {
			digit = digit || s[j] >= '0' && s[j] <= '9'
			j++
		}
		if digit {
			out = append(out, '#')
		} else {
			out = append(out, s[i:j]...)
		}
		i = j
	}
	return string(out)
}

func wordByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80 || c == '_'
}

// Len implements kit.LogSource.
func (l *lines) Len() int {
	if l.filtered() {
		return len(l.kept)
	}
	return l.view.Len
}

// FirstSeq implements kit.LogSource.
func (l *lines) FirstSeq() uint64 {
	if l.filtered() && len(l.kept) > 0 {
		return l.kept[0].number
	}
	return l.view.Dropped
}

// At implements kit.LogSource. Only lines in sight are asked for, so only they
// are made compact.
func (l *lines) At(i int) kit.LogLine {
	x := kit.LogLine{}
	if l.filtered() {
		k := l.kept[i]
		x = kit.LogLine{Line: *l.view.At(int(k.number - l.view.Dropped)), Pos: k.number, Fold: k.fold, Context: k.context}
		if g := l.groups.at(k.number); g != nil && g.title == k.number && !l.narrowed() {
			x.Title, x.Lines = kit.OpenTitle, g.lines
			if g.folded {
				x.Title = kit.FoldedTitle
			}
		}
	} else {
		x = kit.LogLine{Line: *l.view.At(i), Pos: l.view.Dropped + uint64(i)}
	}
	if !l.raw {
		x.Text = compact(x.Text)
	}
	return x
}

// plain is the text of all lines that are shown, for saving, and of those that
// a group folds away.
func (l *lines) plain(stamp func(int64) text.Safe) []string {
	out := make([]string, 0, l.Len())
	raw := l.raw
	l.raw = true
	defer func() { l.raw = raw }()
	if l.groups.any() && !l.narrowed() && !l.fold && l.since == 0 {
		for i := range l.view.Len {
			if x := l.view.At(i); x.Group != core.GroupClose {
				out = append(out, written(x, stamp))
			}
		}
		return out
	}
	for i := range l.Len() {
		x := l.At(i)
		out = append(out, written(&x.Line, stamp))
	}
	return out
}

// written is a line as it is saved.
func written(x *core.Line, stamp func(int64) text.Safe) string {
	s := x.Text.String()
	if x.Origin != nil {
		s = x.Origin.Label.String() + " " + s
	}
	if x.Time != 0 {
		s = stamp(x.Time).String() + " " + s
	}
	return s
}
