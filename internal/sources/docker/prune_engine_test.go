package docker

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
	dockertest "devops-tui/test/docker"
)

// spoken keeps what a change says.
type spoken struct {
	mu    sync.Mutex
	lines []string
	steps []core.Progress
}

func (x *spoken) Progress(p core.Progress) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.steps = append(x.steps, p)
}

func (x *spoken) Line(l text.Line) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.lines = append(x.lines, l.String())
}

func listed(op *core.Operation) string {
	var out []string
	for _, c := range op.Plan.Changes {
		out = append(out, c.Field.String())
	}
	return strings.Join(out, "\n")
}

func TestPruneRemovesExactlyWhatItListed(t *testing.T) {
	e := dockertest.StartFor(t, dockertest.Options{})
	gate := &sources.Gate{}
	s := over(t, e, gate)
	haveImage(t, e)
	e.RunFor(t, dockertest.RunSpec{Name: "alive", Volumes: []string{"in-use:/data"}})
	for _, name := range []string{"dead-1", "dead-2"} {
		output(t, e, "create", "--name", name, dockertest.DefaultImage)
	}
	output(t, e, "network", "create", "lonely")
	output(t, e, "volume", "create", "leftover")
	output(t, e, "tag", dockertest.DefaultImage, "spare/app:1")
	if err := e.Image(t.Context(), "unused/app:9"); err != nil {
		t.Fatal(err)
	}
	ref := s.ref(kindHost, s.host.scope, "")
	form, err := s.Form(t.Context(), core.VerbPrune, ref)
	if err != nil || form.Fields[0].Value != "containers,networks,images,build-cache" || form.Fields[0].Choices[1].Cells[2].String() != "2" {
		t.Fatalf("form %+v, %v", form, err)
	}
	if _, err := s.PlanPrune(t.Context(), ref, []string{"everything"}); s.Problem(err) == nil || s.Problem(err).Kind != core.Invalid {
		t.Errorf("everything: %v", err)
	}
	op, err := s.PlanPrune(t.Context(), ref, []string{"containers", "networks", "volumes-all", "images-all"})
	if err != nil {
		t.Fatal(err)
	}
	if got := listed(op); got != "container dead-1\ncontainer dead-2\nnetwork lonely\nvolume leftover\nimage unused/app:9" || op.Plan.Danger != 2 {
		t.Fatalf("listed %s", got)
	}
	// What comes later is unused too, but was not shown; what is used
	// meanwhile is left.
	output(t, e, "create", "--name", "late", dockertest.DefaultImage)
	output(t, e, "volume", "create", "late")
	output(t, e, "start", "dead-2")
	says := &spoken{}
	if err := op.Execute(sources.Permit(t.Context()), says); err != nil {
		t.Fatal(err)
	}
	outcome, err := op.Verify(t.Context(), func(p core.Progress) { says.Progress(p) })
	if err != nil || outcome != core.OutcomeHealthy {
		t.Errorf("Verify: %v, %v", outcome, err)
	}
	if last := says.steps[len(says.steps)-1].Text.String(); !strings.Contains(last, "4 of 5 removed") || !strings.Contains(last, "dead-2 (it was started meanwhile)") {
		t.Errorf("says %q", last)
	}
	if len(says.lines) != 5 || !strings.Contains(strings.Join(says.lines, "\n"), "left container dead-2") {
		t.Errorf("said %q", says.lines)
	}
	if gate.Sent() != 4 {
		t.Errorf("%d requests, want 4", gate.Sent())
	}
	left := strings.Fields(output(t, e, "ps", "-a", "--format", "{{.Names}}"))
	slices.Sort(left)
	if !slices.Equal(left, []string{"alive", "dead-2", "late"}) || !gone(t, e, "volume", "leftover") || gone(t, e, "volume", "late") || gone(t, e, "volume", "in-use") ||
		!gone(t, e, "network", "lonely") || !gone(t, e, "image", "unused/app:9") || gone(t, e, "image", "spare/app:1") {
		t.Errorf("left %v", left)
	}
	// The command does the same by hand.
	if op, err = s.PlanPrune(t.Context(), ref, []string{"containers", "volumes-all"}); err != nil {
		t.Fatal(err)
	}
	paste(t, op)
	if !gone(t, e, "container", "late") || !gone(t, e, "volume", "late") {
		t.Errorf("the command %s did not", op.Plan.Command)
	}
	if _, err := s.PlanPrune(t.Context(), ref, []string{"containers"}); s.Problem(err) == nil || !strings.Contains(err.Error(), "nothing to remove") {
		t.Errorf("nothing left: %v", err)
	}
}

func TestAPruneThatLosesAnAnswerSaysHowFarItCame(t *testing.T) {
	x := script(t)
	x.json("/info", map[string]any{"ID": "engine"})
	var there atomic.Int64
	there.Store(3)
	x.mux.HandleFunc("/system/df", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"Volumes":[{"Name":"a","CreatedAt":"1","UsageData":{"Size":3,"RefCount":0}},{"Name":"b","CreatedAt":"1","UsageData":{"Size":2,"RefCount":0}},{"Name":"c","CreatedAt":"1","UsageData":{"Size":1,"RefCount":0}}]}`))
	})
	x.json("/networks", []any{})
	for i, name := range []string{"a", "b", "c"} {
		x.mux.HandleFunc("/volumes/"+name, func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodDelete {
				there.Store(int64(2 - i))
				if name == "b" {
					panic(http.ErrAbortHandler)
				}
				w.WriteHeader(http.StatusNoContent)
				return
			}
			_, _ = w.Write([]byte(`{"Name":"` + name + `","CreatedAt":"1"}`))
		})
	}
	x.mux.HandleFunc("/volumes", func(w http.ResponseWriter, _ *http.Request) {
		all := []string{`{"Name":"c","CreatedAt":"1"}`, `{"Name":"b","CreatedAt":"1"}`, `{"Name":"a","CreatedAt":"1"}`}
		_, _ = w.Write([]byte(`{"Volumes":[` + strings.Join(all[:there.Load()], ",") + `]}`))
	})
	op, err := x.PlanPrune(t.Context(), x.Source.ref(kindHost, x.host.scope, ""), []string{"volumes-all"})
	if err != nil || len(op.Plan.Changes) != 3 || len(op.Plan.Warnings) != 1 {
		t.Fatalf("plan %+v, %v", op, err)
	}
	if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); !errors.Is(err, core.ErrOutcomeUnknown) {
		t.Fatalf("Execute: %v", err)
	}
	outcome, err := op.Verify(t.Context(), func(core.Progress) {})
	if outcome != core.OutcomeFailed || err == nil || !strings.Contains(err.Error(), "2 of 3 removed") {
		t.Errorf("Verify: %v, %v", outcome, err)
	}
	if n := x.calls("DELETE /volumes/b"); n != 1 || x.calls("DELETE /volumes/c") != 0 {
		t.Errorf("sent %d times", n)
	}
}

func TestTheBuildCacheIsRemovedRecordByRecord(t *testing.T) {
	x := script(t)
	x.json("/info", map[string]any{"ID": "engine"})
	x.json("/networks", []any{})
	left := map[string]bool{"base": true, "made": true, "busy": true}
	var mu sync.Mutex
	x.mux.HandleFunc("/system/df", func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		var out []string
		for id := range left {
			out = append(out, `{"ID":"`+id+`","Size":1000,"InUse":`+map[bool]string{true: "true", false: "false"}[id == "busy"]+`}`)
		}
		_, _ = w.Write([]byte(`{"BuildCache":[` + strings.Join(out, ",") + `]}`))
	})
	x.mux.HandleFunc("/build/prune", func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		f := r.URL.Query().Get("filters")
		deleted := "null"
		for _, id := range []string{"made", "base"} {
			if strings.Contains(f, `"`+id+`"`) && left[id] && (id == "made" || !left["made"]) { // base only after what was made from it
				delete(left, id)
				deleted = `["` + id + `"]`
			}
		}
		_, _ = w.Write([]byte(`{"CachesDeleted":` + deleted + `,"SpaceReclaimed":1000}`))
	})
	op, err := x.PlanPrune(t.Context(), x.Source.ref(kindHost, x.host.scope, ""), []string{"build-cache"})
	if err != nil || len(op.Plan.Changes) != 2 {
		t.Fatalf("plan %+v, %v", op, err)
	}
	if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); err != nil {
		t.Fatal(err)
	}
	if outcome, err := op.Verify(t.Context(), func(core.Progress) {}); outcome != core.OutcomeHealthy || err != nil {
		t.Errorf("Verify: %v, %v", outcome, err)
	}
	if !left["busy"] || len(left) != 1 {
		t.Errorf("left %v", left)
	}
}

func TestTheHostIsARowThatAddsUpOnlyWhenAsked(t *testing.T) {
	e := dockertest.StartFor(t, dockertest.Options{})
	s := over(t, e, nil)
	rec := watching(t, s, core.Interest{Kinds: []string{kindHost}})
	cell := func(id string) core.Cell {
		rows := rec.Rows(kindHost)
		if len(rows) != 1 {
			return core.Cell{Num: -1}
		}
		for i, c := range kinds()[5].Columns {
			if c.ID == id {
				return rows[0].Cells[i]
			}
		}
		return core.Cell{Num: -2}
	}
	until(t, 20*time.Second, "the row", func() bool { return cell("containers").Num == 0 && cell("cpus").Num > 0 })
	if got := cell("disk").Text.String(); got != "–" {
		t.Errorf("the disk is known without a question: %q", got)
	}
	e.RunFor(t, dockertest.RunSpec{Name: "counted"})
	until(t, 20*time.Second, "the counts", func() bool { return cell("running").Num == 1 && cell("images").Num == 1 })
	ref := rec.Rows(kindHost)[0].Ref
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	d, err := s.Describe(ctx, ref)
	if err != nil || len(d.Lines) < 10 {
		t.Fatalf("Describe: %v, %v", d, err)
	}
	until(t, 20*time.Second, "the disk", func() bool { return cell("disk").Num > 1<<20 })
	// The engine adds up for one at a time only.
	var asked atomic.Int64
	for range 4 {
		go func() {
			defer asked.Add(1)
			if _, err := s.reckon(ctx); err != nil {
				t.Errorf("at the same time: %v", err)
			}
		}()
	}
	until(t, 20*time.Second, "four answers", func() bool { return asked.Load() == 4 })
	if r, err := s.Get(ctx, ref); err != nil || r.Cells[3].Num != 1 {
		t.Errorf("Get: %+v, %v", r, err)
	}
}
