package github

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"devops-tui/internal/ci"
	"devops-tui/internal/core"
	"devops-tui/internal/rest"
	"devops-tui/internal/text"
)

const (
	lookEvery = 2 * time.Second
	// arriveWithin is how long a request whose answer was lost may take to show.
	arriveWithin = 30 * time.Second
	// verifyLimit is how long a run is followed.
	verifyLimit = 2 * time.Hour
	// rerunWithin is how long GitHub lets a run go again.
	rerunWithin = 30 * 24 * time.Hour
)

// followed is how a verification stands: settled when nothing is left to wait for.
type followed struct {
	outcome core.Outcome
	settled bool
	text    text.Safe
	done    int
	total   int
	err     error
}

// follow calls look until it is settled or ctx ends. What passes by itself, a
// broken connection, a limit, does not end it.
func (s *Source) follow(ctx context.Context, report func(core.Progress), look func(context.Context) (followed, error)) (core.Outcome, error) {
	for {
		f, err := look(ctx)
		wait := lookEvery
		switch {
		case ctx.Err() != nil:
			return core.OutcomeUnknown, ctx.Err()
		case err != nil && !s.passes(err):
			return core.OutcomeUnknown, err
		case err != nil:
			report(core.Progress{Text: s.client.Problem(err).Summary})
			if at := rest.RetryAt(err); !at.IsZero() {
				wait = max(wait, min(time.Until(at), time.Minute))
			}
		default:
			if !f.text.Empty() {
				report(core.Progress{Done: f.done, Total: f.total, Text: f.text})
			}
			if f.settled {
				return f.outcome, f.err
			}
		}
		select {
		case <-ctx.Done():
			return core.OutcomeUnknown, ctx.Err()
		case <-time.After(wait):
		}
	}
}

func (s *Source) passes(err error) bool {
	var p *core.Problem
	if errors.As(err, &p) {
		return false
	}
	switch s.client.Problem(err).Kind {
	case core.Unreachable, core.Throttled:
		return true
	}
	return false
}

// followRun looks at an attempt of a run until it has ended. before is the
// attempt that was seen when it was planned; 0: any counts. lost says that the
// answer to the request was lost.
func (s *Source) followRun(repo string, n int64, before int, lost bool) func(context.Context) (followed, error) {
	began := time.Now()
	return func(ctx context.Context) (followed, error) {
		w, err := s.run(ctx, repo, n)
		if err != nil {
			return followed{}, err
		}
		if w.RunAttempt <= before {
			if lost && time.Since(began) > arriveWithin {
				return followed{outcome: core.OutcomeRefused, settled: true, err: &core.Problem{
					Kind: core.Conflict, Summary: text.Sprintf("the request did not arrive: %s has no new attempt", w.name()),
				}}, nil
			}
			return followed{text: text.Sprintf("%s: not begun yet", w.name())}, nil
		}
		list, err := s.jobsOf(ctx, repo, n, 0)
		if err != nil {
			return followed{}, err
		}
		st := stageOf(list)
		f := followed{done: st.Done, total: st.Total, text: text.Sprintf("%s is %s", w.name(), w.Status)}
		switch {
		case w.Status == "waiting":
			waits, err := s.pending(ctx, repo, n)
			if err != nil {
				return followed{}, err
			}
			if names := gates(waits); len(names) > 0 {
				f.text = text.Sprintf("%s waits: %s", w.name(), text.Join(text.Lit(", "), names...))
			}
		case w.Status != "completed":
			if st.At != "" {
				f.text = text.Sprintf("%s: %s", w.name(), st.At)
			}
		default:
			f.settled = true
			p, reason := phase(w.Status, w.Conclusion)
			f.text = text.Sprintf("%s: %s", w.name(), reason)
			f.outcome = core.OutcomeHealthy
			if p.IsProblem() || w.Conclusion == "cancelled" {
				f.outcome = core.OutcomeFailed
				f.err = &core.Problem{Kind: core.Invalid, Summary: f.text, Hint: text.Sprintf("devops-tui: the run's page tells why; gh run view %s --log-failed -R %s", id(n), s.repoArg(repo))}
			}
		}
		return f, nil
	}
}

// repoArg is a repository as gh takes it.
func (s *Source) repoArg(repo string) string {
	if s.host.name == githubCom {
		return repo
	}
	return s.host.name + "/" + repo
}

// command is a command line that can be pasted.
func command(words ...string) text.Safe {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = shellWord(w)
	}
	return text.CleanLong(strings.Join(out, " "))
}

// shellWord quotes w where a shell would read more into it.
func shellWord(w string) string {
	if w != "" && !strings.ContainsFunc(w, func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-", r)
	}) {
		return w
	}
	return "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
}

// rev is what Execute compares: the attempt and the state that were seen.
func rev(w *workflowRun) string { return strconv.Itoa(w.RunAttempt) + "/" + w.Status }

// still reads a run afresh and reports a Conflict when it is not as it was planned for.
func (s *Source) still(ctx context.Context, repo string, planned *workflowRun) error {
	now, err := fresh[workflowRun](ctx, s, in(repo, "actions", "runs", id(planned.ID)), nil)
	if rest.StatusOf(err) == 404 {
		return &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("%s is not there any more", planned.name())}
	}
	if err != nil {
		return err
	}
	if rev(&now) == rev(planned) {
		return nil
	}
	what := text.Sprintf("%s is %s now", planned.name(), now.Status)
	switch {
	case now.RunAttempt != planned.RunAttempt:
		what = text.Sprintf("%s was run again meanwhile, by %s", planned.name(), now.TriggeringActor.name())
	case now.Status == "completed":
		what = text.Sprintf("%s has ended meanwhile: %s", planned.name(), now.Conclusion)
	}
	return &core.Problem{Kind: core.Conflict, Summary: what, Hint: text.Lit("plan again")}
}

// target is the ref of a run as it was planned.
func (s *Source) target(repo string, w *workflowRun) core.Ref { return s.runRef(repo, w) }

// deploysTo are the environments that a run has deployed to, or waits to.
func (s *Source) deploysTo(ctx context.Context, repo string, w *workflowRun) ([]string, error) {
	var out []string
	add := func(name string) {
		for _, have := range out {
			if strings.EqualFold(have, name) {
				return
			}
		}
		out = append(out, name)
	}
	waits, err := s.pending(ctx, repo, w.ID)
	if err != nil {
		return nil, err
	}
	for _, p := range waits {
		add(p.Environment.Name)
	}
	list, err := get[[]deployment](ctx, s, in(repo, "deployments"), map[string][]string{"sha": {w.HeadSHA}, "per_page": {"30"}})
	if err != nil {
		return out, err
	}
	for _, d := range list {
		st, err := s.lastStatus(ctx, repo, d.ID)
		if err != nil {
			return out, err
		}
		for _, address := range []string{st.LogURL, st.TargetURL} {
			if n, _ := runOf(address); n == w.ID {
				add(d.Environment)
			}
		}
	}
	return out, nil
}

// alsoAt names the environments that a change reaches, for the policy, and says
// so. A reading that failed is a warning: the plan stands without it.
func (s *Source) alsoAt(ctx context.Context, repo string, w *workflowRun, p *core.Plan) {
	names, err := s.deploysTo(ctx, repo, w)
	if err != nil && ctx.Err() == nil {
		p.Warnings = append(p.Warnings, text.Sprintf("which environments it deploys to cannot be told: %s", s.client.Problem(err).Summary))
	}
	s.reaches(ctx, repo, names, p)
}

// reaches adds environments to the plan, with what protects them.
func (s *Source) reaches(ctx context.Context, repo string, names []string, p *core.Plan) {
	for _, n := range names {
		ref := s.ref(kindEnvironment, repo, n, "")
		e, err := get[namedEnvironment](ctx, s, in(repo, "environments", n), nil)
		if err == nil {
			ref.UID = id(e.ID)
			if _, rules := e.protection(); len(rules) > 0 {
				p.Warnings = append(p.Warnings, text.Sprintf("%s is protected: %s", n, text.Join(text.Lit(", "), rules...)))
			}
		}
		p.Also = append(p.Also, ref)
		p.Impact = append(p.Impact, text.Sprintf("deploys to %s", n))
	}
}

// about is a run in a plan: what ran, of what.
func about(w *workflowRun) text.Safe {
	return text.Sprintf("%s #%d: %s (%s at %s)", w.workflow(), w.RunNumber, firstLine(w.DisplayTitle), w.HeadBranch, ci.Short(w.HeadSHA))
}

// noPreview is why GitHub's changes have no preview.
var noPreview = text.Lit("GitHub has no dry run: this is what was read just now")
