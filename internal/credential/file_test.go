//go:build unix

package credential

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"devops-tui/internal/core"
)

func TestPromise32SecretFilesThatOthersReadAreRefused(t *testing.T) {
	dir := t.TempDir()
	file := func(name string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(" "+canary+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, mode := range []os.FileMode{0o600, 0o400} {
		if s, err := ReadFile(file("fine", mode)); err != nil || s != canary {
			t.Errorf("%o: %q, %v", mode, s, err)
		}
	}
	for _, mode := range []os.FileMode{0o640, 0o604, 0o644, 0o620, 0o666} {
		path := file("it's open", mode)
		s, err := ReadFile(path)
		var p *core.Problem
		if s != "" || !errors.As(err, &p) || p.Kind != core.Refused || !strings.HasPrefix(p.Hint.String(), "chmod 600 '") || strings.Contains(p.Error(), canary) {
			t.Errorf("%o: %q, %v", mode, s, err)
		}
		link := filepath.Join(dir, "link")
		if err := os.Symlink(path, link); err != nil {
			t.Fatal(err)
		}
		if s, err := ReadFile(link); s != "" || err == nil {
			t.Errorf("a link to a file of mode %o: %q, %v", mode, s, err)
		}
		os.Remove(link)
	}
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{pipe, dir} {
		if _, err := ReadFile(path); err == nil {
			t.Errorf("%s was read", path)
		}
	}
	if _, err := ReadFile(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	large := file("large", 0o600)
	if err := os.Truncate(large, maxFile+1); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadFile(large); err == nil {
		t.Error("a file of any size is read")
	}
	if os.Geteuid() == 0 { // only root can make a file of somebody else
		foreign := file("foreign", 0o600)
		if err := os.Chown(foreign, 12345, 12345); err != nil {
			t.Fatal(err)
		}
		if s, err := ReadFile(foreign); s != "" || err == nil {
			t.Error("another user's file is believed")
		}
	}
}
