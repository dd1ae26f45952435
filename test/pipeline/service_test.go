package pipeline

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"devops-tui/test/program"
)

// service is a simulated service, and the program that looks at it.
type service struct {
	*program.Program
	source string
	tap    *tap
	server *httptest.Server
	config func(url string) string // its section under sources:
	act    []string                // a change that would be done
}

// serve starts the simulator behind a tap, and makes the program. more is
// further configuration.
func (s *service) serve(t *testing.T, source string, h http.Handler, config func(url string) string, more string, env ...string) {
	t.Helper()
	s.source, s.config, s.tap = source, config, &tap{next: h}
	s.server = httptest.NewServer(s.tap)
	t.Cleanup(s.server.Close)
	s.Program = program.New(t, "sources:\n"+config(s.server.URL)+more, env...)
	s.Args = []string{"--source", source}
}

// refusals is how a service is brought to refuse.
type refusals struct {
	expire    func(on bool) // the token is not taken any more
	hide      func(on bool) // nothing is seen without a token; nil: nothing ever is
	loginFix  string        // what doctor tells of then
	forbidden string        // an answer of 403 to a change
	saysNo    string        // what of it the user reads
	missing   string        // an object that is not there
	limit     func(on bool) // the budget is used up; nil: the service has none
	arrived   func() bool   // the change of act has been done
}

// refusals tries the change in every way that must not do it, and in the one where
// nobody knows.
func (s *service) refusals(r refusals) {
	t := s.T
	t.Helper()
	run := func(name string, f func(t *testing.T)) { t.Run(name, f) }

	run("read-only", func(t *testing.T) {
		refused(s.Program, 4, "read-only", append([]string{"--read-only"}, s.act...)...)
		s.tap.none(t)
	})
	run("policy", func(t *testing.T) {
		path := s.Write("deny.yaml", "sources:\n"+s.config(s.server.URL)+"environments: [{name: ci, match: {source: "+s.source+"}, policy: deny}]\n")
		refused(s.Program, 4, "", append([]string{"--config", path}, s.act...)...)
		s.tap.none(t)
	})
	run("expired token", func(t *testing.T) {
		r.expire(true)
		defer r.expire(false)
		a := refused(s.Program, 69, "token", s.act...)
		if strings.Contains(a.Stdout+a.Stderr, canary) {
			t.Error("the token is in the message")
		}
		refused(s.Program, 69, "token", "doctor")
		s.tap.none(t)
	})
	run("no token", func(t *testing.T) {
		if r.hide != nil {
			r.hide(true)
			defer r.hide(false)
		}
		env := s.Env
		defer func() { s.Env = env }()
		s.Env = append(append([]string(nil), env...), "SIM_TOKEN=")
		a := s.Run("doctor")
		if a.Code == 0 || !strings.Contains(a.Stdout, r.loginFix) {
			t.Errorf("doctor: exit %d, want a word on %s\n%s", a.Code, r.loginFix, a.Stdout)
		}
		if b := s.Run(s.act...); b.Code == 0 {
			t.Errorf("it is done without a token:\n%s", b.Stdout)
		}
		s.tap.none(t)
	})
	run("no right", func(t *testing.T) {
		restore := s.tap.spoiled(func(out http.ResponseWriter, r2 *http.Request) bool {
			if r2.Method != http.MethodPost {
				return false
			}
			if strings.HasPrefix(r.forbidden, "{") {
				out.Header().Set("Content-Type", "application/json")
			} else {
				out.Header().Set("Content-Type", "text/html;charset=utf-8")
			}
			out.WriteHeader(http.StatusForbidden)
			fmt.Fprint(out, r.forbidden)
			return true
		})
		defer restore()
		refused(s.Program, 1, r.saysNo, s.act...)
		if sent := s.tap.took(); len(sent) != 1 {
			t.Errorf("sent %q", sent)
		}
	})
	run("not there", func(t *testing.T) {
		args := append([]string(nil), s.act...)
		for i, a := range args {
			if strings.Contains(a, "/") {
				args[i] = r.missing
			}
		}
		refused(s.Program, 64, "no object", args...)
		s.tap.none(t)
	})
	if r.limit != nil {
		run("rate limited", func(t *testing.T) {
			r.limit(true)
			defer r.limit(false)
			if a := s.Run("doctor"); !strings.Contains(a.Stdout, "no requests until") && !strings.Contains(a.Stdout, "request limit is reached") {
				t.Errorf("doctor says nothing of the limit:\n%s", a.Stdout)
			}
			s.tap.none(t)
		})
	}
	run("no answer", func(t *testing.T) {
		restore := s.tap.spoiled(func(_ http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodPost {
				return false
			}
			s.tap.next.ServeHTTP(httptest.NewRecorder(), r) // it arrives
			panic(http.ErrAbortHandler)                     // and no answer comes
		})
		a := s.Run(s.act...)
		restore()
		if sent := s.tap.took(); len(sent) != 1 {
			t.Errorf("sent %q: a request without an answer is not sent again", sent)
		}
		if a.Code != 0 && a.Code != 5 {
			t.Errorf("exit %d\n%s%s", a.Code, a.Stdout, a.Stderr)
		}
		if !r.arrived() {
			t.Error("it did not arrive")
		}
	})
	run("server down", func(t *testing.T) {
		s.server.Close()
		refused(s.Program, 69, "", s.act...)
		refused(s.Program, 69, "", "doctor")
		s.tap.none(t)
	})
	clean(s.Program, canary)
}

// ticking calls f again and again until stop.
func ticking(t *testing.T, f func()) (stop func()) {
	ctx, cancel := contextOf(t)
	done := make(chan struct{})
	go func() { // ends with the test
		defer close(done)
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			f()
		}
	}()
	return func() { cancel(); <-done }
}
