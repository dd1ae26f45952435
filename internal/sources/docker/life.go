package docker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// life is one container as it was seen when a change of it was planned.
type life struct {
	id, name, image string
	service         string // of Compose; "": none
	dependsOn       []string
	state           container.ContainerState
	loops           bool // its restart policy starts it again and again
	exit            int
	started         string // StartedAt as the engine spells it
	policy          container.RestartPolicy
	timeout         time.Duration // until a stop kills it; negative: never
	stopSignal      string
	health          bool
	autoRemove      bool // started with --rm
	ports           string
	sent            time.Time // when the request left; zero: it did not
}

func newLife(c *container.InspectResponse) (*life, error) {
	m := &life{id: c.ID, name: strings.TrimPrefix(c.Name, "/"), timeout: stopTimeout(c)}
	if x := c.Config; x != nil {
		m.image, m.stopSignal = x.Image, x.StopSignal
		m.service = x.Labels[labelService]
		m.dependsOn = dependsOn(x.Labels)
	}
	if h := c.HostConfig; h != nil {
		m.policy, m.autoRemove = h.RestartPolicy, h.AutoRemove
	}
	if c.State == nil {
		return nil, &core.Problem{Kind: core.Unsupported, Summary: text.Sprintf("the engine does not tell the state of %s", m.name)}
	}
	st := c.State
	m.state, m.started, m.exit = st.Status, st.StartedAt, st.ExitCode
	m.health = st.Health != nil && st.Health.Status != container.NoHealthcheck && st.Health.Status != ""
	m.loops = st.Restarting || c.RestartCount >= loopRestarts && st.Status == container.StateRunning && time.Since(parseTime(st.StartedAt)) < settleAfter
	m.ports = publishedPorts(c)
	switch m.state {
	case container.StateRemoving, container.StateDead:
		return nil, &core.Problem{
			Kind: core.Conflict, Summary: text.Sprintf("%s is %s: it takes no command any more", m.name, string(m.state)),
			Hint: text.Lit("it can only be removed"),
		}
	}
	return m, nil
}

// rev is what Execute compares: the life and the state that were seen. The
// lives of a container in a restart loop are too short to tell them apart.
func (m *life) rev() string {
	if m.loops {
		return "in a restart loop"
	}
	return string(m.state) + "@" + m.started
}

func (m *life) since() string {
	if m.loops {
		return "in a restart loop"
	}
	switch t := parseTime(m.started); {
	case t.IsZero():
		return string(m.state)
	case m.state == container.StateExited:
		return fmt.Sprintf("exited (%d)", m.exit)
	default:
		return fmt.Sprintf("%s since %s", m.state, stamp(t))
	}
}

// alive reports whether it has a process now.
func (m *life) alive() bool {
	switch m.state {
	case container.StateRunning, container.StatePaused, container.StateRestarting:
		return true
	}
	return false
}

// dependsOn reads Compose's label: the services that must be there first.
func dependsOn(labels map[string]string) []string {
	var out []string
	for _, part := range strings.Split(labels[labelDependsOn], ",") {
		if name, _, _ := strings.Cut(part, ":"); name != "" {
			out = append(out, name)
		}
	}
	return out
}

// publishedPorts writes what is reachable from outside now.
func publishedPorts(c *container.InspectResponse) string {
	if c.NetworkSettings == nil {
		return ""
	}
	var list []container.PortSummary
	for p, bindings := range c.NetworkSettings.Ports {
		for _, b := range bindings {
			var public uint16
			_, _ = fmt.Sscan(b.HostPort, &public)
			list = append(list, container.PortSummary{IP: b.HostIP, PrivatePort: p.Num(), PublicPort: public, Type: string(p.Proto())})
		}
	}
	return ports(list)
}

// policyText is the restart policy as Docker spells it.
func (m *life) policyText() string {
	if m.policy.IsNone() {
		return "no"
	}
	if m.policy.MaximumRetryCount > 0 {
		return fmt.Sprintf("%s, at most %d times", m.policy.Name, m.policy.MaximumRetryCount)
	}
	return string(m.policy.Name)
}

// whenStopped says what the restart policy does to a container that a user
// stopped.
func (m *life) whenStopped() text.Safe {
	switch {
	case m.policy.IsAlways():
		return text.Sprintf("restart policy always: %s stays stopped until the engine itself starts again, which starts it too", m.name)
	case m.policy.IsUnlessStopped():
		return text.Sprintf("restart policy unless-stopped: %s stays stopped, also when the engine starts again", m.name)
	case m.policy.IsOnFailure():
		return text.Sprintf("restart policy on-failure: %s stays stopped; when the engine itself starts again, it may start it", m.name)
	}
	return text.Sprintf("restart policy no: %s stays stopped", m.name)
}

// grace is how long a stop may take before something is wrong; 0: for ever.
func (m *life) grace() time.Duration {
	if m.timeout < 0 {
		return 0
	}
	return m.timeout + startGrace
}

// timeoutText says when a stop becomes a kill.
func (m *life) timeoutText() string {
	if m.timeout < 0 {
		return "none: it is waited for"
	}
	return m.timeout.String()
}

// recheck reads the container afresh: it must be the very one, in the life
// and state that the plan showed.
func (s *Source) recheck(ctx context.Context, m *life) error {
	c, err := s.resolve(ctx, s.ref(kindContainer, m.name, m.id))
	if err != nil {
		return err
	}
	now, err := newLife(&c)
	if err != nil {
		return err
	}
	if now.rev() != m.rev() {
		return &core.Problem{
			Kind: core.Conflict, Summary: text.Sprintf("%s has changed meanwhile: it was %s, it is %s", m.name, m.since(), now.since()),
			Hint: text.Lit("look again and plan anew"),
		}
	}
	m.started = now.started // of the latest life in a restart loop
	return nil
}

// once sends one changing request. If the request left and no answer came, the
// error is core.ErrOutcomeUnknown: it is never sent again. sent tells whether it
// left at all.
func (s *Source) once(ctx context.Context, doing string, send func(context.Context, *client.Client) error) (sent bool, err error) {
	api, err := s.client(ctx)
	if err != nil {
		return false, err
	}
	ctx, left := watchSent(ctx)
	if err = send(ctx, api); err == nil {
		return true, nil
	}
	var conn *connError
	if left.Load() && (errors.As(err, &conn) || ctx.Err() != nil) {
		return true, fmt.Errorf("%s: %w: %w", doing, core.ErrOutcomeUnknown, err)
	}
	return left.Load(), fmt.Errorf("%s: %w", doing, err)
}

// dependents are the containers that fall with the ones in of: they use their
// namespaces, or Compose says that they depend on them.
func (s *Source) dependents(ctx context.Context, of []*life) ([]text.Safe, error) {
	list, err := s.summaries(ctx, client.Filters{}.Add("status", "running", "paused", "restarting"))
	if err != nil {
		return nil, err
	}
	among := map[string]*life{}
	services := map[string]*life{}
	for _, m := range of {
		among[m.id] = m
		if m.service != "" {
			services[m.service] = m
		}
	}
	project := ""
	for i := range list {
		if among[list[i].ID] != nil {
			project = cmp.Or(project, list[i].Labels[labelProject])
		}
	}
	var out []text.Safe
	for i := range list {
		c := &list[i]
		if among[c.ID] != nil {
			continue
		}
		borrowed := s.borrowed(ctx, c, len(list))
		for _, space := range slices.Sorted(maps.Keys(borrowed)) {
			if m := among[borrowed[space]]; m != nil {
				out = append(out, text.Sprintf("%s uses the %s of %s and loses it", containerName(c), space, m.name))
			}
		}
		if c.Labels[labelProject] != project || project == "" {
			continue
		}
		for _, service := range dependsOn(c.Labels) {
			if m := services[service]; m != nil {
				out = append(out, text.Sprintf("%s depends on it (%s)", containerName(c), m.service))
			}
		}
	}
	return out, nil
}

// inspectedAtMost bounds the inspects of a plan: beyond that many running
// containers only what the list tells is looked at.
const inspectedAtMost = 60

// borrowed are the namespaces that a container has of others, by what they
// are. The list tells of networks only.
func (s *Source) borrowed(ctx context.Context, c *container.Summary, running int) map[string]string {
	modes := map[string]string{"network": c.HostConfig.NetworkMode}
	if running <= inspectedAtMost {
		if x, err := s.inspect(ctx, c.ID); err == nil && x.HostConfig != nil {
			modes["processes"], modes["shared memory"] = string(x.HostConfig.PidMode), string(x.HostConfig.IpcMode)
		}
	}
	out := map[string]string{}
	for space, mode := range modes {
		if id, ok := strings.CutPrefix(mode, "container:"); ok {
			out[space] = id
		}
	}
	return out
}
