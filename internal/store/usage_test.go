package store

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"devops-tui/internal/core"
)

func sample(r core.Ref, at int64, cpu float64) core.Usage {
	u := core.NewUsage(r, at)
	u.Values[core.CPUUsed] = cpu
	return u
}

// TestUsageAgainstModel compares the rings with plain slices.
func TestUsageAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		u := newUsageTable()
		r := ref("a", "x", "1")
		var want []core.Usage
		at, keep := int64(1e9), shortHistory
		known := map[core.Measure]bool{}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			switch rapid.IntRange(0, 9).Draw(t, "what") {
			case 0:
				u.setFocus([]core.Ref{r})
				if len(want) > 0 {
					keep = longHistory
				}
			case 1: // out of focus: what is kept stays
				u.setFocus(nil)
			case 2: // overtaken by a newer one: not in the history, not the newest
				if len(want) > 0 {
					u.add([]core.Usage{sample(r, at-rapid.Int64Range(1, 1e9).Draw(t, "late"), 999)})
				}
			case 3: // the same again with another limit
				if len(want) > 0 {
					again := want[len(want)-1]
					again.Values[core.CPULimit] = rapid.Float64Range(0, 100).Draw(t, "limit")
					want[len(want)-1] = again
					u.add([]core.Usage{again})
				}
			default:
				for range rapid.SampledFrom([]int{1, 3, 61, 300}).Draw(t, "samples") {
					at += 1e9
					s := sample(r, at, float64(at/1e9))
					for _, m := range []core.Measure{core.NetRx, core.RequestRate} {
						if v := rapid.SampledFrom([]float64{math.NaN(), 0, 5}).Draw(t, "value"); v == v {
							s.Values[m] = v
							known[m] = known[m] || v != 0
						}
					}
					if u.focus[r] {
						keep = longHistory
					}
					want = append(want, s)
					u.add([]core.Usage{s})
				}
			}
			if len(want) == 0 {
				continue
			}
			if keep == shortHistory && len(want) > keep || len(want) > longHistory {
				want = want[len(want)-keep:]
			}
			if got := u.last(r); got.At != at || got.Values[core.CPULimit] != want[len(want)-1].Values[core.CPULimit] {
				t.Fatalf("the newest is of %d, want %d", got.At, at)
			}
			for _, m := range []core.Measure{core.CPUUsed, core.NetRx, core.RequestRate} {
				got := u.history(r, m, 0)
				if m != core.CPUUsed && !known[m] {
					if got != nil {
						t.Fatalf("%v was never measured, history %v", m, got)
					}
					continue
				}
				if len(got) != len(want) {
					t.Fatalf("%v: %d points, want %d", m, len(got), len(want))
				}
				values := u.recent(r, m, 10)
				for i, p := range got {
					w := want[i].Values[m]
					same := p.Value == float64(float32(w)) || math.IsNaN(p.Value) && (math.IsNaN(w) || w == 0)
					if p.At != want[i].At || !same {
						t.Fatalf("%v point %d: %v at %d, want %v at %d", m, i, p.Value, p.At, w, want[i].At)
					}
					if j := i - (len(got) - len(values)); j >= 0 && values[j] != p.Value && !math.IsNaN(p.Value) {
						t.Fatalf("recent %d is %v, want %v", j, values[j], p.Value)
					}
				}
				half := want[len(want)/2].At
				if part := u.history(r, m, half); len(part) != len(want)-len(want)/2 || part[0].At != half {
					t.Fatalf("since %d: %d points", half, len(part))
				}
			}
		}
	})
}

// TestUsageOfManyObjects: none of 10,000 is forgotten for being one of many.
func TestUsageOfManyObjects(t *testing.T) {
	u := newUsageTable()
	for i := range 10_000 {
		u.add([]core.Usage{sample(ref("a", fmt.Sprint(i), "1"), 1e9, float64(i))})
	}
	for i := range 10_000 {
		if got := u.last(ref("a", fmt.Sprint(i), "1")); got == nil || got.Values[core.CPUUsed] != float64(i) {
			t.Fatalf("object %d: %v", i, got)
		}
	}
}

// TestUsageForgetsWhatIsGone by our clock, whatever that of the system says.
func TestUsageForgetsWhatIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := newUsageTable()
		old, live := ref("a", "old", "1"), ref("a", "live", "1")
		u.add([]core.Usage{sample(old, time.Now().Add(-time.Hour).UnixNano(), 1), sample(live, time.Now().Add(time.Hour).UnixNano(), 1)})
		for i := range 1100 {
			u.add([]core.Usage{sample(ref("b", fmt.Sprint(i), "1"), time.Now().UnixNano(), 1)})
		}
		if u.last(old) == nil || u.last(live) == nil {
			t.Fatal("forgotten for the clock of its system")
		}
		time.Sleep(11 * time.Minute)
		u.add([]core.Usage{sample(live, time.Now().Add(time.Hour).UnixNano(), 1)})
		for i := range 2100 {
			u.add([]core.Usage{sample(ref("c", fmt.Sprint(i), "1"), time.Now().UnixNano(), 1)})
		}
		if u.last(old) != nil {
			t.Error("an object without samples for 11 minutes is still kept")
		}
		if u.last(live) == nil {
			t.Error("a live object was forgotten")
		}
	})
}

func TestUsageOfAClockThatWasSetBack(t *testing.T) {
	u := newUsageTable()
	r := ref("a", "x", "1")
	for i := range int64(100) {
		u.add([]core.Usage{sample(r, (1000+i)*1e9, 1)})
	}
	for i := range int64(3) {
		u.add([]core.Usage{sample(r, (500+i)*1e9, 2)})
	}
	got := u.history(r, core.CPUUsed, 0)
	if len(got) != 3 || got[0].At != 500e9 || u.last(r).Values[core.CPUUsed] != 2 {
		t.Errorf("history %v", got)
	}
}

func TestUsageUnknown(t *testing.T) {
	u := newUsageTable()
	r := ref("a", "x", "1")
	if u.last(r) != nil || u.history(r, core.CPUUsed, 0) != nil || u.recent(r, core.CPUUsed, 5) != nil {
		t.Error("something is known of nothing")
	}
	u.add([]core.Usage{sample(r, 1e9, 1)})
	if u.history(r, core.PIDs, 0) != nil {
		t.Error("a history of a measure that has none")
	}
	if got := u.recent(r, core.CPUUsed, 0); !slices.Equal(got, []float64{}) {
		t.Errorf("no values wanted, got %v", got)
	}
	u.last(r).At = 7
	if u.last(r).At != 1e9 {
		t.Error("the newest sample can be written from outside")
	}
}
