package viewstest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	tea "charm.land/bubbletea/v2"

	"devops-tui/internal/core"
)

// Desk is what stands beside the cockpit on a user's machine: a terminal to
// lend and an editor, both as the test tells them.
type Desk struct {
	mu sync.Mutex
	// Types is what is typed into the next session; Shown is what sessions drew.
	Types string
	Shown bytes.Buffer
	// Edit changes a text in the editor; nil: the editor is left as it was opened.
	Edit func(text string) string
	// Fails is what the editor ends with.
	Fails error
	files map[string]string
	seen  []string // what the editor showed, in order
}

// Terminal lends the terminal.
func (d *Desk) Terminal(run func(context.Context, core.Terminal) error) tea.ExecCommand {
	return program(func() error {
		d.mu.Lock()
		in := d.Types
		d.mu.Unlock()
		return run(context.Background(), core.Terminal{In: strings.NewReader(in), Out: &d.Shown, Err: &d.Shown, TTY: true, Size: func() (int, int) { return 80, 24 }})
	})
}

// Create implements views.Editor.
func (d *Desk) Create(name string, content []byte) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.files == nil {
		d.files = map[string]string{}
	}
	path := fmt.Sprintf("/home/kim/.local/state/devops-tui/edits/%s.yaml", name)
	d.files[path] = string(content)
	return path, nil
}

// Write implements views.Editor.
func (d *Desk) Write(path string, content []byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.files[path] = string(content)
	return nil
}

// Read implements views.Editor.
func (d *Desk) Read(path string) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s, ok := d.files[path]
	if !ok {
		return nil, errors.New("no such file")
	}
	return []byte(s), nil
}

// Remove implements views.Editor.
func (d *Desk) Remove(path string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.files, path)
	return nil
}

// Open implements views.Editor.
func (d *Desk) Open(path string) tea.ExecCommand {
	return program(func() error {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.seen = append(d.seen, d.files[path])
		if d.Edit != nil {
			d.files[path] = d.Edit(d.files[path])
		}
		return d.Fails
	})
}

// Files are those that lie there, by path.
func (d *Desk) Files() map[string]string {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := map[string]string{}
	for k, v := range d.files {
		out[k] = v
	}
	return out
}

// Opened is what the editor showed, in order.
func (d *Desk) Opened() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string(nil), d.seen...)
}

// program is a command that has the terminal.
type program func() error

func (p program) Run() error        { return p() }
func (program) SetStdin(io.Reader)  {}
func (program) SetStdout(io.Writer) {}
func (program) SetStderr(io.Writer) {}
