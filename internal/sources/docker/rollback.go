package docker

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/moby/moby/api/types/container"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// PlanRollback implements sources.Roller: a container, or a service of a
// Compose project, goes back to an image that it was seen to run.
func (s *Source) PlanRollback(ctx context.Context, ref core.Ref, to core.Rollback) (*core.Operation, error) {
	if to.Via != "" {
		return nil, &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("Docker has no rollback by %s", to.Via)}
	}
	switch ref.Kind {
	case kindContainer:
		c, err := s.resolve(ctx, ref)
		if err != nil {
			return nil, err
		}
		if to.To == "" {
			if to.To, err = s.previous(ctx, &c); err != nil {
				return nil, err
			}
		}
		return s.planImage(ctx, ref, core.VerbRollback, to.To, false)
	case kindProject:
		return s.planServices(ctx, ref, to.To)
	}
	return nil, unsupported(ref.Kind, "rollback")
}

// pastImage is an image to go back to.
type pastImage struct {
	remembered
	facts *imageFacts // nil: gone
}

// candidates are the images that a container or service ran, newest first,
// without the one that runs.
func (s *Source) candidates(ctx context.Context, x sighting) ([]pastImage, error) {
	var out []pastImage
	for _, k := range s.memory.images(s.host.scope, x) {
		if k.ID == x.id {
			continue
		}
		facts, err := s.image(ctx, k.ID)
		if err != nil {
			return nil, err
		}
		out = append(out, pastImage{k, facts})
	}
	return out, nil
}

// failing reports whether the image was seen to fail, and never to do well.
func (k remembered) failing() bool {
	return !k.Well && k.End != "" && k.End != endHealthy
}

// previous is the image to go back to when none is named.
func (s *Source) previous(ctx context.Context, c *container.InspectResponse) (string, error) {
	list, err := s.candidates(ctx, sightingOf(c))
	if err != nil {
		return "", err
	}
	for _, k := range list {
		if k.facts != nil && !k.failing() {
			return k.ID, nil
		}
	}
	name := strings.TrimPrefix(c.Name, "/")
	why := text.Sprintf("no other image was seen to run as %s", name)
	if len(list) > 0 {
		why = text.Sprintf("none of the %d images that %s ran before can be gone back to: they failed, or are gone from the engine", len(list), name)
	}
	return "", &core.Problem{Kind: core.NotFound, Summary: why, Hint: text.Lit("name one: to=IMAGE")}
}

// rollbackForm asks for the image to go back to.
func (s *Source) rollbackForm(ctx context.Context, ref core.Ref) (core.Form, error) {
	f := core.Field{
		Name: "to", Title: text.Lit("back to"), Type: core.FieldChoice, Open: true, Required: true,
		Columns: []text.Safe{text.Lit("IMAGE"), text.Lit("ID"), text.Lit("CREATED"), text.Lit("FIRST SEEN"), text.Lit("LAST SEEN"), text.Lit("ENDED")},
		Help:    text.Lit("what was seen to run here, last seen first; any image that the engine has can be named"),
	}
	var places []sighting
	switch ref.Kind {
	case kindContainer:
		c, err := s.resolve(ctx, ref)
		if err != nil {
			return core.Form{}, err
		}
		places = []sighting{sightingOf(&c)}
	case kindProject:
		f.Help = text.Lit("one service, or several: web=IMAGE,api=IMAGE")
		f.Columns = append([]text.Safe{text.Lit("SERVICE")}, f.Columns...)
		services, err := s.services(ctx, ref.Name)
		if err != nil {
			return core.Form{}, err
		}
		for _, v := range services {
			places = append(places, sighting{container: v.list[0].name, project: ref.Name, service: v.name, id: v.list[0].imageID})
		}
	default:
		return core.Form{}, unsupported(ref.Kind, "rollback")
	}
	for _, x := range places {
		list, err := s.candidates(ctx, x)
		if err != nil {
			return core.Form{}, err
		}
		for _, k := range list {
			c := core.Choice{Value: k.ID, Cells: k.cells()}
			if ref.Kind == kindProject {
				c.Value = x.service + "=" + k.ID
				c.Cells = append([]text.Safe{text.Clean(x.service)}, c.Cells...)
			}
			if k.facts == nil {
				c.Disabled = text.Lit("no longer on the engine")
			} else if f.Value == "" && !k.failing() {
				f.Value = c.Value
			}
			f.Choices = append(f.Choices, c)
		}
	}
	form := core.Form{Fields: []core.Field{f}}
	if len(f.Choices) == 0 {
		form.Note = text.Lit("no other image was seen to run here yet: name one that the engine has")
	}
	return form, nil
}

func (k pastImage) cells() []text.Safe {
	name, created := k.Ref, ""
	if k.facts != nil {
		if tags := k.facts.RepoTags; len(tags) > 0 && !slices.Contains(tags, k.Ref) {
			name = tags[0]
		}
		if strings.HasPrefix(name, "sha256:") {
			name = imageWords(k.facts)
		} else if !slices.Contains(k.facts.RepoTags, name) {
			name += " then" // the tag is another image now
		}
		created = stamp(parseTime(k.facts.Created))
	}
	return []text.Safe{
		text.Clean(name), text.Clean(shortID(k.ID)), text.Clean(created), text.Clean(stamp(k.First)), text.Clean(stamp(k.Last)), text.Clean(k.End),
	}
}

// service is a service of a Compose project with its containers.
type service struct {
	name string
	list []member
}

type member struct{ id, name, imageID string }

// services are the services of a project, by name, without one-off containers.
func (s *Source) services(ctx context.Context, project string) ([]service, error) {
	list, err := s.members(ctx, project)
	if err != nil {
		return nil, err
	}
	var out []service
	for i := range list {
		c := &list[i]
		name := c.Labels[labelService]
		if name == "" || c.Labels[labelOneOff] == "True" {
			continue
		}
		if _, _, ok := leftover(containerName(c)); ok {
			continue
		}
		m := member{c.ID, containerName(c), c.ImageID}
		if j := slices.IndexFunc(out, func(v service) bool { return v.name == name }); j >= 0 {
			out[j].list = append(out[j].list, m)
			continue
		}
		out = append(out, service{name, []member{m}})
	}
	slices.SortFunc(out, func(a, b service) int { return cmp.Compare(a.name, b.name) })
	for _, v := range out {
		slices.SortFunc(v.list, func(a, b member) int { return cmp.Compare(a.name, b.name) })
	}
	return out, nil
}

// planServices rolls services of a project back: "web=IMAGE,api=IMAGE". All of
// their containers change, or none.
func (s *Source) planServices(ctx context.Context, ref core.Ref, to string) (*core.Operation, error) {
	services, err := s.services(ctx, ref.Name)
	if err != nil {
		return nil, err
	}
	if to == "" {
		return nil, &core.Problem{
			Kind: core.Invalid, Summary: text.Sprintf("which service of %s, and to which image?", ref.Name), Hint: text.Lit("to=SERVICE=IMAGE"),
		}
	}
	var all *build
	var titles, inverse []string
	mixed := false // several images in one service: there is no one way back
	for part := range strings.SplitSeq(to, ",") {
		name, image, ok := strings.Cut(part, "=")
		i := slices.IndexFunc(services, func(v service) bool { return v.name == name })
		if !ok || i < 0 || image == "" {
			return nil, &core.Problem{
				Kind: core.Invalid, Summary: text.Sprintf("%q is not a service of %s and an image", part, ref.Name), Hint: text.Lit("to=SERVICE=IMAGE"),
			}
		}
		var ids []string
		for _, m := range services[i].list {
			ids = append(ids, m.id)
			mixed = mixed || m.imageID != services[i].list[0].imageID
		}
		b, err := s.newChangeover(ctx, core.VerbRollback, image, false, ids...)
		if err != nil {
			return nil, err
		}
		titles = append(titles, fmt.Sprintf("%s to %s", name, imageWords(b.to)))
		inverse = append(inverse, name+"="+services[i].list[0].imageID)
		if all == nil {
			all = b
			continue
		}
		all.swaps = append(all.swaps, b.swaps...)
		all.plan.Changes = append(all.plan.Changes, b.plan.Changes...)
		all.plan.Impact = append(all.plan.Impact, b.plan.Impact...)
		all.plan.Warnings = append(all.plan.Warnings, b.plan.Warnings...)
		if b.plan.Inverse == nil {
			all.plan.Inverse, all.plan.UndoHint = nil, b.plan.UndoHint
		}
	}
	p := &all.plan
	p.Target = s.ref(kindProject, ref.Name, ref.Name)
	p.Title = text.Sprintf("Roll back in project %s: %s", ref.Name, strings.Join(titles, ", "))
	for _, w := range all.swaps {
		p.Rev += w.m.id + " " + w.m.rev() + "\n"
	}
	if len(all.swaps) > 1 {
		p.Impact = append(p.Impact, text.Sprintf("%d containers, one after another; if one does not get well, all go back to where they were", len(all.swaps)))
	}
	switch {
	case mixed:
		p.Inverse, p.UndoHint = nil, text.Lit("cannot be undone as one: the containers of a service run different images now")
	case p.Inverse != nil:
		p.Inverse.Target, p.Inverse.Params = s.ref(kindProject, ref.Name, ""), map[string]string{"to": strings.Join(inverse, ",")}
		p.UndoHint = text.Lit("U rolls the services back to the images that run now, as long as the engine keeps them")
	}
	p.Command = s.actCommand(core.VerbRollback, ref, "to="+to)
	return all.operation(), nil
}
