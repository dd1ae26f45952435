package viewstest

import (
	"fmt"
	"strings"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// runColumns are what runs of all systems are listed by.
func runColumns() []core.Column {
	return []core.Column{
		colName, col("system", text.Lit("SYSTEM"), core.Text), col("number", text.Lit("#"), core.Number), col("branch", text.Lit("BRANCH"), core.Text), col("commit", text.Lit("COMMIT"), core.Text),
		col("stage", text.Lit("STAGE"), core.Stages), colStatus, col("duration", text.Lit("DURATION"), core.Duration), col("usual", text.Lit("USUAL"), core.Duration), col("author", text.Lit("AUTHOR"), core.Text),
		flex(col("title", text.Lit("TITLE"), core.Text)), wide(col("event", text.Lit("EVENT"), core.Text)), wide(col("mine", text.Lit("MINE"), core.Text)), wide(col("attempt", text.Lit("ATTEMPT"), core.Number)), colAge,
	}
}

// pipelineKinds are the kinds of a pipeline server.
func pipelineKinds() []core.Kind {
	repo := text.Lit("REPOSITORY")
	kinds := with([]core.Kind{
		{Name: "run", Plural: "runs", Title: text.Lit("Runs"), Namespaced: true, Place: repo, Logs: true, Polled: true, Outline: true, Explains: true, Rank: 5, Columns: runColumns()},
		{Name: "job", Plural: "jobs", Title: text.Lit("Jobs"), Unlisted: true, Namespaced: true, Place: repo, Logs: true, Explains: true, Rank: 90, Columns: []core.Column{colName, colStatus, col("duration", text.Lit("DURATION"), core.Duration), colAge}},
		{Name: "workflow", Plural: "workflows", Title: text.Lit("Workflows"), Namespaced: true, Place: repo, Rank: 6, Columns: []core.Column{colName, colStatus, col("last", text.Lit("LAST RUN"), core.Age)}},
		{Name: "environment", Plural: "environments", Title: text.Lit("Environments"), Namespaced: true, Place: repo, Rank: 7, Columns: []core.Column{colName, colStatus, col("commit", text.Lit("COMMIT"), core.Text), colAge}},
	})
	kinds[1].Verbs = []string{core.VerbRerun, core.VerbCancel} // a job of a cluster has others
	return kinds
}

// argoKinds are what Argo CD and Argo Rollouts add to a cluster.
func argoKinds() []core.Kind {
	cols := []core.Column{
		colName, col("system", text.Lit("SYSTEM"), core.Text), col("branch", text.Lit("TARGET"), core.Text), col("commit", text.Lit("COMMIT"), core.Text), col("stage", text.Lit("STAGE"), core.Stages),
		colStatus, flex(col("title", text.Lit("TITLE"), core.Text)), colAge,
	}
	return with([]core.Kind{
		{Name: "application", Plural: "applications", Title: text.Lit("Applications"), Namespaced: true, Outline: true, Explains: true, History: true, Diff: true, Rank: 15, Columns: cols},
		{Name: "rollout", Plural: "rollouts", Title: text.Lit("Rollouts"), Namespaced: true, Logs: true, Outline: true, Workload: true, Rank: 16, Columns: cols},
	})
}

// pipe is one run of the world.
type pipe struct {
	repo, flow, branch, at, reason, title, author string
	phase                                         core.Phase
	done, total                                   int
	took, usual, before                           time.Duration
	mine, past                                    bool
	waits                                         string
}

var pipes = []pipe{
	{"acme/api", "ci", "main", "test", "failure", "pool size 200", "kim", core.Failed, 1, 3, 134 * time.Second, 121 * time.Second, 4 * time.Minute, true, false, ""},
	{"acme/web", "ci", "feature/cart-badge", "build", "in_progress", "badge on the cart", "alex", core.Pending, 1, 4, 248 * time.Second, 95 * time.Second, time.Minute, false, false, ""},
	{"acme/billing", "ci", "main", "", "success", "round half to even", "sam", core.Succeeded, 3, 3, 181 * time.Second, 170 * time.Second, 12 * time.Minute, false, false, ""},
	{"acme/checkout", "deploy", "release/2.14", "production", "waiting", "2.14.0", "kim", core.Pending, 2, 3, 0, 240 * time.Second, 25 * time.Minute, true, false, "approval for production"},
	{"acme/search", "ci", "main", "", "success", "bump analyzers", "bot", core.Succeeded, 3, 3, 95 * time.Second, 99 * time.Second, 3 * time.Hour, false, false, ""},
	{"acme/api", "ci", "main", "test", "failure", "bump pgx", "alex", core.Failed, 1, 3, 201 * time.Second, 121 * time.Second, 26 * time.Hour, false, true, ""},
}

// runs makes the pipelines.
func (w *World) runs() {
	for n, r := range pipes {
		number := 1842 - n
		status, flow := w.safe("reason", r.reason), w.raw("name", r.flow)
		mine := core.Cell{}
		if r.mine {
			mine.Text = text.Lit("yes")
		}
		facts := &core.Facts{
			Commit: w.raw("commit", "9f3c2e1d4b7a"), Repo: w.raw("repo", "github.com/"+r.repo), Actor: w.raw("author", r.author), Environment: w.raw("environment", map[bool]string{true: "production"}[r.waits != ""]),
			URL: w.raw("url", fmt.Sprintf("https://github.com/%s/actions/runs/%d", r.repo, 90000+number)),
		}
		if r.waits != "" {
			facts.Waits = []text.Safe{w.safe("waits", r.waits)}
		}
		w.add(GitHub, core.Resource{
			Ref: core.Ref{Kind: "run", Namespace: w.raw("repo", r.repo), Name: w.raw("name", fmt.Sprintf("%s/%d", r.flow, number)), UID: fmt.Sprintf("%d", 90000+number)}, Phase: r.phase, Reason: status, Past: r.past,
			Message: w.safe("message", r.title), Started: ago(r.before), Changed: ago(r.before),
			Cells: []core.Cell{
				{Text: text.Clean(flow)},
				{Text: text.Lit("github")},
				num(number),
				{Text: w.safe("branch", r.branch)},
				{Text: w.safe("commit", "9f3c2e1")},
				{Text: w.safe("stage", r.at), Num: float64(1000*r.total + r.done)},
				{Text: status},
				{Num: r.took.Seconds()},
				{Num: r.usual.Seconds()},
				{Text: w.safe("author", r.author)},
				{Text: w.safe("title", r.title)},
				{Text: w.safe("event", "push")},
				mine, num(1), age(r.before),
			},
			Facts: facts,
		})
	}
	for _, f := range []string{"ci", "deploy"} {
		name := w.raw("name", f)
		w.add(GitHub, core.Resource{Ref: core.Ref{Kind: "workflow", Namespace: w.raw("repo", "acme/api"), Name: name}, Phase: core.Running, Cells: []core.Cell{{Text: text.Clean(name)}, {Text: w.safe("reason", "active")}, age(4 * time.Minute)}})
	}
	name := w.raw("name", "production")
	w.add(GitHub, core.Resource{Ref: core.Ref{Kind: "environment", Namespace: w.raw("repo", "acme/api"), Name: name}, Phase: core.Running, Started: ago(26 * time.Hour), Cells: []core.Cell{{Text: text.Clean(name)}, {Text: w.safe("reason", "success")}, {Text: w.safe("commit", "77aa001")}, age(26 * time.Hour)}})
}

// argo makes the applications and rollouts.
func (w *World) argo() {
	row := func(kind, ns, name, system string, phase core.Phase, reason, stage string, done, total int, before time.Duration, waits ...string) {
		status, n := w.safe("reason", reason), w.raw("name", name)
		facts := &core.Facts{Commit: w.raw("commit", "77aa001f00d"), Repo: w.raw("repo", "github.com/acme/deploy"), Image: []string{w.raw("image", "registry/"+name+":2.13")}, URL: w.raw("url", "https://argocd.acme.dev/applications/"+name)}
		for _, x := range waits {
			facts.Waits = append(facts.Waits, w.safe("waits", x))
		}
		w.add(Prod, core.Resource{
			Ref: core.Ref{Kind: kind, Namespace: w.raw("namespace", ns), Name: n}, Phase: phase, Reason: status, Message: w.safe("message", "1 of 3 resources differs"), Started: ago(40 * day), Changed: ago(before), Facts: facts,
			Cells: []core.Cell{{Text: text.Clean(n)}, {Text: text.Clean(system)}, {Text: w.safe("branch", "main")}, {Text: w.safe("commit", "77aa001")}, {Text: w.safe("stage", stage), Num: float64(1000*total + done)}, {Text: status}, {Text: w.safe("title", "api: 2.13")}, age(40 * day)},
		})
	}
	row("application", "argocd", "payments", "argocd", core.Degraded, "OutOfSync", "", 0, 0, 9*time.Minute)
	row("application", "argocd", "search", "argocd", core.Running, "Healthy", "", 0, 0, 5*time.Hour)
	row("rollout", "shop", "web-canary", "rollouts", core.Pending, "Paused", "40%", 3, 8, 14*time.Minute, "promotion at 40%")
}

// node makes a line of an outline.
func (w *World) node(depth int, title string, phase core.Phase, reason string, took, before time.Duration) core.Node {
	n := core.Node{Depth: depth, Title: w.safe("node", title), Phase: phase, Reason: w.safe("reason", reason)}
	if before > 0 {
		n.Started = ago(before)
		if took > 0 {
			n.Ended = ago(before - took)
		}
	}
	return n
}

// job makes the line of a job, which verbs judge by its row.
func (w *World) job(run core.Ref, depth int, name string, phase core.Phase, reason string, took, before time.Duration) core.Node {
	n := w.node(depth, name, phase, reason, took, before)
	ref := run
	ref.Kind, ref.Name, ref.UID = "job", run.Name+"/"+w.raw("node", name), "job-"+run.UID+"-"+name
	n.Ref, n.Info = ref, w.safe("runner", "ubuntu-24.04")
	n.Row = &core.Resource{
		Ref: ref, Owner: run, Phase: phase, Reason: n.Reason, Started: n.Started, Changed: n.Ended, Rev: "1",
		Cells: []core.Cell{{Text: n.Title}, {Text: n.Reason}, {Num: took.Seconds()}, {Num: float64(n.Started / 1e9)}},
		Facts: &core.Facts{URL: w.raw("url", "https://github.com/acme/api/actions/runs/1/job/2")},
	}
	return n
}

// outline is what the runs, applications and rollouts of the world are made of.
func (w *World) outline(ref core.Ref) core.Outline {
	r := w.Store.Snapshot().Find(ref)
	switch {
	case ref.Kind == "application":
		pod := core.Ref{Source: Prod.Source, Scope: Prod.Scope, Kind: "deployment", Namespace: w.raw("namespace", "payments"), Name: w.raw("name", "api")}
		a, b := w.node(0, "Deployment payments/api", core.Degraded, "OutOfSync", 0, 0), w.node(0, "Service payments/api", core.Running, "Synced", 0, 0)
		a.Ref, a.Info, a.Message = pod, w.safe("image", "registry/api:2.13"), w.safe("message", "2 of 3 ready")
		return core.Outline{Nodes: []core.Node{a, w.node(1, "ReplicaSet payments/api-7d9f8c6b5", core.Degraded, "Progressing", 0, 0), b}, Done: true}
	case ref.Kind == "rollout":
		return core.Outline{Nodes: []core.Node{
			w.node(0, "setWeight 20%", core.Succeeded, "done", 0, 0), w.node(0, "pause", core.Succeeded, "done", 0, 0), w.node(0, "setWeight 40%", core.Pending, "current", 0, 14*time.Minute), w.node(0, "setWeight 100%", core.Unknown, "", 0, 0),
		}}
	case r == nil: // too old for the list
		return core.Outline{Done: true, Nodes: []core.Node{w.job(ref, 0, "lint", core.Succeeded, "success", 29*time.Second, 3*time.Hour), w.job(ref, 0, "test (1.26)", core.Succeeded, "success", 70*time.Second, 3*time.Hour)}}
	case r.Phase == core.Failed:
		test := w.node(0, "test", core.Failed, "", 0, 0)
		ok := w.job(ref, 1, "test (1.25)", core.Succeeded, "success", 62*time.Second, 4*time.Minute)
		ok.Closed = true
		return core.Outline{Done: true, Nodes: []core.Node{
			w.job(ref, 0, "lint", core.Succeeded, "success", 31*time.Second, 5*time.Minute),
			test,
			ok, w.node(2, "Set up job", core.Succeeded, "success", time.Second, 4*time.Minute), w.node(2, "go test", core.Succeeded, "success", 58*time.Second, 4*time.Minute),
			w.job(ref, 1, "test (1.26)", core.Failed, "failure", 74*time.Second, 4*time.Minute),
			w.node(2, "Set up job", core.Succeeded, "success", time.Second, 4*time.Minute), w.node(2, "go test ./...", core.Failed, "failure", 70*time.Second, 4*time.Minute), w.node(2, "Post checkout", core.Succeeded, "skipped", 0, 0),
			w.job(ref, 0, "deploy", core.Succeeded, "skipped", 0, 0),
		}}
	case len(r.Facts.Waits) > 0:
		return core.Outline{Nodes: []core.Node{
			w.job(ref, 0, "build", core.Succeeded, "success", 90*time.Second, 25*time.Minute), w.job(ref, 0, "staging", core.Succeeded, "success", 80*time.Second, 23*time.Minute), w.job(ref, 0, "production", core.Pending, "waiting", 0, 0),
		}}
	default:
		build := w.job(ref, 0, "build", core.Pending, "in_progress", 0, 48*time.Second)
		return core.Outline{Done: r.Phase == core.Succeeded, Note: w.safe("note", "GitHub serves no live text: the log opens when the job ends"), Nodes: []core.Node{
			w.job(ref, 0, "lint", core.Succeeded, "success", 20*time.Second, 70*time.Second), build,
			w.node(1, "Set up job", core.Succeeded, "success", 2*time.Second, 48*time.Second), w.node(1, "npm run build", core.Pending, "in_progress", 0, 46*time.Second), w.node(1, "Upload", core.Unknown, "", 0, 0),
			w.job(ref, 0, "deploy", core.Unknown, "queued", 0, 0),
		}}
	}
}

// oldRun is a run that went well, older than what is listed.
func (w *World) oldRun(ref core.Ref) *core.Resource {
	word, flow := w.safe("reason", "success"), w.raw("name", "ci")
	return &core.Resource{
		Ref: ref, Phase: core.Succeeded, Reason: word, Started: ago(3 * time.Hour), Changed: ago(3 * time.Hour),
		Cells: []core.Cell{
			{Text: text.Clean(flow)},
			{Text: text.Lit("github")},
			num(1840),
			{Text: w.safe("branch", "main")},
			{Text: w.safe("commit", "77aa001")},
			{Num: 3003},
			{Text: word},
			{Num: 99},
			{Num: 121},
			{Text: w.safe("author", "kim")},
			{Text: w.safe("title", "read the pool size")},
			{Text: w.safe("event", "push")},
			{},
			num(1), age(3 * time.Hour),
		},
		Facts: &core.Facts{Commit: w.raw("commit", "77aa001f00d"), Repo: w.raw("repo", "github.com/acme/api"), URL: w.raw("url", "https://github.com/acme/api/actions/runs/91840")},
	}
}

// explain is why the failed runs of the world failed.
func (w *World) explain(ref core.Ref) core.Explanation {
	at, good := ref, ref
	at.Kind, at.Name, at.UID = "job", ref.Name+"/"+w.raw("node", "test (1.26)"), "job-"+ref.UID+"-test (1.26)"
	good.Name, good.UID = w.raw("name", "ci/1840"), "91840"
	x := core.Explanation{
		Summary: w.safe("summary", "test (1.26) failed in step go test ./... after 1m14s"), At: at, Step: w.safe("step", "go test ./..."),
		Lines:       w.lines("log", "--- FAIL: TestPoolSize (0.02s)", "    pool_test.go:41: got 200, want 50", "FAIL\tacme/api/pool\t0.4s"),
		Annotations: []core.Annotation{{Level: core.LevelError, Path: w.safe("path", "pool/pool_test.go"), Line: 41, Title: w.safe("annotation", "TestPoolSize"), Message: w.safe("annotation", "got 200, want 50")}},
		Good:        good, GoodTitle: w.safe("good", "ci #1840, 77aa001, 3h ago by kim"),
		Commits: []core.Commit{{SHA: w.raw("commit", "9f3c2e1d4b7a"), Title: w.safe("title", "pool size 200"), Author: w.safe("author", "kim"), At: ago(20 * time.Minute)}, {SHA: w.raw("commit", "1ab23c4d5e6f"), Title: w.safe("title", "bump pgx"), Author: w.safe("author", "alex"), At: ago(2 * time.Hour)}},
		Note:    w.safe("note", "annotations of 1 job could not be read: 403"),
	}
	return x
}

// ciLog is the log of a run or a job: groups that its steps make.
func (w *World) ciLog(req core.LogRequest) []core.Line {
	origins := []*core.Origin{{Ref: req.Ref, Label: w.safe("label", "lint")}, {Ref: req.Ref, Label: w.safe("label", "test (1.26)")}}
	if req.Ref.Kind == "job" {
		origins = origins[1:]
	}
	var out []core.Line
	at := time.Now().Add(-5 * time.Minute)
	for n, o := range origins {
		add := func(g core.Group, level core.Level, s string) {
			at = at.Add(time.Second)
			out = append(out, core.Line{Time: at.UnixNano(), Origin: o, Group: g, Level: level, Text: text.CleanLine(w.raw("log", s))})
		}
		for _, step := range []string{"Set up job", "Run actions/checkout@v5", "go test ./..."} {
			add(core.GroupOpen, core.LevelNone, step)
			for i := range 6 {
				add(core.GroupNone, core.LevelNone, fmt.Sprintf("%s: line %d", strings.ToLower(step), i))
			}
			if n == len(origins)-1 && step == "go test ./..." {
				add(core.GroupNone, core.LevelError, "--- FAIL: TestPoolSize (0.02s)")
			}
			out = append(out, core.Line{Time: at.UnixNano(), Origin: o, Group: core.GroupClose})
		}
		add(core.GroupNone, core.LevelNone, "Cleaning up orphan processes")
	}
	return out
}

// dispatchForm asks more than a small screen has rows for.
func (w *World) dispatchForm(choice func(string, ...string) core.Choice) core.Form {
	f := core.Form{Note: w.safe("note", "inputs of .github/workflows/deploy.yaml on main"), Fields: []core.Field{
		{Name: "ref", Title: text.Lit("branch or tag"), Type: core.FieldChoice, Value: "main", Open: true, Required: true, Choices: []core.Choice{choice("main", "main"), choice("release/2.14", "release/2.14")}},
		{Name: "input.environment", Title: w.safe("title", "environment"), Help: w.safe("help", "where to"), Type: core.FieldChoice, Value: "staging", Choices: []core.Choice{choice("staging", "staging"), choice("production", "production")}},
		{Name: "input.dry_run", Title: w.safe("title", "dry_run"), Type: core.FieldBool, Value: "true"},
		{Name: "input.replicas", Title: w.safe("title", "replicas"), Type: core.FieldNumber, Value: "3", Min: 1, Max: 50},
		{Name: "input.reason", Title: w.safe("title", "reason"), Help: w.safe("help", "why now"), Type: core.FieldText, Required: true},
	}}
	for n := range 14 {
		f.Fields = append(f.Fields, core.Field{Name: fmt.Sprintf("input.flag_%d", n), Type: core.FieldText, Value: w.raw("value", fmt.Sprintf("value %d", n))})
	}
	return f
}

// rowOf is the row of a job, which no list has; nil: no run has such a job.
func (w *World) rowOf(ref core.Ref) *core.Resource {
	for _, c := range w.Rows(GitHub, "run") {
		for _, n := range w.outline(c.Resource.Ref).Nodes {
			if n.Ref == ref && n.Row != nil {
				return n.Row
			}
		}
	}
	return nil
}
