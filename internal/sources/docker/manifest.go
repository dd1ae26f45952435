package docker

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/moby/moby/client"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// Manifest implements sources.Manifester: what the engine says of the object,
// as `docker inspect` prints it, without secrets.
func (s *Source) Manifest(ctx context.Context, ref core.Ref) (core.Document, error) {
	raw, err := s.rawInspect(ctx, ref)
	if err != nil {
		return core.Document{}, err
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber() // sizes are larger than a float holds exactly
	var v any
	if err := decoder.Decode(&v); err != nil {
		return core.Document{}, fmt.Errorf("read the answer of inspect: %w", err)
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(redactJSON("", v)); err != nil {
		return core.Document{}, fmt.Errorf("write the manifest: %w", err)
	}
	return core.Document{Title: text.Sprintf("%s %s", ref.Kind, ref.Name), Syntax: "json", Lines: text.Document(b.String())}, nil
}

// rawInspect returns the engine's own JSON; of a project, a list of its
// containers'.
func (s *Source) rawInspect(ctx context.Context, ref core.Ref) (json.RawMessage, error) {
	api, err := s.client(ctx)
	if err != nil {
		return nil, err
	}
	switch ref.Kind {
	case kindContainer:
		c, err := s.resolve(ctx, ref)
		if err != nil {
			return nil, err
		}
		r, err := api.ContainerInspect(ctx, c.ID, client.ContainerInspectOptions{})
		return r.Raw, wrap(err, "inspect container")
	case kindProject:
		list, err := s.members(ctx, ref.Name)
		if err != nil {
			return nil, err
		}
		var all []json.RawMessage
		for _, c := range list {
			r, err := api.ContainerInspect(ctx, c.ID, client.ContainerInspectOptions{})
			if err != nil {
				return nil, fmt.Errorf("inspect container: %w", err)
			}
			all = append(all, r.Raw)
		}
		return json.Marshal(all)
	case kindHost:
		if _, err := s.getHost(ctx, ref); err != nil { // another engine may answer there now
			return nil, err
		}
		i, err := api.Info(ctx, client.InfoOptions{})
		if err != nil {
			return nil, fmt.Errorf("ask for the engine's state: %w", err)
		}
		return json.Marshal(i.Info)
	}
	if _, err := s.getObject(ctx, ref); err != nil { // it may have been replaced
		return nil, err
	}
	switch ref.Kind {
	case kindImage:
		id := ref.UID
		if id == "" {
			id = ref.Name
		}
		var raw bytes.Buffer
		_, err := api.ImageInspect(ctx, id, client.ImageInspectWithRawResponse(&raw))
		return raw.Bytes(), wrap(err, "inspect image")
	case kindVolume:
		r, err := api.VolumeInspect(ctx, ref.Name, client.VolumeInspectOptions{})
		return r.Raw, wrap(err, "inspect volume")
	default:
		id := ref.UID
		if id == "" {
			id = ref.Name
		}
		r, err := api.NetworkInspect(ctx, id, client.NetworkInspectOptions{})
		return r.Raw, wrap(err, "inspect network")
	}
}

func wrap(err error, what string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
