package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"devops-tui/internal/testkit"
	"devops-tui/test/cluster"
	"devops-tui/test/docker"
)

// The limits for a source that is away.
const (
	badgeLimit = 10 * time.Second
	healLimit  = 5 * time.Second
	keyLimit   = 250 * time.Millisecond
)

// outage takes a backend away from a cockpit that shows a list of it, and
// gives it back.
type outage struct {
	name string // of the source, as in the header
	away func() error
	back func() error
	same func() error
}

func (c *cockpit) endure(o outage) {
	t := c.t
	t.Helper()
	before, count := c.all()
	if count < 3 {
		t.Fatalf("only %d rows\n%s", count, c.Screen())
	}
	c.Send("g")
	c.WaitFor(func(s string) bool { at, _ := position(s); return at == 1 }, patience)
	if err := o.away(); err != nil {
		t.Fatal(err)
	}
	left := time.Now()
	badge := regexp.MustCompile(o.name + ` [◐✗]\d*\w?`)
	var screen string
	for !badge.MatchString(screen) {
		c.cursor()
		screen = c.Screen()
		if time.Since(left) > badgeLimit {
			t.Fatalf("no badge %v after the source went away:\n%s", badgeLimit, screen)
		}
	}
	t.Logf("badge %q after %v", badge.FindString(screen), time.Since(left).Round(time.Millisecond))
	slowest := time.Duration(0)
	for range 20 {
		slowest = max(slowest, c.cursor())
	}
	t.Logf("slowest of 20 cursor moves while it is away: %v", slowest.Round(time.Millisecond))
	kept, _ := c.all()
	for name := range before {
		if _, ok := kept[name]; !ok {
			t.Errorf("%s is not shown any more while the source is away", name)
		}
	}
	if len(kept) != len(before) {
		t.Errorf("%d rows while the source is away, %d before", len(kept), len(before))
	}
	if err := o.back(); err != nil {
		t.Fatal(err)
	}
	returned := time.Now()
	c.WaitText(patience, o.name+" ●")
	if took := time.Since(returned); took > healLimit {
		t.Errorf("healed %v after the source came back, limit %v", took, healLimit)
	} else {
		t.Logf("healed %v after the source came back", took.Round(time.Millisecond))
	}
	testkit.Poll(t, patience, o.same)
}

// cursor moves the selection down or up and returns how long that took.
func (c *cockpit) cursor() time.Duration {
	c.t.Helper()
	from, _ := position(c.Screen())
	key := "j"
	if from > 1 {
		key = "k"
	}
	pressed := time.Now()
	c.Send(key)
	c.WaitFor(func(s string) bool { at, _ := position(s); return at != from }, patience)
	took := time.Since(pressed)
	if took > keyLimit {
		c.t.Errorf("a cursor move took %v, limit %v", took, keyLimit)
	}
	return took
}

// aFewContainers makes containers that stay as they are, one of which logs.
func aFewContainers(t *testing.T, e *dockertest.Engine) {
	t.Helper()
	for i := range 5 {
		e.RunFor(t, dockertest.RunSpec{Name: fmt.Sprintf("quiet-%d", i), Args: []string{"-rate", "0"}})
	}
	e.RunFor(t, dockertest.RunSpec{Name: "talker", Args: []string{"-name", "talker", "-rate", "10"}})
}

func TestEngineRestart(t *testing.T) {
	e := dockertest.StartFor(t, dockertest.Options{Args: []string{"--live-restore"}})
	aFewContainers(t, e)
	c := open(t, options{engine: e})
	c.view("4", "Containers")
	c.WaitFor(func(s string) bool { return len(table(s)) == 6 }, patience)
	same := func() error { return sameContainers(t.Context(), e, c) }

	t.Run("killed", func(t *testing.T) {
		c.t = t
		c.endure(outage{
			name: "docker", away: e.Kill, back: func() error { return e.Restart(t.Context()) }, same: same,
		})
	})
	t.Run("black hole", func(t *testing.T) {
		c.t = t
		c.endure(outage{name: "docker", away: e.Pause, back: e.Resume, same: same})
	})
	t.Run("changed while away", func(t *testing.T) {
		c.t = t
		if err := e.Kill(); err != nil {
			t.Fatal(err)
		}
		c.WaitFor(func(s string) bool { return !strings.Contains(s, "docker ●") }, badgeLimit)
		if err := e.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		e.RunFor(t, dockertest.RunSpec{Name: "newcomer", Args: []string{"-rate", "0"}})
		if _, err := e.Docker(t.Context(), "rm", "-f", "quiet-3"); err != nil {
			t.Fatal(err)
		}
		c.WaitText(patience, "docker ●")
		testkit.Poll(t, healLimit, same)
	})
	t.Run("logs across", func(t *testing.T) {
		c.t = t
		c.find("talker")
		c.Send("l")
		c.WaitText(patience, "seq=")
		if err := e.Kill(); err != nil {
			t.Fatal(err)
		}
		c.WaitFor(func(s string) bool { return !strings.Contains(s, "docker ●") }, badgeLimit)
		if err := e.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		c.WaitText(patience, "docker ●")
		from := lastSeq(c.Screen())
		c.WaitFor(func(s string) bool { return lastSeq(s) > from+20 }, patience)
		seqs := c.savedSeqs()
		if len(seqs) < 30 {
			t.Fatalf("%d lines were saved", len(seqs))
		}
		noGapNorRepeat(t, seqs)
		t.Logf("%d lines across the restart, from %d to %d", len(seqs), seqs[0], seqs[len(seqs)-1])
	})
}

var seqMark = regexp.MustCompile(`\bseq=(\d+)`)

func lastSeq(s string) int {
	all := seqMark.FindAllStringSubmatch(s, -1)
	if len(all) == 0 {
		return 0
	}
	n, _ := strconv.Atoi(all[len(all)-1][1])
	return n
}

// save presses the save key of a log and returns the file's path and content.
func (c *cockpit) save() (path, content string) {
	c.t.Helper()
	known, _ := filepath.Glob(filepath.Join(c.home, "state", "devops-tui", "saves", "*"))
	c.Send("s")
	c.WaitText(patience, "lines saved to")
	files, err := filepath.Glob(filepath.Join(c.home, "state", "devops-tui", "saves", "*"))
	if err != nil || len(files) != len(known)+1 {
		c.t.Fatalf("saved files: %v, before: %v, %v", files, known, err)
	}
	for _, f := range files {
		if !strings.Contains(strings.Join(known, "\n"), f) {
			path = f
		}
	}
	b, err := os.ReadFile(path)
	if err != nil {
		c.t.Fatal(err)
	}
	return path, string(b)
}

func (c *cockpit) savedSeqs() (seqs []int) {
	c.t.Helper()
	_, content := c.save()
	for _, m := range seqMark.FindAllStringSubmatch(content, -1) {
		n, _ := strconv.Atoi(m[1])
		seqs = append(seqs, n)
	}
	return seqs
}

// noGapNorRepeat holds every number of a log to be there once. Two streams of
// one container may be a little out of order.
func noGapNorRepeat(t *testing.T, seqs []int) {
	t.Helper()
	seen := map[int]int{}
	low, high := seqs[0], seqs[0]
	for _, n := range seqs {
		seen[n]++
		low, high = min(low, n), max(high, n)
	}
	for n := low; n <= high; n++ {
		if seen[n] != 1 {
			t.Errorf("line %d is there %d times", n, seen[n])
		}
	}
}

func TestAPIServerRestart(t *testing.T) {
	k := cluster.StartFor(t, cluster.Options{Nodes: 1})
	if err := k.CreateNamespace(t.Context(), "shop"); err != nil {
		t.Fatal(err)
	}
	if err := k.Deploy(t.Context(), cluster.Workload{Namespace: "shop", Name: "web", Replicas: 6}); err != nil {
		t.Fatal(err)
	}
	if err := k.WaitReady(t.Context(), "shop", "web", 6); err != nil {
		t.Fatal(err)
	}
	c := open(t, options{kubeconfig: k.Kubeconfig})
	c.view("3", "Workloads")
	c.Send("]")
	c.WaitFor(func(s string) bool { return len(table(s)) == 6 }, patience)
	same := func() error { return samePods(t.Context(), k, c) }

	t.Run("killed", func(t *testing.T) {
		c.t = t
		c.endure(outage{
			name: "kube", away: k.StopAPIServer, back: func() error { return k.StartAPIServer(t.Context()) }, same: same,
		})
	})
	t.Run("black hole", func(t *testing.T) {
		c.t = t
		c.endure(outage{name: "kube", away: k.PauseAPIServer, back: k.ResumeAPIServer, same: same})
	})
	t.Run("logs across", func(t *testing.T) {
		c.t = t
		n := 0
		write := func(lines int) {
			f, err := os.OpenFile(filepath.Join(k.Dir, "default.log"), os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = f.Close() }()
			for range lines {
				n++
				_, _ = fmt.Fprintf(f, "%s stdout F seq=%d of the pod\n", time.Now().UTC().Format(time.RFC3339Nano), n)
			}
		}
		write(10)
		c.Send("l")
		c.WaitText(patience, "seq=10 ")
		write(5)
		c.WaitText(patience, "seq=15 ")
		if err := k.StopAPIServer(); err != nil {
			t.Fatal(err)
		}
		write(5)
		c.WaitFor(func(s string) bool { return !strings.Contains(s, "kube ●") }, badgeLimit)
		if err := k.StartAPIServer(t.Context()); err != nil {
			t.Fatal(err)
		}
		write(5)
		c.WaitText(patience, "seq=25 ")
		seqs := c.savedSeqs()
		if len(seqs) != 25 {
			t.Errorf("%d lines, 25 were written", len(seqs))
		}
		noGapNorRepeat(t, seqs)
	})
}

// The cockpit is there and answers before any source does.
func TestFirstPaintDoesNotWaitForSources(t *testing.T) {
	e := dockertest.StartFor(t, dockertest.Options{})
	aFewContainers(t, e)
	k := cluster.StartFor(t, cluster.Options{Nodes: 1})
	if err := e.Pause(); err != nil {
		t.Fatal(err)
	}
	if err := k.PauseAPIServer(); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	c := start(t, options{engine: e, kubeconfig: k.Kubeconfig})
	c.WaitText(patience, "Cockpit", "Pods", "? help", "docker ", "kube ")
	t.Logf("first paint %v after the start, with both sources silent", time.Since(began).Round(time.Millisecond))
	c.view("4", "Containers")
	c.view("3", "Workloads")
	if err := e.Resume(); err != nil {
		t.Fatal(err)
	}
	if err := k.ResumeAPIServer(); err != nil {
		t.Fatal(err)
	}
	resumed := time.Now()
	c.WaitText(patience, "docker ●", "kube ●")
	t.Logf("both live %v after they answer", time.Since(resumed).Round(time.Millisecond))
}

func TestQuietIdle(t *testing.T) {
	e := dockertest.StartFor(t, dockertest.Options{})
	for i := range 5 {
		e.RunFor(t, dockertest.RunSpec{Name: fmt.Sprintf("quiet-%d", i), Args: []string{"-rate", "0"}})
	}
	k := cluster.StartFor(t, cluster.Options{Nodes: 1})
	if err := k.CreateNamespace(t.Context(), "shop"); err != nil {
		t.Fatal(err)
	}
	if err := k.Deploy(t.Context(), cluster.Workload{Namespace: "shop", Name: "web", Replicas: 6}); err != nil {
		t.Fatal(err)
	}
	if err := k.WaitReady(t.Context(), "shop", "web", 6); err != nil {
		t.Fatal(err)
	}
	c := open(t, options{engine: e, kubeconfig: k.Kubeconfig})
	for _, view := range []struct {
		key, shows string
		rows       int
	}{{"3", "[All]", 1}, {"]", "[Pods]", 6}} {
		c.Send(view.key)
		c.WaitFor(func(s string) bool { return strings.Contains(s, view.shows) && len(table(s)) == view.rows }, patience)
		// The ages and the clock change with the minute: five quiet seconds begin after it.
		testkit.Poll(t, 2*time.Minute, func() error {
			c.WaitIdle(time.Second, patience)
			if s := time.Now().Second(); s < 2 || s > 50 {
				return fmt.Errorf("second %d", s)
			}
			return nil
		})
		before, n := c.Screen(), c.Bytes()
		<-time.After(5 * time.Second)
		if written := c.Bytes() - n; written != 0 {
			t.Errorf("%d bytes were written in 5 s in which nothing changed; before:\n%s\nafter:\n%s", written, before, c.Screen())
		}
	}
}
