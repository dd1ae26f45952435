package demo

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// outline reads the definitions that this world writes: the value of each path,
// as "spec.template.spec.containers[app].image". It knows as much of YAML as
// those have: block mappings, lists of named items, values on one line.
func outline(definition string) (map[string]string, error) {
	out := map[string]string{}
	type level struct {
		indent int
		path   string
	}
	stack := []level{{-1, ""}}
	for i, raw := range strings.Split(definition, "\n") {
		line := strings.TrimSpace(raw)
		if line == "" || line[0] == '#' || line == "---" {
			continue
		}
		indent := len(raw) - len(strings.TrimLeft(raw, " "))
		item := strings.HasPrefix(line, "- ")
		if item { // an item belongs to the key above it, whose indent may be the same
			indent++
			line = strings.TrimSpace(line[2:])
		}
		key, value, ok := splitKey(line)
		if !ok {
			return nil, fmt.Errorf("line %d: %q is not \"key: value\"", i+1, line)
		}
		for len(stack) > 1 && stack[len(stack)-1].indent >= indent {
			stack = stack[:len(stack)-1]
		}
		value, err := unquoted(value)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		path := stack[len(stack)-1].path
		if item {
			path += "[" + value + "]"
			stack = append(stack, level{indent, path})
			out[path+".name"] = value
			continue
		}
		if path != "" {
			path += "."
		}
		path += key
		if value == "" && !strings.HasSuffix(line, `""`) {
			stack = append(stack, level{indent, path})
			continue
		}
		if _, twice := out[path]; twice {
			return nil, fmt.Errorf("line %d: %s stands twice", i+1, path)
		}
		out[path] = value
	}
	return out, nil
}

// splitKey cuts "key: value"; the key may be quoted.
func splitKey(line string) (key, value string, ok bool) {
	if q, err := strconv.QuotedPrefix(line); err == nil {
		key, _ = strconv.Unquote(q)
		rest, found := strings.CutPrefix(line[len(q):], ":")
		return key, strings.TrimSpace(rest), found
	}
	if k, found := strings.CutSuffix(line, ":"); found {
		return k, "", true
	}
	key, value, ok = strings.Cut(line, ": ")
	return key, strings.TrimSpace(value), ok
}

func unquoted(value string) (string, error) {
	if len(value) > 1 && (value[0] == '"' || value[0] == '\'') {
		if value[0] == '\'' && value[len(value)-1] == '\'' {
			return strings.ReplaceAll(value[1:len(value)-1], "''", "'"), nil
		}
		s, err := strconv.Unquote(value)
		if err != nil {
			return "", fmt.Errorf("%s is not closed", value)
		}
		return s, nil
	}
	return value, nil
}

// differing are the paths whose values differ, in order.
func differing(a, b map[string]string) []string {
	var out []string
	for k, v := range a {
		if w, ok := b[k]; !ok || w != v {
			out = append(out, k)
		}
	}
	for k := range b {
		if _, ok := a[k]; !ok {
			out = append(out, k)
		}
	}
	slices.Sort(out)
	return out
}
