package rest

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"devops-tui/internal/core"
)

// server is a server without a network, for the fake clock.
type server struct {
	mu     sync.Mutex
	at     []time.Time
	paths  []string
	answer func(n int, w http.ResponseWriter, r *http.Request)
}

func (s *server) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	s.at, s.paths = append(s.at, time.Now()), append(s.paths, r.URL.Path)
	n := len(s.at)
	s.mu.Unlock()
	w := httptest.NewRecorder()
	if s.answer != nil {
		s.answer(n, w, r)
	}
	resp := w.Result()
	resp.Request = r
	return resp, nil
}

func (s *server) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.at)
}

func (s *server) client(tb testing.TB, more ...func(*Options)) *Client {
	base, _ := url.Parse("https://api.example")
	o := Options{Product: "GitHub", Base: base, Transport: s, Rate: Rate{PerSecond: 1000, Burst: 1000, Concurrent: 8}}
	for _, f := range more {
		f(&o)
	}
	c, err := New(o)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

var get = Request{Path: []string{"runs"}}

func TestPromise15NothingLeavesBeforeTheServerAllowsIt(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		header func(now time.Time) http.Header
		body   string
		wait   time.Duration
	}{
		"Retry-After in seconds": {429, func(time.Time) http.Header { return http.Header{"Retry-After": {"47"}} }, "", 47 * time.Second},
		"Retry-After as a date": {503, func(now time.Time) http.Header {
			return http.Header{"Retry-After": {now.Add(2 * time.Minute).UTC().Format(http.TimeFormat)}}
		}, "", 2 * time.Minute},
		"a date by a clock that is wrong": {503, func(now time.Time) http.Header {
			return http.Header{"Retry-After": {now.Add(2*time.Minute - time.Hour).UTC().Format(http.TimeFormat)}, "Date": {now.Add(-time.Hour).UTC().Format(http.TimeFormat)}}
		}, "", 2 * time.Minute},
		"GitHub's budget is used up": {403, func(now time.Time) http.Header {
			return http.Header{"X-Ratelimit-Limit": {"5000"}, "X-Ratelimit-Remaining": {"0"}, "X-Ratelimit-Resource": {"core"}, "X-Ratelimit-Reset": {strconv.FormatInt(now.Add(25*time.Minute).Unix(), 10)}}
		}, "", 25 * time.Minute},
		"GitLab's budget is used up": {429, func(now time.Time) http.Header {
			return http.Header{"Ratelimit-Limit": {"600"}, "Ratelimit-Remaining": {"0"}, "Ratelimit-Reset": {strconv.FormatInt(now.Add(time.Minute).Unix(), 10)}}
		}, "", time.Minute},
		"a budget by a clock that is wrong": {403, func(now time.Time) http.Header {
			return http.Header{"X-Ratelimit-Limit": {"5000"}, "X-Ratelimit-Remaining": {"0"}, "X-Ratelimit-Reset": {strconv.FormatInt(now.Add(5*time.Minute-time.Hour).Unix(), 10)}, "Date": {now.Add(-time.Hour).UTC().Format(http.TimeFormat)}}
		}, "", 5 * time.Minute},
		"a reset that never comes": {429, func(now time.Time) http.Header {
			return http.Header{"X-Ratelimit-Limit": {"5000"}, "X-Ratelimit-Remaining": {"0"}, "X-Ratelimit-Reset": {"9223372036854775807"}}
		}, "", 24 * time.Hour},
		"the draft's seconds": {429, func(time.Time) http.Header {
			return http.Header{"Ratelimit-Limit": {"600"}, "Ratelimit-Remaining": {"0"}, "Ratelimit-Reset": {"33"}}
		}, "", 33 * time.Second},
		"the last answer of the budget is fine": {200, func(now time.Time) http.Header {
			return http.Header{"X-Ratelimit-Limit": {"5000"}, "X-Ratelimit-Remaining": {"0"}, "X-Ratelimit-Reset": {strconv.FormatInt(now.Add(10*time.Minute).Unix(), 10)}}
		}, "", 10 * time.Minute},
		"a secondary limit without a time": {403, func(time.Time) http.Header { return nil }, `{"message":"You have exceeded a secondary rate limit."}`, time.Minute},
		"429 without a time":               {429, func(time.Time) http.Header { return nil }, "", time.Minute},
		"Retry-After of a week":            {429, func(time.Time) http.Header { return http.Header{"Retry-After": {"604800"}} }, "", 24 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &server{answer: func(n int, w http.ResponseWriter, _ *http.Request) {
					if n > 1 {
						return
					}
					for k, v := range c.header(time.Now()) {
						w.Header()[k] = v
					}
					w.WriteHeader(c.status)
					_, _ = w.Write([]byte(c.body))
				}}
				cl := s.client(t)
				begin := time.Now()
				_, err := cl.Do(t.Context(), get)
				if c.status >= 400 {
					if p := cl.Problem(err); p == nil || p.Kind != core.Throttled && c.status != 503 {
						t.Errorf("problem %v", p)
					}
					if at := RetryAt(err); at.Sub(begin) < c.wait-time.Second || at.Sub(begin) > c.wait+time.Second {
						t.Errorf("may be tried again after %s, want %s", at.Sub(begin), c.wait)
					}
				}
				if b := cl.Budget(); b.Held.Sub(begin) < c.wait-time.Second {
					t.Errorf("doctor says held until %s", b.Held)
				}
				time.Sleep(c.wait - 15*time.Second - time.Since(begin))
				for _, urgent := range []bool{true, false} {
					r := get
					r.Urgent = urgent
					var held *Held
					if _, err := cl.Do(t.Context(), r); !errors.As(err, &held) {
						t.Errorf("urgent %t: %v", urgent, err)
					} else if p := cl.Problem(err); p.Kind != core.Throttled {
						t.Errorf("problem %v", p)
					}
				}
				if s.count() != 1 {
					t.Fatalf("%d requests left while held", s.count())
				}
				time.Sleep(10 * time.Second) // the rest is short: it is waited for
				if _, err := cl.Do(t.Context(), get); err != nil {
					t.Error(err)
				}
				if s.count() != 2 || s.at[1].Before(begin.Add(c.wait-time.Second).Truncate(time.Second)) {
					t.Errorf("%d requests, the last after %s", s.count(), s.at[len(s.at)-1].Sub(begin))
				}
			})
		})
	}
}

func TestPromise15ASecondaryLimitDoubles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bad := true
		s := &server{answer: func(_ int, w http.ResponseWriter, _ *http.Request) {
			if bad {
				w.WriteHeader(429)
			}
		}}
		c := s.client(t)
		for _, want := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
			_, err := c.Do(t.Context(), get)
			if wait := time.Until(RetryAt(err)); wait != want*time.Minute {
				t.Errorf("wait %s, want %d min", wait, want)
			}
			time.Sleep(time.Until(RetryAt(err)))
		}
		bad = false
		if _, err := c.Do(t.Context(), get); err != nil {
			t.Fatal(err)
		}
		bad = true
		if _, err := c.Do(t.Context(), get); time.Until(RetryAt(err)) != time.Minute {
			t.Errorf("after an answer that was fine it begins anew: %s", time.Until(RetryAt(err)))
		}
	})
}

func TestPromise15AForbiddenAnswerHoldsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{answer: func(_ int, w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(403)
			_, _ = w.Write([]byte(`{"message":"Resource not accessible by personal access token"}`))
		}}
		c := s.client(t)
		begin := time.Now()
		for range 5 {
			_, err := c.Do(t.Context(), get)
			if p := c.Problem(err); p == nil || p.Kind != core.Forbidden || p.Summary.String() != "GitHub does not allow GET /runs: Resource not accessible by personal access token" {
				t.Errorf("problem %v", p)
			}
		}
		if s.count() != 5 || time.Since(begin) > 0 {
			t.Errorf("%d requests in %s", s.count(), time.Since(begin))
		}
	})
}

func TestPromise15TheReserveIsForTheUser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reset := time.Now().Add(30 * time.Minute)
		s := &server{answer: func(_ int, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-RateLimit-Limit", "5000")
			w.Header().Set("X-RateLimit-Remaining", "500")
			w.Header().Set("X-RateLimit-Reset", strconv.FormatInt(reset.Unix(), 10))
		}}
		c := s.client(t)
		if _, err := c.Do(t.Context(), get); err != nil {
			t.Fatal(err)
		}
		var held *Held
		if _, err := c.Do(t.Context(), get); !errors.As(err, &held) || !held.Reserve || !held.Until.Equal(reset.Truncate(time.Second)) {
			t.Errorf("a poll went into the reserve: %v", err)
		}
		for _, r := range []Request{{Path: get.Path, Urgent: true}, {Method: "POST", Path: get.Path}} {
			if _, err := c.Do(t.Context(), r); err != nil {
				t.Error(err)
			}
		}
		if b := c.Budget(); !b.Known || b.Limit != 5000 || b.Remaining != 500 || b.Sent != 3 {
			t.Errorf("budget %+v", b)
		}
		time.Sleep(time.Until(reset))
		if _, err := c.Do(t.Context(), get); err != nil {
			t.Errorf("after the reset: %v", err)
		}
	})
}

func TestPromise15TheRateAndTheSlotsAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var running, most int
		var mu sync.Mutex
		s := &server{answer: func(int, http.ResponseWriter, *http.Request) {
			mu.Lock()
			running++
			most = max(most, running)
			mu.Unlock()
			time.Sleep(20 * time.Millisecond)
			mu.Lock()
			running--
			mu.Unlock()
		}}
		c := s.client(t, func(o *Options) { o.Rate = Rate{PerSecond: 5, Burst: 10, Concurrent: 2} })
		begin := time.Now()
		var wg sync.WaitGroup
		for range 60 {
			wg.Go(func() {
				if _, err := c.Do(t.Context(), get); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if d := time.Since(begin); d < 9900*time.Millisecond || d > 10500*time.Millisecond {
			t.Errorf("60 requests at 5/s after a burst of 10 took %s, want 10s", d)
		}
		if most > 2 {
			t.Errorf("%d requests at once", most)
		}
		for i := range s.at {
			if j := i + 15; j < len(s.at) && s.at[j].Sub(s.at[i]) < 900*time.Millisecond {
				t.Errorf("15 requests within %s", s.at[j].Sub(s.at[i]))
			}
		}
	})
}

func TestPromise15TheUserGoesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{answer: func(int, http.ResponseWriter, *http.Request) { time.Sleep(time.Second) }}
		c := s.client(t, func(o *Options) { o.Rate.Concurrent = 1 })
		var wg sync.WaitGroup
		for i := range 5 {
			wg.Go(func() { _, _ = c.Do(t.Context(), Request{Path: []string{"poll" + strconv.Itoa(i)}}) })
			synctest.Wait()
		}
		wg.Go(func() { _, _ = c.Do(t.Context(), Request{Path: []string{"user"}, Urgent: true}) })
		wg.Wait()
		want := []string{"/poll0", "/user", "/poll1", "/poll2", "/poll3", "/poll4"}
		for i, p := range want {
			if s.paths[i] != p {
				t.Fatalf("order %v, want %v", s.paths, want)
			}
		}
	})
}

func TestChangesAreSpaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{}
		c := s.client(t, func(o *Options) { o.ChangeEvery = time.Second })
		begin := time.Now()
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() { _, _ = c.Do(t.Context(), Request{Method: "POST", Path: []string{"change"}, Urgent: true}) })
		}
		synctest.Wait()
		if _, err := c.Do(t.Context(), get); err != nil || time.Since(begin) > 0 {
			t.Errorf("a read waits %s for changes (%v)", time.Since(begin), err)
		}
		wg.Wait()
		if d := time.Since(begin); d != 2*time.Second {
			t.Errorf("three changes took %s", d)
		}
	})
}

func TestReadsGoAgainAndChangesDoNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{answer: func(n int, w http.ResponseWriter, _ *http.Request) {
			if n < 3 {
				w.WriteHeader(502)
			}
		}}
		c := s.client(t)
		if _, err := c.Do(t.Context(), get); err != nil || s.count() != 3 {
			t.Errorf("%d requests: %v", s.count(), err)
		}
		s = &server{answer: func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }}
		c = s.client(t)
		begin := time.Now()
		_, err := c.Do(t.Context(), get)
		if p := c.Problem(err); s.count() != attempts || p.Kind != core.Unreachable {
			t.Errorf("%d requests: %v", s.count(), p)
		}
		if d := time.Since(begin); d < 500*time.Millisecond || d > 5*time.Second {
			t.Errorf("gave up after %s", d)
		}
		for _, status := range []int{500, 502, 503, 504, 429} {
			s = &server{answer: func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }}
			_, err := s.client(t).Do(t.Context(), Request{Method: "POST", Path: []string{"x"}})
			unknown := errors.Is(err, core.ErrOutcomeUnknown)
			var e *Error
			if s.count() != 1 || !errors.As(err, &e) || unknown != (status == 502 || status == 504) {
				t.Errorf("a change answered %d: %d requests, %v", status, s.count(), err)
			}
		}
	})
}

func TestASlowServerIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := (&server{}).client(t, func(o *Options) {
			o.Transport = hang{}
		})
		begin := time.Now()
		_, err := c.Do(t.Context(), get)
		if p := c.Problem(err); p.Kind != core.Unreachable || p.Summary.String() != "GitHub at api.example did not answer in time" || time.Since(begin) != answerLimit {
			t.Errorf("after %s: %v", time.Since(begin), p)
		}
		if _, _, err := c.Open(t.Context(), get); c.Problem(err).Kind != core.Unreachable {
			t.Error(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.Do(ctx, get); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
}

type hang struct{}

func (hang) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestPromise15AnotherBudgetHoldsOnlyWhatItRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{answer: func(_ int, w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-RateLimit-Limit", "30")
			w.Header().Set("X-RateLimit-Remaining", "0")
			w.Header().Set("X-RateLimit-Resource", "search")
			w.Header().Set("X-RateLimit-Reset", strconv.FormatInt(time.Now().Add(time.Minute).Unix(), 10))
		}}
		c := s.client(t)
		for range 3 {
			if _, err := c.Do(t.Context(), Request{Path: get.Path, Urgent: true}); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestTheUserCanGiveUpWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{answer: func(int, http.ResponseWriter, *http.Request) { time.Sleep(10 * time.Second) }}
		c := s.client(t, func(o *Options) { o.Rate.Concurrent = 1 })
		go func() { _, _ = c.Do(t.Context(), get) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begin := time.Now()
		if _, err := c.Do(ctx, get); !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != time.Second {
			t.Errorf("after %s: %v", time.Since(begin), err)
		}
		if n := len(c.pace.queue); n != 0 {
			t.Errorf("%d still wait", n)
		}
		time.Sleep(10 * time.Second)
		if _, err := c.Do(t.Context(), get); err != nil || s.count() != 2 {
			t.Errorf("%d requests, %v", s.count(), err)
		}
	})
}
