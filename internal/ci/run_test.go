package ci

import (
	"strings"
	"testing"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func at(minutes float64) time.Time { return noon.Add(time.Duration(minutes * float64(time.Minute))) }

// The columns are a contract: filters, sorting and the views name them.
func TestTheColumnsOfARun(t *testing.T) {
	kinds := Kinds(Verbs{Run: []string{core.VerbRerun}})
	var ids []string
	for _, c := range kinds[0].Columns {
		ids = append(ids, c.ID)
	}
	if got := strings.Join(ids, " "); got != "name system number branch commit title author stage status duration usual event mine attempt age" {
		t.Errorf("the columns of a run are %s", got)
	}
	if k := kinds[0]; !k.Logs || !k.Polled || !k.Outline || !k.Explains || !k.Namespaced || k.Place.String() != "REPOSITORY" || k.Verbs[0] != core.VerbRerun {
		t.Errorf("the kind is %+v", k)
	}
	names := map[string]bool{}
	for _, k := range kinds {
		for _, n := range append([]string{k.Name, k.Plural}, k.Aliases...) {
			if names[n] {
				t.Errorf("%q names two kinds", n)
			}
			names[n] = true
		}
	}
}

// cell is a row's cell by the column's id.
func cell(t *testing.T, kind string, r *core.Resource, id string) core.Cell {
	t.Helper()
	for _, k := range Kinds(Verbs{}) {
		if k.Name != kind {
			continue
		}
		if len(r.Cells) != len(k.Columns) {
			t.Fatalf("%s: %d cells for %d columns", kind, len(r.Cells), len(k.Columns))
		}
		for i, c := range k.Columns {
			if c.ID == id {
				return r.Cells[i]
			}
		}
	}
	t.Fatalf("a %s has no %s", kind, id)
	return core.Cell{}
}

func TestTheRowOfARun(t *testing.T) {
	run := Run{
		Ref: core.Ref{Source: "github", Scope: "github.com", Kind: KindRun, Namespace: "acme/shop", Name: "ci/1842", UID: "77"}, System: "github",
		Workflow: "ci", Number: "1842", Branch: "main", Commit: "0123456789abcdef", Title: "tidy", Author: "kim", Event: "push", URL: "https://x", Attempt: 2,
		Phase: core.Pending, Reason: text.Lit("in_progress"), Stage: Stage{Done: 2, Total: 5, At: "test"}, Mine: true,
		Created: at(0), Started: at(10), Seen: at(11.5), Usual: 90 * time.Second, Repo: "github.com/acme/shop", Waits: []text.Safe{text.Lit("approval for production")},
	}
	r := run.Resource()
	for id, want := range map[string]core.Cell{
		"name": {Text: text.Lit("ci")}, "number": {Text: text.Lit("1842"), Num: 1842}, "commit": {Text: text.Lit("0123456")},
		"stage": {Text: text.Lit("test"), Num: 5002}, "status": {Text: text.Lit("in_progress")}, "duration": {Num: 90}, "usual": {Num: 90},
		"mine": {Text: text.Lit("yes")}, "attempt": {Text: text.Lit("2"), Num: 2}, "age": {Num: float64(at(10).Unix())},
	} {
		if got := cell(t, KindRun, r, id); got != want {
			t.Errorf("%s is %+v, want %+v", id, got, want)
		}
	}
	if f := r.Facts; f.Commit != run.Commit || f.Repo != run.Repo || f.URL != run.URL || f.Actor != "kim" || len(f.Waits) != 1 {
		t.Errorf("facts %+v", f)
	}
	run.Attempt, run.Number = 0, ""
	for _, id := range []string{"attempt", "number"} { // nothing is drawn of what is not known
		if got := cell(t, KindRun, run.Resource(), id); !got.Text.Empty() || got.Num >= 0 {
			t.Errorf("an unknown %s is %+v", id, got)
		}
	}
	run.Ended = at(12)
	if got := cell(t, KindRun, run.Resource(), "duration"); got.Num != 120 {
		t.Errorf("it took %v", got.Num)
	}
	run.Started, run.Ended = at(5), at(4) // a clock that went back
	if got := cell(t, KindRun, run.Resource(), "duration"); got.Num != 0 {
		t.Errorf("it took %v", got.Num)
	}
}

// What a stranger wrote is text, wherever it stands.
func TestForeignTextIsCleaned(t *testing.T) {
	const evil = "a\x1b]0;t\x07\u202eb"
	rows := map[string]*core.Resource{
		KindRun: Run{
			System: evil, Workflow: evil, Number: evil, Branch: evil, Commit: evil, Title: evil, Author: evil, Event: evil, Stage: Stage{Total: 1, At: evil},
		}.Resource(),
		KindJob:         Job{System: evil, Title: evil, Group: evil, Runner: evil, Steps: Stage{At: evil}}.Resource(),
		KindWorkflow:    Workflow{Ref: core.Ref{Name: evil}, System: evil, Title: evil, File: evil, Branch: evil}.Resource(),
		KindEnvironment: Environment{Ref: core.Ref{Name: evil}, System: evil, Number: evil, Branch: evil, Commit: evil, Title: evil, Author: evil}.Resource(),
	}
	for kind, r := range rows {
		cell(t, kind, r, "name")
		for i, c := range r.Cells {
			if strings.ContainsAny(c.Text.String(), "\x1b\x07\u202e") {
				t.Errorf("%s: cell %d is %q", kind, i, c.Text)
			}
		}
	}
	n := Job{Title: evil, Runner: evil}.Node(1)
	if strings.ContainsAny(n.Title.String()+n.Info.String(), "\x1b\x07\u202e") || n.Depth != 1 || n.Row == nil {
		t.Errorf("the node is %+v", n)
	}
}

func TestStagesStayWithinTheirNumber(t *testing.T) {
	for _, c := range []struct {
		stage Stage
		want  float64
	}{{Stage{}, 0}, {Stage{Done: 3, Total: 4}, 4003}, {Stage{Done: 9, Total: 4}, 4004}, {Stage{Done: 5000, Total: 5000}, 999999}, {Stage{Done: -1, Total: -1}, 0}} {
		if got := c.stage.Cell().Num; got != c.want {
			t.Errorf("%+v is %v, want %v", c.stage, got, c.want)
		}
	}
}

// ran is a run of a lane that ended so.
func ran(branch string, created float64, phase core.Phase, reason string, minutes float64) Run {
	r := Run{
		Ref: core.Ref{Source: "github", Scope: "github.com", Namespace: "acme/shop"}, Workflow: "ci", Branch: branch,
		Created: at(created), Started: at(created), Phase: phase, Reason: text.Clean(reason),
	}
	if finished(phase) {
		r.Ended = at(created + minutes)
	}
	return r
}

func TestWhatANewerRunMakesPast(t *testing.T) {
	for _, c := range []struct {
		name string
		runs []Run // the first one is asked about
		want bool
	}{
		{"alone", []Run{ran("main", 0, core.Failed, "failure", 1)}, false},
		{"a green one after it", []Run{ran("main", 0, core.Failed, "failure", 1), ran("main", 5, core.Succeeded, "success", 1)}, true},
		{"a red one after it", []Run{ran("main", 0, core.Failed, "failure", 1), ran("main", 5, core.Failed, "failure", 1)}, true},
		{"an unstable one after it", []Run{ran("main", 0, core.Failed, "failure", 1), ran("main", 5, core.Degraded, "UNSTABLE", 1)}, true},
		{"one before it", []Run{ran("main", 0, core.Failed, "failure", 1), ran("main", -5, core.Succeeded, "success", 1)}, false},
		{"the next one goes on", []Run{ran("main", 0, core.Failed, "failure", 1), ran("main", 5, core.Pending, "in_progress", 0)}, false},
		{"the next one was cancelled", []Run{ran("main", 0, core.Failed, "failure", 1), ran("main", 5, core.Succeeded, "cancelled", 1)}, false},
		{"another branch", []Run{ran("main", 0, core.Failed, "failure", 1), ran("next", 5, core.Succeeded, "success", 1)}, false},
		{"it waits", []Run{ran("main", 0, core.Pending, "waiting", 0), ran("main", 5, core.Succeeded, "success", 1)}, false},
	} {
		MarkPast(c.runs)
		if got := c.runs[0].Past; got != c.want {
			t.Errorf("%s: past is %v", c.name, got)
		}
		if last := c.runs[len(c.runs)-1]; len(c.runs) > 1 && last.Created.After(c.runs[0].Created) && last.Past {
			t.Errorf("%s: the newest run is past", c.name)
		}
	}
	again := []Run{{Past: true, Phase: core.Failed, Created: at(1)}}
	if MarkPast(again); again[0].Past {
		t.Error("what was past stays past though nothing is newer")
	}
}

func TestTheUsualDuration(t *testing.T) {
	if got := Usual(nil); got != 0 {
		t.Errorf("of none: %v", got)
	}
	runs := []Run{
		ran("main", 0, core.Succeeded, "success", 4), ran("main", 1, core.Succeeded, "success", 6), ran("next", 2, core.Succeeded, "success", 50),
		ran("main", 3, core.Failed, "failure", 1), ran("main", 4, core.Succeeded, "skipped", 0.1), ran("main", 5, core.Pending, "queued", 0),
	}
	if got := Usual(runs); got != 6*time.Minute {
		t.Errorf("the usual is %v", got)
	}
	if got := Usual(runs[:2]); got != 5*time.Minute {
		t.Errorf("of two: %v", got)
	}
	old := make([]Run, 0, 40)
	for i := range 20 {
		old = append(old, ran("main", float64(i), core.Succeeded, "success", 1), ran("main", float64(100+i), core.Succeeded, "success", 9))
	}
	if got := Usual(old); got != 9*time.Minute {
		t.Errorf("the newest count: %v", got)
	}
	other := ran("main", 6, core.Succeeded, "success", 1)
	other.Workflow = "deploy"
	runs = append(runs, other)
	Settle(runs)
	if runs[0].Usual != 6*time.Minute || runs[5].Usual != 6*time.Minute || runs[6].Usual != time.Minute {
		t.Errorf("settled: %v %v %v", runs[0].Usual, runs[5].Usual, runs[6].Usual)
	}
}
