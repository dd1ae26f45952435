package store

import (
	"cmp"
	"slices"
	"sort"
	"sync"
	"time"

	"devops-tui/internal/core"
)

// chunkSize is how many lines a chunk is filled to. A published chunk is never
// written again but for appends behind its published length.
const chunkSize = 512

// DefaultLogLines and DefaultLogBytes bound a log buffer.
const (
	DefaultLogLines = 100_000
	DefaultLogBytes = 48 << 20
)

// lineOverhead is what a line costs beside its text, in bytes.
const lineOverhead = 72

// Log is a bounded buffer of log lines merged by time. It takes lines from
// many goroutines (it is a core.LogSink) and hands out immutable views. What
// does not fit is dropped from the old end and counted.
type Log struct {
	mu       sync.Mutex
	chunks   []*chunk
	len      int
	bytes    int
	maxLines int
	maxBytes int
	fill     int    // lines per chunk
	dropped  uint64 // lines that left at the old end
	total    uint64 // lines that ever came
	touched  uint64 // number of the first line that changed since the last View
	version  uint64
	levels   histogram
	rate     rateMeter
	notify   func()
}

type chunk struct{ lines []core.Line }

// NewLog returns an empty buffer; a bound of 0 means the default. notify is
// called after each batch and must not block; it may be nil.
func NewLog(maxLines, maxBytes int, notify func()) *Log {
	l := &Log{maxLines: cmp.Or(maxLines, DefaultLogLines), maxBytes: cmp.Or(maxBytes, DefaultLogBytes), notify: notify}
	l.fill = min(chunkSize, max(l.maxLines/8, 1))
	return l
}

// NewLog returns a log buffer whose changes count as changes of the store.
func (s *Store) NewLog(maxLines, maxBytes int) *Log {
	return NewLog(maxLines, maxBytes, func() {
		s.logVersion.Add(1)
		s.mark()
	})
}

// Lines takes a batch. It orders it by time and merges it with what is there;
// lines of one time keep the order in which they came. Lines without a time
// stand before all others. It never waits for a reader.
func (l *Log) Lines(lines []core.Line) {
	if len(lines) == 0 {
		return
	}
	byTime := func(a, b core.Line) int { return cmp.Compare(a.Time, b.Time) }
	if !slices.IsSortedFunc(lines, byTime) {
		slices.SortStableFunc(lines, byTime)
	}
	l.mu.Lock()
	for i := range lines {
		l.total++
		lines[i].Seq = l.total
		l.bytes += len(lines[i].Text.String()) + lineOverhead
		l.levels.add(&lines[i])
	}
	l.rate.add(fresh(lines))
	at := l.len
	l.len += len(lines)
	if late := l.position(lines[0].Time); late < at {
		lines = l.mergeTail(late, lines)
		at = late
	}
	l.touched = min(l.touched, l.dropped+uint64(at))
	l.append(lines)
	l.trim()
	l.version++
	l.mu.Unlock()
	if l.notify != nil {
		l.notify()
	}
}

// fresh counts the lines of a batch, ordered by time, that are about as new as
// its newest: what a log had before it was opened says nothing of how fast it
// is. It asks the lines' own clock, which may differ from ours.
func fresh(lines []core.Line) int {
	since := lines[len(lines)-1].Time - int64(freshTime)
	return len(lines) - sort.Search(len(lines), func(i int) bool { return lines[i].Time >= since })
}

// freshTime is how much older than the newest a line may be and still count for the rate.
const freshTime = 3 * time.Second

// position is the index behind the last line that is not newer than t.
func (l *Log) position(t int64) int {
	n := 0
	for i := len(l.chunks) - 1; i >= 0; i-- {
		c := l.chunks[i].lines
		if c[0].Time <= t {
			n = sort.Search(len(c), func(j int) bool { return c[j].Time > t })
			for _, b := range l.chunks[:i] {
				n += len(b.lines)
			}
			return n
		}
	}
	return 0
}

// mergeTail cuts the lines from index on and returns them merged with batch.
// Views that hold the cut chunks are not affected.
func (l *Log) mergeTail(index int, batch []core.Line) []core.Line {
	var tail []core.Line
	for i, c := range l.chunks {
		if index < len(c.lines) {
			for _, t := range l.chunks[i:] {
				tail = append(tail, t.lines...)
			}
			tail = tail[index:]
			head := slices.Clone(c.lines[:index])
			l.chunks = l.chunks[:i:i]
			if len(head) > 0 {
				l.chunks = append(l.chunks, &chunk{head})
			}
			break
		}
		index -= len(c.lines)
	}
	out := make([]core.Line, 0, len(tail)+len(batch))
	i, j := 0, 0
	for i < len(tail) && j < len(batch) {
		if batch[j].Time < tail[i].Time {
			out = append(out, batch[j])
			j++
		} else {
			out = append(out, tail[i])
			i++
		}
	}
	return append(append(out, tail[i:]...), batch[j:]...)
}

func (l *Log) append(lines []core.Line) {
	for len(lines) > 0 {
		if n := len(l.chunks); n == 0 || len(l.chunks[n-1].lines) >= l.fill {
			l.chunks = append(l.chunks, &chunk{make([]core.Line, 0, l.fill)})
		}
		c := l.chunks[len(l.chunks)-1]
		n := min(len(lines), l.fill-len(c.lines))
		if cap(c.lines)-len(c.lines) < n { // a cut chunk: make room in a copy
			c = &chunk{append(make([]core.Line, 0, l.fill), c.lines...)}
			l.chunks[len(l.chunks)-1] = c
		}
		c.lines = append(c.lines, lines[:n]...)
		lines = lines[n:]
	}
}

// trim drops lines from the old end until both bounds hold: whole chunks, so
// that a full buffer does not change with each line. The last chunk alone can
// be too large if its lines are long; of it the newest lines stay, at least one.
func (l *Log) trim() {
	for l.len > l.maxLines || l.bytes > l.maxBytes {
		c := l.chunks[0]
		gone := 0
		for gone < len(c.lines) && (len(l.chunks) > 1 || gone < len(c.lines)-1 && l.bytes > l.maxBytes) {
			l.bytes -= len(c.lines[gone].Text.String()) + lineOverhead
			gone++
		}
		if gone == 0 {
			return
		}
		l.len -= gone
		l.dropped += uint64(gone)
		if gone < len(c.lines) {
			l.chunks[0] = &chunk{slices.Clone(c.lines[gone:])}
			return
		}
		l.chunks[0] = nil
		l.chunks = l.chunks[1:]
	}
}

// Clear forgets all lines (the counts go on).
func (l *Log) Clear() {
	l.mu.Lock()
	l.dropped += uint64(l.len)
	l.chunks, l.len, l.bytes = nil, 0, 0
	l.levels = histogram{}
	l.touched = 0
	l.version++
	l.mu.Unlock()
}

// View returns what the buffer holds now, immutable. From of the view is
// relative to the View before, so a log has one reader.
func (l *Log) View() LogView {
	l.mu.Lock()
	defer l.mu.Unlock()
	v := LogView{
		starts: make([]int, 0, len(l.chunks)), chunks: make([][]core.Line, 0, len(l.chunks)),
		Len: l.len, Dropped: l.dropped, Total: l.total, Version: l.version, Rate: l.rate.perSecond(), From: l.touched,
	}
	l.touched = l.dropped + uint64(l.len)
	at := 0
	for _, c := range l.chunks {
		v.starts = append(v.starts, at)
		v.chunks = append(v.chunks, c.lines[:len(c.lines):len(c.lines)])
		at += len(c.lines)
	}
	return v
}

// Levels counts lines by level over count equal spans from the oldest second on
// record to the newest, at most an hour; for the histogram above a log. Lines
// that left the buffer since it was cleared count too.
func (l *Log) Levels(count int) (bins [][7]int, from, to time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.levels.bins(count)
}

// LogView is an immutable view of a Log with random access.
type LogView struct {
	starts  []int
	chunks  [][]core.Line
	Len     int     // lines in the view
	Dropped uint64  // lines that left the buffer at the old end; index 0 is line number Dropped
	Total   uint64  // lines that ever came
	Rate    float64 // lines per second over the last seconds
	Version uint64
	From    uint64 // lines with a smaller number are the same as in the View before
}

// At returns line i, 0 <= i < Len; the pointer is valid as long as the view.
func (v *LogView) At(i int) *core.Line {
	c := sort.SearchInts(v.starts, i+1) - 1
	return &v.chunks[c][i-v.starts[c]]
}

// SearchTime returns the index of the first line at or after t (Unix nanoseconds).
func (v *LogView) SearchTime(t int64) int {
	return sort.Search(v.Len, func(i int) bool { return v.At(i).Time >= t })
}

// rateMeter counts per second over the last 4 full seconds.
type rateMeter struct {
	second int64
	counts [5]int
	since  int64
}

func (r *rateMeter) roll(now int64) {
	if r.since == 0 {
		r.since = now
	}
	for step := min(now-r.second, int64(len(r.counts))); step > 0; step-- {
		copy(r.counts[1:], r.counts[:len(r.counts)-1])
		r.counts[0] = 0
	}
	r.second = now
}

func (r *rateMeter) add(n int) {
	r.roll(time.Now().Unix())
	r.counts[0] += n
}

func (r *rateMeter) perSecond() float64 { return r.at(time.Now().Unix()) }

func (r *rateMeter) at(now int64) float64 {
	if r.since == 0 {
		return 0
	}
	r.roll(now)
	sum := 0
	for _, c := range r.counts[1:] {
		sum += c
	}
	spans := min(now-r.since, int64(len(r.counts)-1))
	if spans <= 0 {
		return float64(r.counts[0])
	}
	return float64(sum) / float64(spans)
}

// histogram counts lines by level per second, for at most an hour.
type histogram struct {
	first   int64 // Unix second of seconds[0]
	seconds [][7]uint32
}

const histogramSeconds = 3600

func (h *histogram) add(l *core.Line) {
	if l.Time == 0 || l.Stream == core.Marker {
		return
	}
	s := l.Time / 1e9
	if len(h.seconds) == 0 {
		h.first = s
	}
	if s < h.first {
		grow := h.first - s
		if grow+int64(len(h.seconds)) > histogramSeconds {
			return
		}
		h.seconds = append(make([][7]uint32, grow), h.seconds...)
		h.first = s
	}
	i := s - h.first
	if i >= histogramSeconds {
		if cut := i - histogramSeconds + 1; cut >= int64(len(h.seconds)) {
			h.first, h.seconds, i = s, h.seconds[:0], 0
		} else {
			h.seconds = append(h.seconds[:0:0], h.seconds[cut:]...)
			h.first += cut
			i -= cut
		}
	}
	for int64(len(h.seconds)) <= i {
		h.seconds = append(h.seconds, [7]uint32{})
	}
	h.seconds[i][l.Level]++
}

func (h *histogram) bins(count int) ([][7]int, time.Time, time.Time) {
	n := len(h.seconds)
	if n == 0 || count <= 0 {
		return nil, time.Time{}, time.Time{}
	}
	out := make([][7]int, count)
	for i, s := range h.seconds {
		b := &out[i*count/n]
		for l, c := range s {
			b[l] += int(c)
		}
	}
	return out, time.Unix(h.first, 0), time.Unix(h.first+int64(n), 0)
}
