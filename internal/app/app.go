// Package app wires the rooms of the house together: flags and commands, the
// configuration, the sources, the pump that feeds the screen, the terminal's
// life, and the exit codes.
package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/charmbracelet/x/term"
	"github.com/spf13/pflag"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// Main runs one command line and returns its exit code. args begins with the
// program's name. The cockpit itself needs stdin and stdout to be the
// terminal's files; everything else works with any reader and writers.
func Main(ctx context.Context, args, env []string, stdin io.Reader, stdout, stderr io.Writer) int {
	r := &run{env: env, stdin: stdin, stdout: stdout, stderr: stderr}
	if len(args) > 0 {
		r.program, args = args[0], args[1:]
	}
	r.args = args
	if s := r.supervised(); s != nil {
		return s.child(ctx, r)
	}
	return r.main(ctx)
}

// run is one invocation.
type run struct {
	program        string
	args           []string // without the program's name
	env            []string
	stdin          io.Reader
	stdout, stderr io.Writer
	link           *link   // to the supervising parent; nil without one
	lending        lending // of the terminal, to a shell or an editor

	globals
	flags *pflag.FlagSet // of the command, global ones included
}

// main parses the command line and carries it out.
func (r *run) main(ctx context.Context) int {
	cmd, rest, err := r.parse(r.args)
	switch {
	case errors.Is(err, pflag.ErrHelp) && cmd.topic != nil && cmd.topic(r, rest):
		return exitOK
	case errors.Is(err, pflag.ErrHelp):
		r.help(r.stdout, cmd)
		return exitOK
	case err != nil:
		return r.usage(err)
	case r.version:
		cmd = findCommand("version")
		rest = nil
	}
	return cmd.run(ctx, r, rest)
}

// usageError is a mistake on the command line: exit code 64.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

// badUsage makes a usageError of what was typed and the nearest valid names.
func badUsage(what, typed string, valid []string) error {
	s := fmt.Sprintf("no %s %q", what, typed)
	if near := core.Nearest(typed, valid, 3); len(near) > 0 {
		s += "; did you mean " + strings.Join(near, " or ") + "?"
	} else if len(valid) > 0 && len(valid) <= 40 {
		s += "; there are: " + strings.Join(valid, " ")
	}
	return &usageError{s}
}

// usage reports a mistake of the command line.
func (r *run) usage(err error) int {
	r.complain(err)
	fmt.Fprintln(r.stderr, "devops-tui --help tells what there is")
	return exitUsage
}

// complain writes an error to the user's stderr, cleaned line by line.
func (r *run) complain(err error) {
	for i, line := range strings.Split(err.Error(), "\n") {
		prefix := "devops-tui: "
		if i > 0 {
			prefix = ""
		}
		indent := line[:len(line)-len(strings.TrimLeft(line, " "))]
		fmt.Fprintln(r.stderr, prefix+indent+text.CleanLong(strings.TrimSpace(line)).String())
	}
	var p *core.Problem
	if errors.As(err, &p) && !p.Hint.Empty() && !strings.Contains(err.Error(), p.Hint.String()) {
		fmt.Fprintln(r.stderr, p.Hint.String())
	}
}

// getenv looks a variable up; the last one of a name counts.
func (r *run) getenv(name string) string {
	for i := len(r.env) - 1; i >= 0; i-- {
		if k, v, ok := strings.Cut(r.env[i], "="); ok && k == name {
			return v
		}
	}
	return ""
}

// home is the user's home folder; "" if it is not known.
func (r *run) home() string {
	for _, name := range []string{"HOME", "USERPROFILE"} {
		if h := r.getenv(name); h != "" {
			return h
		}
	}
	return ""
}

// terminal reports whether f is a terminal that can be drawn on.
func (r *run) terminal(f any) bool {
	file, ok := f.(*os.File)
	return ok && term.IsTerminal(file.Fd()) && r.getenv("TERM") != "dumb"
}
