package ci

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Remote is a repository that a working directory knows.
type Remote struct {
	Name string // "origin"
	Host string // lower case, without port: "github.com"
	Path string // "acme/shop", "group/sub/app"
}

// The bounds of what is read.
const (
	mostConfig  = 1 << 20
	mostRemotes = 64
)

// UserConfigs are the files of git's configuration that belong to a user.
func UserConfigs(home string, getenv func(string) string) []string {
	if f := getenv("GIT_CONFIG_GLOBAL"); f != "" {
		return []string{f}
	}
	xdg := getenv("XDG_CONFIG_HOME")
	if xdg == "" && home != "" {
		xdg = filepath.Join(home, ".config")
	}
	var out []string
	if xdg != "" {
		out = append(out, filepath.Join(xdg, "git", "config"))
	}
	if home != "" {
		out = append(out, filepath.Join(home, ".gitconfig"))
	}
	return out
}

// Remotes reads the remotes of the repository that workDir is in, in the order
// they stand, without git. Rewritings (url.*.insteadOf) of the repository and of
// the files more count; files that a configuration includes do not. Remotes
// without a host, such as folders, are left out. No repository is no error.
func Remotes(workDir string, more ...string) ([]Remote, error) {
	config, err := configOf(workDir)
	if err != nil || config == "" {
		return nil, err
	}
	own, err := readConfig(config)
	if err != nil {
		return nil, err
	}
	rewrites := own.rewrites
	for _, f := range more {
		c, err := readConfig(f)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		rewrites = append(rewrites, c.rewrites...)
	}
	// The longest prefix wins.
	slices.SortStableFunc(rewrites, func(a, b rewrite) int { return len(b.prefix) - len(a.prefix) })
	var out []Remote
	for _, r := range own.remotes {
		host, path, ok := repository(rewritten(r.url, rewrites))
		if ok && len(out) < mostRemotes {
			out = append(out, Remote{Name: r.name, Host: host, Path: path})
		}
	}
	return out, nil
}

// configOf finds the configuration of the repository that dir is in.
func configOf(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("cannot tell the working directory: %w", err)
	}
	for {
		git := filepath.Join(dir, ".git")
		if fi, err := os.Stat(git); err == nil {
			if fi.IsDir() {
				return filepath.Join(git, "config"), nil
			}
			return linked(git)
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", nil
		}
		dir = up
	}
}

// linked follows the file that a worktree or a submodule has instead of .git.
func linked(file string) (string, error) {
	line, err := readSmall(file)
	if err != nil {
		return "", err
	}
	git, ok := strings.CutPrefix(strings.TrimSpace(line), "gitdir:")
	if !ok {
		return "", fmt.Errorf("%s does not say where the repository is", file)
	}
	git = strings.TrimSpace(git)
	if !filepath.IsAbs(git) {
		git = filepath.Join(filepath.Dir(file), git)
	}
	if common, err := readSmall(filepath.Join(git, "commondir")); err == nil { // of a worktree
		common = strings.TrimSpace(common)
		if !filepath.IsAbs(common) {
			common = filepath.Join(git, common)
		}
		git = common
	}
	return filepath.Join(git, "config"), nil
}

// readSmall reads a regular file within the bound.
func readSmall(file string) (string, error) {
	fi, err := os.Stat(file)
	if err != nil {
		return "", fmt.Errorf("cannot read git's configuration: %w", err)
	}
	if !fi.Mode().IsRegular() || fi.Size() > mostConfig {
		return "", fmt.Errorf("cannot read git's configuration: %s is no file of at most %d bytes", file, mostConfig)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("cannot read git's configuration: %w", err)
	}
	return string(b[:min(len(b), mostConfig)]), nil
}

type rewrite struct{ prefix, base string }

func rewritten(u string, rewrites []rewrite) string {
	for _, r := range rewrites {
		if rest, ok := strings.CutPrefix(u, r.prefix); ok && r.prefix != "" {
			return r.base + rest
		}
	}
	return u
}

// doors are hosts that only lead to another: SSH on the port of HTTPS.
var doors = map[string]string{"ssh.github.com": "github.com", "altssh.gitlab.com": "gitlab.com", "altssh.bitbucket.org": "bitbucket.org"}

// repository reads a remote's address: a URL, or host:path as scp has it.
func repository(raw string) (host, path string, ok bool) {
	raw = strings.TrimSpace(raw)
	if strings.Contains(raw, "://") {
		u, err := url.Parse(raw)
		if err != nil {
			return "", "", false
		}
		switch u.Scheme {
		case "https", "http", "ssh", "git", "git+ssh", "ssh+git":
		default:
			return "", "", false
		}
		host, path = u.Hostname(), u.Path
	} else {
		var before string
		before, path, ok = strings.Cut(raw, ":")
		if !ok || strings.ContainsAny(before, `/\`) || len(before) == 1 { // a folder, a drive
			return "", "", false
		}
		host = before[strings.LastIndexByte(before, '@')+1:]
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if door, ok := doors[host]; ok {
		host = door
	}
	path = strings.TrimSuffix(strings.Trim(path, "/"), ".git")
	path = strings.Trim(path, "/")
	if host == "" || path == "" || strings.ContainsAny(host, " \t/\\@") || !sane(path) {
		return "", "", false
	}
	return host, path, true
}

// sane refuses paths that no repository has: they end in requests.
func sane(path string) bool {
	for s := range strings.SplitSeq(path, "/") {
		if s == "" || s == "." || s == ".." || strings.HasPrefix(s, "~") {
			return false
		}
	}
	return !strings.ContainsFunc(path, func(r rune) bool { return r <= ' ' || r == 0x7f || r == 0xfffd || r == '\\' || r == '?' || r == '#' })
}
