package github

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/sources/sourcetest"
	"devops-tui/internal/text"
	"devops-tui/internal/text/texttest"
	"devops-tui/test/sim"
	simgithub "devops-tui/test/sim/github"
)

// poison is what somebody who may push to a repository can write into it.
const poison = "a\x1b]0;owned\x07\x1b[2J\x1b[31m\u202edexot\u2066\r\nsecond\x00\x9b5m\u200b end"

// drawn collects every text of v that can be drawn.
func drawn(v reflect.Value, out *[]string) {
	switch x := v.Interface().(type) {
	case text.Safe:
		*out = append(*out, x.String())
		return
	case text.Line:
		*out = append(*out, x.String())
		return
	case time.Time:
		return
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			drawn(v.Elem(), out)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				drawn(v.Field(i), out)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			drawn(v.Index(i), out)
		}
	}
}

// harmless fails for every text that could do something to a terminal, and
// counts those that had been poisoned.
func harmless(t *testing.T, what string, v any) int {
	t.Helper()
	var all []string
	drawn(reflect.ValueOf(v), &all)
	hits := 0
	for _, s := range all {
		if bad := texttest.Violations(s); bad != nil {
			t.Errorf("%s: %q: %v", what, s, bad)
		}
		if strings.ContainsAny(s, "\r\n") {
			t.Errorf("%s: more than a line: %q", what, s)
		}
		if strings.Contains(s, "dexot") {
			hits++
		}
	}
	return hits
}

func TestPoisonedMetadata(t *testing.T) {
	w := newWorld(t, simgithub.Options{})
	wf := w.repo.AddWorkflow("evil.yml", "name: x\non:\n  workflow_dispatch:\n    inputs:\n      "+quoted(poison)+":\n        description: "+quoted(poison)+"\n        default: "+quoted(poison)+"\njobs: {}\n")
	wf.Name = poison
	env := strings.ReplaceAll(poison, "\x00", "")
	w.AddToken("token-of-evil", "kim", "repo", "\u202eowned") // control characters cannot stand in a header
	w.repo.AddEnvironment(env, time.Minute, poison, "kim")
	w.repo.Commit(poison, poison, poison)
	run := w.repo.Start(simgithub.Spec{Workflow: "evil.yml", Branch: poison, Actor: poison, Title: poison, Event: poison, Jobs: []simgithub.JobSpec{
		{Name: poison, Steps: []string{poison}}, {Name: "gate", Environment: env},
	}})
	w.repo.Start(simgithub.Spec{Workflow: "evil.yml", Branch: "main", Title: poison, Actor: poison}).SetStatus(poison, "")
	bad := w.repo.Start(simgithub.Spec{Workflow: "evil.yml", Branch: "main", Title: poison, Actor: poison, Jobs: []simgithub.JobSpec{{Name: poison, Steps: []string{poison}}}})
	bad.Jobs()[0].Annotate(simgithub.Annotation{Level: "failure", Path: poison, Title: poison, Message: poison})
	bad.Jobs()[0].Fail(poison, "error: "+poison, poison)
	run.Finish()
	s := w.with(t, nil, "token-of-evil", nil)
	r := watched(t, s, core.Interest{Kinds: []string{kindEnvironment, kindRun, kindWorkflow}})
	hits := 0
	for _, kind := range []string{kindRun, kindWorkflow, kindEnvironment} {
		r.listed(t, kind)
		for _, row := range r.Rows(kind) {
			n := harmless(t, kind+" row", row)
			hits += n
			if d, err := s.Describe(t.Context(), row.Ref); err == nil {
				hits += harmless(t, kind+" description", d)
			}
			if e, err := s.Events(t.Context(), row.Ref); err == nil {
				hits += harmless(t, kind+" events", e)
			}
			if o, err := s.Outline(t.Context(), row.Ref); err == nil {
				hits += harmless(t, kind+" outline", o)
			}
			if e, err := s.Explain(t.Context(), row.Ref); err == nil {
				hits += harmless(t, kind+" explanation", e)
			}
			if h, err := s.History(t.Context(), row.Ref); err == nil {
				hits += harmless(t, kind+" history", h)
			}
			for _, verb := range core.Verbs() {
				hits += harmless(t, "disabled", s.Disabled(verb, row))
				if f, err := s.Form(t.Context(), verb, row.Ref); err == nil {
					hits += harmless(t, verb+" form", f)
				} else {
					harmless(t, verb+" form's error", sources.AsProblem(s, err))
				}
			}
			for _, plan := range []func() (*core.Operation, error){
				func() (*core.Operation, error) { return s.PlanRerun(t.Context(), row.Ref, core.Rerun{}) },
				func() (*core.Operation, error) { return s.PlanCancel(t.Context(), row.Ref, core.Cancel{}) },
				func() (*core.Operation, error) {
					return s.PlanApprove(t.Context(), row.Ref, core.Verdict{Comment: poison})
				},
				func() (*core.Operation, error) {
					return s.PlanDeploy(t.Context(), row.Ref, core.Deploy{Inputs: map[string]string{poison: poison}})
				},
				func() (*core.Operation, error) {
					return s.PlanDeploy(t.Context(), row.Ref, core.Deploy{Ref: poison})
				},
				func() (*core.Operation, error) { return s.PlanRollback(t.Context(), row.Ref, core.Rollback{}) },
			} {
				op, err := plan()
				if err != nil {
					hits += harmless(t, "plan's error", sources.AsProblem(s, err))
					continue
				}
				hits += harmless(t, "plan", op.Plan)
			}
			logs := &sourcetest.Logs{}
			if err := s.Tail(t.Context(), core.LogRequest{Ref: row.Ref, Tail: -1}, logs); err == nil {
				for _, l := range logs.All() {
					hits += harmless(t, "log", l) + harmless(t, "origin", l.Origin)
				}
			}
		}
	}
	hits += harmless(t, "doctor", s.Diagnose(t.Context()))
	if hits < 100 {
		t.Errorf("only %d texts had been poisoned: the test does not reach them", hits)
	}
}

func quoted(s string) string { b, _ := json.Marshal(s); return string(b) }

// TestTheTokenIsNowhere: a server, or what stands before it, says it again.
func TestTheTokenIsNowhere(t *testing.T) {
	w := newWorld(t, simgithub.Options{})
	run := w.red()
	s := w.source(t)
	op, err := s.PlanRerun(t.Context(), runRef(run, "ci"), core.Rerun{})
	if err != nil {
		t.Fatal(err)
	}
	see := func(what string, v any) {
		t.Helper()
		if strings.Contains(fmt.Sprintf("%v %+v", v, v), testToken) {
			t.Errorf("%s has the token: %+v", what, v)
		}
	}
	see("plan", op.Plan)
	for _, status := range []int{400, 401, 403, 404, 409, 410, 422, 429, 500, 502} {
		body := fmt.Sprintf(`{"message":"the credential %s (Authorization: Bearer %s) https://kim:%s@x/?token=%s"}`, testToken, testToken, testToken, testToken)
		w.api.Fail(func(*http.Request) bool { return true }, sim.Fault{Status: status, Body: body, Header: http.Header{"Content-Type": {"application/json"}}}, 100)
		fresh := w.source(t)
		_, err := fresh.Get(t.Context(), runRef(run, "ci"))
		see("error", err)
		see("problem", sources.AsProblem(fresh, err))
		see("cause", sources.AsProblem(fresh, err).Cause)
		see("doctor", fresh.Diagnose(t.Context()))
		err = fresh.Tail(t.Context(), core.LogRequest{Ref: runRef(run, "ci")}, &sourcetest.Logs{})
		see("error of a log", err)
		see("problem", sources.AsProblem(fresh, err))
		w.api.Heal()
	}
	see("doctor", s.Diagnose(t.Context()))
	for _, r := range w.blobs.Requests() {
		if strings.Contains(fmt.Sprint(r.Header), testToken) {
			t.Error("the token was sent to another host")
		}
	}
}
