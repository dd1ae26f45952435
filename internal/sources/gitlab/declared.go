package gitlab

import (
	"context"
	"errors"
	"net/url"
	"slices"

	"gopkg.in/yaml.v3"

	"devops-tui/internal/rest"
	"devops-tui/internal/text"
)

// variable is one that a pipeline can be given.
type variable struct {
	name, value, description string
	options                  []string
	from                     string // "its definition", "schedule nightly", "last time"
}

// definition is the file that defines a project's pipelines, unless it says otherwise.
const definition = ".gitlab-ci.yml"

// mostVariables of a definition are offered.
const mostVariables = 60

// declared are the variables with a description of a project's definition: those
// that GitLab's own form for a new pipeline offers. What it includes is not read.
// docs.gitlab.com/ci/pipelines "Prefill variables in manual pipelines"
func (s *Source) declared(ctx context.Context, path, ref, file string) (out []variable, problem text.Safe) {
	resp, err := s.do(ctx, rest.Request{Path: project(path, "repository", "files", file, "raw"), Query: url.Values{"ref": {ref}}, Urgent: true})
	if err != nil {
		if rest.StatusOf(err) == 404 {
			return nil, text.Sprintf("%s is not in the repository: its variables are not known", file)
		}
		return nil, text.Sprintf("%s cannot be read: %s", file, s.Problem(err).Summary)
	}
	out, err = parseVariables(resp.Body)
	if err != nil {
		return nil, text.Sprintf("%s: %s", file, err.Error())
	}
	return out, text.Safe{}
}

// declaredEnvironments are the environments that the jobs of a project's
// definition name, as they are written there: variables in them stay as they are, what is
// included is not read. An empty map where the definition cannot be read.
// docs.gitlab.com/ci/yaml "environment"
func (s *Source) declaredEnvironments(ctx context.Context, path, ref string) map[string]string {
	resp, err := s.do(ctx, rest.Request{Path: project(path, "repository", "files", definition, "raw"), Query: url.Values{"ref": {ref}}, Urgent: true})
	if err != nil {
		return map[string]string{}
	}
	return parseEnvironments(resp.Body)
}

// parseEnvironments reads which job of a .gitlab-ci.yml deploys where.
func parseEnvironments(file []byte) map[string]string {
	out := map[string]string{}
	var doc yaml.Node
	if len(file) > 1<<20 || yaml.Unmarshal(file, &doc) != nil || doc.Kind != yaml.DocumentNode || len(doc.Content) == 0 || doc.Content[0].Kind != yaml.MappingNode {
		return out
	}
	jobs := doc.Content[0].Content
	for i := 0; i+1 < len(jobs); i += 2 {
		e := member(jobs[i+1], "environment")
		if e != nil && e.Kind == yaml.MappingNode {
			e = member(e, "name")
		}
		if e != nil && e.Kind == yaml.ScalarNode && e.Value != "" {
			out[jobs[i].Value] = e.Value
		}
	}
	return out
}

// parseVariables reads the global variables of a .gitlab-ci.yml in their order.
func parseVariables(file []byte) ([]variable, error) {
	if len(file) > 1<<20 {
		return nil, errors.New("it is too large to be looked through")
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(file, &doc); err != nil {
		return nil, errors.New("it is not YAML that can be read")
	}
	if doc.Kind != yaml.DocumentNode || len(doc.Content) == 0 {
		return nil, nil
	}
	vars := member(doc.Content[0], "variables")
	if vars == nil || vars.Kind != yaml.MappingNode {
		return nil, nil
	}
	var out []variable
	for i := 0; i+1 < len(vars.Content) && len(out) < mostVariables; i += 2 {
		name, v := vars.Content[i], vars.Content[i+1]
		if name.Kind != yaml.ScalarNode || v.Kind != yaml.MappingNode {
			continue
		}
		x := variable{name: name.Value, from: "its definition"}
		if d := member(v, "description"); d != nil && d.Kind == yaml.ScalarNode {
			x.description = d.Value
		} else {
			continue
		}
		if d := member(v, "value"); d != nil && d.Kind == yaml.ScalarNode {
			x.value = d.Value
		}
		if o := member(v, "options"); o != nil && o.Kind == yaml.SequenceNode {
			for _, c := range o.Content[:min(len(o.Content), 200)] {
				if c.Kind == yaml.ScalarNode {
					x.options = append(x.options, c.Value)
				}
			}
		}
		if len(x.options) > 0 && !slices.Contains(x.options, x.value) {
			x.value = x.options[0]
		}
		out = append(out, x)
	}
	return out, nil
}

// member is the value of a key of a mapping; nil: there is none.
func member(n *yaml.Node, key string) *yaml.Node {
	if n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}
