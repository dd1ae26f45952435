package github

import (
	"strings"

	"gopkg.in/yaml.v3"

	"devops-tui/internal/ci"
)

// jobEnvironments are the environments that the jobs of a workflow file name,
// with the inputs put in. What other expressions make cannot be told.
func jobEnvironments(file []byte, inputs map[string]string, declared []ci.Input) []string {
	var f struct {
		Jobs map[string]struct {
			Environment yaml.Node `yaml:"environment"`
		} `yaml:"jobs"`
	}
	if err := yaml.Unmarshal(file, &f); err != nil {
		return nil
	}
	var out []string
	for _, j := range f.Jobs {
		name := ""
		switch j.Environment.Kind {
		case yaml.ScalarNode:
			name = j.Environment.Value
		case yaml.MappingNode:
			var e struct {
				Name string `yaml:"name"`
			}
			if j.Environment.Decode(&e) == nil {
				name = e.Name
			}
		}
		if name = expand(name, inputs, declared); name != "" && !strings.Contains(name, "${{") {
			out = append(out, name)
		}
	}
	return out
}

// expand puts inputs into ${{ inputs.NAME }} and ${{ github.event.inputs.NAME }}.
func expand(s string, inputs map[string]string, declared []ci.Input) string {
	open, end := strings.Index(s, "${{"), strings.Index(s, "}}")
	if open < 0 || end < open {
		return s
	}
	name := strings.TrimSpace(s[open+3 : end])
	name, ok := strings.CutPrefix(strings.TrimPrefix(name, "github.event."), "inputs.")
	if !ok {
		return s
	}
	v, given := inputs[name]
	if !given {
		for _, in := range declared {
			if in.Name == name {
				v = in.Default
			}
		}
	}
	return s[:open] + v + s[end+2:]
}
