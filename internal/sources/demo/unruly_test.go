package demo

import (
	"errors"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"devops-tui/internal/ci"
	"devops-tui/internal/core"
	"devops-tui/internal/sources"
)

// TestAnUnrulyUser does whatever can be done to pipelines and Argo's objects, in any
// order and at any time, and the world stays one that can be shown.
func TestAnUnrulyUser(t *testing.T) {
	kinds := []string{ci.KindRun, ci.KindJob, ci.KindWorkflow, ci.KindEnvironment, "application", "rollout"}
	for seed := range uint64(2) {
		synctest.Test(t, func(t *testing.T) {
			d := New(Options{Seed: seed})
			chance := rand.New(rand.NewPCG(seed, 1))
			done := map[string]int{}
			var late []*core.Operation
			for n := range 150 {
				s := d.instances[chance.IntN(2)]
				k := kindOf(s.info.Kinds, kinds[chance.IntN(len(kinds))])
				s.w.lock()
				objects := s.place.list(k.Name)
				o := objects[chance.IntN(len(objects))]
				if g := s.place.list(ci.KindRun); chance.IntN(4) == 0 { // what waits is rare
					for _, x := range g {
						if r := x.(*run); r.gate() != nil {
							o, k = r, kindOf(s.info.Kinds, ci.KindRun)
						}
					}
				}
				ref := o.ref()
				s.w.mu.Unlock()
				verb := k.Verbs[chance.IntN(len(k.Verbs))]
				op, err := planUnruly(t, s, chance, verb, ref)
				var p *core.Problem
				switch {
				case errors.As(err, &p) && p.Kind != core.Internal:
				case err != nil:
					t.Fatalf("%s of %s: %v", verb, ref, err)
				case chance.IntN(5) == 0: // somebody thinks for a while
					late = append(late, op)
				default:
					if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); err != nil {
						t.Fatalf("%s of %s: %v", verb, ref, err)
					}
					done[verb+" "+k.Name]++
				}
				if len(late) > 0 && chance.IntN(10) == 0 {
					err := late[0].Execute(sources.Permit(t.Context()), sources.Quiet)
					if err != nil && (!errors.As(err, &p) || p.Kind == core.Internal) {
						t.Fatalf("late: %v", err)
					}
					late = late[1:]
				}
				<-time.After(time.Duration(chance.IntN(40_000)) * time.Millisecond)
				if n%4 == 0 {
					presentable(t, s, kinds)
				}
			}
			if len(done) < 10 {
				t.Errorf("done was only %v", done)
			}
		})
	}
}

// planUnruly plans a verb with parameters by chance.
func planUnruly(t *testing.T, s *Source, chance *rand.Rand, verb string, ref core.Ref) (*core.Operation, error) {
	yes := chance.IntN(2) == 0
	if verb == core.VerbRollback && ref.Kind == "application" {
		return s.PlanRollback(t.Context(), ref, core.Rollback{Options: map[string]string{"auto-sync": "off"}})
	}
	switch verb {
	case core.VerbRerun:
		return s.PlanRerun(t.Context(), ref, core.Rerun{FailedOnly: yes})
	case core.VerbApprove:
		return s.PlanApprove(t.Context(), ref, core.Verdict{Options: map[string]string{"full": map[bool]string{true: "true"}[yes]}})
	}
	return planAny(t.Context(), s, verb, ref)
}

// presentable checks what every view relies on.
func presentable(t *testing.T, s *Source, kinds []string) {
	t.Helper()
	s.w.lock()
	defer s.w.mu.Unlock()
	for _, name := range kinds {
		k := kindOf(s.info.Kinds, name)
		for _, o := range s.place.list(name) {
			r := o.row()
			if len(r.Cells) != len(k.Columns) || r.Ref.UID == "" || r.Reason.Empty() || r.Facts == nil {
				t.Fatalf("the row of %s: %+v", r.Ref, r)
			}
			if r.Phase != core.Pending && len(r.Facts.Waits) > 0 && name != ci.KindEnvironment {
				t.Fatalf("%s waits for %v and is %s", r.Ref, r.Facts.Waits, r.Phase)
			}
			for _, c := range k.Columns {
				n := cellOf(t, s, r, c.ID).Num
				if c.Type == core.Stages && (int(n)%1000 > int(n)/1000 || n < 0) || c.Type == core.Duration && n < 0 {
					t.Fatalf("%s: %s is %v", r.Ref, c.ID, n)
				}
			}
			x, ok := o.(*run)
			if !ok {
				continue
			}
			active := 0
			for _, j := range x.jobs {
				if !j.status.over() && j.status != queued {
					active++
				}
				if x.status.over() && !j.status.over() || !j.ended.IsZero() && j.ended.Before(j.started) {
					t.Fatalf("%s is %s, its job %s is %s", r.Ref, x.status, j.name, j.status)
				}
			}
			if x.status.over() != (!x.ended.IsZero()) || x.status == atGate && active == 0 {
				t.Fatalf("%s is %s, ended %v, %d jobs go on", r.Ref, x.status, x.ended, active)
			}
			for _, n := range x.outline().Nodes {
				if n.Ended != 0 && n.Ended < n.Started {
					t.Fatalf("%s: %s ends before it begins", r.Ref, n.Title)
				}
			}
		}
	}
}
