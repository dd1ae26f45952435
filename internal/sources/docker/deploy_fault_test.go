package docker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	dockertest "devops-tui/test/docker"
)

// between stands between a source and the real engine and spoils one of the
// requests that change something.
type between struct {
	spoil int64  // the number of the request, from 1; 0: none
	how   string // "lose" the answer, "cut" before it arrives, "refuse"
	count atomic.Int64
	seen  chan string
}

func (b *between) over(t *testing.T, e *dockertest.Engine) *Source {
	t.Helper()
	engine := strings.TrimPrefix(e.Host, "unix://")
	to := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.Out.URL.Scheme, r.Out.URL.Host = "http", "engine" },
		Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", engine)
		}},
		FlushInterval: -1,
		// an engine that is away answers nothing
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	socket := filepath.Join(t.TempDir(), "d.sock")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			to.ServeHTTP(w, r)
			return
		}
		n := b.count.Add(1)
		select {
		case b.seen <- r.Method + " " + r.URL.Path:
		default:
		}
		switch {
		case n != b.spoil:
			to.ServeHTTP(w, r)
		case b.how == "lose":
			to.ServeHTTP(discarding{http.Header{}}, r)
			panic(http.ErrAbortHandler)
		case b.how == "cut":
			panic(http.ErrAbortHandler)
		default:
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusForbidden)
			_, _ = w.Write([]byte(`{"message":"authorization denied by plugin"}`))
		}
	})}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	found, err := Discover(t.Context(), sources.Options{DockerHosts: []string{"unix://" + socket}, Home: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	s := found.Sources[0].(*Source)
	s.pace = swapPace{stable: 300e6, arrives: 400e6}
	return s
}

type discarding struct{ header http.Header }

func (d discarding) Header() http.Header         { return d.header }
func (d discarding) Write(b []byte) (int, error) { return len(b), nil }
func (d discarding) WriteHeader(int)             {}
func (d discarding) Flush()                      {}

// Whatever happens to any one of its requests: either the new container stands
// in the place of the old one, or the old one does, running, and nothing else
// is left.
func TestADeploymentSurvivesEveryFault(t *testing.T) {
	t.Parallel()
	e := dockertest.Shared(t)
	buildImage(t, e, "fault/web:1", `CMD ["-name","one"]`)
	second := buildImage(t, e, "fault/web:2", `CMD ["-name","two"]`)
	docker(t, e, "network", "create", "fault-back")
	t.Cleanup(func() { docker(t, e, "network", "rm", "fault-back") })
	const requests = 7 // create, connect, stop, rename, rename, start, remove
	t.Run("at", func(t *testing.T) { testFaults(t, e, second, requests) })
}

func testFaults(t *testing.T, e *dockertest.Engine, second string, requests int64) {
	for how, spoilt := range map[string][]int64{"lose": {1, 2, 3, 4, 5, 6, 7}, "refuse": {1, 2, 3, 4, 5, 6, 7}, "cut": {1, 3, 6}} {
		for _, n := range spoilt {
			name := fmt.Sprintf("fault-%s-%d", how, n)
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				b := &between{spoil: n, how: how, seen: make(chan string, 100)}
				s := b.over(t, e)
				discard(t, e, name)
				id := docker(t, e, "run", "-d", "--name", name, "--stop-timeout", "1", "fault/web:1")
				docker(t, e, "network", "connect", "fault-back", name)
				op := deployTo(t, s, id, name, "fault/web:2")
				err := op.Execute(sources.Permit(t.Context()), sources.Quiet)
				outcome, verified := op.Verify(t.Context(), func(core.Progress) {})
				left := called(t, e, name)
				if how == "refuse" && n == requests {
					// The old one could not be removed: it is there, stopped, and says what it is.
					if err != nil || outcome != core.OutcomeHealthy || len(left) != 2 {
						t.Errorf("outcome %v, %v, %v; left %+v", outcome, err, verified, left)
					}
					again := deployTo(t, s, called(t, e, name)[0].id, name, "fault/web:1")
					if !strings.Contains(fmt.Sprint(again.Plan.Warnings), name+"-before-"+id[:8]) {
						t.Errorf("the next plan does not tell: %v", again.Plan.Warnings)
					}
					return
				}
				if len(left) != 1 || left[0].name != name || left[0].state != "running" {
					t.Fatalf("left %+v; %v, %v, %v", left, outcome, err, verified)
				}
				image := inspected(t, s, left[0].id).Image
				switch {
				case image == second:
					if err != nil || outcome != core.OutcomeHealthy {
						t.Errorf("the new one runs, but: %v, %v, %v", outcome, err, verified)
					}
				case left[0].id != id:
					t.Errorf("neither the new nor the old one runs: %+v", left)
				case how == "lose":
					t.Errorf("the request was carried out, and the answer could be read back: %v, %v", err, verified)
				case err == nil && outcome != core.OutcomeFailed:
					t.Errorf("the old one runs, but: %v, %v", outcome, verified)
				case errors.Is(err, core.ErrOutcomeUnknown):
					t.Errorf("it is known: %v", err)
				}
				if got := len(docker(t, e, "network", "inspect", "-f", "{{range .Containers}}{{.Name}} {{end}}", "fault-back")); got == 0 {
					t.Error("it is not in its network any more")
				}
			})
		}
	}
}

func TestADeploymentThatIsCancelledPutsTheOldContainerBack(t *testing.T) {
	t.Parallel()
	e := dockertest.Shared(t)
	buildImage(t, e, "cancel/web:1", `CMD ["-name","one"]`)
	buildImage(t, e, "cancel/web:2", `CMD ["-name","two"]`)
	b := &between{seen: make(chan string, 100)}
	s := b.over(t, e)
	s.pace.stable = 60e9
	discard(t, e, "cancelled")
	id := docker(t, e, "run", "-d", "--name", "cancelled", "--stop-timeout", "1", "cancel/web:1")
	op := deployTo(t, s, id, "cancelled", "cancel/web:2")
	ctx, cancel := context.WithCancel(sources.Permit(t.Context()))
	go func() {
		for what := range b.seen {
			if strings.HasSuffix(what, "/start") {
				cancel()
				return
			}
		}
	}()
	err := op.Execute(ctx, sources.Quiet)
	if left := called(t, e, "cancelled"); len(left) != 1 || left[0].id != id || left[0].state != "running" {
		t.Errorf("left %+v, %v", left, err)
	}
	if outcome, err := op.Verify(t.Context(), func(core.Progress) {}); outcome != core.OutcomeFailed {
		t.Errorf("outcome %v, %v", outcome, err)
	}
}

func TestADeploymentIsRefusedWhenTheWorldHasChanged(t *testing.T) {
	t.Parallel()
	e := dockertest.Shared(t)
	gate := &sources.Gate{}
	s := hasty(t, e, gate)
	buildImage(t, e, "stale/web:1", `CMD ["-name","one"]`)
	buildImage(t, e, "stale/web:2", `CMD ["-name","two"]`)
	discard(t, e, "stale")
	id := docker(t, e, "run", "-d", "--name", "stale", "--stop-timeout", "1", "stale/web:1")
	refused := func(what string, change func()) {
		t.Helper()
		op := deployTo(t, s, id, "stale", "stale/web:2")
		change()
		var p *core.Problem
		if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); !errors.As(err, &p) || p.Kind != core.Conflict {
			t.Errorf("%s: %v, want Conflict", what, err)
		}
	}
	refused("restarted", func() { docker(t, e, "restart", "-t", "1", "stale") })
	refused("the tag moved", func() { buildImage(t, e, "stale/web:2", `CMD ["-name","three"]`) })
	if gate.Sent() != 0 {
		t.Errorf("%d requests left", gate.Sent())
	}
	op := deployTo(t, s, id, "stale", "stale/web:2")
	gate.SetReadOnly(true)
	if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); !errors.Is(err, core.ErrReadOnly) || gate.Sent() != 0 {
		t.Errorf("read-only: %v, %d sent", err, gate.Sent())
	}
	gate.SetReadOnly(false)
	if _, err := s.PlanDeploy(t.Context(), containerRef("stale", s.host.scope, id), core.Deploy{Image: "stale/web:1"}); err == nil || !strings.Contains(err.Error(), "already") {
		t.Errorf("the same image: %v", err)
	}
	if _, err := s.PlanDeploy(t.Context(), containerRef("stale", s.host.scope, id), core.Deploy{Image: "stale/web:9"}); s.Problem(err).Kind != core.NotFound {
		t.Errorf("no such image: %v", err)
	}
	// There is no registry here: the pull is refused, and nothing has changed.
	op, err := s.PlanDeploy(t.Context(), containerRef("stale", s.host.scope, id), core.Deploy{Image: "127.0.0.1:1/stale/web:9", Options: map[string]string{"pull": "true"}})
	if err != nil {
		t.Fatal(err)
	}
	err = op.Execute(sources.Permit(t.Context()), sources.Quiet)
	if err == nil || !strings.Contains(err.Error(), "pull 127.0.0.1:1/stale/web:9") || errors.Is(err, core.ErrOutcomeUnknown) {
		t.Errorf("pull: %v", err)
	}
	if left := called(t, e, "stale"); len(left) != 1 || left[0].id != id || left[0].state != "running" {
		t.Errorf("left %+v", left)
	}
}

// All containers of a service change, or none: the first goes back too when
// the second cannot.
func TestAServiceWhoseSecondContainerFailsGoesBackAsAWhole(t *testing.T) {
	t.Parallel()
	e := dockertest.Shared(t)
	first := buildImage(t, e, "pair/web:1", `CMD ["-name","one"]`)
	buildImage(t, e, "pair/web:2", `CMD ["-name","two"]`)
	ids, err := e.Compose(t.Context(), "pair", dockertest.Service{Name: "web", Replicas: 2, Run: dockertest.RunSpec{Image: "pair/web:2", Args: []string{}}})
	if err != nil {
		t.Fatal(err)
	}
	for name := range ids {
		discard(t, e, name)
	}
	b := &between{spoil: 8, how: "refuse", seen: make(chan string, 100)} // of the second: 6 create, 7 stop, 8 rename
	s := b.over(t, e)
	op, err := s.PlanRollback(t.Context(), s.ref(kindProject, "pair", "pair"), core.Rollback{To: "web=" + first})
	if err != nil {
		t.Fatal(err)
	}
	outcome, err := finish(t, op)
	if outcome != core.OutcomeFailed || err == nil || !strings.Contains(err.Error(), "back in its place") {
		t.Errorf("outcome %v, %v", outcome, err)
	}
	for name, id := range ids {
		if left := called(t, e, name); len(left) != 1 || left[0].id != id || left[0].state != "running" {
			t.Errorf("left %+v, want %s", left, id)
		}
	}
}

// The engine goes away, and comes back, while the successor has to prove itself.
func TestADeploymentSurvivesARestartOfTheEngine(t *testing.T) {
	t.Parallel()
	e := dockertest.StartFor(t, dockertest.Options{})
	buildImage(t, e, "reboot/web:1", `CMD ["-name","one"]`)
	second := buildImage(t, e, "reboot/web:2", `CMD ["-name","two"]`)
	b := &between{seen: make(chan string, 100)}
	s := b.over(t, e)
	s.pace = defaultPace
	id := docker(t, e, "run", "-d", "--name", "reboot", "--stop-timeout", "1", "reboot/web:1")
	op := deployTo(t, s, id, "reboot", "reboot/web:2")
	restarted := make(chan error, 1)
	go func() {
		for what := range b.seen {
			if strings.HasSuffix(what, "/start") {
				restarted <- e.Restart(context.Background())
				return
			}
		}
	}()
	err := op.Execute(sources.Permit(t.Context()), sources.Quiet)
	if err := <-restarted; err != nil {
		t.Fatal(err)
	}
	outcome, verified := op.Verify(t.Context(), func(core.Progress) {})
	left := called(t, e, "reboot")
	if len(left) != 1 || left[0].name != "reboot" || left[0].state != "running" {
		t.Fatalf("left %+v; %v, %v, %v", left, err, outcome, verified)
	}
	if new := inspected(t, s, left[0].id).Image == second; new != (outcome == core.OutcomeHealthy) || !new && left[0].id != id {
		t.Errorf("left %+v; %v, %v, %v", left, err, outcome, verified)
	}
}
