package e2e

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"devops-tui/internal/testkit"
	"devops-tui/test/cluster"
	"devops-tui/test/docker"
)

// patience is how long a step may take that no promise is about: the machine is
// the limit there, and CI's are slow.
const patience = 30 * time.Second

// The world of the issue: 20 containers in 3 Compose projects, 3 nodes, 300 pods.
const (
	worldContainers = 20
	worldPods       = 300
)

var world struct {
	sync.Once
	err error
}

// loaded returns the shared engine and control plane with their load.
func loaded(t *testing.T) (*dockertest.Engine, *cluster.Cluster) {
	t.Helper()
	e, c := dockertest.Shared(t), cluster.Shared(t)
	world.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
		defer cancel()
		if _, world.err = e.Compose3Projects(ctx); world.err == nil {
			world.err = c.Load(ctx, worldPods)
		}
	})
	if world.err != nil {
		t.Fatal(world.err)
	}
	return e, c
}

// cockpit is the built program in a terminal, with a home of its own.
type cockpit struct {
	*testkit.Term
	t    *testing.T
	home string
}

// options of a cockpit; the zero value watches nothing.
type options struct {
	engine     *dockertest.Engine
	kubeconfig string
	cols, rows int // default 160x45
	env        []string
	args       []string
	config     string // of the configuration file
	raw        bool   // keep the raw output
	light      bool
}

// start starts a cockpit; it does not wait for anything.
func start(t *testing.T, o options) *cockpit {
	t.Helper()
	if o.cols == 0 {
		o.cols, o.rows = 160, 45
	}
	home := t.TempDir()
	env := []string{
		"HOME=" + home, "XDG_CONFIG_HOME=" + filepath.Join(home, "config"), "XDG_STATE_HOME=" + filepath.Join(home, "state"),
		"KUBECONFIG=" + filepath.Join(home, "none"), "DOCKER_HOST=unix://" + filepath.Join(home, "none.sock"),
	}
	if o.engine != nil {
		env = append(env, "DOCKER_HOST="+o.engine.Host)
	} else if o.kubeconfig != "" {
		o.args = append(slices.Clone(o.args), "--source", "kube")
	}
	if o.kubeconfig != "" {
		env = append(env, "KUBECONFIG="+o.kubeconfig)
	} else if o.engine != nil {
		o.args = append(slices.Clone(o.args), "--source", "docker")
	}
	if o.config != "" {
		path := filepath.Join(home, "config", "devops-tui", "config.yaml")
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(o.config), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	term := testkit.StartTerm(t, testkit.TermOptions{
		Cols: o.cols, Rows: o.rows, Env: append(env, o.env...), Dir: home, KeepRaw: o.raw, Light: o.light,
	}, testkit.Binary(t), o.args...)
	return &cockpit{Term: term, t: t, home: home}
}

// open starts a cockpit and waits until every source is live.
func open(t *testing.T, o options) *cockpit {
	t.Helper()
	c := start(t, o)
	var live []string
	if o.engine != nil {
		live = append(live, "docker ●")
	}
	if o.kubeconfig != "" {
		live = append(live, "kube ●")
	}
	c.WaitText(patience, live...)
	return c
}

// find narrows the list on screen with a filter, taking an earlier one back.
func (c *cockpit) find(filter string) {
	c.t.Helper()
	c.Send("/")
	c.WaitFor(func(s string) bool { return strings.Contains(lastLines(s, 4), " / ") }, patience)
	c.Send("ctrl+u")
	c.Type(filter)
	c.WaitFor(func(s string) bool { return strings.Contains(lastLines(s, 4), " / "+filter) }, patience)
	c.Send("enter")
	c.WaitFor(func(s string) bool { return !strings.Contains(lastLines(s, 4), " / "+filter) }, patience)
}

// goTo opens a view or kind by its name in the palette.
func (c *cockpit) goTo(name, shows string) {
	c.t.Helper()
	c.Send(":")
	c.WaitText(patience, "Go to")
	c.Type(name)
	c.WaitText(patience, name)
	c.Send("enter")
	c.WaitText(patience, shows)
}

// view presses a view's key and waits for its table.
func (c *cockpit) view(key, title string) {
	c.t.Helper()
	c.Send(key)
	c.WaitText(patience, "╭ "+title)
}

func lastLines(s string, n int) string {
	lines := strings.Split(s, "\n")
	return strings.Join(lines[max(len(lines)-n, 0):], "\n")
}
