package docker

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/moby/moby/api/types/image"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/api/types/volume"
	"github.com/moby/moby/client"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// users counts containers by what they use: image id, volume name, network id.
type users map[string]int

func usersOf(items map[string]*item) users {
	u := users{}
	for _, it := range items {
		u[it.sum.ImageID]++
		for _, m := range it.sum.Mounts {
			if m.Name != "" {
				u["volume:"+m.Name]++
			}
		}
		if it.sum.NetworkSettings != nil {
			for name, n := range it.sum.NetworkSettings.Networks {
				if n != nil && n.NetworkID != "" {
					u[n.NetworkID]++
				} else {
					u["network:"+name]++
				}
			}
		}
	}
	return u
}

// used is the phase and reason of a thing that does nothing by itself.
func used(n int) (core.Phase, text.Safe) {
	if n > 0 {
		return core.Running, text.Lit("in use")
	}
	return core.Succeeded, text.Lit("unused")
}

// objects lists one of the kinds without events of their own worth following
// one by one.
func (s *Source) objects(ctx context.Context, api *client.Client, kind string, u users) ([]*core.Resource, error) {
	var rows []*core.Resource
	switch kind {
	case kindImage:
		list, err := api.ImageList(ctx, client.ImageListOptions{})
		if err != nil {
			return nil, fmt.Errorf("list images: %w", err)
		}
		for i := range list.Items {
			rows = append(rows, s.imageRow(&list.Items[i], u))
		}
	case kindVolume:
		list, err := api.VolumeList(ctx, client.VolumeListOptions{})
		if err != nil {
			return nil, fmt.Errorf("list volumes: %w", err)
		}
		for i := range list.Items {
			rows = append(rows, s.volumeRow(&list.Items[i], u))
		}
	case kindNetwork:
		list, err := api.NetworkList(ctx, client.NetworkListOptions{})
		if err != nil {
			return nil, fmt.Errorf("list networks: %w", err)
		}
		for i := range list.Items {
			rows = append(rows, s.networkRow(&list.Items[i].Network, u))
		}
	}
	return rows, nil
}

func (s *Source) imageRow(x *image.Summary, u users) *core.Resource {
	name := imageTitle(x.RepoTags, x.RepoDigests, x.ID)
	r := &core.Resource{Ref: s.ref(kindImage, name, x.ID), Started: time.Unix(x.Created, 0).UnixNano()}
	n := u[x.ID]
	r.Phase, r.Reason = used(n)
	if n == 0 && len(x.RepoTags) == 0 && len(x.RepoDigests) == 0 {
		r.Reason = text.Lit("dangling")
	}
	r.Facts = &core.Facts{
		Image: x.RepoTags, Digest: append([]string{x.ID}, digests(x.RepoDigests)...),
		Commit: x.Labels[labelRevision], Repo: redactText(x.Labels[labelSource]),
	}
	r.Cells = []core.Cell{
		label(name),
		{Text: r.Reason},
		{Num: float64(x.Size)},
		number(n),
		{Num: float64(x.Created)},
		label(shortID(x.ID)), label(strings.Join(x.RepoTags, " ")),
	}
	return r
}

// imageTitle is what people call the image.
func imageTitle(tags, digests []string, id string) string {
	for _, t := range tags {
		if t != "<none>:<none>" {
			return t
		}
	}
	for _, d := range digests {
		if d, _, _ = strings.Cut(d, "@"); d != "<none>" {
			return d + "@" + shortID(id)
		}
	}
	return shortID(id)
}

// digests takes sha256:… out of repo@sha256:….
func digests(repo []string) []string {
	var out []string
	for _, r := range repo {
		if _, d, ok := strings.Cut(r, "@"); ok && !slices.Contains(out, d) {
			out = append(out, d)
		}
	}
	return out
}

func (s *Source) volumeRow(x *volume.Volume, u users) *core.Resource {
	// A volume has no id; one that was made again differs by its time.
	r := &core.Resource{Ref: s.ref(kindVolume, x.Name, x.Name+"@"+x.CreatedAt)}
	n := u["volume:"+x.Name]
	r.Phase, r.Reason = used(n)
	age := core.Cell{}
	if at, err := time.Parse(time.RFC3339, x.CreatedAt); err == nil {
		r.Started = at.UnixNano()
		age.Num = float64(at.Unix())
	}
	project := x.Labels[labelProject]
	r.Owner = s.projectRef(project)
	r.Cells = []core.Cell{label(x.Name), {Text: r.Reason}, label(x.Driver), number(n), label(project), age, label(x.Mountpoint)}
	return r
}

func (s *Source) projectRef(project string) core.Ref {
	if project == "" {
		return core.Ref{}
	}
	return s.ref(kindProject, project, project)
}

func (s *Source) networkRow(x *network.Network, u users) *core.Resource {
	r := &core.Resource{Ref: s.ref(kindNetwork, x.Name, x.ID), Started: x.Created.UnixNano()}
	n := cmp.Or(u[x.ID], u["network:"+x.Name])
	r.Phase, r.Reason = used(n)
	var subnets []string
	for _, c := range x.IPAM.Config {
		if c.Subnet.IsValid() {
			subnets = append(subnets, c.Subnet.String())
		}
	}
	project := x.Labels[labelProject]
	r.Owner = s.projectRef(project)
	r.Cells = []core.Cell{
		label(x.Name),
		{Text: r.Reason},
		label(x.Driver), label(strings.Join(subnets, " ")), number(n), label(project),
		{Num: float64(x.Created.Unix())},
		label(shortID(x.ID)),
	}
	return r
}
