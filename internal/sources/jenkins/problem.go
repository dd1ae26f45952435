package jenkins

import (
	"errors"
	"html"
	"net/http"
	"regexp"
	"strings"

	"devops-tui/internal/core"
	"devops-tui/internal/rest"
	"devops-tui/internal/text"
)

// Problem implements sources.Source.
func (s *Source) Problem(err error) *core.Problem {
	if err == nil {
		return nil
	}
	return s.api.Problem(err)
}

// asProblem is for errors of discovery, before there is a client.
func asProblem(err error) *core.Problem {
	var p *core.Problem
	if errors.As(err, &p) {
		return p
	}
	return &core.Problem{Kind: core.Invalid, Summary: text.Error(err), Cause: err}
}

var (
	tags       = regexp.MustCompile(`(?s)<(script|style|head)[^>]*>.*?</(script|style|head)>|<[^>]*>`)
	blanks     = regexp.MustCompile(`\s+`)
	permission = regexp.MustCompile(`\S+ is missing the [\w./ -]+ permission`)
	submitter  = regexp.MustCompile(`You need to be .{1,200}? to submit this`)
)

// words are what a page says, without its tags.
func words(body []byte) string {
	return strings.TrimSpace(blanks.ReplaceAllString(html.UnescapeString(tags.ReplaceAllString(string(body), " ")), " "))
}

// refusal puts the pages that Jenkins answers with into words.
func (s *Source) refusal(e *rest.Error) *core.Problem {
	says := words(e.Body)
	p := &core.Problem{Cause: e}
	base := text.Clean(s.api.Base().Redacted())
	switch {
	case e.Status == http.StatusServiceUnavailable && strings.Contains(says, "getting ready"):
		p.Kind, p.Summary, p.Hint = core.Unreachable, text.Lit("Jenkins is starting: getting ready to work"), text.Lit("it is asked again by itself")
	case e.Status == http.StatusUnauthorized:
		p.Kind, p.Summary = core.Unauthorized, text.Sprintf("Jenkins does not accept the password or token of user %s", s.server.user)
		p.Hint = text.Sprintf("make a new API token at %s/me/security, and set JENKINS_API_TOKEN or token_command", base)
	case e.Status == http.StatusForbidden && strings.Contains(says, "No valid crumb"):
		p.Kind, p.Summary = core.Forbidden, text.Lit("Jenkins wants a crumb (CSRF protection), and the session that gave it is gone")
		p.Hint = text.Lit("use an API token instead of a password: it needs no crumb")
	case e.Status == http.StatusForbidden && (e.Header.Get("X-You-Are-Authenticated-As") == "anonymous" || strings.Contains(says, "Authentication required")):
		return loginWanted()
	case e.Status == http.StatusForbidden && permission.MatchString(says):
		p.Kind, p.Summary = core.Forbidden, text.Sprintf("Jenkins: %s", permission.FindString(says))
		p.Hint = text.Lit("an administrator can give it: Manage Jenkins, Security")
	case submitter.MatchString(says):
		p.Kind, p.Summary = core.Forbidden, text.Sprintf("Jenkins: %s", submitter.FindString(says))
		p.Hint = text.Lit("the Pipeline names who may answer: the input's submitter")
	case e.Status == http.StatusConflict:
		p.Kind, p.Summary = core.Conflict, text.CleanLong(cut("Jenkins: "+says, 300))
	case e.Status == http.StatusBadRequest, e.Status == http.StatusInternalServerError && e.Method == http.MethodPost && says != "":
		p.Kind, p.Summary = core.Invalid, text.CleanLong(cut("Jenkins refuses it: "+says, 300))
	case e.Status == http.StatusMethodNotAllowed:
		p.Kind, p.Summary = core.Unsupported, text.Sprintf("this Jenkins cannot do %s", e.Path)
	default:
		return nil
	}
	return p
}

func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}

func loginWanted() *core.Problem {
	return &core.Problem{
		Kind: core.Unauthorized, Summary: text.Lit("Jenkins wants a login: what is asked for is not for anonymous users"),
		Hint: text.Lit("set JENKINS_USER_ID and JENKINS_API_TOKEN, or user and token_command in sources.jenkins.servers"),
	}
}

func notFound(ref core.Ref) *core.Problem {
	return &core.Problem{Kind: core.NotFound, Summary: text.Sprintf("Jenkins has no %s, or this user may not see it", text.Clean(ref.Path()))}
}

func replaced(ref core.Ref) *core.Problem {
	return &core.Problem{
		Kind: core.Conflict, Summary: text.Sprintf("%s is another build now: the job was made anew", text.Clean(ref.Path())),
		Hint: text.Lit("look at it again"),
	}
}

func unsupported(format text.Safe, hint text.Safe) *core.Problem {
	return &core.Problem{Kind: core.Unsupported, Summary: format, Hint: hint}
}
