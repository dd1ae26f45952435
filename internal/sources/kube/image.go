package kube

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// imageSyntax is the grammar of image references
// (https://pkg.go.dev/github.com/distribution/reference): [host[:port]/]path[:tag][@digest].
var imageSyntax = func() *regexp.Regexp {
	const (
		label = `[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?`
		host  = `(?:` + label + `(?:\.` + label + `)*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?`
		part  = `[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*`
	)
	return regexp.MustCompile(`^((?:` + host + `/)?` + part + `(?:/` + part + `)*)(?::([\w][\w.-]{0,127}))?(?:@([A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}))?$`)
}()

// imageRef is an image reference taken apart.
type imageRef struct{ repository, tag, digest string }

func parseImage(image string) (imageRef, error) {
	m := imageSyntax.FindStringSubmatch(image)
	hint := text.Lit("[HOST/]REPOSITORY[:TAG][@sha256:DIGEST], in lower case but for the host and the tag")
	switch {
	case m == nil:
		return imageRef{}, &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("%s is not an image reference", image), Hint: hint}
	case len(m[1]) > 255:
		return imageRef{}, &core.Problem{Kind: core.Invalid, Summary: text.Lit("the repository's name has more than 255 characters"), Hint: hint}
	case strings.HasPrefix(m[3], "sha256:") && len(m[3]) != len("sha256:")+64:
		return imageRef{}, &core.Problem{Kind: core.Invalid, Summary: text.Lit("a sha256 digest has 64 hexadecimal digits"), Hint: hint}
	}
	return imageRef{m[1], m[2], m[3]}, nil
}

// newImage is the container and the image that a user named.
func newImage(template tree, what core.Deploy) (container tree, image string, err error) {
	name, image := what.Container, what.Image
	if c, rest, ok := strings.Cut(image, "="); ok { // no image reference has one
		name, image = c, rest
	}
	all := containersOf(template)
	if name == "" {
		main := template.items("spec", "containers")
		if len(main) != 1 {
			return nil, "", &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("it has %d containers: which one?", len(main)), Hint: text.Sprintf("image=CONTAINER=%s, with one of %s", image, containerNames(all))}
		}
		return main[0], image, nil
	}
	i := slices.IndexFunc(all, func(c tree) bool { return c.str("name") == name })
	if i < 0 {
		return nil, "", &core.Problem{Kind: core.NotFound, Summary: text.Sprintf("it has no container %s", name), Hint: text.Sprintf("one of %s", containerNames(all))}
	}
	return all[i], image, nil
}

func containerNames(containers []tree) string {
	var out []string
	for _, c := range containers {
		out = append(out, c.str("name"))
	}
	return strings.Join(out, ", ")
}

// planImage plans what `kubectl set image` does to one container of a
// deployment, stateful set or daemon set.
func (s *Source) planImage(ctx context.Context, ref core.Ref, what core.Deploy) (*core.Operation, error) {
	k, o, err := s.workloadOf(ctx, ref)
	if err != nil {
		return nil, err
	}
	if k.Name == kindRollout {
		return s.planRolloutImage(ctx, ref, k, o, what)
	}
	if !slices.Contains(rolled, k.Name) {
		return nil, &core.Problem{Kind: core.Unsupported, Summary: text.Sprintf("the image of a %s cannot be changed in place", k.Name)}
	}
	template := o.sub("spec", "template")
	container, image, err := newImage(template, what)
	if err != nil {
		return nil, err
	}
	parsed, err := parseImage(image)
	if err != nil {
		return nil, err
	}
	name, old := container.str("name"), container.str("image")
	list := "containers"
	if slices.ContainsFunc(template.items("spec", "initContainers"), func(c tree) bool { return c.str("name") == name }) {
		list = "initContainers"
	}
	c := s.newChange(k, o, "set the image of")
	c.body = c.merged(map[string]any{
		"spec": map[string]any{"template": map[string]any{"spec": map[string]any{list: []any{map[string]any{"name": name, "image": image}}}}},
	})
	c.arrived = func(o tree) bool {
		return slices.ContainsFunc(containersOf(o.sub("spec", "template")), func(c tree) bool { return c.str("name") == name && c.str("image") == image })
	}
	c.settled, c.done = c.rollout, text.Sprintf("all pods run %s and are available", image)
	p := core.Plan{
		Verb: core.VerbDeploy, Danger: 1,
		Title:    text.Sprintf("Set the image of %s in %s %s in %s", name, k.Name, c.ref.Name, c.ref.Namespace),
		Changes:  []core.FieldChange{{Field: text.Sprintf("image of %s", name), Before: text.Clean(old), After: text.Clean(image)}},
		Command:  text.Sprintf("%s set image %s/%s %s", s.kubectl(c.ref.Namespace), k.Name, shellWord(c.ref.Name), shellWord(name+"="+image)),
		UndoHint: text.Sprintf("U sets %s again", old),
		Inverse:  &core.Inverse{Verb: core.VerbDeploy, Params: map[string]string{"image": old, "container": name}},
	}
	if k.Name != ref.Kind {
		p.From = ref
	}
	if err := c.preview(ctx, &p); err != nil {
		return nil, err
	}
	imageWarnings(&p, old, image, parsed)
	if old != image {
		s.rolloutImpact(ctx, c, &p)
	}
	s.owners(ctx, o, &p, "spec", "template")
	if o.str("spec", "paused") == "true" {
		c.settled, c.done = nil, text.Lit("the image is set; the rollout starts when the deployment is resumed")
		p.Warnings = append(p.Warnings, text.Lit("the deployment is paused: no pod is replaced until it is resumed"))
	}
	s.stuckSets(k, c, o, &p)
	return c.operation(p), nil
}

// imageWarnings says what an image reference alone tells.
func imageWarnings(p *core.Plan, old, image string, parsed imageRef) {
	was, err := parseImage(old)
	switch {
	case old == image:
		p.Warnings = append(p.Warnings, text.Lit("it is the image that is set already: no pod is replaced (restart fetches a tag again)"))
	case err == nil && was.repository != parsed.repository:
		p.Warnings = append(p.Warnings, text.Sprintf("another repository than now: %s", was.repository))
	}
	if parsed.digest != "" {
		return
	}
	switch parsed.tag {
	case "":
		p.Warnings = append(p.Warnings, text.Lit("no tag means latest: what runs cannot be told from its name, and undo may bring something else"))
	case "latest":
		p.Warnings = append(p.Warnings, text.Lit("latest moves: what runs cannot be told from its name, and undo may bring something else"))
	}
}
