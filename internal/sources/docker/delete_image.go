package docker

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/image"
	"github.com/moby/moby/client"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// imageUse is what is known of an image when it is to be removed.
type imageUse struct {
	image.Summary
	tags     []string // without "<none>"
	running  []string // containers that use it
	stopped  []string
	children []string // images that are built on it
}

// rev is what a removal compares.
func (u *imageUse) rev() string {
	return strings.Join(slices.Sorted(slices.Values(u.tags)), " ") + " " + fmt.Sprint(len(u.running), len(u.stopped))
}

// repositories counts the names without tags: an image of several is only
// removed by its id when forced.
func (u *imageUse) repositories() int {
	repos := map[string]bool{}
	for _, t := range u.tags {
		if i := strings.LastIndexByte(t, ':'); i > strings.LastIndexByte(t, '/') {
			t = t[:i]
		}
		repos[t] = true
	}
	for _, d := range u.RepoDigests {
		if repo, _, _ := strings.Cut(d, "@"); repo != "<none>" {
			repos[repo] = true
		}
	}
	return len(repos)
}

// imageUse reads who uses the image of ref.
func (s *Source) imageUse(ctx context.Context, ref core.Ref) (*imageUse, error) {
	api, err := s.client(ctx)
	if err != nil {
		return nil, err
	}
	list, err := api.ImageList(ctx, client.ImageListOptions{All: true})
	if err != nil {
		return nil, fmt.Errorf("list images: %w", err)
	}
	var u *imageUse
	for _, x := range list.Items {
		if x.ID == ref.UID || ref.UID == "" && (imageTitle(x.RepoTags, x.RepoDigests, x.ID) == ref.Name || slices.Contains(x.RepoTags, ref.Name)) {
			u = &imageUse{Summary: x, tags: tagsOf(x.RepoTags)}
		}
	}
	if u == nil {
		return nil, notFound(kindImage, ref.Name)
	}
	for _, x := range list.Items {
		if x.ParentID == u.ID {
			u.children = append(u.children, imageTitle(x.RepoTags, x.RepoDigests, x.ID))
		}
	}
	containers, err := s.summaries(ctx, nil)
	if err != nil {
		return nil, err
	}
	for i := range containers {
		c := &containers[i]
		switch {
		case c.ImageID != u.ID:
		case c.State == container.StateRunning || c.State == container.StatePaused || c.State == container.StateRestarting:
			u.running = append(u.running, containerName(c))
		default:
			u.stopped = append(u.stopped, containerName(c))
		}
	}
	return u, nil
}

func tagsOf(tags []string) []string {
	return slices.DeleteFunc(slices.Clone(tags), func(t string) bool { return strings.HasPrefix(t, "<none>") })
}

// names joins names for a sentence, the first few of them.
func names(list []string) string {
	const few = 5
	if len(list) > few {
		return fmt.Sprintf("%s and %d more", strings.Join(list[:few], ", "), len(list)-few)
	}
	return strings.Join(list, ", ")
}

func (s *Source) planRemoveImage(ctx context.Context, ref core.Ref, how core.Removal) (*core.Operation, error) {
	u, err := s.imageUse(ctx, ref)
	if err != nil {
		return nil, err
	}
	title := imageTitle(u.RepoTags, u.RepoDigests, u.ID)
	held := len(u.running) > 0 || len(u.children) > 0 // the engine keeps its layers
	switch {
	case held && len(u.tags) == 0:
		return nil, &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("image %s is needed: %s", title, u.needed()), Hint: text.Lit("remove those first")}
	case (len(u.running) > 0 || len(u.stopped) > 0) && !how.Force:
		return nil, &core.Problem{
			Kind: core.Conflict, Summary: text.Sprintf("image %s is in use by %s", title, names(append(slices.Clone(u.running), u.stopped...))),
			Hint: text.Lit("remove those containers first, or force it"),
		}
	}
	p := core.Plan{
		Target: s.ref(kindImage, title, u.ID), Rev: u.rev(), Danger: 2,
		Title:    text.Sprintf("Remove image %s", title),
		UndoHint: text.Lit("cannot be undone: it can only be built again, or pulled if a registry has it"),
	}
	if len(u.RepoDigests) > 0 {
		p.UndoHint = text.Sprintf("cannot be undone here; while its registry keeps it: docker pull %s", u.RepoDigests[0])
	}
	for _, t := range u.tags {
		p.Changes = append(p.Changes, core.FieldChange{Field: text.Clean(t), Before: text.CleanLong(shortID(u.ID)), After: text.Lit("untagged")})
	}
	words := []string{"image", "rm"}
	if how.Force {
		words = append(words, "-f")
	}
	if held {
		p.Title = text.Sprintf("Untag image %s", title)
		p.Danger = 1
		p.Impact = append(p.Impact, text.Sprintf("only its names go, its layers stay: %s", u.needed()))
		p.UndoHint = text.Sprintf("not undone here; docker tag %s NAME gives it a name again", shortID(u.ID))
	} else {
		p.Changes = append(p.Changes, core.FieldChange{
			Field: text.Sprintf("image %s", shortID(u.ID)), Before: text.Bytes(float64(u.Size)), After: text.Lit("deleted with the layers that no other image has"),
		})
		p.Impact = append(p.Impact, text.Sprintf("frees at most %s: layers that other images share stay", text.Bytes(float64(u.Size))))
	}
	if len(u.stopped) > 0 {
		p.Warnings = append(p.Warnings, text.Sprintf("containers that stay without their image: %s", names(u.stopped)))
	}
	targets := u.tags
	if len(targets) == 0 {
		targets = []string{shortID(u.ID)}
	}
	for _, t := range targets {
		words = append(words, quoteArg(t))
	}
	p.Command = text.Sprintf("docker %s%s", s.hostFlag(), strings.Join(words, " "))
	r := &removal{s: s, kind: kindImage, name: title, limit: time.Minute, done: text.Lit("deleted")}
	r.check = func(ctx context.Context) error {
		now, err := s.imageUse(ctx, p.Target)
		if err == nil && now.rev() != u.rev() {
			err = changedMeanwhile(kindImage, title)
		}
		return err
	}
	if held {
		r.done = text.Lit("untagged")
		r.send = func(ctx context.Context, api *client.Client) error {
			for _, t := range u.tags {
				if _, err := api.ImageRemove(ctx, t, client.ImageRemoveOptions{Force: how.Force}); err != nil {
					return fmt.Errorf("%s: %w", t, err)
				}
			}
			return nil
		}
		r.here = func(ctx context.Context, _ *client.Client) (bool, error) {
			now, err := s.imageUse(ctx, p.Target)
			if err != nil {
				return still(err)
			}
			return slices.ContainsFunc(now.tags, func(t string) bool { return slices.Contains(u.tags, t) }), nil
		}
		return r.operation(p), nil
	}
	r.send = func(ctx context.Context, api *client.Client) error {
		// By its id, so that it is never another image that has got the name
		// meanwhile. With several names the engine wants it forced; containers were
		// looked for a moment ago. API: ImageDelete
		_, err := api.ImageRemove(ctx, u.ID, client.ImageRemoveOptions{Force: how.Force || u.repositories() > 1, PruneChildren: true})
		return err
	}
	r.here = func(ctx context.Context, api *client.Client) (bool, error) {
		_, err := api.ImageInspect(ctx, u.ID)
		return still(err)
	}
	return r.operation(p), nil
}

// needed says why the engine keeps the layers of an image.
func (u *imageUse) needed() text.Safe {
	var parts []text.Safe
	if len(u.running) > 0 {
		parts = append(parts, text.Sprintf("running containers: %s", names(u.running)))
	}
	if len(u.children) > 0 {
		parts = append(parts, text.Sprintf("images built on it: %s", names(u.children)))
	}
	return text.Join(text.Lit("; "), parts...)
}
