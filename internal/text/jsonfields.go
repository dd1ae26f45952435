package text

import (
	"encoding/json"
	"io"
	"strings"
)

// jsonFields reads a JSON object. Strings lose their quotes; what is nested
// stays JSON on one line. A key that stands twice is listed twice.
func jsonFields(s string) ([]KV, bool) {
	s = strings.TrimSpace(s)
	if len(s) < 2 || s[0] != '{' || s[len(s)-1] != '}' || nesting(s) > maxPrettyDepth {
		return nil, false
	}
	d := json.NewDecoder(strings.NewReader(s))
	d.UseNumber()
	if _, err := d.Token(); err != nil {
		return nil, false
	}
	var kv []KV
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, false
		}
		name, ok := key.(string)
		if !ok {
			return nil, false
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return nil, false
		}
		value := string(raw)
		if value[0] == '"' {
			if err := json.Unmarshal(raw, &value); err != nil {
				return nil, false
			}
		}
		kv = append(kv, KV{name, value})
	}
	if _, err := d.Token(); err != nil {
		return nil, false
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, false
	}
	return kv, true
}
