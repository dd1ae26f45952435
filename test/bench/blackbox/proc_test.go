package blackbox

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// ticksPerSecond is the unit of CPU times in /proc (USER_HZ, 100 on Linux).
const ticksPerSecond = 100

// usage is what a process and its children cost.
type usage struct {
	cpu       time.Duration
	rss, peak int64 // bytes; of several processes the sum
}

// usageOf reads the cost of pid and all processes below it from /proc.
func usageOf(tb testing.TB, pid int) (u usage) {
	tb.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		tb.Fatal(err)
	}
	parents, cpu := map[int]int{}, map[int]time.Duration{}
	for _, path := range stats {
		b, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended meanwhile
		}
		head, rest, _ := strings.Cut(string(b), " (")
		rest = rest[strings.LastIndex(rest, ")")+2:]
		f := strings.Fields(rest) // from the state on
		id, _ := strconv.Atoi(head)
		parents[id], _ = strconv.Atoi(f[1])
		user, _ := strconv.Atoi(f[11])
		system, _ := strconv.Atoi(f[12])
		cpu[id] = time.Duration(user+system) * time.Second / ticksPerSecond
	}
	for id := range parents {
		for up := id; up > 1; up = parents[up] {
			if up != pid {
				continue
			}
			u.cpu += cpu[id]
			rss, peak := memory(id)
			u.rss += rss
			u.peak += peak
			break
		}
	}
	return u
}

func memory(pid int) (rss, peak int64) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0, 0
	}
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		n, _ := strconv.ParseInt(f[1], 10, 64)
		switch f[0] {
		case "VmRSS:":
			rss = n << 10
		case "VmHWM:":
			peak = n << 10
		}
	}
	return rss, peak
}

// loadAverage is the machine's load over the last minute.
func loadAverage() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Fields(string(b))[0]
}
