package kit

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"

	"devops-tui/internal/text"
	"devops-tui/themes"
)

// names is a table source of names; the name is the identity.
type names []string

func (n names) Len() int            { return len(n) }
func (n names) ID(i int) string     { return n[i] }
func (n names) Index(id string) int { return slices.Index(n, id) }
func (n names) Row(i int, row *Row) {
	row.Cells[0].Text = text.Clean(n[i])
}

func plain(b Block) []string {
	out := make([]string, len(b))
	for i := range b {
		out[i] = strings.TrimRight(ansi.Strip(b[i]), " ")
	}
	return out
}

func nameColumn() Column { return Column{ID: "name", Title: text.Lit("NAME"), Flex: true} }

// The selection stays on its row and the row on its line through any changes;
// if it goes, its place is taken by the row that moved there.
func TestSelectionFollowsIdentity(t *testing.T) {
	st := styles(t, "mono", colorprofile.ASCII, ASCII)
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		next := 0
		fresh := func() string {
			next++
			return "row" + string(rune('a'+next%26)) + strings.Repeat("x", next%5) + string(rune('0'+next/26%10)) + text.Int(next).String()
		}
		var rows names
		for range 5 + r.IntN(60) {
			rows = append(rows, fresh())
		}
		table := NewTable[string](nameColumn())
		h := 3 + r.IntN(20)
		table.Refresh(rows)
		table.Draw(st, 30, h)
		for range 60 {
			switch r.IntN(6) {
			case 0:
				table.MoveBy(r.IntN(9) - 4)
			case 1:
				table.Page(r.IntN(3) - 1)
			case 2:
				table.Scroll(r.IntN(7) - 3)
			case 3:
				h = 3 + r.IntN(20)
			}
			table.Draw(st, 30, h)
			was, wasIndex, ok := table.Selected()
			if !ok {
				t.Fatal("rows, but no selection")
			}
			from, _ := table.Window()
			wasLine, top := wasIndex-from, table.top

			rows = slices.Clone(rows)
			for range r.IntN(5) {
				switch i := r.IntN(len(rows)); r.IntN(4) {
				case 0:
					rows = slices.Insert(rows, i, fresh())
				case 1:
					if len(rows) > 1 {
						rows = slices.Delete(rows, i, i+1)
					}
				case 2:
					rows[i] = fresh()
				case 3:
					r.Shuffle(len(rows), func(a, b int) { rows[a], rows[b] = rows[b], rows[a] })
				}
			}
			table.Refresh(rows)
			out := plain(table.Draw(st, 30, h))
			id, index, _ := table.Selected()
			if want := slices.Index(rows, was); want >= 0 {
				if id != was || index != want {
					t.Fatalf("seed %d: selected %q at %d, want %q at %d", seed, id, index, was, want)
				}
			} else if want := min(wasIndex, len(rows)-1); index != want || id != rows[want] {
				t.Fatalf("seed %d: the row vanished from %d; now at %d, want its neighbour at %d", seed, wasIndex, index, want)
			}
			from, to := table.Window()
			shown := h - 1
			line := index - from
			free := index-wasLine >= 0 && index-wasLine <= max(len(rows)-shown, 0) && !top
			if free && line != wasLine {
				t.Fatalf("seed %d: the selected row jumped from line %d to %d", seed, wasLine, line)
			}
			if line < 0 || line >= shown {
				t.Fatalf("seed %d: the selected row is out of sight", seed)
			}
			if to-from != min(shown, len(rows)) {
				t.Fatalf("seed %d: %d rows in sight of %d, room for %d", seed, to-from, len(rows), shown)
			}
			if got := out[1+line]; !strings.HasPrefix(got, ">") || !strings.Contains(got, id) {
				t.Fatalf("seed %d: line %d is %q, want the cursor on %q", seed, line, got, id)
			}
			if hit := table.At(5, 1+line); hit.Row != index || hit.Header || hit.Column != 0 {
				t.Fatalf("seed %d: a click on the selected row hits %+v", seed, hit)
			}
		}
	}
}

func TestNewTroubleShowsAtTheTop(t *testing.T) {
	st := styles(t, "mono", colorprofile.ASCII, ASCII)
	rows := names{"a", "b", "c", "d", "e", "f"}
	table := NewTable[string](nameColumn())
	table.Refresh(rows)
	table.Draw(st, 20, 4)
	table.Refresh(append(names{"broken"}, rows...))
	out := plain(table.Draw(st, 20, 4))
	if !strings.Contains(out[1], "broken") || !strings.HasPrefix(out[2], "> ") || !strings.Contains(out[2], "a") {
		t.Fatalf("a row that arrived on top of an untouched list: %q", out)
	}
	table.MoveTo(3)
	before := plain(table.Draw(st, 20, 4))
	table.Refresh(append(names{"new1", "new2", "broken"}, rows...))
	after := plain(table.Draw(st, 20, 4))
	if before[3] != after[3] || !strings.HasPrefix(after[3], ">") {
		t.Fatalf("the selected row moved: %q, then %q", before, after)
	}
}

// Fewer columns over a list without rows: nothing is measured, and the layout is
// still made anew.
func TestColumnsChangeUnderAnEmptyList(t *testing.T) {
	st := styles(t, "mono", colorprofile.ASCII, ASCII)
	table := NewTable[string](nameColumn(), Column{ID: "cpu", Title: text.Lit("CPU")}, Column{ID: "age", Title: text.Lit("AGE")})
	table.Refresh(names{})
	table.Draw(st, 40, 5)
	table.SetColumns(nameColumn())
	if got := strings.Join(plain(table.Draw(st, 40, 5)), "\n"); strings.Contains(got, "CPU") || !strings.Contains(got, "NAME") {
		t.Errorf("%q", got)
	}
}

func TestSelectionSurvivesAnEmptyList(t *testing.T) {
	st := styles(t, "mono", colorprofile.ASCII, ASCII)
	rows := names{"a", "b", "c", "d"}
	table := NewTable[string](nameColumn())
	table.Refresh(rows)
	table.Draw(st, 20, 9)
	table.MoveTo(2)
	table.Refresh(names{}) // the source reconnects
	table.Draw(st, 20, 9)
	if _, _, ok := table.Selected(); ok || table.Position().String() != "0" {
		t.Fatal("a selection without rows")
	}
	table.Refresh(rows)
	if id, i, ok := table.Selected(); !ok || id != "c" || i != 2 {
		t.Fatalf("after the reconnect %q is selected at %d", id, i)
	}
	if got := table.Position().String(); got != "3/4" {
		t.Fatalf("position %q", got)
	}
}

// wideRow has columns of given widths.
type wideRows struct{ cells [][]string }

func (w wideRows) Len() int         { return len(w.cells) }
func (w wideRows) ID(i int) int     { return i }
func (w wideRows) Index(id int) int { return id }
func (w wideRows) Row(i int, row *Row) {
	for c := range row.Cells {
		row.Cells[c].Text = text.Clean(w.cells[i][c])
	}
	row.Glyph, row.GlyphTok = asciiGlyphs.Phase[5], themes.Failed
}

func TestColumnsHideByPriorityAndPan(t *testing.T) {
	st := styles(t, "mono", colorprofile.ASCII, ASCII)
	table := NewTable[int](
		Column{ID: "name", Title: text.Lit("NAME"), Flex: true},
		Column{ID: "status", Title: text.Lit("STATUS"), Priority: 1},
		Column{ID: "node", Title: text.Lit("NODE"), Priority: 3},
		Column{ID: "age", Title: text.Lit("AGE"), Right: true, Priority: 2, Sort: Descending},
		Column{ID: "ip", Title: text.Lit("IP"), Wide: true},
	)
	table.Refresh(wideRows{[][]string{{"api-7d9f-x2x", "CrashLoopBackOff", "node-a", "3m", "10.0.0.1"}}})
	for _, c := range []struct {
		w    int
		head string
		row  string
	}{
		{60, "   NAME                     STATUS            NODE    vAGE", ">x api-7d9f-x2x             CrashLoopBackOff  node-a    3m"},
		{44, "   NAME                STATUS            vAGE", ">x api-7d9f-x2x        CrashLoopBackOff    3m"},
		{34, "   NAME           STATUS          >", ">x api-7d9f-x2x   CrashLoopBackOff"},
		{20, "   NAME            >", ">x api-7d9f-x2x"},
	} {
		out := plain(table.Draw(st, c.w, 2))
		words := func(s string) string { return strings.Join(strings.Fields(strings.TrimSuffix(s, ">")), " ") }
		if words(out[0]) != words(c.head) {
			t.Errorf("%d: heading %q, want %q", c.w, out[0], c.head)
		}
		if hidden := c.w < 60; strings.HasSuffix(out[0], ">") != hidden {
			t.Errorf("%d: heading %q, columns hidden: %v", c.w, out[0], hidden)
		}
		if strings.Join(strings.Fields(out[1]), " ") != strings.Join(strings.Fields(c.row), " ") {
			t.Errorf("%d: row %q, want %q", c.w, out[1], c.row)
		}
	}
	table.SetWide(true)
	out := plain(table.Draw(st, 34, 2))
	if !strings.HasSuffix(out[0], ">") || strings.Contains(out[0], "IP") {
		t.Errorf("wide mode in few cells marks that there is more: %q", out)
	}
	table.Pan(2)
	out = plain(table.Draw(st, 34, 2))
	if !strings.HasPrefix(out[0], "<") || !strings.Contains(out[1], "10.0.0.1") || strings.Contains(out[0], "STATUS") || !strings.Contains(out[1], "api-7d9f-x2x") {
		t.Errorf("panned by two columns: %q", out)
	}
	if hit := table.At(len("   NAME"), 0); !hit.Header || table.Columns()[hit.Column].ID != "name" {
		t.Errorf("a click on the first heading hits %+v", hit)
	}
}

func TestWidthsDoNotFlap(t *testing.T) {
	st := styles(t, "mono", colorprofile.ASCII, ASCII)
	table := NewTable[int](Column{ID: "name", Title: text.Lit("NAME"), Flex: true}, Column{ID: "cpu", Title: text.Lit("CPU"), Right: true})
	draw := func(cpu string) []string {
		table.Refresh(wideRows{[][]string{{"api", cpu}}})
		return plain(table.Draw(st, 40, 2))
	}
	at := func([]string) int { return table.layout.cols[1].x }
	first := at(draw("9m"))
	if grown := at(draw("12345m")); grown >= first {
		t.Fatalf("the column did not grow: %d, %d", first, grown)
	}
	grown := at(draw("12345m"))
	if again := at(draw("9m")); again != grown {
		t.Fatalf("the column shrank from %d to %d", grown, again)
	}
}

func TestDrawIsKeptUntilSomethingChanges(t *testing.T) {
	st := styles(t, "dark", colorprofile.TrueColor, Unicode)
	table := NewTable[string](nameColumn())
	table.Refresh(names{"a", "b"})
	a := table.Draw(st, 20, 5)
	if n := testing.AllocsPerRun(10, func() { table.Draw(st, 20, 5) }); n != 0 {
		t.Errorf("drawing nothing new allocates %v times", n)
	}
	if b := table.Draw(st, 20, 5); &a[0] != &b[0] {
		t.Error("drawn again though nothing changed")
	}
	table.MoveBy(1)
	if b := table.Draw(st, 20, 5); b[1] == a[1] {
		t.Error("the cursor moved, the picture did not")
	}
}

// stages is a table source of stage bars with the stage's name.
type stages struct{ rows []Cell }

func (s stages) Len() int         { return len(s.rows) }
func (s stages) ID(i int) int     { return i }
func (s stages) Index(id int) int { return id }
func (s stages) Row(i int, row *Row) {
	row.Cells[0].Text, row.Cells[1] = text.Lit("web"), s.rows[i]
}

// A stage bar and its text keep to their column, whatever the width, with few
// stages and with more than it has cells.
func TestStageBarsKeepToTheirColumn(t *testing.T) {
	bar := func(done, total float64, at string) Cell {
		return Cell{Text: text.Clean(at), Pic: Pic{Kind: Stages, Value: done, Max: total, Cells: 6}}
	}
	src := stages{[]Cell{bar(2, 4, "build"), bar(3, 40, "测试部署"), bar(9, 3, ""), bar(0, 0, "queued"), bar(1, 1, strings.Repeat("x", 90)), {}}}
	for _, mode := range []GlyphMode{Unicode, ASCII} {
		st := styles(t, "mono", colorprofile.ASCII, mode)
		for w := 1; w < 90; w++ {
			table := NewTable[int](nameColumn(), Column{ID: "stage", Title: text.Lit("STAGE"), Max: 20}, Column{ID: "end", Title: text.Lit("END")})
			table.Refresh(src)
			for y, l := range table.Draw(st, w, 8) {
				if n := ansi.StringWidth(l); n != w {
					t.Fatalf("%d cells: line %d is %d wide: %q", w, y, n, l)
				}
			}
		}
		table := NewTable[int](nameColumn(), Column{ID: "stage", Title: text.Lit("STAGE"), Max: 20})
		table.Refresh(src)
		got := strings.Join(plain(table.Draw(st, 40, 8)), "\n")
		want := []string{"▰▰▱▱ build", "▱▱▱▱▱▱ 测试部署", "▰▰▰", "queued"}
		if mode == ASCII {
			want = []string{"##.. build", "...... 测试部署", "###", "queued"}
		}
		for _, x := range want {
			if !strings.Contains(got, x) {
				t.Errorf("%q is not in\n%s", x, got)
			}
		}
	}
}
