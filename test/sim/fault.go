package sim

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"time"
)

// Fault is what happens instead of an answer. One of Status, Drop, Hang,
// CutBody and Redirect says what; Delay goes with each of them, and alone.
type Fault struct {
	Status   int // with Header and Body; the simulator is not asked
	Header   http.Header
	Body     string
	Drop     bool   // the connection is closed after the simulator did what was asked
	Hang     bool   // nothing is answered until the client gives up; the simulator is not asked
	CutBody  int    // the answer breaks off after as many bytes of its body
	Redirect string // a 302 to there
	Delay    time.Duration
}

type fault struct {
	Fault
	match func(*http.Request) bool
	left  int // <0: without end
}

// Fail makes the next requests that match fail (nil: all match); times < 0: all
// of them. Faults that were set first come first.
func (s *Server) Fail(match func(*http.Request) bool, f Fault, times int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &fault{f, match, times})
}

// Heal ends all faults.
func (s *Server) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// On matches requests of a method ("": any) for one path.
func On(method, path string) func(*http.Request) bool {
	return func(r *http.Request) bool {
		return (method == "" || r.Method == method) && r.URL.EscapedPath() == path
	}
}

func (s *Server) fault(r *http.Request) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.faults {
		if f.left == 0 || f.match != nil && !f.match(r) {
			continue
		}
		if f.left > 0 {
			f.left--
		}
		return &f.Fault
	}
	return nil
}

func (f *Fault) serve(w http.ResponseWriter, r *http.Request, next http.Handler, note func(int)) {
	if f.Delay > 0 {
		wait(r.Context(), f.Delay)
	}
	switch {
	case f.Status != 0:
		for k, v := range f.Header {
			w.Header()[http.CanonicalHeaderKey(k)] = v
		}
		note(f.Status)
		w.WriteHeader(f.Status)
		_, _ = w.Write([]byte(f.Body))
	case f.Redirect != "":
		note(http.StatusFound)
		http.Redirect(w, r, f.Redirect, http.StatusFound)
	case f.Hang:
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	case f.Drop:
		next.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler) // closes the connection, and the client cannot tell why
	case f.CutBody > 0:
		rec := httptest.NewRecorder()
		next.ServeHTTP(rec, r)
		for k, v := range rec.Header() {
			w.Header()[k] = v
		}
		body := rec.Body.Bytes()
		w.Header().Set("Content-Length", strconv.Itoa(max(len(body), f.CutBody+1)))
		note(rec.Code)
		w.WriteHeader(rec.Code)
		_, _ = w.Write(body[:min(len(body), f.CutBody)])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	default:
		rec := &recorder{ResponseWriter: w, note: note}
		next.ServeHTTP(rec, r)
	}
}
