package docker

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/api/types/container"

	"devops-tui/internal/core"
)

// remembering makes a memory whose clock is stepped by hand.
func remembering(dir string) (*memory, func(time.Duration)) {
	m := newMemory(dir)
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	m.now = func() time.Time { return now }
	return m, func(d time.Duration) { now = now.Add(d) }
}

func TestTheMemoryWritesOnlyWhatIsNew(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	path := filepath.Join(dir, memoryFile)
	m, pass := remembering(dir)
	web := sighting{container: "web", id: "sha256:1", ref: "shop/web:1"}
	m.tell("local", web, "", false)
	m.flush(10 * time.Second)
	first, err := os.Stat(path)
	if err != nil || first.Mode().Perm() != 0o600 {
		t.Fatalf("file %v, %v", first, err)
	}
	unchanged := func(what string) {
		t.Helper()
		m.flush(10 * time.Second)
		if now, err := os.Stat(path); err != nil || !os.SameFile(first, now) { // each write is a new file
			t.Errorf("%s: written again (%v)", what, err)
		}
	}
	pass(time.Hour)
	m.tell("local", web, "", false)
	unchanged("the same again")
	m.tell("local", web, endHealthy, true)
	m.flush(10 * time.Second)
	if now, _ := os.Stat(path); os.SameFile(first, now) {
		t.Error("a new end is not written")
	} else {
		first = now
	}
	m.tell("local", web, endHealthy, true)
	unchanged("the same end")
	pass(time.Minute)
	m.tell("local", sighting{container: "web", id: "sha256:2", ref: "shop/web:2"}, "exited (1)", false)
	m.tell("other", sighting{container: "web", id: "sha256:9", ref: "else/web:9"}, "", false)
	m.tell("local", sighting{container: "shop-web-1", project: "shop", service: "web", id: "sha256:3"}, "", false)
	m.tell("local", sighting{container: "shop-web-2", project: "shop", service: "web", id: "sha256:4"}, "", false)
	m.flush(10 * time.Second)

	again, _ := remembering(dir)
	got := again.images("local", web)
	if len(got) != 2 || got[0].ID != "sha256:2" || got[0].Well || !got[0].failing() || got[1].ID != "sha256:1" || !got[1].Well || got[1].End != endHealthy {
		t.Errorf("remembered %+v", got)
	}
	if !got[1].First.Before(got[1].Last) {
		t.Errorf("seen from %s to %s", got[1].First, got[1].Last)
	}
	if got := again.images("local", sighting{container: "shop-web-7", project: "shop", service: "web"}); len(got) != 2 {
		t.Errorf("a service's images %+v", got)
	}
	if b, _ := os.ReadFile(path); strings.Contains(string(b), "shop-web-1") {
		t.Error("the name of a replica is in the file")
	}
}

func TestTheMemoryIsSharedBoundedAndForgivesABrokenFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, memoryFile)
	if err := os.WriteFile(path, []byte("{broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	a, pass := remembering(dir)
	b, _ := remembering(dir)
	b.loaded = true // opened before a wrote
	a.tell("local", sighting{container: "web", id: "sha256:a"}, "", false)
	a.flush(10 * time.Second)
	if set, _ := filepath.Glob(path + ".broken-*"); len(set) != 1 {
		t.Errorf("the broken file was not set aside: %q", set)
	}
	b.tell("local", sighting{container: "web", id: "sha256:b"}, "", false)
	b.flush(10 * time.Second)
	if got := a.images("local", sighting{container: "web"}); len(got) != 2 {
		t.Errorf("the other process's image is not known: %+v", got)
	}
	for i := range memoryImages + 5 {
		pass(time.Second)
		a.tell("local", sighting{container: "web", id: fmt.Sprint("sha256:x", i)}, "", false)
	}
	for i := range memoryRunners + 5 {
		a.tell("local", sighting{container: fmt.Sprint("c", i), id: "sha256:c"}, "", false)
	}
	a.flush(10 * time.Second)
	c, _ := remembering(dir)
	if got := c.images("local", sighting{container: "web"}); len(got) > memoryImages {
		t.Errorf("%d images", len(got))
	}
	if len(c.runners) != memoryRunners {
		t.Errorf("%d containers", len(c.runners))
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.json.*")); len(left) != 2 { // the broken one and the lock
		t.Errorf("left %q", left)
	}
}

func TestTheWatchTellsTheMemory(t *testing.T) {
	s := newSource(host{scope: "local"}, noOptions)
	see := func(image, status string, st container.ContainerState) {
		c := container.Summary{ID: "x", Names: []string{"/web"}, ImageID: image, Image: image, State: st, Status: status}
		s.containerRow(&item{sum: c}, time.Now())
		judged := assess(&c, nil, time.Now())
		s.seen(&c, nil, &judged)
	}
	see("sha256:1", "Up 3 minutes (healthy)", container.StateRunning)
	see("sha256:1", "Exited (137) 1 second ago", container.StateExited) // it was stopped
	see("sha256:2", "Exited (1) 1 second ago", container.StateExited)
	got := map[string]remembered{}
	for _, k := range s.memory.images("local", sighting{container: "web"}) {
		got[k.ID] = k
	}
	if got["sha256:1"].failing() || !got["sha256:2"].failing() {
		t.Errorf("remembered %+v", got)
	}
	c := container.Summary{ID: "x", Names: []string{"/web-before-0a1b2c3d"}, ImageID: "sha256:3", State: container.StateRunning}
	s.seen(&c, nil, &state{phase: core.Running})
	if got := s.memory.images("local", sighting{container: "web-before-0a1b2c3d"}); len(got) > 0 {
		t.Errorf("a name on the way is remembered: %+v", got)
	}
}
