package docker

import (
	"context"
	"fmt"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// inspect reads one container.
func (s *Source) inspect(ctx context.Context, id string) (container.InspectResponse, error) {
	api, err := s.client(ctx)
	if err != nil {
		return container.InspectResponse{}, err
	}
	r, err := api.ContainerInspect(ctx, id, client.ContainerInspectOptions{})
	if err != nil {
		return container.InspectResponse{}, fmt.Errorf("inspect container: %w", err)
	}
	return r.Container, nil
}

// resolve reads the container that ref means: by its id, so that a new one
// under the old name is never taken for it; by name only without an id.
func (s *Source) resolve(ctx context.Context, ref core.Ref) (container.InspectResponse, error) {
	if ref.Kind != kindContainer {
		return container.InspectResponse{}, unsupported(ref.Kind, "container")
	}
	if ref.UID == "" {
		c, err := s.inspect(ctx, ref.Name)
		if errdefs.IsNotFound(err) {
			err = notFound(ref.Kind, ref.Name)
		}
		return c, err
	}
	c, err := s.inspect(ctx, ref.UID)
	if !errdefs.IsNotFound(err) {
		return c, err
	}
	if other, e := s.inspect(ctx, ref.Name); e == nil && other.ID != ref.UID {
		return c, &core.Problem{
			Kind: core.Conflict, Summary: text.Sprintf("container %s was replaced by another one of that name", ref.Name),
			Hint: text.Lit("look at the new one"), Cause: err,
		}
	}
	return c, notFound(ref.Kind, ref.Name)
}

// summaries lists the containers that match.
func (s *Source) summaries(ctx context.Context, filter client.Filters) ([]container.Summary, error) {
	api, err := s.client(ctx)
	if err != nil {
		return nil, err
	}
	list, err := api.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: filter})
	if err != nil {
		return nil, fmt.Errorf("list containers: %w", err)
	}
	return list.Items, nil
}

// members are the containers of a Compose project, at least one.
func (s *Source) members(ctx context.Context, project string) ([]container.Summary, error) {
	list, err := s.summaries(ctx, client.Filters{}.Add("label", labelProject+"="+project))
	if err == nil && len(list) == 0 {
		err = notFound(kindProject, project)
	}
	return list, err
}

// Get implements sources.Getter.
func (s *Source) Get(ctx context.Context, ref core.Ref) (*core.Resource, error) {
	switch ref.Kind {
	case kindContainer:
		c, err := s.resolve(ctx, ref)
		if err != nil {
			return nil, err
		}
		list, err := s.summaries(ctx, client.Filters{}.Add("id", c.ID))
		if err != nil {
			return nil, err
		}
		if len(list) == 0 {
			return nil, notFound(ref.Kind, ref.Name)
		}
		row, _ := s.containerRow(&item{sum: list[0], detail: detailOf(&c)}, s.now())
		return row, nil
	case kindProject:
		list, err := s.members(ctx, ref.Name)
		if err != nil {
			return nil, err
		}
		items := make([]*item, len(list))
		for i := range list {
			items[i] = &item{sum: list[i]}
			if c, err := s.inspect(ctx, list[i].ID); err == nil {
				items[i].detail = detailOf(&c)
			}
			items[i].row, _ = s.containerRow(items[i], s.now())
		}
		return s.projectRow(ref.Name, items), nil
	case kindImage, kindVolume, kindNetwork:
		return s.getObject(ctx, ref)
	case kindHost:
		return s.getHost(ctx, ref)
	}
	return nil, unsupported(ref.Kind, "place here")
}

// getObject finds an image, volume or network in its list: the row needs what
// only the list has.
func (s *Source) getObject(ctx context.Context, ref core.Ref) (*core.Resource, error) {
	api, err := s.client(ctx)
	if err != nil {
		return nil, err
	}
	list, err := s.summaries(ctx, nil)
	if err != nil {
		return nil, err
	}
	items := make(map[string]*item, len(list))
	for i := range list {
		items[list[i].ID] = &item{sum: list[i]}
	}
	rows, err := s.objects(ctx, api, ref.Kind, usersOf(items))
	if err != nil {
		return nil, err
	}
	replaced := false
	for _, r := range rows {
		if r.Ref == ref || ref.UID == "" && r.Ref.SameObject(ref) {
			return r, nil
		}
		replaced = replaced || r.Ref.SameObject(ref)
	}
	if replaced {
		return nil, &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("%s %s was replaced by another one of that name", ref.Kind, ref.Name)}
	}
	return nil, notFound(ref.Kind, ref.Name)
}

// stamp writes a time as a human reads it; nothing for none.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05Z07:00")
}
