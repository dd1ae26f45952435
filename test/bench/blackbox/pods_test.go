package blackbox

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"devops-tui/internal/testkit"
	"devops-tui/test/cluster"
)

// BenchmarkBlackBoxPods measures the cockpit on a cluster of -pods pods.
func BenchmarkBlackBoxPods(b *testing.B) {
	c := startCluster(b)
	ca := mustWrite(b, filepath.Join(b.TempDir(), "ca.crt"), c.CA())
	floor, cockpit := floorBinary(b), testkit.Binary(b)
	start := func(ours bool) *program {
		if ours {
			home := b.TempDir()
			return startProgram(b, true, []string{"HOME=" + home, "KUBECONFIG=" + c.Kubeconfig}, cockpit, "--source", "kube", "--all-namespaces")
		}
		return startProgram(b, false, []string{"FLOOR_TOKEN=" + c.Token}, floor, "pods", c.URL, ca)
	}
	r := newReport("Kubernetes, %d pods, terminal %dx%d", *pods, cols, rows)
	defer r.print()
	for b.Loop() {
		var got [2]podFigures // cockpit, floor
		for i, ours := range []bool{true, false} {
			got[i] = starts(start, ours)
		}
		x, y := got[0], got[1]
		r.durations("start to first paint", x.paint, y.paint, "150 ms")
		r.durations("start to first rows", x.rows, y.rows, "500 ms")
		r.durations(fmt.Sprintf("start to %d pods known", *pods), x.known, y.known, "1.3x floor")
		r.number("CPU seconds to get there", x.cpu, y.cpu, "%.2f", "1.5x floor")
		for i, ours := range []bool{true, false} {
			p := start(ours)
			p.until(func(s string) bool { return listed(s) >= *pods })
			if ours {
				p.openPods()
			}
			got[i].live(p, c)
			p.Close()
		}
		x, y = got[0], got[1]
		r.number("RSS idle, MB", mb(x.memory.rss), mb(y.memory.rss), "%.0f", "110")
		r.number("RSS peak, MB", mb(x.memory.peak), mb(y.memory.peak), "%.0f", "130")
		r.number("idle, bytes/s", x.idle.bytes, y.idle.bytes, "%.1f", "0")
		r.number("idle, % of a core", x.idle.cpu*100, y.idle.cpu*100, "%.1f", "1.5")
		r.number(fmt.Sprintf("%.0f and %.0f changes/s, bytes/s", x.busy.rate, y.busy.rate), x.busy.bytes, y.busy.bytes, "%.0f", "2x floor")
		r.number("… % of a core", x.busy.cpu*100, y.busy.cpu*100, "%.1f", "2x floor")
		r.durations("change to screen", x.fresh, y.fresh, "100 / 250 ms")
		r.durations("cursor down, key to paint", x.move, y.move, "16 / 33 ms")
		r.durations("… under changes", x.moveBusy, y.moveBusy, "16 / 40 ms")
		r.durations("last key of a filter to paint", x.filter, y.filter, "50 ms")
		r.number("bytes for a cursor move", float64(x.moveBytes), float64(y.moveBytes), "%.0f", "350")
		r.number("bytes for a page", float64(x.pageBytes), float64(y.pageBytes), "%.0f", "5000")
	}
}

// flow is what goes over the line, and what it costs.
type flow struct{ bytes, cpu, rate float64 }

type podFigures struct {
	paint, rows, known            times
	cpu                           float64 // the median of CPU seconds
	memory                        usage
	idle, busy                    flow
	fresh, move, moveBusy, filter times
	moveBytes, pageBytes          int64
}

// starts starts the program several times and ends it when it knows all pods.
func starts(start func(bool) *program, ours bool) (f podFigures) {
	n := 5
	if *quick {
		n = 3
	}
	var cpu times
	for range n {
		p := start(ours)
		f.paint = append(f.paint, p.until(painted))
		f.rows = append(f.rows, p.until(hasRows))
		f.known = append(f.known, p.until(func(s string) bool { return listed(s) >= *pods }))
		cpu = append(cpu, p.usage().cpu)
		p.Close()
	}
	f.cpu = cpu.quantile(0.5).Seconds()
	return f
}

// chosenPods is the palette with the kind selected.
var chosenPods = regexp.MustCompile(`▸ +pods `)

// openPods goes to the list of pods.
func (p *program) openPods() {
	p.b.Helper()
	p.Send(":")
	p.WaitText(patience, "Go to")
	p.Type("pods")
	p.WaitFor(func(s string) bool { return chosenPods.MatchString(s) }, patience)
	p.Send("enter")
	p.WaitText(patience, "╭ Pods")
	p.WaitFor(func(s string) bool { return listed(s) >= *pods }, patience)
}

// live takes the figures of a running program.
func (f *podFigures) live(p *program, c *cluster.Cluster) {
	idle, busy, n := 40*time.Second, 20*time.Second, 60
	if *quick {
		idle, busy, n = 15*time.Second, 8*time.Second, 30
	}
	p.WaitIdle(2*time.Second, patience)
	f.idle.bytes, f.idle.cpu = p.window(idle)
	f.memory = p.usage()
	f.move = p.moves(n)
	f.moveBytes, f.pageBytes = p.bytesOf("down", "up", 11), p.bytesOf("pgdown", "pgup", 9)
	f.filter = p.filters(min(n/3, 15), "ledger")
	p.press("g")
	probe := podNames(p.b, c, probeNamespace)[0]
	f.fresh = p.freshness(c, probe, n)
	names := podNames(p.b, c, "")
	stop := churn(p.b, c, names, 50)
	f.busy.bytes, f.busy.cpu = p.window(busy)
	f.moveBusy = p.moves(n)
	f.busy.rate = stop()
	f.memory.peak = p.usage().peak
}

// freshness changes the probe n times and waits for each change to show.
func (p *program) freshness(c *cluster.Cluster, probe string, n int) (t times) {
	p.b.Helper()
	for range n {
		restarts++
		want := fmt.Sprint(" ", restarts, " ")
		if err := setRestarts(p.b.Context(), c, probe, restarts); err != nil {
			p.b.Fatal(err)
		}
		began := time.Now()
		p.WaitFor(func(s string) bool {
			for line := range strings.Lines(s) {
				if strings.Contains(line, " "+probeName+"-") && strings.Contains(line, want) {
					return true
				}
			}
			return false
		}, patience)
		t = append(t, time.Since(began))
		wait(time.Duration(50+len(t)*37%200) * time.Millisecond)
	}
	return t
}

// restarts numbers the changes of the probe over both programs.
var restarts = 1000
