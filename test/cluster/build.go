package cluster

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"syscall"
	"time"
)

// Version of Kubernetes; stamped into the binary, which would call itself v0.0.0-master otherwise.
const Version = "v1.36.3"

// EnvHyper names a ready-made multi-call binary, which Build then returns as it is.
const EnvHyper = "DEVOPS_TUI_HYPER"

// module is a Go module below this folder that is built on its own.
type module struct {
	folder, about, ldflags string
	pkg                    string // what is built; "": the module's own program
}

// name is that of the program.
func (m module) name() string {
	if m.pkg != "" {
		return path.Base(m.pkg)
	}
	return m.folder
}

var (
	hyperModule = module{
		folder: "hyper", about: "the Kubernetes control plane: about 12 CPU minutes",
		ldflags: fmt.Sprintf("-s -w -X %[1]s.gitVersion=%[3]s -X %[1]s.gitMajor=1 -X %[1]s.gitMinor=36 -X %[1]s.gitTreeState=clean "+
			"-X %[1]s.gitCommit=module -X %[1]s.buildDate=2026-01-01T00:00:00Z -X %[2]s.gitVersion=%[3]s "+
			"-X sigs.k8s.io/kwok/pkg/consts.Version=0.8.0",
			"k8s.io/component-base/version", "k8s.io/client-go/pkg/version", Version),
	}
	metricsModule = module{folder: "metricsserver", about: "the metrics server: about 5 CPU minutes", ldflags: "-s -w"}
)

// Build compiles the multi-call binary, once for each content of its go.mod,
// go.sum and sources; the result stays in the user's cache directory. Minutes
// when cold, which is said on log; milliseconds after.
func Build(ctx context.Context, log io.Writer) (string, error) {
	if path := os.Getenv(EnvHyper); path != "" {
		return path, nil
	}
	return hyperModule.build(ctx, log)
}

// BuildMetricsServer is [Build] for the metrics server.
func BuildMetricsServer(ctx context.Context, log io.Writer) (string, error) {
	return metricsModule.build(ctx, log)
}

func (m module) build(ctx context.Context, log io.Writer) (string, error) {
	dir, err := sourceDir()
	if err != nil {
		return "", err
	}
	dir = filepath.Join(dir, m.folder)
	sum, err := m.hash(dir)
	if err != nil {
		return "", fmt.Errorf("hash %s: %w", dir, err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	cache = filepath.Join(cache, "devops-tui-test")
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	out := filepath.Join(cache, m.name()+"-"+sum)
	unlock, err := lock(ctx, out+".lock") // test packages run in parallel
	if err != nil {
		return "", err
	}
	defer unlock()
	if _, err := os.Stat(out); err == nil {
		now := time.Now()
		_ = os.Chtimes(out, now, now) // in use: not to be removed as old
		return out, nil
	}
	if log == nil {
		log = io.Discard
	}
	_, _ = fmt.Fprintf(log, "building %s, once; kept in %s\n", m.about, cache)
	target := m.pkg
	if target == "" {
		target = "."
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-C", dir, "-trimpath", "-buildvcs=false", "-ldflags", m.ldflags, "-o", out+".tmp", target)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-mod=readonly", "GOWORK=off")
	if b, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s: %w\n%s", dir, err, b)
	}
	removeOld(cache, m.name())
	return out, os.Rename(out+".tmp", out)
}

// hash covers everything that goes into the binary.
func (m module) hash(dir string) (string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return "", err
	}
	h := sha256.New()
	_, _ = fmt.Fprintln(h, runtime.Version(), m.ldflags)
	for _, f := range append(files, filepath.Join(dir, "go.mod"), filepath.Join(dir, "go.sum")) {
		b, err := os.ReadFile(f)
		if err != nil {
			return "", err
		}
		_, _ = fmt.Fprintf(h, "%s %d\n", filepath.Base(f), len(b))
		h.Write(b)
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:8]), nil
}

// removeOld removes builds of other contents that nobody used for two weeks: each has 150 MB.
func removeOld(cache, name string) {
	builds, _ := filepath.Glob(filepath.Join(cache, name+"-*"))
	for _, b := range builds {
		if filepath.Ext(b) == ".lock" {
			continue // somebody may hold it
		}
		if s, err := os.Stat(b); err == nil && time.Since(s.ModTime()) > 14*24*time.Hour {
			_ = os.Remove(b)
		}
	}
}

// lock takes an advisory lock between processes and returns its release.
func lock(ctx context.Context, path string) (func(), error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { _ = f.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			_ = f.Close()
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
		select {
		case <-ctx.Done():
			_ = f.Close()
			return nil, fmt.Errorf("waiting for the build that holds %s: %w", path, ctx.Err())
		case <-tick.C:
		}
	}
}

var moduleLine = regexp.MustCompile(`(?m)^module devops-tui$`)

// sourceDir finds this package's folder: from the working directory upwards (a
// test runs in its package's folder), else where the compiler read this file.
func sourceDir() (string, error) {
	wd, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for dir := wd; ; dir = filepath.Dir(dir) {
		if b, err := os.ReadFile(filepath.Join(dir, "go.mod")); err == nil && moduleLine.Match(b) {
			return filepath.Join(dir, "test", "cluster"), nil
		}
		if dir == filepath.Dir(dir) {
			break
		}
	}
	if _, file, _, ok := runtime.Caller(0); ok && filepath.IsAbs(file) {
		return filepath.Dir(file), nil
	}
	return "", fmt.Errorf("no go.mod of devops-tui at or above %s", wd)
}
