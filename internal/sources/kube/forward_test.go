package kube

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/testkit"
	"devops-tui/internal/text"
	"devops-tui/test/cluster"
)

// overheard keeps what an operation says.
type overheard struct {
	mu    sync.Mutex
	texts []string
	at    []time.Time
	lines []string
}

func (h *overheard) Progress(p core.Progress) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.texts, h.at = append(h.texts, p.Text.String()), append(h.at, time.Now())
}

func (h *overheard) Line(l text.Line) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lines = append(h.lines, l.String())
}

func (h *overheard) last() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.texts) == 0 {
		return ""
	}
	return h.texts[len(h.texts)-1]
}

// served is a port-forward that runs until the test ends, or is ended.
type served struct {
	overheard
	address string
	end     context.CancelFunc
	ended   chan error
}

func serve(t *testing.T, op *core.Operation) *served {
	t.Helper()
	words := strings.Fields(op.Plan.Title.String())
	s := &served{address: words[1], ended: make(chan error, 1)}
	ctx, cancel := context.WithCancel(sources.Permit(t.Context()))
	s.end = cancel
	go func() { s.ended <- op.Serve(ctx, s) }()
	t.Cleanup(cancel)
	testkit.PollTrue(t, 20*time.Second, "the way", func() bool { return strings.Contains(s.last(), "→") })
	return s
}

// echo sends a word through and returns the open connection.
func (s *served) echo(t *testing.T, word string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	echoed(t, c, word)
	return c
}

func echoed(t *testing.T, c net.Conn, word string) {
	t.Helper()
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	got := make([]byte, len(word))
	if _, err := io.WriteString(c, word); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(c, got); err != nil || string(got) != word {
		t.Fatalf("%q, %v", got, err)
	}
}

func planForward(t *testing.T, s *Source, ref core.Ref, what core.Forward) *core.Operation {
	t.Helper()
	op, err := s.PlanForward(t.Context(), ref, what)
	if err != nil {
		t.Fatal(err)
	}
	return op
}

// forwardWorld is a workload of two pods behind a service with two ports.
func forwardWorld(t *testing.T, c *cluster.Cluster, ns string) {
	t.Helper()
	deploy(t, c, cluster.Workload{Namespace: ns, Name: "app", Replicas: 2})
	if err := c.WaitReady(t.Context(), ns, "app", 2); err != nil {
		t.Fatal(err)
	}
	if err := c.Apply(t.Context(), ns, `{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {selector: {app: app},
		ports: [{name: http, port: 80, targetPort: 8080}, {name: odd, port: 81, targetPort: nowhere}, {name: dns, port: 53, protocol: UDP}]}}
`); err != nil {
		t.Fatal(err)
	}
}

var ofForwards = []string{"gorilla/websocket", "spdystream", "kube.(*forwarding)", "kube.(*tunnel)", "httpstream/spdy"}

// TestForward: traffic goes through, it is counted, and the end is complete.
func TestForward(t *testing.T) {
	c := cluster.Shared(t)
	ns := c.Namespace(t)
	forwardWorld(t, c, ns)
	s := over(t, c.Kubeconfig, &sources.Gate{})
	for _, way := range []string{"websocket", "spdy"} {
		t.Run(way, func(t *testing.T) {
			src := s
			if way == "spdy" {
				src = withoutWebSockets(s)
			}
			op := planForward(t, src, src.ref("deployment", ns, "app", ""), core.Forward{Local: "0"})
			if op.Plan.Danger != 0 || op.Execute != nil || op.Plan.Target.Kind != "deployment" || op.Plan.Target.UID == "" || op.Plan.UndoHint.Empty() {
				t.Errorf("%+v", op.Plan)
			}
			f := serve(t, op)
			one, two := f.echo(t, "hello"), f.echo(t, "world")
			echoed(t, one, strings.Repeat("x", 1<<20))
			echoed(t, two, "again")
			testkit.PollTrue(t, 20*time.Second, "the counts", func() bool {
				return strings.HasSuffix(f.last(), ":8080 · 2 connections · 1.0 MiB in / 1.0 MiB out")
			})
			one.Close()
			testkit.PollTrue(t, 20*time.Second, "one to leave", func() bool { return strings.Contains(f.last(), "· 1 connection ·") })
			f.end()
			select {
			case err := <-f.ended:
				if err != nil {
					t.Errorf("ended with %v", err)
				}
			case <-time.After(time.Second):
				t.Fatal("it did not end within a second")
			}
			if c, err := net.Dial("tcp", f.address); err == nil {
				c.Close()
				t.Error("it still listens")
			}
			f.mu.Lock()
			defer f.mu.Unlock()
			for i := 1; i < len(f.at); i++ {
				if gap := f.at[i].Sub(f.at[i-1]); gap < 900*time.Millisecond || f.texts[i] == f.texts[i-1] {
					t.Errorf("%q after %v", f.texts[i], gap)
				}
			}
			noGoroutines(t, ofForwards...)
		})
	}
}

// TestForwardToServer: half-closed and short connections, through a real server.
func TestForwardToServer(t *testing.T) {
	c := cluster.Shared(t)
	ns := c.Namespace(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %d", r.URL.Path, len(b))
	}))
	defer server.Close()
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	if err := c.Apply(t.Context(), ns, twoBoxes+`---
{apiVersion: kwok.x-k8s.io/v1alpha1, kind: PortForward, metadata: {name: two}, spec: {forwards: [{ports: [80], target: {address: 127.0.0.1, port: `+port+`}}, {ports: [81], target: {address: 127.0.0.1, port: 1}}]}}
`); err != nil {
		t.Fatal(err)
	}
	kubectl(t, c, "-n", ns, "wait", "--for=condition=Ready", "pod/two", "--timeout=20s")
	s := over(t, c.Kubeconfig, &sources.Gate{})
	f := serve(t, planForward(t, s, s.ref("pod", ns, "two", ""), core.Forward{Remote: "80"}))
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 20 * time.Second}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			testkit.Poll(t, 20*time.Second, func() error { // kwok learns of the rule a moment later
				resp, err := client.Post("http://"+f.address+"/"+strconv.Itoa(i), "text/plain", strings.NewReader(strings.Repeat("y", i<<16)))
				if err != nil {
					return err
				}
				defer resp.Body.Close()
				if b, err := io.ReadAll(resp.Body); err != nil || string(b) != fmt.Sprintf("/%d %d", i, i<<16) {
					return fmt.Errorf("%q, %w", b, err)
				}
				return nil
			})
		})
	}
	wg.Wait()
	// A port where nothing listens: the connection ends and the reason is told.
	g := serve(t, planForward(t, s, s.ref("pod", ns, "two", ""), core.Forward{Local: "0", Remote: "81"}))
	refused, err := net.Dial("tcp", g.address)
	if err != nil {
		t.Fatal(err)
	}
	_ = refused.SetDeadline(time.Now().Add(20 * time.Second))
	if b, err := io.ReadAll(refused); len(b) != 0 || err != nil {
		t.Errorf("%q, %v", b, err)
	}
	testkit.PollTrue(t, 20*time.Second, "the reason", func() bool {
		g.mu.Lock()
		defer g.mu.Unlock()
		return len(g.lines) == 1 && strings.Contains(g.lines[0], "connection refused")
	})
}

// TestForwardGoesOn: with the next pod of a service, and over a restart of the
// API server; that of a pod ends with its pod.
func TestForwardGoesOn(t *testing.T) {
	c := cluster.StartFor(t, cluster.Options{Nodes: 1})
	if err := c.CreateNamespace(t.Context(), "goes-on"); err != nil {
		t.Fatal(err)
	}
	forwardWorld(t, c, "goes-on")
	s := over(t, c.Kubeconfig, &sources.Gate{})
	f := serve(t, planForward(t, s, s.ref("service", "goes-on", "web", ""), core.Forward{Local: "0", Remote: "http"}))
	f.echo(t, "first")
	podOf := func() string {
		_, rest, _ := strings.Cut(f.last(), "→ ")
		name, _, _ := strings.Cut(rest, ":")
		return name
	}
	first := podOf()
	own := serve(t, planForward(t, s, s.ref("pod", "goes-on", first, ""), core.Forward{Local: "0"}))
	own.echo(t, "own")
	kubectl(t, c, "-n", "goes-on", "delete", "pod", first, "--wait=false")
	testkit.PollTrue(t, 20*time.Second, "the next pod", func() bool { return podOf() != "" && podOf() != first })
	f.echo(t, "second")
	select {
	case err := <-own.ended:
		if !isProblem(err, core.NotFound, core.Refused, core.Conflict) || !strings.Contains(err.Error(), first) {
			t.Errorf("that of the pod ended with %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Error("that of the pod goes on without its pod")
	}
	second := podOf()
	if err := c.RestartAPIServer(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.echo(t, "third") // waits for the way
	if podOf() != second {
		testkit.PollTrue(t, 20*time.Second, "the same pod", func() bool { return podOf() == second })
	}
	kubectl(t, c, "-n", "goes-on", "scale", "deployment/app", "--replicas=0")
	testkit.PollTrue(t, 20*time.Second, "why there is no way", func() bool { return strings.HasSuffix(f.last(), "service web has no ready pod") })
	kubectl(t, c, "-n", "goes-on", "scale", "deployment/app", "--replicas=1")
	testkit.PollTrue(t, 20*time.Second, "the new pod", func() bool { return podOf() != "" })
	f.echo(t, "fourth")
	kubectl(t, c, "-n", "goes-on", "delete", "service", "web")
	kubectl(t, c, "-n", "goes-on", "delete", "pod", "--all", "--wait=false")
	select {
	case err := <-f.ended:
		if !isProblem(err, core.NotFound) {
			t.Errorf("ended with %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Error("it goes on without its service")
	}
	noGoroutines(t, ofForwards...)
}

// TestForwardPlan: what is asked, and what is refused before anything leaves.
func TestForwardPlan(t *testing.T) {
	c := cluster.Shared(t)
	ns := c.Namespace(t)
	forwardWorld(t, c, ns)
	gate := &sources.Gate{}
	s := over(t, c.Kubeconfig, gate)
	ref := s.ref("service", ns, "web", "")
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := taken.Addr().(*net.TCPAddr).Port
	_, err = s.PlanForward(t.Context(), ref, core.Forward{Local: strconv.Itoa(port), Remote: "80"})
	var p *core.Problem
	if !errors.As(err, &p) || p.Kind != core.Invalid || !strings.Contains(p.Summary.String(), "in use") || !strings.HasSuffix(p.Hint.String(), "is free") {
		t.Errorf("a busy port: %v", err)
	}
	for what, want := range map[core.Forward]core.ProblemKind{
		{}:                             core.Invalid,  // two ports: which?
		{Remote: "443"}:                core.NotFound, // the service has no such port
		{Remote: "odd"}:                core.NotFound, // no pod has what it leads to
		{Remote: "80", Local: "x"}:     core.Invalid,
		{Remote: "80", Local: "a:1"}:   core.Invalid,
		{Remote: "80", Local: "70000"}: core.Invalid,
	} {
		if _, err := s.PlanForward(t.Context(), ref, what); !isProblem(err, want) {
			t.Errorf("%+v: %v", what, err)
		}
	}
	wide := planForward(t, s, ref, core.Forward{Local: "0.0.0.0:0", Remote: "http"})
	if wide.Plan.Danger != 1 || len(wide.Plan.Warnings) != 1 || !strings.HasSuffix(wide.Plan.Command.String(), ":80 --address 0.0.0.0") {
		t.Errorf("%+v", wide.Plan)
	}
	form, err := s.Form(t.Context(), core.VerbForward, ref)
	if err != nil || len(form.Fields) != 1 || len(form.Fields[0].Choices) != 1 || !strings.HasSuffix(form.Fields[0].Value, ":80") {
		t.Errorf("%+v, %v", form, err)
	}
	form, err = s.Form(t.Context(), core.VerbForward, s.ref("deployment", ns, "app", ""))
	if err != nil || len(form.Fields) != 1 || !strings.HasSuffix(form.Fields[0].Value, ":8080") {
		t.Errorf("%+v, %v", form, err)
	}
	op := planForward(t, s, ref, core.Forward{Local: "0", Remote: "80"})
	if err := op.Serve(t.Context(), sources.Quiet); err == nil {
		t.Error("it left without a permit")
	}
	gate.SetReadOnly(true)
	if err := op.Serve(sources.Permit(t.Context()), sources.Quiet); !errors.Is(err, core.ErrReadOnly) {
		t.Errorf("while read-only: %v", err)
	}
	if gate.Sent() != 0 {
		t.Error("something left")
	}
	// The command line works as it is.
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	gone := make(chan struct{})
	go func() { defer close(gone); _, _ = shellLineCtx(ctx, c, "exec "+op.Plan.Command.String()) }()
	address := strings.Fields(op.Plan.Title.String())[1]
	testkit.Poll(t, 20*time.Second, func() error {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			echoed(t, conn, "kubectl")
			_ = conn.Close()
		}
		return err
	})
	cancel()
	<-gone
}
