package keys

import (
	"fmt"
	"strings"

	"devops-tui/internal/text"
)

// Row is one line of the `keys` command.
type Row struct {
	Keys     text.Safe
	ID       string
	Title    text.Safe
	Help     text.Safe
	Group    text.Safe
	Contexts string
	Changes  bool
	Planned  text.Safe
}

// Rows returns the map for the `keys` command, group by group.
func (m *Map) Rows() []Row {
	var out []Row
	for _, g := range Groups() {
		for _, c := range m.commands {
			if c.Group != g {
				continue
			}
			where := make([]string, len(c.Contexts))
			for i, ctx := range c.Contexts {
				where[i] = ctx.String()
			}
			out = append(out, Row{c.KeyList(), c.ID, c.Title, c.Help, g.Title(), strings.Join(where, ", "), c.Changes, c.Planned})
		}
	}
	return out
}

// Text is the map as an aligned table for a terminal.
func (m *Map) Text() string {
	rows := m.Rows()
	var kw, iw int
	for _, r := range rows {
		kw, iw = max(kw, len(r.Keys.String())), max(iw, len(r.ID))
	}
	var b strings.Builder
	group := ""
	for _, r := range rows {
		if g := r.Group.String(); g != group {
			if group != "" {
				b.WriteByte('\n')
			}
			group = g
			b.WriteString(g + "\n")
		}
		fmt.Fprintf(&b, "  %-*s  %-*s  %s", kw, r.Keys, iw, r.ID, r.Help)
		if !r.Planned.Empty() {
			fmt.Fprintf(&b, " (comes with %s)", r.Planned)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// Markdown is the map as a document.
func (m *Map) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Keys\n\nThe `%s` map. Lower case looks, UPPER CASE changes, and a change always opens a plan first.\n", m.preset)
	b.WriteString("Any command can be given other keys by its name in the configuration:\n\n```yaml\nkeys:\n  describe: [d, f2]\n```\n\n")
	b.WriteString("In logs, text, charts and dialogs the keys of that place come before the global ones.\n")
	group := ""
	var planned []Row
	for _, r := range m.Rows() {
		if !r.Planned.Empty() {
			planned = append(planned, r)
			continue
		}
		if g := r.Group.String(); g != group {
			group = g
			fmt.Fprintf(&b, "\n## %s\n\n| key | command | what it does | where |\n|---|---|---|---|\n", g)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", markdownKeys(r.Keys.String()), r.ID, r.Help, r.Contexts)
	}
	if len(planned) > 0 {
		b.WriteString("\n## Not in this version\n\nThese keys are kept free; pressing one says what it comes with.\n\n| key | command | what it will do | comes with |\n|---|---|---|---|\n")
		for _, r := range planned {
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", markdownKeys(r.Keys.String()), r.ID, r.Help, r.Planned)
		}
	}
	return b.String()
}

// markdownKeys puts each key in a code span. A bar would end the table's cell.
func markdownKeys(keys string) string {
	if keys == "" {
		return "(palette)"
	}
	parts := strings.Fields(keys)
	for i, k := range parts {
		parts[i] = "`" + strings.ReplaceAll(k, "|", "\\|") + "`"
	}
	return strings.Join(parts, " ")
}
