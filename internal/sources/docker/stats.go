package docker

import (
	"math"
	"strings"
	"time"

	"devops-tui/internal/core"
)

// stats is what we read of an answer of /containers/{id}/stats; the whole is
// ten times as much (API: ContainerStats).
type stats struct {
	Read     time.Time `json:"read"`
	PreRead  time.Time `json:"preread"`
	CPU      cpuStats  `json:"cpu_stats"`
	PreCPU   cpuStats  `json:"precpu_stats"`
	Memory   memStats  `json:"memory_stats"`
	PIDs     pidStats  `json:"pids_stats"`
	NumProcs float64   `json:"num_procs"` // Windows
	Networks map[string]struct {
		Rx float64 `json:"rx_bytes"`
		Tx float64 `json:"tx_bytes"`
	} `json:"networks"`
	Block struct {
		Bytes []struct {
			Op    string  `json:"op"`
			Value float64 `json:"value"`
		} `json:"io_service_bytes_recursive"`
	} `json:"blkio_stats"`
	Storage struct { // Windows
		Read  float64 `json:"read_size_bytes"`
		Write float64 `json:"write_size_bytes"`
	} `json:"storage_stats"`
}

type cpuStats struct {
	Usage struct {
		Total float64 `json:"total_usage"` // nanoseconds; 100 ns on Windows
	} `json:"cpu_usage"`
}

type memStats struct {
	Usage   float64            `json:"usage"`
	Limit   float64            `json:"limit"`
	Private float64            `json:"privateworkingset"` // Windows
	Stats   map[string]float64 `json:"stats"`
}

type pidStats struct {
	Current float64 `json:"current"`
}

// workingSet is the memory that cannot be taken back without loss, as
// `docker stats` computes it: usage less the file cache that nobody uses, under
// its name in cgroup v1 or v2.
func (m *memStats) workingSet() float64 {
	for _, name := range [...]string{"total_inactive_file", "inactive_file"} {
		if cache, ok := m.Stats[name]; ok && cache < m.Usage {
			return m.Usage - cache
		}
	}
	if m.Usage == 0 && m.Private > 0 {
		return m.Private
	}
	return m.Usage
}

// totals are the counters of a sample.
type totals struct {
	at          time.Time
	cpu         float64 // nanoseconds
	rx, tx      float64
	read, write float64
}

func (x *stats) totals() totals {
	t := totals{at: x.Read, cpu: x.CPU.Usage.Total, read: x.Storage.Read, write: x.Storage.Write}
	for _, n := range x.Networks {
		t.rx += n.Rx
		t.tx += n.Tx
	}
	for _, b := range x.Block.Bytes {
		switch strings.ToLower(b.Op) {
		case "read":
			t.read += b.Value
		case "write":
			t.write += b.Value
		}
	}
	return t
}

// previous is the sample before this one as the engine itself sends it along;
// only its processor time is there.
func (x *stats) previous() totals {
	if x.PreRead.Year() <= 1 {
		return totals{}
	}
	nan := math.NaN()
	return totals{at: x.PreRead, cpu: x.PreCPU.Usage.Total, rx: nan, tx: nan, read: nan, write: nan}
}

// rate is the growth of a counter a second; NaN when it cannot be told, as
// after a restart, when the counters begin at 0 again.
func rate(before, now float64, seconds float64) float64 {
	if d := now - before; seconds > 0 && d >= 0 {
		return d / seconds
	}
	return math.NaN()
}

// sample turns stats into a Usage. before is the sample before, zero if there
// is none.
func (x *stats) sample(ref core.Ref, before totals, cpuLimit, memLimit float64) (core.Usage, totals) {
	now := x.totals()
	if before.at.IsZero() {
		before = x.previous()
	}
	u := core.NewUsage(ref, now.at.UnixNano())
	v := &u.Values
	if !before.at.IsZero() {
		s := now.at.Sub(before.at).Seconds()
		v[core.CPUUsed] = rate(before.cpu, now.cpu, s) / 1e6 // ns per second → millicores
		v[core.NetRx], v[core.NetTx] = rate(before.rx, now.rx, s), rate(before.tx, now.tx, s)
		v[core.BlockRead], v[core.BlockWrite] = rate(before.read, now.read, s), rate(before.write, now.write, s)
	}
	v[core.MemUsed] = x.Memory.workingSet()
	v[core.PIDs] = max(x.PIDs.Current, x.NumProcs)
	v[core.CPULimit], v[core.MemLimit] = cpuLimit, memLimit
	v[core.CPURequest], v[core.MemRequest] = 0, 0
	return u, now
}
