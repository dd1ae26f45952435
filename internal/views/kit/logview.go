package kit

import (
	"sort"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// LogLine is a line of a log as a view shows it.
type LogLine struct {
	core.Line
	// Pos is the line's place in its buffer: it rises with every line that
	// arrives and never changes, whatever the buffer drops or a filter hides.
	Pos     uint64
	Fold    int  // stands for that many similar lines, if more than 1
	Context bool // here only because it is near a match
	// Title says that the line is the title of a group of Lines lines.
	Title GroupTitle
	Lines int
}

// GroupTitle is what a line is to the group that it may be the title of.
type GroupTitle uint8

// The titles.
const (
	NoTitle GroupTitle = iota
	OpenTitle
	FoldedTitle // the lines of the group are not shown
)

// LogSource is random access to the lines of a log. FirstSeq is the Pos of
// At(0); a source that hides lines has gaps between its Pos.
type LogSource interface {
	Len() int
	At(i int) LogLine
	FirstSeq() uint64
}

// TimeMode says how a line's time is shown.
type TimeMode uint8

// The time modes.
const (
	TimeOff    TimeMode = iota
	TimeClock           // 14:02:29
	TimeMillis          // 14:02:29.123
	TimeDate            // 11-22 14:02:29
	TimeFull            // 2026-11-22T14:02:29.123456Z, UTC
	numTimeModes
)

// Next is the mode after m, for a key that goes through them.
func (m TimeMode) Next() TimeMode { return (m + 1) % numTimeModes }

// Finder appends the byte ranges of s that a search found, in order.
type Finder func(s string, dst [][2]int) [][2]int

// LogView shows a LogSource of any length. What it costs depends on the rows
// in sight alone. While it does not follow, what is read stays where it is:
// the place is a line's Pos, not an index.
type LogView struct {
	src     LogSource
	follow  bool
	wrap    bool
	pretty  bool
	time    TimeMode
	origins bool
	levels  bool
	zone    *time.Location
	find    Finder
	pan     int

	at      pager  // place in the source as it was at the last Draw
	anchor  uint64 // Pos of line at.line
	current uint64 // Pos of the line that was jumped to
	hasCur  bool
	marks   map[uint64]struct{}

	lastPos uint64 // newest line drawn
	seenAny bool
	fresh   bool // the source is another since the last Draw
	passed  uint64
	lost    uint64

	dirty      bool
	st         *Styles
	w, h       int
	drawnLen   int
	drawnFirst uint64
	cached     Block
	lineOf     []int // index of the line on each row of the last Draw
	paint      painter
	offs       []int
	labelW     int
}

// NewLogView returns a view that follows, with times and levels.
func NewLogView() *LogView {
	return &LogView{follow: true, time: TimeClock, levels: true, zone: time.Local, marks: map[uint64]struct{}{}, dirty: true}
}

// SetSource gives the view another log and goes to its end.
func (v *LogView) SetSource(src LogSource) {
	v.src, v.follow, v.dirty, v.hasCur, v.seenAny, v.fresh = src, true, true, false, false, true
	v.passed, v.lost, v.labelW = 0, 0, 0
	v.at, v.anchor = pager{}, 0
	clear(v.marks)
}

// ReplaceSource gives the view the same log in another form (a filter, folded
// patterns) and stays at the place.
func (v *LogView) ReplaceSource(src LogSource) {
	v.src, v.dirty = src, true
	v.seenAny, v.fresh = false, true // what a filter hides is not lost, and what it shows is not new
}

// SetFollow keeps the newest line in sight, or stays.
func (v *LogView) SetFollow(on bool) { v.follow, v.dirty = on, true }

// Following reports whether the view follows.
func (v *LogView) Following() bool { return v.follow }

// SetWrap breaks long lines, or cuts them.
func (v *LogView) SetWrap(on bool) { v.wrap, v.pan, v.dirty = on, 0, true }

// Wrapped reports whether long lines are broken.
func (v *LogView) Wrapped() bool { return v.wrap }

// SetPretty shows structured lines over several rows.
func (v *LogView) SetPretty(on bool) { v.pretty, v.dirty = on, true }

// Pretty reports it.
func (v *LogView) Pretty() bool { return v.pretty }

// SetTime chooses how times are shown.
func (v *LogView) SetTime(m TimeMode) { v.time, v.dirty = m, true }

// Time returns how times are shown.
func (v *LogView) Time() TimeMode { return v.time }

// SetZone sets the time zone; nil is the local one.
func (v *LogView) SetZone(z *time.Location) {
	if z == nil {
		z = time.Local
	}
	v.zone, v.dirty = z, true
}

// SetOrigins shows where each line comes from.
func (v *LogView) SetOrigins(on bool) { v.origins, v.dirty = on, true }

// SetLevels shows the level of each line.
func (v *LogView) SetLevels(on bool) { v.levels, v.dirty = on, true }

// SetFinder highlights what a search finds; nil nothing.
func (v *LogView) SetFinder(f Finder) { v.find, v.dirty = f, true }

// Pan moves the text by n cells to the left; not while wrapping.
func (v *LogView) Pan(n int) {
	if !v.wrap {
		v.pan, v.dirty = max(v.pan+n, 0), true
	}
}

// Scroll moves by n rows; up (n < 0) ends following.
func (v *LogView) Scroll(n int) {
	if v.src == nil || n == 0 || n > 0 && v.follow {
		return
	}
	v.locate()
	v.follow, v.dirty = false, true
	if n < 0 {
		v.at.up(-n, v.rows)
	} else {
		v.at.down(n, v.src.Len(), v.h, v.rows)
	}
	v.remember()
}

// Page and HalfPage move by screens.
func (v *LogView) Page(n int) { v.Scroll(n * max(v.h-1, 1)) }

// HalfPage moves by half screens.
func (v *LogView) HalfPage(n int) { v.Scroll(n * max(v.h/2, 1)) }

// Home goes to the oldest line held.
func (v *LogView) Home() {
	v.follow, v.dirty, v.at = false, true, pager{}
	if v.src != nil {
		v.anchor = v.src.FirstSeq()
	}
}

// End goes to the newest line and follows.
func (v *LogView) End() { v.SetFollow(true); v.hasCur = false }

// GoTo shows the line at a Pos, or the next one that there is, and makes it
// the current line.
func (v *LogView) GoTo(pos uint64) bool {
	if v.src == nil || v.src.Len() == 0 {
		return false
	}
	i := min(v.index(pos), v.src.Len()-1)
	v.follow, v.dirty = false, true
	v.current, v.hasCur = v.src.At(i).Pos, true
	for _, shown := range v.lineOf { // already in sight: do not move
		if shown == i && v.drawnLen == v.src.Len() && v.drawnFirst == v.src.FirstSeq() {
			v.locate()
			return true
		}
	}
	v.at = pager{line: i}
	v.at.up(v.h/3, v.rows)
	v.at.clamp(v.src.Len(), v.h, v.rows)
	v.remember()
	return true
}

// Find goes to the next line (dir > 0) or the previous one (dir < 0) that
// matches, seen from the current line, and looks at no more than limit lines;
// it reports whether there is one.
func (v *LogView) Find(dir, limit int, match func(*LogLine) bool) bool {
	if v.src == nil || v.src.Len() == 0 {
		return false
	}
	n := v.src.Len()
	i := 0
	switch {
	case v.hasCur:
		i = v.index(v.current) + dir
	case dir < 0:
		i = n - 1
	default:
		v.locate()
		i = v.at.line
	}
	for ; i >= 0 && i < n && limit > 0; limit-- {
		if l := v.src.At(i); match(&l) {
			return v.GoTo(l.Pos)
		}
		i += dir
	}
	return false
}

// Current returns the line that was jumped to, or else the last one in sight.
func (v *LogView) Current() (LogLine, bool) {
	if v.src == nil || v.src.Len() == 0 {
		return LogLine{}, false
	}
	if v.hasCur {
		if i := v.index(v.current); i < v.src.Len() {
			return v.src.At(i), true
		}
	}
	for y := len(v.lineOf) - 1; y >= 0; y-- {
		if i := v.lineOf[y]; i >= 0 && i < v.src.Len() {
			return v.src.At(i), true
		}
	}
	return v.src.At(v.src.Len() - 1), true
}

// SetCurrent makes the line on row y of the last Draw the current one.
func (v *LogView) SetCurrent(y int) bool {
	l, ok := v.LineAt(y)
	if ok {
		v.current, v.hasCur, v.dirty = l.Pos, true, true
	}
	return ok
}

// LineAt returns the line on row y of the last Draw.
func (v *LogView) LineAt(y int) (LogLine, bool) {
	if v.src == nil || y < 0 || y >= len(v.lineOf) || v.lineOf[y] < 0 || v.lineOf[y] >= v.src.Len() {
		return LogLine{}, false
	}
	return v.src.At(v.lineOf[y]), true
}

// ToggleMark marks a line, or not any more.
func (v *LogView) ToggleMark(pos uint64) {
	if _, on := v.marks[pos]; on {
		delete(v.marks, pos)
	} else {
		v.marks[pos] = struct{}{}
	}
	v.dirty = true
}

// Marks returns the marked lines' Pos, in no order.
func (v *LogView) Marks() []uint64 {
	out := make([]uint64, 0, len(v.marks))
	for p := range v.marks {
		out = append(out, p)
	}
	return out
}

// LogStats says what is not on the screen.
type LogStats struct {
	Below  int    // lines after the last one in sight
	Passed uint64 // lines that arrived and left while following, faster than they could be shown
	Lost   uint64 // lines that the buffer dropped while they were being read
}

// Stats returns the counts as of the last Draw.
func (v *LogView) Stats() LogStats {
	s := LogStats{Passed: v.passed, Lost: v.lost}
	if v.src != nil && !v.follow {
		last := -1
		for _, i := range v.lineOf {
			last = max(last, i)
		}
		if last >= 0 {
			s.Below = max(v.src.Len()-1-last, 0)
		}
	}
	return s
}

// Info says in a few words what the view does: "following", "31 below".
func (v *LogView) Info() text.Safe {
	s := v.Stats()
	switch {
	case v.follow && s.Passed > 0:
		return text.Sprintf("following, %s passed", text.Count(int(s.Passed)))
	case v.follow:
		return text.Lit("following")
	case s.Lost > 0:
		return text.Sprintf("%s below, %s dropped", text.Count(s.Below), text.Count(int(s.Lost)))
	default:
		return text.Sprintf("%s below", text.Count(s.Below))
	}
}

// index returns the index of the line at a Pos, or of the first one after it.
func (v *LogView) index(pos uint64) int {
	n, first := v.src.Len(), v.src.FirstSeq()
	if n == 0 || pos <= first {
		return 0
	}
	if d := pos - first; d < uint64(n) && v.src.At(int(d)).Pos == pos { // no gaps: most logs
		return int(d)
	}
	return sort.Search(n, func(i int) bool { return v.src.At(i).Pos >= pos })
}

// locate finds the place again after the source changed.
func (v *LogView) locate() {
	n := v.src.Len()
	if n == 0 {
		v.at = pager{}
		return
	}
	if v.follow {
		v.at.bottom(n, v.h, v.rows)
		v.remember()
		return
	}
	if first := v.src.FirstSeq(); v.anchor < first {
		if !v.fresh {
			v.lost += first - v.anchor
		}
		v.at, v.anchor = pager{}, first
		return
	}
	i := v.index(v.anchor)
	if i != v.at.line {
		if i >= n || v.src.At(i).Pos != v.anchor {
			v.at.sub = 0
		}
		v.at.line = i
	}
	v.at.clamp(n, v.h, v.rows)
}

// remember ties the place to the line it is at.
func (v *LogView) remember() {
	if n := v.src.Len(); n > 0 {
		v.anchor = v.src.At(min(v.at.line, n-1)).Pos
	}
}
