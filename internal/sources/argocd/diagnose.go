package argocd

import (
	"context"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/rest"
	"devops-tui/internal/text"
)

// soon is when the end of a token is told before it comes.
const soon = 24 * time.Hour

// Diagnose implements sources.Diagnoser.
func (s *Source) Diagnose(ctx context.Context) []core.Finding {
	var out []core.Finding
	add := func(level core.FindingLevel, what, fix text.Safe) {
		out = append(out, core.Finding{Source: ID, Scope: s.server.scope, Level: level, Text: what, Fix: fix})
	}
	var version struct{ Version string }
	if _, err := s.client.JSON(ctx, rest.Request{Path: []string{"api", "version"}, Urgent: true}, &version); err != nil {
		p := s.Problem(err)
		add(core.FindingProblem, p.Summary, p.Hint)
		return out
	}
	add(core.FindingOK, text.Sprintf("Argo CD %s at %s", version.Version, s.server.url), text.Safe{})
	if s.server.conf.Insecure {
		add(core.FindingInfo, text.Lit("any certificate is trusted: whoever is on the way can read the token"), text.Lit("ca_file: the authority that signed it"))
	}
	token, err := s.token.Get(ctx)
	switch end := expiry(token); {
	case err != nil:
		p := s.Problem(err)
		add(core.FindingProblem, p.Summary, p.Hint)
		return out
	case token == "":
		add(core.FindingMissing, text.Lit("no token: nothing can be read"), s.server.login())
		return out
	case end.IsZero():
	case end.Before(s.now()):
		add(core.FindingProblem, text.Sprintf("the token expired %s ago", text.Age(s.now().Sub(end))), s.server.login())
		return out
	case end.Sub(s.now()) < soon:
		add(core.FindingInfo, text.Sprintf("the token expires in %s", text.Age(end.Sub(s.now()))), s.server.login())
	}
	var user struct {
		LoggedIn bool     `json:"loggedIn"`
		Username string   `json:"username"`
		Groups   []string `json:"groups"`
	}
	if _, err := s.client.JSON(ctx, rest.Request{Path: []string{"api", "v1", "session", "userinfo"}, Urgent: true}, &user); err != nil {
		p := s.Problem(err)
		add(core.FindingProblem, p.Summary, p.Hint)
		return out
	}
	if !user.LoggedIn {
		add(core.FindingProblem, text.Lit("the token is not accepted: it is expired or revoked"), s.server.login())
		return out
	}
	add(core.FindingOK, text.Sprintf("signed in as %s", user.Username), text.Safe{})
	apps, err := s.applications(ctx, true)
	switch {
	case err != nil:
		p := s.Problem(err)
		add(core.FindingProblem, p.Summary, p.Hint)
	case len(apps) == 0:
		add(core.FindingInfo, text.Lit("no application that this user may see"), text.Lit("argocd account can-i get applications '*'"))
	default:
		mine := 0
		for _, a := range apps[:min(len(apps), maxAsked)] {
			if s.may(ctx, "sync", s.ref(a), a.Spec.Project) {
				mine++
			}
		}
		add(core.FindingOK, text.Sprintf("applications: %d; of the first %d it may sync %d", len(apps), min(len(apps), maxAsked), mine), text.Safe{})
	}
	b := s.client.Budget()
	add(core.FindingOK, text.Sprintf("no quota; %d requests in this session", int(b.Sent)), text.Safe{})
	return out
}
