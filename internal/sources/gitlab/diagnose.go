package gitlab

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/rest"
	"devops-tui/internal/text"
)

// soon is how long before its end a token is warned of.
const soon = 14 * 24 * time.Hour

// Diagnose implements sources.Diagnoser: version, identity, scopes and end of the
// token, the projects, and the rate budget.
func (s *Source) Diagnose(ctx context.Context) []core.Finding {
	var out []core.Finding
	add := func(level core.FindingLevel, says, fix text.Safe) {
		out = append(out, core.Finding{Source: ID, Scope: s.server.scope, Level: level, Text: says, Fix: fix})
	}
	if s.token.None() {
		p := noToken(s.server.host, s.server.token)
		add(core.FindingProblem, p.Summary, p.Hint)
		return out
	}
	var version struct {
		Version string `json:"version"`
	}
	if _, err := s.get(ctx, rest.Request{Path: []string{"version"}, Urgent: true}, &version); err != nil && !absent(err) {
		p := s.Problem(err)
		add(core.FindingProblem, p.Summary, p.Hint)
		return out
	}
	if version.Version != "" {
		add(core.FindingOK, text.Sprintf("GitLab %s at %s", version.Version, s.server.base.String()), text.Safe{})
	}
	s.diagnoseToken(ctx, add)
	s.diagnoseProjects(ctx, add)
	b := s.client.Budget()
	switch {
	case !b.Held.IsZero():
		add(core.FindingProblem, text.Sprintf("GitLab wants no requests until %s", b.Held.Local().Format(time.TimeOnly)), text.Lit("it goes on by itself"))
	case b.Known && b.Limit > 0:
		add(core.FindingOK, text.Sprintf("%d of %d requests left until %s; %d sent, %d unchanged", b.Remaining, b.Limit, b.Reset.Local().Format(time.TimeOnly), b.Sent, b.NotModified), text.Safe{})
	default:
		add(core.FindingInfo, text.Sprintf("the server tells no rate limit; %d requests sent, %d unchanged", b.Sent, b.NotModified), text.Safe{})
	}
	return out
}

func (s *Source) diagnoseToken(ctx context.Context, add func(core.FindingLevel, text.Safe, text.Safe)) {
	var me apiUser
	page := text.Sprintf("%s/-/user_settings/personal_access_tokens", s.server.base.String())
	if _, err := s.get(ctx, rest.Request{Path: []string{"user"}, Urgent: true}, &me); err != nil {
		p := s.Problem(err)
		add(core.FindingProblem, text.Sprintf("who the token belongs to cannot be told: %s", p.Summary), p.Hint)
	} else {
		add(core.FindingOK, text.Sprintf("signed in as %s (%s), token from %s", me.Username, me.Name, s.server.token.Where), text.Safe{})
	}
	var t apiToken
	// API: docs.gitlab.com/api/personal_access_tokens "Get details of the current token"
	_, err := s.get(ctx, rest.Request{Path: []string{"personal_access_tokens", "self"}, Urgent: true}, &t)
	switch rest.StatusOf(err) {
	case http.StatusBadRequest, http.StatusNotFound, http.StatusForbidden, http.StatusUnauthorized:
		add(core.FindingInfo, text.Lit("its scopes cannot be told: it is not a personal access token"), text.Safe{})
		return
	}
	if err != nil {
		p := s.Problem(err)
		add(core.FindingProblem, text.Sprintf("its scopes cannot be told: %s", p.Summary), p.Hint)
		return
	}
	scopes := text.Clean(strings.Join(t.Scopes, ", "))
	switch {
	case slices.Contains(t.Scopes, "api"):
		add(core.FindingOK, text.Sprintf("scopes: %s", scopes), text.Safe{})
	case slices.Contains(t.Scopes, "read_api"):
		add(core.FindingInfo, text.Sprintf("scopes: %s: enough to look, not to change anything", scopes), text.Sprintf("for changes make a token with scope api at %s", page))
	default:
		add(core.FindingProblem, text.Sprintf("scopes: %s: read_api is missing", scopes), text.Sprintf("make a token with scope read_api or api at %s", page))
	}
	if t.Expires == "" {
		add(core.FindingInfo, text.Lit("the token never expires"), text.Safe{})
		return
	}
	day, err := time.Parse(time.DateOnly, t.Expires)
	switch left := day.Sub(s.now()); {
	case err != nil:
		add(core.FindingInfo, text.Sprintf("the token expires on %s", t.Expires), text.Safe{})
	case left < 0:
		add(core.FindingProblem, text.Sprintf("the token expired on %s", t.Expires), text.Sprintf("make a new one at %s", page))
	case left < soon:
		add(core.FindingProblem, text.Sprintf("the token expires on %s, in %s", t.Expires, text.Age(left)), text.Sprintf("rotate it at %s", page))
	default:
		add(core.FindingOK, text.Sprintf("the token is valid until %s", t.Expires), text.Safe{})
	}
}

// mostDiagnosed projects are looked at one by one.
const mostDiagnosed = 20

func (s *Source) diagnoseProjects(ctx context.Context, add func(core.FindingLevel, text.Safe, text.Safe)) {
	for i, path := range s.server.projects {
		if i == mostDiagnosed {
			add(core.FindingInfo, text.Sprintf("%d more projects were not looked at", len(s.server.projects)-i), text.Safe{})
			return
		}
		if isPattern(path) {
			continue
		}
		info, err := s.project(ctx, s.ref("", path, "", ""))
		switch {
		case err != nil:
			p := s.Problem(err)
			add(core.FindingProblem, text.Sprintf("%s: %s", path, p.Summary), p.Hint)
		case info.Path != path:
			add(core.FindingProblem, text.Sprintf("%s has moved to %s: nothing can be changed by its old name", path, info.Path), text.Sprintf("name %s in sources.gitlab.hosts or --repo", info.Path))
		case info.level() > 0 && info.level() < developer:
			add(core.FindingInfo, text.Sprintf("%s: your role is %s: you may look, not start pipelines", path, role(info.level())), text.Lit("ask a maintainer for the role Developer"))
		case info.Archived:
			add(core.FindingInfo, text.Sprintf("%s is archived", path), text.Safe{})
		}
	}
}
