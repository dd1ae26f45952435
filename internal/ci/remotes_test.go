package ci

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// write makes a file with its folders.
func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestTheFormsOfARemote(t *testing.T) {
	for _, c := range []struct{ url, want string }{
		{"https://github.com/acme/shop.git", "github.com acme/shop"},
		{"https://kim:secret@GitHub.com/acme/shop", "github.com acme/shop"},
		{"http://git.example:3000/acme/shop/", "git.example acme/shop"},
		{"git@github.com:acme/shop.git", "github.com acme/shop"},
		{"github.com:acme/shop", "github.com acme/shop"},
		{"ssh://git@ssh.github.com:443/acme/shop.git", "github.com acme/shop"},
		{"ssh://git@gitlab.example:2222/group/sub/app.git", "gitlab.example group/sub/app"},
		{"git@altssh.gitlab.com:group/app", "gitlab.com group/app"},
		{"git://example.org/a/b.git", "example.org a/b"},
		{"/srv/git/shop.git", ""},
		{"../shop", ""},
		{"file:///srv/git/shop.git", ""},
		{`C:\src\shop`, ""},
		{"https://github.com/", ""},
		{"https://github.com/acme/../../etc", ""},
		{"git@github.com:acme/sh op", ""},
		{"https://github.com/acme/shop?x=1", "github.com acme/shop"},
		{"git@github.com:acme/shop?x=1", ""},
		{"ext::sh -c whoami", ""},
		{"https://exa mple/a/b", ""},
		{"git@host:~kim/shop", ""},
		{"", ""},
	} {
		host, path, ok := repository(c.url)
		if got := strings.TrimSpace(host + " " + path); got != c.want || ok != (c.want != "") {
			t.Errorf("%q is %q (%v), want %q", c.url, got, ok, c.want)
		}
	}
}

func TestRemotesOfAWorkingDirectory(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, ".git", "config"), `
[core]
	bare = false
[remote "origin"]
	url = gh:acme/shop ; the short form
	url = https://second.example/a/b
	fetch = +refs/heads/*:refs/remotes/origin/*
[Remote "up\"stream"] URL = "https://github.com/acme/\
upstream.git"
# [remote "commented"]
#	url = https://github.com/no/no
[remote "folder"]
	url = ../elsewhere
[url "git@github.com:"]
	insteadOf = gh:
[branch "main"]
	remote = origin
[remote.old]
	url = me:old/one
`)
	user := filepath.Join(dir, "home", ".gitconfig")
	write(t, user, "[url \"https://gitlab.example/\"]\n\tinsteadOf = me:\n\tinsteadOf = m\n")
	below := filepath.Join(dir, "cmd", "deep")
	write(t, filepath.Join(below, "main.go"), "")
	got, err := Remotes(below, user, filepath.Join(dir, "no such file"))
	if err != nil {
		t.Fatal(err)
	}
	want := `[{origin github.com acme/shop} {up"stream github.com acme/upstream} {old gitlab.example old/one}]`
	if fmt.Sprint(got) != want {
		t.Errorf("got %v\nwant %s", got, want)
	}
}

func TestRemotesOfAWorktreeAndASubmodule(t *testing.T) {
	dir := t.TempDir()
	main := filepath.Join(dir, "main")
	write(t, filepath.Join(main, ".git", "config"), "[remote \"origin\"]\nurl = https://github.com/acme/shop\n")
	write(t, filepath.Join(main, ".git", "worktrees", "fix", "commondir"), "../..\n")
	write(t, filepath.Join(dir, "fix", ".git"), "gitdir: "+filepath.Join(main, ".git", "worktrees", "fix")+"\n")
	write(t, filepath.Join(main, ".git", "modules", "lib", "config"), "[remote \"origin\"]\nurl = https://github.com/acme/lib\n")
	write(t, filepath.Join(main, "lib", ".git"), "gitdir: ../.git/modules/lib\n")
	for folder, path := range map[string]string{filepath.Join(dir, "fix"): "acme/shop", filepath.Join(main, "lib"): "acme/lib", main: "acme/shop"} {
		got, err := Remotes(folder)
		if err != nil || len(got) != 1 || got[0].Path != path {
			t.Errorf("%s: %v, %v", folder, got, err)
		}
	}
}

func TestNoRepositoryIsNoError(t *testing.T) {
	dir := t.TempDir()
	if got, err := Remotes(dir); err != nil || got != nil {
		t.Errorf("%v, %v", got, err)
	}
	write(t, filepath.Join(dir, ".git"), "nonsense")
	if _, err := Remotes(dir); err == nil {
		t.Error("a .git that says nothing is no error")
	}
	if err := os.Remove(filepath.Join(dir, ".git")); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, ".git", "config"), strings.Repeat("#", mostConfig+1))
	if _, err := Remotes(dir); err == nil || !strings.Contains(err.Error(), "at most") {
		t.Errorf("a huge file: %v", err)
	}
}

func TestTheFilesOfAUser(t *testing.T) {
	env := map[string]string{}
	get := func(k string) string { return env[k] }
	if got := fmt.Sprint(UserConfigs("/h", get)); got != "[/h/.config/git/config /h/.gitconfig]" {
		t.Error(got)
	}
	env["XDG_CONFIG_HOME"] = "/x"
	if got := fmt.Sprint(UserConfigs("/h", get)); got != "[/x/git/config /h/.gitconfig]" {
		t.Error(got)
	}
	env["GIT_CONFIG_GLOBAL"] = "/g"
	if got := fmt.Sprint(UserConfigs("/h", get)); got != "[/g]" {
		t.Error(got)
	}
}

func FuzzRemotes(f *testing.F) {
	f.Add("[remote \"o\"]\nurl = git@github.com:a/b.git\n[url \"x\"]\ninsteadOf = git")
	f.Add("[remote \"o\\\"\"] url = \"a\\")
	f.Add("[remote.o]\nurl=https://h/%2e%2e/b")
	f.Fuzz(func(t *testing.T, raw string) {
		for _, r := range parseConfig(raw).remotes {
			host, path, ok := repository(rewritten(r.url, parseConfig(raw).rewrites))
			if !ok {
				continue
			}
			if host == "" || path == "" || strings.ContainsAny(host, "/@ ") || strings.Contains("/"+path+"/", "/../") || strings.Contains(path, "//") {
				t.Errorf("%q is %q %q", r.url, host, path)
			}
		}
	})
}
