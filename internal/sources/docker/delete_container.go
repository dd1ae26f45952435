package docker

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/client"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// sizeTimeout is how long a plan waits for the engine to add up a size.
const sizeTimeout = 3 * time.Second

// anonymousVolumes are the volumes that nobody gave a name: they go with
// `docker rm -v`.
func anonymousVolumes(c *container.InspectResponse) []string {
	var out []string
	for _, m := range c.Mounts {
		if m.Type == mount.TypeVolume && anonymous(m.Name) {
			out = append(out, m.Name)
		}
	}
	return out
}

// anonymous reports whether a volume's name is one that the engine made.
func anonymous(name string) bool {
	return len(name) == 64 && strings.Trim(name, "0123456789abcdef") == ""
}

func (s *Source) planRemoveContainer(ctx context.Context, ref core.Ref, how core.Removal) (*core.Operation, error) {
	c, err := s.resolve(ctx, ref)
	if err != nil {
		return nil, err
	}
	m, err := newLife(&c)
	switch {
	case err == nil:
	case c.State != nil && c.State.Status == container.StateDead: // removing it is what is left to do
		m = &life{id: c.ID, name: strings.TrimPrefix(c.Name, "/"), state: c.State.Status, started: c.State.StartedAt}
	default:
		return nil, err
	}
	if m.alive() && !how.Force {
		return nil, &core.Problem{
			Kind: core.Conflict, Summary: text.Sprintf("%s is %s", m.name, string(m.state)),
			Hint: text.Lit("stop it first, or let the removal kill it (force=true)"),
		}
	}
	p := core.Plan{
		Target: s.ref(kindContainer, m.name, m.id), Rev: m.rev(), Danger: 2,
		Title:    text.Sprintf("Remove container %s", m.name),
		Changes:  []core.FieldChange{{Field: text.Lit("container"), Before: text.CleanLong(m.since()), After: text.Lit("removed")}},
		UndoHint: text.Lit("cannot be undone: the files it wrote outside of volumes, its logs and its settings are lost"),
	}
	words := []string{"rm"}
	if how.Force {
		words = append(words, "-f")
	}
	if how.Volumes {
		words = append(words, "-v")
	}
	p.Command = text.Sprintf("docker %s%s", s.hostFlag(), strings.Join(append(words, quoteArg(m.name)), " "))
	if m.alive() {
		p.Warnings = append(p.Warnings, text.Sprintf("%s is %s: it is killed first, without time to tidy up", m.name, string(m.state)))
		if m.ports != "" {
			p.Impact = append(p.Impact, text.Sprintf("its ports go away: %s", m.ports))
		}
	}
	if size, ok := s.writtenSize(ctx, m.id); ok {
		p.Impact = append(p.Impact, text.Sprintf("it has written %s outside of volumes", text.Bytes(size)))
	}
	p.Impact = append(p.Impact, text.Sprintf("image %s stays", m.image))
	mountImpact(&p, &c, how.Volumes)
	down, err := s.dependents(ctx, []*life{m})
	if err != nil {
		down = []text.Safe{text.Sprintf("what depends on it is not known: %s", s.Problem(err).Summary)}
	}
	p.Warnings = append(p.Warnings, down...)
	if c.Config != nil {
		if project := c.Config.Labels[labelProject]; project != "" {
			p.Warnings = append(p.Warnings, text.Sprintf("it belongs to Compose project %s: its next `up` makes it anew", project))
		}
	}
	r := &removal{
		s: s, kind: kindContainer, name: m.name, done: text.Lit("removed"), limit: 30 * time.Second,
		send: func(ctx context.Context, api *client.Client) error {
			_, err := api.ContainerRemove(ctx, m.id, client.ContainerRemoveOptions{RemoveVolumes: how.Volumes, Force: how.Force})
			return err
		},
		here: func(ctx context.Context, api *client.Client) (bool, error) {
			_, err := api.ContainerInspect(ctx, m.id, client.ContainerInspectOptions{})
			return still(err)
		},
	}
	r.check = func(ctx context.Context) error {
		if m.state == container.StateDead {
			_, err := s.resolve(ctx, s.ref(kindContainer, m.name, m.id))
			return err
		}
		return s.recheck(ctx, m)
	}
	return r.operation(p), nil
}

// writtenSize is the size of a container's own layer, where the engine tells
// it in time.
func (s *Source) writtenSize(ctx context.Context, id string) (float64, bool) {
	ctx, cancel := context.WithTimeout(ctx, sizeTimeout)
	defer cancel()
	api, err := s.client(ctx)
	if err != nil {
		return 0, false
	}
	r, err := api.ContainerInspect(ctx, id, client.ContainerInspectOptions{Size: true})
	if err != nil || r.Container.SizeRw == nil {
		return 0, false
	}
	return float64(*r.Container.SizeRw), true
}

// mountImpact says what becomes of the places where the container kept data.
func mountImpact(p *core.Plan, c *container.InspectResponse, volumes bool) {
	for _, m := range c.Mounts {
		switch {
		case m.Type == mount.TypeVolume && anonymous(m.Name) && volumes:
			p.Changes = append(p.Changes, core.FieldChange{
				Field: text.Sprintf("volume %s", shortID(m.Name)), Before: text.Sprintf("anonymous, at %s", m.Destination), After: text.Lit("removed with its data"),
			})
		case m.Type == mount.TypeVolume && anonymous(m.Name):
			p.Impact = append(p.Impact, text.Sprintf("anonymous volume %s (%s) stays without a user", shortID(m.Name), m.Destination))
		case m.Type == mount.TypeVolume:
			p.Impact = append(p.Impact, text.Sprintf("volume %s (%s) stays", m.Name, m.Destination))
		case m.Type == mount.TypeBind:
			p.Impact = append(p.Impact, text.Sprintf("folder %s (%s) stays", m.Source, m.Destination))
		case m.Type == mount.TypeTmpfs:
			p.Impact = append(p.Impact, text.Sprintf("what is in memory at %s is lost", m.Destination))
		default:
			p.Impact = append(p.Impact, text.Clean(fmt.Sprintf("%s mount at %s", m.Type, m.Destination)))
		}
	}
}
