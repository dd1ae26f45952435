package kube

import (
	"strconv"
	"testing"
	"time"
)

func TestWitnessKnowsWhatWorked(t *testing.T) {
	var w witness
	at := time.Unix(1e9, 0)
	step := func(template uint64, ready, gaveUp bool, after time.Duration) {
		at = at.Add(after)
		w.note("app", template, ready, gaveUp, at)
	}
	step(1, false, false, 0)
	step(1, true, false, 5*time.Second)
	step(2, false, false, time.Hour) // ready for an hour, then replaced
	step(3, false, false, 3*time.Second)
	step(3, false, false, provenBad)
	step(4, false, false, time.Second)
	step(4, false, true, time.Second)
	step(1, true, false, time.Minute) // back
	for template, want := range map[uint64]struct {
		bad   bool
		words string
	}{
		1: {false, "was ready for 1h"},
		2: {false, "never became ready in 3s"}, // too short to tell
		3: {true, "never became ready in 16s"},
		4: {true, "never became ready: gave up after 1m"},
		5: {false, "not seen"},
	} {
		s := w.of("app", template)
		if s.bad() != want.bad || s.words(at.Add(30*time.Second)).String() != want.words {
			t.Errorf("template %d: bad %v, %q", template, s.bad(), s.words(at.Add(30*time.Second)))
		}
	}
	if s := w.of("other", 1); s.bad() || s.words(at).String() != "not seen" {
		t.Errorf("another's: %+v", s)
	}
}

func TestWitnessIsBounded(t *testing.T) {
	var w witness
	for i := range 3 * maxWitnessed {
		w.note("app-"+strconv.Itoa(i%(2*maxWitnessed)), uint64(i), true, false, time.Unix(int64(i), 0))
	}
	if len(w.seen) > maxWitnessed || len(w.now) > maxWitnessed || len(w.order) > maxWitnessed {
		t.Errorf("%d sightings, %d workloads, %d in order", len(w.seen), len(w.now), len(w.order))
	}
	if s := w.of("app-"+strconv.Itoa((3*maxWitnessed-1)%(2*maxWitnessed)), 3*maxWitnessed-1); s.from.IsZero() {
		t.Error("the newest was forgotten")
	}
}
