package github

import (
	"context"
	"time"

	"devops-tui/internal/ci"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// Outline implements sources.Outliner: the jobs of a run, and their steps. Both
// questions are conditional: while nothing changes they cost nothing of the limit.
func (s *Source) Outline(ctx context.Context, ref core.Ref) (core.Outline, error) {
	if ref.Kind != kindRun {
		return core.Outline{}, unsupported(ref.Kind, "outline")
	}
	w, err := s.runOf(ctx, ref)
	if err != nil {
		return core.Outline{}, err
	}
	list, err := s.jobsOf(ctx, ref.Namespace, w.ID, 0)
	if err != nil {
		return core.Outline{}, err
	}
	var waits []pendingDeployment
	if w.Status == "waiting" {
		if waits, err = s.pending(ctx, ref.Namespace, w.ID); err != nil {
			return core.Outline{}, err
		}
		s.rows.with(ref.Namespace, func(x *repoRows) { x.gates[id(w.ID)] = waits })
	}
	out := core.Outline{Done: w.Status == "completed"}
	for _, p := range waits {
		out.Nodes = append(out.Nodes, gateNode(p))
	}
	jobs := s.jobs(ref.Namespace, &w, list, time.Now())
	running := false
	for i := range jobs {
		running = running || list[i].Status == "in_progress"
		out.Nodes = append(out.Nodes, jobNodes(&list[i], jobs[i])...)
	}
	var notes []text.Safe
	if running {
		notes = append(notes, text.Lit("GitHub serves no live text: a log opens when its job ends"))
	}
	if w.RunAttempt > 1 {
		notes = append(notes, text.Sprintf("attempt %d; jobs that went well before were kept", w.RunAttempt))
	}
	out.Note = text.Join(text.Lit("; "), notes...)
	return out, nil
}

// gateNode is an environment that the run waits for.
func gateNode(p pendingDeployment) core.Node {
	n := core.Node{Title: text.Sprintf("approval for %s", p.Environment.Name), Phase: core.Pending, Reason: text.Lit("waiting")}
	switch {
	case len(p.Reviewers) == 0:
		n.Title = text.Sprintf("wait for %s", p.Environment.Name)
		if !p.WaitSince.IsZero() {
			n.Message = text.Sprintf("%d minutes, until %s", p.WaitTimer, p.WaitSince.Add(time.Duration(p.WaitTimer)*time.Minute).Local().Format(time.TimeOnly))
		}
	case p.CanApprove:
		n.Message = text.Sprintf("waits for you (%s)", reviewers(p.Reviewers))
	default:
		n.Message = text.Sprintf("waits for %s", reviewers(p.Reviewers))
	}
	return n
}

// jobNodes are a job and its steps.
func jobNodes(j *workflowJob, row ci.Job) []core.Node {
	n := row.Node(0)
	n.Closed = row.Phase == core.Succeeded
	out := []core.Node{n}
	for i := range j.Steps {
		x := &j.Steps[i]
		p, reason := phase(x.Status, x.Conclusion)
		st := core.Node{Depth: 1, Title: text.Clean(x.Name), Phase: p, Reason: reason}
		if !x.StartedAt.IsZero() {
			st.Started = x.StartedAt.UnixNano()
		}
		if !x.CompletedAt.IsZero() {
			st.Ended = x.CompletedAt.UnixNano()
		}
		out = append(out, st)
	}
	return out
}
