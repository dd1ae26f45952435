package e2e

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// row is one row of a table as it is read from the screen: the text of each
// column by its title.
type row struct {
	cells    map[string]string
	glyph    string // of the phase
	selected bool
}

func (r row) name() string { return r.cells["NAME"] }

// key is the row's identity within one kind.
func (r row) key() string {
	if ns := r.cells["NAMESPACE"]; ns != "" {
		return ns + "/" + r.name()
	}
	return r.name()
}

// field is a run of text between gaps of two spaces or more.
type field struct {
	text     string
	from, to int
}

func fields(line []rune) (out []field) {
	for i := 0; i < len(line); {
		if line[i] == ' ' {
			i++
			continue
		}
		from, end := i, i
		for i < len(line) && (line[i] != ' ' || i+1 < len(line) && line[i+1] != ' ') {
			if i++; line[i-1] != ' ' {
				end = i
			}
		}
		out = append(out, field{string(line[from:end]), from, end})
	}
	return out
}

// table reads the table of the one framed list that the screen shows; nil if
// there is none.
func table(screen string) (rows []row) {
	var columns []field
	for _, s := range strings.Split(screen, "\n") {
		line := []rune(s)
		if len(line) < 8 || line[0] != '│' || line[len(line)-1] != '│' && line[len(line)-1] != '┃' {
			if columns != nil {
				break
			}
			continue
		}
		cells := line[4 : len(line)-1]
		if columns == nil {
			if f := fields(cells); strings.TrimSpace(string(line[1:4])) == "" && slices.ContainsFunc(f, func(f field) bool { return strings.TrimRight(f.text, "▲▼↑↓") == "NAME" }) {
				columns = f
			}
			continue
		}
		r := row{cells: map[string]string{}, selected: line[1] == '▸', glyph: string(line[2])}
		for _, f := range fields(cells) {
			if c := columnOf(columns, f); c != "" {
				r.cells[c] = f.text
			}
		}
		if r.name() != "" {
			rows = append(rows, r)
		}
	}
	return rows
}

// columnOf is the title that a cell stands under: they begin or end together.
func columnOf(columns []field, f field) string {
	best, title := 0, ""
	for _, c := range columns {
		name := strings.TrimRight(c.text, "▲▼↑↓›")
		if c.from == f.from || c.to == f.to {
			return name
		}
		if o := min(c.to, f.to) - max(c.from, f.from); o > best {
			best, title = o, name
		}
	}
	return title
}

// rowOf is the row of that name on the screen.
func rowOf(screen, name string) (row, bool) {
	rows := table(screen)
	i := slices.IndexFunc(rows, func(r row) bool { return r.name() == name })
	if i < 0 {
		return row{}, false
	}
	return rows[i], true
}

// shows is a condition for WaitFor: the named row has that status.
func shows(name, status string) func(string) bool {
	return func(s string) bool {
		r, ok := rowOf(s, name)
		return ok && r.cells["STATUS"] == status
	}
}

func selected(screen string) string {
	for _, r := range table(screen) {
		if r.selected {
			return r.key()
		}
	}
	return ""
}

var positionMark = regexp.MustCompile(` (\d+)/(\d+) ─+╯`)

// position is the selected row's number and how many rows the list has.
func position(screen string) (at, of int) {
	if m := positionMark.FindStringSubmatch(screen); m != nil {
		at, _ = strconv.Atoi(m[1])
		of, _ = strconv.Atoi(m[2])
	}
	return at, of
}

// all reads a whole list by paging through it; of is how many rows the list
// says it has. A list that changes meanwhile may be read wrong: try again.
func (c *cockpit) all() (rows map[string]row, of int) {
	c.t.Helper()
	rows = map[string]row{}
	c.Send("g")
	moved := func(from int) func(string) bool {
		return func(s string) bool { at, _ := position(s); return at != from }
	}
	c.Seen(time.Second, func(s string) bool { at, _ := position(s); return at == 1 })
	for range 100 {
		s := c.Screen()
		for _, r := range table(s) {
			rows[r.key()] = r
		}
		var at int
		if at, of = position(s); at == of {
			break
		}
		c.Send("pgdown")
		c.Seen(time.Second, moved(at))
	}
	return rows, of
}

func TestTheTableOfAScreenIsRead(t *testing.T) {
	screen := strings.Join([]string{
		" Cockpit ▸ Containers       docker ● ",
		"╭ Containers  2 1✗ ───────────────────────────────╮",
		"│   NAME         STATUS          NET RX   RESTARTS│",
		"│▸✗ shop mailer  restarting (1)                  7│",
		"│ ● api          running           0B/s          0│",
		"│                                                 │",
		"╰─────────────────────────────────────────────────╯",
	}, "\n")
	rows := table(screen)
	want := []string{
		"true ✗ map[NAME:shop mailer RESTARTS:7 STATUS:restarting (1)]",
		"false ● map[NAME:api NET RX:0B/s RESTARTS:0 STATUS:running]",
	}
	for i, r := range rows {
		if got := fmt.Sprint(r.selected, " ", r.glyph, " ", r.cells); i >= len(want) || got != want[i] {
			t.Errorf("row %d: %s", i, got)
		}
	}
	if len(rows) != 2 {
		t.Errorf("%d rows", len(rows))
	}
}
