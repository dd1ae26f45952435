package app

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"devops-tui/internal/actions"
	verbs "devops-tui/internal/actions/all"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

func actCommand() *command {
	return &command{
		name: "act", args: "VERB REF…", short: "plan a change and, confirmed, carry it out", words: verbNames(),
		long: "Verbs: " + strings.Join(verbNames(), " ") + ".\n" +
			"Without --yes it plans, shows the plan, and asks; without a terminal it plans and exits 3.\n" +
			"Every change is recorded first (devops-tui journal) and sent exactly once.",
		flags: func(fs *pflag.FlagSet) {
			outputFlag(fs, "text", "json")
			fs.StringArray("set", nil, "a parameter of the verb, `NAME=VALUE` (repeatable)")
			fs.Bool("dry-run", false, "plan only")
			fs.Bool("yes", false, "confirm the plan; what policy denies stays denied")
			fs.Bool("wait", false, "follow until the object is healthy again, or not")
			fs.Duration("timeout", 5*time.Minute, "follow at most `DURATION`")
		},
		run: runAct,
	}
}

func verbNames() []string {
	var out []string
	for _, v := range verbs.Verbs() {
		out = append(out, v.ID)
	}
	return out
}

func runAct(ctx context.Context, r *run, args []string) int {
	ctx, stop := interruptible(ctx)
	defer stop()
	format, err := r.output("text", "json")
	if err == nil && len(args) == 0 {
		err = &usageError{"a verb is missing; there are: " + strings.Join(verbNames(), " ")}
	}
	var params actions.Params
	if err == nil {
		params, err = r.params()
	}
	if err != nil {
		return r.usage(err)
	}
	dry, _ := r.flags.GetBool("dry-run")
	yes, _ := r.flags.GetBool("yes")
	if dry && yes {
		return r.usage(&usageError{"--dry-run and --yes contradict each other"})
	}
	w, err := r.open(ctx)
	if err != nil {
		return r.usage(err)
	}
	defer w.close()
	verb, ok := w.engine.Verb(args[0])
	if !ok {
		if core.IsVerb(args[0]) {
			return r.usage(&usageError{fmt.Sprintf("%s is not in this version; there are: %s", args[0], strings.Join(verbNames(), " "))})
		}
		return r.usage(badUsage("verb", args[0], verbNames()))
	}
	hasVerb := func(k core.Kind) bool {
		for _, v := range k.Verbs {
			if v == verb.ID {
				return true
			}
		}
		return false
	}
	refs, err := r.resolve(ctx, w, args[1:], hasVerb, defaultWait)
	if err != nil {
		return r.unresolved(ctx, w, err)
	}
	p, err := w.engine.Plan(ctx, verb.ID, refs, params)
	if err != nil {
		r.complain(err)
		return problemCode(err)
	}
	out := actWriter{r, format == "json"}
	out.plan(p)
	switch {
	case p.Denied != nil:
		r.complain(p.Denied)
		return exitRefused
	case dry:
		return exitOK
	case yes:
		err = p.Accept()
	default:
		if out.json || !r.terminal(r.stdin) || !r.terminal(r.stdout) {
			fmt.Fprintln(r.stderr, "devops-tui: planned, not done; --yes confirms")
			return exitUnconfirmed
		}
		err = r.confirm(ctx, p)
	}
	if err != nil {
		return r.notConfirmed(ctx, err)
	}
	return r.execute(ctx, w, p, out)
}

// params reads --set.
func (r *run) params() (actions.Params, error) {
	set, _ := r.flags.GetStringArray("set")
	params := actions.Params{}
	for _, s := range set {
		k, v, ok := strings.Cut(s, "=")
		if !ok || k == "" {
			return nil, &usageError{fmt.Sprintf("--set %q: it is written NAME=VALUE", s)}
		}
		params[k] = v
	}
	return params, nil
}

// errAnswer is a confirmation that was not given.
var errAnswer = errors.New("not confirmed: nothing was changed")

// confirm asks on the terminal as the policy demands. What was typed before
// the question does not count.
func (r *run) confirm(ctx context.Context, p *actions.Proposal) error {
	switch p.Level {
	case actions.Free:
		fmt.Fprint(r.stdout, "enter carries it out, ctrl+c does not: ")
	case actions.Confirm:
		fmt.Fprint(r.stdout, "carry it out? [y/N] ")
	default:
		fmt.Fprintf(r.stdout, "type %s to carry it out: ", p.Phrase)
	}
	p.Show()
	lines := make(chan string, 1)
	core.Go("answer", func() {
		s := bufio.NewScanner(r.stdin)
		if s.Scan() {
			lines <- s.Text()
		}
		close(lines)
	})
	select {
	case <-ctx.Done():
		return ctx.Err()
	case answer, ok := <-lines:
		if !ok {
			return errAnswer
		}
		err := p.Confirm(actions.Input{Text: strings.TrimSpace(answer), At: time.Now()})
		if errors.Is(err, actions.ErrMismatch) {
			return errAnswer
		}
		return err
	}
}

func (r *run) notConfirmed(ctx context.Context, err error) int {
	if ctx.Err() != nil {
		fmt.Fprintln(r.stdout)
		return exitInterrupted
	}
	r.complain(err)
	var problem *core.Problem
	if errors.As(err, &problem) {
		return problemCode(err)
	}
	return exitUnconfirmed
}

// execute carries out a confirmed plan and reports its steps.
func (r *run) execute(ctx context.Context, w *world, p *actions.Proposal, out actWriter) int {
	wait, _ := r.flags.GetBool("wait")
	limit, _ := r.flags.GetDuration("timeout")
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	sent := false
	task, err := w.engine.Execute(ctx, p, func(t actions.Task) {
		out.steps(t)
		if !wait && !sent && allSent(t) {
			sent = true
			cancel() // ends the following only
		}
	})
	if err != nil {
		r.complain(err)
		return problemCode(err)
	}
	out.result(task, !wait && sent)
	return outcomeCode(task, !wait && sent)
}

// allSent reports whether all that can be sent is sent.
func allSent(t actions.Task) bool {
	for _, x := range t.Targets {
		if x.Step < actions.Verifying {
			return false
		}
	}
	return true
}

// outcomeCode is the exit code of a task. sentOnly: it was not to be followed.
func outcomeCode(t actions.Task, sentOnly bool) int {
	code := exitOK
	worse := func(c int) {
		if c == exitUnknown || code == exitOK {
			code = c
		}
	}
	for _, x := range t.Targets {
		switch {
		case x.Outcome == core.OutcomeHealthy, sentOnly && x.Outcome == core.OutcomeUnknown && !errors.Is(asError(x.Problem), core.ErrOutcomeUnknown):
		case x.Outcome == core.OutcomeUnknown:
			worse(exitUnknown)
		case x.Outcome == core.OutcomeRefused:
			worse(problemCode(asError(x.Problem)))
		default:
			worse(exitFailed)
		}
	}
	return code
}

func asError(p *core.Problem) error {
	if p == nil {
		return nil
	}
	return p
}

// problemCode is the exit code of a problem before anything was sent.
func problemCode(err error) int {
	var p *core.Problem
	if errors.As(err, &p) {
		switch p.Kind {
		case core.Refused:
			return exitRefused
		case core.Unreachable:
			return exitNoSource
		case core.Invalid:
			return exitUsage
		}
	}
	return exitFailed
}

// cleanRef is an object's full name for people.
func cleanRef(ref core.Ref) text.Safe { return text.CleanLong(ref.String()) }
