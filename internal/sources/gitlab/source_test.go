package gitlab

import (
	"strconv"
	"testing"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/sources/sourcetest"
)

func TestConformance(t *testing.T) {
	b := newBench(t)
	log := b.Push(shop, standard("Log"))
	b.SetJob(b.JobID(log, "build"), "running", "")
	b.Log(b.JobID(log, "build"), "section_start:1700000000:prepare_script\r\x1b[0KPreparing\nline one\nline two\nsection_end:1700000001:prepare_script\r\x1b[0K\nline three\n")
	sourcetest.Run(t, sourcetest.Harness{
		New: func(t *testing.T, gate *sources.Gate) sources.Source {
			s := sourceAt(t, b.server.URL, gate, shop)
			hurry(s, 15)
			return s
		},
		Create: func(t *testing.T, name string) core.Ref { return runRef(b.Push(shop, standard(name))) },
		Remove: func(t *testing.T, ref core.Ref) {
			id, _ := strconv.Atoi(ref.Name)
			b.Remove(id)
		},
		LogRef:    func(*testing.T) core.Ref { return runRef(log) },
		Missing:   core.Ref{Source: ID, Scope: "gitlab.test", Kind: "run", Namespace: shop, Name: "999999", UID: "999999"},
		Break:     func(*testing.T) { b.server.Stop() },
		Mend:      func(*testing.T) { _ = b.server.Again() },
		OtherKind: "environment",
		Wait:      20 * time.Second,
	})
}

// hurry lets the clock of a source run ahead: what is due in a minute is due in
// seconds.
func hurry(s *Source, by int64) {
	start := time.Now()
	s.now = func() time.Time { return start.Add(time.Since(start) * time.Duration(by)) }
	s.timer = func(d time.Duration) *time.Timer { return time.NewTimer(d / time.Duration(by)) }
}

func TestRowsTellHowPipelinesStand(t *testing.T) {
	b := newBench(t)
	id := b.Push(shop, standard("Sell bread"))
	b.SetJob(b.JobID(id, "build"), "running", "")
	rec := b.follow(t, core.Interest{Kinds: []string{"run"}, Shown: []core.Ref{runRef(id)}})
	row := func() *core.Resource { return rec.Find(runRef(id)) }
	until(t, "the pipeline with its jobs", func() bool { return row() != nil && row().Cells[7].Text.String() == "build" })
	r := row()
	if r.Phase != core.Pending || r.Reason.String() != "running" || r.Cells[5].Text.String() != "Sell bread" || r.Cells[6].Text.String() != "kim" || r.Cells[12].Text.String() != "yes" {
		t.Errorf("row: %v %v %v", r.Phase, r.Reason, r.Cells)
	}
	if r.Facts.Commit == "" || r.Facts.URL == "" || r.Facts.Service != "shop" {
		t.Errorf("facts: %+v", r.Facts)
	}
}
