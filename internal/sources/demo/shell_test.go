package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
)

// screen is the out side of a session.
type screen struct {
	mu sync.Mutex
	b  strings.Builder
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// session runs a shell with some input until it ends.
func session(t *testing.T, ref core.Ref, what core.Shell, input string, tty bool) (string, error) {
	t.Helper()
	s := New(Options{Seed: 1}).Instance(ref.Scope)
	op, err := s.PlanShell(t.Context(), ref, what)
	if err != nil {
		t.Fatal(err)
	}
	var out screen
	err = op.Session(sources.Permit(t.Context()), core.Terminal{
		In: strings.NewReader(input), Out: &out, Err: &out, TTY: tty, Size: func() (int, int) { return 90, 30 },
	})
	return out.String(), err
}

func TestTheToyShell(t *testing.T) {
	api, web := refTo(Laptop, "container", "", "shop-api-1"), refTo(Staging, "deployment", "shop", "web")
	for _, c := range []struct {
		name  string
		ref   core.Ref
		what  core.Shell
		input string
		tty   bool
		want  []string
		code  int
	}{
		{name: "one program", ref: api, what: core.Shell{Command: []string{"cat", "/app/VERSION"}}, want: []string{"shop-api:dev\n"}},
		{name: "its code", ref: api, what: core.Shell{Command: []string{"sh", "-c", "true && exit 9"}}, code: 9},
		{name: "no program", ref: api, what: core.Shell{Command: []string{"vim"}}, want: []string{"vim: not found"}, code: 127},
		{name: "a pipe", ref: web, input: "ls\ncd /etc && pwd; cat os-release\nenv\nps\nfalse\n", want: []string{"demo world", "VERSION", "/etc\n", "Demo Linux", "LOG_LEVEL=info", "DB_PASSWORD=<redacted>", "1 nonroot  web"}, code: 1},
		{name: "another container", ref: web, what: core.Shell{Container: "proxy", Command: []string{"ps"}}, want: []string{"nginx"}},
		{name: "a terminal", ref: web, input: "hostname\rfalsX\x7fe\recho $?\rstty size\r\x1b[Aexit 3\rls\r", tty: true, want: []string{"/app# hostname\r\n", "30 90\r\n", "echo $?\r\n1\r\n"}, code: 3},
		{name: "ctrl+d", ref: web, input: "\x04", tty: true, want: []string{"toy"}},
		{name: "ctrl+c", ref: web, input: "rubbish\x03\x15\x04", tty: true, want: []string{"^C"}, code: 130},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := session(t, c.ref, c.what, c.input, c.tty)
			for _, w := range c.want {
				if !strings.Contains(got, w) {
					t.Errorf("%q is not in\n%s", w, got)
				}
			}
			var exit *core.ExitError
			code := 0
			if errors.As(err, &exit) {
				code = exit.Code
			} else if err != nil {
				t.Error(err)
			}
			if code != c.code {
				t.Errorf("exit code %d, want %d; output\n%s", code, c.code, got)
			}
		})
	}
}

func TestNoShellBehindTheGateOrInWhatIsGone(t *testing.T) {
	gate := &sources.Gate{}
	s := New(Options{Seed: 1, Gate: gate}).Instance(Laptop)
	ref := refTo(Laptop, "container", "", "shop-api-1")
	op, err := s.PlanShell(t.Context(), ref, core.Shell{})
	if err != nil {
		t.Fatal(err)
	}
	term := core.Terminal{In: strings.NewReader("exit\n"), Out: io.Discard}
	if err := op.Session(t.Context(), term); err == nil {
		t.Error("a shell without a confirmed action")
	}
	gate.SetReadOnly(true)
	if err := op.Session(sources.Permit(t.Context()), term); !errors.Is(err, core.ErrReadOnly) || gate.Sent() != 0 {
		t.Errorf("a shell while read-only: %v, %d sent", err, gate.Sent())
	}
	_, err = s.PlanShell(t.Context(), refTo(Laptop, "container", "", "shop-seed-1"), core.Shell{})
	refused(t, "not running", err)
	_, err = s.PlanShell(t.Context(), ref, core.Shell{Debug: "busybox"})
	refused(t, "debug container", err)
	_, err = s.PlanShell(t.Context(), refTo(Laptop, "project", "", "shop"), core.Shell{Container: "web"})
	if err != nil {
		t.Errorf("a shell in a project's service: %v", err)
	}
}

// A shell ends with its context though nothing is typed.
func TestAShellEndsWithItsContext(t *testing.T) {
	s := New(Options{Seed: 1}).Instance(Laptop)
	op, err := s.PlanShell(t.Context(), refTo(Laptop, "container", "", "shop-api-1"), core.Shell{})
	if err != nil {
		t.Fatal(err)
	}
	in, typed := io.Pipe()
	defer typed.Close() // the read that is under way ends with it
	ctx, cancel := context.WithCancel(sources.Permit(t.Context()))
	done := make(chan error, 1)
	go func() { done <- op.Session(ctx, core.Terminal{In: in, Out: io.Discard, TTY: true}) }()
	cancel()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("the session goes on")
	}
}

func TestAForwardedPortAnswers(t *testing.T) {
	gate := &sources.Gate{}
	s := New(Options{Seed: 1, Gate: gate}).Instance(Staging)
	ref := refTo(Staging, "service", "shop", "web")
	op, err := s.PlanForward(t.Context(), ref, core.Forward{Remote: "http"})
	if err != nil {
		t.Fatal(err)
	}
	if err := op.Serve(t.Context(), sources.Quiet); err == nil {
		t.Error("a forward without a confirmed action")
	}
	ctx, cancel := context.WithCancel(sources.Permit(t.Context()))
	out := &notes{}
	done := make(chan error, 1)
	go func() { done <- op.Serve(ctx, out) }()
	var address string
	for begin := time.Now(); address == ""; {
		if _, said := out.all(); len(said) > 0 {
			address, _, _ = strings.Cut(said[0], " ")
		}
		if time.Since(begin) > 20*time.Second {
			t.Fatal("it does not listen")
		}
		<-time.After(5 * time.Millisecond)
	}
	client := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	r, err := client.Get("http://" + address + "/cart")
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(r.Body)
	r.Body.Close()
	if r.StatusCode != http.StatusOK || !strings.Contains(string(body), "served by pod web-") || !strings.Contains(string(body), "demo") {
		t.Errorf("%d\n%s", r.StatusCode, body)
	}
	// The port that it has is taken now.
	second, err := s.PlanForward(t.Context(), ref, core.Forward{Local: address, Remote: "80"})
	if err != nil {
		t.Fatal(err)
	}
	refused(t, "in use", second.Serve(sources.Permit(t.Context()), sources.Quiet))
	cancel()
	if err := <-done; err != nil {
		t.Errorf("ended by the user: %v", err)
	}
	if lines, _ := out.all(); len(lines) != 1 || !strings.Contains(lines[0], "GET /cart: 200") {
		t.Errorf("it says %q", lines)
	}
	for local, why := range map[string]string{"0.0.0.0:8080": "loopback only", "x": "not a local port"} {
		_, err = s.PlanForward(t.Context(), ref, core.Forward{Local: local, Remote: "80"})
		refused(t, why, err)
	}
	_, err = s.PlanForward(t.Context(), ref, core.Forward{Remote: "5432"})
	refused(t, "no port", err)
}

// TestEveryVerbObeysTheGate plans each verb of each kind that the kinds
// declare, and carries none out while read-only.
func TestEveryVerbObeysTheGate(t *testing.T) {
	gate := &sources.Gate{}
	d := New(Options{Seed: 1, Gate: gate})
	planned := map[string]bool{}
	for _, s := range d.instances {
		for _, k := range s.info.Kinds {
			for _, verb := range k.Verbs {
				s.w.lock()
				objects := s.place.list(k.Name)
				s.w.mu.Unlock()
				for _, o := range objects {
					gate.SetReadOnly(false)
					if _, err := s.Form(t.Context(), verb, o.ref()); err != nil {
						t.Errorf("the form of %s of %s: %v", verb, o.ref(), err)
					}
					op, err := planAny(t.Context(), s, verb, o.ref())
					if err != nil {
						var p *core.Problem
						if !errors.As(err, &p) || p.Kind == core.Internal {
							t.Errorf("%s of %s: %v", verb, o.ref(), err)
						}
						continue
					}
					planned[verb] = true
					if op.Plan.Verb != verb && !(verb == core.VerbResume || verb == core.VerbUncordon) {
						t.Errorf("%s of %s is planned as %s", verb, o.ref(), op.Plan.Verb)
					}
					gate.SetReadOnly(true)
					ctx := sources.Permit(t.Context())
					switch {
					case op.Session != nil:
						err = op.Session(ctx, core.Terminal{In: strings.NewReader(""), Out: io.Discard})
					case op.Serve != nil:
						err = op.Serve(ctx, sources.Quiet)
					default:
						err = op.Execute(ctx, sources.Quiet)
					}
					if !errors.Is(err, core.ErrReadOnly) || gate.Sent() != 0 {
						t.Fatalf("%s of %s while read-only: %v, %d sent", verb, o.ref(), err, gate.Sent())
					}
				}
			}
		}
	}
	if len(planned) < 18 {
		t.Errorf("planned were only %v", planned)
	}
}

// planAny plans a verb with parameters that mostly make sense.
func planAny(ctx context.Context, s *Source, verb string, ref core.Ref) (*core.Operation, error) {
	switch verb {
	case core.VerbRestart:
		return s.PlanRestart(ctx, ref)
	case core.VerbRollback:
		return s.PlanRollback(ctx, ref, core.Rollback{})
	case core.VerbDeploy:
		what := core.Deploy{}
		if ref.Kind == "deployment" || ref.Kind == "container" || ref.Kind == "pod" {
			what.Image = "example.test/other:1"
		}
		return s.PlanDeploy(ctx, ref, what)
	case core.VerbScale:
		return s.PlanScale(ctx, ref, 7)
	case core.VerbStop:
		return s.PlanStop(ctx, ref, 5)
	case core.VerbStart:
		return s.PlanStart(ctx, ref)
	case core.VerbKill:
		return s.PlanKill(ctx, ref, "KILL")
	case core.VerbPause:
		return s.PlanPause(ctx, ref)
	case core.VerbResume:
		return s.PlanResume(ctx, ref)
	case core.VerbCordon, core.VerbUncordon:
		return s.PlanCordon(ctx, ref, verb == core.VerbCordon)
	case core.VerbDrain:
		return s.PlanDrain(ctx, ref, core.Drain{Grace: -1, DeleteEmptyDir: true})
	case core.VerbEdit:
		before, err := s.Definition(ctx, ref)
		if err != nil {
			return nil, err
		}
		after := strings.Replace(string(before), "  labels:\n", "  labels:\n    x: y\n", 1)
		return s.PlanEdit(ctx, ref, before, []byte(after))
	case core.VerbDelete:
		return s.PlanDelete(ctx, ref, core.Removal{Grace: -1, Force: true})
	case core.VerbPrune:
		return s.PlanPrune(ctx, ref, []string{"images"})
	case core.VerbShell:
		return s.PlanShell(ctx, ref, core.Shell{})
	case core.VerbForward:
		return s.PlanForward(ctx, ref, core.Forward{Remote: "http"})
	case core.VerbCopy:
		return s.PlanCopy(ctx, ref, core.Copy{From: ":/app", To: "."})
	case core.VerbRerun:
		return s.PlanRerun(ctx, ref, core.Rerun{})
	case core.VerbCancel:
		return s.PlanCancel(ctx, ref, core.Cancel{})
	case core.VerbApprove:
		return s.PlanApprove(ctx, ref, core.Verdict{})
	case core.VerbReject:
		return s.PlanReject(ctx, ref, core.Verdict{})
	}
	return nil, fmt.Errorf("no way to plan %s", verb)
}
