package docker

import (
	"archive/tar"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	dockertest "devops-tui/test/docker"
)

func write(t *testing.T, name, data string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(data), 0o640); err != nil {
		t.Fatal(err)
	}
	return name
}

func contents(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestAFileIsCopiedInAndOut(t *testing.T) {
	e := dockertest.Shared(t)
	gate := &sources.Gate{}
	s := over(t, e, gate)
	id := e.RunFor(t, dockertest.RunSpec{Name: "box"})
	ref := containerRef("box", s.host.scope, id)
	dir := t.TempDir()
	big := strings.Repeat("0123456789abcdef", 128<<10)
	local := write(t, filepath.Join(dir, "config.yaml"), big)

	op, err := s.PlanCopy(t.Context(), ref, core.Copy{From: local, To: ":/tmp"})
	does(t, op, err)
	if op.Plan.Danger != 1 || op.Plan.Changes[0].Field.String() != "/tmp/config.yaml" || gate.Sent() != 1 {
		t.Errorf("plan %+v; %d requests", op.Plan, gate.Sent())
	}
	// The same again overwrites, and says so; what has changed since is left alone.
	again, err := s.PlanCopy(t.Context(), ref, core.Copy{From: local, To: "box:/tmp/config.yaml"})
	if err != nil || again.Plan.Danger != 2 || !strings.Contains(linesOf(again.Plan.Warnings), "is overwritten") {
		t.Fatalf("plan %+v, %v", again, err)
	}
	write(t, local, "short")
	fresh, err := s.PlanCopy(t.Context(), ref, core.Copy{From: local, To: ":/tmp/config.yaml"})
	does(t, fresh, err)
	if err := again.Execute(sources.Permit(t.Context()), sources.Quiet); s.Problem(err) == nil || s.Problem(err).Kind != core.Conflict {
		t.Errorf("a stale plan: %v", err)
	}

	back := filepath.Join(dir, "back.yaml")
	op, err = s.PlanCopy(t.Context(), ref, core.Copy{From: ":/tmp/config.yaml", To: back})
	does(t, op, err)
	if i, err := os.Stat(back); contents(t, back) != "short" || err != nil || i.Mode() != 0o640 || op.Plan.Danger != 0 {
		t.Errorf("came back as %v, %v", i, err)
	}
	if err := os.Remove(back); err != nil {
		t.Fatal(err)
	}
	paste(t, op)
	if contents(t, back) != "short" {
		t.Error("the command did not copy")
	}
	if op, err = s.PlanCopy(t.Context(), ref, core.Copy{From: ":/tmp/config.yaml", To: back}); err != nil || op.Plan.Danger != 2 {
		t.Errorf("plan %+v, %v", op, err)
	}
	gate.SetReadOnly(true)
	defer gate.SetReadOnly(false)
	if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); !errors.Is(err, core.ErrReadOnly) {
		t.Errorf("while read-only: %v", err)
	}
	for _, bad := range []core.Copy{{From: "a", To: "b"}, {From: ":/a", To: ":/b"}, {From: ":relative", To: "."}, {From: ":/", To: "."}, {From: ":/not/there", To: "."}} {
		if _, err := s.PlanCopy(t.Context(), ref, bad); s.Problem(err) == nil {
			t.Errorf("%+v was planned", bad)
		}
	}
}

func TestAFolderIsCopiedInAndOut(t *testing.T) {
	e := dockertest.Shared(t)
	s := over(t, e, nil)
	id := e.RunFor(t, dockertest.RunSpec{Name: "crate"})
	ref := containerRef("crate", s.host.scope, id)
	dir := t.TempDir()
	write(t, filepath.Join(dir, "site", "index.html"), "hello")
	write(t, filepath.Join(dir, "site", "deep", "er", "file"), "down")
	for link, to := range map[string]string{"ok": "deep/er/file", "evil": "../outside", "worse": "../../outside", "absolute": "/etc/passwd"} {
		if err := os.Symlink(to, filepath.Join(dir, "site", link)); err != nil {
			t.Fatal(err)
		}
	}
	op, err := s.PlanCopy(t.Context(), ref, core.Copy{From: filepath.Join(dir, "site"), To: ":/tmp/www"})
	does(t, op, err)
	if !strings.Contains(linesOf(op.Plan.Warnings), "worse") || strings.Contains(linesOf(op.Plan.Warnings), "evil") {
		t.Errorf("warnings %v", op.Plan.Warnings)
	}
	op, err = s.PlanCopy(t.Context(), ref, core.Copy{From: ":/tmp/www", To: filepath.Join(dir, "copy")})
	does(t, op, err)
	if contents(t, filepath.Join(dir, "copy", "index.html")) != "hello" || contents(t, filepath.Join(dir, "copy", "ok")) != "down" {
		t.Error("the folder is not the same")
	}
	for _, link := range []string{"evil", "worse", "absolute"} {
		if _, err := os.Lstat(filepath.Join(dir, "copy", link)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s was made: %v", link, err)
		}
	}
	if op, err = s.PlanCopy(t.Context(), ref, core.Copy{From: ":/tmp/www", To: filepath.Join(dir, "copy")}); err != nil || !strings.HasSuffix(op.Plan.Changes[0].Field.String(), "copy/www") {
		t.Errorf("into a folder that is there: %+v, %v", op, err)
	}
}

// TestAHostileArchiveIsRefused: what was asked for is what may come. package
// archive has all the ways to say something else.
func TestAHostileArchiveIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		mode    fs.FileMode
		entries []string // folders end with a slash
		wanted  string
	}{
		"beside the folder":    {fs.ModeDir | 0o755, []string{"data/", "data/ok", "victim"}, "data/ok"},
		"a file as folder":     {fs.ModeDir | 0o755, []string{"data"}, "data"},
		"a folder for a file":  {0o644, []string{"data/", "data/ok"}, ""},
		"two files, asked one": {0o644, []string{"data", "victim"}, "data"},
	} {
		t.Run(name, func(t *testing.T) {
			x := script(t)
			x.container("2026-11-22T08:00:00Z")
			stat, _ := json.Marshal(map[string]any{"name": "data", "size": 1, "mode": uint32(c.mode), "mtime": time.Now()})
			x.mux.HandleFunc("/containers/"+someID+"/archive", func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("X-Docker-Container-Path-Stat", base64.StdEncoding.EncodeToString(stat))
				if r.Method == http.MethodHead {
					return
				}
				b := tar.NewWriter(w)
				for _, name := range c.entries {
					h := tar.Header{Name: name, Typeflag: tar.TypeDir, Mode: 0o755}
					if !strings.HasSuffix(name, "/") {
						h.Typeflag, h.Size = tar.TypeReg, 1
					}
					_ = b.WriteHeader(&h)
					_, _ = io.WriteString(b, "x"[:h.Size])
				}
				_ = b.Close()
			})
			home := t.TempDir()
			write(t, filepath.Join(home, "victim"), "precious")
			op, err := x.PlanCopy(t.Context(), x.ref(), core.Copy{From: ":/data", To: home})
			if err != nil {
				t.Fatal(err)
			}
			err = op.Execute(sources.Permit(t.Context()), sources.Quiet)
			if p := x.Problem(err); p == nil || p.Kind != core.Refused {
				t.Errorf("Execute: %v", err)
			}
			if contents(t, filepath.Join(home, "victim")) != "precious" {
				t.Error("the victim was written")
			}
			if _, err := os.Lstat(filepath.Join(home, c.wanted)); err != nil {
				t.Errorf("what was asked for did not come: %v", err)
			}
		})
	}
}

func TestACopyWhoseAnswerIsLostIsReadBack(t *testing.T) {
	x := script(t)
	x.container("2026-11-22T08:00:00Z")
	local := write(t, filepath.Join(t.TempDir(), "f"), "data")
	i, _ := os.Stat(local)
	there := false
	x.mux.HandleFunc("/containers/"+someID+"/archive", func(w http.ResponseWriter, r *http.Request) {
		stat := map[string]any{"name": "tmp", "mode": uint32(fs.ModeDir | 0o755)}
		if p := r.URL.Query().Get("path"); p == "/tmp/f" {
			if !there {
				w.WriteHeader(http.StatusNotFound)
				return
			}
			stat = map[string]any{"name": "f", "mode": 0o640, "size": 4, "mtime": i.ModTime()}
		}
		if r.Method == http.MethodPut {
			var b bytes.Buffer
			_, _ = b.ReadFrom(r.Body)
			there = true
			panic(http.ErrAbortHandler)
		}
		b, _ := json.Marshal(stat)
		w.Header().Set("X-Docker-Container-Path-Stat", base64.StdEncoding.EncodeToString(b))
	})
	op, err := x.PlanCopy(t.Context(), x.ref(), core.Copy{From: local, To: ":/tmp/"})
	if err != nil {
		t.Fatal(err)
	}
	if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); !errors.Is(err, core.ErrOutcomeUnknown) {
		t.Fatalf("Execute: %v", err)
	}
	if outcome, err := op.Verify(t.Context(), func(core.Progress) {}); outcome != core.OutcomeHealthy || err != nil {
		t.Errorf("Verify: %v, %v", outcome, err)
	}
	if n := x.calls("PUT /containers/" + someID + "/archive"); n != 1 {
		t.Errorf("sent %d times", n)
	}
}
