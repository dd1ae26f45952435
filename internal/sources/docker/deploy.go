package docker

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/image"
	"github.com/moby/moby/client"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// PlanDeploy implements sources.Deployer: a container with another image, a
// Compose project as its files say.
func (s *Source) PlanDeploy(ctx context.Context, ref core.Ref, what core.Deploy) (*core.Operation, error) {
	switch {
	case ref.Kind == kindProject && what.Image == "" && what.File == "":
		return s.planUp(ctx, ref, what.Options)
	case ref.Kind == kindProject:
		return nil, &core.Problem{
			Kind: core.Invalid, Summary: text.Sprintf("project %s is deployed as its Compose files say, not with an image", ref.Name),
			Hint: text.Lit("change the file, or deploy to one of its containers"),
		}
	case ref.Kind != kindContainer:
		return nil, unsupported(ref.Kind, "deployment")
	case what.Image == "":
		return nil, &core.Problem{Kind: core.Invalid, Summary: text.Lit("which image? give its reference"), Hint: text.Lit("image=NAME:TAG")}
	}
	image := what.Image
	if what.Container != "" {
		image = what.Container + "=" + image
	}
	if name, rest, ok := strings.Cut(image, "="); ok { // "container=image", as elsewhere
		if name != ref.Name {
			return nil, &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("%s has no container %s", ref.Name, name)}
		}
		image = rest
	}
	pull := what.Options["pull"] == "true"
	return s.planImage(ctx, ref, core.VerbDeploy, image, pull)
}

// planImage plans a container with another image.
func (s *Source) planImage(ctx context.Context, ref core.Ref, verb, image string, pull bool) (*core.Operation, error) {
	c, err := s.resolve(ctx, ref)
	if err != nil {
		return nil, err
	}
	b, err := s.newChangeover(ctx, verb, image, pull, c.ID)
	if err != nil {
		return nil, err
	}
	w := b.swaps[0].m
	b.plan.Target, b.plan.Rev = s.ref(kindContainer, w.name, w.id), w.rev()
	b.plan.Title = text.Sprintf("Deploy %s to container %s", image, w.name)
	if verb == core.VerbRollback {
		b.plan.Title = text.Sprintf("Roll container %s back to %s", w.name, imageWords(b.to))
	}
	b.plan.Command = b.swaps[0].command(s)
	if pull {
		b.plan.Command = text.Sprintf("docker %spull %s && %s", s.hostFlag(), quoteArg(image), b.plan.Command)
	}
	return b.operation(), nil
}

// build is a changeover on its way to a plan.
type build struct {
	changeover
	plan core.Plan
	to   *imageFacts // nil: it must be pulled first
}

func (b *build) operation() *core.Operation {
	c := &b.changeover
	return &core.Operation{Plan: b.plan, Execute: c.execute, Verify: c.verify, SendLimit: c.limit()}
}

// newChangeover looks at the containers that are to run image, and begins the
// plan.
func (s *Source) newChangeover(ctx context.Context, verb, image string, pull bool, ids ...string) (*build, error) {
	b := &build{changeover: changeover{s: s, verb: verb}}
	b.plan = core.Plan{
		Verb: verb, Danger: 1, Preview: text.Lit("Docker cannot try a new container without making it"),
	}
	var err error
	if b.to, err = s.image(ctx, image); err != nil {
		return nil, err
	}
	switch {
	case b.to == nil && !pull:
		return nil, noImage(image)
	case pull && strings.HasPrefix(image, "sha256:"):
		return nil, &core.Problem{Kind: core.Invalid, Summary: text.Lit("an image id cannot be pulled: give its name")}
	case pull:
		b.pull = image
		b.plan.Impact = append(b.plan.Impact, text.Sprintf("%s is pulled first: what its registry has then is what runs", image))
	}
	all, err := s.summaries(ctx, nil)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		if err := b.add(ctx, id, image, all); err != nil {
			return nil, err
		}
	}
	var lives []*life
	for _, w := range b.swaps {
		lives = append(lives, w.m)
	}
	down, err := s.dependents(ctx, lives)
	if err != nil {
		return nil, err
	}
	b.plan.Warnings = append(b.plan.Warnings, down...)
	return b, nil
}

// add takes one container into the changeover.
func (b *build) add(ctx context.Context, id, image string, all []container.Summary) error {
	s, p := b.s, &b.plan
	api, err := s.client(ctx)
	if err != nil {
		return err
	}
	r, err := api.ContainerInspect(ctx, id, client.ContainerInspectOptions{Size: true})
	if err != nil {
		return fmt.Errorf("inspect container: %w", err)
	}
	c := &r.Container
	m, err := newLife(c)
	if err != nil {
		return err
	}
	if err := replaceable(c, m); err != nil {
		return err
	}
	w := &swap{s: s, m: m, image: image, project: c.Config.Labels[labelProject], pace: s.pace, wait: healthLimit(c), say: func(text.Safe) {}}
	if b.to != nil && b.pull == "" {
		w.imageID = b.to.ID
		if c.Image == b.to.ID && (c.Config.Image == image || strings.HasPrefix(image, "sha256:")) {
			return &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("%s runs %s (%s) already", m.name, image, shortID(c.Image))}
		}
	}
	old, err := s.image(ctx, c.Image)
	if err != nil {
		return err
	}
	if err := w.newPrints(ctx); err != nil {
		return err
	}
	b.swaps = append(b.swaps, w)
	// It was seen: the way back must be known also when nothing watches.
	s.memory.tell(s.host.scope, w.sighting(c.Image, c.Config.Image), "", m.state == container.StateRunning && !m.loops)

	p.Changes = append(p.Changes, core.FieldChange{
		Field: text.Sprintf("%s image", m.name), Before: text.Sprintf("%s (%s)", c.Config.Image, shortID(c.Image)), After: text.Sprintf("%s (%s)", image, imageID(b)),
	})
	if old != nil && b.to != nil && b.pull == "" {
		p.Changes = append(p.Changes, inherited(w.print, old.Config, b.to.Config)...)
	}
	p.Impact = append(p.Impact, w.keeps(c), w.how())
	if n := c.SizeRw; n != nil && *n > 0 {
		p.Warnings = append(p.Warnings, text.Sprintf("what %s wrote outside of its volumes is lost: %s", m.name, text.Bytes(float64(*n))))
	}
	if old == nil {
		p.Warnings = append(p.Warnings, text.Sprintf("the image that %s runs is gone from the engine: its variables and command are kept as if they had been set by hand, and there is no way back", m.name))
	} else {
		p.Inverse = &core.Inverse{Verb: core.VerbRollback, Target: s.ref(kindContainer, m.name, ""), Params: map[string]string{"to": c.Image}}
		p.UndoHint = text.Sprintf("U rolls back to %s (%s) as long as the engine keeps that image", c.Config.Image, shortID(c.Image))
	}
	if p.UndoHint.Empty() {
		p.UndoHint = text.Lit("cannot be undone: the image that runs now is gone from the engine")
	}
	b.warn(w, c, all)
	return nil
}

// imageID is the short id of what will run, as far as it is known.
func imageID(b *build) string {
	if b.to == nil || b.pull != "" {
		return "to be pulled"
	}
	return shortID(b.to.ID)
}

// replaceable tells why a container cannot be made again.
func replaceable(c *container.InspectResponse, m *life) error {
	conflict := func(says, hint text.Safe) error {
		return &core.Problem{Kind: core.Conflict, Summary: says, Hint: hint}
	}
	switch {
	case c.Config == nil || c.HostConfig == nil:
		return &core.Problem{Kind: core.Unsupported, Summary: text.Sprintf("the engine does not tell the configuration of %s", m.name)}
	case m.state == container.StatePaused:
		return conflict(text.Sprintf("%s is paused", m.name), text.Lit("resume it first"))
	case c.Config.Labels["com.docker.swarm.task.id"] != "":
		return conflict(text.Sprintf("%s is a task of a swarm: the swarm would put it back", m.name), text.Lit("docker service update --image"))
	case c.Config.Labels["io.kubernetes.pod.name"] != "":
		return conflict(text.Sprintf("%s belongs to a pod: Kubernetes would put it back", m.name), text.Lit("deploy to its workload"))
	}
	return nil
}

// warn says who fights the change and who is hurt by it.
func (b *build) warn(w *swap, c *container.InspectResponse, all []container.Summary) {
	p, m := &b.plan, w.m
	if service := c.Config.Labels[labelService]; w.project != "" && service != "" {
		p.Warnings = append(p.Warnings, text.Sprintf(
			"it belongs to service %s of Compose project %s, whose file still names its own image: the next `up` goes back to that; change image: in the file to stay", service, w.project))
	}
	if m.autoRemove {
		p.Warnings = append(p.Warnings, text.Sprintf(
			"%s was started with --rm: the engine removes it as it stops; should the new one fail, a copy of it is made from its configuration", m.name))
	}
	p.Warnings = append(p.Warnings, m.wakes()...)
	for i := range all {
		x := &all[i]
		name := containerName(x)
		if base, kind, ok := leftover(name); ok && base == m.name {
			p.Warnings = append(p.Warnings, remains(x, name, base, kind))
		}
		if x.ID != m.id {
			continue
		}
		for _, n := range x.Names { // "/other/alias": a link to it
			if other, _, ok := strings.Cut(strings.TrimPrefix(n, "/"), "/"); ok {
				p.Warnings = append(p.Warnings, text.Sprintf("%s links to it (--link) and must be made again", other))
			}
		}
	}
	if base, kind, ok := leftover(m.name); ok {
		p.Warnings = append(p.Warnings, text.Sprintf("it is what a deployment of %s left that was cut off (%s): see whether %s should take its place back first", base, kind, m.name))
	}
}

var leftoverName = regexp.MustCompile(`^(.+)-(before|after)-[0-9a-f]{8}$`)

// leftover takes the name of a container apart that a changeover uses on the
// way: it is there while one goes on, or when it was cut off.
func leftover(name string) (base, kind string, ok bool) {
	m := leftoverName.FindStringSubmatch(name)
	if m == nil {
		return "", "", false
	}
	return m[1], m[2], true
}

// remains says what is to be done about a container that was left on the way.
func remains(x *container.Summary, name, base, kind string) text.Safe {
	if kind == "after" {
		return text.Sprintf("%s is there, %s: another deployment of %s goes on, or was cut off before it changed anything; docker rm %s", name, string(x.State), base, name)
	}
	return text.Sprintf("%s is what %s was before a deployment that was cut off; to put it back: docker rm -f %s; docker rename %s %s; docker start %s",
		name, base, base, name, base, base)
}

// keeps says what the new container gets of the old one.
func (w *swap) keeps(c *container.InspectResponse) text.Safe {
	var parts []string
	add := func(n int, one, more string) {
		switch {
		case n == 1:
			parts = append(parts, "1 "+one)
		case n > 1:
			parts = append(parts, fmt.Sprintf("%d %s", n, more))
		}
	}
	if c.NetworkSettings != nil {
		add(len(c.NetworkSettings.Networks), "network", "networks")
	}
	add(len(c.HostConfig.PortBindings), "published port", "published ports")
	add(len(c.Mounts), "mount", "mounts")
	add(len(w.print.volumes), "anonymous volume", "anonymous volumes")
	env, _ := w.print.body["Env"].([]string)
	add(len(env), "variable of its own", "variables of its own")
	labels, _ := w.print.body["Labels"].(object)
	add(len(labels), "label", "labels")
	parts = append(parts, "limits", "restart policy "+w.m.policyText())
	return text.Sprintf("%s keeps its configuration: %s", w.m.name, strings.Join(parts, ", "))
}

// how says what happens, in order.
func (w *swap) how() text.Safe {
	proof := fmt.Sprintf("has run for %s", w.pace.stable)
	if w.m.health {
		proof = fmt.Sprintf("is healthy (within %s)", w.wait)
	}
	return text.Sprintf("%s stops (timeout %s), the new one starts; the old one is kept until the new one %s, and put back if it does not get there",
		w.m.name, w.m.timeoutText(), proof)
}

// inherited are the changes that come from the image alone.
func inherited(print *blueprint, old, now *imageConfig) []core.FieldChange {
	if old == nil || now == nil {
		return nil
	}
	var out []core.FieldChange
	for _, f := range []struct {
		field, title string
		before, to   string
	}{
		{"Entrypoint", "entrypoint", strings.Join(redactArgs(old.Entrypoint), " "), strings.Join(redactArgs(now.Entrypoint), " ")},
		{"Cmd", "command", strings.Join(redactArgs(old.Cmd), " "), strings.Join(redactArgs(now.Cmd), " ")},
		{"User", "user", old.User, now.User},
		{"WorkingDir", "working folder", old.WorkingDir, now.WorkingDir},
		{"StopSignal", "stop signal", old.StopSignal, now.StopSignal},
		{"Healthcheck", "health check", checkWords(old.Healthcheck), checkWords(now.Healthcheck)},
	} {
		if _, own := print.body[f.field]; own && f.field != "Cmd" && f.field != "Entrypoint" && print.body[f.field] != "" && print.body[f.field] != nil {
			continue
		}
		if v := textList(print.body[f.field]); len(v) > 0 || f.before == f.to {
			continue
		}
		out = append(out, core.FieldChange{
			Field: text.Sprintf("%s, from the image", f.title), Before: text.CleanLong(cmp.Or(f.before, "none")), After: text.CleanLong(cmp.Or(f.to, "none")),
		})
	}
	return out
}

func checkWords(check map[string]any) string {
	if check == nil {
		return ""
	}
	return strings.Join(redactArgs(textList(check["Test"])), " ")
}

// imageWords is what people call an image.
func imageWords(x *imageFacts) string {
	if x == nil {
		return ""
	}
	return imageTitle(x.RepoTags, x.RepoDigests, x.ID)
}

// deployForm asks for the image: the tags of the same repository that the
// engine has, and what was seen to run.
func (s *Source) deployForm(ctx context.Context, ref core.Ref) (core.Form, error) {
	if ref.Kind == kindProject {
		return upForm(), nil
	}
	c, err := s.resolve(ctx, ref)
	if err != nil {
		return core.Form{}, err
	}
	api, err := s.client(ctx)
	if err != nil {
		return core.Form{}, err
	}
	f := core.Field{
		Name: "image", Title: text.Lit("image"), Type: core.FieldChoice, Open: true, Required: true,
		Help:    text.Lit("a tag that is here, or any other reference"),
		Columns: []text.Safe{text.Lit("IMAGE"), text.Lit("ID"), text.Lit("CREATED"), text.Lit("SEEN HERE")},
	}
	list, err := api.ImageList(ctx, client.ImageListOptions{})
	if err != nil {
		return core.Form{}, fmt.Errorf("list images: %w", err)
	}
	seen := map[string]remembered{}
	if c.Config != nil {
		for _, k := range s.memory.images(s.host.scope, sightingOf(&c)) {
			seen[k.ID] = k
		}
	}
	repo := ""
	if c.Config != nil {
		repo = repository(c.Config.Image)
	}
	slices.SortStableFunc(list.Items, func(a, b image.Summary) int { return cmp.Compare(b.Created, a.Created) })
	for i := range list.Items {
		x := &list.Items[i]
		k, ran := seen[x.ID]
		for _, tag := range x.RepoTags {
			if tag == "<none>:<none>" || repository(tag) != repo && !ran {
				continue
			}
			f.Choices = append(f.Choices, core.Choice{
				Value: tag, Current: x.ID == c.Image && tag == c.Config.Image,
				Cells: []text.Safe{text.Clean(tag), text.Clean(shortID(x.ID)), text.Clean(stamp(time.Unix(x.Created, 0))), k.words()},
			})
		}
	}
	return core.Form{Fields: []core.Field{f, {
		Name: "pull", Title: text.Lit("pull first"), Type: core.FieldBool, Value: "false", Help: text.Lit("fetch it from its registry, also when it is here"),
	}}}, nil
}

// sightingOf is the place of a container.
func sightingOf(c *container.InspectResponse) sighting {
	x := sighting{container: strings.TrimPrefix(c.Name, "/"), id: c.Image}
	if c.Config != nil {
		x.project, x.service, x.ref = c.Config.Labels[labelProject], c.Config.Labels[labelService], c.Config.Image
	}
	return x
}

// words says when an image was seen to run, and how it did.
func (k remembered) words() text.Safe {
	switch {
	case k.ID == "":
		return text.Safe{}
	case k.End == "":
		return text.Sprintf("%s", stamp(k.Last))
	}
	return text.Sprintf("%s, %s", stamp(k.Last), k.End)
}
