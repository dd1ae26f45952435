package app

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// maxFileName bounds a saved file's name, extension left out.
const maxFileName = 80

// folder opens a folder below the state folder for this user alone.
func (r *run) folder(name string) (*os.Root, string, error) {
	dir := filepath.Join(r.stateDir(), name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, "", fmt.Errorf("make the folder %s: %w", dir, err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, "", fmt.Errorf("open the folder %s: %w", dir, err)
	}
	return root, dir, nil
}

// save writes lines to a new file in the state folder and returns its path. It
// never overwrites, never follows a link out of the folder, and nobody else
// can read the file.
func (r *run) save(name string, lines []string) (path string, err error) {
	root, dir, err := r.folder("saves")
	if err != nil {
		return "", err
	}
	defer root.Close()
	f, file, err := createNew(root, fileName(name)+"-"+time.Now().Format("20060102-150405"), ".log")
	if err != nil {
		return "", fmt.Errorf("save %s: %w", filepath.Join(dir, file), err)
	}
	defer func() {
		if e := f.Close(); err == nil && e != nil {
			err = fmt.Errorf("save %s: %w", filepath.Join(dir, file), e)
		}
	}()
	w := bufio.NewWriter(f)
	for _, l := range lines {
		_, _ = w.WriteString(l)
		_ = w.WriteByte('\n')
	}
	if err := w.Flush(); err != nil {
		return "", fmt.Errorf("save %s: %w", filepath.Join(dir, file), err)
	}
	return filepath.Join(dir, file), nil
}

// createNew makes a file that was not there, with a number if need be.
func createNew(root *os.Root, base, ext string) (*os.File, string, error) {
	for i := 1; ; i++ {
		name := base + ext
		if i > 1 {
			name = fmt.Sprintf("%s-%d%s", base, i, ext)
		}
		f, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if !errors.Is(err, fs.ErrExist) || i == 1000 {
			return f, name, err
		}
	}
}

// fileName makes a plain file name of foreign text.
func fileName(s string) string {
	s = strings.Map(func(c rune) rune {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.':
			return c
		}
		return '-'
	}, s)
	s = strings.Trim(s, "-.")
	if len(s) > maxFileName {
		s = strings.TrimRight(s[:maxFileName], "-.")
	}
	if s == "" {
		return "lines"
	}
	return s
}
