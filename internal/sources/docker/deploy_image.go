package docker

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
)

// imageConfig is what an image gives to the containers that are made of it, as
// the engine's merge knows it.
type imageConfig struct {
	User         string
	ExposedPorts map[string]any
	Env          []string
	Entrypoint   []string
	Cmd          []string
	Volumes      map[string]any
	WorkingDir   string
	Labels       map[string]string
	StopSignal   string
	Healthcheck  map[string]any
	Shell        []string
}

// imageFacts is what an inspection of an image tells.
type imageFacts struct {
	ID          string `json:"Id"`
	RepoTags    []string
	RepoDigests []string
	Created     string
	Config      *imageConfig
}

// image reads an image by reference or id; nil without an error: it is not there.
func (s *Source) image(ctx context.Context, ref string) (*imageFacts, error) {
	api, err := s.client(ctx)
	if err != nil {
		return nil, err
	}
	var raw bytes.Buffer
	_, err = api.ImageInspect(ctx, ref, client.ImageInspectWithRawResponse(&raw))
	if errdefs.IsNotFound(err) {
		return nil, nil //nolint:nilnil // said above
	}
	if err != nil {
		return nil, fmt.Errorf("inspect image %s: %w", ref, err)
	}
	x := new(imageFacts)
	decoder := json.NewDecoder(&raw)
	decoder.UseNumber()
	if err := decoder.Decode(x); err != nil {
		return nil, fmt.Errorf("inspect image %s: %w", ref, err)
	}
	return x, nil
}

// withoutImage takes out of a container's configuration what its image gave:
// the reverse of the engine's merge. What the user set to the very value of the image
// cannot be told from it, and follows the new image.
func withoutImage(config object, from *imageConfig) {
	for field, value := range map[string]string{"User": from.User, "WorkingDir": from.WorkingDir, "StopSignal": from.StopSignal} {
		if value != "" && config[field] == value {
			delete(config, field)
		}
	}
	if env := textList(config["Env"]); len(env) > 0 {
		config["Env"] = slices.DeleteFunc(env, func(pair string) bool { return slices.Contains(from.Env, pair) })
	}
	if labels, ok := config["Labels"].(object); ok {
		labels = maps.Clone(labels)
		maps.DeleteFunc(labels, func(k string, v any) bool { given, ok := from.Labels[k]; return ok && given == v })
		config["Labels"] = labels
	}
	for field, given := range map[string]map[string]any{"ExposedPorts": from.ExposedPorts, "Volumes": from.Volumes} {
		if set, ok := config[field].(object); ok {
			set = maps.Clone(set)
			maps.DeleteFunc(set, func(k string, _ any) bool { _, ok := given[k]; return ok })
			config[field] = set
		}
	}
	// An image's command counts only together with its own entrypoint.
	if slices.Equal(textList(config["Entrypoint"]), from.Entrypoint) {
		delete(config, "Entrypoint")
		if slices.Equal(textList(config["Cmd"]), from.Cmd) {
			delete(config, "Cmd")
			delete(config, "ArgsEscaped")
		}
	}
	if shell := textList(config["Shell"]); len(shell) > 0 && slices.Equal(shell, from.Shell) {
		delete(config, "Shell")
	}
	if check, ok := config["Healthcheck"].(object); ok && from.Healthcheck != nil {
		check = maps.Clone(check)
		maps.DeleteFunc(check, func(k string, v any) bool { return reflect.DeepEqual(v, from.Healthcheck[k]) })
		config["Healthcheck"] = check
		if len(check) == 0 {
			delete(config, "Healthcheck")
		}
	}
}

// textList reads a list of texts.
func textList(v any) []string {
	list, _ := v.([]any)
	var out []string
	for _, x := range list {
		if s, ok := x.(string); ok {
			out = append(out, s)
		}
	}
	return out
}
