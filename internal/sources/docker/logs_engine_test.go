package docker

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/sources/sourcetest"
	dockertest "devops-tui/test/docker"
)

// tailing follows a log until the test ends.
func tailing(t testing.TB, s *Source, req core.LogRequest) *sourcetest.Logs {
	t.Helper()
	logs := &sourcetest.Logs{}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Tail(ctx, req, logs) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Tail: %v", err)
		}
	})
	return logs
}

var seqOf = regexp.MustCompile(`seq=(\d+) `)

// sequence checks that the numbers of the lines of one life of a container
// have no gap and no duplicate, and returns the last one.
func sequence(t testing.TB, lines []core.Line) int {
	t.Helper()
	last := 0
	var seq uint64
	for _, l := range lines {
		if l.Seq <= seq {
			t.Fatalf("line %d after %d of one origin", l.Seq, seq)
		}
		seq = l.Seq
		if l.Stream == core.Marker {
			continue
		}
		m := seqOf.FindStringSubmatch(l.Text.String())
		if m == nil {
			continue
		}
		n, _ := strconv.Atoi(m[1])
		if last > 0 && n != last+1 && n != 1 {
			t.Fatalf("line %d after line %d", n, last)
		}
		last = n
	}
	return last
}

// numbers counts the numbered lines.
func numbers(lines []core.Line) (seen map[int]int, most int) {
	seen = map[int]int{}
	for _, l := range lines {
		if m := seqOf.FindStringSubmatch(l.Text.String()); m != nil {
			n, _ := strconv.Atoi(m[1])
			seen[n]++
			most = max(most, n)
		}
	}
	return seen, most
}

// complete checks that what was followed is what the engine has kept, once. A
// crash of the engine loses what it had read and not yet written down, and it
// does not keep stdout and stderr in order.
func complete(t testing.TB, e *dockertest.Engine, s *Source, ref core.Ref, followed []core.Line) {
	t.Helper()
	kept := &sourcetest.Logs{}
	if err := s.Tail(t.Context(), core.LogRequest{Ref: ref, Tail: -1}, kept); err != nil {
		t.Fatal(err)
	}
	got, most := numbers(followed)
	want, _ := numbers(kept.All())
	for n, times := range got {
		if times != 1 {
			t.Errorf("line %d %d times", n, times)
		}
	}
	missing := 0
	for n := range want {
		if n <= most-10 && got[n] == 0 { // the last ones may be on their way
			missing++
		}
	}
	switch {
	case missing > 0 && torn(t, e, ref.UID):
		// The engine's own reader gives up a buffer of lines behind it.
		t.Logf("%d of %d lines are missing behind a line that the crash of the engine tore", missing, most)
	case missing > 0:
		t.Errorf("%d of %d lines are missing", missing, most)
	}
}

// torn reports whether the engine's log file of a container has a line that a
// crash broke off.
func torn(t testing.TB, e *dockertest.Engine, id string) bool {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(e.Dir, "data", "containers", id, id+"-json.log"))
	if err != nil {
		t.Fatal(err)
	}
	for l := range bytes.Lines(b) {
		if bytes.HasSuffix(l, []byte("\n")) && !json.Valid(l) {
			return true
		}
	}
	return false
}

func markers(lines []core.Line) string {
	var out []string
	for _, l := range lines {
		if l.Stream == core.Marker {
			out = append(out, l.Text.String())
		}
	}
	return strings.Join(out, "\n")
}

func TestLogsResumeOverAnEngineCrash(t *testing.T) {
	e := dockertest.StartFor(t, dockertest.Options{Args: []string{"--live-restore"}})
	s := over(t, e, nil)
	id := e.RunFor(t, dockertest.RunSpec{Name: "writer", Args: []string{"-rate", "400"}})
	tty := e.RunFor(t, dockertest.RunSpec{Name: "terminal", TTY: true, Args: []string{"-rate", "200"}})
	logs := tailing(t, s, core.LogRequest{Ref: containerRef("writer", s.host.scope, id), Tail: -1, Follow: true})
	raw := tailing(t, s, core.LogRequest{Ref: containerRef("terminal", s.host.scope, tty), Tail: -1, Follow: true})
	until(t, 10*time.Second, "lines", func() bool { return len(logs.All()) > 200 && len(raw.All()) > 100 })
	for range 2 {
		n, m := len(logs.All()), len(raw.All())
		if err := e.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := e.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		until(t, 10*time.Second, "lines after the crash", func() bool { return len(logs.All()) > n+200 && len(raw.All()) > m+100 })
	}
	complete(t, e, s, containerRef("writer", s.host.scope, id), logs.All())
	complete(t, e, s, containerRef("terminal", s.host.scope, tty), raw.All())
	streams := map[core.Stream]int{}
	for _, l := range logs.All() {
		streams[l.Stream]++
		if l.Stream == core.Stderr && l.Level != core.LevelWarn {
			t.Fatalf("level %v of %q", l.Level, l.Text.String())
		}
	}
	if streams[core.Stderr] == 0 || streams[core.Stdout] < 3*streams[core.Stderr] {
		t.Errorf("streams %v, want every fifth line on stderr", streams)
	}
}

func TestLogsGoOnWhenTheContainerIsStartedAgain(t *testing.T) {
	e := dockertest.Shared(t)
	s := over(t, e, nil)
	id := e.RunFor(t, dockertest.RunSpec{Name: "again", Args: []string{"-rate", "50", "-stderr", "0"}})
	logs := tailing(t, s, core.LogRequest{Ref: containerRef("again", s.host.scope, ""), Tail: -1, Follow: true})
	until(t, 10*time.Second, "lines", func() bool { return len(logs.Texts()) > 10 })
	if _, err := e.Docker(t.Context(), "restart", "-t", "5", "again"); err != nil {
		t.Fatal(err)
	}
	until(t, 10*time.Second, "the start is marked", func() bool { return strings.Contains(markers(logs.All()), "started again") })
	n := len(logs.Texts())
	until(t, 10*time.Second, "lines of the new life", func() bool { return len(logs.Texts()) > n+10 })
	sequence(t, logs.All())
	if _, err := e.Docker(t.Context(), "kill", "again"); err != nil {
		t.Fatal(err)
	}
	until(t, 10*time.Second, "the end is marked", func() bool { return strings.Contains(markers(logs.All()), "exited (137)") })
	if _, err := e.Docker(t.Context(), "start", id); err != nil {
		t.Fatal(err)
	}
	n = len(logs.Texts())
	until(t, 10*time.Second, "lines of the third life", func() bool { return len(logs.Texts()) > n+10 })
	if ones := strings.Count(strings.Join(logs.Texts(), "\n")+"\n", "seq=1 "); ones != 3 {
		t.Errorf("%d lives in the log, want 3", ones)
	}
}

func TestTailAndSince(t *testing.T) {
	e := dockertest.Shared(t)
	s := over(t, e, nil)
	id := e.RunFor(t, dockertest.RunSpec{Name: "done", Args: []string{"-rate", "1000", "-lines", "100", "-stderr", "0"}})
	ref := containerRef("done", s.host.scope, id)
	until(t, 10*time.Second, "it ends", func() bool { st, err := e.State(t.Context(), id); return err == nil && st.Status == "exited" })
	read := func(req core.LogRequest) []core.Line {
		t.Helper()
		req.Ref = ref
		logs := &sourcetest.Logs{}
		if err := s.Tail(t.Context(), req, logs); err != nil {
			t.Fatal(err)
		}
		return logs.All()
	}
	all := read(core.LogRequest{Tail: -1})
	if len(all) != 100 || sequence(t, all) != 100 {
		t.Fatalf("%d lines, want 100", len(all))
	}
	if got := read(core.LogRequest{Tail: 7}); len(got) != 7 || got[6].Text.String() != all[99].Text.String() {
		t.Errorf("tail 7: %d lines", len(got))
	}
	if got := read(core.LogRequest{Tail: 0}); len(got) != 0 {
		t.Errorf("tail 0: %d lines", len(got))
	}
	since := read(core.LogRequest{Tail: -1, Since: time.Unix(0, all[40].Time)})
	for _, l := range since {
		if l.Time < all[40].Time {
			t.Fatal("a line from before since")
		}
	}
	if len(since) < 60 || len(since) > 60+40 {
		t.Errorf("since line 41: %d lines", len(since))
	}
}

func TestLongLines(t *testing.T) {
	e := dockertest.Shared(t)
	s := over(t, e, nil)
	for _, tty := range []bool{false, true} {
		id := e.RunFor(t, dockertest.RunSpec{Name: fmt.Sprintf("long-%v", tty), TTY: tty, Args: []string{"-hostile", "-lines", "3", "-rate", "100"}})
		until(t, 10*time.Second, "it ends", func() bool { st, err := e.State(t.Context(), id); return err == nil && st.Status == "exited" })
		logs := &sourcetest.Logs{}
		if err := s.Tail(t.Context(), core.LogRequest{Ref: containerRef("x", s.host.scope, id), Tail: -1}, logs); err != nil {
			t.Fatal(err)
		}
		lines := logs.Texts()
		if len(lines) != 13+3 {
			t.Fatalf("tty %v: %d lines, want 16", tty, len(lines))
		}
		long := lines[12]
		want := "hostile " + strings.Repeat("long ", 20_000)
		kept, rest, ok := strings.Cut(long, "… +")
		if !ok || !strings.HasPrefix(want, kept) || len(kept) != maxLine {
			t.Errorf("tty %v: the long line is cut to %d bytes %.40q…%q", tty, len(kept), kept, rest)
		}
		if want := fmt.Sprintf("%d bytes", len(want)-maxLine); rest != want {
			t.Errorf("tty %v: says %q are left out, want %q", tty, rest, want)
		}
	}
}

func TestAProjectsLogsAreMergedAndFollowed(t *testing.T) {
	e := dockertest.Shared(t)
	s := over(t, e, nil)
	project := core.Ref{Source: ID, Scope: s.host.scope, Kind: kindProject, Name: "merged", UID: "merged"}
	member := func(service string, n int) dockertest.RunSpec {
		name := fmt.Sprintf("merged-%s-%d", service, n)
		return dockertest.RunSpec{Name: name, Args: []string{"-rate", "20", "-stderr", "0", "-name", name}, Labels: map[string]string{labelProject: "merged", labelService: service}}
	}
	e.RunFor(t, member("a", 1))
	e.RunFor(t, member("b", 1))
	old := func() *sourcetest.Logs {
		logs := &sourcetest.Logs{}
		if err := s.Tail(t.Context(), core.LogRequest{Ref: project, Tail: -1}, logs); err != nil {
			t.Fatal(err)
		}
		return logs
	}
	until(t, 10*time.Second, "lines", func() bool { return len(old().All()) > 40 })
	var before int64
	origins := map[string]int{}
	for _, l := range old().All() {
		if l.Time < before {
			t.Fatal("not in order of time")
		}
		before = l.Time
		origins[l.Origin.Container]++
	}
	if len(origins) != 2 {
		t.Fatalf("origins %v", origins)
	}
	logs := tailing(t, s, core.LogRequest{Ref: project, Tail: 5, Follow: true})
	until(t, 10*time.Second, "lines", func() bool { return len(logs.Texts()) > 30 })
	e.RunFor(t, member("c", 1))
	until(t, 10*time.Second, "lines of the new one", func() bool {
		return strings.Contains(strings.Join(logs.Texts(), "\n"), "seq=3 name=merged-c-1")
	})
	by := map[string][]core.Line{}
	for _, l := range logs.All() {
		by[l.Origin.Container] = append(by[l.Origin.Container], l)
	}
	if len(by) != 3 {
		t.Errorf("%d origins, want 3", len(by))
	}
	for _, lines := range by {
		sequence(t, lines)
	}
}

// BenchmarkLogFlood reads a log of 200,000 lines of a real engine, sanitised
// and with levels.
func BenchmarkLogFlood(b *testing.B) {
	e := dockertest.Shared(b)
	s := over(b, e, nil)
	const n = 200_000
	id := e.RunFor(b, dockertest.RunSpec{Name: "flood", Args: []string{"-rate", "1000000", "-lines", strconv.Itoa(n), "-stderr", "0"}})
	until(b, 60*time.Second, "it ends", func() bool { st, err := e.State(b.Context(), id); return err == nil && st.Status == "exited" })
	for b.Loop() {
		c := &counter{}
		if err := s.Tail(b.Context(), core.LogRequest{Ref: containerRef("flood", s.host.scope, id), Tail: -1}, c); err != nil {
			b.Fatal(err)
		}
		if c.lines != n {
			b.Fatalf("%d lines, want %d", c.lines, n)
		}
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}

type counter struct{ lines, calls int }

func (c *counter) Lines(l []core.Line) { c.lines += len(l); c.calls++ }
