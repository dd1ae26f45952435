//go:build !unix

package app

import (
	"context"
	"io"
	"os/exec"
	"strings"

	tea "charm.land/bubbletea/v2"

	"devops-tui/internal/core"
)

// lendTo is not there: no session can be opened on this system.
func (r *run) lendTo(func(context.Context, core.Terminal) error) tea.ExecCommand { return nil }

// canLend reports whether sessions can have the terminal.
const canLend = false

// edit opens a file in the user's editor.
func (r *run) edit(editor, path string) tea.ExecCommand {
	words := append(strings.Fields(editor), path)
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Env = r.env
	return &program{cmd}
}

// program is a command that takes the terminal as it is.
type program struct{ *exec.Cmd }

func (p *program) SetStdin(r io.Reader)  { p.Stdin = r }
func (p *program) SetStdout(w io.Writer) { p.Stdout = w }
func (p *program) SetStderr(w io.Writer) { p.Stderr = w }
