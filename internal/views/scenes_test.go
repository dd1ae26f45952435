package views_test

import (
	"slices"
	"strings"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
	"devops-tui/internal/views"
	"devops-tui/internal/views/viewstest"
)

// scene is one screen and how a user gets there.
type scene struct {
	name    string
	world   func(*viewstest.World) // before the cockpit opens
	play    func(*viewstest.Session)
	options func(*views.Options)
	empty   bool // a world without sources
}

func keys(ks ...string) func(*viewstest.Session) {
	return func(s *viewstest.Session) { s.Type(ks...) }
}

// find filters the list for a text, so that its first row is selected.
func find(s *viewstest.Session, what string, then ...string) {
	s.Type("/", "ctrl+u")
	s.Write(what)
	s.Type("enter", "g")
	s.Type(then...)
}

func objectTab(tab string) func(*viewstest.Session) {
	return func(s *viewstest.Session) { find(s, "api-7d9f8c6b5-a", tab) }
}

func planOn(filter string) func(*viewstest.Session) {
	return func(s *viewstest.Session) {
		s.Type("3")
		find(s, filter, "R")
	}
}

// tasksPage is the page of tasks with something of everything on it.
func tasksPage(s *viewstest.Session) {
	s.Type("3")
	find(s, "scope:staging web", "S", "5")
	s.Pass(time.Second)
	s.Type("enter")
	s.Pass(time.Second)
	s.Type("y", "esc")
	find(s, "scope:staging api", "f", "enter")
	s.Pass(2 * time.Minute)
	s.Type("R", "esc", "u")
}

// scenes are all screens of the cockpit.
var scenes = []scene{
	{name: "cockpit"},
	{name: "cockpit-logs-focused", play: keys("tab")},
	{name: "cockpit-zoomed", play: keys("z")},
	{name: "builds", play: keys("2")},
	{name: "builds-wide-sorted", play: keys("2", "w", ">", ">", ">")},
	{name: "builds-mine", play: func(s *viewstest.Session) { s.Type("2"); find(s, "mine waiting|failed") }},
	{name: "builds-filter-prompt", play: keys("2", "/")},
	{name: "builds-waiting", play: keys("2", "]")},
	{name: "builds-workflows", play: keys("2", "[", "[")},
	{name: "builds-none", empty: true, play: keys("2")},
	{name: "run-failed", play: func(s *viewstest.Session) { s.Type("2"); find(s, "acme/api 1842", "enter") }},
	{name: "run-failed-step", play: func(s *viewstest.Session) { s.Type("2"); find(s, "acme/api 1842", "enter", "n", "n", "n") }},
	{name: "run-running", play: func(s *viewstest.Session) {
		s.Type("2")
		find(s, "running", "enter")
		s.Pass(31 * time.Second)
		s.Type("j", "j", "left")
	}},
	{name: "run-waiting", play: func(s *viewstest.Session) { s.Type("2"); find(s, "waiting deploy", "enter") }},
	{name: "run-past", play: func(s *viewstest.Session) { s.Type("2"); find(s, "1837", "enter") }},
	{name: "run-not-fresh", world: func(w *viewstest.World) {
		w.Backend.Fail = w.Problem(core.Forbidden, "GitHub refuses: 403, the token lacks actions:read", "gh auth refresh -s repo")
	}, play: func(s *viewstest.Session) { s.Type("2"); find(s, "acme/api 1842", "enter") }},
	{name: "run-logs", play: func(s *viewstest.Session) { s.Type("2"); find(s, "acme/api 1842", "l", "{", "{", "o") }},
	{name: "run-logs-searched", play: func(s *viewstest.Session) {
		s.Type("2")
		find(s, "acme/api 1842", "l", "=", "/")
		s.Write("checkout")
		s.Type("enter")
	}},
	{name: "job", play: func(s *viewstest.Session) { s.Type("2"); find(s, "acme/api 1842", "enter", "n", "n", "enter") }},
	{name: "application", play: func(s *viewstest.Session) { s.Type("2"); find(s, "payments", "enter", "j") }},
	{name: "application-diff", play: func(s *viewstest.Session) { s.Type("2"); find(s, "payments", "enter", "=") }},
	{name: "application-history", play: func(s *viewstest.Session) { s.Type("2"); find(s, "payments", "enter", "[", "[") }},
	{name: "rollout", play: func(s *viewstest.Session) { s.Type("2"); find(s, "canary", "enter") }},
	{name: "plan-rerun-form", play: func(s *viewstest.Session) { s.Type("2"); find(s, "acme/api 1842", "R"); s.Pass(time.Second) }},
	{name: "plan-approve-form", play: func(s *viewstest.Session) {
		s.Type("2")
		find(s, "waiting deploy", "A", "enter")
		s.Pass(time.Second)
	}},
	{name: "plan-dispatch-form", play: func(s *viewstest.Session) { s.Type("2", "[", "[", "D"); s.Pass(time.Second) }},
	{name: "plan-dispatch-form-end", play: func(s *viewstest.Session) {
		s.Type("2", "[", "[", "D")
		s.Write("it must out")
		s.Type("shift+tab", "shift+tab", "shift+tab", "shift+tab", "shift+tab", "shift+tab")
		s.Pass(time.Second)
	}},
	{name: "workloads", play: keys("3")},
	{name: "workloads-wide-sorted", play: keys("3", "w", ">", ">", ">")},
	{name: "nodes", play: func(s *viewstest.Session) { s.Type(":"); s.Write("nodes"); s.Type("enter") }},
	{name: "containers", play: keys("4")},
	{name: "logs", play: keys("l")},
	{name: "logs-searched", play: func(s *viewstest.Session) { s.Type("l", "/"); s.Write("slow"); s.Type("enter", "x", "+") }},
	{name: "logs-of-workload-patterns", play: func(s *viewstest.Session) { s.Type("3"); find(s, "cart", "l", "v", "w", "t") }},
	{name: "metrics", play: func(s *viewstest.Session) { find(s, "ledger-db-1", "6", "+") }},
	{name: "object-overview", play: objectTab("enter")},
	{name: "object-overview-parts", play: func(s *viewstest.Session) { s.Type("3"); find(s, "web", "enter") }},
	{name: "object-logs", play: func(s *viewstest.Session) { find(s, "ledger-db-1", "enter", "]") }},
	{name: "object-events", play: objectTab("e")},
	{name: "object-manifest", play: objectTab("y")},
	{name: "object-describe", play: objectTab("d")},
	{name: "object-metrics", play: func(s *viewstest.Session) { find(s, "ledger-db-1", "m") }},
	{name: "help", play: keys("?")},
	{name: "palette", play: keys(":")},
	{name: "palette-narrowed", play: func(s *viewstest.Session) { s.Type(":"); s.Write("dep") }},
	{name: "scope-menu", play: keys(";")},
	{name: "scope-chosen", play: func(s *viewstest.Session) { s.Type(";"); s.Write("payments"); s.Type("enter") }},
	{name: "action-menu", play: keys("a")},
	{name: "copy-menu", play: keys("c")},
	{name: "filter-prompt", play: func(s *viewstest.Session) { s.Type("/"); s.Write("restarts>3 web") }},
	{name: "filter-nothing", play: func(s *viewstest.Session) { find(s, "zzz") }},
	{name: "filter-broken", play: func(s *viewstest.Session) { s.Type("/"); s.Write("restrats>3") }},
	{name: "problems-only", play: keys("*")},
	{name: "marked", play: keys("space", "space", "j", "space")},
	{name: "plan-confirm", play: func(s *viewstest.Session) { s.Type("3"); find(s, "scope:staging web", "R") }},
	{name: "plan-free", world: func(w *viewstest.World) {
		w.Cluster.Dress = func(p *core.Plan) { p.Preview = text.Safe{} }
	}, play: func(s *viewstest.Session) { s.Type("4"); find(s, "shop-db", "R") }},
	{name: "plan-without-preview", play: func(s *viewstest.Session) { s.Type("4"); find(s, "shop-db", "R") }},
	{name: "plan-by-name", play: planOn("cart")},
	{name: "plan-by-name-typed", play: func(s *viewstest.Session) {
		planOn("cart")(s)
		s.Pass(time.Second)
		s.Write("shop/ca")
	}},
	{name: "plan-denied", play: planOn("node-agent")},
	{name: "plan-refused", world: func(w *viewstest.World) {
		w.Cluster.Refuse = w.Problem(core.Forbidden, "cannot patch deployments in shop: forbidden", "ask for the role deployer")
	}, play: planOn("cart")},
	{name: "plan-of-many", play: func(s *viewstest.Session) { s.Type("3"); find(s, "ns:shop", "space", "space", "space", "R") }},
	{name: "plan-executing", world: func(w *viewstest.World) { w.Cluster.Hold() }, play: func(s *viewstest.Session) {
		s.Type("3")
		find(s, "scope:staging web", "R")
		s.Pass(time.Second)
		s.Type("y")
	}},
	{name: "plan-done", play: func(s *viewstest.Session) {
		s.Type("3")
		find(s, "scope:staging web", "R")
		s.Pass(time.Second)
		s.Type("y")
	}},
	{name: "plan-rollback-form", play: func(s *viewstest.Session) { s.Type("3"); find(s, "scope:prod api", "B"); s.Pass(time.Second) }},
	{name: "plan-rollback", play: func(s *viewstest.Session) { s.Type("3"); find(s, "scope:prod api", "B", "enter"); s.Pass(time.Second) }},
	{name: "plan-scale-form", play: func(s *viewstest.Session) {
		s.Type("3")
		find(s, "scope:staging web", "S", "1", "2")
		s.Pass(time.Second)
	}},
	{name: "plan-scale-wrong", play: func(s *viewstest.Session) {
		s.Type("3")
		find(s, "scope:staging web", "S", "9", "9", "9", "9")
		s.Pass(time.Second)
	}},
	{name: "plan-scale", play: func(s *viewstest.Session) {
		s.Type("3")
		find(s, "scope:staging web", "S", "5")
		s.Pass(time.Second)
		s.Type("enter")
		s.Pass(time.Second)
	}},
	{name: "plan-deploy-form", play: func(s *viewstest.Session) {
		s.Type("3")
		find(s, "scope:staging web", "D", "tab", "down")
		s.Pass(time.Second)
	}},
	{name: "plan-delete-namespace", play: func(s *viewstest.Session) {
		s.Type(":")
		s.Write("namespaces")
		s.Type("enter")
		find(s, "shop", "X", "enter")
		s.Pass(time.Second)
	}},
	{name: "plan-of-ten", world: func(w *viewstest.World) {
		w.Cluster.Dress = func(p *core.Plan) {
			if p.Target.Name == "web" {
				p.Warnings = nil
			}
		}
	}, play: func(s *viewstest.Session) {
		s.Type("3", "]")
		find(s, "scope:staging")
		for range 10 {
			s.Type("space")
		}
		s.Type("X", "enter")
		s.Pass(time.Second)
	}},
	{name: "plan-blind", world: func(w *viewstest.World) {
		w.Cluster.Dress = func(p *core.Plan) {
			p.Blind, p.Preview, p.Diff = true, text.Lit("the webhook policy.acme.io does not support dry run"), nil
		}
	}, play: planOn("scope:staging web")},
	{name: "plan-recreate", play: func(s *viewstest.Session) {
		s.Type("4")
		find(s, "shop-db", "D", "tab", "down", "enter")
		s.Pass(time.Second)
	}},
	{name: "plan-compose-running", world: func(w *viewstest.World) { w.Cluster.Hold() }, play: func(s *viewstest.Session) {
		s.Type("4", "]")
		find(s, "shop", "D", "enter")
		s.Pass(time.Second)
		s.Type("y")
		s.Pass(7 * time.Second)
	}},
	{name: "plan-drain-form", play: func(s *viewstest.Session) {
		s.Type(":")
		s.Write("nodes")
		s.Type("enter")
		find(s, "node-a", "P")
		s.Type("down", "down", "enter", "tab", "space")
		s.Pass(time.Second)
	}},
	{name: "plan-drain", play: func(s *viewstest.Session) {
		s.Type(":")
		s.Write("nodes")
		s.Type("enter")
		find(s, "node-a", "P")
		s.Type("down", "down", "enter", "tab", "space")
		s.Pass(time.Second)
		s.Type("enter")
		s.Pass(time.Second)
	}},
	{name: "plan-failed", world: func(w *viewstest.World) {
		w.Cluster.Fail = w.Problem(core.Internal, "2 of 3 pods are not ready: CrashLoopBackOff of app in api-7d9f-x2x", "l shows their logs")
	}, play: func(s *viewstest.Session) {
		s.Type("3")
		find(s, "scope:staging web", "S", "5")
		s.Pass(time.Second)
		s.Type("enter")
		s.Pass(time.Second)
		s.Type("y")
	}},
	{name: "verb-menu", play: func(s *viewstest.Session) { s.Type("4"); find(s, "shop-db", "S") }},
	{name: "glass-asked", play: func(s *viewstest.Session) { planOn("node-agent")(s); s.Type("b"); s.Write("INC-77") }},
	{name: "glass-broken", play: func(s *viewstest.Session) {
		planOn("node-agent")(s)
		s.Type("b")
		s.Write("INC-77 node agents hang, asked for by ann")
		s.Type("enter")
		s.Pass(time.Second)
	}},
	{name: "tasks", world: func(w *viewstest.World) { w.Cluster.Hold() }, play: tasksPage},
	{name: "tasks-record", world: func(w *viewstest.World) { w.Cluster.Hold() }, play: func(s *viewstest.Session) { tasksPage(s); s.Type("G", "k", "enter") }},
	{name: "tasks-broken-journal", world: func(w *viewstest.World) { w.Cluster.Broken = text.Lit("line 3: was changed") }, play: keys("u")},
	{name: "quit-while-running", world: func(w *viewstest.World) { w.Cluster.Hold() }, play: func(s *viewstest.Session) { tasksPage(s); s.Type("q", "q", "q", "q", "q") }},
	{name: "diff", play: func(s *viewstest.Session) { s.Type("3"); find(s, "shop web", "space", "space", "=") }},
	{name: "edit-refused", play: func(s *viewstest.Session) {
		s.Desk.Edit = func(x string) string { return strings.Replace(x, "replicas: 3", "replicas: broken", 1) }
		s.Type("3")
		find(s, "scope:staging web", "E")
	}},
	{name: "read-only", world: func(w *viewstest.World) { w.Cluster.Gate.SetReadOnly(true) }, play: keys("R")},
	{name: "demo", options: func(o *views.Options) { o.Demo = true }},
	{name: "stale-and-down", world: func(w *viewstest.World) {
		w.Stale(viewstest.Prod, core.Stale, nil)
		w.Stale(viewstest.Local, core.Down, w.Problem(core.Unreachable, "docker:local does not answer: connection refused", "is the engine running? docker info"))
		w.Store.Publish()
	}, play: func(s *viewstest.Session) { s.Pass(42 * time.Second) }},
	{name: "forbidden-kind", play: func(s *viewstest.Session) { s.Type(":"); s.Write("secrets"); s.Type("enter") }},
	{name: "documents-fail", world: func(w *viewstest.World) {
		w.Backend.Fail = w.Problem(core.Unreachable, "cannot read events: timeout", "r asks again")
	}, play: objectTab("e")},
	{name: "no-sources", empty: true, play: keys("j", "enter")},
	{name: "no-sources-offer", empty: true, options: func(o *views.Options) {
		o.OpenDemo = func() {}
		o.Offer = text.Lit("Nothing was found to watch. devops-tui --demo shows a world that plays a bad deploy; devops-tui doctor says what was looked for.")
	}},
	{name: "connecting", empty: true, world: func(w *viewstest.World) {
		w.Connect(viewstest.Prod, w.Cluster.Source(viewstest.Prod).Info().Kinds)
		w.Store.SetHealth(core.Health{Instance: viewstest.Prod, State: core.Connecting})
		w.Store.Publish()
	}},
}

func sceneNamed(t viewstest.TB, name string) scene {
	t.Helper()
	i := slices.IndexFunc(scenes, func(c scene) bool { return c.name == name })
	if i < 0 {
		t.Fatalf("no scene is called %s", name)
	}
	return scenes[i]
}

// open plays a scene at 120 x 40 over w, or over its own world if w is nil.
func (c *scene) open(t viewstest.TB, w *viewstest.World, options ...func(*views.Options)) *viewstest.Session {
	t.Helper()
	if w == nil {
		w = viewstest.New()
		if c.empty {
			w = viewstest.Empty()
		}
	}
	if c.world != nil {
		c.world(w)
	}
	if c.options != nil {
		options = append(options, c.options)
	}
	s := viewstest.Open(t, w, options...)
	if c.play != nil {
		c.play(s)
	}
	return s
}
