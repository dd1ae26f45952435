package docker

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/moby/moby/api/types/container"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// The labels that mean something to us.
const (
	labelProject = "com.docker.compose.project"
	labelService = "com.docker.compose.service"
	labelNumber  = "com.docker.compose.container-number"
	labelOneOff  = "com.docker.compose.oneoff"
	// labelDependsOn is "db:service_healthy:false,cache:service_started:true".
	labelDependsOn = "com.docker.compose.depends_on"
	labelDir       = "com.docker.compose.project.working_dir"
	labelFiles     = "com.docker.compose.project.config_files"
	labelRevision  = "org.opencontainers.image.revision"
	labelSource    = "org.opencontainers.image.source"
)

// settleAfter is how long a container must run before the engine itself takes
// a restart as a success and resets its back-off.
const settleAfter = 10 * time.Second

// loopRestarts is from how many restarts on a container that has not settled
// is called a loop.
const loopRestarts = 2

// detail is what only an inspect tells.
type detail struct {
	restarts          int
	oom               bool
	exit              int
	err               string
	started, finished time.Time
	cpuLimit          float64 // millicores; 0 none
	memLimit          float64 // bytes; 0 none
}

// item is one container as the watch knows it.
type item struct {
	sum     container.Summary
	detail  *detail // nil: not inspected yet
	stale   bool    // detail is of an earlier state
	digests []string
	row     *core.Resource
}

// state is how a container does, in our words.
type state struct {
	phase   core.Phase
	reason  text.Safe
	message text.Safe
	health  container.HealthStatus
	exit    int
	settle  time.Time // when to look again without an event; zero: never
}

// health reads the health of a summary: newer engines have a field, older ones
// only say it in the status text.
func health(s *container.Summary) container.HealthStatus {
	if s.Health != nil && s.Health.Status != "" {
		if s.Health.Status == container.NoHealthcheck {
			return ""
		}
		return s.Health.Status
	}
	switch {
	case strings.Contains(s.Status, "(health: starting)"):
		return container.Starting
	case strings.Contains(s.Status, "(unhealthy)"):
		return container.Unhealthy
	case strings.Contains(s.Status, "(healthy)"):
		return container.Healthy
	}
	return ""
}

// exitCode reads the code from a status like "Exited (137) 5 minutes ago".
func exitCode(status string) (int, bool) {
	_, rest, ok := strings.Cut(status, "(")
	if !ok {
		return 0, false
	}
	digits, _, ok := strings.Cut(rest, ")")
	n, err := strconv.Atoi(digits)
	return n, ok && err == nil
}

// assess judges a container. now is the engine's clock.
func assess(s *container.Summary, d *detail, now time.Time) state {
	st := state{health: health(s)}
	code, hasCode := exitCode(s.Status)
	if d != nil && !hasCode {
		code, hasCode = d.exit, true
	}
	st.exit = code
	switch s.State {
	case container.StateRunning:
		st.phase, st.reason = core.Running, text.Lit("running")
		switch st.health {
		case container.Unhealthy:
			st.phase, st.reason = core.Degraded, text.Lit("unhealthy")
		case container.Starting:
			st.phase, st.reason = core.Pending, text.Lit("starting")
		}
		if d != nil && d.restarts >= loopRestarts && now.Before(d.started.Add(settleAfter)) {
			st.phase, st.reason = core.Failed, text.Lit("restart loop")
			st.message = text.Sprintf("restarted %d times by its restart policy", d.restarts)
			st.settle = d.started.Add(settleAfter)
		}
	case container.StatePaused:
		st.phase, st.reason = core.Degraded, text.Lit("paused")
	case container.StateRestarting:
		st.phase, st.reason = core.Failed, text.Sprintf("restarting (%d)", code)
		st.message = exitMessage(code)
	case container.StateExited:
		st.reason, st.message = text.Sprintf("Exited (%d)", code), exitMessage(code)
		st.phase = core.Failed
		if code == 0 && hasCode {
			st.phase = core.Succeeded
		}
	case container.StateDead:
		st.phase, st.reason = core.Failed, text.Lit("Dead")
		st.message = text.Lit("the engine could not remove it completely")
	case container.StateRemoving:
		st.phase, st.reason = core.Pending, text.Lit("removing")
	case container.StateCreated:
		st.phase, st.reason = core.Pending, text.Lit("created")
	default:
		st.reason = text.Clean(string(s.State))
	}
	if d != nil && s.State != container.StateRunning && s.State != container.StatePaused {
		if d.err != "" {
			st.message = text.CleanLong(d.err)
			if s.State == container.StateCreated {
				st.phase, st.reason = core.Failed, text.Lit("start failed")
			}
		}
		if d.oom && s.State != container.StateCreated {
			st.phase, st.reason = core.Failed, text.Lit("OOMKilled")
			st.message = text.Sprintf("killed for want of memory, exit code %d", code)
		}
	}
	return st
}

var signals = map[int]text.Safe{
	1: text.Lit("SIGHUP"), 2: text.Lit("SIGINT"), 3: text.Lit("SIGQUIT"), 4: text.Lit("SIGILL"), 6: text.Lit("SIGABRT"),
	7: text.Lit("SIGBUS"), 8: text.Lit("SIGFPE"), 9: text.Lit("SIGKILL"), 11: text.Lit("SIGSEGV"), 13: text.Lit("SIGPIPE"), 15: text.Lit("SIGTERM"),
}

// exitMessage says what an exit code means by convention.
func exitMessage(code int) text.Safe {
	switch code {
	case 0:
		return text.Safe{}
	case 125:
		return text.Lit("the engine could not start it")
	case 126:
		return text.Lit("its command cannot be executed")
	case 127:
		return text.Lit("its command was not found")
	}
	if code > 128 && code < 128+65 {
		if name, ok := signals[code-128]; ok {
			return text.Sprintf("ended by %s", name)
		}
		return text.Sprintf("ended by signal %d", code-128)
	}
	return text.Sprintf("exit code %d", code)
}

// containerName is the name without Docker's slash. Links to other containers
// add more names, with two slashes.
func containerName(s *container.Summary) string {
	for _, n := range s.Names {
		if n = strings.TrimPrefix(n, "/"); n != "" && !strings.Contains(n, "/") {
			return n
		}
	}
	return shortID(s.ID)
}

// shortID is how the docker command shows ids.
func shortID(id string) string {
	id = strings.TrimPrefix(id, "sha256:")
	return id[:min(12, len(id))]
}

// containerRow makes the row of a container and tells when it will have
// settled without any event.
func (s *Source) containerRow(it *item, now time.Time) (*core.Resource, state) {
	c := &it.sum
	st := assess(c, it.detail, now)
	name := containerName(c)
	r := &core.Resource{
		Ref:   s.ref(kindContainer, name, c.ID),
		Phase: st.phase, Reason: st.reason, Message: st.message,
		Started: time.Unix(c.Created, 0).UnixNano(),
		Facts:   containerFacts(c, it.digests, name),
	}
	if p := c.Labels[labelProject]; p != "" {
		r.Owner = s.ref(kindProject, p, p)
	}
	up, restarts, exit := core.Cell{}, core.Cell{}, core.Cell{}
	running := c.State == container.StateRunning || c.State == container.StatePaused
	if d := it.detail; d != nil {
		restarts = number(d.restarts)
		changed := d.finished
		if running {
			changed = d.started
			up.Num = float64(d.started.Unix())
		}
		if changed.Year() > 1 {
			r.Changed = changed.UnixNano()
		}
	}
	if c.State == container.StateExited || c.State == container.StateRestarting {
		exit = number(st.exit)
	}
	r.Cells = []core.Cell{
		label(name),
		{Text: st.reason},
		label(string(st.health)),
		{},
		{},
		restarts, label(imageName(c)),
		label(c.Labels[labelProject]), label(c.Labels[labelService]), label(ports(c.Ports)),
		{},
		{},
		up,
		{Num: float64(c.Created)},
		{},
		{},
		{},
		exit, label(redactWords(c.Command)), label(shortID(c.ID)),
	}
	return r, st
}

func label(raw string) core.Cell { return core.Cell{Text: text.Clean(raw)} }

func number(n int) core.Cell { return core.Cell{Text: text.Int(n), Num: float64(n)} }

// imageName shortens an image that has lost its name.
func imageName(c *container.Summary) string {
	if strings.HasPrefix(c.Image, "sha256:") {
		return shortID(c.Image)
	}
	return c.Image
}

// containerFacts are what joins a container with images, commits and services.
func containerFacts(c *container.Summary, digests []string, name string) *core.Facts {
	f := &core.Facts{
		Image: []string{c.Image}, Commit: c.Labels[labelRevision], Repo: redactText(c.Labels[labelSource]),
		Service: c.Labels[labelService], Containers: []string{name},
	}
	if c.ImageID != "" {
		f.Digest = append(f.Digest, c.ImageID)
	}
	f.Digest = append(f.Digest, digests...)
	for k, v := range c.Labels {
		if strings.HasPrefix(k, "com.docker.compose.") || strings.HasPrefix(k, "org.opencontainers.image.") || strings.HasPrefix(k, "app.kubernetes.io/") {
			if f.Labels == nil {
				f.Labels = map[string]string{}
			}
			f.Labels[k] = v
		}
	}
	return f
}

// ports writes the published ports as the docker command does, without saying
// the same for IPv4 and IPv6.
func ports(list []container.PortSummary) string {
	var out []string
	for _, p := range list {
		s := fmt.Sprintf("%d/%s", p.PrivatePort, p.Type)
		if p.Type == "tcp" {
			s = strconv.Itoa(int(p.PrivatePort))
		}
		if p.PublicPort != 0 {
			s = fmt.Sprintf("%d→%s", p.PublicPort, s)
			if p.IP.IsValid() && !p.IP.IsUnspecified() {
				s = p.IP.String() + ":" + s
			}
		}
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}
