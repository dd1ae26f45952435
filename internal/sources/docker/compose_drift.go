package docker

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/moby/api/types/container"
	"gopkg.in/yaml.v3"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// drift is how far the containers of a service are from the Compose file.
type drift struct {
	service string
	have    []*container.Summary
	want    int
	image   string // reference that the file names
	why     []string
	orphan  bool // the file has no such service
}

// composeConfig is what matters of the files as Compose resolves them. It
// holds nothing secret.
type composeConfig struct {
	Services map[string]struct {
		Image  string `yaml:"image"`
		Build  any    `yaml:"build"`
		Scale  *int   `yaml:"scale"`
		Deploy struct {
			Replicas *int `yaml:"replicas"`
		} `yaml:"deploy"`
	} `yaml:"services"`
}

// drifts compares a project's containers with its files, service by service.
func (s *Source) drifts(ctx context.Context, c *composer, f *composeFiles, list []container.Summary) ([]drift, error) {
	said, err := s.readCompose(ctx, c, f, "config", "--hash=*")
	if err != nil {
		return nil, err
	}
	hashes := map[string]string{}
	for line := range strings.Lines(said) {
		if words := strings.Fields(line); len(words) == 2 {
			hashes[words[0]] = words[1]
		}
	}
	if said, err = s.readCompose(ctx, c, f, "config"); err != nil {
		return nil, err
	}
	var config composeConfig
	if err := yaml.Unmarshal([]byte(said), &config); err != nil {
		// Not the error itself: it quotes the file, which may hold secrets.
		return nil, &core.Problem{Kind: core.Unsupported, Summary: text.Sprintf("what %s config prints cannot be read", c.words())}
	}
	byService := map[string][]*container.Summary{}
	for i := range list {
		x := &list[i]
		if name := x.Labels[labelService]; name != "" && x.Labels[labelOneOff] != "True" {
			byService[name] = append(byService[name], x)
		}
	}
	var out []drift
	for _, name := range slices.Sorted(maps.Keys(config.Services)) {
		v := config.Services[name]
		d := drift{service: name, have: byService[name], want: 1, image: v.Image}
		delete(byService, name)
		switch {
		case v.Scale != nil:
			d.want = *v.Scale
		case v.Deploy.Replicas != nil:
			d.want = *v.Deploy.Replicas
		}
		if d.image == "" && v.Build != nil {
			d.image = f.project + "-" + name // as the plugin names what it builds
			if !c.plugin() {
				d.image = f.project + "_" + name
			}
		}
		if err := s.compare(ctx, &d, hashes[name], f, c); err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	for _, name := range slices.Sorted(maps.Keys(byService)) {
		out = append(out, drift{service: name, have: byService[name], orphan: true, why: []string{"not in the file (orphan)"}})
	}
	return out, nil
}

// compare finds what differs in one service.
func (s *Source) compare(ctx context.Context, d *drift, hash string, f *composeFiles, c *composer) error {
	changed, moved, stopped := 0, 0, 0
	var id string
	if d.image != "" {
		x, err := s.image(ctx, d.image)
		if err != nil {
			return err
		}
		if x == nil {
			d.why = append(d.why, fmt.Sprintf("the engine has no image %s: it is built or pulled", d.image))
		} else {
			id = x.ID
		}
	}
	for _, x := range d.have {
		if hash != "" && x.Labels[labelHash] != hash {
			changed++
		}
		if id != "" && x.ImageID != id {
			moved++
		}
		if x.State != container.StateRunning && x.State != container.StateRestarting {
			stopped++
		}
	}
	n := len(d.have)
	add := func(count int, says string) {
		if count > 0 {
			d.why = append(d.why, fmt.Sprintf("%s%s", says, of(count, n)))
		}
	}
	switch major, _, _ := strings.Cut(f.version, "."); {
	case changed > 0 && major != "" && major != c.major():
		add(changed, fmt.Sprintf("made by Compose %s, which %s %s takes for changed", f.version, c.words(), c.version))
	default:
		add(changed, "its configuration in the file has changed")
	}
	add(moved, fmt.Sprintf("%s is another image now (%s)", d.image, shortID(id)))
	add(stopped, "not running")
	switch {
	case n < d.want:
		d.why = append(d.why, fmt.Sprintf("%d of %d containers are missing", d.want-n, d.want))
	case n > d.want:
		d.why = append(d.why, fmt.Sprintf("%d containers too many", n-d.want))
	}
	return nil
}

// of says how many of all, where that is not all.
func of(count, all int) string {
	if count == all {
		return ""
	}
	return " (" + strconv.Itoa(count) + " of " + strconv.Itoa(all) + ")"
}

// now says what a service has.
func (d *drift) now() text.Safe {
	if len(d.have) == 0 {
		return text.Lit("no container")
	}
	running := 0
	images := map[string]bool{}
	for _, x := range d.have {
		if x.State == container.StateRunning {
			running++
		}
		images[imageName(x)] = true
	}
	return text.Sprintf("%d of %d running, %s", running, len(d.have), strings.Join(slices.Sorted(maps.Keys(images)), " "))
}
