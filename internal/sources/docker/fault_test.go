package docker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/sources/sourcetest"
)

// scripted is an engine that misbehaves as the test says. It stands in only
// for faults that a real engine does not do on demand.
type scripted struct {
	*Source
	mux   *http.ServeMux
	gate  *sources.Gate
	count sync.Map // path -> *atomic.Int64
}

const someID = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

func script(t testing.TB) *scripted {
	t.Helper()
	x := &scripted{mux: http.NewServeMux(), gate: &sources.Gate{}}
	socket := filepath.Join(t.TempDir(), "d.sock")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := r.URL.Path
		if rest, ok := strings.CutPrefix(path, "/v1.41"); ok {
			path = rest
		}
		n, _ := x.count.LoadOrStore(r.Method+" "+path, new(atomic.Int64))
		n.(*atomic.Int64).Add(1)
		r.URL.Path = path
		w.Header().Set("Api-Version", "1.41")
		x.mux.ServeHTTP(w, r)
	}))
	server.Listener = l
	server.Start()
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	x.mux.HandleFunc("/_ping", func(http.ResponseWriter, *http.Request) {})
	x.json("/version", map[string]any{"Version": "20.10.24", "ApiVersion": "1.41"})
	found, err := Discover(t.Context(), sources.Options{DockerHosts: []string{"unix://" + socket}, Gate: x.gate})
	if err != nil {
		t.Fatal(err)
	}
	x.Source = found.Sources[0].(*Source)
	return x
}

func (x *scripted) json(path string, v any) {
	x.mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v)
	})
}

func (x *scripted) calls(what string) int64 {
	if n, ok := x.count.Load(what); ok {
		return n.(*atomic.Int64).Load()
	}
	return 0
}

// container scripts the inspect of a running container.
func (x *scripted) container(started string) {
	x.json("/containers/"+someID+"/json", inspectOf(started))
}

func inspectOf(started string) map[string]any {
	return map[string]any{
		"Id": someID, "Name": "/web-1", "Image": "sha256:" + someID, "Created": "2026-11-22T08:00:00Z",
		"State":      map[string]any{"Status": "running", "Running": true, "StartedAt": started},
		"Config":     map[string]any{"Image": "shop/web:1", "Tty": false},
		"HostConfig": map[string]any{"RestartPolicy": map[string]any{"Name": "always"}},
	}
}

func (x *scripted) ref() core.Ref { return x.Source.ref(kindContainer, "web-1", someID) }

func stamped(n int, msg string) string {
	return time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC).Add(time.Duration(n)*time.Second).Format("2006-01-02T15:04:05.000000000Z") + " " + msg + "\n"
}

func TestAHostileFrameIsARowAndTheStreamIsOpenedAgain(t *testing.T) {
	x := script(t)
	x.container("2026-11-22T08:00:00Z")
	var since []string
	var mu sync.Mutex
	x.mux.HandleFunc("/containers/"+someID+"/logs", func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		since = append(since, r.URL.Query().Get("since"))
		n := len(since)
		mu.Unlock()
		for i := range n + 1 { // every time one line further
			_, _ = w.Write(frame(1, stamped(i, fmt.Sprintf("seq=%d ", i+1))))
		}
		switch n {
		case 1:
			_, _ = w.Write([]byte{1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 'x'})
		case 2:
			_, _ = w.Write([]byte{200, 1, 2, 3, 0, 0, 0, 1, 'x'})
		case 3: // truncated
			_, _ = w.Write([]byte{1, 0, 0, 0, 0, 0, 1, 0, 'x'})
		default:
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}
	})
	logs := tailing(t, x.Source, core.LogRequest{Ref: x.ref(), Tail: -1, Follow: true})
	until(t, 10*time.Second, "the fifth line", func() bool { return len(logs.Texts()) >= 5 })
	sequence(t, logs.All())
	if n := strings.Count(markers(logs.All()), "damaged"); n != 2 {
		t.Errorf("%d error rows, want 2: %s", n, markers(logs.All()))
	}
	mu.Lock()
	defer mu.Unlock()
	if since[0] != "" || since[1] == "" || since[2] == since[1] {
		t.Errorf("since %q, want it to move on", since)
	}
}

func TestAStreamThatStaysDamagedIsGivenUp(t *testing.T) {
	x := script(t)
	x.container("2026-11-22T08:00:00Z")
	x.mux.HandleFunc("/containers/"+someID+"/logs", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte{1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 'x'})
	})
	err := x.Tail(t.Context(), core.LogRequest{Ref: x.ref(), Tail: -1, Follow: true}, &sourcetest.Logs{})
	var p *core.Problem
	if !errors.As(err, &p) || p.Kind != core.Unsupported {
		t.Errorf("Tail: %v, want a problem", err)
	}
	if n := x.calls("GET /containers/" + someID + "/logs"); n != badReads+1 {
		t.Errorf("opened %d times, want %d", n, badReads+1)
	}
}

func TestACutLogIsMarked(t *testing.T) {
	x := script(t)
	x.container("2026-11-22T08:00:00Z")
	x.mux.HandleFunc("/containers/"+someID+"/logs", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("since") == "" {
			_, _ = w.Write(frame(1, stamped(1, "before")))
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}
		_, _ = w.Write(frame(1, stamped(13, "after")))
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	logs := tailing(t, x.Source, core.LogRequest{Ref: x.ref(), Tail: -1, Follow: true})
	until(t, 10*time.Second, "the line after", func() bool { return len(logs.Texts()) == 2 })
	if got := markers(logs.All()); !strings.Contains(got, "12s") {
		t.Errorf("markers %q, want a gap of 12s", got)
	}
}

func TestARestartWithoutAnAnswerIsUnknownAndNeverRepeated(t *testing.T) {
	x := script(t)
	var started atomic.Pointer[string]
	first, second := "2026-11-22T08:00:00Z", time.Now().Add(-time.Minute).UTC().Format(time.RFC3339Nano)
	started.Store(&first)
	x.mux.HandleFunc("/containers/"+someID+"/json", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(inspectOf(*started.Load()))
	})
	x.mux.HandleFunc("/containers/"+someID+"/restart", func(http.ResponseWriter, *http.Request) {
		started.Store(&second) // it arrived and is carried out …
		panic(http.ErrAbortHandler)
	})
	op, err := x.PlanRestart(t.Context(), x.ref())
	if err != nil {
		t.Fatal(err)
	}
	if op.Plan.Command.String() != "docker -H "+x.host.url+" restart web-1" {
		t.Errorf("command %q", op.Plan.Command.String())
	}
	if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); !errors.Is(err, core.ErrOutcomeUnknown) {
		t.Fatalf("Execute: %v, want ErrOutcomeUnknown", err)
	}
	outcome, err := op.Verify(t.Context(), func(core.Progress) {})
	if err != nil || outcome != core.OutcomeHealthy {
		t.Errorf("Verify: %v, %v, want healthy", outcome, err)
	}
	if n := x.calls("POST /containers/" + someID + "/restart"); n != 1 {
		t.Errorf("sent %d times, want once", n)
	}
}

func TestARestartThatIsRefusedIsNotUnknown(t *testing.T) {
	x := script(t)
	x.container("2026-11-22T08:00:00Z")
	x.mux.HandleFunc("/containers/"+someID+"/restart", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(`{"message":"authorization denied by plugin policy: no restarts"}`))
	})
	op, err := x.PlanRestart(t.Context(), x.ref())
	if err != nil {
		t.Fatal(err)
	}
	err = op.Execute(sources.Permit(t.Context()), sources.Quiet)
	if errors.Is(err, core.ErrOutcomeUnknown) {
		t.Error("an answer came: the outcome is known")
	}
	if p := x.Problem(err); p.Kind != core.Forbidden || !strings.Contains(p.Summary.String(), "no restarts") {
		t.Errorf("problem %v %q", p.Kind, p.Summary.String())
	}
}

func TestAContainerThatHasChangedSinceThePlanIsLeftAlone(t *testing.T) {
	x := script(t)
	var started atomic.Value
	started.Store("2026-11-22T08:00:00Z")
	x.mux.HandleFunc("/containers/"+someID+"/json", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(inspectOf(started.Load().(string)))
	})
	op, err := x.PlanRestart(t.Context(), x.ref())
	if err != nil {
		t.Fatal(err)
	}
	started.Store("2026-11-22T09:00:00Z")
	var p *core.Problem
	if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); !errors.As(err, &p) || p.Kind != core.Conflict {
		t.Errorf("Execute: %v, want Conflict", err)
	}
	if x.gate.Sent() != 0 {
		t.Error("a request left")
	}
}

func TestAReplacedContainerIsAConflict(t *testing.T) {
	x := script(t)
	other := inspectOf("2026-11-22T08:00:00Z")
	other["Id"] = strings.Repeat("f", 64)
	x.json("/containers/web-1/json", other)
	var p *core.Problem
	if _, err := x.Get(t.Context(), x.ref()); !errors.As(err, &p) || p.Kind != core.Conflict {
		t.Errorf("Get: %v, want Conflict", err)
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	hit := atomic.Bool{}
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hit.Store(true) }))
	defer elsewhere.Close()
	x := script(t)
	x.mux.HandleFunc("/containers/"+someID+"/json", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL+"/containers", http.StatusTemporaryRedirect)
	})
	_, err := x.Get(t.Context(), x.ref())
	if p := x.Problem(err); p == nil || p.Kind != core.Refused {
		t.Errorf("Get: %v, want Refused", err)
	}
	if hit.Load() {
		t.Error("the redirect was followed")
	}
}

func TestAnEngineThatFailsIsRetriedPolitely(t *testing.T) {
	x := script(t)
	var broken atomic.Bool
	x.mux.HandleFunc("/containers/json", func(w http.ResponseWriter, _ *http.Request) {
		if broken.Load() {
			http.Error(w, "boom", http.StatusInternalServerError)
			return
		}
		_, _ = w.Write([]byte("[]"))
	})
	var open atomic.Int64
	cut := make(chan struct{})
	x.mux.HandleFunc("/events", func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		if open.Add(1) > 1 {
			<-r.Context().Done()
			return
		}
		select {
		case <-cut:
		case <-r.Context().Done():
		}
	})
	rec := watching(t, x.Source, core.Interest{})
	until(t, 5*time.Second, "listed", func() bool { return rec.Listed(kindContainer) })
	broken.Store(true)
	began := time.Now()
	close(cut)
	until(t, 5*time.Second, "three tries", func() bool { return x.calls("GET /containers/json") >= 4 })
	broken.Store(false)
	if time.Since(began) < 150*time.Millisecond {
		t.Errorf("three tries within %v", time.Since(began))
	}
}

func TestUnknownEventsAndOddAnswersAreTolerated(t *testing.T) {
	x := script(t)
	var listed atomic.Int64
	x.mux.HandleFunc("/containers/json", func(w http.ResponseWriter, _ *http.Request) {
		listed.Add(1)
		_, _ = w.Write([]byte(`[{"Id":"` + someID + `","Names":["/web-1","/other/link"],"Image":"shop/web:1","State":"hibernating","Status":"?","Ports":null,"Labels":null,"Surprise":[1]}]`))
	})
	x.container("2026-11-22T08:00:00Z")
	send := make(chan string)
	x.mux.HandleFunc("/events", func(w http.ResponseWriter, r *http.Request) {
		for {
			w.(http.Flusher).Flush()
			select {
			case e := <-send:
				_, _ = w.Write([]byte(e))
			case <-r.Context().Done():
				return
			}
		}
	})
	rec := watching(t, x.Source, core.Interest{})
	until(t, 5*time.Second, "listed", func() bool { return len(rec.Rows(kindContainer)) == 1 })
	if r := rec.Rows(kindContainer)[0]; r.Phase != core.Unknown || r.Reason.String() != "hibernating" || r.Ref.Name != "web-1" {
		t.Errorf("row %v %q %q", r.Phase, r.Reason.String(), r.Ref.Name)
	}
	n := listed.Load()
	send <- `{"Type":"galaxy","Action":"explode","Actor":{"ID":"x"}}` + "\n"
	send <- `{}` + "\n"
	send <- `{"Type":"container","Action":"exec_start: /bin/true","Actor":{"ID":"` + someID + `"}}` + "\n"
	send <- `{"Type":"container","Action":"levitate","Actor":{"ID":"` + someID + `"}}` + "\n"
	until(t, 5*time.Second, "the unknown action is looked into", func() bool { return listed.Load() == n+1 })
}

func TestAnEventStormIsGathered(t *testing.T) {
	x := script(t)
	x.json("/containers/json", []map[string]any{{"Id": someID, "Names": []string{"/web-1"}, "State": "running", "Status": "Up"}})
	x.container("2026-11-22T08:00:00Z")
	x.mux.HandleFunc("/events", func(w http.ResponseWriter, r *http.Request) {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			w.(http.Flusher).Flush()
			select {
			case <-tick.C:
				_, _ = w.Write([]byte(`{"Type":"container","Action":"start","Actor":{"ID":"` + someID + `"}}` + "\n"))
			case <-r.Context().Done():
				return
			}
		}
	})
	began := time.Now()
	watching(t, x.Source, core.Interest{})
	until(t, 10*time.Second, "ten lists", func() bool { return x.calls("GET /containers/json") >= 10 })
	if took := time.Since(began); took < 7*gather {
		t.Errorf("ten lists within %v of a storm, want them %v apart", took, gather)
	}
}

func TestABlackHoleEndsInTime(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "d.sock")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	found, _ := Discover(t.Context(), sources.Options{DockerHosts: []string{"unix://" + socket}})
	s := found.Sources[0].(*Source)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err = s.Probe(ctx)
	if p := s.Problem(err); p == nil || p.Kind != core.Unreachable || !strings.Contains(p.Summary.String(), "in time") {
		t.Errorf("Probe: %v", err)
	}
}
