package blackbox

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"devops-tui/internal/testkit"
	dockertest "devops-tui/test/docker"
)

// fill runs n containers that do nothing at all: they wait for input from a
// terminal nobody types on, and have no network to chatter on.
func fill(b *testing.B, e *dockertest.Engine, n int) {
	b.Helper()
	var wg sync.WaitGroup
	limit := make(chan struct{}, 4)
	var mu sync.Mutex
	var failed error
	for i := range n {
		wg.Go(func() {
			limit <- struct{}{}
			defer func() { <-limit }()
			_, err := e.Run(b.Context(), dockertest.RunSpec{Name: fmt.Sprintf("quiet-%03d", i), Args: []string{"cat"}, TTY: true, Network: "none"})
			if err != nil {
				mu.Lock()
				failed = err
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if failed != nil {
		b.Fatal(failed)
	}
}

func dockerCockpit(b *testing.B, e *dockertest.Engine) *program {
	b.Helper()
	return startProgram(b, true, []string{"HOME=" + b.TempDir(), "DOCKER_HOST=" + e.Host}, testkit.Binary(b), "--source", "docker")
}

var quietRow = regexp.MustCompile(`\bquiet-\d{3}\b`)

// BenchmarkBlackBoxDocker measures the cockpit on an engine of -containers containers.
func BenchmarkBlackBoxDocker(b *testing.B) {
	e := dockertest.StartFor(b, dockertest.Options{})
	fill(b, e, *containers)
	r := newReport("Docker, %d containers, terminal %dx%d", *containers, cols, rows)
	defer r.print()
	starts, idle := 5, 40*time.Second
	if *quick {
		starts, idle = 3, 15*time.Second
	}
	for b.Loop() {
		var shown times
		for range starts {
			p := dockerCockpit(b, e)
			shown = append(shown, p.until(func(s string) bool { return quietRow.MatchString(s) && listed(s) != 0 }))
			p.Close()
		}
		r.durations("start to list on screen", shown, nil, "200 ms")
		p := dockerCockpit(b, e)
		p.until(func(s string) bool { return strings.Contains(s, "docker ●") })
		p.Send("4")
		p.WaitFor(func(s string) bool { return listed(s) == *containers }, patience)
		wait(6 * time.Second) // the first values of the charts
		bytes, cpu := p.window(idle)
		r.number("idle, bytes/s", bytes, -1, "%.1f", "0")
		r.number("idle, % of a core", cpu*100, -1, "%.1f", "1.5")
		r.number("bytes for a cursor move", float64(p.bytesOf("down", "up", 11)), -1, "%.0f", "500")
		u := p.usage()
		r.number("RSS, MB", mb(u.rss), -1, "%.0f", "60")
		r.number("RSS peak, MB", mb(u.peak), -1, "%.0f", "60")
		p.Close()
	}
}

// BenchmarkBlackBoxLogs follows one log in the cockpit and in the floor.
func BenchmarkBlackBoxLogs(b *testing.B) {
	e := dockertest.StartFor(b, dockertest.Options{})
	floor := floorBinary(b)
	r := newReport("Following a log, terminal %dx%d", cols, rows)
	defer r.print()
	d := 20 * time.Second
	if *quick {
		d = 8 * time.Second
	}
	for b.Loop() {
		for _, rate := range []int{1000, 20_000} {
			name := fmt.Sprintf("writer-%d", rate)
			id, err := e.Run(b.Context(), dockertest.RunSpec{Name: name, Args: []string{"-rate", strconv.Itoa(rate)}})
			if err != nil {
				b.Fatal(err)
			}
			var got [2]logFigures
			for i, ours := range []bool{true, false} {
				var p *program
				if ours {
					p = dockerCockpit(b, e)
					p.until(func(s string) bool { return strings.Contains(s, "docker ●") })
					p.Send("4")
					p.WaitText(patience, "╭ Containers", "│▸", name)
					p.Send("l")
					p.WaitText(patience, "╭ Logs")
				} else {
					p = startProgram(b, false, nil, floor, "log", e.Host, name)
				}
				p.WaitText(patience, "seq=")
				wait(2 * time.Second)
				got[i] = p.followed(e, id, d)
				p.Close()
			}
			x, y := got[0], got[1]
			target := [4]string{"floor", "10", "100 ms", "all"}
			if rate > 1000 {
				target = [4]string{"45000", "18", "100 ms", "all, RSS 128"}
			}
			r.number(fmt.Sprintf("%d lines/s: bytes/s", rate), x.bytes, y.bytes, "%.0f", target[0])
			r.number("… % of a core", x.cpu*100, y.cpu*100, "%.1f", target[1])
			r.durations("… lag", x.lag, y.lag, target[2])
			r.number("… lines/s that moved past on screen", x.rate, y.rate, "%.0f", target[3])
			r.number("… lines/s written meanwhile", x.written, y.written, "%.0f", "")
			r.number("… RSS, MB", mb(x.memory.rss), mb(y.memory.rss), "%.0f", "128")
			if _, err := e.Do(context.Background(), "DELETE", "/containers/"+id+"?force=1&v=1", nil); err != nil {
				b.Fatal(err)
			}
		}
	}
}

type logFigures struct {
	flow
	written float64
	lag     times
	memory  usage
}

var sequence = regexp.MustCompile(`\bseq=(\d+)`)

// newest is the highest line number in a text, 0 if there is none.
func newest(text string) (n int) {
	for _, m := range sequence.FindAllStringSubmatch(text, -1) {
		i, _ := strconv.Atoi(m[1])
		n = max(n, i)
	}
	return n
}

// followed takes the figures of a program that follows the log of a container.
func (p *program) followed(e *dockertest.Engine, id string, d time.Duration) (f logFigures) {
	p.b.Helper()
	shown, began := newest(p.Screen()), time.Now()
	wrote := p.written(e, id)
	f.bytes, f.cpu = p.window(d)
	took := time.Since(began).Seconds()
	f.rate = float64(newest(p.Screen())-shown) / took
	f.written = float64(p.written(e, id)-wrote) / took
	f.memory = p.usage()
	for range 20 {
		written, before := p.written(e, id), time.Now()
		p.WaitFor(func(s string) bool { return newest(s) >= written }, patience)
		f.lag = append(f.lag, time.Since(before))
		wait(130 * time.Millisecond)
	}
	return f
}

// written is the number of the newest line that the engine has.
func (p *program) written(e *dockertest.Engine, id string) int {
	p.b.Helper()
	out, err := e.Do(p.b.Context(), "GET", "/containers/"+id+"/logs?stdout=1&stderr=1&tail=1", nil)
	if err != nil {
		p.b.Fatal(err)
	}
	return newest(string(out))
}
