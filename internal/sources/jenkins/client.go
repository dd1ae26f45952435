package jenkins

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"devops-tui/internal/core"
	"devops-tui/internal/rest"
)

// authorize adds the credential: basic authentication, for tokens and passwords.
func (s *Source) authorize(r *http.Request) error {
	if s.server.user == "" {
		return nil
	}
	v, err := s.token.Get(r.Context())
	if err == nil && v != "" {
		r.SetBasicAuth(s.server.user, v)
	}
	return err
}

// place is where a request goes, for the gate.
func (s *Source) place(r *http.Request) core.Ref {
	path := strings.TrimPrefix(r.URL.EscapedPath(), s.api.Base().EscapedPath())
	full, _ := jobOf(path)
	ns, _ := split(full)
	return core.Ref{Source: ID, Scope: s.server.scope, Namespace: ns}
}

// jobOf reads the full name of the job from a path (/job/a/job/b/42/stop), and
// what follows it.
func jobOf(escaped string) (full string, rest []string) {
	parts := strings.Split(strings.Trim(escaped, "/"), "/")
	var names []string
	for len(parts) >= 2 && parts[0] == "job" {
		name, err := url.PathUnescape(parts[1])
		if err != nil {
			name = parts[1]
		}
		names, parts = append(names, name), parts[2:]
	}
	return strings.Join(names, "/"), parts
}

// split cuts a full name into the folder and the job.
func split(full string) (namespace, name string) {
	if i := strings.LastIndexByte(full, '/'); i >= 0 {
		return full[:i], full[i+1:]
	}
	return "", full
}

func join(namespace, name string) string {
	if namespace == "" {
		return name
	}
	return namespace + "/" + name
}

// below is the path of what is below a job or folder.
func below(full string, more ...string) []string {
	var out []string
	if full != "" {
		for name := range strings.SplitSeq(full, "/") {
			out = append(out, "job", name)
		}
	}
	return append(out, more...)
}

// urgently marks what a user waits for: it goes before polls.
func urgently(ctx context.Context) context.Context { return context.WithValue(ctx, pollKey{}, false) }

// get reads path/api/json, as far as tree says.
func (s *Source) get(ctx context.Context, path []string, tree string, out any) (*rest.Response, error) {
	path = append(path[:len(path):len(path)], "api", "json")
	return s.getJSON(ctx, path, url.Values{"tree": {tree}}, out)
}

func (s *Source) getJSON(ctx context.Context, path []string, q url.Values, out any) (*rest.Response, error) {
	lazily, _ := ctx.Value(pollKey{}).(bool)
	resp, err := s.api.JSON(ctx, rest.Request{Path: path, Query: q, Urgent: !lazily, Fresh: true}, out)
	if err != nil {
		return nil, err
	}
	if v := resp.Header.Get("X-Jenkins"); v != "" {
		s.version.Store(&v)
	}
	return resp, nil
}

// pollKey marks the requests of Run: what a user waits for goes before them.
type pollKey struct{}

// post sends a change once. Jenkins answers many with a redirect to a page,
// which is not followed: it was carried out. A redirect to a login was not.
func (s *Source) post(ctx context.Context, path []string, q, form url.Values) (*rest.Response, error) {
	header, err := s.crumb(ctx)
	if err != nil {
		return nil, err
	}
	if form == nil {
		form = url.Values{}
	}
	resp, err := s.api.Do(ctx, rest.Request{Method: http.MethodPost, Path: path, Query: q, Header: header, Body: form, Urgent: true})
	var e *rest.Error
	if errors.As(err, &e) && e.Status >= 300 && e.Status < 400 && !errors.Is(err, core.ErrOutcomeUnknown) {
		to := e.Header.Get("Location")
		if strings.Contains(to, "/login") || strings.Contains(to, "/securityRealm/") {
			return nil, loginWanted()
		}
		return &rest.Response{Status: e.Status, Header: e.Header}, nil
	}
	if err != nil {
		return nil, err
	}
	return resp, nil
}

// crumb is what a change needs besides the credential: nothing with an API
// token, else the crumb of a session and its cookie.
func (s *Source) crumb(ctx context.Context) (http.Header, error) {
	if s.server.user != "" {
		v, err := s.token.Get(ctx)
		if err != nil {
			return nil, err
		}
		if isAPIToken(v) {
			return nil, nil //nolint:nilnil // none is needed
		}
	}
	var c struct {
		Crumb string `json:"crumb"`
		Field string `json:"crumbRequestField"`
	}
	resp, err := s.getJSON(urgently(ctx), []string{"crumbIssuer", "api", "json"}, nil, &c)
	if rest.StatusOf(err) == http.StatusNotFound {
		return nil, nil //nolint:nilnil // the controller wants none
	}
	if err != nil {
		return nil, err
	}
	h := http.Header{}
	if c.Crumb != "" && c.Field != "" {
		h.Set(c.Field, c.Crumb)
	}
	var jar []string
	for _, line := range resp.Header.Values("Set-Cookie") {
		if k, err := http.ParseSetCookie(line); err == nil {
			jar = append(jar, k.Name+"="+k.Value)
		}
	}
	if len(jar) > 0 {
		h.Set("Cookie", strings.Join(jar, "; "))
	}
	return h, nil
}
