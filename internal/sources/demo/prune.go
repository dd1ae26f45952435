package demo

import (
	"context"
	"slices"
	"strings"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// unusedPictures are the images that no container is made of.
func (p *place) unusedPictures() (out []*picture, size float64) {
	for _, o := range p.list("image") {
		if i := o.(*picture); len(i.users()) == 0 {
			out = append(out, i)
			size += i.size
		}
	}
	return out, size
}

// stopped are the containers that do not run.
func (p *place) stopped() []*container {
	var out []*container
	for _, o := range p.list("container") {
		if c := o.(*container); c.state == exited {
			out = append(out, c)
		}
	}
	return out
}

func (s *Source) pruneForm() core.Form {
	images, size := s.place.unusedPictures()
	f := core.Field{
		Name: "what", Title: text.Lit("What"), Help: text.Lit("names separated by commas"), Type: core.FieldChoice, Value: "images", Required: true, Open: true,
		Columns: []text.Safe{text.Lit("WHAT"), text.Lit("OBJECTS"), text.Lit("FREES")},
		Choices: []core.Choice{
			{Value: "images", Cells: []text.Safe{text.Lit("images"), text.Int(len(images)), text.Bytes(size)}},
			{Value: "containers", Cells: []text.Safe{text.Lit("containers"), text.Int(len(s.place.stopped())), text.Lit("their logs")}},
		},
	}
	return core.Form{Fields: []core.Field{f}}
}

// PlanPrune plans that what is unused goes away.
func (s *Source) PlanPrune(ctx context.Context, ref core.Ref, what []string) (*core.Operation, error) {
	o, done, err := s.object(ctx, ref)
	if err != nil {
		return nil, err
	}
	defer done()
	h, ok := o.(*host)
	if !ok {
		return nil, problemf(core.Unsupported, "a %s cannot be pruned", ref.Kind)
	}
	var images []*picture
	var containers []*container
	var commands []string
	size := 0.0
	for _, w := range what {
		switch w {
		case "images":
			images, size = s.place.unusedPictures()
			commands = append(commands, "docker image prune --all --force")
		case "containers":
			containers = s.place.stopped()
			commands = append(commands, "docker container prune --force")
		default:
			return nil, problemf(core.Invalid, "nothing called %q can be pruned: images, containers", w)
		}
	}
	if len(images)+len(containers) == 0 {
		return nil, problemf(core.Refused, "nothing is unused")
	}
	slices.Sort(commands) // containers first: their images are unused then, but stay this time
	plan := core.Plan{
		Verb: core.VerbPrune, Target: h.ref(), Rev: "1", Danger: 2, Title: text.Sprintf("Prune %s", strings.Join(what, ", ")), Preview: noDryRun,
		Impact:   []text.Safe{text.Sprintf("%d images and %d containers; %s are free then", len(images), len(containers), text.Bytes(size))},
		Command:  text.Clean(strings.Join(commands, " && ")),
		UndoHint: text.Lit("cannot be undone: images have to be pulled or built again"),
	}
	for _, i := range images {
		plan.Changes = append(plan.Changes, core.FieldChange{Field: text.Clean(i.name), Before: text.Bytes(i.size), After: text.Lit("gone")})
	}
	for _, c := range containers {
		_, state, _ := c.status()
		plan.Changes = append(plan.Changes, change(c.name(), state, "gone"))
	}
	return s.operation(plan,
		func() (core.Ref, string) { return h.ref(), "1" },
		func() {
			for _, c := range containers {
				if c.state == exited && c.project.of(c.service) == c { // it may run again by now
					c.remove()
				}
			}
			for _, i := range images {
				if s.place.local(i.name) == i && len(i.users()) == 0 {
					s.place.drop(i)
				}
			}
			s.place.touch(h)
		},
		func() verdict { return arrived(true, "done") }), nil
}
