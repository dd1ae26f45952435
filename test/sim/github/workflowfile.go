package github

import "gopkg.in/yaml.v3"

// CI is a workflow's file: two jobs, on push and by hand.
const CI = `name: ci
on:
  push:
  workflow_dispatch:
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - name: checkout
      - name: go build
  test:
    needs: build
    runs-on: ubuntu-latest
    steps:
      - name: go vet
      - name: go test
`

// Deploy is a workflow's file with typed inputs and a deployment.
const Deploy = `name: deploy
on:
  workflow_dispatch:
    inputs:
      version:
        description: What to deploy
        required: true
      replicas:
        type: number
        default: 3
      dry_run:
        type: boolean
        default: false
      size:
        type: choice
        options: [small, large]
        default: small
      target:
        type: environment
        default: production
jobs:
  build:
    steps:
      - name: build image
  release:
    needs: build
    environment: production
    steps:
      - name: roll out
`

// jobsOf is what the simulator reads of a workflow's file.
type jobsOf struct {
	Name string    `yaml:"name"`
	Jobs yaml.Node `yaml:"jobs"`
}

func workflowName(content string) string {
	var f jobsOf
	_ = yaml.Unmarshal([]byte(content), &f)
	return f.Name
}

// workflowJobs are the jobs in the order of the file; one without any.
func workflowJobs(content string) []JobSpec {
	var f jobsOf
	_ = yaml.Unmarshal([]byte(content), &f)
	var out []JobSpec
	for i := 0; i+1 < len(f.Jobs.Content); i += 2 {
		var j struct {
			Name        string    `yaml:"name"`
			Environment yaml.Node `yaml:"environment"`
			Steps       []struct {
				Name string `yaml:"name"`
				Run  string `yaml:"run"`
			} `yaml:"steps"`
		}
		_ = f.Jobs.Content[i+1].Decode(&j)
		s := JobSpec{Name: j.Name}
		if s.Name == "" {
			s.Name = f.Jobs.Content[i].Value
		}
		switch j.Environment.Kind {
		case yaml.ScalarNode:
			s.Environment = j.Environment.Value
		case yaml.MappingNode:
			var e struct {
				Name string `yaml:"name"`
			}
			_ = j.Environment.Decode(&e)
			s.Environment = e.Name
		}
		for _, st := range j.Steps {
			name := st.Name
			if name == "" {
				name = "Run " + st.Run
			}
			s.Steps = append(s.Steps, name)
		}
		out = append(out, s)
	}
	if out == nil {
		out = []JobSpec{{Name: "build", Steps: []string{"build"}}}
	}
	return out
}

// dispatchable reports whether the file has workflow_dispatch, and its inputs.
func dispatchable(content string) (inputs map[string]dispatchInput, ok bool) {
	var f struct {
		On yaml.Node `yaml:"on"`
	}
	_ = yaml.Unmarshal([]byte(content), &f)
	switch f.On.Kind {
	case yaml.ScalarNode:
		return nil, f.On.Value == "workflow_dispatch"
	case yaml.SequenceNode:
		for _, n := range f.On.Content {
			ok = ok || n.Value == "workflow_dispatch"
		}
		return nil, ok
	}
	for i := 0; i+1 < len(f.On.Content); i += 2 {
		if f.On.Content[i].Value == "workflow_dispatch" {
			var d struct {
				Inputs map[string]dispatchInput `yaml:"inputs"`
			}
			_ = f.On.Content[i+1].Decode(&d)
			return d.Inputs, true
		}
	}
	return nil, false
}

type dispatchInput struct {
	Required bool     `yaml:"required"`
	Type     string   `yaml:"type"`
	Default  any      `yaml:"default"`
	Options  []string `yaml:"options"`
}
