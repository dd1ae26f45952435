package app

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"devops-tui/internal/actions"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

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
func (r *run) execute(ctx context.Context, w *world, p *actions.Proposal, out *actWriter) int {
	wait, _ := r.flags.GetBool("wait")
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if limit, _ := r.flags.GetDuration("timeout"); limit > 0 {
		defer time.AfterFunc(limit, cancel).Stop()
	}
	sent := false
	task, err := w.engine.Execute(ctx, p, func(t actions.Task) {
		out.steps(t, w.engine.Output)
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

// allSent reports whether all that can be sent is sent, and nothing is left
// but to follow it.
func allSent(t actions.Task) bool {
	for _, x := range t.Targets {
		if x.Step < actions.Verifying || x.Step == actions.Serving {
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
