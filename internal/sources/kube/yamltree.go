package kube

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

const (
	// maxManifest bounds one manifest text; etcd takes 1.5 MiB for an object.
	maxManifest = 4 << 20
	// maxNodes bounds what aliases can blow a manifest up to.
	maxNodes = 500_000
)

// parseManifests reads the objects of a YAML or JSON text. Numbers are json.Number
// and nothing is null, as in parseTree. Errors name the line.
func parseManifests(b []byte) ([]tree, error) {
	if len(b) > maxManifest {
		return nil, fmt.Errorf("it is larger than %d MiB", maxManifest>>20)
	}
	d := yaml.NewDecoder(bytes.NewReader(b))
	var out []tree
	for {
		var n yaml.Node
		err := d.Decode(&n)
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s", strings.TrimPrefix(err.Error(), "yaml: "))
		}
		c := yamlReader{}
		v, err := c.value(&n)
		if err != nil {
			return nil, err
		}
		switch v := v.(type) {
		case nil: // an empty document
		case map[string]any:
			out = append(out, tree(v))
		default:
			return nil, fmt.Errorf("line %d: a manifest is a mapping", n.Line)
		}
	}
}

// yamlReader makes JSON values of YAML nodes.
type yamlReader struct {
	nodes int
	depth int
}

func (c *yamlReader) value(n *yaml.Node) (any, error) {
	c.nodes++
	c.depth++
	defer func() { c.depth-- }()
	if c.nodes > maxNodes || c.depth > 200 {
		return nil, fmt.Errorf("line %d: too much for one object", n.Line)
	}
	switch n.Kind {
	case yaml.DocumentNode:
		return c.value(n.Content[0])
	case yaml.AliasNode:
		return c.value(n.Alias)
	case yaml.SequenceNode:
		out := make([]any, 0, len(n.Content))
		for _, x := range n.Content {
			v, err := c.value(x)
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
		return out, nil
	case yaml.MappingNode:
		return c.mapping(n)
	case yaml.ScalarNode:
		return scalarOf(n)
	}
	return nil, nil
}

func (c *yamlReader) mapping(n *yaml.Node) (any, error) {
	out, merged := map[string]any{}, map[string]any{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, x := n.Content[i], n.Content[i+1]
		if key.Kind != yaml.ScalarNode {
			return nil, fmt.Errorf("line %d: a key must be a plain word", key.Line)
		}
		v, err := c.value(x)
		if err != nil {
			return nil, err
		}
		if key.Tag == "!!merge" {
			list, ok := v.([]any)
			if !ok {
				list = []any{v}
			}
			for _, m := range list {
				m, ok := m.(map[string]any)
				if !ok {
					return nil, fmt.Errorf("line %d: << takes mappings", key.Line)
				}
				for k, v := range m {
					if _, there := merged[k]; !there {
						merged[k] = v
					}
				}
			}
			continue
		}
		if _, twice := out[key.Value]; twice {
			return nil, fmt.Errorf("line %d: %q stands there twice", key.Line, key.Value)
		}
		out[key.Value] = v
	}
	for k, v := range merged {
		if _, there := out[k]; !there {
			out[k] = v
		}
	}
	for k, v := range out {
		if v == nil {
			delete(out, k)
		}
	}
	return out, nil
}

func scalarOf(n *yaml.Node) (any, error) {
	switch n.ShortTag() {
	case "!!null":
		return nil, nil
	case "!!bool":
		var b bool
		if err := n.Decode(&b); err != nil {
			return nil, fmt.Errorf("line %d: %q is neither true nor false", n.Line, n.Value)
		}
		return b, nil
	case "!!int":
		var i int64
		if err := n.Decode(&i); err == nil {
			return json.Number(strconv.FormatInt(i, 10)), nil
		}
		var u uint64
		if err := n.Decode(&u); err != nil {
			return nil, fmt.Errorf("line %d: %q is not a number", n.Line, n.Value)
		}
		return json.Number(strconv.FormatUint(u, 10)), nil
	case "!!float":
		var f float64
		if err := n.Decode(&f); err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
			return nil, fmt.Errorf("line %d: %q is not a number", n.Line, n.Value)
		}
		if json.Valid([]byte(n.Value)) {
			return json.Number(n.Value), nil
		}
		return json.Number(strconv.FormatFloat(f, 'g', -1, 64)), nil
	}
	return n.Value, nil // also what looks like a time
}
