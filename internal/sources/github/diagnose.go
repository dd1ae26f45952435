package github

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/rest"
	"devops-tui/internal/text"
)

// Diagnose implements sources.Diagnoser: who we are, what the token may, what is
// left of the limit, and whether the repositories can be read.
func (s *Source) Diagnose(ctx context.Context) []core.Finding {
	var out []core.Finding
	add := func(level core.FindingLevel, says, fix text.Safe) {
		out = append(out, core.Finding{Source: ID, Scope: s.host.name, Level: level, Text: says, Fix: fix})
	}
	broken := func(err error) {
		p := s.Problem(err)
		add(core.FindingProblem, p.Summary, p.Hint)
	}
	resp, limits, err := s.limits(ctx)
	if err != nil {
		broken(err)
		return out
	}
	version := resp.Get("X-Github-Enterprise-Version")
	add(core.FindingOK, text.Sprintf("%s answers at %s", s.product(version), apiShown(s.host.api)), text.Safe{})
	if s.token.None() {
		where, _, fix := s.host.tokenPlace()
		add(core.FindingMissing, where, fix)
	} else {
		login, err := s.whoAmI(ctx)
		if err != nil {
			broken(err)
			return out
		}
		where, _, _ := s.host.tokenPlace()
		who := text.Sprintf("signed in as %s", login)
		if login == "" {
			who = text.Lit("signed in with the token of an app or a pipeline, which is no user's")
		}
		add(core.FindingOK, text.Sprintf("%s (%s)", who, where), text.Safe{})
		s.diagnoseScopes(add)
	}
	if limits == nil {
		add(core.FindingOK, text.Lit("requests: no limit"), text.Safe{})
	} else {
		c := limits.Resources.Core
		level, fix := core.FindingOK, text.Safe{}
		if c.Remaining <= c.Limit/10 {
			level, fix = core.FindingProblem, text.Lit("lists rest until then; what you open still works")
		}
		b := s.client.Budget()
		add(level, text.Sprintf("requests: %d of %d left until %s; %d sent by this program, %d of %d lists had not changed and were free", c.Remaining, c.Limit,
			time.Unix(c.Reset, 0).Local().Format(time.TimeOnly), int(b.Sent), int(s.polls.same.Load()), int(s.polls.sent.Load())), fix)
		if !b.Held.IsZero() {
			add(core.FindingProblem, text.Sprintf("%s asked to be left alone until %s", s.host.name, b.Held.Local().Format(time.TimeOnly)), text.Safe{})
		}
	}
	for i, repo := range s.host.patterns {
		if strings.Contains(repo, "*") {
			found, err := s.expand(ctx, repo)
			if err != nil {
				p := s.Problem(err)
				add(core.FindingProblem, text.Sprintf("%s: %s", repo, p.Summary), p.Hint)
				continue
			}
			add(core.FindingOK, text.Sprintf("%s: %d repositories", repo, len(found)), text.Safe{})
			continue
		}
		if i >= 10 {
			add(core.FindingInfo, text.Sprintf("%d more repositories were not tried", len(s.host.patterns)-i), text.Safe{})
			break
		}
		r, err := s.repository(ctx, repo)
		switch {
		case err != nil:
			p := s.Problem(err)
			add(core.FindingProblem, text.Sprintf("%s: %s", repo, p.Summary), p.Hint)
		case r.Permissions != nil && !r.Permissions.Push && !s.token.None():
			add(core.FindingInfo, text.Sprintf("%s: can be read, not changed", repo), text.Safe{})
		default:
			add(core.FindingOK, text.Sprintf("%s: can be read", repo), text.Safe{})
		}
	}
	return out
}

// limits reads the limit; nil where the server has none.
func (s *Source) limits(ctx context.Context) (http.Header, *rateLimits, error) {
	var l rateLimits
	resp, err := s.client.JSON(ctx, rest.Request{Path: []string{"rate_limit"}, Fresh: true, Urgent: true}, &l)
	var refused *rest.Error
	if errors.As(err, &refused) && refused.Status == http.StatusNotFound {
		return refused.Header, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	s.noteScopes(resp.Header)
	return resp.Header, &l, nil
}

func (s *Source) diagnoseScopes(add func(core.FindingLevel, text.Safe, text.Safe)) {
	list, told := s.scopes()
	fix := text.Sprintf("gh auth refresh --hostname %s --scopes repo,workflow", s.host.name)
	switch {
	case !told:
		add(core.FindingInfo, text.Lit("the token tells no scopes: a fine-grained one needs Actions, Deployments and Contents of its repositories (Actions: write for changes)"), text.Safe{})
	case missing(list, "repo") && missing(list, "public_repo"):
		add(core.FindingProblem, text.Sprintf("the token's scopes are %s: runs of private repositories are not seen and nothing can be changed", strings.Join(list, ", ")), fix)
	case missing(list, "repo"):
		add(core.FindingInfo, text.Sprintf("the token's scopes are %s: only public repositories", strings.Join(list, ", ")), fix)
	default:
		add(core.FindingOK, text.Sprintf("the token's scopes: %s", strings.Join(list, ", ")), text.Safe{})
	}
}
