package docker

import (
	"context"
	"encoding/json"
	"math"
	"net/http"
	"testing"
	"time"

	"devops-tui/internal/core"
	dockertest "devops-tui/test/docker"
)

func decodeStats(t *testing.T, s string) *stats {
	t.Helper()
	var x stats
	if err := json.Unmarshal([]byte(s), &x); err != nil {
		t.Fatal(err)
	}
	return &x
}

func TestASampleOfCgroupV1AndV2(t *testing.T) {
	v1 := decodeStats(t, `{"read":"2026-11-22T08:20:31Z","preread":"2026-11-22T08:20:30Z","pids_stats":{"current":9},
		"cpu_stats":{"cpu_usage":{"total_usage":1500000000}},"precpu_stats":{"cpu_usage":{"total_usage":1000000000}},
		"memory_stats":{"usage":3000,"limit":25276502016,"stats":{"inactive_file":1,"total_inactive_file":1000}},
		"networks":{"eth0":{"rx_bytes":100,"tx_bytes":10},"eth1":{"rx_bytes":1,"tx_bytes":1}},
		"blkio_stats":{"io_service_bytes_recursive":[{"op":"Read","value":7},{"op":"Write","value":5},{"op":"Total","value":12}]}}`)
	u, before := v1.sample(core.Ref{Name: "x"}, totals{}, 500, 4096)
	want := map[core.Measure]float64{core.CPUUsed: 500, core.MemUsed: 2000, core.PIDs: 9, core.CPULimit: 500, core.MemLimit: 4096}
	for m, w := range want {
		if u.Values[m] != w {
			t.Errorf("v1 %v: %v, want %v", m, u.Values[m], w)
		}
	}
	if !math.IsNaN(u.Values[core.NetRx]) || !math.IsNaN(u.Values[core.BlockRead]) {
		t.Error("a rate from one sample")
	}
	v2 := decodeStats(t, `{"read":"2026-11-22T08:20:33Z","preread":"2026-11-22T08:20:32Z","pids_stats":{"current":9},
		"cpu_stats":{"cpu_usage":{"total_usage":4500000000}},"precpu_stats":{"cpu_usage":{"total_usage":1}},
		"memory_stats":{"usage":3000,"stats":{"inactive_file":500}},
		"networks":{"eth0":{"rx_bytes":301,"tx_bytes":31}},
		"blkio_stats":{"io_service_bytes_recursive":[{"op":"read","value":207},{"op":"write","value":1}]}}`)
	u, _ = v2.sample(core.Ref{Name: "x"}, before, 0, 0)
	for m, w := range map[core.Measure]float64{core.CPUUsed: 1500, core.MemUsed: 2500, core.NetRx: 100, core.NetTx: 10, core.BlockRead: 100} {
		if u.Values[m] != w {
			t.Errorf("v2 %v: %v, want %v", m, u.Values[m], w)
		}
	}
	if !math.IsNaN(u.Values[core.BlockWrite]) {
		t.Error("a rate from a counter that went back")
	}
}

func TestUsageOfARealContainer(t *testing.T) {
	e := dockertest.Shared(t)
	s := over(t, e, nil)
	labels := map[string]string{labelProject: "burning", labelService: "busy"}
	busy := e.RunFor(t, dockertest.RunSpec{Name: "busy", Args: []string{"-cpu", "0.2", "-mem", "32", "-rate", "1"}, Memory: 128 << 20, Labels: labels})
	idle := e.RunFor(t, dockertest.RunSpec{Name: "idle"})
	project := core.Ref{Source: ID, Scope: s.host.scope, Kind: kindProject, Name: "burning", UID: "burning"}
	rec := watching(t, s, core.Interest{UsageOf: []core.Ref{containerRef("busy", s.host.scope, busy), project}})
	until(t, 20*time.Second, "a sample with CPU", func() bool {
		u, ok := rec.UsageOf(containerRef("busy", s.host.scope, busy))
		// The machine may be busy with other things: the lower bound is far off.
		return ok && u.Values[core.CPUUsed] > 20 && u.Values[core.CPUUsed] < 600 && u.Values[core.MemUsed] > 30<<20 &&
			u.Values[core.MemUsed] < 100<<20 && u.Values[core.MemLimit] == 128<<20 && u.Values[core.PIDs] > 0
	})
	until(t, 10*time.Second, "the project's sum", func() bool {
		u, ok := rec.UsageOf(project)
		return ok && u.Values[core.MemUsed] > 30<<20
	})
	if _, ok := rec.UsageOf(containerRef("idle", s.host.scope, idle)); ok {
		t.Error("usage of a container that nobody asked for")
	}
	s.Want(core.Interest{Kinds: []string{kindContainer}, Usage: true})
	until(t, 20*time.Second, "usage of all when the list is shown", func() bool {
		_, ok := rec.UsageOf(containerRef("idle", s.host.scope, idle))
		return ok
	})
	s.Want(core.Interest{Kinds: []string{kindContainer}})
	until(t, 10*time.Second, "no more samples when nobody wants them", func() bool {
		a, _ := rec.UsageOf(containerRef("busy", s.host.scope, busy))
		ctx, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond)
		defer cancel()
		<-ctx.Done()
		b, _ := rec.UsageOf(containerRef("busy", s.host.scope, busy))
		return a.At == b.At
	})
}

func TestAnEngineWithoutMetricsIsTold(t *testing.T) {
	x := script(t)
	x.json("/containers/json", []map[string]any{{"Id": someID, "Names": []string{"/web-1"}, "State": "running", "Status": "Up"}})
	x.container("2026-11-22T08:00:00Z")
	x.mux.HandleFunc("/events", func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	x.mux.HandleFunc("/containers/"+someID+"/stats", func(w http.ResponseWriter, r *http.Request) {
		for range emptyTold {
			_, _ = w.Write([]byte(`{"read":"0001-01-01T00:00:00Z"}`))
			w.(http.Flusher).Flush()
		}
		<-r.Context().Done()
	})
	rec := watching(t, x.Source, core.Interest{Usage: true})
	until(t, 5*time.Second, "it is told", func() bool { return rec.NoUsage() != nil })
}
