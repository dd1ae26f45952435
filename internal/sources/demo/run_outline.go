package demo

import (
	"context"
	"fmt"
	"strings"
	"time"

	"devops-tui/internal/ci"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// step is a part of a job.
type step struct {
	name           string
	status         runStatus
	started, ended time.Time
}

// The steps of a job besides its own one, and the share of the job's time at which
// each one begins.
var (
	stepsBefore = []string{"Set up job", "Check out"}
	stepBegins  = []float64{0, 0.04, 0.1, 0.94}
)

// work is the step in which a job does what it is for.
func (j *job) work() string {
	switch j.stage {
	case "build":
		return "Build and push the image"
	case "test":
		return "Run " + j.name + " tests"
	case "verify":
		return "Verify the image"
	}
	return "Deploy to " + j.run.place.scope
}

// steps are the steps of a job as they stand now. Their times follow from the
// job's.
func (j *job) steps() []step {
	names := append(append([]string{}, stepsBefore...), j.work(), "Clean up")
	out := make([]step, len(names))
	now := j.run.place.w.now
	for i, name := range names {
		out[i] = step{name: name, status: queued}
		if j.started.IsZero() {
			if j.status == skipped || j.status == cancelled {
				out[i].status = skipped
			}
			continue
		}
		total := j.run.place.w.story(j.planned)
		if !j.ended.IsZero() {
			total = j.ended.Sub(j.started)
		}
		from := j.started.Add(time.Duration(stepBegins[i] * float64(total)))
		to := j.started.Add(total)
		if i+1 < len(names) {
			to = j.started.Add(time.Duration(stepBegins[i+1] * float64(total)))
		}
		switch {
		case j.ended.IsZero() && now.Before(from), j.ended.IsZero() && i == len(names)-1: // it cleans up when it has ended
			continue
		case j.ended.IsZero() && (now.Before(to) || i == len(names)-2):
			out[i].status, out[i].started = inProgress, from
		default:
			out[i].status, out[i].started, out[i].ended = passed, from, to
			if i == len(names)-2 && (j.status == failed || j.status == cancelled) {
				out[i].status = j.status
			}
		}
	}
	return out
}

// Outline tells what an object is made of.
func (s *Source) Outline(ctx context.Context, ref core.Ref) (core.Outline, error) {
	o, done, err := s.object(ctx, ref)
	if err != nil {
		return core.Outline{}, err
	}
	defer done()
	switch o := o.(type) {
	case *run:
		return o.outline(), nil
	case *application:
		return o.outline(), nil
	case *canary:
		return o.outline(), nil
	}
	return core.Outline{}, problemf(core.Unsupported, "a %s has no outline", ref.Kind)
}

func (r *run) outline() core.Outline {
	out := core.Outline{Done: r.status.over()}
	if j := r.gate(); j != nil {
		out.Note = text.Sprintf("waits for %s since %s", j.waits(), text.Age(r.place.w.now.Sub(r.created)))
	}
	for _, j := range r.jobs {
		n := j.told().Node(0)
		n.Closed = j.status == passed || j.status == skipped
		out.Nodes = append(out.Nodes, n)
		for _, s := range j.steps() {
			out.Nodes = append(out.Nodes, core.Node{
				Depth: 1, Title: text.Clean(s.name), Phase: s.status.phase(), Reason: text.Clean(s.status.String()), Started: nanos(s.started), Ended: nanos(s.ended),
			})
		}
	}
	return out
}

// Find finds a job, which no list has: acme/api/ci/1842/unit.
func (s *Source) Find(ctx context.Context, kind, path string) (core.Ref, error) {
	if err := ctx.Err(); err != nil {
		return core.Ref{}, s.Problem(err)
	}
	s.w.lock()
	defer s.w.mu.Unlock()
	if kind == ci.KindJob {
		for _, o := range s.place.list(ci.KindJob) {
			if r := o.ref(); r.Namespace+"/"+r.Name == path || strings.HasSuffix(r.Namespace+"/"+r.Name, "/"+path) {
				return r, nil
			}
		}
	}
	return core.Ref{}, problemf(core.NotFound, "no %s %s in %s", kind, path, s.place.scope)
}

// Explain tells why a run, a job or an application failed.
func (s *Source) Explain(ctx context.Context, ref core.Ref) (core.Explanation, error) {
	o, done, err := s.object(ctx, ref)
	if err != nil {
		return core.Explanation{}, err
	}
	defer done()
	switch o := o.(type) {
	case *run:
		return o.explain(), nil
	case *job:
		return o.run.explain(), nil
	case *application:
		return o.explain(), nil
	}
	return core.Explanation{}, problemf(core.Unsupported, "nothing is known of why a %s fails", ref.Kind)
}

func (r *run) explain() core.Explanation {
	x := core.Explanation{Note: text.Lit("it has not failed")}
	for _, j := range r.jobs {
		if j.status != failed {
			continue
		}
		x.Note = text.Safe{}
		x.At, x.Step = j.ref(), text.Clean(j.work())
		x.Summary = text.Sprintf("%s failed in step %s after %s", j.name, j.work(), text.Duration(j.ended.Sub(j.started)))
		if r.said != "" { // nothing ran that could have failed
			x.Summary, x.Step = text.CleanLong(r.said), text.Safe{}
			break
		}
		sp := j.speaker()
		lines := sp.span(instance{start: j.started, end: j.ended, reason: "Completed"}, j.started, j.ended.Add(time.Second))
		_, x.Lines = ci.FirstErrors(lines, 20)
		if j.stage == "test" {
			x.Annotations = []core.Annotation{{
				Level: core.LevelError, Path: text.Lit("cart/cart_test.go"), Line: 88, Title: text.Lit("TestCartTotals/31"), Message: text.Lit("total: want 42.10, got 42.11"),
			}}
		}
		if d := r.place.deployment(r.build.service.name); j.stage == stageDeploy && d != nil {
			x.Annotations = []core.Annotation{{Level: core.LevelError, Title: text.Sprintf("deployment %s", d.service.name), Message: r.aftermath(d)}}
		}
		break
	}
	r.compare(&x)
	return x
}

// aftermath is what became of the rollout that a run began.
func (r *run) aftermath(d *deployment) text.Safe {
	for _, rs := range d.sets {
		if rs.build == r.build && rs.trouble != "" {
			return text.Sprintf("revision %d: %s", rs.revision, rs.trouble)
		}
	}
	return text.Lit("the rollout did not become healthy in time")
}

// compare adds the last good run of the same branch, or of main, and the commits
// since.
func (r *run) compare(x *core.Explanation) {
	var good *run
	// What is on main is tried where it is deployed to.
	near := append(r.place.w.places[Prod].runsOf(r.build.service, r.flow), r.siblings()...)
	for _, branch := range []string{r.build.commit.branch, "main"} {
		for _, s := range near {
			if s.number < r.number && s.status == passed && s.build.commit.branch == branch && (good == nil || s.number > good.number) {
				good = s
			}
		}
		if good != nil {
			break
		}
	}
	add := func(b *build, at time.Time) {
		x.Commits = append(x.Commits, core.Commit{SHA: b.commit.sha, Title: text.Clean(b.commit.message), Author: text.Clean(b.commit.author), At: nanos(at)})
	}
	add(r.build, r.created)
	if good == nil {
		x.Note = text.Lit("no good run before it is known")
		return
	}
	x.Good = good.ref()
	x.GoodTitle = text.Sprintf("%s #%d, %s, %s ago by %s", good.flow.name, good.number, good.build.commit.short(), text.Age(r.place.w.now.Sub(good.created)), good.actor())
	all := r.siblings()
	for i := len(all) - 1; i >= 0; i-- {
		if s := all[i]; s.number > good.number && s.number < r.number && s.build.commit.branch == r.build.commit.branch && s.build != r.build {
			add(s.build, s.created)
		}
	}
	if good.build == r.build {
		x.Commits, x.Note = nil, text.Lit("no commit lies between: the same one went well before")
	}
}

// History tells what an environment, an application or a rollout has been before,
// newest first.
func (s *Source) History(ctx context.Context, ref core.Ref) (core.Document, error) {
	o, done, err := s.object(ctx, ref)
	if err != nil {
		return core.Document{}, err
	}
	defer done()
	var b strings.Builder
	switch o := o.(type) {
	case *target:
		o.history(&b)
	case *application:
		o.history(&b)
	case *canary:
		o.history(&b)
	default:
		return core.Document{}, problemf(core.Unsupported, "a %s has no history", ref.Kind)
	}
	return core.Document{Title: text.Sprintf("history of %s", ref.Path()), Lines: text.Document(b.String())}, nil
}

func (t *target) history(b *strings.Builder) {
	d := t.place.deployment(t.service.name)
	if d == nil {
		b.WriteString("nothing is deployed\n")
		return
	}
	for i := len(d.sets) - 1; i >= 0; i-- {
		rs := d.sets[i]
		now := ""
		if rs == d.current {
			now = "  (now)"
		}
		fmt.Fprintf(b, "%s  #%d  %s  %s\n    %s%s\n", stamp(rs.changed), rs.build.number, cause(rs.build), rs.build.image, rs.past(), now)
	}
}
