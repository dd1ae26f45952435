package gitlab

import (
	"net/http"

	"devops-tui/internal/core"
	"devops-tui/internal/credential"
	"devops-tui/internal/text"
)

// authorize is rest.Options.Authorize. docs.gitlab.com/api/rest/authentication
func (s *Source) authorize(r *http.Request) error {
	switch {
	case s.token.None():
		return noToken(s.server.host, s.server.token)
	case s.server.oauth:
		return s.token.Bearer(r)
	}
	return s.token.Set(r, "PRIVATE-TOKEN", "")
}

// noToken is the problem of a server without a token; from is the place where
// it was looked for, if one was named.
func noToken(host string, from credential.Origin) *core.Problem {
	p := &core.Problem{Kind: core.Unauthorized, Summary: text.Sprintf("no token for %s", host)}
	if named := from.Look(); named != nil {
		p.Summary = text.Sprintf("no token for %s: %s", host, named.Summary)
		p.Hint = text.Sprintf("%s (a personal access token with scope api, or read_api to look only)", named.Hint)
		return p
	}
	p.Hint = text.Lit("set GITLAB_TOKEN, or run glab auth login, or name a token_command in sources.gitlab.hosts")
	if host != "gitlab.com" {
		p.Hint = text.Sprintf("set GITLAB_TOKEN and GITLAB_HOST=%s, or run glab auth login --hostname %s, or name a token_command in sources.gitlab.hosts", host, host)
	}
	return p
}
