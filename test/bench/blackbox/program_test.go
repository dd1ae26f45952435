package blackbox

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"devops-tui/internal/testkit"
)

const (
	cols, rows = 160, 45
	patience   = 40 * time.Second
	quietFor   = 150 * time.Millisecond // without output: a key was taken
)

// program is the cockpit or the floor in a terminal.
type program struct {
	*testkit.Term
	b       *testing.B
	cockpit bool
	started time.Time
}

func startProgram(b *testing.B, cockpit bool, env []string, path string, args ...string) *program {
	b.Helper()
	p := &program{b: b, cockpit: cockpit, started: time.Now()}
	p.Term = testkit.StartTerm(b, testkit.TermOptions{Cols: cols, Rows: rows, Env: env, Dir: b.TempDir()}, path, args...)
	return p
}

// floorBinary builds the floor.
func floorBinary(b *testing.B) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "floor")
	if err := testkit.Build(path, "devops-tui/test/bench/floor"); err != nil {
		b.Fatal(err)
	}
	return path
}

func (p *program) since() time.Duration { return time.Since(p.started) }

func (p *program) usage() usage { return usageOf(p.b, p.PID) }

// until waits for the screen and returns the time since the program's start.
func (p *program) until(ok func(screen string) bool) time.Duration {
	p.b.Helper()
	p.WaitFor(ok, patience)
	return p.since()
}

func painted(screen string) bool { return strings.TrimSpace(screen) != "" }

var podRow = regexp.MustCompile(`\b(web|api|worker|cache|gateway|indexer|mailer|ledger|probe)-[a-z0-9-]*[a-z0-9]{5}\b`)

func hasRows(screen string) bool { return podRow.MatchString(screen) }

var total = regexp.MustCompile(`(?i)\b(?:pods|containers)\s+(?:[\d,]+ of )?([\d,]+)\b`)

// listed is the number in the list's heading; -1 if there is none.
func listed(screen string) int {
	m := total.FindStringSubmatch(screen)
	if m == nil {
		return -1
	}
	n, _ := strconv.Atoi(strings.ReplaceAll(m[1], ",", ""))
	return n
}

// selected is the row of the screen with the cursor, -1 if none.
func selected(screen string) int {
	for y, line := range strings.Split(screen, "\n") {
		if y > 0 && (strings.HasPrefix(line, "▸") || strings.HasPrefix(line, "│▸")) {
			return y
		}
	}
	return -1
}

// window measures bytes and CPU over a time in which nobody types. It lies
// within a minute: ages and the clock change with the next one.
func (p *program) window(d time.Duration) (bytesPerSecond float64, cpu float64) {
	if left := time.Until(time.Now().Truncate(time.Minute).Add(time.Minute)); left < d+2*time.Second && d < 50*time.Second {
		wait(left + time.Second)
	}
	bytes, before, began := p.Bytes(), p.usage(), time.Now()
	wait(d)
	took := time.Since(began).Seconds()
	return float64(p.Bytes()-bytes) / took, (p.usage().cpu - before.cpu).Seconds() / took
}

// wait lets time pass: a measurement, not a synchronisation.
func wait(d time.Duration) { <-time.After(d) }

// times are durations of the same thing.
type times []time.Duration

func (t times) quantile(q float64) time.Duration {
	if len(t) == 0 {
		return 0
	}
	s := slices.Clone(t)
	slices.Sort(s)
	return s[min(int(float64(len(s))*q), len(s)-1)]
}

// moves presses down n times, one after the other, and takes key to paint.
// Every screenful it starts at the top again.
func (p *program) moves(n int) (t times) {
	p.b.Helper()
	for len(t) < n {
		p.Send("g")
		top := 0
		p.WaitFor(func(s string) bool { top = selected(s); return top > 0 && top <= 4 }, patience)
		wait(quietFor)
		for y := top + 1; y < top+25 && len(t) < n; y++ {
			began := time.Now()
			p.Send("down")
			p.WaitFor(func(s string) bool { return selected(s) == y }, patience)
			t = append(t, time.Since(began))
			wait(time.Duration(20+len(t)*7%30) * time.Millisecond) // not in step with the frames
		}
	}
	return t
}

// press sends a key, waits until what it does is painted, and returns the
// bytes of that. A key may do nothing.
func (p *program) press(key string) int64 {
	p.b.Helper()
	before := p.Bytes()
	p.Send(key)
	for range 30 {
		if wait(10 * time.Millisecond); p.Bytes() > before {
			break
		}
	}
	p.WaitIdle(quietFor, patience)
	return p.Bytes() - before
}

// bytesOf is the median of the bytes that a key costs; back takes it back.
func (p *program) bytesOf(key, back string, n int) int64 {
	p.b.Helper()
	p.press("g")
	var all []int64
	for range n {
		all = append(all, p.press(key))
		p.press(back)
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// filters types a filter n times and takes the time from its last key until
// every pod on screen contains it.
func (p *program) filters(n int, filter string) (t times) {
	p.b.Helper()
	only := func(s string) bool {
		found := false
		for line := range strings.Lines(list(s)) {
			if m := podRow.FindString(line); m != "" {
				found = true
				if !strings.Contains(line, filter) {
					return false
				}
			}
		}
		return found
	}
	for range n {
		all := listedRows(p.Screen())
		p.press("/")
		began := time.Now()
		p.Type(filter)
		p.WaitFor(only, patience)
		t = append(t, time.Since(began))
		p.WaitIdle(quietFor, patience)
		p.press("esc")
		if listedRows(p.Screen()) < all {
			p.press("esc")
		}
		p.WaitFor(func(s string) bool { return listedRows(s) >= all }, patience)
	}
	return t
}

func listedRows(screen string) int { return len(podRow.FindAllString(list(screen), -1)) }

// list is the screen without its two head lines, which name pods too.
func list(screen string) string {
	_, screen, _ = strings.Cut(screen, "\n")
	_, screen, _ = strings.Cut(screen, "\n")
	return screen
}

func mustWrite(b *testing.B, path string, data []byte) string {
	b.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		b.Fatal(err)
	}
	return path
}
