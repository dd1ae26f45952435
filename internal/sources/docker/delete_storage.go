package docker

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// volumeUsers are the containers that have the volume mounted, running or not.
func (s *Source) volumeUsers(ctx context.Context, name string) ([]string, error) {
	list, err := s.summaries(ctx, client.Filters{}.Add("volume", name))
	var out []string
	for i := range list {
		for _, m := range list[i].Mounts { // the filter also finds mount paths
			if m.Name == name {
				out = append(out, containerName(&list[i]))
				break
			}
		}
	}
	return out, err
}

func (s *Source) planRemoveVolume(ctx context.Context, ref core.Ref) (*core.Operation, error) {
	api, err := s.client(ctx)
	if err != nil {
		return nil, err
	}
	id := func(ctx context.Context) (string, error) {
		v, err := api.VolumeInspect(ctx, ref.Name, client.VolumeInspectOptions{})
		switch {
		case errdefs.IsNotFound(err):
			return "", notFound(kindVolume, ref.Name)
		case err != nil:
			return "", fmt.Errorf("inspect volume: %w", err)
		}
		return v.Volume.Name + "@" + v.Volume.CreatedAt, nil
	}
	free := func(ctx context.Context) error {
		users, err := s.volumeUsers(ctx, ref.Name)
		if err == nil && len(users) > 0 {
			err = &core.Problem{
				Kind: core.Conflict, Summary: text.Sprintf("volume %s is used by %s", ref.Name, names(users)),
				Hint: text.Lit("remove those containers first: the engine keeps it as long as they exist"),
			}
		}
		return err
	}
	uid, err := id(ctx)
	if err != nil {
		return nil, err
	}
	if ref.UID != "" && ref.UID != uid {
		return nil, &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("volume %s was replaced by another one of that name", ref.Name)}
	}
	if err := free(ctx); err != nil {
		return nil, err
	}
	size := s.volumeSize(ctx, ref.Name)
	p := core.Plan{
		Target: s.ref(kindVolume, ref.Name, uid), Rev: uid, Danger: 2,
		Title:    text.Sprintf("Remove volume %s", ref.Name),
		Changes:  []core.FieldChange{{Field: text.Sprintf("volume %s", ref.Name), Before: size, After: text.Lit("removed with all its data")}},
		Impact:   []text.Safe{text.Lit("no container uses it")},
		Command:  text.Sprintf("docker %svolume rm %s", s.hostFlag(), quoteArg(ref.Name)),
		UndoHint: text.Lit("cannot be undone: its data is lost"),
	}
	r := &removal{s: s, kind: kindVolume, name: ref.Name, done: text.Lit("removed")}
	r.check = func(ctx context.Context) error {
		now, err := id(ctx)
		if err == nil && now != uid {
			err = changedMeanwhile(kindVolume, ref.Name)
		}
		if err != nil {
			return err
		}
		return free(ctx)
	}
	r.send = func(ctx context.Context, api *client.Client) error {
		_, err := api.VolumeRemove(ctx, ref.Name, client.VolumeRemoveOptions{})
		return err
	}
	r.here = func(ctx context.Context, _ *client.Client) (bool, error) {
		now, err := id(ctx)
		if here, err := still(err); !here || err != nil {
			return here, err
		}
		return now == uid, nil
	}
	return r.operation(p), nil
}

// volumeSize is what a volume holds, where the engine adds it up in time.
func (s *Source) volumeSize(ctx context.Context, name string) text.Safe {
	ctx, cancel := context.WithTimeout(ctx, sizeTimeout)
	defer cancel()
	if api, err := s.client(ctx); err == nil {
		du, err := s.diskUsage(ctx, api, client.DiskUsageOptions{Volumes: true, Verbose: true})
		for _, v := range du.Volumes.Items {
			if err == nil && v.Name == name && v.UsageData != nil && v.UsageData.Size >= 0 {
				return text.Bytes(float64(v.UsageData.Size))
			}
		}
	}
	return text.Lit("size not known")
}

func (s *Source) planRemoveNetwork(ctx context.Context, ref core.Ref) (*core.Operation, error) {
	if slices.Contains(builtinNetworks, ref.Name) {
		return nil, &core.Problem{Kind: core.Unsupported, Summary: text.Sprintf("network %s belongs to the engine", ref.Name)}
	}
	id := ref.UID
	if id == "" {
		id = ref.Name
	}
	read := func(ctx context.Context, api *client.Client) (*network.Inspect, error) {
		n, err := api.NetworkInspect(ctx, id, client.NetworkInspectOptions{})
		switch {
		case errdefs.IsNotFound(err):
			return nil, notFound(kindNetwork, ref.Name)
		case err != nil:
			return nil, fmt.Errorf("inspect network: %w", err)
		}
		id = n.Network.ID
		var users []string
		for _, e := range n.Network.Containers {
			users = append(users, e.Name)
		}
		if slices.Sort(users); len(users) > 0 {
			return nil, &core.Problem{
				Kind: core.Conflict, Summary: text.Sprintf("network %s has containers: %s", ref.Name, names(users)),
				Hint: text.Lit("stop or disconnect them first"),
			}
		}
		return &n.Network, nil
	}
	api, err := s.client(ctx)
	if err != nil {
		return nil, err
	}
	n, err := read(ctx, api)
	if err != nil {
		return nil, err
	}
	p := core.Plan{
		Target: s.ref(kindNetwork, n.Name, n.ID), Rev: n.ID, Danger: 1,
		Title:   text.Sprintf("Remove network %s", n.Name),
		Changes: []core.FieldChange{{Field: text.Sprintf("network %s", n.Name), Before: text.Sprintf("%s, %s", n.Driver, shortID(n.ID)), After: text.Lit("removed")}},
		Impact:  []text.Safe{text.Lit("no running container is in it")},
		Command: text.Sprintf("docker %snetwork rm %s", s.hostFlag(), quoteArg(n.Name)),
	}
	p.UndoHint = text.Sprintf("not undone here; one like it: %s", createNetwork(n))
	list, err := s.summaries(ctx, nil)
	if err != nil {
		return nil, err
	}
	var stranded []string
	for i := range list {
		if list[i].NetworkSettings == nil {
			continue
		}
		for name, e := range list[i].NetworkSettings.Networks {
			if name == n.Name || e != nil && e.NetworkID == n.ID {
				stranded = append(stranded, containerName(&list[i]))
			}
		}
	}
	if len(stranded) > 0 {
		p.Danger = 2
		p.Warnings = append(p.Warnings, text.Sprintf("stopped containers that cannot start without it: %s", names(stranded)))
	}
	r := &removal{s: s, kind: kindNetwork, name: n.Name, done: text.Lit("removed")}
	r.check = func(ctx context.Context) error {
		api, err := s.client(ctx)
		if err == nil {
			_, err = read(ctx, api)
		}
		return err
	}
	r.send = func(ctx context.Context, api *client.Client) error {
		_, err := api.NetworkRemove(ctx, n.ID, client.NetworkRemoveOptions{})
		return err
	}
	r.here = func(ctx context.Context, api *client.Client) (bool, error) {
		_, err := api.NetworkInspect(ctx, n.ID, client.NetworkInspectOptions{})
		return still(err)
	}
	return r.operation(p), nil
}

// createNetwork is the command that makes a network with the same main
// settings.
func createNetwork(n *network.Inspect) string {
	words := []string{"docker", "network", "create", "--driver", quoteArg(n.Driver)}
	if n.Internal {
		words = append(words, "--internal")
	}
	for _, c := range n.IPAM.Config {
		if c.Subnet.IsValid() {
			words = append(words, "--subnet", c.Subnet.String())
		}
	}
	return strings.Join(append(words, quoteArg(n.Name)), " ")
}
