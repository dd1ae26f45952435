package jenkins

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"devops-tui/internal/ci"
	"devops-tui/internal/core"
	"devops-tui/internal/rest"
	"devops-tui/internal/text"
)

const (
	// lookBack is how many builds are looked through for the last good one.
	lookBack    = 50
	mostErrors  = 20
	mostCommits = 20
)

// Explain implements sources.Explainer.
func (s *Source) Explain(ctx context.Context, ref core.Ref) (core.Explanation, error) {
	ctx = urgently(ctx)
	t, ok := parse(ref)
	if !ok || t.number == 0 {
		return core.Explanation{}, notFound(ref)
	}
	runRef := ref
	if ref.Kind == ci.KindJob {
		runRef = s.runRef(ref.Namespace, t)
	}
	r, j, err := s.readRun(ctx, runRef, t)
	if err != nil {
		return core.Explanation{}, err
	}
	e := core.Explanation{At: r.Ref}
	what := text.Sprintf("%s #%d: %s", j.display, t.number, r.Reason)
	var keep *cutter
	if j.isPipeline() {
		keep = s.failedStage(ctx, ref, t, &e)
	}
	e.Summary = what
	if !e.Step.Empty() {
		e.Summary = text.Sprintf("%s in stage %s", e.Summary, e.Step)
	}
	if r.Took() > 0 {
		e.Summary = text.Sprintf("%s after %s", e.Summary, text.Duration(r.Took()))
	}
	if p, err := s.console(ctx, t.full, t.number, consoleWhole, consoleTail); err == nil {
		reader := ci.NewLogReader(ci.Jenkins)
		all := append(reader.Feed(p.data), reader.End()...)
		lines := all
		if keep != nil {
			lines = keep.lines(all)
		}
		if _, e.Lines = ci.FirstErrors(lines, mostErrors); len(e.Lines) == 0 && keep != nil {
			_, e.Lines = ci.FirstErrors(all, mostErrors)
		}
	} else if ctx.Err() != nil {
		return e, err
	} else {
		e.Note = text.Sprintf("the console cannot be read: %s", s.Problem(err).Summary)
	}
	s.explainHistory(ctx, j, t, &e)
	return e, nil
}

// failedStage finds the stage in which a run failed; nil where it cannot be told.
func (s *Source) failedStage(ctx context.Context, ref core.Ref, t target, e *core.Explanation) *cutter {
	d, err := s.describe(ctx, t)
	if err != nil {
		if rest.StatusOf(err) == http.StatusNotFound {
			e.Note = text.Lit("which stage failed is not told: Jenkins has no plugin Pipeline: REST API")
		}
		return nil
	}
	names := stageNames(d.Stages)
	for i := range d.Stages {
		x := &d.Stages[i]
		if t.stage != "" && names[i] != t.stage || t.stage == "" && x.Status != "FAILED" && x.Status != "UNSTABLE" && x.Status != "ABORTED" {
			continue
		}
		_, name := split(t.full)
		e.At = s.ref(ci.KindJob, ref.Namespace, name+"/"+strconv.Itoa(t.number)+"/"+names[i], x.ID)
		e.Step = text.Clean(x.Name)
		title, nth := stageTitle(names[i], d.Stages)
		return &cutter{title: title, nth: nth}
	}
	return nil
}

// explainHistory finds the last good build before this one, and what came between.
func (s *Source) explainHistory(ctx context.Context, j *job, t target, e *core.Explanation) {
	builds, err := s.readBuilds(ctx, t.full, lookBack)
	if err != nil {
		e.Note = joinNotes(e.Note, text.Sprintf("the builds before cannot be read: %s", s.Problem(err).Summary))
		return
	}
	var between []apiCommit
	for i := range builds {
		b := &builds[i]
		if b.Number > t.number {
			continue
		}
		if b.Number < t.number && b.Result == "SUCCESS" {
			r := s.run(j, b)
			e.Good = r.Ref
			e.GoodTitle = text.Sprintf("%s #%d%s, %s ago%s", j.display, b.Number, comma(ci.Short(r.Commit)), text.Age(s.serverTime().Sub(r.Created).Truncate(time.Second)), by(r.Author))
			break
		}
		between = append(between, b.commits()...)
	}
	seen := map[string]bool{}
	for _, c := range between {
		if seen[c.ID] && c.ID != "" {
			continue
		}
		seen[c.ID] = true
		if len(e.Commits) == mostCommits {
			e.MoreCommits++
			continue
		}
		x := core.Commit{SHA: c.ID, Title: text.Clean(c.Message), Author: text.Clean(c.Author.Name)}
		if c.Timestamp > 0 {
			x.At = fromMillis(c.Timestamp).UnixNano()
		}
		e.Commits = append(e.Commits, x)
	}
	if e.Good.IsZero() {
		e.Note = joinNotes(e.Note, text.Sprintf("none of the %d builds before went well", lookBack))
	}
}

func comma(s string) string {
	if s == "" {
		return ""
	}
	return ", " + s
}

func by(s string) string {
	if s == "" {
		return ""
	}
	return " by " + s
}

func joinNotes(a, b text.Safe) text.Safe {
	if a.Empty() {
		return b
	}
	return text.Join(text.Lit("; "), a, b)
}
