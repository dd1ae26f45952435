package store

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

func texts(v *LogView) []string {
	out := make([]string, v.Len)
	for i := range out {
		out[i] = v.At(i).Text.String()
	}
	return out
}

// TestLogAgainstModel merges batches of several origins, late ones included,
// and compares with a plain stable sort by time of everything that came.
func TestLogAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		maxLines := rapid.SampledFrom([]int{1, 7, 40, 700, 100_000}).Draw(t, "bound")
		maxBytes := rapid.SampledFrom([]int{0, 0, 500, 5000}).Draw(t, "bytes")
		l := NewLog(maxLines, maxBytes, nil)
		if maxBytes == 0 {
			maxBytes = DefaultLogBytes
		}
		origins := []*core.Origin{{Container: "a"}, {Container: "b"}, {Container: "c"}}
		clocks := make([]int64, len(origins))
		all := []core.Line{} // what the buffer must hold, oldest first
		total, lost := 0, 0
		var last LogView
		numbered := map[uint64]string{} // line number -> text, as the View before showed it
		type frozen struct {
			view  LogView
			texts []string
		}
		var past []frozen
		for range rapid.IntRange(1, 25).Draw(t, "batches") {
			o := rapid.IntRange(0, len(origins)-1).Draw(t, "origin")
			size := rapid.SampledFrom([]int{1, 2, 5, 30, 600}).Draw(t, "size")
			step := rapid.Int64Range(0, 3).Draw(t, "step")
			disorder := rapid.SampledFrom([]int64{1, 1, 5}).Draw(t, "disorder")
			var batch []core.Line
			for range size {
				clocks[o] += step
				total++
				batch = append(batch, core.Line{Time: 1000 + clocks[o] + int64(total*7)%disorder, Origin: origins[o], Text: text.CleanLine(fmt.Sprint("line ", total))})
			}
			all = append(all, batch...)
			l.Lines(batch)
			slices.SortStableFunc(all, func(a, b core.Line) int { return cmp.Compare(a.Time, b.Time) })
			if rapid.IntRange(0, 2).Draw(t, "look") == 0 && maxLines > total && maxBytes == DefaultLogBytes {
				continue // the views before must bear several batches in between
			}
			v := l.View()
			if v.Total != uint64(total) || v.Dropped+uint64(v.Len) != uint64(total) {
				t.Fatalf("total %d, dropped %d, held %d of %d", v.Total, v.Dropped, v.Len, total)
			}
			if v.Len > maxLines || v.Len == 0 {
				t.Fatalf("%d lines held, the bound is %d", v.Len, maxLines)
			}
			bytes := 0
			for i := range v.Len {
				bytes += len(v.At(i).Text.String()) + lineOverhead
			}
			if bytes > maxBytes && v.Len > 1 {
				t.Fatalf("%d bytes held, the bound is %d", bytes, maxBytes)
			}
			// What was dropped was the oldest at that moment.
			all = all[int(v.Dropped)-lost:]
			lost = int(v.Dropped)
			got := texts(&v)
			for i, x := range all {
				if got[i] != x.Text.String() || v.At(i).Time != x.Time || v.At(i).Origin != x.Origin {
					t.Fatalf("line %d of %d is %q, want %q", i, v.Len, got[i], x.Text.String())
				}
			}
			// Lines with a number below From are those of the View before.
			for n := max(v.Dropped, last.Dropped); n < v.From && n < last.Dropped+uint64(last.Len); n++ {
				if numbered[n] != got[n-v.Dropped] {
					t.Fatalf("line number %d changed from %q to %q, From is %d", n, numbered[n], got[n-v.Dropped], v.From)
				}
			}
			clear(numbered)
			for i, x := range got {
				numbered[v.Dropped+uint64(i)] = x
			}
			last = v
			past = append(past, frozen{v, got})
			at := v.At(rapid.IntRange(0, v.Len-1).Draw(t, "at")).Time
			if i := v.SearchTime(at); v.At(i).Time != at || i > 0 && v.At(i-1).Time >= at {
				t.Fatalf("SearchTime(%d) is %d", at, i)
			}
		}
		for _, f := range past {
			if !slices.Equal(texts(&f.view), f.texts) {
				t.Fatal("a view was changed")
			}
		}
	})
}

// The model above keeps only what fits when it looks; with a small bound it
// looks after each batch. Here the exact count of what is dropped is known.
func TestLogDropsWholeChunksAndCounts(t *testing.T) {
	const bound = 4096
	l := NewLog(bound, 0, nil)
	for i := range 10 * bound {
		l.Lines([]core.Line{{Time: int64(i)}})
		v := l.View()
		switch {
		case v.Len > bound, i >= bound && v.Len <= bound-chunkSize:
			t.Fatalf("%d lines held after %d", v.Len, i+1)
		case v.Dropped != uint64(i+1-v.Len), v.At(0).Time != int64(v.Dropped), v.At(v.Len-1).Time != int64(i):
			t.Fatalf("after %d: %d dropped, the oldest is of %d", i+1, v.Dropped, v.At(0).Time)
		}
	}
}

func TestLogBoundsLongLines(t *testing.T) {
	long := text.CleanLine(strings.Repeat("x", 60_000))
	l := NewLog(0, 1<<20, nil)
	for i := range 400 {
		l.Lines([]core.Line{{Time: int64(i), Text: long}})
		if v := l.View(); v.Len*60_000 > 1<<20 {
			t.Fatalf("%d lines of 60 kB held, the bound is 1 MiB", v.Len)
		}
	}
	if v := l.View(); v.Len < 16 || v.At(v.Len-1).Time != 399 {
		t.Errorf("%d lines held, the newest of %d", v.Len, v.At(v.Len-1).Time)
	}
	tiny := NewLog(0, 10, nil)
	tiny.Lines([]core.Line{{Time: 1, Text: long}, {Time: 2, Text: long}})
	if v := tiny.View(); v.Len != 1 || v.At(0).Time != 2 || v.Dropped != 1 {
		t.Errorf("a line over the bound: %d held, %d dropped", v.Len, v.Dropped)
	}
}

func TestLogClear(t *testing.T) {
	l := NewLog(0, 0, nil)
	l.Lines([]core.Line{{Time: 1e9, Level: core.LevelInfo}, {Time: 2e9}})
	l.View()
	l.Clear()
	v := l.View()
	if v.Len != 0 || v.Dropped != 2 || v.Total != 2 || v.From != 0 {
		t.Errorf("after Clear: %+v", v)
	}
	if bins, _, _ := l.Levels(4); bins != nil {
		t.Errorf("levels after Clear: %v", bins)
	}
	l.Lines([]core.Line{{Time: 1e9}})
	if v := l.View(); v.Len != 1 || v.At(0).Seq != 3 {
		t.Errorf("after Clear and a line: %+v", v)
	}
	l.Lines(nil)
	if w := l.View(); w.Version != l.View().Version || w.Len != 1 {
		t.Error("an empty batch is a change")
	}
}

// TestLogViewsUnderWriters: views are read while four origins write. The race
// detector judges the memory, the test what is seen.
func TestLogViewsUnderWriters(t *testing.T) {
	const writers, batches, size, bound = 4, 150, 37, 6000
	l := NewLog(bound, 0, nil)
	var wg sync.WaitGroup
	for w := range writers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			o := &core.Origin{Container: fmt.Sprint(w)}
			for b := range batches {
				var batch []core.Line
				for i := range size {
					n := b*size + i
					batch = append(batch, core.Line{Time: int64(n), Origin: o, Text: text.CleanLine(fmt.Sprintf("%d/%d", w, n))})
				}
				l.Lines(batch)
			}
		}()
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		v := l.View()
		perOrigin := map[*core.Origin]int64{}
		for i := range v.Len {
			x := v.At(i)
			if i > 0 && x.Time < v.At(i-1).Time {
				t.Fatal("not in order of time")
			}
			if prev, ok := perOrigin[x.Origin]; ok && x.Time <= prev {
				t.Fatal("lines of one origin are out of order or doubled")
			}
			if want := fmt.Sprintf("%s/%d", x.Origin.Container, x.Time); x.Text.String() != want {
				t.Fatalf("torn line: %q, want %q", x.Text.String(), want)
			}
			perOrigin[x.Origin] = x.Time
		}
		if v.Len > bound || v.Dropped+uint64(v.Len) != v.Total {
			t.Fatalf("%d held, %d dropped, %d came", v.Len, v.Dropped, v.Total)
		}
	}
	if v := l.View(); v.Total != writers*batches*size {
		t.Errorf("%d came", v.Total)
	}
}

// TestLevelsAgainstModel compares the histogram with a count of the lines.
func TestLevelsAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := NewLog(0, 0, nil)
		var want [7]int
		var oldest, newest int64
		for range rapid.IntRange(1, 60).Draw(t, "lines") {
			s := rapid.Int64Range(1000, 1000+histogramSeconds-1).Draw(t, "second")
			level := core.Level(rapid.IntRange(0, 6).Draw(t, "level"))
			if oldest == 0 || s < oldest {
				oldest = s
			}
			newest = max(newest, s)
			want[level]++
			l.Lines([]core.Line{{Time: s*1e9 + rapid.Int64Range(0, 999_999_999).Draw(t, "ns"), Level: level}})
		}
		l.Lines([]core.Line{{Time: newest * 1e9, Stream: core.Marker}, {Level: core.LevelError}})
		count := rapid.IntRange(1, 200).Draw(t, "bins")
		bins, from, to := l.Levels(count)
		if len(bins) != count || from.Unix() != oldest || to.Unix() != newest+1 {
			t.Fatalf("%d bins from %d to %d, want %d from %d to %d", len(bins), from.Unix(), to.Unix(), count, oldest, newest+1)
		}
		var got [7]int
		for _, b := range bins {
			for i, n := range b {
				got[i] += n
			}
		}
		if got != want {
			t.Fatalf("levels %v, want %v", got, want)
		}
	})
}

func TestLevelsKeepAnHour(t *testing.T) {
	l := NewLog(0, 0, nil)
	for s := range int64(3 * histogramSeconds) {
		l.Lines([]core.Line{{Time: (1000 + s) * 1e9, Level: core.LevelInfo}})
	}
	bins, from, to := l.Levels(60)
	if to.Sub(from) != time.Hour || to.Unix() != 1000+3*histogramSeconds {
		t.Errorf("from %v to %v", from.Unix(), to.Unix())
	}
	for i, b := range bins {
		if b[core.LevelInfo] != 60 {
			t.Errorf("minute %d counts %v", i, b)
		}
	}
	l.Lines([]core.Line{{Time: 1000e9, Level: core.LevelError}, {Time: 100_000e9, Level: core.LevelError}}) // too old; a leap
	bins, from, _ = l.Levels(1)
	if from.Unix() != 100_000 || bins[0] != [7]int{core.LevelError: 1} {
		t.Errorf("after a leap: from %d, %v", from.Unix(), bins)
	}
	if bins, _, _ := l.Levels(0); bins != nil {
		t.Error("no bins wanted, got some")
	}
}

func TestRate(t *testing.T) {
	var r rateMeter
	at := func(second int64, n int) { r.roll(second); r.counts[0] += n }
	for s := int64(100); s < 110; s++ {
		at(s, 50)
	}
	if got := r.at(110); got != 50 {
		t.Errorf("rate %v after 10 s of 50", got)
	}
	if got := r.at(112); got != 25 {
		t.Errorf("rate %v two seconds after the last line", got)
	}
	if got := r.at(200); got != 0 {
		t.Errorf("rate %v long after the last line", got)
	}
	var fresh rateMeter
	if got := fresh.at(100); got != 0 {
		t.Errorf("rate %v of nothing", got)
	}
	fresh.roll(100)
	fresh.counts[0] = 7
	if got := fresh.at(100); got != 7 {
		t.Errorf("rate %v in the first second", got)
	}
}
