package kube

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/streaming/pkg/httpstream"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/testkit"
	"devops-tui/test/cluster"
)

// twoBoxes is a pod with a container that has programs and one that has none.
const twoBoxes = `{apiVersion: v1, kind: Pod, metadata: {name: two, annotations: {kubectl.kubernetes.io/default-container: main}},
  spec: {terminationGracePeriodSeconds: 0, initContainers: [{name: prepare, image: registry.local/prepare:v1}],
  containers: [{name: distroless, image: registry.local/bare:v1}, {name: main, image: registry.local/app:v1}]}}
`

// buffer is a writer that can be read while it is written to.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func (b *buffer) await(t *testing.T, want string) {
	t.Helper()
	testkit.PollTrue(t, 20*time.Second, want, func() bool { return strings.Contains(b.String(), want) })
}

// fakeTerminal is a terminal with a keyboard.
type fakeTerminal struct {
	core.Terminal
	keys    *io.PipeWriter
	out     *buffer
	resized chan struct{}
	mu      sync.Mutex
	w, h    int
}

func newTerminal(t *testing.T) *fakeTerminal {
	r, w := io.Pipe()
	f := &fakeTerminal{keys: w, out: &buffer{}, resized: make(chan struct{}, 1), w: 99, h: 33}
	t.Cleanup(func() { _ = w.Close() })
	f.Terminal = core.Terminal{In: r, Out: f.out, Err: f.out, TTY: true, Resized: f.resized, Size: func() (int, int) {
		f.mu.Lock()
		defer f.mu.Unlock()
		return f.w, f.h
	}}
	return f
}

func (f *fakeTerminal) typed(t *testing.T, s string) {
	t.Helper()
	if _, err := io.WriteString(f.keys, s); err != nil {
		t.Fatal(err)
	}
}

// sized asks the shell for its size until it has it: the size travels beside
// what is typed, and may arrive after it.
func (f *fakeTerminal) sized(t *testing.T, want string) {
	t.Helper()
	testkit.PollTrue(t, 20*time.Second, want, func() bool {
		f.typed(t, "stty size\n")
		return strings.Contains(f.out.String(), want)
	})
}

// piped is what a command line gives a shell without a terminal.
func piped(in string) (core.Terminal, *buffer, *buffer) {
	out, errs := &buffer{}, &buffer{}
	term := core.Terminal{Out: out, Err: errs}
	if in != "" {
		term.In = strings.NewReader(in)
	}
	return term, out, errs
}

// heartbeat is client-go's pinger, which looks every five seconds only whether
// its connection is closed.
const heartbeat = "(*heartbeat).start"

// noGoroutines waits until the goroutines with one of the words are gone.
func noGoroutines(t *testing.T, words ...string) {
	t.Helper()
	var left string
	testkit.Poll(t, 20*time.Second, func() error {
		buf := make([]byte, 4<<20)
		for _, g := range strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
			for _, w := range words {
				if strings.Contains(g, w) && (w == heartbeat || !strings.Contains(g, heartbeat)) {
					left = g
					return errors.New("still there:\n" + left)
				}
			}
		}
		return nil
	})
}

var ofSessions = []string{"tools/remotecommand", "gorilla/websocket", "spdystream", "kube.pump"}

func shellWorld(t *testing.T) (*cluster.Cluster, *Source, string) {
	t.Helper()
	c := cluster.Shared(t)
	ns := c.Namespace(t)
	if err := c.Apply(t.Context(), ns, twoBoxes); err != nil {
		t.Fatal(err)
	}
	kubectl(t, c, "-n", ns, "wait", "--for=condition=Ready", "pod/two", "--timeout=20s")
	return c, over(t, c.Kubeconfig, &sources.Gate{}), ns
}

func planShell(t *testing.T, s *Source, ref core.Ref, what core.Shell) *core.Operation {
	t.Helper()
	op, err := s.PlanShell(t.Context(), ref, what)
	if err != nil {
		t.Fatal(err)
	}
	return op
}

// TestShellTypesAndResizes: what a human sees, with a real terminal at the
// other end, over WebSockets and by the older way.
func TestShellTypesAndResizes(t *testing.T) {
	_, s, ns := shellWorld(t)
	for _, way := range []string{"websocket", "spdy"} {
		t.Run(way, func(t *testing.T) {
			if way == "spdy" {
				s = withoutWebSockets(s)
			}
			op := planShell(t, s, s.ref("pod", ns, "two", ""), core.Shell{})
			if op.Plan.Danger != 0 || op.Execute != nil || op.Plan.UndoHint.Empty() {
				t.Errorf("%+v", op.Plan)
			}
			term := newTerminal(t)
			ended := make(chan error, 1)
			go func() { ended <- op.Session(sources.Permit(t.Context()), term.Terminal) }()
			term.typed(t, "tty; echo in-$CONTAINER:$BASH\n")
			term.sized(t, "33 99")
			term.out.await(t, "/dev/pts/")
			term.out.await(t, "in-main:/") // the container of the annotation, and bash
			term.mu.Lock()
			term.w, term.h = 70, 20
			term.mu.Unlock()
			term.resized <- struct{}{}
			term.sized(t, "20 70")
			term.typed(t, "exit 7\n")
			var exit *core.ExitError
			if err := <-ended; !errors.As(err, &exit) || exit.Code != 7 {
				t.Errorf("ended with %v", err)
			}
			term.keys.Close()
			noGoroutines(t, ofSessions...)
		})
	}
}

// withoutWebSockets is the source of somebody behind a proxy that lets none through.
func withoutWebSockets(s *Source) *Source {
	conf := *s.client.upgrade.conf
	conf.Wrap(func(next http.RoundTripper) http.RoundTripper { return noWebSockets{next} })
	c := *s.client
	c.upgrade = &upgrader{&conf}
	n := &Source{scope: s.scope, home: s.home, client: &c, bell: s.bell, now: s.now, conf: s.conf}
	n.kinds.init()
	return n
}

// TestShellWithoutTerminal is `echo hi | devops-tui act shell`.
func TestShellWithoutTerminal(t *testing.T) {
	_, s, ns := shellWorld(t)
	ref := s.ref("pod", ns, "two", "")
	run := func(in string, command ...string) (string, string, error) {
		t.Helper()
		term, out, errs := piped(in)
		ctx, cancel := context.WithTimeout(sources.Permit(t.Context()), 20*time.Second)
		defer cancel()
		err := planShell(t, s, ref, core.Shell{Command: command}).Session(ctx, term)
		return out.String(), errs.String(), err
	}
	if out, errs, err := run("hi\n", "cat"); out != "hi\n" || errs != "" || err != nil {
		t.Errorf("cat: %q, %q, %v", out, errs, err)
	}
	if out, errs, err := run("echo $((6*7)); echo no >&2; exit 3"); out != "42\n" || errs != "no\n" || err == nil || err.Error() != "exit code 3" {
		t.Errorf("a script: %q, %q, %v", out, errs, err)
	}
	if out, _, err := run("", "echo", "it's a $HOME"); out != "it's a $HOME\n" || err != nil {
		t.Errorf("echo: %q, %v", out, err)
	}
	big := strings.Repeat("0123456789abcdef", 1<<16)
	if out, _, err := run(big, "cat"); out != big || err != nil {
		t.Errorf("%d of %d bytes, %v", len(out), len(big), err)
	}
	// The last command was not found: that is not a missing shell.
	if out, errs, err := run("echo one; nosuchprogram"); out != "one\n" || !strings.Contains(errs, "nosuchprogram") || err == nil || err.Error() != "exit code 127" {
		t.Errorf("%q, %q, %v", out, errs, err)
	}
}

// TestShellCommandLine: what the plan says can be pasted.
func TestShellCommandLine(t *testing.T) {
	c, s, ns := shellWorld(t)
	op := planShell(t, s, s.ref("pod", ns, "two", ""), core.Shell{Command: []string{"sh", "-c", `echo "it's $CONTAINER"`}})
	out, err := shellLine(t, c, op.Plan.Command.String())
	if err != nil || !strings.Contains(out, "it's main") {
		t.Errorf("%s: %q, %v", op.Plan.Command, out, err)
	}
}

// TestShellOfWorkload picks a ready pod and says so.
func TestShellOfWorkload(t *testing.T) {
	c := cluster.Shared(t)
	ns := c.Namespace(t)
	deploy(t, c, cluster.Workload{Namespace: ns, Name: "app", Replicas: 2})
	if err := c.WaitReady(t.Context(), ns, "app", 2); err != nil {
		t.Fatal(err)
	}
	s := over(t, c.Kubeconfig, &sources.Gate{})
	ref := s.ref("deployment", ns, "app", "")
	op := planShell(t, s, ref, core.Shell{Command: []string{"sh", "-c", "echo $POD_NAME"}})
	if op.Plan.Target.Kind != "pod" || op.Plan.Target.UID == "" || op.Plan.From != ref {
		t.Errorf("%+v", op.Plan)
	}
	form, err := s.Form(t.Context(), core.VerbShell, ref)
	if err != nil || len(form.Fields) != 0 || !strings.Contains(form.Note.String(), op.Plan.Target.Name) {
		t.Errorf("%+v, %v", form, err)
	}
	term, out, _ := piped("")
	if err := op.Session(sources.Permit(t.Context()), term); err != nil || out.String() != op.Plan.Target.Name+"\n" {
		t.Errorf("%q, %v", out, err)
	}
	kubectl(t, c, "-n", ns, "scale", "deployment/app", "--replicas=0")
	testkit.Poll(t, 20*time.Second, func() error {
		if err := op.Session(sources.Permit(t.Context()), term); !isProblem(err, core.NotFound) {
			return errors.Join(errors.New("a pod that is gone"), err)
		}
		return nil
	})
	if _, err := s.PlanShell(t.Context(), ref, core.Shell{}); !isProblem(err, core.NotFound) {
		t.Errorf("no pods: %v", err)
	}
}

// TestShellIsKeptIn: nothing leaves without a confirmed action or while
// read-only, though a WebSocket is a GET.
func TestShellIsKeptIn(t *testing.T) {
	c, s, ns := shellWorld(t)
	op := planShell(t, s, s.ref("pod", ns, "two", ""), core.Shell{})
	term, _, _ := piped("")
	if err := op.Session(t.Context(), term); err == nil {
		t.Error("it left without a permit")
	}
	gate := &sources.Gate{}
	gate.SetReadOnly(true)
	safe := over(t, c.Kubeconfig, gate)
	op = planShell(t, safe, safe.ref("pod", ns, "two", ""), core.Shell{})
	if err := op.Session(sources.Permit(t.Context()), term); !errors.Is(err, core.ErrReadOnly) {
		t.Errorf("while read-only: %v", err)
	}
	if gate.Sent() != 0 {
		t.Error("something left while read-only")
	}
	events, err := c.Audit(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if e.ObjectRef.Namespace == ns && e.ObjectRef.Subresource == "exec" {
			t.Errorf("%s %s", e.Verb, e.RequestURI)
		}
	}
}

// TestShellOfStranger: refused by the server, in words, for the user that the
// kubeconfig impersonates.
func TestShellOfStranger(t *testing.T) {
	c, _, ns := shellWorld(t)
	kubectl(t, c, "-n", ns, "create", "role", "looks", "--verb=get,list", "--resource=pods")
	kubectl(t, c, "-n", ns, "create", "rolebinding", "looks", "--role=looks", "--user=viewer")
	conf, err := clientcmd.LoadFromFile(c.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	for _, user := range conf.AuthInfos {
		user.Impersonate = "viewer"
	}
	path := filepath.Join(t.TempDir(), "config")
	if err := clientcmd.WriteToFile(*conf, path); err != nil {
		t.Fatal(err)
	}
	s := over(t, path, &sources.Gate{})
	op := planShell(t, s, s.ref("pod", ns, "two", ""), core.Shell{})
	term, _, _ := piped("")
	if err := op.Session(sources.Permit(t.Context()), term); !isProblem(err, core.Forbidden) || !strings.Contains(err.Error(), `"viewer" cannot create resource "pods/exec"`) {
		t.Errorf("%v", err)
	}
}

// TestShellWithoutShell: the problem names the debug way, and the form offers it then.
func TestShellWithoutShell(t *testing.T) {
	_, s, ns := shellWorld(t)
	ref := s.ref("pod", ns, "two", "")
	form, err := s.Form(t.Context(), core.VerbShell, ref)
	if err != nil || len(form.Fields) != 3 || form.Fields[0].Name != "container" || form.Fields[0].Value != "main" || len(form.Fields[0].Choices) != 3 {
		t.Fatalf("%+v, %v", form, err)
	}
	if init := form.Fields[0].Choices[2]; init.Cells[1].String() != "init" || init.Disabled.Empty() {
		t.Errorf("%+v", init)
	}
	if form.Fields[2].Name != "debug" || form.Fields[2].Value != "" || form.Fields[2].Choices[1].Value != "busybox" {
		t.Errorf("%+v", form.Fields[2])
	}
	term, out, _ := piped("")
	err = planShell(t, s, ref, core.Shell{Container: "distroless"}).Session(sources.Permit(t.Context()), term)
	if !isProblem(err, core.Unsupported) || !strings.Contains(err.Error(), "--set debug=busybox") || out.String() != "" {
		t.Errorf("%v", err)
	}
	// docker's and CRI-O's way to say it
	if err := planShell(t, s, ref, core.Shell{Command: []string{"/no/such/program"}}).Session(sources.Permit(t.Context()), term); !isProblem(err, core.Unsupported) {
		t.Errorf("%v", err)
	}
	if _, err := s.PlanShell(t.Context(), ref, core.Shell{Container: "prepare"}); !isProblem(err, core.Refused) {
		t.Errorf("a container that ended: %v", err)
	}
	if _, err := s.PlanShell(t.Context(), ref, core.Shell{Container: "nobody"}); !isProblem(err, core.NotFound) || !strings.Contains(err.Error(), "distroless, main, prepare") {
		t.Errorf("no such container: %v", err)
	}
}

// TestShellEndsWithContext: within a second, whatever runs there.
func TestShellEndsWithContext(t *testing.T) {
	_, s, ns := shellWorld(t)
	op := planShell(t, s, s.ref("pod", ns, "two", ""), core.Shell{Command: []string{"sh", "-c", "echo begun; sleep 600"}})
	term := newTerminal(t)
	ctx, cancel := context.WithCancel(sources.Permit(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- op.Session(ctx, term.Terminal) }()
	term.out.await(t, "begun")
	cancel()
	select {
	case err := <-ended:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	case <-time.After(time.Second):
		t.Fatal("it did not end within a second")
	}
	term.keys.Close()
	noGoroutines(t, append(ofSessions, heartbeat)...)
}

// TestShellWhenTheServerGoes: the connection drops; it says so and does not hang.
func TestShellWhenTheServerGoes(t *testing.T) {
	c := cluster.StartFor(t, cluster.Options{Nodes: 1})
	if err := c.CreateNamespace(t.Context(), "gone"); err != nil {
		t.Fatal(err)
	}
	if err := c.Apply(t.Context(), "gone", twoBoxes); err != nil {
		t.Fatal(err)
	}
	kubectl(t, c, "-n", "gone", "wait", "--for=condition=Ready", "pod/two", "--timeout=20s")
	s := over(t, c.Kubeconfig, &sources.Gate{})
	var ops []*core.Operation
	var terms []*fakeTerminal
	ended := make(chan error, 2)
	for _, src := range []*Source{s, withoutWebSockets(s)} {
		op, term := planShell(t, src, src.ref("pod", "gone", "two", ""), core.Shell{Command: []string{"sh", "-c", "echo begun; sleep 600"}}), newTerminal(t)
		ops, terms = append(ops, op), append(terms, term)
		go func() { ended <- op.Session(sources.Permit(t.Context()), term.Terminal) }()
		term.out.await(t, "begun")
	}
	if err := c.StopAPIServer(); err != nil {
		t.Fatal(err)
	}
	for range ops {
		select {
		case err := <-ended:
			if !isProblem(err, core.Unreachable) || !strings.Contains(err.Error(), "the connection was lost") {
				t.Errorf("%v", err)
			}
		case <-time.After(20 * time.Second):
			t.Fatal("it hangs")
		}
	}
	for i, op := range ops {
		if err := op.Session(sources.Permit(t.Context()), terms[i].Terminal); !isProblem(err, core.Unreachable) {
			t.Errorf("no server: %v", err)
		}
		terms[i].keys.Close()
	}
	noGoroutines(t, ofSessions...)
}

// TestDebugContainer adds one, works in it, and tells what stays.
func TestDebugContainer(t *testing.T) {
	c, s, ns := shellWorld(t)
	ref := s.ref("pod", ns, "two", "")
	op := planShell(t, s, ref, core.Shell{Container: "distroless", Debug: "busybox:1.36"})
	p := op.Plan
	if p.Danger != 1 || p.Blind || len(p.Diff) == 0 || !strings.HasPrefix(p.UndoHint.String(), "cannot be undone: an ephemeral container cannot be removed") || p.Inverse != nil {
		t.Errorf("%+v", p)
	}
	if has := kubectl(t, c, "-n", ns, "get", "pod/two", "-o", "jsonpath={.spec.ephemeralContainers}"); has != "" {
		t.Fatalf("planning added %s", has)
	}
	term := newTerminal(t)
	ended := make(chan error, 1)
	go func() { ended <- op.Session(sources.Permit(t.Context()), term.Terminal) }()
	term.out.await(t, "it runs")
	term.typed(t, "echo in-$CONTAINER\n")
	term.out.await(t, "in-debugger-")
	term.sized(t, "33 99")
	term.typed(t, "exit\n")
	if err := <-ended; err != nil {
		t.Errorf("ended with %v", err)
	}
	got := kubectl(t, c, "-n", ns, "get", "pod/two", "-o", "jsonpath={range .spec.ephemeralContainers[*]}{.image} {.targetContainerName} {.tty}{end}")
	if got != "busybox:1.36 distroless true" {
		t.Errorf("the pod has %q", got)
	}
	// An image that cannot be had ends the wait at once.
	op = planShell(t, s, ref, core.Shell{Debug: "missing/image"})
	out, _, _ := piped("")
	if err := op.Session(sources.Permit(t.Context()), out); !isProblem(err, core.Invalid) || !strings.Contains(err.Error(), "ErrImagePull") {
		t.Errorf("%v", err)
	}
	if _, err := s.PlanShell(t.Context(), ref, core.Shell{Container: "prepare", Debug: "busybox"}); !isProblem(err, core.Invalid) {
		t.Errorf("an init container: %v", err)
	}
}

// TestDebugCommandLine: what the plan says can be pasted.
func TestDebugCommandLine(t *testing.T) {
	c, s, ns := shellWorld(t)
	op := planShell(t, s, s.ref("pod", ns, "two", ""), core.Shell{Debug: "busybox"})
	out, err := shellLine(t, c, "echo echo in-\\$CONTAINER | "+op.Plan.Command.String())
	if err != nil || !strings.Contains(out, "in-debugger-") {
		t.Errorf("%s: %q, %v", op.Plan.Command, out, err)
	}
}

// shellLine runs a line as a user who pastes it.
func shellLine(t *testing.T, c *cluster.Cluster, line string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	return shellLineCtx(ctx, c, line)
}

func shellLineCtx(ctx context.Context, c *cluster.Cluster, line string) (string, error) {
	cmd := exec.CommandContext(ctx, "sh", "-c", line)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+c.Kubeconfig)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// noWebSockets answers as a proxy that does not know them.
type noWebSockets struct{ next http.RoundTripper }

func (n noWebSockets) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodGet {
		return nil, &httpstream.UpgradeFailureError{Cause: errors.New("400 Bad Request")}
	}
	return n.next.RoundTrip(r)
}
