package kube

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strconv"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// maxCandidates bounds the images that are offered for one container.
const maxCandidates = 50

// imageForm offers the images that the workload had before, and those of the
// same repositories that run elsewhere in the cluster.
func (s *Source) imageForm(ctx context.Context, ref core.Ref) (core.Form, error) {
	k, o, err := s.workloadOf(ctx, ref)
	if err != nil {
		return core.Form{}, err
	}
	if !slices.Contains(rolled, k.Name) && k.Name != kindRollout {
		return core.Form{}, &core.Problem{Kind: core.Unsupported, Summary: text.Sprintf("the image of a %s cannot be changed in place", k.Name)}
	}
	template := o.sub("spec", "template")
	all := containersOf(template)
	inits := len(template.items("spec", "initContainers"))
	image := core.Field{
		Name: "image", Title: text.Lit("Image"), Type: core.FieldChoice, Required: true, Open: true, Help: text.Lit("choose one, or type a reference"),
		Columns: []text.Safe{text.Lit("IMAGE"), text.Lit("WHERE"), text.Lit("AGE")},
	}
	several := len(all) > 1
	if several {
		image.Columns = slices.Insert(image.Columns, 0, text.Lit("CONTAINER"))
		image.Help = text.Lit("choose one, or type a reference for the container above")
	}
	for _, c := range s.candidates(ctx, k, o, all) {
		image.Choices = append(image.Choices, c.choice(several))
	}
	if inits < len(all) { // the first that is no init container
		image.Value = candidate{container: all[inits].str("name"), image: all[inits].str("image")}.choice(several).Value
	}
	form := core.Form{}
	if several {
		container := core.Field{Name: "container", Title: text.Lit("Container"), Type: core.FieldChoice, Help: text.Lit("for an image that is typed")}
		for i, c := range all {
			choice := core.Choice{Value: c.str("name"), Cells: []text.Safe{text.Clean(c.str("name")), text.Clean(c.str("image"))}}
			if i < inits {
				choice.Cells[0] = text.Sprintf("%s (init)", c.str("name"))
			} else if container.Value == "" {
				container.Value = c.str("name")
			}
			container.Choices = append(container.Choices, choice)
		}
		form.Fields = append(form.Fields, container)
	}
	form.Fields = append(form.Fields, image)
	if k.Name != ref.Kind {
		form.Note = text.Sprintf("of %s %s, which owns the %s", k.Name, o.str("metadata", "name"), ref.Kind)
	}
	return form, nil
}

// candidate is an image that a container could get.
type candidate struct {
	container, image string
	where, age       text.Safe
	current          bool
}

func (c candidate) choice(several bool) core.Choice {
	out := core.Choice{Value: c.image, Cells: []text.Safe{text.Clean(c.image), c.where, c.age}, Current: c.current}
	if several {
		out.Value = c.container + "=" + c.image
		out.Cells = slices.Insert(out.Cells, 0, text.Clean(c.container))
	}
	return out
}

func (s *Source) candidates(ctx context.Context, k *kind, o tree, containers []tree) []candidate {
	var out []candidate
	seen := map[[2]string]bool{}
	perContainer := map[string]int{}
	add := func(c candidate) {
		id := [2]string{c.container, c.image}
		if seen[id] || perContainer[c.container] >= maxCandidates {
			return
		}
		seen[id] = true
		perContainer[c.container]++
		out = append(out, c)
	}
	for _, c := range containers {
		add(candidate{container: c.str("name"), image: c.str("image"), where: text.Lit("now"), current: true})
	}
	revisions, _ := s.history(ctx, k, o) // without it the rest can be offered
	for i := range revisions {
		for _, c := range containersOf(revisions[i].template) {
			if slices.ContainsFunc(containers, func(x tree) bool { return x.str("name") == c.str("name") }) {
				where := text.Sprintf("revision %d", revisions[i].number)
				if h := revisions[i].seen; !h.from.IsZero() {
					where = text.Sprintf("revision %d, %s", revisions[i].number, h.words(s.now()))
				}
				add(candidate{container: c.str("name"), image: c.str("image"), where: where, age: s.ageOf(revisions[i].created)})
			}
		}
	}
	elsewhere := s.imagesElsewhere(ctx, o.str("metadata", "namespace"))
	for _, c := range containers {
		own, err := parseImage(c.str("image"))
		if err != nil {
			continue
		}
		for _, e := range elsewhere {
			if other, err := parseImage(e.image); err == nil && other.repository == own.repository {
				add(candidate{container: c.str("name"), image: e.image, where: e.where, age: e.age})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b candidate) int { // by container, as they stand
		at := func(name string) int {
			return slices.IndexFunc(containers, func(c tree) bool { return c.str("name") == name })
		}
		return cmp.Compare(at(a.container), at(b.container))
	})
	return out
}

// imagesElsewhere reads one page of each kind of workload: in the whole
// cluster, or in the namespace if that is all one may see. The newest come first.
func (s *Source) imagesElsewhere(ctx context.Context, namespace string) []candidate {
	type found struct {
		candidate
		at int64
	}
	var all []found
	for _, name := range rolled {
		k := builtinByName[name]
		var page []*core.Resource
		var err error
		for _, ns := range []string{"", namespace} {
			if page, err = s.page(ctx, k, ns); err == nil {
				break
			}
		}
		for _, r := range page {
			if r.Facts == nil {
				continue
			}
			for _, image := range r.Facts.Image {
				all = append(all, found{candidate{image: image, where: text.Sprintf("%s %s/%s", k.Name, r.Ref.Namespace, r.Ref.Name), age: text.Age(s.now().Sub(time.Unix(0, r.Started)))}, r.Started})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b found) int { return cmp.Compare(b.at, a.at) })
	out := make([]candidate, len(all))
	for i, f := range all {
		out[i] = f.candidate
	}
	return out
}

// page reads the first rows of a built-in kind.
func (s *Source) page(ctx context.Context, k *kind, namespace string) ([]*core.Resource, error) {
	b, err := s.client.do(ctx, request{path: k.path(namespace), query: url.Values{"limit": {strconv.Itoa(pageSize)}}, accept: acceptProto}, nil)
	if err != nil {
		return nil, err
	}
	var out []*core.Resource
	_, err = (&protoCodec{k, newReducer(s.scope, s.now)}).page(b, func(r row) { out = append(out, r.Resource) })
	return out, err
}
