package argocd

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/sources/sourcetest"
	"devops-tui/internal/testkit"
	"devops-tui/internal/text/texttest"
	"devops-tui/test/sim"
	fake "devops-tui/test/sim/argocd"
	"devops-tui/test/sim/contract"
)

const canary = "eyJcanary.argocd.CANARY"

// world is a server with applications, and a source of it.
type world struct {
	*fake.World
	server *sim.Server
	src    *Source
	gate   *sources.Gate
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return newWorldWith(t, fake.Options{Token: canary})
}

func newWorldWith(t *testing.T, o fake.Options) *world {
	t.Helper()
	w := fake.New(o)
	w.Add(fake.Spec{Name: "shop"})
	w.Add(fake.Spec{Name: "auto", AutoSync: true})
	x := &world{World: w, server: sim.Start(t, w, sim.Options{}), gate: new(sources.Gate)}
	x.src = x.source(t, x.gate)
	return x
}

func (w *world) source(t *testing.T, gate *sources.Gate) *Source {
	t.Helper()
	s, err := newSource(&server{scope: "test", url: w.server.URL, token: canary, getenv: func(string) string { return "" }}, sources.Options{Gate: gate})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.client.Close)
	return s
}

func ref(name string) core.Ref {
	return core.Ref{Source: ID, Scope: "test", Kind: kind, Namespace: "argocd", Name: name}
}

// run starts the source and returns what it reports.
func (w *world) run(t *testing.T) *sourcetest.Recorder {
	t.Helper()
	rec := sourcetest.NewRecorder(w.src.Info().Instance(), w.src.Info().Kinds)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.src.Run(ctx, rec) }()
	t.Cleanup(func() {
		cancel()
		<-done
		for _, b := range rec.Breaches() {
			t.Error(b)
		}
	})
	return rec
}

func TestConformance(t *testing.T) {
	w := newWorld(t)
	stop, stopLog := make(chan struct{}), atomic.Bool{}
	t.Cleanup(func() { close(stop) })
	sourcetest.Run(t, sourcetest.Harness{
		New: func(t *testing.T, gate *sources.Gate) sources.Source { return w.source(t, gate) },
		Create: func(_ *testing.T, name string) core.Ref {
			uid := w.Add(fake.Spec{Name: name})
			r := ref(name)
			r.UID = uid
			return r
		},
		Remove:  func(_ *testing.T, r core.Ref) { w.Remove(r.Name) },
		Missing: ref("none"),
		LogRef: func(*testing.T) core.Ref {
			if !stopLog.Swap(true) {
				go func() {
					tick := time.NewTicker(50 * time.Millisecond)
					defer tick.Stop()
					for {
						select {
						case <-stop:
							return
						case <-tick.C:
							w.Log("shop", "level=info msg=hello")
						}
					}
				}()
			}
			return ref("shop")
		},
		Break: func(*testing.T) { w.server.Stop() },
		Mend: func(t *testing.T) {
			if err := w.server.Again(); err != nil {
				t.Fatal(err)
			}
		},
	})
}

func TestRowsFollowTheStream(t *testing.T) {
	w := newWorld(t)
	w.Hold(true)
	rec := w.run(t)
	reason := func(name string) string {
		if r := rec.Find(ref(name)); r != nil {
			return r.Reason.String()
		}
		return ""
	}
	testkit.PollTrue(t, 20*time.Second, "it shows", func() bool { return reason("shop") == "Synced" })
	if r := rec.Find(ref("shop")); r.Facts.Repo != "github.com/acme/shop" || len(r.Facts.Commit) != 40 || !strings.HasPrefix(r.Facts.URL, w.server.URL+"/applications/argocd/shop") {
		t.Errorf("facts %+v", r.Facts)
	}
	testkit.PollTrue(t, 20*time.Second, "it shows", func() bool { return w.server.Count("GET", "/api/v1/stream") == 1 })
	lists := w.server.Count("GET", "/api/v1/applications")
	w.Push("shop", "kim", "Fix the cart")
	testkit.PollTrue(t, 20*time.Second, "it shows", func() bool { return reason("shop") == "OutOfSync" })
	w.SetHealth("shop", "Degraded", "crash loop")
	testkit.PollTrue(t, 20*time.Second, "it shows", func() bool { return reason("shop") == "Degraded" })
	if n := w.server.Count("GET", "/api/v1/applications"); n > lists+1 {
		t.Errorf("%d lists for two changes", n-lists)
	}
	w.Drop()
	w.Remove("shop")
	testkit.PollTrue(t, 20*time.Second, "it shows", func() bool { return rec.Find(ref("shop")) == nil })
	w.src.Want(core.Interest{Kinds: []string{}})
	testkit.PollTrue(t, 20*time.Second, "it shows", func() bool { return len(rec.Rows(kind)) == 0 })
	for _, r := range w.server.Requests() {
		if r.Header.Get("Authorization") != "Bearer "+canary {
			t.Errorf("%s without the token", r.Path)
		}
	}
}

func TestRefreshReadsGitAnewForWhatIsInSight(t *testing.T) {
	w := newWorld(t)
	rec := w.run(t)
	w.src.Want(core.Interest{Kinds: []string{kind}, Shown: []core.Ref{ref("shop")}})
	testkit.PollTrue(t, 20*time.Second, "it shows", func() bool { return rec.Listed(kind) })
	hard := func() int {
		n := 0
		for _, r := range w.server.Requests() {
			if strings.Contains(r.Query, "refresh=hard") {
				n++
			}
		}
		return n
	}
	w.src.Wake()
	testkit.PollTrue(t, 20*time.Second, "it shows", func() bool { return hard() == 1 })
	lists := w.server.Count("GET", "/api/v1/applications")
	w.src.Wake()
	testkit.PollTrue(t, 20*time.Second, "it shows", func() bool { return w.server.Count("GET", "/api/v1/applications") > lists })
	if hard() != 1 {
		t.Error("asked again at once")
	}
}

func TestWhatThePageShows(t *testing.T) {
	w := newWorld(t)
	w.Push("shop", "kim", "Fix the cart\n\nlong", "registry.example/shop:v9")
	out, err := w.src.Outline(t.Context(), ref("shop"))
	if err != nil {
		t.Fatal(err)
	}
	var titles []string
	for _, n := range out.Nodes {
		titles = append(titles, strings.Repeat(" ", n.Depth)+n.Title.String()+" "+n.Reason.String())
	}
	want := "Service shop/shop Synced, Healthy|Deployment shop/shop OutOfSync, Healthy| ReplicaSet shop/shop-7c9d8 Healthy|  Pod shop/shop-7c9d8-abcde Healthy"
	if got := strings.Join(titles, "|"); got != want {
		t.Errorf("outline\n%s, want\n%s", got, want)
	}
	doc := func(d core.Document, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		var lines []string
		for _, l := range d.Lines {
			lines = append(lines, l.String())
		}
		return strings.Join(lines, "\n")
	}
	if got := doc(w.src.Diff(t.Context(), ref("shop"))); !strings.Contains(got, "=== Deployment shop/shop") || !strings.Contains(got, "image: registry.example/shop:v1") || !strings.Contains(got, "image: registry.example/shop:v9") || strings.Contains(got, "Service") {
		t.Errorf("diff\n%s", got)
	}
	if got := doc(w.src.Diff(t.Context(), ref("auto"))); got != "all of its resources are as Git says" {
		t.Errorf("diff\n%s", got)
	}
	if got := doc(w.src.History(t.Context(), ref("shop"))); !strings.Contains(got, "First version of shop") || !strings.Contains(got, "kim") {
		t.Errorf("history\n%s", got)
	}
	if got := doc(w.src.Describe(t.Context(), ref("shop"))); !strings.Contains(got, "Fix the cart") || strings.Contains(got, "long") || !strings.Contains(got, "OutOfSync") {
		t.Errorf("description\n%s", got)
	}
	if got := doc(w.src.Manifest(t.Context(), ref("shop"))); !strings.Contains(got, "kind: Application") || !strings.Contains(got, "repoURL: https://github.com/acme/shop.git") {
		t.Errorf("manifest\n%s", got)
	}
	events, err := w.src.Events(t.Context(), ref("shop"))
	if err != nil || len(events) != 1 || events[0].Reason.String() != "ResourceUpdated" {
		t.Errorf("%+v, %v", events, err)
	}
	w.SetCondition("shop", "ComparisonError", "app path does not exist")
	e, err := w.src.Explain(t.Context(), ref("shop"))
	if err != nil || !strings.Contains(e.Summary.String(), "app path does not exist") || len(e.Commits) != 1 || e.Commits[0].Title.String() != "Fix the cart" {
		t.Errorf("%+v, %v", e, err)
	}
}

func TestALogIsResumedWithoutGapOrDouble(t *testing.T) {
	w := newWorld(t)
	for _, l := range []string{"one", "two", "three"} {
		w.Log("shop", l)
	}
	logs := &sourcetest.Logs{}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.src.Tail(ctx, core.LogRequest{Ref: ref("shop"), Tail: -1, Follow: true}, logs) }()
	testkit.PollTrue(t, 20*time.Second, "it shows", func() bool { return len(logs.Texts()) == 3 })
	w.server.Stop()
	w.Log("shop", "four")
	if err := w.server.Again(); err != nil {
		t.Fatal(err)
	}
	testkit.PollTrue(t, 20*time.Second, "it shows", func() bool { return len(logs.Texts()) >= 4 })
	w.Log("shop", "five")
	testkit.PollTrue(t, 20*time.Second, "it shows", func() bool { return len(logs.Texts()) >= 5 })
	if got := logs.Texts(); !slices.Equal(got, []string{"one", "two", "three", "four", "five"}) {
		t.Errorf("%q", got)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// What the source sends, and what it is answered, is as Argo CD's own
// description has it.
func TestRequestsAreAsDescribed(t *testing.T) {
	spec := contract.Swagger2(t, "argocd/swagger-trimmed.json")
	w := newWorld(t)
	rec := w.run(t)
	testkit.PollTrue(t, 20*time.Second, "it shows", func() bool { return rec.Listed(kind) && w.server.Count("GET", "/api/v1/stream") > 0 })
	w.Push("shop", "kim", "Second")
	deployAndFollow(t, w, "shop", core.Deploy{Options: map[string]string{"prune": "true", "force": "true"}})
	op, err := w.src.PlanRollback(t.Context(), ref("shop"), core.Rollback{})
	if err != nil {
		t.Fatal(err)
	}
	follow(t, w, op)
	op, err = w.src.PlanRollback(t.Context(), ref("auto"), core.Rollback{To: "0", Options: map[string]string{"auto-sync": "off"}})
	if err == nil {
		follow(t, w, op)
	}
	for _, r := range w.server.Requests() {
		query := r.Query
		if at := strings.Index(query, "fields="); at >= 0 { // the user interface's own parameter, not in the description
			rest, _, _ := strings.Cut(query[at:], "&")
			query = strings.Trim(strings.Replace(query, rest, "", 1), "&")
		}
		path := r.Path
		if query != "" {
			path += "?" + query
		}
		spec.Request(t, r.Method, path, r.Body)
	}
}

func TestPromise1PoisonedMetadata(t *testing.T) {
	w := newWorld(t)
	rec := w.run(t)
	testkit.PollTrue(t, 20*time.Second, "it shows", func() bool { return rec.Listed(kind) })
	for _, nasty := range nasties {
		name := "poison"
		w.Remove(name)
		w.Add(fake.Spec{Name: name, Project: nasty, Repo: "https://git.example/" + nasty, Target: nasty, Images: []string{nasty}, Labels: map[string]string{"team": nasty}})
		w.Push(name, nasty, nasty, nasty)
		w.SetHealth(name, "Degraded", nasty)
		w.SetCondition(name, "ComparisonError", nasty)
		w.Log(name, nasty)
		// Everything drawn is text.Safe by type; here it must also arrive.
		if _, err := w.src.Get(t.Context(), ref(name)); err != nil {
			t.Errorf("%q: %v", nasty, err)
		}
		var drawn []string
		doc := func(d core.Document, err error) {
			t.Helper()
			if err != nil {
				t.Errorf("%q: %v", nasty, err)
			}
			drawn = append(drawn, d.Title.String(), joined(d.Lines))
		}
		doc(w.src.Describe(t.Context(), ref(name)))
		doc(w.src.Manifest(t.Context(), ref(name)))
		doc(w.src.History(t.Context(), ref(name)))
		doc(w.src.Diff(t.Context(), ref(name)))
		out, err := w.src.Outline(t.Context(), ref(name))
		if err != nil {
			t.Error(err)
		}
		for _, n := range out.Nodes {
			drawn = append(drawn, n.Title.String(), n.Message.String(), n.Info.String(), n.Reason.String())
		}
		e, err := w.src.Explain(t.Context(), ref(name))
		if err != nil {
			t.Error(err)
		}
		drawn = append(drawn, e.Summary.String(), e.Commits[0].Title.String(), e.Commits[0].Author.String(), e.Annotations[0].Message.String())
		op, err := w.src.PlanDeploy(t.Context(), ref(name), core.Deploy{Revision: nasty})
		if err != nil {
			drawn = append(drawn, err.Error())
		} else {
			drawn = append(drawn, op.Plan.Command.String(), op.Plan.Title.String(), joined(op.Plan.Warnings), joined(op.Plan.Impact), joined(op.Plan.Diff))
		}
		logs := &sourcetest.Logs{}
		if err := w.src.Tail(t.Context(), core.LogRequest{Ref: ref(name), Tail: -1}, logs); err != nil {
			t.Error(err)
		}
		drawn = append(drawn, logs.Texts()...)
		for _, c := range rec.Rows(kind) {
			for _, cell := range c.Cells {
				drawn = append(drawn, cell.Text.String())
			}
		}
		for _, d := range drawn {
			if v := texttest.Violations(d); len(v) > 0 {
				t.Errorf("%q reaches the screen: %q: %v", nasty, d, v)
			}
		}
	}
}

// nasties are what a field may hold in the hands of somebody else.
var nasties = []string{
	"\x1b[2J\x1b[31mred\x1b]0;title\a\x1b]52;c;cm0gLXJmIC8=\a", "a\rb\nc\x00d\x9b31m", "\u202egpj.exe\u200b", "../../etc/%2e%2e?x=1", strings.Repeat("w", 5000),
}

func TestProblems(t *testing.T) {
	w := newWorld(t)
	check := func(err error, kind core.ProblemKind, words string) {
		t.Helper()
		var p *core.Problem
		if !errors.As(sources.AsProblem(w.src, err), &p) || p.Kind != kind || !strings.Contains(p.Error(), words) {
			t.Errorf("%v (%v), want %s: %s", err, p, kind, words)
		}
		if err != nil && strings.Contains(err.Error()+p.Error(), canary) {
			t.Errorf("the token shows: %v", p)
		}
	}
	_, err := w.src.Get(t.Context(), ref("none"))
	check(err, core.NotFound, "no such application: argocd/none")
	bad := ref("shop")
	bad.UID = "other"
	_, err = w.src.Get(t.Context(), bad)
	check(err, core.Conflict, "replaced")
	w.Deny("get")
	_, err = w.src.Get(t.Context(), ref("shop"))
	check(err, core.NotFound, "no such application") // the server does not tell one from the other
	w.Allow("get")
	w.Expire()
	_, err = w.src.Get(t.Context(), ref("shop"))
	check(err, core.Unauthorized, "token is expired")
	check(err, core.Unauthorized, "argocd login 127.0.0.1")
	w.Renew()
	w.server.Fail(nil, sim.Fault{Status: 502, Body: "<html>"}, -1)
	_, err = w.src.Get(t.Context(), ref("shop"))
	check(err, core.Unreachable, "out of order")
	w.server.Heal()
	w.server.Fail(nil, sim.Fault{Status: 429, Header: http.Header{"Retry-After": {"60"}}}, 1)
	_, err = w.src.Get(t.Context(), ref("shop"))
	check(err, core.Throttled, "fewer requests")
	w = newWorld(t)
	w.server.Stop()
	_, err = w.src.Get(t.Context(), ref("shop"))
	check(err, core.Unreachable, "connection refused")
	_, err = w.src.Get(t.Context(), core.Ref{Kind: "pod", Name: "x"})
	check(err, core.Unsupported, "no pod")
}

var specShop = fake.Spec{Name: "shop"}
