package docker

import (
	"net/netip"
	"testing"
	"time"

	"github.com/moby/moby/api/types/container"

	"devops-tui/internal/core"
)

func TestPhaseAndReason(t *testing.T) {
	now := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	for _, c := range []struct {
		name   string
		state  container.ContainerState
		status string
		health container.HealthStatus // of newer engines
		d      *detail
		phase  core.Phase
		reason string
	}{
		{"running", "running", "Up 3 hours", "", nil, core.Running, "running"},
		{"healthy", "running", "Up 3 hours (healthy)", "", nil, core.Running, "running"},
		{"starting", "running", "Up 1 second (health: starting)", "", nil, core.Pending, "starting"},
		{"unhealthy", "running", "Up 3 hours (unhealthy)", "", nil, core.Degraded, "unhealthy"},
		{"unhealthy, by the field", "running", "Up 3 hours", container.Unhealthy, nil, core.Degraded, "unhealthy"},
		{"no check, by the field", "running", "Up 3 hours", container.NoHealthcheck, nil, core.Running, "running"},
		{"paused", "paused", "Up 3 hours (Paused)", "", nil, core.Degraded, "paused"},
		{"restarting", "restarting", "Restarting (1) 2 seconds ago", "", nil, core.Failed, "restarting (1)"},
		{"in a loop, running for a moment", "running", "Up 1 second", "", &detail{restarts: 7, started: ago(time.Second)}, core.Failed, "restart loop"},
		{"settled after restarts", "running", "Up 1 minute", "", &detail{restarts: 7, started: ago(time.Minute)}, core.Running, "running"},
		{"done", "exited", "Exited (0) 5 minutes ago", "", nil, core.Succeeded, "Exited (0)"},
		{"failed", "exited", "Exited (3) 5 minutes ago", "", nil, core.Failed, "Exited (3)"},
		{"OOM", "exited", "Exited (137) 5 minutes ago", "", &detail{oom: true, exit: 137}, core.Failed, "OOMKilled"},
		{"killed", "exited", "Exited (137) 5 minutes ago", "", &detail{exit: 137}, core.Failed, "Exited (137)"},
		{"runs again after OOM", "running", "Up 1 minute", "", &detail{oom: true, started: ago(time.Minute)}, core.Running, "running"},
		{"created", "created", "Created", "", nil, core.Pending, "created"},
		{"could not start", "created", "Created", "", &detail{err: "exec: no such file", exit: 127}, core.Failed, "start failed"},
		{"dead", "dead", "Dead", "", nil, core.Failed, "Dead"},
		{"removing", "removing", "Removal In Progress", "", nil, core.Pending, "removing"},
		{"unheard of", "hibernating", "", "", nil, core.Unknown, "hibernating"},
	} {
		s := container.Summary{State: c.state, Status: c.status}
		if c.health != "" {
			s.Health = &container.HealthSummary{Status: c.health}
		}
		if got := assess(&s, c.d, now); got.phase != c.phase || got.reason.String() != c.reason {
			t.Errorf("%s: %v %q, want %v %q", c.name, got.phase, got.reason.String(), c.phase, c.reason)
		}
	}
}

func TestAProjectIsWhatItsContainersAre(t *testing.T) {
	type count = [core.Failed + 1]int
	of := func(phases ...core.Phase) (c count, running, all int) {
		for _, p := range phases {
			c[p]++
			if p == core.Running || p == core.Degraded {
				running++
			}
		}
		return c, running, len(phases)
	}
	for _, c := range []struct {
		phases []core.Phase
		want   core.Phase
	}{
		{[]core.Phase{core.Running, core.Running}, core.Running},
		{[]core.Phase{core.Running, core.Succeeded}, core.Running},
		{[]core.Phase{core.Succeeded, core.Succeeded}, core.Succeeded},
		{[]core.Phase{core.Running, core.Failed}, core.Degraded},
		{[]core.Phase{core.Failed, core.Failed}, core.Failed},
		{[]core.Phase{core.Running, core.Degraded}, core.Degraded},
		{[]core.Phase{core.Running, core.Pending}, core.Pending},
		{[]core.Phase{core.Unknown}, core.Unknown},
	} {
		n, running, all := of(c.phases...)
		if got, reason := aggregate(n, running, all); got != c.want || reason.Empty() {
			t.Errorf("%v: %v %q, want %v", c.phases, got, reason.String(), c.want)
		}
	}
}

func TestPorts(t *testing.T) {
	got := ports([]container.PortSummary{
		{IP: netip.MustParseAddr("0.0.0.0"), PrivatePort: 80, PublicPort: 8080, Type: "tcp"},
		{IP: netip.MustParseAddr("::"), PrivatePort: 80, PublicPort: 8080, Type: "tcp"},
		{IP: netip.MustParseAddr("127.0.0.1"), PrivatePort: 53, PublicPort: 5353, Type: "udp"},
		{PrivatePort: 443, Type: "tcp"},
	})
	if want := "127.0.0.1:5353→53/udp 443 8080→80"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
