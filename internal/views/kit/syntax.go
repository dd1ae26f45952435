package kit

import (
	"strings"

	"devops-tui/themes"
)

// color cuts a line into pieces by the document's syntax. It looks at one
// line alone, so that any part of a document can be drawn; what a line cannot
// tell (that it is inside a block scalar) is coloured like the rest.
func (d *Doc) color(s string) {
	switch d.syntax {
	case "yaml", "json": // JSON is YAML on one line each
		d.colorYAML(s)
	case "diff":
		tok := themes.FG
		switch {
		case strings.HasPrefix(s, "+++"), strings.HasPrefix(s, "---"):
			tok = themes.Header
		case strings.HasPrefix(s, "+"):
			tok = themes.OK
		case strings.HasPrefix(s, "-"):
			tok = themes.Failed
		case strings.HasPrefix(s, "@@"):
			tok = themes.Accent
		}
		d.piece(len(s), tok)
	default:
		d.piece(len(s), themes.FG)
	}
}

func (d *Doc) piece(end int, tok themes.Token) {
	if n := len(d.paint.pieces); end > 0 && (n == 0 || d.paint.pieces[n-1].end < end) {
		d.paint.pieces = append(d.paint.pieces, piece{end, d.st.On(d.paint.surface, tok)})
	}
}

// colorYAML tells keys, values and comments apart.
func (d *Doc) colorYAML(s string) {
	at := 0
	for at < len(s) && (s[at] == ' ' || s[at] == '-' && at+1 < len(s) && s[at+1] == ' ') {
		at++
	}
	d.piece(at, themes.Muted)
	rest := s[at:]
	if strings.HasPrefix(rest, "#") || rest == "---" || rest == "..." {
		d.piece(len(s), themes.Muted)
		return
	}
	if k := keyEnd(rest); k > 0 {
		d.piece(at+k, themes.Accent)
		d.piece(at+k+1, themes.Muted) // the colon
		at += k + 1
	}
	value, comment := s[at:], ""
	if c := strings.Index(value, " #"); c >= 0 && !strings.ContainsAny(value[:c], `"'`) {
		value, comment = value[:c], value[c:]
	}
	d.piece(at+len(value), valueToken(strings.TrimRight(strings.TrimSpace(value), ",")))
	d.piece(at+len(value)+len(comment), themes.Muted)
}

// keyEnd returns where the key of "key: value" ends, 0 if there is none.
func keyEnd(s string) int {
	i := 0
	if s != "" && (s[0] == '"' || s[0] == '\'') {
		end := strings.IndexByte(s[1:], s[0])
		if end < 0 {
			return 0
		}
		i = end + 2
		if i >= len(s) || s[i] != ':' {
			return 0
		}
	} else if i = strings.Index(s, ": "); i < 0 {
		if !strings.HasSuffix(s, ":") {
			return 0
		}
		i = len(s) - 1
	}
	if i+1 < len(s) && s[i+1] != ' ' {
		return 0
	}
	return i
}

// valueToken tells words from numbers, and those from what is nothing.
func valueToken(v string) themes.Token {
	switch v {
	case "", "|", "|-", ">", ">-", "{}", "[]", "{", "[", "}", "]", "null", "~", "<redacted>":
		return themes.Muted
	case "true", "false":
		return themes.Chart2
	}
	if c := v[0]; c >= '0' && c <= '9' || c == '-' && len(v) > 1 {
		if strings.Trim(v, "-0123456789.eE+") == "" {
			return themes.Chart2
		}
	}
	return themes.FG
}
