package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"devops-tui/internal/testkit"
	"devops-tui/internal/text/texttest"
	"devops-tui/test/cluster"
	"devops-tui/test/docker"
)

// gate checks everything that was written to the terminal: nothing but our own
// drawing, the window's title and the questions of the start.
func (c *cockpit) gate() {
	c.t.Helper()
	g := texttest.NewGate(texttest.AllowOSC(2, 10, 11), texttest.AllowCSI(">q", "c"))
	_, _ = g.Write(c.Raw())
	bad := g.Violations() // the stream goes on: its end is not looked at
	for _, v := range bad[:min(len(bad), 10)] {
		c.t.Errorf("on the wire: %s", v)
	}
}

func TestLogsOfAContainerAreLiveSearchableAndHarmless(t *testing.T) {
	e := dockertest.Shared(t)
	const name = "e2e-hostile"
	c := open(t, options{engine: e, raw: true})
	c.view("4", "Containers")
	e.RunFor(t, dockertest.RunSpec{Name: name, Args: []string{"-name", name, "-hostile", "-rate", "5"}})
	c.find(name)
	c.WaitFor(shows(name, "running"), patience)
	c.Send("l")
	s := c.WaitText(patience, "seq=", "following")

	// lines show as they are written
	from := lastSeq(s)
	began := time.Now()
	c.WaitFor(func(s string) bool { return lastSeq(s) >= from+10 }, patience)
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("10 lines at 5 a second took %v", took)
	}

	// search: typed, jumped to, matches only
	c.Send("/")
	c.Type("never terminated")
	c.Send("enter")
	c.WaitText(patience, "never terminated")
	c.Send("x")
	c.WaitFor(func(s string) bool { return strings.Contains(s, "never terminated") && lastSeq(s) == 0 }, patience)
	c.Send("x")
	c.WaitFor(func(s string) bool { return lastSeq(s) > 0 || strings.Contains(s, "concealed") }, patience)
	c.Send("esc")

	// scrolling up ends the following, G takes it up again
	c.Send("g")
	top := c.WaitFor(func(s string) bool { return !strings.Contains(s, "following") }, patience)
	if !strings.Contains(top, "hostile  after") || !strings.Contains(top, "<U+202E>gnp.exe") {
		t.Errorf("the hostile lines are not there as text:\n%s", top)
	}
	c.Send("G")
	c.WaitText(patience, "following")

	path, content := c.save()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the saved log has mode %v", info.Mode())
	}
	if !strings.Contains(content, "seq=1 ") || !strings.Contains(content, "never terminated") {
		t.Errorf("the saved log begins %.400q", content)
	}
	if strings.ContainsAny(content, "\x1b\x07\u202e\u2066") {
		t.Error("control characters in the saved log")
	}
	c.Send("ctrl+o", "1")
	c.WaitText(patience, "Metrics")
	c.gate()
	raw := string(c.Raw())
	for _, attack := range []string{"\x1b]52", "\x1b]0;owned", "\x1b]8;", "\x1b[6n", "\u202e", "\u2066", "\x9b31m"} {
		if strings.Contains(raw, attack) {
			t.Errorf("%q reached the terminal", attack)
		}
	}
	if !c.Mode(1049) {
		t.Error("a log line left the alternate screen")
	}
}

func TestLogsOfAPodAreLiveAndHarmless(t *testing.T) {
	k := cluster.Shared(t)
	ns := k.Namespace(t)
	if err := k.Deploy(t.Context(), cluster.Workload{Namespace: ns, Name: "talker", Replicas: 1}); err != nil {
		t.Fatal(err)
	}
	if err := k.WaitReady(t.Context(), ns, "talker", 1); err != nil {
		t.Fatal(err)
	}
	c := open(t, options{kubeconfig: k.Kubeconfig, raw: true, args: []string{"--namespace", ns}})
	c.view("3", "Workloads")
	c.Send("]")
	c.WaitFor(func(s string) bool { return len(table(s)) == 1 }, patience)
	c.Send("l")
	c.WaitText(patience, "talker-", "following")
	n := 0
	write := func(text string) time.Time {
		t.Helper()
		f, err := os.OpenFile(filepath.Join(k.Dir, "default.log"), os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		n++
		_, err = fmt.Fprintf(f, "%s stdout F line %d %s\n", time.Now().UTC().Format(time.RFC3339Nano), n, text)
		if e := f.Close(); err != nil || e != nil {
			t.Fatal(err, e)
		}
		return time.Now()
	}
	w := &stopwatch{c: c}
	for _, text := range []string{"plain", "\x1b]52;c;b3duZWQ=\x07 clipboard", "\x1b[2J\x1b[H cleared", "\u202egnp.exe\u202c bidi", "\xd6\x1b[5m lead byte"} {
		at := write(text)
		mark := fmt.Sprintf("line %d ", n)
		w.after(at, fmt.Sprintf("log line %d", n), func(s string) bool { return strings.Contains(s, mark) })
	}
	w.report()
	c.WaitText(patience, "line 1 ", "clipboard", "cleared", "bidi", "lead byte")
	c.gate()
}

// A saved log of all pods of a deployment says which line is whose.
func TestLogsOfADeploymentAreMerged(t *testing.T) {
	k := cluster.Shared(t)
	ns := k.Namespace(t)
	if err := k.Deploy(t.Context(), cluster.Workload{Namespace: ns, Name: "pair", Replicas: 2}); err != nil {
		t.Fatal(err)
	}
	if err := k.WaitReady(t.Context(), ns, "pair", 2); err != nil {
		t.Fatal(err)
	}
	c := open(t, options{kubeconfig: k.Kubeconfig, args: []string{"--namespace", ns}})
	c.view("3", "Workloads")
	c.WaitFor(func(s string) bool { _, ok := rowOf(s, "pair"); return ok }, patience)
	c.Send("l")
	c.WaitText(patience, "following")
	mark := fmt.Sprintf("merged mark %d", time.Now().UnixNano())
	f, err := os.OpenFile(filepath.Join(k.Dir, "default.log"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = fmt.Fprintf(f, "%s stdout F %s\n", time.Now().UTC().Format(time.RFC3339Nano), mark)
	_ = f.Close()
	testkit.Poll(t, patience, func() error { // each of the two pods has the line
		s := c.Screen()
		if n := strings.Count(s, mark); n != 2 {
			return fmt.Errorf("the line is there %d times", n)
		}
		return nil
	})
}
