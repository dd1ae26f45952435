package gitlab

import (
	"encoding/json"
	"net/http"
	"strings"

	"devops-tui/internal/core"
	"devops-tui/internal/rest"
	"devops-tui/internal/text"
)

// Problem implements sources.Source.
func (s *Source) Problem(err error) *core.Problem { return s.client.Problem(err) }

// refusal words what GitLab says no to in ways of its own
// (docs.gitlab.com/api/rest/troubleshooting).
func (s *Source) refusal(e *rest.Error) *core.Problem {
	var body struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
		Scope       string `json:"scope"`
	}
	_ = json.Unmarshal(e.Body, &body) // where it is something else, the standard words are right
	switch {
	case e.Status == http.StatusUnauthorized:
		p := &core.Problem{Kind: core.Unauthorized, Cause: e, Summary: text.Sprintf("GitLab at %s does not accept the token", s.server.host)}
		switch {
		case strings.Contains(body.Description, "expired"):
			p.Summary = text.Sprintf("the token for GitLab at %s has expired", s.server.host)
		case strings.Contains(body.Description, "revoked"):
			p.Summary = text.Sprintf("the token for GitLab at %s was revoked", s.server.host)
		}
		p.Hint = text.Sprintf("make a new one with scope api at %s/-/user_settings/personal_access_tokens; this one came from %s", s.server.base.String(), s.server.token.Where)
		return p
	case e.Status == http.StatusForbidden && body.Error == "insufficient_scope":
		return &core.Problem{
			Kind: core.Forbidden, Cause: e, Summary: text.Sprintf("the token for GitLab at %s lacks the scope %s", s.server.host, strings.ReplaceAll(body.Scope, " ", " or ")),
			Hint: text.Lit("read_api is enough to look; to change something it needs api"),
		}
	case e.Status == http.StatusMethodNotAllowed && strings.Contains(e.Message.String(), "moved"):
		return &core.Problem{Kind: core.NotFound, Cause: e, Summary: text.Lit("the project has moved: GitLab takes no change at its old path"), Hint: text.Lit("name the new path in sources.gitlab.hosts or --repo")}
	}
	return nil
}

// absent reports whether an error says that there is no such thing, or that it
// is not for this user: what only some editions have answers so.
func absent(err error) bool {
	switch rest.StatusOf(err) {
	case http.StatusNotFound, http.StatusForbidden, http.StatusMethodNotAllowed:
		return true
	}
	return false
}

func notFound(what text.Safe, path string) *core.Problem {
	return &core.Problem{Kind: core.NotFound, Summary: text.Sprintf("no such %s in %s", what, path)}
}

func conflict(says text.Safe) *core.Problem {
	return &core.Problem{Kind: core.Conflict, Summary: says, Hint: text.Lit("look again, then plan it anew")}
}

func invalid(says, hint text.Safe) *core.Problem {
	return &core.Problem{Kind: core.Invalid, Summary: says, Hint: hint}
}

func unsupported(kind, verb string) *core.Problem {
	return &core.Problem{Kind: core.Unsupported, Summary: text.Sprintf("GitLab cannot %s a %s", verb, kind)}
}
