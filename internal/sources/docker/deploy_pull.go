package docker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/distribution/reference"
	"github.com/moby/moby/client"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// pullLimit bounds a pull.
const pullLimit = 30 * time.Minute

// pull fetches an image and tells each layer's state as it changes
// (API: ImageCreate).
func (s *Source) pull(ctx context.Context, ref string, out core.Output) error {
	ctx, cancel := context.WithTimeout(ctx, pullLimit)
	defer cancel()
	out.Line(text.Sprintf("pulling %s", ref).Line())
	doing := "pull " + ref
	// Nothing that runs has changed, whatever became of it: no outcome unknown.
	fail := func(err error) error {
		if ctx.Err() != nil {
			err = fmt.Errorf("it did not end within %s", pullLimit)
		}
		p := *s.Problem(fmt.Errorf("%s: %w", doing, err))
		p.Cause = nil
		if p.Kind != core.Refused {
			p.Kind = core.Conflict
		}
		if errdefs.IsUnauthorized(err) || strings.Contains(err.Error(), "denied") || strings.Contains(err.Error(), "authentication") {
			p.Kind, p.Hint = core.Forbidden, text.Sprintf("docker login, docker pull %s, then deploy without pull", ref)
		}
		return &p
	}
	api, err := s.client(ctx)
	if err != nil {
		return fail(err)
	}
	auth, err := s.registryAuth(ctx, ref)
	if err != nil {
		out.Line(text.Sprintf("no credentials for the registry: %s", err.Error()).Line())
	}
	r, err := api.ImagePull(ctx, ref, client.ImagePullOptions{RegistryAuth: auth})
	if err != nil {
		if errors.Is(err, core.ErrReadOnly) {
			return fmt.Errorf("%s: %w", doing, err)
		}
		return fail(err)
	}
	defer r.Close()
	layers := map[string]string{}
	done := 0
	for m, err := range r.JSONMessages(ctx) {
		switch {
		case err != nil:
			return fail(err)
		case m.Error != nil:
			return fail(m.Error)
		case m.ID == "":
			out.Line(text.Sprintf("%s", m.Status).Line())
			continue
		case layers[m.ID] == m.Status:
			continue
		}
		layers[m.ID] = m.Status
		out.Line(text.Sprintf("%s %s", m.ID, m.Status).Line())
		if m.Status == "Pull complete" || m.Status == "Already exists" {
			done++
		}
		out.Progress(core.Progress{Done: done, Total: len(layers), Text: text.Sprintf("pulling %s", ref)})
	}
	return nil
}

// repository is the part of a reference before the tag, as the engine's own
// lists spell it: "shop/web".
func repository(ref string) string {
	if strings.HasPrefix(ref, "sha256:") {
		return ""
	}
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return ""
	}
	return reference.FamiliarName(named)
}
