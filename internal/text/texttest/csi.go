package texttest

import (
	"slices"
	"strings"
)

// drawing are the control sequences that Bubble Tea's renderer draws with,
// as prefix, intermediates and final.
var drawing = []string{
	"m",
	"A", "B", "C", "D", "E", "F", "G", "H", "I", "Z", "`", "a", "d", "e", "f", // the cursor
	"J", "K", "X", "@", "P", "L", "M", "S", "T", "b", "r", // erase, insert, delete, scroll, repeat, margins
	"?h", "?l", "?$p", // modes, by their numbers below
	"?W", " q", // tab stops, the cursor's shape
	">m", ">u", "<u", "=u", "?u", // key reporting
}

// modes are the private modes that Bubble Tea sets: cursor keys, cursor,
// mouse, focus, alternate screen, paste, synchronised output, graphemes,
// resize reports.
var modes = []string{
	"1", "25", "1000", "1002", "1003", "1004", "1006", "1049", "2004", "2026", "2027", "2048",
}

// endCSI checks a complete control sequence.
func (g *Gate) endCSI() {
	body := string(g.seq[2 : len(g.seq)-1])
	final := string(g.seq[len(g.seq)-1])
	prefix := ""
	if body != "" && body[0] >= '<' {
		prefix, body = body[:1], body[1:]
	}
	params := strings.TrimRight(body, " !\"#$%&'()*+,-./")
	name := prefix + body[len(params):] + final
	if slices.Contains(g.csi, name) {
		return
	}
	if !slices.Contains(drawing, name) {
		g.report("control sequence %q", g.seq)
		return
	}
	for i := range len(params) {
		if b := params[i]; (b < '0' || b > '9') && b != ';' && b != ':' {
			g.report("control sequence %q with strange parameters", g.seq)
			return
		}
	}
	switch name {
	case "?h", "?l", "?$p":
		for m := range strings.SplitSeq(params, ";") {
			if !slices.Contains(modes, m) {
				g.report("private mode in %q", g.seq)
			}
		}
	case "m":
		if hides(params) {
			g.report("blinking or concealed text by %q", g.seq)
		}
	}
}

// hides reports whether SGR parameters switch on blink or conceal.
func hides(params string) bool {
	p := strings.Split(params, ";")
	for i := 0; i < len(p); i++ {
		switch p[i] {
		case "5", "6", "8":
			return true
		case "38", "48", "58":
			if i+1 < len(p) && p[i+1] == "5" {
				i += 2
			} else {
				i += 4
			}
		}
	}
	return false
}
