package docker

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/moby/moby/client"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	dockertest "devops-tui/test/docker"
)

// giveShell puts this machine's sh and stty into a container.
func giveShell(t *testing.T, s *Source, id string) {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	had := map[string]bool{}
	add := func(from, to string) {
		if had[to] {
			return
		}
		had[to] = true
		data, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		_ = w.WriteHeader(&tar.Header{Name: strings.TrimPrefix(to, "/"), Mode: 0o755, Size: int64(len(data))})
		_, _ = w.Write(data)
	}
	for name, to := range map[string]string{"sh": "/bin/sh", "stty": "/bin/stty"} {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Fatal(err)
		}
		add(path, to)
		libs, err := exec.Command("ldd", path).CombinedOutput()
		if err != nil {
			t.Fatalf("ldd: %v %s", err, libs)
		}
		for _, m := range regexp.MustCompile(`(/\S+\.so\S*) \(`).FindAllStringSubmatch(string(libs), -1) {
			add(m[1], m[1])
		}
	}
	_ = w.Close()
	api, err := s.client(t.Context())
	if err == nil {
		_, err = api.CopyToContainer(sources.Permit(t.Context()), id, client.CopyToContainerOptions{DestinationPath: "/", Content: &b})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// screen is a terminal's output, to be looked into while it grows.
type screen struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (x *screen) Write(p []byte) (int, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.b.Write(p)
}

func (x *screen) String() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.b.String()
}

// typist is a session on a terminal that a test types into.
type typist struct {
	in      io.WriteCloser
	out     screen
	resized chan struct{}
	size    chan [2]int // holds the present one
	done    chan error
}

func typing(ctx context.Context, t *testing.T, op *core.Operation) *typist {
	t.Helper()
	r, w := io.Pipe()
	x := &typist{in: w, resized: make(chan struct{}, 1), size: make(chan [2]int, 1), done: make(chan error, 1)}
	x.size <- [2]int{91, 33}
	term := core.Terminal{In: r, Out: &x.out, Err: &x.out, TTY: true, Resized: x.resized, Size: func() (int, int) {
		now := <-x.size
		x.size <- now
		return now[0], now[1]
	}}
	go func() { x.done <- op.Session(sources.Permit(ctx), term) }()
	t.Cleanup(func() { _ = w.Close(); _ = r.Close() })
	return x
}

func (x *typist) types(t *testing.T, line, want string) {
	t.Helper()
	before := len(x.out.String())
	if _, err := io.WriteString(x.in, line+"\n"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the terminal shows %q", x.out.String())
		}
	})
	until(t, 20*time.Second, "the answer to "+line+": "+want, func() bool { return strings.Contains(x.out.String()[before:], want) })
}

func (x *typist) ends(t *testing.T) error {
	t.Helper()
	select {
	case err := <-x.done:
		return err
	case <-time.After(20 * time.Second):
		t.Fatal("the session does not end")
		return nil
	}
}

func TestAShellOnATerminal(t *testing.T) {
	e := dockertest.Shared(t)
	gate := &sources.Gate{}
	s := over(t, e, gate)
	id := e.RunFor(t, dockertest.RunSpec{Name: "entered"})
	ref := containerRef("entered", s.host.scope, id)
	if _, err := s.PlanShell(t.Context(), ref, core.Shell{}); s.Problem(err) == nil || s.Problem(err).Kind != core.Unsupported || !strings.Contains(err.Error(), "no shell") {
		t.Fatalf("without a shell: %v", err)
	}
	giveShell(t, s, id)
	op, err := s.PlanShell(t.Context(), ref, core.Shell{})
	if err != nil || !strings.HasSuffix(op.Plan.Command.String(), "exec -it entered /bin/sh") || op.Plan.Danger != 0 || op.Plan.UndoHint.Empty() {
		t.Fatalf("plan %+v, %v", op, err)
	}
	sent := gate.Sent()
	gate.SetReadOnly(true)
	if err := op.Session(sources.Permit(t.Context()), core.Terminal{}); !errors.Is(err, core.ErrReadOnly) || gate.Sent() != sent {
		t.Errorf("while read-only: %v, %d requests", err, gate.Sent()-sent)
	}
	gate.SetReadOnly(false)
	x := typing(t.Context(), t, op)
	x.types(t, "echo $((6*7))", "42\r\n")
	sized := func(want string) {
		t.Helper()
		until(t, 20*time.Second, "the size "+want, func() bool {
			_, _ = io.WriteString(x.in, "stty size\n")
			return strings.Contains(x.out.String(), want)
		})
	}
	sized("33 91")
	<-x.size
	x.size <- [2]int{120, 40}
	x.resized <- struct{}{}
	sized("40 120")
	x.types(t, "exit 7", "exit")
	var exit *core.ExitError
	if err := x.ends(t); !errors.As(err, &exit) || exit.Code != 7 {
		t.Errorf("Session: %v, want exit code 7", err)
	}
}

func TestASessionThatIsLeftEndsTheShell(t *testing.T) {
	e := dockertest.Shared(t)
	s := over(t, e, nil)
	id := e.RunFor(t, dockertest.RunSpec{Name: "left"})
	giveShell(t, s, id)
	op, err := s.PlanShell(t.Context(), containerRef("left", s.host.scope, id), core.Shell{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	x := typing(ctx, t, op)
	x.types(t, "echo up", "up\r\n")
	cancel()
	if err := x.ends(t); !errors.Is(err, context.Canceled) {
		t.Errorf("Session: %v", err)
	}
	until(t, 20*time.Second, "the shell has ended", func() bool {
		return !strings.Contains(output(t, e, "top", "left"), "/bin/sh")
	})
}

func TestACommandWithoutATerminal(t *testing.T) {
	e := dockertest.Shared(t)
	s := over(t, e, nil)
	id := e.RunFor(t, dockertest.RunSpec{Name: "piped"})
	run := func(in io.Reader, command ...string) (out, errs string, err error) {
		op, err := s.PlanShell(t.Context(), containerRef("piped", s.host.scope, id), core.Shell{Command: command})
		if err != nil {
			t.Fatal(err)
		}
		var o, x screen
		err = op.Session(sources.Permit(t.Context()), core.Terminal{In: in, Out: &o, Err: &x})
		return o.String(), x.String(), err
	}
	big := strings.Repeat("0123456789abcdef", 64<<10) // 1 MiB, ended by the half-close
	out, _, err := run(strings.NewReader(big), "/app", "cat")
	if err != nil || out != big {
		t.Errorf("%d bytes came back, %v", len(out), err)
	}
	var exit *core.ExitError
	if _, errs, err := run(nil, "/app", "nonsense"); !errors.As(err, &exit) || exit.Code != 125 || !strings.Contains(errs, "unknown subcommand") {
		t.Errorf("stderr %q, %v", errs, err)
	}
	if out, errs, err := run(nil, "/not/there"); err == nil {
		t.Errorf("a missing command: %q %q", out, errs)
	}
}

func TestAShellOfAProjectIsChosen(t *testing.T) {
	e := dockertest.Shared(t)
	s := over(t, e, nil)
	for _, n := range []string{"one", "two"} {
		id := e.RunFor(t, dockertest.RunSpec{Name: "pair-" + n, Labels: map[string]string{labelProject: "pair", labelService: n}})
		giveShell(t, s, id)
	}
	ref := s.ref(kindProject, "pair", "pair")
	form, err := s.Form(t.Context(), core.VerbShell, ref)
	if err != nil || len(form.Fields) != 1 || len(form.Fields[0].Choices) != 2 || form.Fields[0].Value != "pair-one" {
		t.Fatalf("form %+v, %v", form, err)
	}
	if _, err := s.PlanShell(t.Context(), ref, core.Shell{}); s.Problem(err) == nil || s.Problem(err).Kind != core.Invalid {
		t.Errorf("without a choice: %v", err)
	}
	op, err := s.PlanShell(t.Context(), ref, core.Shell{Container: "pair-two"})
	if err != nil || op.Plan.Target.Name != "pair-two" || op.Plan.From != ref {
		t.Errorf("plan %+v, %v", op, err)
	}
}
