package github

import (
	"cmp"
	"context"
	"net/url"
	"path"
	"slices"
	"strconv"
	"time"

	"devops-tui/internal/ci"
	"devops-tui/internal/core"
	"devops-tui/internal/rest"
	"devops-tui/internal/text"
)

const (
	mostLines       = 20
	mostAnnotations = 20
	mostCommits     = 20
	// maxExplained is how much of a log is read to find its errors.
	maxExplained = 16 << 20
)

// Explain implements sources.Explainer. A part that cannot be told is a note, not
// an error.
func (s *Source) Explain(ctx context.Context, ref core.Ref) (core.Explanation, error) {
	var w workflowRun
	var err error
	only := int64(0)
	attempt := 0
	switch ref.Kind {
	case kindRun:
		w, err = s.runOf(ctx, ref)
	case kindJob:
		var j ci.Job
		if w, j, err = s.jobOf(ctx, ref); err == nil {
			only = number(j.Ref.UID)
			if j.Attempt != w.RunAttempt {
				attempt = j.Attempt
			}
		}
	default:
		err = unsupported(ref.Kind, "explanation")
	}
	if err != nil {
		return core.Explanation{}, err
	}
	list, err := s.jobsOf(ctx, ref.Namespace, w.ID, attempt)
	if err != nil {
		return core.Explanation{}, err
	}
	var out core.Explanation
	var notes []text.Safe
	note := func(what text.Safe, err error) {
		if err != nil && ctx.Err() == nil {
			notes = append(notes, text.Sprintf("%s: %s", what, s.client.Problem(err).Summary))
		}
	}
	jobs := s.jobs(ref.Namespace, &w, list, time.Now())
	at, others := -1, 0
	for i := range list {
		if !failed(&list[i]) || only != 0 && list[i].ID != only {
			continue
		}
		if at < 0 {
			at = i
		} else {
			others++
		}
	}
	if at < 0 {
		_, reason := phase(w.Status, w.Conclusion)
		out.Summary = text.Sprintf("no job has failed: the run is %s", reason)
		if w.Conclusion == "startup_failure" {
			out.Summary = text.Lit("the run could not start: the workflow file is not valid, or a workflow that it calls is not there")
		}
	} else {
		j := &list[at]
		out.At = jobs[at].Ref
		out.Summary = summary(j, others)
		if step := failedStep(j); step != nil {
			out.Step = text.Clean(step.Name)
		}
		var err error
		out.Lines, err = s.firstErrors(ctx, ref.Namespace, j)
		note(text.Lit("its log"), err)
	}
	for i := range list {
		if failed(&list[i]) && (only == 0 || list[i].ID == only) && len(out.Annotations) < mostAnnotations {
			found, err := s.annotations(ctx, ref.Namespace, &list[i])
			note(text.Lit("annotations"), err)
			out.Annotations = append(out.Annotations, found...)
		}
	}
	slices.SortStableFunc(out.Annotations, func(a, b core.Annotation) int { return cmp.Compare(b.Level, a.Level) })
	out.Annotations = out.Annotations[:min(len(out.Annotations), mostAnnotations)]
	note(text.Lit("the last good run"), s.lastGood(ctx, ref.Namespace, &w, &out))
	out.Note = text.Join(text.Lit("; "), notes...)
	return out, nil
}

// summary is what failed, where, and after how long.
func summary(j *workflowJob, others int) text.Safe {
	out := text.Sprintf("%s %s", j.Name, word(j.Conclusion))
	if step := failedStep(j); step != nil {
		out = text.Sprintf("%s in step %s", out, step.Name)
	}
	if !j.StartedAt.IsZero() && j.CompletedAt.After(j.StartedAt) {
		out = text.Sprintf("%s after %s", out, text.Duration(j.CompletedAt.Sub(j.StartedAt)))
	}
	if others > 0 {
		out = text.Sprintf("%s; %d more jobs failed", out, others)
	}
	return out
}

func word(conclusion string) text.Safe {
	switch conclusion {
	case "failure":
		return text.Lit("failed")
	case "timed_out":
		return text.Lit("took too long")
	}
	return text.Clean(conclusion)
}

// firstErrors finds the lines of a job's log that say what is wrong, first in
// what the failed step wrote.
func (s *Source) firstErrors(ctx context.Context, repo string, j *workflowJob) ([]text.Line, error) {
	if len(j.Steps) == 0 {
		return nil, nil // it never ran
	}
	body, _, err := s.client.Open(ctx, rest.Request{Path: in(repo, "actions", "jobs", id(j.ID), "logs"), Urgent: true})
	if err != nil {
		return nil, err
	}
	defer body.Close()
	keep := &collector{}
	t := &tail{s: s, req: core.LogRequest{Tail: -1}, sink: keep}
	d := &delivery{t: t}
	if err := d.read(body, &core.Origin{}, maxExplained); err != nil {
		return nil, err
	}
	lines := keep.lines
	if step := failedStep(j); step != nil && !step.StartedAt.IsZero() {
		// Steps are told apart by their time only, and that to the second.
		from := step.StartedAt.UnixNano()
		to := int64(1<<63 - 1)
		if !step.CompletedAt.IsZero() {
			to = step.CompletedAt.Add(time.Second).UnixNano()
		}
		own := slices.DeleteFunc(slices.Clone(lines), func(l core.Line) bool { return l.Time < from || l.Time >= to })
		if _, out := ci.FirstErrors(own, mostLines); len(out) > 0 {
			return out, nil
		}
	}
	_, out := ci.FirstErrors(lines, mostLines)
	return out, nil
}

// collector keeps lines.
type collector struct{ lines []core.Line }

// Lines implements core.LogSink.
func (c *collector) Lines(l []core.Line) { c.lines = append(c.lines, l...) }

// annotations are the remarks on a job.
func (s *Source) annotations(ctx context.Context, repo string, j *workflowJob) ([]core.Annotation, error) {
	check := path.Base(j.CheckRunURL)
	if number(check) == 0 {
		return nil, nil
	}
	list, err := get[[]annotation](ctx, s, in(repo, "check-runs", check, "annotations"), url.Values{"per_page": {"50"}})
	if err != nil {
		return nil, err
	}
	var out []core.Annotation
	for _, a := range list {
		x := core.Annotation{Level: core.LevelInfo, Path: text.Clean(a.Path), Line: a.StartLine, Title: text.Clean(a.Title), Message: text.CleanLong(a.Message)}
		switch a.Level {
		case "failure":
			x.Level = core.LevelError
		case "warning":
			x.Level = core.LevelWarn
		}
		if a.Path == ".github" { // of the run as a whole
			x.Path, x.Line = text.Safe{}, 0
		}
		out = append(out, x)
	}
	return out, nil
}

// lastGood finds the last run before w that went well, of the same workflow and
// branch, else of the default branch, and the commits since.
func (s *Source) lastGood(ctx context.Context, repo string, w *workflowRun, out *core.Explanation) error {
	good, err := s.goodOn(ctx, repo, w, w.HeadBranch)
	if err != nil {
		return err
	}
	if good == nil {
		branch, err := s.defaultBranch(ctx, repo)
		if err != nil {
			return err
		}
		if branch == w.HeadBranch {
			return nil
		}
		if good, err = s.goodOn(ctx, repo, w, branch); err != nil || good == nil {
			return err
		}
	}
	out.Good = s.runRef(repo, good)
	by := good.TriggeringActor.name()
	if by == "" {
		by = good.Actor.name()
	}
	out.GoodTitle = text.Sprintf("%s #%d on %s, %s, %s ago by %s", good.workflow(), good.RunNumber, good.HeadBranch, ci.Short(good.HeadSHA), text.Age(time.Since(good.UpdatedAt)), by)
	if good.HeadSHA == w.HeadSHA || good.HeadSHA == "" || w.HeadSHA == "" {
		return nil
	}
	return s.between(ctx, repo, good.HeadSHA, w.HeadSHA, out)
}

// goodOn is the last green run of w's workflow on a branch before w; nil: none.
func (s *Source) goodOn(ctx context.Context, repo string, w *workflowRun, branch string) (*workflowRun, error) {
	if branch == "" || w.WorkflowID == 0 {
		return nil, nil
	}
	var found *workflowRun
	q := url.Values{"branch": {branch}, "status": {"success"}}
	err := s.runPages(ctx, in(repo, "actions", "workflows", id(w.WorkflowID), "runs"), q, 2, func(r *workflowRun) bool {
		if r.RunNumber < w.RunNumber && r.ID != w.ID {
			found = r
		}
		return found == nil
	})
	return found, err
}

// between reads the commits after base up to head, the newest first.
func (s *Source) between(ctx context.Context, repo, base, head string, out *core.Explanation) error {
	const size = 100
	p := in(repo, "compare", base+"..."+head)
	c, err := get[comparison](ctx, s, p, url.Values{"per_page": {strconv.Itoa(size)}})
	if err != nil {
		return err
	}
	list := c.Commits // the oldest first
	if last := (c.TotalCommits + size - 1) / size; last > 1 {
		more, err := get[comparison](ctx, s, p, url.Values{"per_page": {strconv.Itoa(size)}, "page": {strconv.Itoa(last)}})
		if err != nil {
			return err
		}
		if list = more.Commits; len(list) < mostCommits && last == 2 {
			list = append(slices.Clone(c.Commits), list...)
		}
	}
	for i := len(list) - 1; i >= 0 && len(out.Commits) < mostCommits; i-- {
		k := &list[i]
		x := core.Commit{SHA: k.SHA, Title: text.Clean(firstLine(k.Commit.Message)), Author: text.Clean(k.Commit.Author.Name)}
		if !k.Commit.Author.Date.IsZero() {
			x.At = k.Commit.Author.Date.UnixNano()
		}
		out.Commits = append(out.Commits, x)
	}
	out.MoreCommits = max(c.TotalCommits-len(out.Commits), 0)
	return nil
}
