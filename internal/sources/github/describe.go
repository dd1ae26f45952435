package github

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"devops-tui/internal/ci"
	"devops-tui/internal/core"
	"devops-tui/internal/rest"
	"devops-tui/internal/text"
)

// document collects lines of a description.
type document struct{ lines []text.Line }

func (d *document) field(name, value text.Safe) {
	if !value.Empty() {
		d.lines = append(d.lines, text.Sprintf("%-14s%s", name.String()+":", value).Line())
	}
}

func (d *document) heading(name text.Safe) {
	d.lines = append(d.lines, text.Line{}, name.Line())
}

func (d *document) item(what text.Safe) {
	d.lines = append(d.lines, text.Concat(text.Lit("  "), what).Line())
}

func at(t time.Time) text.Safe {
	if t.IsZero() {
		return text.Safe{}
	}
	return text.Clean(t.Local().Format(time.DateTime))
}

// Describe implements sources.Describer.
func (s *Source) Describe(ctx context.Context, ref core.Ref) (core.Document, error) {
	d := &document{}
	var err error
	switch ref.Kind {
	case kindRun:
		err = s.describeRun(ctx, ref, d)
	case kindJob:
		err = s.describeJob(ctx, ref, d)
	case kindWorkflow:
		err = s.describeWorkflow(ctx, ref, d)
	case kindEnvironment:
		err = s.describeEnvironment(ctx, ref, d)
	default:
		err = unsupported(ref.Kind, "description")
	}
	return core.Document{Title: text.Clean(ref.Path()), Lines: d.lines}, err
}

func (s *Source) describeRun(ctx context.Context, ref core.Ref, d *document) error {
	w, err := s.runOf(ctx, ref)
	if err != nil {
		return err
	}
	_, reason := phase(w.Status, w.Conclusion)
	d.field(text.Lit("Run"), text.Sprintf("%s #%d", w.Name, w.RunNumber))
	d.field(text.Lit("Title"), text.Clean(firstLine(w.DisplayTitle)))
	d.field(text.Lit("Repository"), text.Clean(ref.Namespace))
	d.field(text.Lit("Workflow"), text.Clean(w.Path))
	d.field(text.Lit("Branch"), text.Clean(w.HeadBranch))
	d.field(text.Lit("Commit"), text.Clean(w.HeadSHA))
	if w.HeadCommit != nil {
		d.field(text.Lit("Message"), text.Clean(firstLine(w.HeadCommit.Message)))
		d.field(text.Lit("Author"), text.Clean(w.HeadCommit.Author.Name))
	}
	d.field(text.Lit("Event"), text.Clean(w.Event))
	d.field(text.Lit("Started by"), text.Clean(w.TriggeringActor.name()))
	d.field(text.Lit("State"), reason)
	d.field(text.Lit("Attempt"), text.Int(w.RunAttempt))
	d.field(text.Lit("Created"), at(w.CreatedAt))
	d.field(text.Lit("Started"), at(w.RunStartedAt))
	if w.Status == "completed" {
		d.field(text.Lit("Ended"), at(w.UpdatedAt))
	}
	d.field(text.Lit("Page"), text.Clean(w.HTMLURL))
	list, err := s.jobsOf(ctx, ref.Namespace, w.ID, 0)
	if err != nil {
		return err
	}
	d.heading(text.Sprintf("Jobs (%d)", len(list)))
	for i := range list {
		_, why := phase(list[i].Status, list[i].Conclusion)
		d.item(text.Sprintf("%s: %s", list[i].Name, why))
	}
	for n := 1; n < min(w.RunAttempt, 10); n++ {
		if n == 1 {
			d.heading(text.Lit("Earlier attempts"))
		}
		a, err := get[workflowRun](ctx, s, in(ref.Namespace, "actions", "runs", id(w.ID), "attempts", strconv.Itoa(n)), nil)
		if err != nil {
			return err
		}
		d.item(text.Sprintf("%d: %s, %s, by %s", n, a.Conclusion, at(a.RunStartedAt), a.TriggeringActor.name()))
	}
	return s.describeApprovals(ctx, ref, &w, d)
}

func (s *Source) describeApprovals(ctx context.Context, ref core.Ref, w *workflowRun, d *document) error {
	list, err := get[[]approval](ctx, s, in(ref.Namespace, "actions", "runs", id(w.ID), "approvals"), nil)
	if err != nil || len(list) == 0 {
		return err
	}
	d.heading(text.Lit("Approvals"))
	for _, a := range list {
		var names []string
		for _, e := range a.Environments {
			names = append(names, e.Name)
		}
		d.item(text.Sprintf("%s %s by %s: %s", strings.Join(names, ", "), a.State, a.User.name(), firstLine(a.Comment)))
	}
	return nil
}

func (s *Source) describeJob(ctx context.Context, ref core.Ref, d *document) error {
	w, j, err := s.jobOf(ctx, ref)
	if err != nil {
		return err
	}
	d.field(text.Lit("Job"), text.Clean(j.Title))
	d.field(text.Lit("Run"), text.Sprintf("%s #%d", w.Name, w.RunNumber))
	d.field(text.Lit("Repository"), text.Clean(ref.Namespace))
	d.field(text.Lit("State"), j.Reason)
	d.field(text.Lit("Attempt"), text.Int(j.Attempt))
	d.field(text.Lit("Runner"), text.Clean(j.Runner))
	d.field(text.Lit("Commit"), text.Clean(j.Commit))
	d.field(text.Lit("Steps"), text.Sprintf("%d of %d", j.Steps.Done, j.Steps.Total))
	d.field(text.Lit("Failed"), j.Message)
	d.field(text.Lit("Started"), at(j.Started))
	d.field(text.Lit("Ended"), at(j.Ended))
	d.field(text.Lit("Page"), text.Clean(j.URL))
	return nil
}

func (s *Source) describeWorkflow(ctx context.Context, ref core.Ref, d *document) error {
	w, branch, err := s.workflowOf(ctx, ref)
	if err != nil {
		return err
	}
	d.field(text.Lit("Workflow"), text.Clean(w.Name))
	d.field(text.Lit("File"), text.Clean(w.Path))
	d.field(text.Lit("Repository"), text.Clean(ref.Namespace))
	d.field(text.Lit("State"), text.Clean(w.State))
	d.field(text.Lit("Default branch"), text.Clean(branch))
	d.field(text.Lit("Page"), text.Clean(w.HTMLURL))
	file, err := s.file(ctx, ref.Namespace, w.Path, "")
	if rest.StatusOf(err) == 404 {
		return nil // made by an app: there is no file
	}
	if err != nil {
		return err
	}
	inputs, err := ci.ParseWorkflowInputs(file)
	if err != nil {
		d.field(text.Lit("Start by hand"), text.Error(err))
		return nil
	}
	d.field(text.Lit("Start by hand"), text.Sprintf("yes, %d inputs", len(inputs)))
	for _, in := range inputs {
		d.item(text.Sprintf("%s (%s) %s", in.Name, in.Type, in.Description))
	}
	return nil
}

func (s *Source) describeEnvironment(ctx context.Context, ref core.Ref, d *document) error {
	e, err := s.environmentOf(ctx, ref)
	if err != nil {
		return err
	}
	d.field(text.Lit("Environment"), text.Clean(e.env.Name))
	d.field(text.Lit("Repository"), text.Clean(ref.Namespace))
	_, rules := e.env.protection()
	d.field(text.Lit("Protected by"), text.Join(text.Lit(", "), rules...))
	d.field(text.Lit("Created"), at(e.env.CreatedAt))
	d.field(text.Lit("Page"), text.Clean(e.env.HTMLURL))
	if e.last == nil {
		d.field(text.Lit("Deployed"), text.Lit("never"))
		return nil
	}
	d.heading(text.Lit("Last deployment"))
	d.field(text.Lit("State"), text.Clean(e.status.State))
	d.field(text.Lit("Ref"), text.Clean(e.last.Ref))
	d.field(text.Lit("Commit"), text.Clean(e.last.SHA))
	d.field(text.Lit("By"), text.Clean(e.last.Creator.name()))
	d.field(text.Lit("At"), at(e.last.CreatedAt))
	d.field(text.Lit("Address"), text.Clean(e.status.EnvironmentURL))
	d.field(text.Lit("Log"), text.Clean(e.status.LogURL))
	return nil
}

// Events implements sources.Eventer: what a run's attempts, approvals and an
// environment's deployments went through.
func (s *Source) Events(ctx context.Context, ref core.Ref) ([]core.Event, error) {
	var out []core.Event
	var err error
	switch ref.Kind {
	case kindRun:
		out, err = s.runEvents(ctx, ref)
	case kindEnvironment:
		out, err = s.environmentEvents(ctx, ref)
	case kindJob, kindWorkflow:
		_, err = s.Get(ctx, ref)
	default:
		err = unsupported(ref.Kind, "events")
	}
	slices.SortStableFunc(out, func(a, b core.Event) int { return int(min(max(b.At-a.At, -1), 1)) })
	return out, err
}

func (s *Source) runEvents(ctx context.Context, ref core.Ref) ([]core.Event, error) {
	w, err := s.runOf(ctx, ref)
	if err != nil {
		return nil, err
	}
	ref = s.runRef(ref.Namespace, &w)
	var out []core.Event
	add := func(t time.Time, reason, message text.Safe, from string, warning bool, of core.Ref) {
		if !t.IsZero() {
			out = append(out, core.Event{At: t.UnixNano(), Count: 1, Reason: reason, Message: message, From: text.Clean(from), Warning: warning, Ref: of})
		}
	}
	add(w.CreatedAt, text.Lit("Created"), text.Sprintf("%s by %s", w.Event, w.Actor.name()), w.Actor.name(), false, ref)
	if w.RunAttempt > 1 {
		add(w.RunStartedAt, text.Lit("Rerun"), text.Sprintf("attempt %d by %s", w.RunAttempt, w.TriggeringActor.name()), w.TriggeringActor.name(), false, ref)
	}
	list, err := s.jobsOf(ctx, ref.Namespace, w.ID, 0)
	if err != nil {
		return nil, err
	}
	for i, j := range s.jobs(ref.Namespace, &w, list, time.Now()) {
		add(j.Started, text.Lit("JobStarted"), text.Clean(j.Title), j.Runner, false, j.Ref)
		add(j.Ended, text.Lit("JobEnded"), text.Sprintf("%s: %s", j.Title, j.Reason), j.Runner, failed(&list[i]), j.Ref)
	}
	if w.Status == "completed" {
		p, reason := phase(w.Status, w.Conclusion)
		add(w.UpdatedAt, text.Lit("Ended"), reason, "", p.IsProblem(), ref)
	}
	return out, nil
}

func (s *Source) environmentEvents(ctx context.Context, ref core.Ref) ([]core.Event, error) {
	list, err := s.history(ctx, ref, 10)
	if err != nil {
		return nil, err
	}
	var out []core.Event
	for _, h := range list {
		for _, st := range h.statuses {
			out = append(out, core.Event{
				At: st.CreatedAt.UnixNano(), Count: 1, Warning: deploymentPhase(st.State) == core.Failed, Reason: text.Clean(st.State),
				Message: text.Sprintf("%s of %s %s", ci.Short(h.d.SHA), h.d.Ref, firstLine(st.Description)), From: text.Clean(h.d.Creator.name()), Ref: ref,
			})
		}
	}
	return out, nil
}
