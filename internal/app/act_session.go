package app

import (
	"context"
	"fmt"
	"os"

	"github.com/charmbracelet/x/term"

	"devops-tui/internal/actions"
	"devops-tui/internal/core"
)

// attach connects a confirmed session with this process's own stdin and
// stdout: as a terminal in raw mode where both are one, as plain streams else.
// The code is that of the program at the other side.
func (r *run) attach(ctx context.Context, w *world, p *actions.Proposal) int {
	t := core.Terminal{In: r.stdin, Out: r.stdout, Err: r.stderr}
	if r.terminal(r.stdin) && r.terminal(r.stdout) {
		in, out := r.stdin.(*os.File), r.stdout.(*os.File)
		before, err := term.MakeRaw(in.Fd())
		if err != nil {
			r.complain(fmt.Errorf("make the terminal raw: %w", err))
			return exitFailed
		}
		defer func() { _ = term.Restore(in.Fd(), before) }()
		resized, stop := resizes()
		defer stop()
		t.TTY, t.Err, t.Resized = true, out, resized
		t.Size = func() (width, height int) {
			width, height, err := term.GetSize(out.Fd())
			if err != nil {
				return 80, 24
			}
			return width, height
		}
	}
	task, err := w.engine.Attach(ctx, p, t)
	if err != nil {
		r.complain(err)
		return problemCode(err)
	}
	x := task.Targets[0]
	if x.Journal != nil {
		r.complain(x.Journal)
	}
	switch {
	case x.Problem != nil:
		r.complain(x.Problem)
	case x.Exit != 0:
		return x.Exit
	case ctx.Err() != nil:
		return exitInterrupted
	}
	return outcomeCode(task, false)
}
