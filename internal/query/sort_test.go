package query

import (
	"cmp"
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

func row1(name string, change func(*core.Resource)) *core.Resource {
	r := &core.Resource{Ref: core.Ref{Source: "kube", Scope: "c", Kind: "pod", Namespace: "ns", Name: name}, Phase: core.Running, Cells: make([]core.Cell, len(podKind.Columns))}
	if change != nil {
		change(r)
	}
	return r
}

func order(rows []*core.Resource) string {
	names := make([]string, len(rows))
	for i, r := range rows {
		names[i] = r.Ref.Name
	}
	return strings.Join(names, " ")
}

func TestSortTroubleFirst(t *testing.T) {
	phase := func(p core.Phase, changed, started int64) func(*core.Resource) {
		return func(r *core.Resource) {
			r.Phase, r.Changed, r.Started = p, changed*int64(time.Minute), started*int64(time.Minute)
		}
	}
	rows := []*core.Resource{
		row1("old", phase(core.Running, 0, 5)), row1("done", phase(core.Succeeded, 0, 9)), row1("new", phase(core.Running, 7, 1)),
		row1("pending", phase(core.Pending, 0, 0)), row1("unknown", phase(core.Unknown, 0, 0)), row1("b10", phase(core.Degraded, 3, 0)), row1("b9", phase(core.Degraded, 3, 0)),
		row1("failed-long-ago", phase(core.Failed, 1, 0)), row1("failed-now", phase(core.Failed, 8, 0)), row1("failed-now-2", phase(core.Failed, 8, 0)),
	}
	rows[len(rows)-1].Changed += int64(50 * time.Second) // the same minute: no reason to change places
	Sorter{}.Sort(rows, OneKind(podKind), nil)
	const want = "failed-now failed-now-2 failed-long-ago b9 b10 pending unknown done new old"
	if got := order(rows); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestSortByColumn(t *testing.T) {
	cpu := map[string]float64{"a": 100, "b": math.NaN(), "c": 300}
	usage := func(r core.Ref) *core.Usage {
		v, ok := cpu[r.Name]
		if !ok {
			return nil
		}
		u := sample(r)
		u.Values[core.CPUUsed], u.Values[core.NetRx] = v, -v
		return u
	}
	rows := func() []*core.Resource {
		out := []*core.Resource{
			row1("d", func(r *core.Resource) { r.Cells[3].Num, r.Started, r.Cells[8].Text = 9, 1e9, text.Clean("n10") }),
			row1("b", func(r *core.Resource) {
				r.Cells[3].Num, r.Started, r.Cells[8].Text, r.Phase = 10, 3e9, text.Clean("n9"), core.Failed
			}),
			row1("c", func(r *core.Resource) { r.Cells[3].Num, r.Started, r.Ref.Namespace = 2, 2e9, "z" }),
			row1("a", func(r *core.Resource) { r.Cells[3].Num, r.Cells[8].Text, r.Ref.Scope = 9, text.Clean("n9"), "b" }),
		}
		return out
	}
	for _, c := range []struct {
		s    Sorter
		want string
	}{
		{Sorter{Column: "restarts"}, "c a d b"},
		{Sorter{Column: "restarts", Desc: true}, "b a d c"},
		{Sorter{Column: "cpu"}, "a c b d"}, // b is NaN, d has no sample: unknown stays last, in both directions
		{Sorter{Column: "cpu", Desc: true}, "c a b d"},
		{Sorter{Column: "rx"}, "c a b d"}, // a measure that is no column
		{Sorter{Column: "name"}, "a b c d"},
		{Sorter{Column: "name", Desc: true}, "d c b a"},
		{Sorter{Column: "node"}, "a b d c"}, // n9 before n10, the empty last
		{Sorter{Column: "node", Desc: true}, "d a b c"},
		{Sorter{Column: "age"}, "b c d a"},
		{Sorter{Column: "age", Desc: true}, "d c b a"},
		{Sorter{Column: "status"}, "b a d c"},
		{Sorter{Column: "namespace", Desc: true}, "c a b d"},
		{Sorter{Column: "scope"}, "a b d c"},
		{Sorter{Column: "nonsense"}, "a b d c"},
	} {
		got := rows()
		c.s.Sort(got, OneKind(podKind), usage)
		if order(got) != c.want {
			t.Errorf("%+v: %s, want %s", c.s, order(got), c.want)
		}
		compared := rows()
		slices.SortStableFunc(compared, c.s.Compare(OneKind(podKind), usage))
		if order(compared) != c.want {
			t.Errorf("%+v: Compare says %s", c.s, order(compared))
		}
	}
	if !(Sorter{Column: "cpu"}).NeedsUsage(podKind.Columns) || !(Sorter{Column: "rx"}).NeedsUsage(nil) || (Sorter{Column: "restarts"}).NeedsUsage(podKind.Columns) || (Sorter{}).NeedsUsage(podKind.Columns) {
		t.Error("NeedsUsage is wrong")
	}
}

func TestNatural(t *testing.T) {
	sorted := []string{"", "01", "1", "2", "10", "a", "A1", "a2", "a02b", "a10", "a10b", "api-2-x", "api-10-a", "b", "b00000000000000000000000000001", "b123456789012345678901234567890", "b123456789012345678901234567891"}
	for i, a := range sorted {
		for j, b := range sorted {
			if got := natural(a, b); (got < 0) != (i < j) || (got == 0) != (i == j) {
				t.Errorf("natural(%q, %q) = %d", a, b, got)
			}
		}
	}
}

// TestOrderIsTotal: for random rows every order is antisymmetric and
// transitive, which is what sorting needs to end in one place.
func TestOrderIsTotal(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	names := []string{"", "a", "A", "a1", "a01", "a10", "b", "ü", "1", "01"}
	any := func() *core.Resource {
		return row1(names[rng.IntN(len(names))], func(r *core.Resource) {
			r.Phase, r.Changed, r.Started = core.Phase(rng.IntN(6)), int64(rng.IntN(3)), int64(rng.IntN(3))
			r.Cells[3].Num, r.Cells[8].Text = float64(rng.IntN(3)), text.Clean(names[rng.IntN(len(names))])
			r.Cells = r.Cells[:rng.IntN(len(r.Cells)+1)]
		})
	}
	for _, column := range []string{"", "restarts", "node", "name", "age", "status", "seen", "cpu"} {
		for _, desc := range []bool{false, true} {
			less := Sorter{column, desc}.Compare(OneKind(podKind), nil)
			for range 3000 {
				a, b, c := any(), any(), any()
				if cmp.Compare(less(a, b), 0) != -cmp.Compare(less(b, a), 0) {
					t.Fatalf("%s: not antisymmetric: %v %v", column, a.Ref, b.Ref)
				}
				if less(a, b) <= 0 && less(b, c) <= 0 && less(a, c) > 0 {
					t.Fatalf("%s: not transitive: %v %v %v", column, a.Ref, b.Ref, c.Ref)
				}
			}
		}
	}
}

// FuzzRegexPrefilter: ruling rows out by a required text never changes what an
// expression matches.
func FuzzRegexPrefilter(f *testing.F) {
	for _, s := range []string{"x2x$", "a|b", "(ab)+c?", "k", "ſ", "[a-c]ab", "^api-\\d+", "a{2,3}b", "(?i)S"} {
		f.Add(s, "API-12 ſK ab aab x2x")
	}
	f.Fuzz(func(t *testing.T, expr, s string) {
		p, err := newRegex(expr)
		if err != nil || len(expr) > 200 || len(s) > 1000 {
			return
		}
		want := p.re.MatchString(s)
		if p.match(s) != want {
			t.Errorf("%q on %q: the prefilter %q (fold %v) says %v", expr, s, p.text, p.fold, !want)
		}
	})
}

func TestRegexIsTheLibrarys(t *testing.T) {
	if p, err := newRegex("x2x$"); err != nil || p.text != "x2x" || !p.fold {
		t.Errorf("%+v, %v", p, err)
	}
	if p, err := newRegex("a|bcd"); err != nil || p.text != "" {
		t.Errorf("%+v, %v", p, err)
	}
	p, _ := newRegex("kſ")
	if !p.match("\u212as") || !regexp.MustCompile("(?i)kſ").MatchString("\u212as") {
		t.Error("folding beyond ASCII is lost")
	}
}

func BenchmarkSort(b *testing.B) {
	all := rows(10_000)
	u := sample(core.Ref{})
	usage := func(core.Ref) *core.Usage { return u }
	for _, column := range []string{"", "restarts", "name", "cpu"} {
		b.Run("by "+column, func(b *testing.B) {
			scratch := make([]*core.Resource, len(all))
			b.ReportAllocs()
			for b.Loop() {
				copy(scratch, all)
				Sorter{Column: column}.Sort(scratch, OneKind(podKind), usage)
			}
		})
	}
}
