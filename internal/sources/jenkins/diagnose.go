package jenkins

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"devops-tui/internal/core"
	"devops-tui/internal/rest"
	"devops-tui/internal/text"
)

// Diagnose implements sources.Diagnoser.
func (s *Source) Diagnose(ctx context.Context) []core.Finding {
	ctx = urgently(ctx)
	var out []core.Finding
	add := func(level core.FindingLevel, says, fix text.Safe) {
		out = append(out, core.Finding{Source: ID, Scope: s.server.scope, Level: level, Text: says, Fix: fix})
	}
	problem := func(err error) {
		p := s.Problem(err)
		add(core.FindingProblem, p.Summary, p.Hint)
	}
	jobs, _, err := s.sweep(ctx)
	if err != nil {
		problem(err)
		return out
	}
	version := ""
	if v := s.version.Load(); v != nil {
		version = " " + *v
	}
	folders := map[string]bool{}
	for _, j := range jobs {
		folders[j.ns] = true
	}
	add(core.FindingOK, text.Sprintf("Jenkins%s at %s: %d jobs in %d folders", version, s.api.Base().Redacted(), len(jobs), len(folders)), text.Safe{})
	s.diagnoseIdentity(ctx, add, problem)
	s.mu.Lock()
	quiet := s.quiet
	s.mu.Unlock()
	if quiet {
		add(core.FindingInfo, text.Lit("Jenkins is about to shut down: nothing leaves the queue"), text.Lit("Manage Jenkins, Cancel Shutdown"))
	}
	s.diagnoseStages(ctx, jobs, add)
	s.diagnoseAgents(ctx, add)
	b := s.api.Budget()
	add(core.FindingInfo, text.Sprintf("Jenkins has no request budget; %d requests sent, one at a time", b.Sent), text.Safe{})
	return out
}

type addFinding func(level core.FindingLevel, says, fix text.Safe)

// diagnoseIdentity says as whom the controller sees us, and what changes need.
func (s *Source) diagnoseIdentity(ctx context.Context, add addFinding, problem func(error)) {
	var me struct {
		ID   string `json:"id"`
		Name string `json:"fullName"`
	}
	_, err := s.get(ctx, []string{"me"}, "id,fullName", &me)
	var p *core.Problem
	switch {
	case err == nil && me.ID != "" && me.ID != "anonymous":
		add(core.FindingOK, text.Sprintf("signed in as %s (%s)", me.ID, me.Name), text.Safe{})
	case err == nil, s.server.user == "" && (rest.StatusOf(err) == http.StatusForbidden || rest.StatusOf(err) == http.StatusNotFound):
		add(core.FindingInfo, text.Lit("anonymous: what only users may see or do is not offered"), text.Lit("set JENKINS_USER_ID and JENKINS_API_TOKEN"))
	case errors.As(err, &p), err != nil:
		problem(err)
	}
	secret, err := s.token.Get(ctx)
	token := err == nil && isAPIToken(secret)
	var crumb struct {
		Field string `json:"crumbRequestField"`
	}
	_, err = s.getJSON(ctx, []string{"crumbIssuer", "api", "json"}, nil, &crumb)
	switch {
	case token && err == nil:
		add(core.FindingOK, text.Lit("CSRF protection is on; an API token needs no crumb"), text.Safe{})
	case err == nil:
		add(core.FindingInfo, text.Lit("CSRF protection is on: each change fetches a crumb first"), text.Sprintf("an API token needs none: %s/me/security", s.api.Base().Redacted()))
	case rest.StatusOf(err) == http.StatusNotFound:
		add(core.FindingInfo, text.Lit("CSRF protection is off"), text.Safe{})
	}
}

// diagnoseStages says whether the plugin that serves stages and inputs is there.
func (s *Source) diagnoseStages(ctx context.Context, jobs map[string]*job, add addFinding) {
	var some *job
	for _, j := range jobs {
		if j.isPipeline() && j.last.Number > 0 && (some == nil || j.full < some.full) {
			some = j
		}
	}
	if some == nil {
		add(core.FindingInfo, text.Lit("no Pipeline was built yet: whether stages are served is not known"), text.Safe{})
		return
	}
	_, err := s.describe(ctx, target{full: some.full, number: some.last.Number})
	switch {
	case err == nil:
		add(core.FindingOK, text.Lit("stages and inputs are served by the plugin Pipeline: REST API"), text.Safe{})
	case rest.StatusOf(err) == http.StatusNotFound:
		add(core.FindingMissing, text.Lit("the plugin Pipeline: REST API is missing: no states of stages, no inputs to answer (console marks tell the stages)"),
			text.Lit("Manage Jenkins, Plugins: install Pipeline: REST API (pipeline-rest-api)"))
	}
}

// diagnoseAgents counts who builds.
func (s *Source) diagnoseAgents(ctx context.Context, add addFinding) {
	var out struct {
		Busy      int `json:"busyExecutors"`
		Total     int `json:"totalExecutors"`
		Computers []struct {
			Name    string `json:"displayName"`
			Offline bool   `json:"offline"`
		} `json:"computer"`
	}
	if _, err := s.get(ctx, []string{"computer"}, "busyExecutors,totalExecutors,computer[displayName,offline]", &out); err != nil {
		return // it is an extra
	}
	offline := 0
	name := ""
	for _, c := range out.Computers {
		if c.Offline {
			offline++
			name = c.Name
		}
	}
	if offline > 0 {
		add(core.FindingInfo, text.Sprintf("%d of %d executors busy; offline: %s", out.Busy, out.Total, offlineWords(name, offline)), text.Safe{})
		return
	}
	add(core.FindingOK, text.Sprintf("%d of %d executors busy", out.Busy, out.Total), text.Safe{})
}

func offlineWords(name string, n int) string {
	if n == 1 {
		return name
	}
	return name + " and " + strconv.Itoa(n-1) + " more"
}
