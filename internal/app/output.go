package app

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"github.com/charmbracelet/colorprofile"
	"github.com/spf13/pflag"

	"devops-tui/internal/config"
	"devops-tui/internal/text"
	"devops-tui/internal/views/kit"
	"devops-tui/themes"
)

// outputFlag adds -o with the formats that a command knows, the default first.
func outputFlag(fs *pflag.FlagSet, formats ...string) {
	fs.StringP("output", "o", formats[0], "output `FORMAT`: "+strings.Join(formats, " or "))
}

// output checks -o.
func (r *run) output(formats ...string) (string, error) {
	o, _ := r.flags.GetString("output")
	if !slices.Contains(formats, o) {
		return "", badUsage("output format", o, formats)
	}
	return o, nil
}

// writeJSON writes a value; indent is for documents, not for lines.
func writeJSON(w io.Writer, v any, indent bool) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if indent {
		enc.SetIndent("", "  ")
	}
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	if _, err := w.Write(escapeControls(b.Bytes())); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	return nil
}

// escapeControls writes what a terminal could obey or hide (C1 controls,
// bidirectional and invisible characters) as \u escapes: the same JSON, safe
// to look at.
func escapeControls(b []byte) []byte {
	risky := func(c rune) bool {
		return c >= 0x7f && c <= 0x9f || unicode.In(c, unicode.Cf, unicode.Zl, unicode.Zp)
	}
	if !bytes.ContainsFunc(b, risky) {
		return b
	}
	out := make([]byte, 0, len(b)+64)
	for _, c := range string(b) {
		switch {
		case !risky(c):
			out = append(out, string(c)...)
		case c > 0xffff:
			c -= 0x10000
			out = fmt.Appendf(out, `\u%04x\u%04x`, 0xd800+c>>10, 0xdc00+c&0x3ff)
		default:
			out = fmt.Appendf(out, `\u%04x`, c)
		}
	}
	return out
}

// painter colours what commands print: on a terminal that has colours only.
type painter struct{ styles *kit.Styles }

// painter makes one for stdout. Without a chosen theme the terminal's own
// colours are used, which suit any background.
func (r *run) painter(cfg *config.Config) painter {
	if !r.terminal(r.stdout) {
		return painter{}
	}
	profile := r.profile(r.stdout)
	if profile <= colorprofile.ASCII {
		return painter{}
	}
	set, chosen, err := r.themeSet(cfg)
	if err != nil {
		return painter{}
	}
	if chosen == nil {
		chosen, _ = set.Get("terminal")
	}
	if chosen == nil {
		return painter{}
	}
	return painter{kit.NewStyles(chosen, profile, kit.Unicode)}
}

func (p painter) paint(tok themes.Token, s string) string {
	if p.styles == nil || strings.TrimSpace(s) == "" {
		return s
	}
	return p.styles.Lip(tok).Render(s)
}

// field is one cell of a printed table.
type field struct {
	text  text.Safe
	tok   themes.Token
	right bool
}

// plainField is a cell in the ordinary colour.
func plainField(s text.Safe) field { return field{text: s, tok: themes.FG} }

// printTable writes rows with aligned columns, two spaces apart; the last
// column is not padded.
func (p painter) printTable(w io.Writer, rows [][]field) {
	var width []int
	for _, row := range rows {
		for i, f := range row {
			if i == len(width) {
				width = append(width, 0)
			}
			width[i] = max(width[i], f.text.Width())
		}
	}
	var b strings.Builder
	for _, row := range rows {
		b.Reset()
		for i, f := range row {
			if i > 0 {
				b.WriteString("  ")
			}
			pad := strings.Repeat(" ", max(width[i]-f.text.Width(), 0))
			if f.right {
				b.WriteString(pad)
			}
			b.WriteString(p.paint(f.tok, f.text.String()))
			if !f.right && i < len(row)-1 {
				b.WriteString(pad)
			}
		}
		fmt.Fprintln(w, strings.TrimRight(b.String(), " "))
	}
}
