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

// Problem implements sources.Source: the one place where errors become words.
func (s *Source) Problem(err error) *core.Problem {
	if err == nil {
		return nil
	}
	p := s.client.Problem(err)
	// A request that was not even sent has the same reason as the one that GitHub refused.
	var held *rest.Held
	if b := s.client.Budget(); errors.As(err, &held) && !held.Reserve && b.Known && b.Remaining <= 0 {
		return s.exhausted(err, held.Until)
	}
	if errors.Is(err, context.Canceled) && p.Summary.Empty() {
		p.Summary = text.Lit("given up")
	}
	return p
}

// refusal words the answers of GitHub that say more than their status.
// docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api
func (s *Source) refusal(e *rest.Error) *core.Problem {
	says := e.Message.String()
	p := &core.Problem{Cause: e}
	scope, withScopes := s.scopes()
	switch e.Status {
	case http.StatusUnauthorized:
		p.Kind = core.Unauthorized
		if s.token.None() {
			p.Summary = text.Sprintf("%s wants a token for this", s.host.name)
			_, _, p.Hint = s.host.tokenPlace()
			return p
		}
		p.Summary = text.Sprintf("%s does not accept the token: %s", s.host.name, e.Message)
		where, _, _ := s.host.tokenPlace()
		p.Hint = text.Sprintf("it has expired or was revoked (%s): gh auth refresh --hostname %s, or make a new one", where, s.host.name)
	case http.StatusForbidden, http.StatusTooManyRequests:
		switch {
		case strings.Contains(says, "rate limit"):
			return s.exhausted(e, e.RetryAt)
		case strings.Contains(says, "SAML"):
			p.Kind, p.Summary = core.Forbidden, text.Sprintf("%s: the token is not authorized for this organisation's single sign-on", s.host.name)
			p.Hint = text.Lit("authorize it at Settings, Developer settings, Personal access tokens, Configure SSO")
		case strings.Contains(says, "already running"):
			p.Kind, p.Summary = core.Conflict, text.Lit("the run goes on already")
		case strings.Contains(says, "over a month ago"):
			p.Kind, p.Summary = core.Invalid, text.Lit("the run is older than 30 days: GitHub does not run it again")
			p.Hint = text.Lit("start the workflow afresh on that commit, if it can be started by hand: D")
		case strings.Contains(says, "not authorized to approve"):
			p.Kind, p.Summary = core.Forbidden, text.Lit("you are no reviewer of this environment")
		case s.token.None():
			p.Kind, p.Summary = core.Unauthorized, text.Sprintf("%s wants a token for this", s.host.name)
			_, _, p.Hint = s.host.tokenPlace()
		default:
			p.Kind, p.Summary = core.Forbidden, text.Sprintf("%s does not allow it: %s", s.host.name, e.Message)
			p.Hint = text.Lit("doctor shows what the token may")
			if needs := e.Header.Get("X-Accepted-Github-Permissions"); needs != "" {
				p.Hint = text.Sprintf("the token needs the permission %s", needs)
			} else if withScopes && missing(scope, "repo") {
				p.Hint = text.Sprintf("the token lacks the scope repo: gh auth refresh --hostname %s --scopes repo,workflow", s.host.name)
			}
		}
	case http.StatusGone:
		p.Kind, p.Summary = core.NotFound, text.Lit("the logs have expired: GitHub keeps them for 90 days unless told otherwise")
	case http.StatusNotFound:
		p.Kind, p.Summary = core.NotFound, text.Sprintf("%s has no %s, or the token may not see it", s.host.name, shortPath(e.Path))
	case http.StatusConflict:
		p.Kind, p.Summary = core.Conflict, e.Message
	default:
		return nil
	}
	return p
}

// exhausted tells of a limit of requests that is used up until at; zero: GitHub did not say.
func (s *Source) exhausted(cause error, at time.Time) *core.Problem {
	p := &core.Problem{Kind: core.Throttled, Cause: cause, Summary: text.Sprintf("%s: the request limit is reached", s.host.name)}
	if !at.IsZero() {
		p.Hint = text.Sprintf("it goes on by itself at %s", at.Local().Format(time.TimeOnly))
	}
	if s.token.None() {
		_, _, fix := s.host.tokenPlace()
		p.Hint = text.Sprintf("without a token there are 60 requests an hour: %s", fix)
	}
	return p
}

// shortPath is the path of a request without what is the same in all.
func shortPath(p string) string {
	if _, rest, ok := strings.Cut(p, "/repos/"); ok {
		return rest
	}
	return strings.TrimPrefix(p, "/")
}

func missing(scopes []string, want string) bool {
	for _, s := range scopes {
		if s == want {
			return false
		}
	}
	return true
}
