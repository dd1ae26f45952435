package github

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"devops-tui/internal/core"
	"devops-tui/internal/rest"
	"devops-tui/internal/text"
)

// The bounds of what is read of one thing.
const (
	maxListBody    = 32 << 20 // of one page of a list
	maxJobs        = 1000
	maxFile        = 1 << 20
	maxDeployments = 100
)

// in is the path of something of a repository.
func in(path string, rest ...string) []string {
	owner, name, _ := strings.Cut(path, "/")
	return append([]string{"repos", owner, name}, rest...)
}

func id(n int64) string { return strconv.FormatInt(n, 10) }

type background struct{}

// waited reports whether somebody waits for what is asked under ctx: everything
// but polls. What is waited for may use the last tenth of the budget.
func waited(ctx context.Context) bool { return ctx.Value(background{}) == nil }

// get reads one object.
func get[T any](ctx context.Context, s *Source, path []string, query url.Values) (T, error) {
	var out T
	_, err := s.client.JSON(ctx, rest.Request{Path: path, Query: query, Urgent: waited(ctx)}, &out)
	return out, err
}

// fresh is get without what is kept: what a change is planned or judged by.
func fresh[T any](ctx context.Context, s *Source, path []string, query url.Values) (T, error) {
	var out T
	_, err := s.client.JSON(ctx, rest.Request{Path: path, Query: query, Urgent: true, Fresh: true}, &out)
	return out, err
}

func (s *Source) run(ctx context.Context, path string, number int64) (workflowRun, error) {
	return get[workflowRun](ctx, s, in(path, "actions", "runs", id(number)), nil)
}

// jobsOf reads the jobs of an attempt of a run; 0: the newest.
func (s *Source) jobsOf(ctx context.Context, path string, run int64, attempt int) ([]workflowJob, error) {
	p := in(path, "actions", "runs", id(run), "jobs")
	if attempt > 0 {
		p = in(path, "actions", "runs", id(run), "attempts", strconv.Itoa(attempt), "jobs")
	}
	return s.jobPages(ctx, p)
}

func (s *Source) jobPages(ctx context.Context, path []string) ([]workflowJob, error) {
	var out []workflowJob
	err := s.client.Pages(ctx, rest.Request{Path: path, Query: url.Values{"per_page": {"100"}}, Urgent: waited(ctx)}, maxJobs/100, func(r *rest.Response) (bool, error) {
		var page struct {
			Jobs []workflowJob `json:"jobs"`
		}
		if err := json.Unmarshal(r.Body, &page); err != nil {
			return false, err
		}
		out = append(out, page.Jobs...)
		return len(page.Jobs) > 0, nil
	})
	return out, err
}

func (s *Source) pending(ctx context.Context, path string, run int64) ([]pendingDeployment, error) {
	return get[[]pendingDeployment](ctx, s, in(path, "actions", "runs", id(run), "pending_deployments"), nil)
}

func (s *Source) workflows(ctx context.Context, path string) ([]workflowFile, error) {
	var out []workflowFile
	err := s.client.Pages(ctx, rest.Request{Path: in(path, "actions", "workflows"), Query: url.Values{"per_page": {"100"}}, Urgent: true}, 3, func(r *rest.Response) (bool, error) {
		var page struct {
			Workflows []workflowFile `json:"workflows"`
		}
		if err := json.Unmarshal(r.Body, &page); err != nil {
			return false, err
		}
		out = append(out, page.Workflows...)
		return len(page.Workflows) > 0, nil
	})
	return out, err
}

func (s *Source) environments(ctx context.Context, path string) ([]namedEnvironment, error) {
	page, err := get[struct {
		Environments []namedEnvironment `json:"environments"`
	}](ctx, s, in(path, "environments"), url.Values{"per_page": {"100"}})
	return page.Environments, err
}

func (s *Source) deployments(ctx context.Context, path, env string, n int) ([]deployment, error) {
	q := url.Values{"per_page": {strconv.Itoa(n)}}
	if env != "" {
		q.Set("environment", env)
	}
	return get[[]deployment](ctx, s, in(path, "deployments"), q)
}

// lastStatus is the newest status of a deployment; the zero value if it has none.
func (s *Source) lastStatus(ctx context.Context, path string, d int64) (deploymentStatus, error) {
	list, err := get[[]deploymentStatus](ctx, s, in(path, "deployments", id(d), "statuses"), url.Values{"per_page": {"10"}})
	if err != nil || len(list) == 0 {
		return deploymentStatus{}, err
	}
	return list[0], nil
}

func (s *Source) repository(ctx context.Context, path string) (repository, error) {
	return get[repository](ctx, s, in(path), nil)
}

// file reads a file of a repository at a branch, tag or commit ("": the default branch).
func (s *Source) file(ctx context.Context, path, name, ref string) ([]byte, error) {
	q := url.Values{}
	if ref != "" {
		q.Set("ref", ref)
	}
	f, err := fresh[struct {
		Encoding string `json:"encoding"`
		Content  string `json:"content"`
		Size     int    `json:"size"`
	}](ctx, s, in(path, append([]string{"contents"}, strings.Split(strings.Trim(name, "/"), "/")...)...), q)
	if err != nil {
		return nil, err
	}
	if f.Encoding != "base64" || f.Size > maxFile {
		return nil, fmt.Errorf("%s is too large to be read", text.Clean(name))
	}
	b, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(f.Content, "\n", ""))
	if err != nil {
		return nil, fmt.Errorf("%s cannot be read: %w", text.Clean(name), err)
	}
	return b, nil
}

// page is one list as it is polled: decoded as it comes, nothing of it kept but
// the validator that makes the next question free.
type page struct {
	etag   string
	same   bool // nothing has changed since etag
	header http.Header
}

// poll reads a list into out unless it is as it was at etag.
func (s *Source) poll(ctx context.Context, path []string, query url.Values, etag string, out any) (page, error) {
	r := rest.Request{Path: path, Query: query, Fresh: true}
	if etag != "" {
		r.Header = http.Header{"If-None-Match": {etag}}
	}
	s.polls.sent.Add(1)
	body, resp, err := s.client.Open(ctx, r)
	var said *rest.Error
	if errors.As(err, &said) && said.Status == http.StatusNotModified {
		s.polls.same.Add(1)
		return page{etag: etag, same: true, header: said.Header}, nil
	}
	if err != nil {
		return page{}, err
	}
	defer body.Close()
	if err := json.NewDecoder(io.LimitReader(body, maxListBody)).Decode(out); err != nil {
		return page{}, fmt.Errorf("GET /%s: the answer cannot be read: %w", strings.Join(path, "/"), err)
	}
	s.noteScopes(resp.Header)
	return page{etag: resp.Header.Get("Etag"), header: resp.Header}, nil
}

// send sends one change.
func (s *Source) send(ctx context.Context, path []string, body, out any) (*rest.Response, error) {
	return s.client.JSON(ctx, rest.Request{Method: http.MethodPost, Path: path, Body: body}, out)
}

// carry sends the one change of an operation on a repository, and has the
// repository looked at. lost is set where nobody can tell whether it arrived.
func (s *Source) carry(ctx context.Context, repo string, path []string, body any, lost *bool) error {
	_, err := s.send(ctx, path, body, nil)
	*lost = errors.Is(err, core.ErrOutcomeUnknown)
	s.changed(repo)
	return err
}

// notFound is the problem of an object that is not there.
func notFound(kind, name string) *core.Problem {
	return &core.Problem{Kind: core.NotFound, Summary: text.Sprintf("no such %s: %s", kind, name)}
}

// unsupported is the problem of a kind that cannot do what was asked.
func unsupported(kind, what string) *core.Problem {
	return &core.Problem{Kind: core.Unsupported, Summary: text.Sprintf("a %s has no %s", kind, what)}
}
