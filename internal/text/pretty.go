package text

import (
	"bytes"
	"encoding/json"
	"strings"
)

// maxPrettyDepth bounds the indentation: what is nested deeper is no log
// line, and would grow by the square of its depth.
const maxPrettyDepth = 64

// Pretty prints a line that is a JSON object or array over several lines.
// Any other line is returned as it is.
func Pretty(l Line) []Line {
	s := strings.TrimSpace(l.text)
	if s == "" || s[0] != '{' && s[0] != '[' || nesting(s) > maxPrettyDepth {
		return []Line{l}
	}
	var b bytes.Buffer
	if err := json.Indent(&b, []byte(s), "", "  "); err != nil {
		return []Line{l}
	}
	return Document(b.String())
}

// nesting returns how deep the brackets of a JSON text go.
func nesting(s string) int {
	depth, deepest := 0, 0
	quoted := false
	for i := 0; i < len(s); i++ {
		switch b := s[i]; {
		case quoted && b == '\\':
			i++
		case b == '"':
			quoted = !quoted
		case quoted:
		case b == '{' || b == '[':
			depth++
			deepest = max(deepest, depth)
		case b == '}' || b == ']':
			depth--
		}
	}
	return deepest
}
