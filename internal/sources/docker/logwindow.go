package docker

import (
	"hash/maphash"
	"time"

	"devops-tui/internal/core"
)

// slack is how far back a resumed log is read again. The engine stamps stdout
// and stderr on their own before it writes them down, so lines may stand
// slightly out of the order of their times.
const slack = 200 * time.Millisecond

var windowSeed = maphash.MakeSeed()

// window remembers the lines handed out within slack of the newest one, so
// that those that come again after a resume are known.
type window struct {
	newest int64 // Unix nanoseconds; 0 none
	lines  []passed
	prune  int // length at which old ones are forgotten
}

// passed identifies a line: its time, and where and what it was.
type passed struct {
	at   int64
	hash uint64
}

func identify(stream core.Stream, at int64, raw []byte) passed {
	return passed{at, maphash.Bytes(windowSeed, raw) + uint64(stream)}
}

// add remembers a line.
func (w *window) add(p passed) {
	w.newest = max(w.newest, p.at)
	w.lines = append(w.lines, p)
	if len(w.lines) < max(w.prune, 256) {
		return
	}
	from, n := w.from(), 0
	for _, x := range w.lines {
		if x.at >= from {
			w.lines[n] = x
			n++
		}
	}
	w.lines = w.lines[:n]
	w.prune = 2 * n
}

// from is where reading begins again, Unix nanoseconds; 0 at the start.
func (w *window) from() int64 { return max(w.newest-int64(slack), 0) }

// again are the lines that will come again, with how often.
func (w *window) again() map[passed]int {
	m := make(map[passed]int, len(w.lines))
	for _, p := range w.lines {
		if p.at >= w.from() {
			m[p]++
		}
	}
	return m
}
