package logs

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"devops-tui/internal/core"
	"devops-tui/internal/query"
	"devops-tui/internal/store"
	"devops-tui/internal/text"
	"devops-tui/internal/views/kit"
)

var (
	build = &core.Origin{Label: text.Lit("build")}
	check = &core.Origin{Label: text.Lit("check")}
)

// feed puts lines into a log: "+title" opens a group, "-" closes it, "!text" is
// an error, "| text" is of another origin, "@n" stands before the n-th second.
func feed(l *store.Log, at *int64, lines ...string) {
	for _, s := range lines {
		*at += 1e9
		x := core.Line{Time: *at, Origin: build}
		if rest, ok := strings.CutPrefix(s, "| "); ok {
			x.Origin, s = check, rest
		}
		switch s[0] {
		case '+':
			x.Group, s = core.GroupOpen, s[1:]
		case '-':
			x.Group, s = core.GroupClose, ""
		case '!':
			x.Level = core.LevelError
		}
		x.Text = text.CleanLine(s)
		l.Lines([]core.Line{x})
	}
}

// shown is what a view would draw: titles with a mark and their count.
func shown(l *lines) string {
	var out []string
	for i := range l.Len() {
		x := l.At(i)
		s := x.Text.String()
		switch x.Title {
		case kit.OpenTitle:
			s = fmt.Sprintf("v%s/%d", s, x.Lines)
		case kit.FoldedTitle:
			s = fmt.Sprintf(">%s/%d", s, x.Lines)
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

func follow(l *lines, log *store.Log) { l.update(log.View()) }

func TestGroupsFoldWhenTheyClose(t *testing.T) {
	log, l, at := store.NewLog(0, 0, nil), &lines{}, int64(1e12)
	step := func(want string, in ...string) {
		t.Helper()
		feed(log, &at, in...)
		follow(l, log)
		if got := shown(l); got != want {
			t.Errorf("after %v:\n%s\nwant %s", in, got, want)
		}
	}
	step("a", "a")
	step("a vset/2 1 2", "+set", "1", "2") // it goes on: one reads it
	step("a >set/2 b", "-", "b")
	step("a >set/2 b vtest/2 t1 !bad", "+test", "t1", "!bad")
	step("a >set/2 b vtest/2 t1 !bad", "-") // the first error stays in sight
	step("a >set/2 b vtest/2 t1 !bad >post/1", "+post", "!again", "-")
	step("a >set/2 b vtest/2 t1 !bad >post/1 vouter/3 o1 vinner/2 i1 o2", "+outer", "o1", "+inner", "i1", "o2")
	if x := l.groups.all; len(x) != 5 || x[4].parent != 3 {
		t.Errorf("groups %+v", x)
	}
}

// "ERROR: Job failed" stands behind the section that says why: that one stays
// open.
func TestTheGroupBeforeAnErrorOutsideStaysOpen(t *testing.T) {
	log, l, at := store.NewLog(0, 0, nil), &lines{}, int64(1e12)
	feed(log, &at, "| +other", "| 1", "| 2", "| 3", "| -", "+set", "1", "-", "+script", "1", "why", "-", "+clean", "1", "-", "!job failed", "!again")
	follow(l, log)
	if got, want := shown(l), ">other/3 >set/1 vscript/2 1 why >clean/1 !job failed !again"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// The lines of two jobs stand between each other; each has groups of its own.
func TestGroupsOfSeveralOrigins(t *testing.T) {
	log, l, at := store.NewLog(0, 0, nil), &lines{}, int64(1e12)
	feed(log, &at, "+set", "| +lint", "s1", "| l1", "s2", "-", "| l2", "| !bad", "out", "| -", "| tail")
	follow(l, log)
	if got, want := shown(l), ">set/2 vlint/3 l1 l2 !bad out tail"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// A search opens the groups that it finds something in, and lets go of them
// again; matches only, and what is saved, know no groups.
func TestASearchOpensGroups(t *testing.T) {
	log, l, at := store.NewLog(0, 0, nil), &lines{}, int64(1e12)
	feed(log, &at, "+one", "needle", "-", "+two", "hay", "-")
	follow(l, log)
	search := func(words, want string) {
		t.Helper()
		l.search, _ = query.ParseText(words)
		l.restart()
		if got := shown(l); got != want {
			t.Errorf("/%s: %s, want %s", words, got, want)
		}
	}
	search("needle", "vone/1 needle >two/1")
	feed(log, &at, "+three", "a needle too", "-")
	follow(l, log)
	search("needle", "vone/1 needle >two/1 vthree/1 a needle too")
	search("", ">one/1 >two/1 >three/1")
	l.only = true
	search("needle", "needle a needle too")
	l.only = false
	search("", ">one/1 >two/1 >three/1")
	if got := l.plain(func(int64) text.Safe { return text.Lit("T") }); len(got) != 6 || got[1] != "T build needle" {
		t.Errorf("saved %q", got)
	}
}

// What the user folded or opened stays so, whatever comes before or after it.
func TestTheUsersFoldsStay(t *testing.T) {
	log, l, at := store.NewLog(0, 0, nil), &lines{}, int64(1e12)
	feed(log, &at, "+one", "1", "-", "+two", "2")
	follow(l, log)
	toggle := func(line int, want string) {
		t.Helper()
		if !l.groups.toggle(l.At(line).Pos) {
			t.Fatal("no group there")
		}
		l.refold()
		if got := shown(l); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	toggle(0, "vone/1 1 vtwo/1 2")
	toggle(3, "vone/1 1 >two/1") // from a line inside
	feed(log, &at, "-", "+three", "3", "-")
	early := int64(1e12 - 5e9)
	feed(log, &early, "early") // before all others
	follow(l, log)
	if got, want := shown(l), "early vone/1 1 >two/1 >three/1"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	l.groups.toggleAll()
	l.refold()
	if got, want := shown(l), "early >one/1 >two/1 >three/1"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	l.groups.toggleAll()
	l.refold()
	if got, want := shown(l), "early vone/1 1 vtwo/1 2 vthree/1 3"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// Following a log batch by batch, with lines that come late and a buffer that
// drops, shows what reading it at once does.
func TestFollowedGroupsEqualFreshOnes(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 7))
		log, l, at := store.NewLog(60+r.IntN(100), 0, nil), &lines{}, int64(1e12)
		if r.IntN(2) == 0 {
			l.search, _ = query.ParseText("x7")
		}
		for n := range 150 {
			who := []string{"", "| "}[r.IntN(2)]
			what := []string{"+g", "-", "!e", "x", "x", "x", "x", "x"}[r.IntN(8)]
			if what != "-" {
				what += fmt.Sprint(n)
			}
			when := &at
			late := at - int64(r.IntN(20))*1e9
			if r.IntN(15) == 0 {
				when = &late
			}
			feed(log, when, who+what)
			if r.IntN(4) == 0 {
				follow(l, log)
			}
			if l.search.Empty() && r.IntN(30) == 0 && l.groups.any() && l.Len() > 0 { // what the user folds among matches stays folded until the next search
				l.groups.toggle(l.At(r.IntN(l.Len())).Pos)
				l.refold()
			}
		}
		follow(l, log)
		fresh := &lines{search: l.search, groups: groups{user: l.groups.user}}
		fresh.update(log.View())
		if a, b := shown(l), shown(fresh); a != b && !strings.Contains(b, "-") {
			// A buffer that dropped the title of a group, or an error, shows less
			// to whoever comes later; all that both know must be alike.
			if log.View().Dropped == 0 {
				t.Fatalf("seed %d\nfollowed %s\nfresh    %s", seed, a, b)
			}
		}
		check := 0
		for i := range l.Len() {
			x := l.At(i)
			if i > 0 && x.Pos <= l.At(i-1).Pos {
				t.Fatalf("seed %d: the lines are out of order", seed)
			}
			if x.Group == core.GroupClose {
				check++
			}
		}
		if check > 0 && l.groups.any() {
			t.Fatalf("seed %d: %d ends of groups are shown", seed, check)
		}
	}
}

// ciLog is a log of n lines in groups of 50, every tenth with an error.
func ciLog(n int) *store.Log {
	log := store.NewLog(2*n, 0, nil)
	body := make([]text.Line, 64)
	for i := range body {
		body[i] = text.CleanLine(fmt.Sprintf("ok   acme/shop/internal/pkg%02d  0.%03ds  coverage: %d.1%% of statements", i, i*7, i))
	}
	batch := make([]core.Line, 0, n)
	for i := range n {
		x := core.Line{Time: 1e15 + int64(i)*1e6, Origin: build, Text: body[i%64]}
		switch i % 50 {
		case 0:
			x.Group = core.GroupOpen
		case 49:
			x.Group, x.Text = core.GroupClose, text.Line{}
		}
		batch = append(batch, x)
	}
	log.Lines(batch)
	return log
}

// Opening a log of 50,000 lines in 1,000 groups.
func BenchmarkGroups50k(b *testing.B) {
	log := ciLog(50_000)
	v := log.View()
	b.ReportAllocs()
	for b.Loop() {
		l := &lines{}
		l.update(v)
	}
}

// A batch of 100 lines that comes to 50,000.
func BenchmarkGroupsFollow50k(b *testing.B) {
	log, l := ciLog(50_000), &lines{}
	l.update(log.View())
	at := int64(2e15)
	b.ReportAllocs()
	for b.Loop() {
		batch := make([]core.Line, 100)
		for i := range batch {
			at += 1e6
			batch[i] = core.Line{Time: at, Origin: build, Text: text.Lit("line").Line()}
		}
		batch[0].Group, batch[99].Group = core.GroupOpen, core.GroupClose
		log.Lines(batch)
		l.update(log.View())
	}
}

// A search in 50,000 lines that opens what it finds: one key.
func BenchmarkGroupsSearch50k(b *testing.B) {
	l := &lines{}
	l.update(ciLog(50_000).View())
	q, _ := query.ParseText("pkg63")
	b.ReportAllocs()
	for b.Loop() {
		l.search = q
		l.restart()
	}
}

// The same log without groups: what looking for them costs.
func BenchmarkNoGroups50k(b *testing.B) {
	log := store.NewLog(100_000, 0, nil)
	batch := make([]core.Line, 50_000)
	for i := range batch {
		batch[i] = core.Line{Time: int64(i), Origin: build, Text: text.Lit("line").Line()}
	}
	log.Lines(batch)
	v := log.View()
	b.ReportAllocs()
	for b.Loop() {
		l := &lines{}
		l.update(v)
	}
}
