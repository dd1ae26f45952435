package argocd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"devops-tui/internal/argo"
	"devops-tui/internal/core"
	"devops-tui/internal/rest"
	"devops-tui/internal/text"
)

func decode(b []byte, v any) error { return json.Unmarshal(b, v) }

// listQuery is the query of lists and streams.
func (s *Source) listQuery() url.Values {
	q := url.Values{}
	for _, p := range s.server.conf.Projects {
		q.Add("projects", p)
	}
	return q
}

// applications lists all that the user may see. The server can leave fields out
// (the parameter fields), but of a fixed selection that has neither uid nor
// revision nor history, whatever is asked for (seen with 3.2.11): rows need them.
func (s *Source) applications(ctx context.Context, urgent bool) ([]*argo.Application, error) {
	var list struct {
		Items []*argo.Application `json:"items"`
	}
	if _, err := s.client.JSON(ctx, rest.Request{Path: []string{"api", "v1", "applications"}, Query: s.listQuery(), Urgent: urgent}, &list); err != nil {
		return nil, err
	}
	return list.Items, nil
}

// of is the address of something of an application.
func (s *Source) of(ref core.Ref, what ...string) rest.Request {
	q := url.Values{}
	if ref.Namespace != "" {
		q.Set("appNamespace", ref.Namespace)
	}
	if x, ok := s.standing(ref); ok && x.project != "" {
		q.Set("project", x.project)
	}
	return rest.Request{Path: append([]string{"api", "v1", "applications", ref.Name}, what...), Query: q, Urgent: true}
}

// raw reads an application's whole object afresh. The server answers forbidden
// also for what is not there; the list tells.
func (s *Source) raw(ctx context.Context, ref core.Ref, refresh string) ([]byte, *argo.Application, error) {
	if err := wrongKind(ref); err != nil {
		return nil, nil, err
	}
	r := s.of(ref)
	if refresh != "" {
		r.Query.Set("refresh", refresh)
	}
	resp, err := s.client.Do(ctx, r)
	if err != nil {
		return nil, nil, s.missing(ctx, ref, err)
	}
	a, err := argo.DecodeApplication(resp.Body)
	if err != nil {
		return nil, nil, err
	}
	if ref.UID != "" && a.Meta.UID != ref.UID {
		return nil, nil, &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("application %s was replaced meanwhile", ref.Name), Hint: text.Lit("look at the new one first")}
	}
	return resp.Body, a, nil
}

func (s *Source) read(ctx context.Context, ref core.Ref) (*argo.Application, error) {
	_, a, err := s.raw(ctx, ref, "")
	return a, err
}

// missing tells whether err only hides that there is no such application.
func (s *Source) missing(ctx context.Context, ref core.Ref, err error) error {
	var e *rest.Error
	if !errors.As(err, &e) || e.Status != http.StatusForbidden && e.Status != http.StatusNotFound {
		return err
	}
	if e.Status == http.StatusNotFound {
		return notFound(ref)
	}
	q := s.listQuery()
	q.Set("name", ref.Name)
	q.Set("appNamespace", ref.Namespace)
	q.Set("fields", "items.metadata.name")
	var list struct {
		Items []json.RawMessage `json:"items"`
	}
	if _, lerr := s.client.JSON(ctx, rest.Request{Path: []string{"api", "v1", "applications"}, Query: q, Urgent: true}, &list); lerr == nil && len(list.Items) == 0 {
		return notFound(ref)
	}
	return err
}

// get reads something of an application into out.
func (s *Source) get(ctx context.Context, ref core.Ref, out any, what ...string) error {
	if err := wrongKind(ref); err != nil {
		return err
	}
	if _, err := s.client.JSON(ctx, s.of(ref, what...), out); err != nil {
		return s.missing(ctx, ref, err)
	}
	return nil
}

// commit tells of a revision; what is known of one does not change.
func (s *Source) commit(ctx context.Context, ref core.Ref, revision string) argo.CommitInfo {
	if !argo.IsCommit(revision) {
		return argo.CommitInfo{}
	}
	s.mu.Lock()
	c, ok := s.commits[revision]
	s.mu.Unlock()
	if ok {
		return c
	}
	var m struct {
		Author  string    `json:"author"`
		Message string    `json:"message"`
		Date    argo.Time `json:"date"`
	}
	if _, err := s.client.JSON(ctx, s.of(ref, "revisions", revision, "metadata"), &m); err != nil {
		return argo.CommitInfo{}
	}
	author, _, _ := strings.Cut(m.Author, " <")
	c = argo.CommitInfo{Author: author, Message: m.Message, At: m.Date.Time}
	s.mu.Lock()
	if len(s.commits) >= 1000 {
		clear(s.commits)
	}
	s.commits[revision] = c
	s.mu.Unlock()
	return c
}

// maxCommits is how many revisions of a history are asked about.
const maxCommits = 10

// about tells of the newest revisions of an application's history.
func (s *Source) about(ctx context.Context, a *argo.Application) func(string) argo.CommitInfo {
	asked := map[string]argo.CommitInfo{}
	ref := s.ref(a)
	for i := len(a.Status.History) - 1; i >= 0 && len(asked) < maxCommits; i-- {
		for _, rev := range a.Status.History[i].All() {
			if _, ok := asked[rev]; !ok {
				asked[rev] = s.commit(ctx, ref, rev)
			}
		}
	}
	return func(rev string) argo.CommitInfo { return asked[rev] }
}

// may asks whether the user may do action to an application; known for five
// minutes. An error counts as yes: the server decides in the end.
func (s *Source) may(ctx context.Context, action string, ref core.Ref, project string) bool {
	subject := project + "/" + ref.Name
	key := action + " " + subject
	s.mu.Lock()
	r, ok := s.rights[key]
	s.mu.Unlock()
	if ok && s.now().Sub(r.at) < rightsLast {
		return r.ok
	}
	var answer struct {
		Value string `json:"value"`
	}
	if _, err := s.client.JSON(ctx, rest.Request{Path: []string{"api", "v1", "account", "can-i", "applications", action, subject}, Urgent: true}, &answer); err != nil {
		return true
	}
	r = right{answer.Value != "no", s.now()}
	s.mu.Lock()
	s.rights[key] = r
	s.mu.Unlock()
	return r.ok
}

// windows are an application's sync windows.
type windows struct {
	Active []struct {
		Kind       string `json:"kind"`
		Schedule   string `json:"schedule"`
		Duration   string `json:"duration"`
		ManualSync bool   `json:"manualSync"`
	} `json:"activeWindows"`
	CanSync *bool `json:"canSync"`
}

func (w *windows) words() []text.Safe {
	var out []text.Safe
	for _, x := range w.Active {
		out = append(out, text.Sprintf("a sync window is open: %s, %s for %s", x.Kind, x.Schedule, x.Duration))
	}
	return out
}

// closed says why nobody may sync now; empty: it is allowed.
func (w *windows) closed() text.Safe {
	if w.CanSync == nil || *w.CanSync {
		return text.Safe{}
	}
	for _, x := range w.Active {
		if x.Kind == "deny" && !x.ManualSync {
			return text.Sprintf("a sync window forbids it: deny, %s for %s", x.Schedule, x.Duration)
		}
	}
	return text.Lit("no sync window that allows it is open")
}

func (s *Source) windows(ctx context.Context, ref core.Ref) (*windows, error) {
	var w windows
	if err := s.get(ctx, ref, &w, "syncwindows"); err != nil {
		return nil, fmt.Errorf("read the sync windows: %w", err)
	}
	return &w, nil
}
