package ci

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"gopkg.in/yaml.v3"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// Input is one input of a workflow that a human starts.
type Input struct {
	Name        string
	Description string
	Type        string // "string", "boolean", "choice", "number", "environment"
	Default     string
	Required    bool
	Options     []string // of a choice, and of an environment where they are known
}

// ErrNoDispatch is a workflow that no human can start.
var ErrNoDispatch = errors.New("the workflow has no workflow_dispatch trigger")

// The bounds of a workflow file.
const (
	mostWorkflow = 1 << 20 // bytes
	mostInputs   = 100
	mostOptions  = 500
)

// ParseWorkflowInputs reads the inputs of a GitHub workflow file, in the order
// they stand. A workflow that cannot be dispatched is ErrNoDispatch.
func ParseWorkflowInputs(file []byte) ([]Input, error) {
	if len(file) > mostWorkflow {
		return nil, fmt.Errorf("the workflow file has %d bytes, more than %d", len(file), mostWorkflow)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(file, &doc); err != nil {
		return nil, fmt.Errorf("cannot read the workflow file: %w", err)
	}
	if doc.Kind != yaml.DocumentNode || len(doc.Content) == 0 {
		return nil, ErrNoDispatch
	}
	on := value(doc.Content[0], "on")
	if on == nil {
		on = value(doc.Content[0], "true") // written by tools that take "on" for a boolean
	}
	switch {
	case on == nil:
		return nil, ErrNoDispatch
	case on.Kind == yaml.ScalarNode:
		if on.Value != "workflow_dispatch" {
			return nil, ErrNoDispatch
		}
		return nil, nil
	case on.Kind == yaml.SequenceNode:
		if !slices.ContainsFunc(on.Content, func(n *yaml.Node) bool { return plain(n).Value == "workflow_dispatch" }) {
			return nil, ErrNoDispatch
		}
		return nil, nil
	}
	dispatch := value(on, "workflow_dispatch")
	if dispatch == nil {
		return nil, ErrNoDispatch
	}
	return inputs(value(dispatch, "inputs"))
}

func inputs(n *yaml.Node) ([]Input, error) {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil, nil
	}
	if len(n.Content)/2 > mostInputs {
		return nil, fmt.Errorf("the workflow has %d inputs, more than %d", len(n.Content)/2, mostInputs)
	}
	var out []Input
	for i := 0; i+1 < len(n.Content); i += 2 {
		of := plain(n.Content[i+1])
		in := Input{
			Name: plain(n.Content[i]).Value, Description: scalar(of, "description"), Type: scalar(of, "type"),
			Default: scalar(of, "default"), Required: scalar(of, "required") == "true",
		}
		if in.Name == "" {
			continue
		}
		switch in.Type {
		case "boolean", "choice", "number", "environment":
		default:
			in.Type = "string"
		}
		if options := value(of, "options"); options != nil && options.Kind == yaml.SequenceNode {
			for _, o := range options.Content[:min(len(options.Content), mostOptions)] {
				in.Options = append(in.Options, plain(o).Value)
			}
		}
		out = append(out, in)
	}
	return out, nil
}

// plain is the node that an alias stands for.
func plain(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode && n.Alias != nil {
		n = n.Alias
	}
	return n
}

// value is what a mapping has under a key, nil if nothing. Merged mappings do
// not count: GitHub does not know them.
func value(n *yaml.Node, key string) *yaml.Node {
	n = plain(n)
	if n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if plain(n.Content[i]).Value == key {
			return plain(n.Content[i+1])
		}
	}
	return nil
}

func scalar(n *yaml.Node, key string) string {
	if v := value(n, key); v != nil && v.Kind == yaml.ScalarNode && v.Tag != "!!null" {
		return v.Value
	}
	return ""
}

// FieldPrefix begins the names of the fields that are inputs.
const FieldPrefix = "input."

// Field is the input as a field of a form.
func (in Input) Field() core.Field {
	f := core.Field{Name: FieldPrefix + in.Name, Title: text.Clean(in.Name), Help: text.Clean(in.Description), Value: in.Default, Required: in.Required}
	switch in.Type {
	case "boolean":
		f.Type, f.Required = core.FieldBool, false
		if b, err := strconv.ParseBool(in.Default); err != nil || !b {
			f.Value = "false"
		} else {
			f.Value = "true"
		}
	case "number":
		f.Type = core.FieldNumber
		if in.Default != "" {
			if _, err := strconv.Atoi(in.Default); err != nil { // a fraction: the form's numbers are whole
				f.Type = core.FieldText
			}
		}
	case "choice", "environment":
		f.Type, f.Open = core.FieldChoice, in.Type == "environment"
		for _, o := range in.Options {
			f.Choices = append(f.Choices, core.Choice{Value: o, Cells: []text.Safe{text.Clean(o)}})
		}
		if in.Type == "choice" && f.Value == "" && len(in.Options) > 0 {
			f.Value = in.Options[0] // as GitHub's own form does
		}
	}
	return f
}
