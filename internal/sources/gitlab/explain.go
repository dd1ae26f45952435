package gitlab

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"devops-tui/internal/ci"
	"devops-tui/internal/core"
	"devops-tui/internal/rest"
	"devops-tui/internal/text"
)

// The bounds of an explanation.
const (
	mostLines       = 20
	mostAnnotations = 20
	mostShown       = 20 // commits
	keptLines       = 20_000
)

// Explain implements sources.Explainer.
func (s *Source) Explain(ctx context.Context, ref core.Ref) (core.Explanation, error) {
	var e core.Explanation
	var p apiPipeline
	switch ref.Kind {
	case ci.KindRun:
		id, err := runID(ref)
		if err != nil {
			return e, err
		}
		if p, err = s.fresh(ctx, ref.Namespace, id); err != nil {
			return e, err
		}
		if err := s.explainRun(ctx, ref.Namespace, &p, &e, 0); err != nil {
			return e, err
		}
	case ci.KindJob:
		j, _, _, err := s.job(ctx, ref)
		if err != nil {
			return e, err
		}
		p = j.Pipeline
		s.explainJob(ctx, ref.Namespace, ref, &j, &e)
	default:
		return e, unsupported(ref.Kind, "explain")
	}
	s.explainTests(ctx, ref.Namespace, p.ID, &e)
	s.explainSince(ctx, ref.Namespace, &p, &e)
	return e, nil
}

// explainRun finds the job that failed, in child pipelines too.
func (s *Source) explainRun(ctx context.Context, path string, p *apiPipeline, e *core.Explanation, depth int) error {
	if p.YAMLErrors != "" {
		e.Summary = text.Sprintf("its configuration is not valid: %s", p.YAMLErrors)
		return nil
	}
	jobs, _, err := s.jobsOf(ctx, path, p.ID, false, true)
	if err != nil {
		return err
	}
	bad := slices.DeleteFunc(latest(jobs), func(j apiJob) bool { return j.Status != "failed" })
	if len(bad) == 0 {
		e.Summary = text.Sprintf("no job of it has failed: it is %s", p.Status)
		return nil
	}
	slices.SortStableFunc(bad, func(a, b apiJob) int {
		return cmp.Or(cmp.Compare(truth(a.AllowFailure), truth(b.AllowFailure)), a.Finished.Compare(b.Finished))
	})
	j := &bad[0]
	if j.bridge && j.Downstream != nil && depth < deepest {
		if child := s.downstream(path, j.Pipeline.ProjectID, j.Downstream); child != "" {
			if err := s.explainRun(ctx, child, j.Downstream, e, depth+1); err == nil {
				e.Summary = text.Sprintf("%s: %s", j.Name, e.Summary)
				return nil
			}
		}
	}
	s.explainJob(ctx, path, s.jobRef(path, p.ID, j, 0), j, e)
	if len(bad) > 1 {
		e.Summary = text.Sprintf("%s (and %d more)", e.Summary, len(bad)-1)
	}
	return nil
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}

// explainJob tells why a job failed, and the lines of its log that say so.
func (s *Source) explainJob(ctx context.Context, path string, ref core.Ref, j *apiJob, e *core.Explanation) {
	e.At = ref
	e.At.UID = strconv.Itoa(j.ID)
	e.Summary = text.Sprintf("%s is %s", j.Name, j.Status)
	if j.Status == "failed" {
		e.Summary = text.Sprintf("%s failed: %s", j.Name, failure(j))
		if !j.Started.IsZero() && j.Finished.After(j.Started) {
			e.Summary = text.Sprintf("%s failed after %s: %s", j.Name, text.Duration(j.Finished.Sub(j.Started)), failure(j))
		}
	}
	if j.bridge {
		return
	}
	log := &kept{}
	t := s.trace(e.At, j, core.LogRequest{Ref: e.At, Tail: keptLines}, log)
	if err := t.read(ctx); err != nil {
		note(e, text.Sprintf("the log cannot be read: %s", s.Problem(err).Summary))
		return
	}
	lines := slices.DeleteFunc(log.lines, func(l core.Line) bool { return l.Stream == core.Marker })
	if len(lines) == 0 {
		note(e, text.Lit("there is no log"))
		return
	}
	at, out := ci.FirstErrors(lines, mostLines)
	e.Lines = out
	var groups []text.Safe
	for i := 0; i <= at && i < len(lines); i++ {
		switch lines[i].Group {
		case core.GroupOpen:
			groups = append(groups, lines[i].Text.Safe())
		case core.GroupClose:
			if len(groups) > 0 {
				groups = groups[:len(groups)-1]
			}
		}
	}
	if len(groups) > 0 {
		e.Step = groups[len(groups)-1]
	}
}

func note(e *core.Explanation, says text.Safe) {
	if !e.Note.Empty() {
		says = text.Join(text.Lit("; "), e.Note, says)
	}
	e.Note = says
}

// kept is a log that is looked through.
type kept struct {
	mu    sync.Mutex
	lines []core.Line
}

// Lines implements core.LogSink.
func (k *kept) Lines(lines []core.Line) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.lines = append(k.lines, lines...)
}

// explainTests adds the tests that failed, where a report was made.
// API: docs.gitlab.com/api/pipelines "Get a pipeline's test report"
func (s *Source) explainTests(ctx context.Context, path string, id int, e *core.Explanation) {
	var report apiReport
	if _, err := s.get(ctx, rest.Request{Path: project(path, "pipelines", strconv.Itoa(id), "test_report"), Urgent: true}, &report); err != nil {
		if !absent(err) {
			note(e, text.Sprintf("the test report cannot be read: %s", s.Problem(err).Summary))
		}
		return
	}
	for _, suite := range report.Suites {
		if suite.Error != "" {
			e.Annotations = append(e.Annotations, core.Annotation{Level: core.LevelWarn, Title: text.Clean(suite.Name), Message: text.CleanLong(string(suite.Error))})
		}
		for _, c := range suite.Cases {
			if c.Status != "failed" && c.Status != "error" {
				continue
			}
			says := strings.TrimSpace(string(c.Output))
			if says == "" {
				says = string(c.Stack)
			}
			says, _, _ = strings.Cut(says, "\n")
			e.Annotations = append(e.Annotations, core.Annotation{
				Level: core.LevelError, Path: text.Clean(c.File), Title: text.Clean(orElse(c.Name, c.Class)), Message: text.CleanLong(says),
			})
		}
	}
	slices.SortStableFunc(e.Annotations, func(a, b core.Annotation) int { return cmp.Compare(b.Level, a.Level) })
	if more := len(e.Annotations) - mostAnnotations; more > 0 {
		e.Annotations = e.Annotations[:mostAnnotations]
		note(e, text.Sprintf("%d more tests failed", more))
	}
}

// explainSince adds the last good pipeline, and what came since.
func (s *Source) explainSince(ctx context.Context, path string, p *apiPipeline, e *core.Explanation) {
	good, err := s.goodBefore(ctx, path, p, p.Ref)
	elsewhere := ""
	if err == nil && good == nil {
		info, ierr := s.project(ctx, s.ref(ci.KindRun, path, "", ""))
		if ierr == nil && info.DefaultBranch != "" && info.DefaultBranch != p.Ref {
			elsewhere = info.DefaultBranch
			good, err = s.goodBefore(ctx, path, p, elsewhere)
		}
	}
	switch {
	case err != nil:
		note(e, text.Sprintf("the last good pipeline cannot be told: %s", s.Problem(err).Summary))
		return
	case good == nil:
		note(e, text.Sprintf("no pipeline of %s went well before", branch(p.Ref)))
		return
	}
	id := strconv.Itoa(good.ID)
	e.Good = s.ref(ci.KindRun, path, id, id)
	e.GoodTitle = text.Sprintf("#%d, %s, %s ago", good.ID, ci.Short(good.SHA), text.Age(s.now().Sub(good.Updated)))
	if full, err := s.fresh(ctx, path, good.ID); err == nil && full.User != nil {
		e.GoodTitle = text.Sprintf("%s by %s", e.GoodTitle, full.User.name())
	}
	if elsewhere != "" {
		e.GoodTitle = text.Sprintf("%s, on %s", e.GoodTitle, elsewhere)
	}
	if good.SHA == p.SHA {
		note(e, text.Lit("the last good pipeline ran the same commit: the code is not what changed"))
		return
	}
	var diff apiCompare
	q := url.Values{"from": {good.SHA}, "to": {p.SHA}}
	if _, err := s.get(ctx, rest.Request{Path: project(path, "repository", "compare"), Query: q, Urgent: true}, &diff); err != nil {
		note(e, text.Sprintf("the commits since cannot be told: %s", s.Problem(err).Summary))
		return
	}
	slices.Reverse(diff.Commits) // the API has the oldest first
	e.MoreCommits = max(0, len(diff.Commits)-mostShown)
	for _, c := range diff.Commits[:min(len(diff.Commits), mostShown)] {
		at := c.Authored
		if at.IsZero() {
			at = c.Created
		}
		e.Commits = append(e.Commits, core.Commit{SHA: c.ID, Title: text.Clean(c.Title), Author: text.Clean(c.AuthorName), At: stampOf(at.Time)})
	}
}

func stampOf(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

// goodBefore is the last pipeline of a ref that went well before p; nil: none.
func (s *Source) goodBefore(ctx context.Context, path string, p *apiPipeline, ref string) (*apiPipeline, error) {
	q := url.Values{"ref": {ref}, "status": {"success"}, "order_by": {"id"}, "sort": {"desc"}, "per_page": {"20"}}
	var list []apiPipeline
	if _, err := s.get(ctx, rest.Request{Path: project(path, "pipelines"), Query: q, Urgent: true}, &list); err != nil {
		return nil, err
	}
	for i := range list {
		if list[i].ID < p.ID {
			return &list[i], nil
		}
	}
	return nil, nil
}
