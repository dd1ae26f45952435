package kube

import "strings"

// redactHelm hides what an application hands to a chart under a secret's name:
// parameters, values, and values as a text.
func redactHelm(v any) {
	switch v := v.(type) {
	case map[string]any:
		for key, x := range v {
			switch list := x.(type) {
			case []any:
				if key == "parameters" || key == "fileParameters" {
					redactParameters(list)
				}
			case string:
				if key == "values" {
					v[key] = redactValues(list)
				}
			case map[string]any:
				if key == "valuesObject" {
					redactKeys(list)
				}
			}
			redactHelm(v[key])
		}
	case []any:
		for _, x := range v {
			redactHelm(x)
		}
	}
}

func redactParameters(list []any) {
	for _, e := range list {
		if m, ok := e.(map[string]any); ok && secretName(scalar(m["name"])) {
			for _, k := range []string{"value", "string", "array", "map"} {
				if m[k] != nil {
					m[k] = "(hidden)"
				}
			}
		}
	}
}

// redactKeys hides the values of keys that are named like a secret, however deep.
func redactKeys(v any) {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			if _, deep := x.(map[string]any); secretName(k) && !deep && x != nil && x != "" {
				v[k] = "(hidden)"
				continue
			}
			redactKeys(x)
		}
	case []any:
		for _, x := range v {
			redactKeys(x)
		}
	}
}

// redactValues hides them in YAML that is kept as a text: the rest of the line,
// and the lines below it that belong to it.
func redactValues(s string) string {
	lines := strings.Split(s, "\n")
	under := -1 // the indentation of a hidden key
	out := lines[:0:0]
	for _, l := range lines {
		indent := len(l) - len(strings.TrimLeft(l, " "))
		if under >= 0 && (strings.TrimSpace(l) == "" || indent > under) {
			continue // of the value before
		}
		under = -1
		name, _, ok := strings.Cut(strings.TrimLeft(l, " -"), ":")
		if ok && secretName(name) {
			under = indent
			l = l[:strings.Index(l, ":")+1] + " (hidden)"
		}
		out = append(out, l)
	}
	return strings.Join(out, "\n")
}
