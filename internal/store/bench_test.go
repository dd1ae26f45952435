package store

import (
	"fmt"
	"testing"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

func pods(n int) []core.Change {
	out := make([]core.Change, n)
	for i := range out {
		out[i] = upsert(ref(fmt.Sprint("ns", i%8), fmt.Sprintf("pod-%05d", i), fmt.Sprint(i)), core.Running)
	}
	return out
}

// BenchmarkPublish folds changes into a table of 10,000 rows.
func BenchmarkPublish(b *testing.B) {
	for _, n := range []int{1, 50} {
		b.Run(fmt.Sprintf("%dof10000", n), func(b *testing.B) {
			s := New()
			sink := s.Sink(here)
			all := pods(10_000)
			sink.Apply("pod", all)
			s.Publish()
			b.ReportAllocs()
			for b.Loop() {
				sink.Apply("pod", all[5000:5000+n])
				s.Publish()
			}
		})
	}
}

// BenchmarkList takes 10,000 rows in pages of 500, published page by page.
func BenchmarkList(b *testing.B) {
	all := pods(10_000)
	b.ReportAllocs()
	for b.Loop() {
		s := New()
		sink := s.Sink(here)
		sink.Begin("pod", "")
		for i := 0; i < len(all); i += 500 {
			sink.Apply("pod", all[i:i+500])
			s.Publish()
		}
		sink.End("pod", "")
		s.Publish()
	}
}

// BenchmarkLog takes batches of 100 lines into a full buffer and makes a view
// of it, as a frame does.
func BenchmarkLog(b *testing.B) {
	for _, late := range []int{0, 50} {
		b.Run(fmt.Sprintf("late%d", late), func(b *testing.B) {
			l := NewLog(0, 0, nil)
			line := text.CleanLine("2026-01-01 level=info msg=\"a line of a usual length\" id=12345 took=35ms path=/api/v1/orders")
			now := int64(0)
			batch := func() {
				lines := make([]core.Line, 100)
				for i := range lines {
					now++
					lines[i] = core.Line{Time: now, Text: line, Level: core.LevelInfo}
				}
				lines[0].Time -= int64(late)
				l.Lines(lines)
			}
			for range DefaultLogLines / 100 {
				batch()
			}
			b.ReportAllocs()
			for b.Loop() {
				batch()
				l.View()
			}
			b.ReportMetric(100*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
		})
	}
}

// BenchmarkUsage takes a round of samples of 10,000 objects.
func BenchmarkUsage(b *testing.B) {
	sink := New().Sink(here)
	samples := make([]core.Usage, 0, 10_000)
	for _, c := range pods(cap(samples)) {
		samples = append(samples, sample(c.Ref, 0, 1))
	}
	b.ReportAllocs()
	for b.Loop() {
		for i := range samples {
			samples[i].At += 15e9
		}
		sink.Usage(samples)
	}
}
