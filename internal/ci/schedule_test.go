package ci

import (
	"fmt"
	"testing"
	"time"
)

// play asks for whatever is due until the clock has gone on by d, and returns
// when each key was asked for.
func play(s *Schedule[string], from time.Time, d time.Duration, news func(string) bool) map[string][]time.Duration {
	asked := map[string][]time.Duration{}
	now := from
	for {
		key, due, ok := s.Next()
		if !ok {
			return asked
		}
		if due.After(now) {
			now = due
		}
		if now.Sub(from) > d {
			return asked
		}
		asked[key] = append(asked[key], now.Sub(from))
		s.Done(key, news(key), now)
		now = now.Add(time.Millisecond) // a request takes its time
	}
}

func never(string) bool { return false }

func TestHowOftenEachClassIsAskedFor(t *testing.T) {
	for _, c := range []struct {
		class    Class
		news     bool
		min, max int // in 10 minutes
	}{
		{Watched, false, 151, 170}, {Watched, true, 151, 170}, {Wanted, false, 31, 35}, {Idle, true, 11, 13}, {Idle, false, 4, 6},
	} {
		s := NewSchedule[string]()
		s.Set("a", c.class, noon)
		asked := play(s, noon, 10*time.Minute, func(string) bool { return c.news })["a"]
		if n := len(asked); n < c.min || n > c.max {
			t.Errorf("class %d, news %v: asked %d times", c.class, c.news, n)
		}
		if asked[0] != 0 {
			t.Errorf("class %d: first asked after %v", c.class, asked[0])
		}
		for i := 1; i < len(asked); i++ {
			if gap := asked[i] - asked[i-1]; gap > every(c.class, 9) {
				t.Errorf("class %d: %v passed between two questions", c.class, gap)
			}
		}
	}
}

// Two hundred idle things and one that is watched: it comes in time, and none of
// the others starves or comes with all the rest.
func TestNothingStarves(t *testing.T) {
	s := NewSchedule[string]()
	for i := range 200 {
		s.Set(fmt.Sprint("idle ", i), Idle, noon)
	}
	s.Set("shown", Watched, noon)
	asked := play(s, noon, 20*time.Minute, never)
	if len(asked) != 201 {
		t.Fatalf("%d of 201 were asked for", len(asked))
	}
	second := map[time.Duration]int{}
	for key, at := range asked {
		for i := 1; i < len(at); i++ {
			limit := idleMost
			if key == "shown" {
				limit = 5 * time.Second
			}
			if gap := at[i] - at[i-1]; gap > limit {
				t.Errorf("%s: %v passed between two questions", key, gap)
			}
			if at[i] > 10*time.Minute {
				second[at[i].Truncate(time.Second)]++
			}
		}
	}
	for at, n := range second {
		if n > 40 {
			t.Errorf("%d questions in the second at %v", n, at)
		}
	}
}

func TestWhatIsWantedMoreComesSooner(t *testing.T) {
	s := NewSchedule[string]()
	s.Set("a", Idle, noon)
	for range 5 {
		s.Done("a", false, noon)
	}
	s.Set("a", Watched, noon)
	if _, due, _ := s.Next(); due.Sub(noon) > watchedEvery {
		t.Errorf("due in %v", due.Sub(noon))
	}
	s.Done("a", false, noon)
	s.Set("a", Idle, noon) // less wanted: what is due stays
	if _, due, _ := s.Next(); due.Sub(noon) > watchedEvery {
		t.Errorf("due in %v", due.Sub(noon))
	}
}

func TestWhatIsHeldStaysHeld(t *testing.T) {
	s := NewSchedule[string]()
	s.Set("a", Watched, noon)
	s.Hold("a", at(3), noon)
	s.Wake(at(1))
	if _, due, _ := s.Next(); !due.Equal(at(3)) {
		t.Errorf("due at %v", due)
	}
	s.Done("a", true, at(3))
	if _, due, _ := s.Next(); due.Sub(at(3)) > watchedEvery {
		t.Errorf("it is held still: %v", due)
	}
	s.Set("b", Idle, at(3))
	s.Done("b", false, at(3))
	s.Now("b", at(3))
	if key, due, _ := s.Next(); key != "b" || !due.Equal(at(3)) {
		t.Errorf("%s is due first, at %v", key, due)
	}
	s.Keep(func(k string) bool { return k == "a" })
	s.Remove("a")
	s.Done("a", true, noon)
	s.Now("a", noon)
	s.Hold("a", noon, noon)
	if _, _, ok := s.Next(); ok {
		t.Error("something is left")
	}
}
