package views_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"devops-tui/internal/testkit"
	"devops-tui/internal/views"
)

func TestWhereThereIsABrowser(t *testing.T) {
	found := func(p string) (string, error) { return "/bin/" + p, nil }
	none := func(string) (string, error) { return "", errors.New("not found") }
	for _, c := range []struct {
		goos string
		env  map[string]string
		look func(string) (string, error)
		want bool
	}{
		{"linux", map[string]string{"DISPLAY": ":0"}, found, true},
		{"linux", map[string]string{"WAYLAND_DISPLAY": "wayland-0"}, found, true},
		{"linux", map[string]string{"WSL_DISTRO_NAME": "Debian"}, found, true},
		{"linux", map[string]string{}, found, false}, // a console
		{"linux", map[string]string{"DISPLAY": ":0"}, none, false},
		{"linux", map[string]string{"DISPLAY": ":10", "SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22"}, found, false},
		{"darwin", map[string]string{}, found, true},
		{"darwin", map[string]string{"SSH_TTY": "/dev/ttys001"}, found, false},
		{"windows", map[string]string{}, found, true},
	} {
		got := views.BrowserFor(c.goos, func(k string) string { return c.env[k] }, c.look) != nil
		if got != c.want {
			t.Errorf("%s with %v: %v", c.goos, c.env, got)
		}
	}
}

// The address reaches the program as one word, and the program's refusal the
// user.
func TestHandingAnAddressToTheDesktop(t *testing.T) {
	if runtime.GOOS == "windows" {
		testkit.Missing(t, "no POSIX shell", "run it on a Unix system")
	}
	dir := t.TempDir()
	script := func(name, body string) func(string) (string, error) {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
		return func(string) (string, error) { return path, nil }
	}
	env := func(k string) string { return map[string]string{"DISPLAY": ":0"}[k] }
	const address = "https://host/a?b=$(id)&c='x'"
	if err := views.BrowserFor("linux", env, script("good", `printf '%s|' "$#" "$@" > `+filepath.Join(dir, "said")))(address); err != nil {
		t.Error(err)
	}
	if b, _ := os.ReadFile(filepath.Join(dir, "said")); string(b) != "1|"+address+"|" {
		t.Errorf("the program got %q", b)
	}
	if err := views.BrowserFor("linux", env, script("bad", "exit 3"))(address); err == nil {
		t.Error("a refusal was not told")
	}
}
