package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"devops-tui/internal/actions"
	"devops-tui/internal/core"
)

// proposeEdit opens an object's definition in the user's editor and plans what
// was changed. An edit that cannot be planned is kept and named.
func (r *run) proposeEdit(ctx context.Context, w *world, refs []core.Ref) (*actions.Proposal, int) {
	switch {
	case len(refs) != 1:
		return nil, r.usage(&usageError{"an editor takes one object; several take --set file=FILE"})
	case !r.terminal(r.stdin) || !r.terminal(r.stdout):
		return nil, r.usage(&usageError{"edit needs --set file=FILE, or a terminal for $VISUAL or $EDITOR"})
	}
	before, err := w.engine.Definition(ctx, refs[0])
	if err != nil {
		r.complain(err)
		return nil, problemCode(err)
	}
	file, after, err := r.edited(ctx, refs[0], before)
	if err != nil {
		r.complain(err)
		return nil, exitFailed
	}
	if bytes.Equal(before, after) {
		_ = os.RemoveAll(filepath.Dir(file))
		fmt.Fprintln(r.stderr, "devops-tui: nothing was changed")
		return nil, exitOK
	}
	p, err := w.engine.Plan(ctx, core.VerbEdit, refs, actions.Params{"before": string(before), "after": string(after)})
	if err != nil {
		r.complain(err)
		fmt.Fprintf(r.stderr, "your edit is kept in %s; --set file= takes it\n", scrub(file))
		return nil, problemCode(err)
	}
	_ = os.RemoveAll(filepath.Dir(file))
	return p, exitOK
}

// edited lets the user edit a private copy of a definition.
func (r *run) edited(ctx context.Context, ref core.Ref, before []byte) (file string, after []byte, err error) {
	words, err := r.editor()
	if err != nil {
		return "", nil, err
	}
	dir, err := os.MkdirTemp("", "devops-tui-edit-") // mode 0700: it may hold secrets
	if err != nil {
		return "", nil, fmt.Errorf("make a folder for the edit: %w", err)
	}
	defer func() {
		if err != nil {
			_ = os.RemoveAll(dir)
		}
	}()
	file = filepath.Join(dir, fileName(ref.Kind+"-"+ref.Name)+".yaml")
	if err := os.WriteFile(file, before, 0o600); err != nil {
		return "", nil, fmt.Errorf("write the definition: %w", err)
	}
	cmd := exec.CommandContext(ctx, words[0], append(words[1:], file)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.Env = r.stdin, r.stdout, r.stderr, r.env
	if err := cmd.Run(); err != nil {
		return "", nil, fmt.Errorf("the editor %s: %w; nothing was changed", words[0], err)
	}
	if after, err = os.ReadFile(file); err != nil {
		return "", nil, fmt.Errorf("read the edited definition: %w", err)
	}
	return file, after, nil
}

// editor is the command of the user's editor.
func (r *run) editor() ([]string, error) {
	for _, name := range []string{"VISUAL", "EDITOR"} {
		if v := strings.TrimSpace(r.getenv(name)); v != "" {
			words, err := actions.Words(v)
			if err != nil {
				return nil, fmt.Errorf("$%s: %w", name, err)
			}
			return words, nil
		}
	}
	for _, name := range []string{"vi", "nano"} {
		if path, err := exec.LookPath(name); err == nil {
			return []string{path}, nil
		}
	}
	return nil, errors.New("no editor: set $EDITOR")
}
