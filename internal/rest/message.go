package rest

import (
	"encoding/json"
	"fmt"
	"html"
	"maps"
	"regexp"
	"slices"
	"strings"
)

const maxMessage = 500

var (
	htmlTitle = regexp.MustCompile(`(?is)<title[^>]*>(.*?)</title>`)
	spaces    = regexp.MustCompile(`\s+`)
)

// message is what the server says in the body of a refusal; raw text.
func message(contentType string, body []byte) string {
	var m string
	var v any
	switch {
	case json.Unmarshal(body, &v) == nil:
		m = words(v, 0)
	case strings.Contains(contentType, "html"):
		if t := htmlTitle.FindSubmatch(body); t != nil {
			m = html.UnescapeString(string(t[1]))
		}
	case strings.HasPrefix(contentType, "text/plain"), contentType == "":
		m, _, _ = strings.Cut(strings.TrimSpace(string(body)), "\n")
	}
	m = strings.TrimSpace(spaces.ReplaceAllString(m, " "))
	if len(m) > maxMessage {
		m = strings.ToValidUTF8(m[:maxMessage], "") + "…"
	}
	return m
}

// words finds the sentence in what APIs answer: message, error,
// error_description, detail, and the details below errors.
func words(v any, depth int) string {
	if depth > 4 {
		return ""
	}
	switch v := v.(type) {
	case string:
		return v
	case []any:
		var parts []string
		for _, item := range v {
			if s := words(item, depth+1); s != "" {
				parts = append(parts, s)
			}
			if len(parts) == 5 {
				break
			}
		}
		return strings.Join(parts, "; ")
	case map[string]any:
		for _, k := range []string{"message", "error_description", "error", "detail", "title"} {
			s := words(v[k], depth+1)
			if s == "" {
				continue
			}
			if more := words(v["errors"], depth+1); more != "" && !strings.Contains(s, more) {
				s += ": " + more
			}
			return s
		}
		if depth == 0 {
			return words(v["errors"], depth+1)
		}
		// Fields with what is wrong with each.
		var parts []string
		for _, k := range slices.Sorted(maps.Keys(v)) {
			if s := words(v[k], depth+1); s != "" {
				parts = append(parts, fmt.Sprintf("%s %s", k, s))
			}
		}
		return strings.Join(parts, ", ")
	}
	return ""
}
