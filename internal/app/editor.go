package app

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	tea "charm.land/bubbletea/v2"

	"devops-tui/internal/views"
)

// maxEdited bounds what is read back from the editor.
const maxEdited = 16 << 20

// editor is the user's, with files in a folder of the state that nobody else
// can read: definitions may hold secrets.
type editor struct{ r *run }

var _ views.Editor = editor{}

// Create makes a private file and returns its path.
func (e editor) Create(name string, content []byte) (string, error) {
	root, dir, err := e.r.folder("edits")
	if err != nil {
		return "", err
	}
	defer root.Close()
	f, file, err := createNew(root, fileName(name)+"-"+time.Now().Format("20060102-150405"), ".yaml")
	if err != nil {
		return "", fmt.Errorf("make a file to edit in %s: %w", dir, err)
	}
	path := filepath.Join(dir, file)
	_, err = f.Write(content)
	if err := errors.Join(err, f.Close()); err != nil {
		return "", fmt.Errorf("write %s: %w", path, err)
	}
	return path, nil
}

// Write replaces what is in the file. The user's own text is in it: it is
// written beside it first, so that a full disk takes nothing away.
func (e editor) Write(path string, content []byte) error {
	return e.in(path, func(root *os.Root, name string) error {
		beside := name + ".new"
		f, err := root.OpenFile(beside, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		_, err = f.Write(content)
		if err := errors.Join(err, f.Close()); err != nil {
			return errors.Join(err, root.Remove(beside))
		}
		return root.Rename(beside, name)
	})
}

// Read reads the file back.
func (e editor) Read(path string) (content []byte, err error) {
	err = e.in(path, func(root *os.Root, name string) error {
		f, err := root.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		content, err = io.ReadAll(io.LimitReader(f, maxEdited+1))
		if err == nil && len(content) > maxEdited {
			return fmt.Errorf("more than %d bytes", maxEdited)
		}
		return err
	})
	return content, err
}

// Remove removes the file and what an editor left beside it under its name.
func (e editor) Remove(path string) error {
	return e.in(path, func(root *os.Root, name string) error {
		for _, beside := range []string{name + "~", "." + name + ".swp", "#" + name + "#"} {
			_ = root.Remove(beside)
		}
		return root.Remove(name)
	})
}

// in does something with a file of the folder.
func (e editor) in(path string, f func(root *os.Root, name string) error) error {
	root, dir, err := e.r.folder("edits")
	if err != nil {
		return err
	}
	defer root.Close()
	name := filepath.Base(path)
	if err := f(root, name); err != nil {
		return fmt.Errorf("%s: %w", filepath.Join(dir, name), err)
	}
	return nil
}

// Open is the user's editor with the file.
func (e editor) Open(path string) tea.ExecCommand { return e.r.edit(e.r.editorName(), path) }

// editorName is what VISUAL or EDITOR name, else vi.
func (r *run) editorName() string {
	for _, name := range []string{"VISUAL", "EDITOR"} {
		if v := r.getenv(name); v != "" {
			return v
		}
	}
	return "vi"
}
