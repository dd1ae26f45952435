package kube

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"gopkg.in/yaml.v3"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// Manifest returns the live object as YAML, without managed fields and
// without secrets.
func (s *Source) Manifest(ctx context.Context, ref core.Ref) (core.Document, error) {
	if ref.Kind == kindRelease {
		return s.releaseManifest(ctx, ref)
	}
	k, o, err := s.fetch(ctx, ref)
	if err != nil {
		return core.Document{}, err
	}
	redact(o)
	b, err := toYAML(o)
	if err != nil {
		return core.Document{}, s.problem(text.Sprintf("cannot write %s %s as YAML", k.Name, ref.Name), err)
	}
	return core.Document{Title: text.Sprintf("%s/%s", k.Name, ref.Name), Syntax: "yaml", Lines: text.Document(string(b))}, nil
}

// toYAML writes o with sorted keys, which is the usual order of a manifest.
func toYAML(o tree) ([]byte, error) {
	var out bytes.Buffer
	e := yaml.NewEncoder(&out)
	e.SetIndent(2)
	if err := e.Encode(numbers(map[string]any(o))); err != nil {
		return nil, fmt.Errorf("encode YAML: %w", err)
	}
	return out.Bytes(), e.Close()
}

// numbers makes json.Number real numbers, which YAML does not quote.
func numbers(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			v[k] = numbers(x)
		}
	case []any:
		for i, x := range v {
			v[i] = numbers(x)
		}
	case json.Number:
		if i, err := v.Int64(); err == nil {
			return i
		}
		f, _ := v.Float64()
		return f
	}
	return v
}
