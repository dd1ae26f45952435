package argo

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"devops-tui/internal/core"
	"devops-tui/test/sim/contract"
)

// recorded reads one of the recorded answers of the real systems.
func recorded(t *testing.T, path ...string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(append([]string{contract.Folder(t)}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func application(t *testing.T, name string) *Application {
	t.Helper()
	a, err := DecodeApplication(recorded(t, "argocd", "real-3.2.11", name))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func cell(r *core.Resource, columns []core.Column, id string) core.Cell {
	return r.Cells[slices.IndexFunc(columns, func(c core.Column) bool { return c.ID == id })]
}

// TestRealApplicationStream follows an application of the real Argo CD through
// its creation, two syncs and a rollback: the phases come in this order.
func TestRealApplicationStream(t *testing.T) {
	var seen []string
	for line := range bytes.Lines(recorded(t, "argocd", "real-3.2.11", "stream-applications.ndjson")) {
		var e struct {
			Result struct {
				Application json.RawMessage `json:"application"`
			} `json:"result"`
		}
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatal(err)
		}
		a, err := DecodeApplication(e.Result.Application)
		if err != nil {
			t.Fatal(err)
		}
		r := ApplicationRow(a, core.Ref{Name: a.Meta.Name})
		if len(r.Cells) != len(ApplicationColumns()) {
			t.Fatalf("%d cells for %d columns", len(r.Cells), len(ApplicationColumns()))
		}
		s := r.Phase.String() + " " + r.Reason.String()
		if len(seen) == 0 || seen[len(seen)-1] != s {
			seen = append(seen, s)
		}
	}
	want := []string{
		"unknown NotReconciled", "failed Missing", "pending SyncRequested", "pending Syncing", "pending Progressing", "running Synced",
		"degraded OutOfSync", "pending SyncRequested", "pending Syncing", "pending Progressing", "running Synced",
		"pending SyncRequested", "pending Syncing", "pending Progressing", "degraded OutOfSync", "pending SyncRequested", "pending Syncing",
	}
	if !slices.Equal(seen, want) {
		t.Errorf("phases\n%s\ninstead of\n%s", strings.Join(seen, "\n"), strings.Join(want, "\n"))
	}
}

func TestRealApplication(t *testing.T) {
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	a := application(t, "application-rolledback.json")
	r := ApplicationRow(a, core.Ref{Source: "kube", Scope: "test", Kind: KindApplication, Namespace: "argocd", Name: "guestbook"})
	for id, want := range map[string]string{
		"branch": "main", "commit": "a15c8d5", "status": "OutOfSync", "sync": "OutOfSync", "health": "Healthy", "auto": "off", "author": "admin",
		"project": "default", "destination": "in-cluster/default", "images": "registry.local/guestbook:v1",
	} {
		if got := cell(r, ApplicationColumns(), id).Text.String(); got != want {
			t.Errorf("%s is %q, not %q", id, got, want)
		}
	}
	if n := cell(r, ApplicationColumns(), "stage").Num; n != 1000 {
		t.Errorf("stage %v: one resource, none of it in sync", n)
	}
	if r.Facts.Commit != "a15c8d5c8fb16f744f922db97853c442f2379f7f" || r.Facts.Image[0] != "registry.local/guestbook:v1" || r.Facts.Repo != "" || r.Started != a.Status.State.StartedAt.UnixNano() {
		t.Errorf("%+v", r.Facts)
	}
	all := a.Entries(nil)
	if len(all) != 3 || all[0].ID != 2 || !all[0].Now || all[0].Images[0] != "registry.local/guestbook:v1" || all[1].Images != nil {
		t.Errorf("%+v", all)
	}
	for to, id := range map[string]int64{"": 1, "0": 0, "a15c8d5": 1, "a099": 2} {
		if e := Find(all, to); e == nil || e.ID != id {
			t.Errorf("to %q: %+v", to, e)
		}
	}
	for _, to := range []string{"7", "a15", "ffff"} {
		if e := Find(all, to); e != nil {
			t.Errorf("to %q: %+v", to, e)
		}
	}
	var doc strings.Builder
	for _, l := range a.History(func(rev string) CommitInfo { return CommitInfo{Author: "kim", Message: "Fix the door\n\nlong"} }, now).Lines {
		doc.WriteString(l.String() + "\n")
	}
	for _, want := range []string{"2  a099976  deployed 3m ago by admin  (now)", "1  a15c8d5", "Fix the door, kim", "image registry.local/guestbook:v1"} {
		if !strings.Contains(doc.String(), want) {
			t.Errorf("the history lacks %q:\n%s", want, doc.String())
		}
	}
	resolve := func(_, _, kind, ns, name string) core.Ref {
		return core.Ref{Kind: strings.ToLower(kind), Namespace: ns, Name: name}
	}
	tree, err := DecodeTree(recorded(t, "argocd", "real-3.2.11", "resource-tree.json"))
	if err != nil {
		t.Fatal(err)
	}
	o := a.Outline(tree, resolve)
	var lines []string
	for _, n := range o.Nodes {
		lines = append(lines, strings.Repeat(" ", n.Depth)+n.Ref.Kind+" "+n.Phase.String()+" "+n.Reason.String())
	}
	if lines[0] != "deployment degraded OutOfSync, Healthy" || !slices.Contains(lines, " replicaset running Healthy") || !slices.Contains(lines, "  pod running Healthy") {
		t.Errorf("%s", strings.Join(lines, "\n"))
	}
	e := a.Explain(resolve, now)
	if e.Summary.String() != "OutOfSync" || len(e.Annotations) != 1 || !strings.Contains(e.Annotations[0].Message.String(), "differs from Git") || !strings.Contains(e.GoodTitle.String(), "a15c8d5") {
		t.Errorf("%+v", e)
	}
}

// TestCircle: a tree that goes in a circle ends.
func TestCircle(t *testing.T) {
	tree := &Tree{Nodes: []TreeNode{
		{Kind: "A", Name: "a", Parents: []TreeNode{{Kind: "B", Name: "b"}, {Kind: "Root", Name: "r"}}},
		{Kind: "B", Name: "b", Parents: []TreeNode{{Kind: "A", Name: "a"}}},
	}}
	a := &Application{Status: ApplicationStatus{Resources: []ResourceStatus{{Kind: "Root", Name: "r", Status: "Synced"}}}}
	if o := a.Outline(tree, nil); len(o.Nodes) != 3 || !o.Nodes[0].Ref.IsZero() {
		t.Errorf("%d nodes", len(o.Nodes))
	}
}

func TestFailedSync(t *testing.T) {
	a, err := DecodeApplication([]byte(`{"metadata":{"name":"shop"},"spec":{"sources":[{"repoURL":"git@github.com:acme/shop.git","targetRevision":"main"},{"repoURL":"https://charts.acme.io","chart":"db"}],
	 "syncPolicy":{"automated":{"prune":true,"enabled":false}}},"status":{"sync":{"status":"OutOfSync","revisions":["a15c8d5c8fb16f744f922db97853c442f2379f7f","1.2.3"]},"health":{"status":"Healthy"},
	 "conditions":[{"type":"OrphanedResourceWarning","message":"x"}],
	 "operationState":{"phase":"Failed","message":"one or more objects failed","startedAt":"2026-11-22T08:00:00Z","finishedAt":"2026-11-22T08:00:05Z","operation":{"initiatedBy":{"automated":true}},
	 "syncResult":{"resources":[{"kind":"Service","namespace":"shop","name":"web","status":"Synced","syncPhase":"Sync"},{"group":"batch","kind":"Job","namespace":"shop","name":"migrate","status":"SyncFailed","message":"denied by \u001b[31mpolicy","syncPhase":"PreSync"}]}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	r := ApplicationRow(a, core.Ref{Name: "shop"})
	if r.Phase != core.Failed || r.Reason.String() != "SyncFailed" || a.AutoSync() || r.Facts.Repo != "github.com/acme/shop" || r.Facts.Actor != "auto-sync" {
		t.Errorf("%v %s %+v", r.Phase, r.Reason, r.Facts)
	}
	if got := cell(r, ApplicationColumns(), "commit").Text.String(); got != "a15c8d5, 1.2.3" {
		t.Errorf("revisions %s", got)
	}
	e := a.Explain(nil, time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC))
	if e.Step.String() != "PreSync Job shop/migrate" || len(e.Annotations) != 3 || e.Annotations[0].Level != core.LevelWarn || strings.Contains(e.Annotations[2].Message.String(), "\x1b") {
		t.Errorf("%+v", e)
	}
	if o := a.Outline(nil, nil); len(o.Nodes) != 3 || o.Nodes[0].Phase != core.Failed || o.Nodes[2].Phase != core.Failed || o.Nodes[1].Phase != core.Succeeded {
		t.Errorf("%+v", o.Nodes)
	}
}

// TestRealRollouts reads the recorded rollouts of the real controller.
func TestRealRollouts(t *testing.T) {
	for file, want := range map[string]struct {
		phase  core.Phase
		reason string
		stage  float64
		weight string
		waits  string
	}{
		"canary-paused.json":    {core.Pending, "Paused", 4001, "25%", "promotion (canary 25%, step 2 of 4)"},
		"canary-healthy.json":   {core.Running, "Healthy", 4004, "100%", ""},
		"canary-aborted.json":   {core.Degraded, "Aborted", 4000, "0%", ""},
		"bluegreen-paused.json": {core.Pending, "Paused", 0, "", "promotion (blue/green, the preview is up)"},
	} {
		o, err := DecodeRollout(recorded(t, "rollouts", "real", file))
		if err != nil {
			t.Fatal(err)
		}
		r := RolloutRow(o, core.Ref{Name: o.Meta.Name})
		waits := ""
		if len(r.Facts.Waits) > 0 {
			waits = r.Facts.Waits[0].String()
		}
		if r.Phase != want.phase || r.Reason.String() != want.reason || waits != want.waits || cell(r, RolloutColumns(), "stage").Num != want.stage || cell(r, RolloutColumns(), "weight").Text.String() != want.weight {
			t.Errorf("%s: %v %s, waits for %q, stage %v, weight %s", file, r.Phase, r.Reason, waits, cell(r, RolloutColumns(), "stage").Num, cell(r, RolloutColumns(), "weight").Text)
		}
		if len(r.Cells) != len(RolloutColumns()) {
			t.Errorf("%d cells for %d columns", len(r.Cells), len(RolloutColumns()))
		}
	}
}

// TestSamples reads the objects that Argo Rollouts tests its own tool with.
func TestSamples(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(contract.Folder(t), "rollouts", "samples", "*.yaml"))
	if err != nil || len(files) < 30 {
		t.Fatalf("%v, %d files", err, len(files))
	}
	read := map[string]int{}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var v map[string]any
		if err := yaml.Unmarshal(b, &v); err != nil {
			t.Fatal(err)
		}
		if b, err = json.Marshal(v); err != nil {
			t.Fatal(err)
		}
		var r *core.Resource
		switch v["kind"] {
		case "Rollout":
			o, err := DecodeRollout(b)
			if err != nil {
				t.Fatalf("%s: %v", f, err)
			}
			r = RolloutRow(o, core.Ref{Name: o.Meta.Name})
			if out := o.Outline(nil, nil); len(o.Steps()) > 0 && len(out.Nodes) != len(o.Steps())+1 {
				t.Errorf("%s: %d nodes", f, len(out.Nodes))
			}
		case "AnalysisRun":
			a, err := DecodeAnalysisRun(b)
			if err != nil {
				t.Fatalf("%s: %v", f, err)
			}
			r = AnalysisRow(a, core.Ref{Name: a.Meta.Name})
			if r.Phase != core.Degraded || cell(r, AnalysisColumns(), "passed").Num != 4 || cell(r, AnalysisColumns(), "failed").Num != 6 || cell(r, AnalysisColumns(), "owner").Text.String() != "rollout-experiment-analysis" {
				t.Errorf("%s: %v %+v", f, r.Phase, r.Cells)
			}
			out := a.Outline()
			if len(out.Nodes) != 1+maxMeasurements || !out.Done || out.Nodes[0].Info.String() != "4 passed, 4 failed, 1 inconclusive, 1 errors" || out.Nodes[1].Phase != core.Succeeded {
				t.Errorf("%+v", out.Nodes)
			}
			if e := a.Explain(); len(e.Annotations) != 1 || !strings.Contains(e.Annotations[0].Message.String(), "5 of 8 failed") {
				t.Errorf("%+v", e)
			}
		default:
			continue
		}
		read[v["kind"].(string)]++
		if r.Phase == core.Unknown {
			t.Errorf("%s: %s cannot be told", filepath.Base(f), r.Reason)
		}
	}
	if read["Rollout"] < 8 || read["AnalysisRun"] != 1 {
		t.Errorf("%v", read)
	}
}

func TestRepo(t *testing.T) {
	for in, want := range map[string]string{
		"https://github.com/acme/shop.git": "github.com/acme/shop", "git@github.com:acme/shop.git": "github.com/acme/shop", "ssh://git@git.acme.io:22/a/b/c": "git.acme.io/a/b/c",
		"https://user:pw@git.acme.io:8443/x/y/": "git.acme.io:8443/x/y", "file:///srv/git/repo.git": "", "": "", "nonsense": "",
	} {
		if got := Repo(in); got != want {
			t.Errorf("%s is %q, not %q", in, got, want)
		}
	}
}
