package config

import (
	"bytes"
	"fmt"

	"gopkg.in/yaml.v3"
)

// YAML is the effective configuration as a file that reads back to the same,
// secrets redacted.
func (c *Config) YAML() ([]byte, error) {
	shown := *c
	shown.Sources = make(map[string]yaml.Node, len(c.Sources))
	var r redaction
	for id, n := range c.Sources {
		clean, err := r.copy(&n, "", 0)
		if err != nil {
			return nil, fmt.Errorf("show sources.%s: %w", id, err)
		}
		shown.Sources[id] = *clean
	}
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(&shown); err != nil {
		return nil, fmt.Errorf("write the configuration: %w", err)
	}
	return b.Bytes(), nil
}
